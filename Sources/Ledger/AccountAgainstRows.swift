import Basics

/// What an account stands at, and what the rows come to that it sums.
package struct AccountAgainstRows: Sendable, Hashable {
  package let key: TrialBalance.Key
  /// Debits less credits by the entries, in minor units.
  package let bookedMinor: Int64
  /// Debits less credits by the rows, with what adjustments booked on top.
  package let rowsMinor: Int64

  /// Makes a comparison.
  package init(key: TrialBalance.Key, bookedMinor: Int64, rowsMinor: Int64) {
    self.key = key
    self.bookedMinor = bookedMinor
    self.rowsMinor = rowsMinor
  }

  /// The accounts that rows of charging, of operators and of the city come to, and what those are.
  package static let compared: [(account: String, rows: String)] = [
    (AccountCode.acquirer, "payments, refunds and disputes that are not settled"),
    (AccountCode.riders, "rides that are not paid"),
    (AccountCode.disputed, "disputes that are not decided"),
    (AccountCode.concessions, "claims approved and not paid"),
    (AccountCode.payoutsOnTheirWay, "payouts on their way"),
    (AccountCode.refunds, "refunds not given"),
  ]

  /// Both sums in a sentence, each on the side on which the account grows; nil when they are the same.
  package func finding(chart: ChartOfAccounts = .standard) -> String? {
    guard bookedMinor != rowsMinor else { return nil }
    let isCredit = chart.find(key.account)?.kind.normalSide == .credit
    let rows = Self.compared.first { $0.account == key.account }?.rows ?? "its rows"
    let part = key.operatorID.map { " of \($0)" } ?? ""
    return "account \(key.account)\(part) in \(key.currency) stands at "
      + "\(isCredit ? -bookedMinor : bookedMinor) minor units, \(rows) come to "
      + "\(isCredit ? -rowsMinor : rowsMinor)"
  }
}
