package import Basics
package import Ledger
package import Store

/// Shows that single entries are in closed periods.
package struct ProvingEntries: Sendable {
  /// What can be shown of an entry.
  package enum Outcome: Sendable {
    case proven(EntryInclusion)
    case unknown
    /// Its month is not closed; the day it is booked on.
    case notClosed(Day)
  }

  private let store: Store

  /// Makes the use case; it only reads.
  package init(store: Store) { self.store = store }

  /// The path of an entry to the root of its period.
  package func inclusion(of number: Int64) async throws -> Outcome {
    try await store.read(patience: .long) { db in
      guard let entry = try await db.books.entries(after: number - 1).first,
        entry.number == number
      else { return .unknown }
      let rows = try await db.periods.list()
      guard
        let row = rows.first(where: {
          $0.state == .closed && $0.first <= entry.accountingDate
            && entry.accountingDate <= $0.last
        }), let period = AccountingPeriod(row)
      else { return .notClosed(entry.accountingDate) }
      var leaves: [[UInt8]] = []
      var place: Int?
      try await db.periods.leaves(.entry, of: period) { leaf, key in
        if key == String(number) { place = leaves.count }
        leaves.append(leaf)
      }
      guard let place, let path = MerklePath(of: place, among: leaves) else { return .unknown }
      let trees = try await db.periods.trees(of: row.name).map(\.tree)
      return .proven(
        EntryInclusion(
          entry: entry, path: path,
          proof: PeriodProof(
            period: row.name, previousRoot: row.previousRoot ?? PeriodProof.first, trees: trees)))
    }
  }
}
