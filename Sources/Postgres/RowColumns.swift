package import Basics

// The typed columns of a row: `int8("count")` must be there, `int8OrNil("count")` may be null.

extension PostgresRow {
  /// A truth value.
  package func bool(_ column: some PostgresColumnKey) throws(PostgresError) -> Bool {
    try value(column, as: Bool.self)
  }

  /// A truth value, or nil when null.
  package func boolOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> Bool? {
    try valueOrNil(column, as: Bool.self)
  }

  /// An `int2`.
  package func int2(_ column: some PostgresColumnKey) throws(PostgresError) -> Int16 {
    try value(column, as: Int16.self)
  }

  /// An `int2`, or nil when null.
  package func int2OrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> Int16? {
    try valueOrNil(column, as: Int16.self)
  }

  /// An `int4` or smaller.
  package func int4(_ column: some PostgresColumnKey) throws(PostgresError) -> Int32 {
    try value(column, as: Int32.self)
  }

  /// An `int4` or smaller, or nil when null.
  package func int4OrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> Int32? {
    try valueOrNil(column, as: Int32.self)
  }

  /// An `int8` or smaller.
  package func int8(_ column: some PostgresColumnKey) throws(PostgresError) -> Int64 {
    try value(column, as: Int64.self)
  }

  /// An `int8` or smaller, or nil when null.
  package func int8OrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> Int64? {
    try valueOrNil(column, as: Int64.self)
  }

  /// An `int8` or smaller.
  package func int(_ column: some PostgresColumnKey) throws(PostgresError) -> Int {
    try value(column, as: Int.self)
  }

  /// An `int8` or smaller, or nil when null.
  package func intOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> Int? {
    try valueOrNil(column, as: Int.self)
  }

  /// A `float8` or `float4`.
  package func float8(_ column: some PostgresColumnKey) throws(PostgresError) -> Double {
    try value(column, as: Double.self)
  }

  /// A `float8` or `float4`, or nil when null.
  package func float8OrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> Double? {
    try valueOrNil(column, as: Double.self)
  }

  /// A text, a name, or the label of an enumeration.
  package func text(_ column: some PostgresColumnKey) throws(PostgresError) -> String {
    try value(column, as: String.self)
  }

  /// A text, a name, or the label of an enumeration, or nil when null.
  package func textOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> String? {
    try valueOrNil(column, as: String.self)
  }

  /// Bytes.
  package func bytea(_ column: some PostgresColumnKey) throws(PostgresError) -> [UInt8] {
    try value(column, as: [UInt8].self)
  }

  /// Bytes, or nil when null.
  package func byteaOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> [UInt8]? {
    try valueOrNil(column, as: [UInt8].self)
  }

  /// A moment; infinity is an error.
  package func timestamptz(_ column: some PostgresColumnKey) throws(PostgresError) -> Instant {
    try value(column, as: Instant.self)
  }

  /// A moment; infinity is an error, or nil when null.
  package func timestamptzOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> Instant?
  {
    try valueOrNil(column, as: Instant.self)
  }

  /// A date; infinity is an error.
  package func date(_ column: some PostgresColumnKey) throws(PostgresError) -> Day {
    try value(column, as: Day.self)
  }

  /// A date; infinity is an error, or nil when null.
  package func dateOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> Day? {
    try valueOrNil(column, as: Day.self)
  }

  /// A `uuid`.
  package func uuid(_ column: some PostgresColumnKey) throws(PostgresError) -> PostgresUUID {
    try value(column, as: PostgresUUID.self)
  }

  /// A `uuid`, or nil when null.
  package func uuidOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> PostgresUUID? {
    try valueOrNil(column, as: PostgresUUID.self)
  }

  /// A decimal number in digits.
  package func numeric(_ column: some PostgresColumnKey) throws(PostgresError) -> String {
    try value(column, as: NumericText.self).text
  }

  /// A decimal number in digits, or nil when null.
  package func numericOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> String? {
    try valueOrNil(column, as: NumericText.self)?.text
  }

  /// A JSON document as text.
  package func jsonb(_ column: some PostgresColumnKey) throws(PostgresError) -> String {
    try value(column, as: JSONText.self).text
  }

  /// A JSON document as text, or nil when null.
  package func jsonbOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> String? {
    try valueOrNil(column, as: JSONText.self)?.text
  }

  /// Ranges in order; one without an end is an error.
  package func int8multirange(_ column: some PostgresColumnKey) throws(PostgresError) -> [Range<
    Int64
  >] {
    try value(column, as: Multirange.self).ranges
  }

  /// Ranges in order; one without an end is an error, or nil when null.
  package func int8multirangeOrNil(_ column: some PostgresColumnKey) throws(PostgresError)
    -> [Range<Int64>]?
  {
    try valueOrNil(column, as: Multirange.self)?.ranges
  }

  /// A `uuid` as an identifier of a kind.
  package func identifier<Kind>(
    _ column: some PostgresColumnKey, of kind: Kind.Type = Kind.self
  ) throws(PostgresError) -> Identifier<Kind> {
    let uuid = try value(column, as: PostgresUUID.self)
    return Identifier(high: uuid.high, low: uuid.low)
  }

  /// A `uuid` as an identifier of a kind, or nil when null.
  package func identifierOrNil<Kind>(
    _ column: some PostgresColumnKey, of kind: Kind.Type = Kind.self
  ) throws(PostgresError) -> Identifier<Kind>? {
    let uuid = try valueOrNil(column, as: PostgresUUID.self)
    return uuid.map { Identifier(high: $0.high, low: $0.low) }
  }
}
