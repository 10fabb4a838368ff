/// A moment in time: microseconds since 1970-01-01T00:00:00Z, the resolution of PostgreSQL's `timestamptz`.
package struct Instant: Hashable, Comparable, Sendable {
  /// Microseconds since 1970-01-01T00:00:00Z; negative before it.
  package var microseconds: Int64

  /// Makes a moment from microseconds since 1970.
  package init(microseconds: Int64) { self.microseconds = microseconds }

  /// Makes a moment from whole seconds since 1970.
  package init(seconds: Int64) { microseconds = seconds * 1_000_000 }

  /// Whole seconds since 1970, rounded towards the past.
  package var seconds: Int64 { floorDivide(microseconds, 1_000_000) }

  package static func < (left: Instant, right: Instant) -> Bool {
    left.microseconds < right.microseconds
  }

  /// This moment moved by a number of seconds.
  package func adding(seconds: Int64) -> Instant {
    Instant(microseconds: microseconds + seconds * 1_000_000)
  }

  /// This moment moved by a number of milliseconds.
  package func adding(milliseconds: Int64) -> Instant {
    Instant(microseconds: microseconds + milliseconds * 1000)
  }

  /// Seconds from another moment to this one, with a fraction.
  package func secondsSince(_ other: Instant) -> Double {
    Double(microseconds - other.microseconds) / 1_000_000
  }
}

extension Instant: CustomStringConvertible {
  /// The moment in ISO 8601 in UTC, with a fraction when there is any.
  package var description: String { iso8601(offsetSeconds: 0) }

  /// The moment in ISO 8601 at an offset from UTC: `2026-11-22T07:30:58.001+02:00`.
  ///
  /// The fraction is left out when zero, and has three or six digits otherwise.
  package func iso8601(offsetSeconds: Int) -> String {
    let local = microseconds + Int64(offsetSeconds) * 1_000_000
    let second = floorDivide(local, 1_000_000)
    let fraction = Int(local - second * 1_000_000)
    let day = Day(number: Int(floorDivide(second, 86_400)))
    let clock = Int(second - Int64(day.number) * 86_400)
    var text = "\(day)T\(clockText(seconds: clock))"
    if fraction != 0 {
      text +=
        fraction % 1000 == 0
        ? "." + padded(fraction / 1000, 3) : "." + padded(fraction, 6)
    }
    guard offsetSeconds != 0 else { return text + "Z" }
    let minutes = abs(offsetSeconds) / 60
    return text + (offsetSeconds < 0 ? "-" : "+") + padded(minutes / 60, 2) + ":"
      + padded(minutes % 60, 2)
  }

  /// Reads ISO 8601 with an offset (`Z`, `+02:00`, `+0200`); nil when it is anything else.
  ///
  /// A space may stand for the `T`, seconds may carry up to nine digits of fraction (cut to six).
  /// A leap second is read as the second after it. A time without an offset is refused: it would
  /// have to be guessed.
  package init?(iso8601 text: some StringProtocol) {
    var copy = String(text)
    let value = copy.withUTF8 { Instant(iso8601Bytes: $0) }
    guard let value else { return nil }
    self = value
  }

  /// Reads ISO 8601 with an offset from UTF-8 bytes, without making a string.
  package init?(iso8601Bytes bytes: UnsafeBufferPointer<UInt8>) {
    var reader = DigitReader(bytes: bytes)
    guard let year = reader.number(digits: 4), reader.take("-"),
      let month = reader.number(digits: 2), reader.take("-"),
      let dayOfMonth = reader.number(digits: 2), reader.take("T") || reader.take(" "),
      let hour = reader.number(digits: 2), reader.take(":"),
      let minute = reader.number(digits: 2), reader.take(":"),
      let second = reader.number(digits: 2),
      let day = Day(year: year, month: month, day: dayOfMonth),
      hour < 24, minute < 60, second <= 60
    else { return nil }
    var fraction: Int64 = 0
    if reader.take(".") {
      guard let digits = reader.fraction() else { return nil }
      fraction = digits
    }
    guard let offset = reader.offset(), reader.isAtEnd else { return nil }
    let clock = Int64(hour) * 3600 + Int64(minute) * 60 + Int64(second)
    let seconds = Int64(day.number) * 86_400 + clock - Int64(offset)
    self.init(microseconds: seconds * 1_000_000 + fraction)
  }
}

/// Takes numbers of a fixed width from bytes, one after the other.
private struct DigitReader {
  let bytes: UnsafeBufferPointer<UInt8>
  var at = 0

  init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  var isAtEnd: Bool { at == bytes.count }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard at < bytes.count, UInt32(bytes[at]) == character.value else { return false }
    at += 1
    return true
  }

  mutating func number(digits: Int) -> Int? {
    guard at + digits <= bytes.count else { return nil }
    var value = 0
    for index in at..<(at + digits) {
      let digit = Int(bytes[index]) - 48
      guard (0...9).contains(digit) else { return nil }
      value = value * 10 + digit
    }
    at += digits
    return value
  }

  /// Microseconds from one to nine digits.
  mutating func fraction() -> Int64? {
    var value: Int64 = 0
    var count = 0
    while at < bytes.count, (48...57).contains(bytes[at]) {
      if count < 6 { value = value * 10 + Int64(bytes[at] - 48) }
      count += 1
      at += 1
    }
    guard (1...9).contains(count) else { return nil }
    for _ in min(count, 6)..<6 { value *= 10 }
    return value
  }

  /// Seconds east of UTC.
  mutating func offset() -> Int? {
    if take("Z") { return 0 }
    let sign: Int
    if take("+") {
      sign = 1
    } else if take("-") {
      sign = -1
    } else {
      return nil
    }
    guard let hours = number(digits: 2) else { return nil }
    _ = take(":")
    guard let minutes = number(digits: 2), hours < 19, minutes < 60 else { return nil }
    return sign * (hours * 3600 + minutes * 60)
  }
}
