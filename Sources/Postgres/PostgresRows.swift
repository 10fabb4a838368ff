import CLibPQ
import Glibc

/// One result of the server, kept until the last row that looks into it is gone.
///
/// Complete and never changed, so it may be read from any thread.
final class ResultStorage: @unchecked Sendable {
  let result: OpaquePointer?
  let rowCount: Int
  let columnCount: Int

  /// Takes the result over; it is freed with this object.
  init(result: OpaquePointer?) {
    self.result = result
    rowCount = result == nil ? 0 : Int(PQntuples(result))
    columnCount = result == nil ? 0 : Int(PQnfields(result))
  }

  deinit { PQclear(result) }

  func name(ofColumn column: Int) -> String {
    PQfname(result, Int32(column)).map { String(cString: $0) } ?? ""
  }

  func type(ofColumn column: Int) -> PostgresType {
    PostgresType(oid: PQftype(result, Int32(column)))
  }

  func index(ofColumn name: String) -> Int? {
    name.withCString { wanted in
      (0..<columnCount).first { column in
        PQfname(result, Int32(column)).map { strcmp($0, wanted) == 0 } ?? false
      }
    }
  }

  /// The bytes of a value, valid as long as this object; nil for null.
  func bytes(row: Int, column: Int) -> UnsafeRawBufferPointer? {
    let (row, column) = (Int32(row), Int32(column))
    guard PQgetisnull(result, row, column) == 0 else { return nil }
    return UnsafeRawBufferPointer(
      start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column)))
  }

  var columnNames: [String] { (0..<columnCount).map(name(ofColumn:)) }
}

/// Names a column: by its name, or by its place from 0.
package protocol PostgresColumnKey: Sendable {
  /// The place of the column among those of a result; nil when there is none.
  func place(amongColumns count: Int, named: (String) -> Int?) -> Int?
}

extension String: PostgresColumnKey {
  package func place(amongColumns count: Int, named: (String) -> Int?) -> Int? { named(self) }
}

extension Int: PostgresColumnKey {
  package func place(amongColumns count: Int, named: (String) -> Int?) -> Int? {
    (0..<count).contains(self) ? self : nil
  }
}

/// What a statement gave: rows, or the number of rows it changed.
package struct PostgresRows: RandomAccessCollection, Sendable {
  let storage: ResultStorage

  /// Names of the columns, in order.
  package var columnNames: [String] { storage.columnNames }

  /// Rows a statement gave or changed, as the server counts them; 0 for statements without rows.
  package var affectedCount: Int {
    guard let result = storage.result, let text = PQcmdTuples(result) else { return 0 }
    return Int(String(cString: text)) ?? 0
  }

  /// What the server calls the statement: `INSERT 0 3`, `COMMIT`.
  var commandTag: String {
    storage.result.flatMap { PQcmdStatus($0) }.map { String(cString: $0) } ?? ""
  }

  package var startIndex: Int { 0 }

  package var endIndex: Int { storage.rowCount }

  package subscript(index: Int) -> PostgresRow {
    precondition(index >= 0 && index < storage.rowCount, "no row \(index)")
    return PostgresRow(storage: storage, index: index)
  }

  /// The only row; an error when there is none, or more.
  package func only() throws(PostgresError) -> PostgresRow {
    guard let row = try onlyOrNil() else {
      throw PostgresError(kind: .decoding, message: "one row expected, there is none")
    }
    return row
  }

  /// The only row, or nil when there is none; an error when there are more.
  package func onlyOrNil() throws(PostgresError) -> PostgresRow? {
    guard count <= 1 else {
      throw PostgresError(kind: .decoding, message: "one row expected, there are \(count)")
    }
    return first
  }
}

/// One row of a result; its values are decoded when asked for.
package struct PostgresRow: Sendable {
  private let storage: ResultStorage
  private let index: Int

  init(storage: ResultStorage, index: Int) {
    self.storage = storage
    self.index = index
  }

  /// Whether a value is null.
  package func isNull(_ column: some PostgresColumnKey) throws(PostgresError) -> Bool {
    storage.bytes(row: index, column: try place(of: column)) == nil
  }

  /// A value that must be there.
  ///
  /// Inlined, with what it calls when all is well: millions of rows are read column by column, and a
  /// generic call for each would look its types up anew.
  @inline(__always) func value<Value: WireDecodable>(
    _ column: some PostgresColumnKey, as type: Value.Type
  ) throws(PostgresError) -> Value {
    guard let value = try valueOrNil(column, as: type) else {
      throw PostgresError(
        kind: .decoding, message: "column \"\(column)\" is null, asked for \(Value.wireName)")
    }
    return value
  }

  /// A value that may be null.
  @inline(__always) func valueOrNil<Value: WireDecodable>(
    _ column: some PostgresColumnKey, as type: Value.Type
  ) throws(PostgresError) -> Value? {
    let place = try place(of: column)
    guard let bytes = storage.bytes(row: index, column: place) else { return nil }
    let actual = storage.type(ofColumn: place)
    guard Value.canRead(actual) else {
      throw mismatch(place, "is \(actual), asked for \(Value.wireName)")
    }
    guard let value = Value(wire: bytes, type: actual) else {
      throw mismatch(
        place, "of type \(actual) holds a value that is no \(Value.wireName) here")
    }
    return value
  }

  /// A value that cannot be read as what was asked for.
  @inline(never) private func mismatch(_ place: Int, _ problem: String) -> PostgresError {
    PostgresError(
      kind: .decoding, message: "column \"\(storage.name(ofColumn: place))\" \(problem)")
  }

  @inline(__always) private func place(of column: some PostgresColumnKey) throws(PostgresError)
    -> Int
  {
    let place = column.place(amongColumns: storage.columnCount) { storage.index(ofColumn: $0) }
    guard let place else {
      let names = storage.columnNames.joined(separator: ", ")
      throw PostgresError(
        kind: .decoding, message: "there is no column \"\(column)\"; there are: \(names)")
    }
    return place
  }
}
