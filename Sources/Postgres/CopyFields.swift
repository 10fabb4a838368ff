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
    var fields = CopyFields(takeScratch())
    fields.put(Int16(columnCount))
    do throws(PostgresError) {
      try write(&fields)
      guard fields.count == columnCount else {
        throw PostgresError(
          kind: .usage, message: "a row of \(fields.count) fields for \(columnCount) columns")
      }
    } catch {
      giveBack(fields.scratch, row: nil)
      throw error
    }
    giveBack(fields.scratch, row: fields.used)
  }
}

/// The fields of one row on their way into COPY.
///
/// They are stored into memory that is used for one row after the other: to append each of them to an
/// array took four times as long.
package struct CopyFields {
  fileprivate var scratch: [UInt8]
  /// Bytes of the row so far.
  fileprivate var used = 0
  fileprivate var count = 0

  fileprivate init(_ scratch: consuming [UInt8]) { self.scratch = scratch }

  /// Makes room for so many bytes more; where the first of them goes.
  private mutating func room(for size: Int) -> Int {
    let place = used
    used += size
    if used > scratch.count {
      scratch.append(contentsOf: repeatElement(0, count: used + scratch.count))
    }
    return place
  }

  fileprivate mutating func put<Number: FixedWidthInteger>(_ value: Number) {
    let place = room(for: value.bitWidth / 8)
    scratch.withUnsafeMutableBytes {
      $0.storeBytes(of: value.bigEndian, toByteOffset: place, as: Number.self)
    }
  }

  private mutating func field(_ value: some FixedWidthInteger) {
    count += 1
    put(Int32(truncatingIfNeeded: value.bitWidth / 8))
    put(value)
  }

  /// The length of a field, whose bytes come next; where the first of them goes.
  private mutating func counted(_ length: Int) throws(PostgresError) -> Int {
    guard let short = Int32(exactly: length) else {
      throw PostgresError(kind: .usage, message: "a field of \(length) bytes is too long")
    }
    count += 1
    put(short)
    return room(for: length)
  }

  /// A null.
  package mutating func null() {
    count += 1
    put(Int32(-1))
  }

  /// A `bool`.
  package mutating func bool(_ value: Bool) { field(UInt8(value ? 1 : 0)) }

  /// An `int2`.
  package mutating func int2(_ value: Int16) { field(value) }

  /// An `int2`, or null.
  package mutating func int2(_ value: Int?) {
    guard let value else { return null() }
    field(Int16(value))
  }

  /// An `int8`.
  package mutating func int8(_ value: Int64) { field(value) }

  /// An `int8`, or null.
  package mutating func int8(_ value: Int64?) {
    guard let value else { return null() }
    field(value)
  }

  /// A `float8`, or null.
  package mutating func float8(_ value: Double?) {
    guard let value else { return null() }
    field(value.bitPattern)
  }

  /// A `text`.
  package mutating func text(_ value: String) throws(PostgresError) {
    var value = value
    let length = value.utf8.count
    let place = try counted(length)
    guard length > 0 else { return }
    scratch.withUnsafeMutableBytes { bytes in
      value.withUTF8 {
        UnsafeMutableRawBufferPointer(rebasing: bytes[place..<place + length])
          .copyMemory(from: UnsafeRawBufferPointer($0))
      }
    }
  }

  /// A `text`, or null.
  package mutating func text(_ value: String?) throws(PostgresError) {
    guard let value else { return null() }
    try text(value)
  }

  /// A `bytea`.
  package mutating func bytea(_ value: [UInt8]) throws(PostgresError) {
    let place = try counted(value.count)
    guard !value.isEmpty else { return }
    scratch.withUnsafeMutableBytes { bytes in
      UnsafeMutableRawBufferPointer(rebasing: bytes[place..<place + value.count])
        .copyBytes(from: value)
    }
  }

  /// A `uuid`.
  package mutating func identifier<Kind>(_ value: Identifier<Kind>) {
    uuid(high: value.high, low: value.low)
  }

  private mutating func uuid(high: UInt64, low: UInt64) {
    count += 1
    put(Int32(16))
    put(high)
    put(low)
  }

  /// A `date`.
  package mutating func date(_ value: Day) throws(PostgresError) {
    field(try PostgresValue.wire(value))
  }

  /// A `timestamptz`.
  package mutating func timestamptz(_ value: Instant) throws(PostgresError) {
    field(try PostgresValue.wire(value))
  }

  /// A `timestamptz`, or null.
  package mutating func timestamptz(_ value: Instant?) throws(PostgresError) {
    guard let value else { return null() }
    try timestamptz(value)
  }
}
