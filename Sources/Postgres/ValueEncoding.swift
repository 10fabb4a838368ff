import Basics

/// Microseconds and days from 1970-01-01 to 2000-01-01, where PostgreSQL begins to count.
enum PostgresEpoch {
  static let microseconds: Int64 = 946_684_800_000_000
  static let days = 10_957
}

extension PostgresValue {
  /// The type a parameter is declared as.
  var type: PostgresType {
    switch self {
    case .null: .unspecified
    case .bool: .bool
    case .int2: .int2
    case .int4: .int4
    case .int8: .int8
    case .float8: .float8
    case .numeric: .numeric
    case .text: .text
    case .bytea: .bytea
    case .timestamptz: .timestamptz
    case .date: .date
    case .uuid: .uuid
    case .jsonb: .jsonb
    case .int8multirange: .int8multirange
    case .bools: .boolArray
    case .int2s: .int2Array
    case .int4s: .int4Array
    case .int8s: .int8Array
    case .float8s: .float8Array
    case .numerics: .numericArray
    case .texts: .textArray
    case .byteas: .byteaArray
    case .timestamptzs: .timestamptzArray
    case .dates: .dateArray
    case .uuids: .uuidArray
    case .jsonbs: .jsonbArray
    case .int8multiranges: .int8multirangeArray
    }
  }

  /// About how many bytes ``encode(into:)`` adds: bodies are long, and are not to be copied again
  /// and again while the buffer grows.
  var bytesEstimate: Int {
    switch self {
    case .bytea(let value): 4 + value.count
    case .text(let value): 4 + value.utf8.count
    case .byteas(let values): values.reduce(24) { $0 + 4 + ($1?.count ?? 0) }
    case .texts(let values): values.reduce(24) { $0 + 4 + ($1?.utf8.count ?? 0) }
    case .int8multiranges(let values): 24 + values.count * 36
    case .int8s(let values): 24 + values.count * 12
    case .timestamptzs(let values): 24 + values.count * 12
    case .uuids(let values): 24 + values.count * 20
    default: 16
    }
  }

  /// Adds the value as parameters and COPY carry it: four bytes of length, -1 for null, the bytes.
  func encode(into bytes: inout [UInt8]) throws(PostgresError) {
    switch self {
    case .null: bytes.append(bigEndian: Int32(-1))
    case .bool(let value):
      bytes.append(bigEndian: Int32(1))
      bytes.append(value ? 1 : 0)
    case .int2(let value): bytes.appendField(bigEndian: value)
    case .int4(let value): bytes.appendField(bigEndian: value)
    case .int8(let value): bytes.appendField(bigEndian: value)
    case .float8(let value): bytes.appendField(bigEndian: value.bitPattern)
    case .numeric(let text):
      let numeric = try PostgresNumeric(text)
      try bytes.appendCounted { (bytes) throws(PostgresError) in numeric.encode(into: &bytes) }
    case .text(let value): try bytes.appendText(value)
    case .bytea(let value):
      try bytes.appendCounted { (bytes) throws(PostgresError) in bytes += value }
    case .timestamptz(let value):
      bytes.appendField(bigEndian: try PostgresValue.wire(value))
    case .date(let value): bytes.appendField(bigEndian: try PostgresValue.wire(value))
    case .uuid(let high, let low):
      bytes.append(bigEndian: Int32(16))
      bytes.append(bigEndian: high)
      bytes.append(bigEndian: low)
    case .jsonb(let value):
      try bytes.appendCounted { (bytes) throws(PostgresError) in
        bytes.append(1)
        bytes += value.utf8
      }
    case .int8multirange(let ranges): try bytes.appendMultirange(ranges)
    default: try encodeArray(into: &bytes)
    }
  }

  private func encodeArray(into bytes: inout [UInt8]) throws(PostgresError) {
    switch self {
    case .bools(let values): try bytes.appendArray(values, of: .bool, PostgresValue.bool)
    case .int2s(let values): try bytes.appendArray(values, of: .int2, PostgresValue.int2)
    case .int4s(let values): try bytes.appendArray(values, of: .int4, PostgresValue.int4)
    case .int8s(let values): try bytes.appendArray(values, of: .int8, PostgresValue.int8)
    case .float8s(let values): try bytes.appendArray(values, of: .float8, PostgresValue.float8)
    case .numerics(let values): try bytes.appendArray(values, of: .numeric, PostgresValue.numeric)
    case .texts(let values): try bytes.appendArray(values, of: .text, PostgresValue.text)
    case .byteas(let values): try bytes.appendArray(values, of: .bytea, PostgresValue.bytea)
    case .timestamptzs(let values):
      try bytes.appendArray(values, of: .timestamptz, PostgresValue.timestamptz)
    case .dates(let values): try bytes.appendArray(values, of: .date, PostgresValue.date)
    case .uuids(let values):
      try bytes.appendArray(values, of: .uuid) { .uuid(high: $0.high, low: $0.low) }
    case .jsonbs(let values): try bytes.appendArray(values, of: .jsonb, PostgresValue.jsonb)
    case .int8multiranges(let values):
      try bytes.appendArray(values, of: .int8multirange, PostgresValue.int8multirange)
    default: preconditionFailure("not an array: \(self)")
    }
  }

