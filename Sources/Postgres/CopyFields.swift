package import Basics

// Fields of a row of COPY written one after the other: for the tables with millions of rows, where an
// array of values for each row would cost more than the row.

extension CopyRows {
  /// Adds a row of fields that the closure writes, as many as there are columns.
  ///
  /// A row that is refused leaves nothing behind.
  package mutating func appendRow(
    _ write: (inout CopyFields) throws(PostgresError) -> Void
  ) throws(PostgresError) {
    let start = byteCount
    var fields = CopyFields(takeBytes())
    fields.bytes.append(bigEndian: Int16(columnCount))
    do throws(PostgresError) {
      try write(&fields)
      guard fields.count == columnCount else {
        throw PostgresError(
          kind: .usage, message: "a row of \(fields.count) fields for \(columnCount) columns")
      }
    } catch {
      fields.bytes.removeLast(fields.bytes.count - start)
      giveBack(fields.bytes, rows: 0)
      throw error
    }
    giveBack(fields.bytes, rows: 1)
  }
}

/// The fields of one row on their way into COPY.
package struct CopyFields {
  fileprivate(set) var bytes: [UInt8]
  fileprivate var count = 0

  fileprivate init(_ bytes: consuming [UInt8]) { self.bytes = bytes }

  /// A null.
  package mutating func null() {
    count += 1
    bytes.append(bigEndian: Int32(-1))
  }

  /// A `bool`.
  package mutating func bool(_ value: Bool) {
    count += 1
    bytes.append(bigEndian: Int32(1))
    bytes.append(value ? 1 : 0)
  }

  /// An `int2`.
  package mutating func int2(_ value: Int16) {
    count += 1
    bytes.appendField(bigEndian: value)
  }

  /// An `int2`, or null.
  package mutating func int2(_ value: Int?) {
    guard let value else { return null() }
    int2(Int16(value))
  }

  /// An `int8`.
  package mutating func int8(_ value: Int64) {
    count += 1
    bytes.appendField(bigEndian: value)
  }

  /// An `int8`, or null.
  package mutating func int8(_ value: Int64?) {
    guard let value else { return null() }
    count += 1
    bytes.appendField(bigEndian: value)
  }

  /// A `float8`, or null.
  package mutating func float8(_ value: Double?) {
    guard let value else { return null() }
    count += 1
    bytes.appendField(bigEndian: value.bitPattern)
  }

  /// A `text`.
  package mutating func text(_ value: String) throws(PostgresError) {
    count += 1
    try bytes.appendText(value)
  }

  /// A `text`, or null.
  package mutating func text(_ value: String?) throws(PostgresError) {
    guard let value else { return null() }
    count += 1
    try bytes.appendText(value)
  }

  /// A `uuid`.
  package mutating func identifier<Kind>(_ value: Identifier<Kind>) {
    uuid(high: value.high, low: value.low)
  }

  private mutating func uuid(high: UInt64, low: UInt64) {
    count += 1
    bytes.append(bigEndian: Int32(16))
    bytes.append(bigEndian: high)
    bytes.append(bigEndian: low)
  }

  /// A `date`.
  package mutating func date(_ value: Day) throws(PostgresError) {
    count += 1
    bytes.appendField(bigEndian: try PostgresValue.wire(value))
  }

  /// A `timestamptz`.
  package mutating func timestamptz(_ value: Instant) throws(PostgresError) {
    count += 1
    bytes.appendField(bigEndian: try PostgresValue.wire(value))
  }

  /// A `timestamptz`, or null.
  package mutating func timestamptz(_ value: Instant?) throws(PostgresError) {
    guard let value else { return null() }
    try timestamptz(value)
  }
}
