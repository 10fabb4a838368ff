/// Rows in the binary format of COPY, without its header and trailer.
///
/// COPY converts nothing: a column of type `bigint` needs `.int8`, one of `integer` `.int4`.
package struct CopyRows: Sendable {
  /// Columns of every row; what PostgreSQL takes at most is 1,600.
  package let columnCount: Int
  /// Rows added so far.
  package private(set) var rowCount = 0
  private(set) var bytes: [UInt8] = []
  private var scratch: [UInt8] = []

  /// `PGCOPY\n\377\r\n\0`, no flags, no extension.
  static let header: [UInt8] = [80, 71, 67, 79, 80, 89, 10, 255, 13, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0]
  /// A field count of -1.
  static let trailer: [UInt8] = [255, 255]

  /// Starts without rows.
  package init(columnCount: Int) {
    precondition((1...1600).contains(columnCount), "COPY of \(columnCount) columns")
    self.columnCount = columnCount
  }

  /// Bytes the rows take, for those who fill chunks by size.
  package var byteCount: Int { bytes.count }

  /// Adds a row; as many values as there are columns.
  ///
  /// A row that is refused leaves nothing behind.
  package mutating func append(_ values: [PostgresValue]) throws(PostgresError) {
    guard values.count == columnCount else {
      throw PostgresError(
        kind: .usage, message: "a row of \(values.count) values for \(columnCount) columns")
    }
    let start = bytes.count
    bytes.append(bigEndian: Int16(columnCount))
    do {
      for value in values { try value.encode(into: &bytes) }
    } catch {
      bytes.removeLast(bytes.count - start)
      throw error
    }
    rowCount += 1
  }

  /// Takes out the memory in which rows of fields are put together.
  mutating func takeScratch() -> [UInt8] {
    var taken: [UInt8] = []
    swap(&taken, &scratch)
    return taken
  }

  /// Gives the memory back, with so many bytes of a row in it; none of a row that was refused.
  mutating func giveBack(_ scratch: consuming [UInt8], row count: Int?) {
    if let count {
      bytes.append(contentsOf: scratch[..<count])
      rowCount += 1
    }
    self.scratch = scratch
  }

  /// Makes room ahead for so many bytes.
  package mutating func reserve(bytes count: Int) { bytes.reserveCapacity(count) }

  /// Forgets the rows and keeps the memory, for the next chunk.
  package mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    rowCount = 0
  }
}
