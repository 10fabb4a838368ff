import Basics

/// Reads the times of a batch, of which most are of one day: the day is worked out once.
struct TimeReader {
  /// `2026-11-2` and `2-`, as they were last read, and the first moment of that day.
  private var dayWords: (UInt64, UInt16) = (0, 0)
  private var dayStart = Instant(microseconds: 0)

  /// Reads ISO 8601 with an offset from UTF-8 bytes; nil when it is anything else.
  @inline(__always) mutating func instant(_ text: UnsafeBufferPointer<UInt8>) -> Instant? {
    // 2026-11-22T07:30:58.001Z and 2026-11-22T07:30:58Z; every other form takes the long way.
    guard text.count == 24 || text.count == 20, text[text.count - 1] == 0x5A, text[10] == 0x54,
      text[13] == 0x3A, text[16] == 0x3A, text.count == 20 || text[19] == 0x2E,
      let hour = TimeReader.pair(text, 11), let minute = TimeReader.pair(text, 14),
      let second = TimeReader.pair(text, 17), hour < 24, minute < 60, second < 60
    else { return Instant(iso8601Bytes: text) }
    var milliseconds: Int64 = 0
    if text.count == 24 {
      guard let tens = TimeReader.pair(text, 20), text[22] &- 0x30 <= 9 else { return nil }
      milliseconds = tens * 10 + Int64(text[22] &- 0x30)
    }
    guard let start = day(text) else { return nil }
    let seconds = hour * 3600 + minute * 60 + second
    return Instant(
      microseconds: start.microseconds + (seconds * 1000 + milliseconds) * 1000)
  }

  @inline(__always) private mutating func day(_ text: UnsafeBufferPointer<UInt8>) -> Instant? {
    let raw = UnsafeRawBufferPointer(text)
    let words = (
      raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
      raw.loadUnaligned(fromByteOffset: 8, as: UInt16.self)
    )
    if words == dayWords { return dayStart }
    let date = String(decoding: text[..<10], as: UTF8.self)
    guard let start = Instant(iso8601: date + "T00:00:00Z") else { return nil }
    dayWords = words
    dayStart = start
    return start
  }

  /// A number of two digits.
  @inline(__always) private static func pair(
    _ text: UnsafeBufferPointer<UInt8>, _ place: Int
  ) -> Int64? {
    let tens = text[place] &- 0x30
    let ones = text[place + 1] &- 0x30
    return tens <= 9 && ones <= 9 ? Int64(tens) * 10 + Int64(ones) : nil
  }
}
