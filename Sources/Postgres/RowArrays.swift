package import Basics

// The array columns of a row; an element may be null.

extension PostgresRow {
  /// An array of `bool`.
  package func bools(_ column: some PostgresColumnKey) throws(PostgresError) -> [Bool?] {
    try value(column, as: WireArray<Bool>.self).elements
  }

  /// An array of `int2`.
  package func int2s(_ column: some PostgresColumnKey) throws(PostgresError) -> [Int16?] {
    try value(column, as: WireArray<Int16>.self).elements
  }

  /// An array of `int4`.
  package func int4s(_ column: some PostgresColumnKey) throws(PostgresError) -> [Int32?] {
    try value(column, as: WireArray<Int32>.self).elements
  }

  /// An array of `int4`, or nil when null.
  package func int4sOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> [Int32?]? {
    try valueOrNil(column, as: WireArray<Int32>.self)?.elements
  }

  /// An array of `int8`.
  package func int8s(_ column: some PostgresColumnKey) throws(PostgresError) -> [Int64?] {
    try value(column, as: WireArray<Int64>.self).elements
  }

  /// An array of `int8`, or nil when null.
  package func int8sOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> [Int64?]? {
    try valueOrNil(column, as: WireArray<Int64>.self)?.elements
  }

  /// An array of `float8`.
  package func float8s(_ column: some PostgresColumnKey) throws(PostgresError) -> [Double?] {
    try value(column, as: WireArray<Double>.self).elements
  }

  /// An array of `text`.
  package func texts(_ column: some PostgresColumnKey) throws(PostgresError) -> [String?] {
    try value(column, as: WireArray<String>.self).elements
  }

  /// An array of `text`, or nil when null.
  package func textsOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> [String?]? {
    try valueOrNil(column, as: WireArray<String>.self)?.elements
  }

  /// An array of `bytea`.
  package func byteas(_ column: some PostgresColumnKey) throws(PostgresError) -> [[UInt8]?] {
    try value(column, as: WireArray<[UInt8]>.self).elements
  }

  /// An array of `bytea`, or nil when null.
  package func byteasOrNil(_ column: some PostgresColumnKey) throws(PostgresError) -> [[UInt8]?]? {
    try valueOrNil(column, as: WireArray<[UInt8]>.self)?.elements
  }

  /// An array of `timestamptz`.
  package func timestamptzs(_ column: some PostgresColumnKey) throws(PostgresError) -> [Instant?] {
    try value(column, as: WireArray<Instant>.self).elements
  }

  /// An array of `date`.
  package func dates(_ column: some PostgresColumnKey) throws(PostgresError) -> [Day?] {
    try value(column, as: WireArray<Day>.self).elements
  }

  /// An array of `uuid`.
  package func uuids(_ column: some PostgresColumnKey) throws(PostgresError) -> [PostgresUUID?] {
    try value(column, as: WireArray<PostgresUUID>.self).elements
  }

  /// An array of `numeric`.
  package func numerics(_ column: some PostgresColumnKey) throws(PostgresError) -> [String?] {
    try value(column, as: WireArray<NumericText>.self).elements.map { $0?.text }
  }

  /// An array of `jsonb`.
  package func jsonbs(_ column: some PostgresColumnKey) throws(PostgresError) -> [String?] {
    try value(column, as: WireArray<JSONText>.self).elements.map { $0?.text }
  }

  /// An array of `int8multirange`.
  package func int8multiranges(_ column: some PostgresColumnKey) throws(PostgresError) -> [[Range<
    Int64
  >]?] {
    try value(column, as: WireArray<Multirange>.self).elements.map { $0?.ranges }
  }
}
