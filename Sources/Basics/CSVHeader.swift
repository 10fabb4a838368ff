/// The first record of a table: which column has which name.
package struct CSVHeader: Sendable {
  /// Names in the order of the columns, without spaces around them.
  package let names: [String]
  private let columns: [String: Int]

  /// Reads the next record as a header; nil when there is none, or it is broken.
  package init?(_ reader: inout CSVReader) {
    guard reader.next(), reader.fault == nil else { return nil }
    let names = (0..<reader.fieldCount).map { reader.text($0) }
    self.names = names
    var columns: [String: Int] = [:]
    for (index, name) in names.enumerated() where columns[name] == nil { columns[name] = index }
    self.columns = columns
  }

  /// The column of a name, the first when it is there twice; nil when it is missing.
  package subscript(name: String) -> Int? { columns[name] }

  /// Names of a list that are missing, in its order.
  package func missing(of required: [String]) -> [String] {
    required.filter { columns[$0] == nil }
  }
}
