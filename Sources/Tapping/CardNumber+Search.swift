extension CardNumber {
  /// Whether a bank card's number stands anywhere in bytes: in a text, beside other words.
  ///
  /// Runs of digits are looked at whole, single spaces and dashes between digits passed over; the
  /// number has to look issued, because other long numbers are common.
  package static func isHidden(in bytes: UnsafeRawBufferPointer) -> Bool {
    var at = 0
    while at + digitCountMin <= bytes.count {
      // A run that ends within the next 13 bytes is too short, wherever it began.
      guard isDigit(bytes[at]) else {
        at += 1
        continue
      }
      let end = endOfRun(bytes, from: at)
      if end - at >= digitCountMin, looksIssued(bytes[at..<end]) { return true }
      at = end
    }
    return false
  }

  /// Whether a whole number is one that bank cards carry.
  package static func isOne(number: UInt64) -> Bool {
    guard number >= 2_000_000_000_000, number < 10_000_000_000_000_000_000 else { return false }
    return looksIssued(Array(String(number).utf8))
  }

  /// Whether eight bytes are such a number, as an integer or as a floating point number.
  static func isOne(bits: UInt64) -> Bool {
    if isOne(number: bits) { return true }
    let value = Double(bitPattern: bits)
    guard value >= 2e12, value < 1e19, value == value.rounded() else { return false }
    return isOne(number: UInt64(value))
  }

  @inline(__always) private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 <= 9 }

  /// Past the last digit of a run that begins with a digit.
  private static func endOfRun(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
    var end = start + 1
    while end < bytes.count {
      if isDigit(bytes[end]) {
        end += 1
      } else if bytes[end] == 0x20 || bytes[end] == 0x2D, end + 1 < bytes.count,
        isDigit(bytes[end + 1])
      {
        end += 2
      } else {
        break
      }
    }
    return end
  }
}
