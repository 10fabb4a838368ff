/// Says that reading stopped; what and why stand in the reader.
struct ProtobufStop: Error {}

/// The wire types of protobuf that are taken.
enum WireType: UInt8 {
  case varint = 0
  case fixed64 = 1
  case bytes = 2
  case fixed32 = 5
}

/// The head of a field: its number and how its value is written.
struct ProtobufKey {
  var field: UInt32
  var type: WireType
}

/// Takes the parts of protobuf messages from bytes one after the other, strictly.
///
/// The bytes come in with every call, because a span cannot be kept. Every load is checked against
/// the end of the message that is being read, which never lies past the end of the bytes.
struct ProtobufReader {
  private(set) var at = 0
  private(set) var end: Int
  private(set) var failure: (kind: TapBatchFault.Kind, code: String, message: String)?

  init(_ bytes: RawSpan) { end = bytes.byteCount }

  @inline(__always) var isAtEnd: Bool { at >= end }

  /// Notes the first reason to stop.
  mutating func stop(
    _ code: String, _ message: String, kind: TapBatchFault.Kind = .malformed
  ) -> ProtobufStop {
    if failure == nil { failure = (kind, code, message) }
    return ProtobufStop()
  }

  private mutating func cutOff() -> ProtobufStop {
    stop("cut_off", "a message ends at byte \(end), in the middle of a field")
  }

  /// Takes the head of a field.
  @inline(__always) mutating func key(_ bytes: RawSpan) throws(ProtobufStop) -> ProtobufKey {
    let start = at
    let key = try varint(bytes)
    guard let type = WireType(rawValue: UInt8(truncatingIfNeeded: key & 7)) else {
      throw stop(
        "bad_wire_type", "at byte \(start) stands a group or a wire type that does not exist")
    }
    guard key >> 3 != 0, key <= UInt64(UInt32.max) else {
      throw stop("bad_field_number", "at byte \(start) stands a field number out of 1 to 536870911")
    }
    return ProtobufKey(field: UInt32(key >> 3), type: type)
  }

  /// Takes a number of variable length, written as short as it can be.
  @inline(__always) mutating func varint(_ bytes: RawSpan) throws(ProtobufStop) -> UInt64 {
    guard at < end else { throw cutOff() }
    let first = bytes.unsafeLoad(fromByteOffset: at, as: UInt8.self)
    at += 1
    guard first >= 0x80 else { return UInt64(first) }
    return try longVarint(bytes, first)
  }

  private mutating func longVarint(
    _ bytes: RawSpan, _ first: UInt8
  ) throws(ProtobufStop) -> UInt64 {
    let start = at - 1
    var value = UInt64(first & 0x7F)
    var shift: UInt64 = 7
    while true {
      guard at < end else { throw cutOff() }
      let byte = bytes.unsafeLoad(fromByteOffset: at, as: UInt8.self)
      at += 1
      guard shift < 63 || byte <= 1 else {
        throw stop("number_too_large", "at byte \(start) stands a number of more than 64 bits")
      }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 {
        guard byte != 0 else {
          throw stop("overlong_number", "at byte \(start) stands a number longer than it needs")
        }
        return value
      }
      shift += 7
    }
  }

  /// Takes eight bytes, lowest first.
  @inline(__always) mutating func fixed64(_ bytes: RawSpan) throws(ProtobufStop) -> UInt64 {
    guard end - at >= 8 else { throw cutOff() }
    let value = bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)
    at += 8
    return UInt64(littleEndian: value)
  }

  /// Takes a length and passes the bytes behind it; says where they lie.
  @inline(__always) mutating func range(_ bytes: RawSpan) throws(ProtobufStop) -> Range<Int> {
    let count = try varint(bytes)
    guard count <= UInt64(end - at) else { throw cutOff() }
    let start = at
    at += Int(count)
    return start..<at
  }

  /// Goes into a message that lies inside this one; gives the end of this one back.
  @inline(__always) mutating func enter(_ bytes: RawSpan) throws(ProtobufStop) -> Int {
    let inner = try range(bytes)
    let outer = end
    at = inner.lowerBound
    end = inner.upperBound
    return outer
  }

  /// Goes on in the outer message, at the end of the inner one.
  @inline(__always) mutating func leave(to outer: Int) { end = outer }

  /// Passes the value of a field that is not known, checked for form and for card numbers.
  mutating func skip(_ key: ProtobufKey, _ bytes: RawSpan) throws(ProtobufStop) {
    let isCardNumber: Bool
    switch key.type {
    case .varint: isCardNumber = CardNumber.isOne(number: try varint(bytes))
    case .fixed64: isCardNumber = CardNumber.isOne(bits: try fixed64(bytes))
    case .fixed32:
      guard end - at >= 4 else { throw cutOff() }
      at += 4
      isCardNumber = false
    case .bytes:
      let place = try range(bytes)
      isCardNumber = Self.hidesCardNumber(bytes, in: place, depth: 0)
    }
    guard !isCardNumber else {
      throw stop(
        "card_number",
        "field \(key.field), which is not known, holds a bank card's number, which"
          + " is never taken", kind: .impossible)
    }
  }

  /// Whether bytes hold a card number: as they stand, or in a field when they are a message.
  private static func hidesCardNumber(_ bytes: RawSpan, in place: Range<Int>, depth: Int) -> Bool {
    if bytes.extracting(place).withUnsafeBytes({ CardNumber.isHidden(in: $0) }) { return true }
    guard depth < TapLimits.depthMax else { return false }
    var reader = ProtobufReader(bytes)
    reader.at = place.lowerBound
    reader.end = place.upperBound
    var isFound = false
    // What is no message has been looked at as bytes already.
    while !reader.isAtEnd, let key = try? reader.key(bytes) {
      switch key.type {
      case .varint:
        guard let number = try? reader.varint(bytes) else { return false }
        isFound = isFound || CardNumber.isOne(number: number)
      case .fixed64:
        guard let bits = try? reader.fixed64(bytes) else { return false }
        isFound = isFound || CardNumber.isOne(bits: bits)
      case .fixed32:
        guard reader.end - reader.at >= 4 else { return false }
        reader.at += 4
      case .bytes:
        guard let inner = try? reader.range(bytes) else { return false }
        isFound = isFound || hidesCardNumber(bytes, in: inner, depth: depth + 1)
      }
    }
    return isFound && reader.isAtEnd
  }
}