  static func wire(_ instant: Instant) throws(PostgresError) -> Int64 {
    let (value, overflow) = instant.microseconds.subtractingReportingOverflow(
      PostgresEpoch.microseconds)
    // The extremes are the server's infinities.
    guard !overflow, value != .max, value != .min else {
      throw PostgresError(kind: .usage, message: "\(instant.microseconds) µs is no timestamptz")
    }
    return value
  }

  static func wire(_ day: Day) throws(PostgresError) -> Int32 {
    let (value, overflow) = day.number.subtractingReportingOverflow(PostgresEpoch.days)
    guard !overflow, let number = Int32(exactly: value), number != .max, number != .min else {
      throw PostgresError(kind: .usage, message: "day number \(day.number) is no date")
    }
    return number
  }
}

extension [UInt8] {
  /// Adds an integer, the highest byte first.
  mutating func append(bigEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }

  /// Adds an integer with its length before it.
  mutating func appendField(bigEndian value: some FixedWidthInteger) {
    append(bigEndian: Int32(value.bitWidth / 8))
    append(bigEndian: value)
  }

  /// Adds what the closure adds, with its length before it.
  mutating func appendCounted(
    _ body: (inout [UInt8]) throws(PostgresError) -> Void
  ) throws(PostgresError) {
    let start = count
    append(bigEndian: Int32(0))
    try body(&self)
    guard let length = Int32(exactly: count - start - 4) else {
      throw PostgresError(kind: .usage, message: "a value of \(count - start) bytes is too long")
    }
    Swift.withUnsafeBytes(of: length.bigEndian) { replaceSubrange(start..<(start + 4), with: $0) }
  }

  mutating func appendText(_ text: String) throws(PostgresError) {
    guard let length = Int32(exactly: text.utf8.count) else {
      throw PostgresError(
        kind: .usage, message: "a text of \(text.utf8.count) bytes is too long")
    }
    append(bigEndian: length)
    append(contentsOf: text.utf8)
  }

  /// One dimension, counted from 1 as the server does; an empty array has no dimension.
  fileprivate mutating func appendArray<Item>(
    _ values: [Item?], of type: PostgresType, _ make: (Item) -> PostgresValue
  ) throws(PostgresError) {
    try appendCounted { (bytes) throws(PostgresError) in
      bytes.append(bigEndian: Int32(values.isEmpty ? 0 : 1))
      bytes.append(bigEndian: Int32(values.contains { $0 == nil } ? 1 : 0))
      bytes.append(bigEndian: type.oid)
      guard !values.isEmpty else { return }
      guard let count = Int32(exactly: values.count) else {
        throw PostgresError(kind: .usage, message: "an array of \(values.count) is too long")
      }
      bytes.append(bigEndian: count)
      bytes.append(bigEndian: Int32(1))
      for value in values {
        if let value {
          try make(value).encode(into: &bytes)
        } else {
          bytes.append(bigEndian: Int32(-1))
        }
      }
    }
  }

  /// Ranges with the lower bound inclusive and the upper exclusive; the server sorts and joins them.
  fileprivate mutating func appendMultirange(
    _ ranges: [Range<Int64>]
  ) throws(PostgresError) {
    try appendCounted { (bytes) throws(PostgresError) in
      let filled = ranges.filter { !$0.isEmpty }
      bytes.append(bigEndian: Int32(filled.count))
      for range in filled {
        bytes.append(bigEndian: Int32(1 + 2 * (4 + 8)))
        bytes.append(RangeFlags.lowerInclusive)
        bytes.appendField(bigEndian: range.lowerBound)
        bytes.appendField(bigEndian: range.upperBound)
      }
    }
  }
}

/// Flags of a range in binary form (`src/include/utils/rangetypes.h`).
enum RangeFlags {
  static let empty: UInt8 = 0x01
  static let lowerInclusive: UInt8 = 0x02
}
