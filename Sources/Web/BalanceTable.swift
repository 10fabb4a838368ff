import Basics
import Ledger
import Store
import Transit

/// The trial balance as pages show it, by the template `balance`.
struct BalanceTable {
  struct Row {
    let name: String
    let debit: String
    let credit: String
  }

  let accounts: Listing<Row>?
  let totals: [Row]
  /// Debits and credits of some currency differ.
  let isUneven: Bool
}

extension Handlers {
  /// The trial balance of the books up to an accounting date, inclusive; nil is all.
  func balanceTable(through date: Day?, _ people: People) async throws -> BalanceTable {
    let balance = try await services.store.read { db in
      try await db.books.trialBalance(through: date)
    }
    func row(_ name: String, _ sums: SideSums, _ currency: Currency) -> BalanceTable.Row {
      BalanceTable.Row(
        name: name, debit: people.money(sums.debitMinor, currency),
        credit: people.money(sums.creditMinor, currency))
    }
    let totals = try balance.totals()
    return BalanceTable(
      accounts: Listing(balance.rows) {
        row(
          accountName($0.key.account, of: $0.key.operatorID, people), $0.sums, $0.key.currency)
      },
      totals: totals.map { row(people.text("total"), $0.sums, $0.currency) },
      isUneven: totals.contains { $0.sums.differenceMinor != 0 })
  }

  /// An account of the books with its name, and with its operator where it has one for each.
  func accountName(_ code: String, of operatorID: String?, _ people: People) -> String {
    let name = ChartOfAccounts.standard.find(code)?.name[people.language] ?? ""
    return "\(code) \(name)" + (operatorID.map { " (\(operatorName(of: $0)))" } ?? "")
  }

  /// What people call an operator.
  func operatorName(of id: String) -> String {
    services.city.current.network.operators.first { $0.id == id }?.name ?? id
  }
}
