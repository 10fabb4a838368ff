import Basics

/// Writes JSON into bytes.
struct JSONWriter {
  private(set) var bytes: [UInt8] = []
  private var needsComma = false

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

  mutating func time(_ instant: Instant) { text(instant.description) }

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
