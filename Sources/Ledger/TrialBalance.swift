package import Basics

/// The sums of every account: what an accountant looks at first.
package struct TrialBalance: Sendable, Equatable {
  /// Names one balance.
  package struct Key: Hashable, Comparable, Sendable {
    package let currency: Currency
    package let account: String
    /// Nil where the account has no sub-accounts.
    package let operatorID: String?

    /// Names a balance.
    package init(currency: Currency, account: String, operatorID: String?) {
      self.currency = currency
      self.account = account
      self.operatorID = operatorID
    }

    package static func < (left: Key, right: Key) -> Bool {
      (left.currency.code, left.account, left.operatorID ?? "")
        < (right.currency.code, right.account, right.operatorID ?? "")
    }
  }

  /// One balance.
  package struct Row: Hashable, Sendable {
    package let key: Key
    package let sums: SideSums

    /// Minor units on the side on which the account grows; below zero when it stands on the other.
    package func balanceMinor(of kind: AccountKind) -> Int64 {
      let difference = sums.debitMinor - sums.creditMinor
      return kind.normalSide == .debit ? difference : -difference
    }
  }

  private var sums: [Key: SideSums] = [:]

  /// Makes a balance of nothing.
  package init() {}

  /// Makes the balance of entries.
  package init(_ entries: some Sequence<Entry>) throws(EntryFault) {
    for entry in entries { try add(entry) }
  }

  /// Adds the lines of an entry.
  package mutating func add(_ entry: Entry) throws(EntryFault) {
    for posting in entry.postings {
      try add(
        SideSums(debitMinor: posting.debitMinor, creditMinor: posting.creditMinor),
        to: Key(
          currency: entry.currency, account: posting.account, operatorID: posting.operatorID))
    }
  }

  /// Adds sums to a balance, as a database may have summed them.
  package mutating func add(_ added: SideSums, to key: Key) throws(EntryFault) {
    try sums[key, default: SideSums()].add(added)
  }

  /// The sums of one balance; nothing where it was never named.
  package subscript(key: Key) -> SideSums { sums[key, default: SideSums()] }

  /// All balances, by currency, account and operator.
  package var rows: [Row] {
    sums.sorted { $0.key < $1.key }.map { Row(key: $0.key, sums: $0.value) }
  }

  /// Both sides summed over all accounts, by currency; in sound books the two are equal.
  package func totals() throws(EntryFault) -> [(currency: Currency, sums: SideSums)] {
    var totals: [Currency: SideSums] = [:]
    for (key, sums) in sums { try totals[key.currency, default: SideSums()].add(sums) }
    return totals.sorted { $0.key.code < $1.key.code }.map { ($0.key, $0.value) }
  }
}

extension TrialBalance {
  /// The balance as a table for people: code, name, operator, debit, credit in major units.
  package func lines(
    in language: Language, chart: ChartOfAccounts = .standard
  ) throws(EntryFault) -> [[String]] {
    var lines = rows.map { row in
      [
        row.key.account, chart.find(row.key.account)?.name[language] ?? "?",
        row.key.operatorID ?? "", row.key.currency.code,
        Money(minor: row.sums.debitMinor, currency: row.key.currency).majorText,
        Money(minor: row.sums.creditMinor, currency: row.key.currency).majorText,
      ]
    }
    let total = Bilingual(uk: "Разом", en: "Total")[language]
    for (currency, sums) in try totals() {
      lines.append([
        "", total, "", currency.code,
        Money(minor: sums.debitMinor, currency: currency).majorText,
        Money(minor: sums.creditMinor, currency: currency).majorText,
      ])
    }
    return lines
  }
}
