import Basics

/// A Swift type that can be read from the server's binary form of some types.
protocol WireDecodable {
  /// What the caller asked for, in the server's words.
  static var wireName: String { get }

  /// Whether values of a type can be read.
  static func canRead(_ type: PostgresType) -> Bool

  /// Reads a value; nil when the bytes are not what the type promises, or don't fit.
  init?(wire bytes: UnsafeRawBufferPointer, type: PostgresType)
}

extension UnsafeRawBufferPointer {
  /// An integer with the highest byte first; the caller has checked the length.
  func bigEndian<Value: FixedWidthInteger>(_ type: Value.Type, at offset: Int) -> Value {
    Value(bigEndian: loadUnaligned(fromByteOffset: offset, as: type))
  }
}

extension Bool: WireDecodable {
  static var wireName: String { "bool" }
  static func canRead(_ type: PostgresType) -> Bool { type == .bool }
  init?(wire bytes: UnsafeRawBufferPointer, type: PostgresType) {
    guard bytes.count == 1 else { return nil }
    self = bytes[0] != 0
  }
}

extension WireDecodable where Self: FixedWidthInteger {
  init?(wire bytes: UnsafeRawBufferPointer, type: PostgresType) {
    switch bytes.count {
    case 2: self.init(exactly: bytes.bigEndian(Int16.self, at: 0))
    case 4 where type == .oid: self.init(exactly: bytes.bigEndian(UInt32.self, at: 0))
    case 4: self.init(exactly: bytes.bigEndian(Int32.self, at: 0))
    case 8: self.init(exactly: bytes.bigEndian(Int64.self, at: 0))
    default: return nil
    }
  }
}

extension Int16: WireDecodable {
  static var wireName: String { "int2" }
  static func canRead(_ type: PostgresType) -> Bool { type == .int2 }
}

extension Int32: WireDecodable {
  static var wireName: String { "int4" }
  static func canRead(_ type: PostgresType) -> Bool { type == .int4 || type == .int2 }
}

extension Int64: WireDecodable {
  static var wireName: String { "int8" }
  static func canRead(_ type: PostgresType) -> Bool {
    type == .int8 || type == .int4 || type == .int2 || type == .oid
  }
}

extension Int: WireDecodable {
  static var wireName: String { "int8" }
  static func canRead(_ type: PostgresType) -> Bool { Int64.canRead(type) }
}

extension Double: WireDecodable {
  static var wireName: String { "float8" }
  static func canRead(_ type: PostgresType) -> Bool { type == .float8 || type == .float4 }
  init?(wire bytes: UnsafeRawBufferPointer, type: PostgresType) {
    switch bytes.count {
    case 8: self.init(bitPattern: bytes.bigEndian(UInt64.self, at: 0))
    case 4: self.init(Float(bitPattern: bytes.bigEndian(UInt32.self, at: 0)))
    default: return nil
    }
  }
}

extension String: WireDecodable {
  static var wireName: String { "text" }
  /// Types a user made are read too: the binary form of an enumeration is its label.
  static func canRead(_ type: PostgresType) -> Bool {
    switch type {
    case .text, .varchar, .bpchar, .name, .char, .unknown, .json: true
    default: type.isUserMade
    }
  }
  init?(wire bytes: UnsafeRawBufferPointer, type: PostgresType) {
    self.init(validating: bytes.bindMemory(to: UInt8.self), as: UTF8.self)
  }
}

extension [UInt8]: WireDecodable {
  static var wireName: String { "bytea" }
  static func canRead(_ type: PostgresType) -> Bool { type == .bytea }
  init?(wire bytes: UnsafeRawBufferPointer, type: PostgresType) { self = Array(bytes) }
}

extension Instant: WireDecodable {
  static var wireName: String { "timestamptz" }
  static func canRead(_ type: PostgresType) -> Bool { type == .timestamptz }
  init?(wire bytes: UnsafeRawBufferPointer, type: PostgresType) {
    guard bytes.count == 8 else { return nil }
    let value = bytes.bigEndian(Int64.self, at: 0)
    guard value != .max, value != .min else { return nil }
    let (sum, overflow) = value.addingReportingOverflow(PostgresEpoch.microseconds)
    guard !overflow else { return nil }
    self.init(microseconds: sum)
  }
}

extension Day: WireDecodable {
  static var wireName: String { "date" }
  static func canRead(_ type: PostgresType) -> Bool { type == .date }
  init?(wire bytes: UnsafeRawBufferPointer, type: PostgresType) {
    guard bytes.count == 4 else { return nil }
    let value = bytes.bigEndian(Int32.self, at: 0)
    guard value != .max, value != .min else { return nil }
    self.init(number: Int(value) + PostgresEpoch.days)
  }
}

