package import Basics

/// A value on its way to the server, in PostgreSQL's own types; sent in binary.
package enum PostgresValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case int2(Int16)
  case int4(Int32)
  case int8(Int64)
  case float8(Double)
  /// A decimal number in digits: `-12.50`; refused when it is none.
  case numeric(String)
  case text(String)
  case bytea([UInt8])
  case timestamptz(Instant)
  case date(Day)
  case uuid(high: UInt64, low: UInt64)
  /// A JSON text; the server checks it.
  case jsonb(String)
  case int8multirange([Range<Int64>])
  case bools([Bool?])
  case int2s([Int16?])
  case int4s([Int32?])
  case int8s([Int64?])
  case float8s([Double?])
  case numerics([String?])
  case texts([String?])
  case byteas([[UInt8]?])
  case timestamptzs([Instant?])
  case dates([Day?])
  case uuids([PostgresUUID?])
  case jsonbs([String?])
  case int8multiranges([[Range<Int64>]?])
}

/// The 128 bits of a `uuid`.
package struct PostgresUUID: Sendable, Hashable {
  /// The first eight bytes, big endian.
  package let high: UInt64
  /// The last eight bytes, big endian.
  package let low: UInt64

  /// Makes a value from its two halves.
  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }
}

extension PostgresValue {
  /// The `uuid` of an identifier.
  package static func identifier<Kind>(_ value: Identifier<Kind>) -> PostgresValue {
    .uuid(high: value.high, low: value.low)
  }

  /// The `uuid[]` of identifiers.
  @inlinable
  package static func identifiers<Kind>(_ values: [Identifier<Kind>?]) -> PostgresValue {
    .uuids(values.map { value in value.map { PostgresUUID(high: $0.high, low: $0.low) } })
  }

  /// The value made of what is there, or null: `.orNull(stop, PostgresValue.text)`.
  package static func orNull<Wrapped>(
    _ value: Wrapped?, _ make: (Wrapped) -> PostgresValue
  ) -> PostgresValue {
    guard let value else { return .null }
    return make(value)
  }
}
