package import Basics

/// The two sides of a book.
package enum Side: String, Sendable, CaseIterable, Hashable {
  case debit, credit
}

/// What an account stands for, which decides the side it grows on.
package enum AccountKind: String, Sendable, CaseIterable, Hashable {
  /// What the clearing house has or is owed; grows on the debit side.
  case asset
  /// What it owes; grows on the credit side.
  case liability
  /// What it earns; grows on the credit side.
  case income
  /// What it spends; grows on the debit side.
  case expense

  /// The side on which such an account grows.
  package var normalSide: Side {
    switch self {
    case .asset, .expense: .debit
    case .liability, .income: .credit
    }
  }
}

/// A line of the chart of accounts.
package struct Account: Hashable, Sendable {
  /// Four digits: `1200`.
  package let code: String
  package let name: Bilingual
  package let kind: AccountKind
  /// Whether each posting names an operator, so that there is a balance for each.
  package let isPerOperator: Bool
}

/// Why a table is no chart of accounts.
package struct ChartFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// Line of the table, from 1.
  package let line: Int
  package let message: String

  package var description: String { "chart of accounts, line \(line): \(message)" }
}

/// All accounts of the books, in the order of their codes.
package struct ChartOfAccounts: Sendable, Equatable {
  package let accounts: [Account]
  private let indexes: [String: Int]

  /// Reads a table with one account a line: `code | name uk | name en | kind | sub-accounts`.
  ///
  /// `sub-accounts` is `operator` where each operator has a balance of its own, or `-`. Empty lines
  /// and lines that begin with `#` are skipped.
  package init(table: String) throws(ChartFault) {
    var accounts: [Account] = []
    var indexes: [String: Int] = [:]
    for (index, line) in table.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).map(trimmed)
      guard let code = cells.first, !code.isEmpty, !code.hasPrefix("#") else { continue }
      func fault(_ message: String) -> ChartFault { ChartFault(line: index + 1, message: message) }
      guard cells.count == 5 else {
        throw fault("there should be 5 cells, here are \(cells.count)")
      }
      guard code.utf8.count == 4, code.utf8.allSatisfy({ (48...57).contains($0) }) else {
        throw fault("a code has 4 digits")
      }
      guard indexes[code] == nil else { throw fault("account \(code) stands twice") }
      guard !cells[1].isEmpty, !cells[2].isEmpty else { throw fault("both names are needed") }
      guard let kind = AccountKind(rawValue: cells[3]) else {
        throw fault("the kind is asset, liability, income or expense")
      }
      guard cells[4] == "operator" || cells[4] == "-" else {
        throw fault("sub-accounts is operator or -")
      }
      indexes[code] = accounts.count
      accounts.append(
        Account(
          code: code, name: Bilingual(uk: cells[1], en: cells[2]), kind: kind,
          isPerOperator: cells[4] == "operator"))
    }
    self.accounts = accounts.sorted { $0.code < $1.code }
    self.indexes = Dictionary(
      uniqueKeysWithValues: self.accounts.enumerated().map { ($1.code, $0) })
  }

  /// The account of a code; nil when the chart has none.
  package func find(_ code: String) -> Account? { indexes[code].map { accounts[$0] } }
}

private func trimmed(_ cell: Substring) -> String {
  var cell = cell
  while cell.first == " " { cell.removeFirst() }
  while cell.last == " " { cell.removeLast() }
  return String(cell)
}
