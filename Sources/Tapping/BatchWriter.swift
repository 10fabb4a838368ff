import Basics

/// Writes JSON into bytes.
struct BatchWriter {
  private(set) var bytes: [UInt8] = []
  private var needsComma = false
  /// The day last written and its text: most times of a batch are of one day.
  private var dayNumber: Int64?
  private var dayText: [UInt8] = []

  init(bytesReserved: Int) { bytes.reserveCapacity(bytesReserved) }

  private mutating func separate() {
    if needsComma { bytes.append(0x2C) }
    needsComma = true
  }

  mutating func open(_ bracket: Unicode.Scalar) {
    separate()
    bytes.append(UInt8(ascii: bracket))
    needsComma = false
  }

  mutating func close(_ bracket: Unicode.Scalar) {
    bytes.append(UInt8(ascii: bracket))
    needsComma = true
  }

  /// Writes a key; it must need no escapes.
  mutating func key(_ name: StaticString) {
    separate()
    bytes.append(0x22)
    bytes.append(
      contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    bytes.append(0x22)
    bytes.append(0x3A)
    needsComma = false
  }

  mutating func null() { raw("null") }

  mutating func number(_ number: Int64) { raw(String(number)) }

  /// Writes a number in its shortest exact form; what is no number becomes null.
  mutating func number(_ number: Double) { raw(number.isFinite ? number.description : "null") }

  /// Writes a time in UTC as `Instant.description` does.
  mutating func time(_ instant: Instant) {
    let number = floorDivide(instant.microseconds, 86_400_000_000)
    if number != dayNumber {
      dayNumber = number
      dayText = Array(Day(number: Int(number)).description.utf8)
    }
    let rest = Int(instant.microseconds - number * 86_400_000_000)
    separate()
    bytes.append(0x22)
    bytes += dayText
    bytes.append(0x54)
    digits(rest / 3_600_000_000, 2)
    bytes.append(0x3A)
    digits(rest / 60_000_000 % 60, 2)
    bytes.append(0x3A)
    digits(rest / 1_000_000 % 60, 2)
    let fraction = rest % 1_000_000
    if fraction != 0 {
      bytes.append(0x2E)
      if fraction % 1000 == 0 { digits(fraction / 1000, 3) } else { digits(fraction, 6) }
    }
    bytes.append(0x5A)
    bytes.append(0x22)
  }

  /// Writes a number with leading zeros; it has no more digits than that.
  @inline(__always) private mutating func digits(_ number: Int, _ count: Int) {
    var scale = 1
    for _ in 1..<count { scale *= 10 }
    while scale > 0 {
      bytes.append(UInt8(truncatingIfNeeded: 48 + number / scale % 10))
      scale /= 10
    }
  }

  mutating func token(_ token: [UInt8]) {
    separate()
    bytes.append(0x22)
    Base64.append(token, .url, to: &bytes)
    bytes.append(0x22)
  }

  mutating func text(_ text: String) {
    separate()
    bytes.append(0x22)
    for byte in text.utf8 {
      switch byte {
      case 0x22, 0x5C:
        bytes.append(0x5C)
        bytes.append(byte)
      case 0..<0x20:
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(contentsOf: hexText([byte]).utf8)
      default: bytes.append(byte)
      }
    }
    bytes.append(0x22)
  }

  private mutating func raw(_ text: String) {
    separate()
    bytes.append(contentsOf: text.utf8)
  }
}
