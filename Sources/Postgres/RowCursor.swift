package import Basics

/// Reads the columns of a row one after the other: for results with millions of rows, where looking
/// each column up by its name would cost more than reading it.
package struct PostgresRowCursor: ~Copyable {
  private let row: PostgresRow
  private var column = 0

  /// Starts at the first column.
  package init(_ row: PostgresRow) { self.row = row }

  private mutating func next() -> Int {
    defer { column += 1 }
    return column
  }

  /// The next column: a truth value.
  package mutating func bool() throws(PostgresError) -> Bool {
    try row.value(next(), as: Bool.self)
  }

  /// The next column: an `int8` or smaller.
  package mutating func int() throws(PostgresError) -> Int {
    try row.value(next(), as: Int.self)
  }

  /// The next column: an `int8` or smaller, or nil when null.
  package mutating func intOrNil() throws(PostgresError) -> Int? {
    try row.valueOrNil(next(), as: Int.self)
  }

  /// The next column: an `int8` or smaller.
  package mutating func int8() throws(PostgresError) -> Int64 {
    try row.value(next(), as: Int64.self)
  }

  /// The next column: an `int8` or smaller, or nil when null.
  package mutating func int8OrNil() throws(PostgresError) -> Int64? {
    try row.valueOrNil(next(), as: Int64.self)
  }

  /// The next column: a `float8` or `float4`, or nil when null.
  package mutating func float8OrNil() throws(PostgresError) -> Double? {
    try row.valueOrNil(next(), as: Double.self)
  }

  /// The next column: a text.
  package mutating func text() throws(PostgresError) -> String {
    try row.value(next(), as: String.self)
  }

  /// The next column: a text, or nil when null.
  package mutating func textOrNil() throws(PostgresError) -> String? {
    try row.valueOrNil(next(), as: String.self)
  }

  /// The next column: a `bytea`.
  package mutating func bytea() throws(PostgresError) -> [UInt8] {
    try row.value(next(), as: [UInt8].self)
  }

  /// The next column: a `date`.
  package mutating func date() throws(PostgresError) -> Day {
    try row.value(next(), as: Day.self)
  }

  /// The next column: a `date`, or nil when null.
  package mutating func dateOrNil() throws(PostgresError) -> Day? {
    try row.valueOrNil(next(), as: Day.self)
  }

  /// The next column: a `timestamptz`.
  package mutating func timestamptz() throws(PostgresError) -> Instant {
    try row.value(next(), as: Instant.self)
  }

  /// The next column: a `timestamptz`, or nil when null.
  package mutating func timestamptzOrNil() throws(PostgresError) -> Instant? {
    try row.valueOrNil(next(), as: Instant.self)
  }

  /// The next column: a `uuid`.
  package mutating func identifier<Kind>(
    _ type: Identifier<Kind>.Type = Identifier<Kind>.self
  ) throws(PostgresError) -> Identifier<Kind> {
    let value = try uuid()
    return Identifier(high: value.high, low: value.low)
  }

  private mutating func uuid() throws(PostgresError) -> PostgresUUID {
    try row.value(next(), as: PostgresUUID.self)
  }

  /// The next column: an `int8multirange`.
  package mutating func int8multirange() throws(PostgresError) -> [Range<Int64>] {
    try row.value(next(), as: Multirange.self).ranges
  }
}
