import Basics

/// Writes protobuf messages into bytes.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  init(bytesReserved: Int) { bytes.reserveCapacity(bytesReserved) }

  /// Forgets what was written, and keeps the room.
  mutating func clear() { bytes.removeAll(keepingCapacity: true) }

  mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  private mutating func key(_ field: UInt32, _ type: WireType) {
    varint(UInt64(field << 3 | UInt32(type.rawValue)))
  }

  mutating func number(_ field: UInt32, _ value: Int64) {
    key(field, .varint)
    varint(UInt64(bitPattern: value))
  }

  mutating func number(_ field: UInt32, _ value: Int64?) {
    if let value { number(field, value) }
  }

  mutating func fixed(_ field: UInt32, _ value: UInt64) {
    key(field, .fixed64)
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func time(_ field: UInt32, _ instant: Instant) {
    fixed(field, UInt64(bitPattern: instant.microseconds))
  }

  mutating func data(_ field: UInt32, _ data: [UInt8]) {
    key(field, .bytes)
    varint(UInt64(data.count))
    bytes += data
  }

  mutating func text(_ field: UInt32, _ text: String?) {
    guard let text else { return }
    key(field, .bytes)
    varint(UInt64(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }
}