extension PostgresUUID: WireDecodable {
  static var wireName: String { "uuid" }
  static func canRead(_ type: PostgresType) -> Bool { type == .uuid }
  init?(wire bytes: UnsafeRawBufferPointer, type: PostgresType) {
    guard bytes.count == 16 else { return nil }
    self.init(
      high: bytes.bigEndian(UInt64.self, at: 0), low: bytes.bigEndian(UInt64.self, at: 8))
  }
}

/// A decimal number as text.
struct NumericText: WireDecodable {
  let text: String
  static var wireName: String { "numeric" }
  static func canRead(_ type: PostgresType) -> Bool { type == .numeric }
  init?(wire bytes: UnsafeRawBufferPointer, type: PostgresType) {
    guard let numeric = PostgresNumeric(bytes) else { return nil }
    text = numeric.text
  }
}

/// A JSON document as text.
struct JSONText: WireDecodable {
  let text: String
  static var wireName: String { "jsonb" }
  static func canRead(_ type: PostgresType) -> Bool { type == .jsonb || type == .json }
  init?(wire bytes: UnsafeRawBufferPointer, type: PostgresType) {
    var rest = bytes[...]
    if type == .jsonb {
      // The first byte is the version of the form, so far always 1.
      guard rest.first == 1 else { return nil }
      rest = rest.dropFirst()
    }
    let slice = UnsafeRawBufferPointer(rebasing: rest)
    guard let text = String(wire: slice, type: .text) else { return nil }
    self.text = text
  }
}

/// Disjoint ranges in order, lower bounds inclusive and upper exclusive.
struct Multirange: WireDecodable {
  let ranges: [Range<Int64>]
  static var wireName: String { "int8multirange" }
  static func canRead(_ type: PostgresType) -> Bool { type == .int8multirange }
  init?(wire bytes: UnsafeRawBufferPointer, type: PostgresType) {
    guard bytes.count >= 4 else { return nil }
    let count = bytes.bigEndian(Int32.self, at: 0)
    // A bounded range is 4 bytes of length, 1 of flags and 2 bounds of 4 + 8: a range without an
    // end cannot be a `Range` and is refused by its size.
    guard count >= 0, bytes.count == 4 + Int(count) * 29 else { return nil }
    var ranges: [Range<Int64>] = []
    ranges.reserveCapacity(Int(count))
    for start in stride(from: 4, to: bytes.count, by: 29) {
      guard bytes[start + 4] == RangeFlags.lowerInclusive else { return nil }
      let lower = bytes.bigEndian(Int64.self, at: start + 9)
      let upper = bytes.bigEndian(Int64.self, at: start + 21)
      guard lower < upper else { return nil }
      ranges.append(lower..<upper)
    }
    self.ranges = ranges
  }
}

/// An array of one dimension, or of none.
struct WireArray<Element: WireDecodable>: WireDecodable {
  let elements: [Element?]
  static var wireName: String { Element.wireName + "[]" }
  /// The array's own type is not asked: its bytes carry the type of the elements.
  static func canRead(_ type: PostgresType) -> Bool { true }
  init?(wire bytes: UnsafeRawBufferPointer, type: PostgresType) {
    guard bytes.count >= 12 else { return nil }
    let dimensions = bytes.bigEndian(Int32.self, at: 0)
    let elementType = PostgresType(oid: bytes.bigEndian(UInt32.self, at: 8))
    guard Element.canRead(elementType) else { return nil }
    if dimensions == 0, bytes.count == 12 {
      elements = []
      return
    }
    guard dimensions == 1, bytes.count >= 20 else { return nil }
    let count = Int(bytes.bigEndian(Int32.self, at: 12))
    guard count >= 0, count <= (bytes.count - 20) / 4 else { return nil }
    var elements: [Element?] = []
    elements.reserveCapacity(count)
    var offset = 20
    for _ in 0..<count {
      guard offset + 4 <= bytes.count else { return nil }
      let length = Int(bytes.bigEndian(Int32.self, at: offset))
      offset += 4
      if length == -1 {
        elements.append(nil)
        continue
      }
      guard length >= 0, offset + length <= bytes.count else { return nil }
      let slice = UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + length)])
      guard let element = Element(wire: slice, type: elementType) else { return nil }
      elements.append(element)
      offset += length
    }
    guard offset == bytes.count else { return nil }
    self.elements = elements
  }
}
