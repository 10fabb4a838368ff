import Basics

/// A table for people in a terminal, or for programs as CSV.
struct TextTable {
  /// On which side of its column a text stands.
  enum Side {
    case left, right
  }

  private let heads: [(name: String, side: Side)]
  private var rows: [[String]] = []

  /// Makes an empty table; numbers stand right.
  init(_ heads: [(name: String, side: Side)]) { self.heads = heads }

  /// Adds a row with as many texts as there are columns.
  mutating func add(_ row: [String]) {
    precondition(row.count == heads.count, "a row has as many texts as the table has columns")
    rows.append(row)
  }

  /// The rows under their heads, columns as wide as they need to be.
  var text: String {
    var widths = heads.map(\.name.count)
    for row in rows {
      for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.count) }
    }
    let rule = widths.map { String(repeating: "─", count: $0) }
    return ([heads.map(\.name), rule] + rows).map { row in
      let cells = row.enumerated().map { index, cell in
        let space = String(repeating: " ", count: widths[index] - cell.count)
        return heads[index].side == .left ? cell + space : space + cell
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }

  /// Prints a list of the newest, and says when there may be older ones.
  func printNewest(_ limit: Int) {
    print(text)
    if rows.count >= limit { print("the newest \(limit) are listed; there may be more") }
  }
}
