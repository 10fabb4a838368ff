/// A file for PostgreSQL's `COPY … FROM … (FORMAT binary)`: one row per posted batch.
///
/// The columns are those that the journal keeps of a batch and that have a size worth measuring:
/// device_id text, batch_number int8, body bytea, signature bytea. Layout after the manual of
/// PostgreSQL, COPY, "Binary Format".
package struct BinaryCopy: Sendable {
  /// Statement that makes the table; bodies that do not fit into a page lie outside the row,
  /// not compressed, as in the journal.
  package static let makeTable = """
    drop table if exists loadtest_copy;
    create table loadtest_copy (
      device_id text not null, batch_number bigint not null, body bytea not null,
      signature bytea not null) with (toast_tuple_target = 8160);
    alter table loadtest_copy alter column body set storage external;
    """

  /// What has been written; complete after ``finish()``.
  package private(set) var bytes: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 13, 10, 0]

  /// Starts a file.
  package init() {
    append(Int32(0))  // no flags
    append(Int32(0))  // no header extension
  }

  /// Adds the row of a batch.
  package mutating func row(device: String, number: Int64, body: [UInt8], signature: [UInt8]) {
    append(Int16(4))
    field(Array(device.utf8))
    append(Int32(8))
    append(number)
    field(body)
    field(signature)
  }

  /// Ends the file.
  package mutating func finish() { append(Int16(-1)) }

  private mutating func field(_ content: [UInt8]) {
    append(Int32(content.count))
    bytes += content
  }

  private mutating func append(_ number: some FixedWidthInteger) {
    for shift in stride(from: number.bitWidth - 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }
}
