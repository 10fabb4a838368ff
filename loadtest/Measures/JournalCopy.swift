package import Basics

/// Rows of the journal (`tap_batch`) for PostgreSQL's `COPY … FROM … (FORMAT binary)`.
///
/// Layout after the manual of PostgreSQL, COPY, "Binary Format"; a multirange as `int8multirange`
/// sends it: the number of ranges, then each with its length, flags and bounds.
package struct JournalCopy: Sendable {
  /// The statement that takes the rows.
  package static func statement(file: String) -> String {
    "\\copy tap_batch (lane, device_id, epoch, seqs, fresh, received_at, sent_at, body, signature, "
      + "body_digest) from '\(file)' with (format binary)"
  }

  /// Microseconds from 1970 to 2000, where PostgreSQL begins to count.
  private static let epochMicroseconds: Int64 = 946_684_800_000_000

  /// What has been written; complete after ``finish()``.
  package private(set) var bytes: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 13, 10, 0]

  /// Starts a file.
  package init() {
    append(Int32(0))  // no flags
    append(Int32(0))  // no header extension
  }

  /// Adds the row of a batch, whose numbers are all new.
  package mutating func row(
    device: String, epoch: Int64, seqs: Range<Int64>, receivedAt: Instant, body: [UInt8],
    signature: [UInt8], digest: [UInt8]
  ) {
    append(Int16(10))
    append(Int32(2))
    append(Lane.of(name: device))
    field(Array(device.utf8))
    append(Int32(8))
    append(epoch)
    multirange(seqs)
    multirange(seqs)
    timestamp(receivedAt)
    timestamp(receivedAt)
    field(body)
    field(signature)
    field(digest)
  }

  /// Ends the file.
  package mutating func finish() { append(Int16(-1)) }

  private mutating func multirange(_ range: Range<Int64>) {
    append(Int32(4 + 4 + 25))
    append(Int32(1))
    append(Int32(25))
    bytes.append(0x02)  // the lower bound belongs to it
    append(Int32(8))
    append(range.lowerBound)
    append(Int32(8))
    append(range.upperBound)
  }

  private mutating func timestamp(_ moment: Instant) {
    append(Int32(8))
    append(moment.microseconds - Self.epochMicroseconds)
  }

  private mutating func field(_ content: [UInt8]) {
    append(Int32(content.count))
    bytes += content
  }

  private mutating func append(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
  }
}
