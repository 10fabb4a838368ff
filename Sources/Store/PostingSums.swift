package import Basics
package import Ledger
import Postgres

/// Sums of postings by accounting date, currency, account, operator, and the kind and fare day of the entry.
///
/// The status, the trial balance, reports and what operators are owed are made of these, and not of all that was
/// ever booked: where taps come one by one there are as many entries as rides.
///
/// A trigger adds them in the statement that adds postings, so that nobody can forget it: for a pass of rating
/// one row for each account, operator and fare day that it books on, some tens, with one statement.
enum PostingSums {
  private static let table = SumTable(
    name: "posting_sum",
    key: [
      "accounting_date", "currency", "account", .orNothing("operator_id", as: "''"), "kind",
      .orNothing("fare_day", as: "'-infinity'"),
    ],
    figures: ["entries", "debit_minor", "credit_minor"])

  /// The statement that makes one row of the many.
  static let folding = table.foldingLoose(over: "$1", by: "accounting_date")

  /// The sums of every account, of entries up to an accounting date, inclusive; null is all.
  static let trialBalance = """
    select currency, account, operator_id, sum(debit_minor)::int8 as debit,
      sum(credit_minor)::int8 as credit
    from posting_sum where $1::date is null or accounting_date <= $1
    group by currency, account, operator_id
    """

  /// The balance that rows of `currency`, `account`, `operator_id`, `debit` and `credit` come to.
  static func balance(of rows: PostgresRows) throws -> TrialBalance {
    var balance = TrialBalance()
    for row in rows {
      try balance.add(
        SideSums(debitMinor: try row.int8("debit"), creditMinor: try row.int8("credit")),
        to: TrialBalance.Key(
          currency: try row.currency("currency"), account: try row.text("account"),
          operatorID: try row.textOrNil("operator_id")))
    }
    return balance
  }

  /// Both sides of the books, by currency.
  static let bookTotals = """
    select currency, sum(debit_minor)::int8 as debit, sum(credit_minor)::int8 as credit,
      sum(entries)::int8 as entries
    from posting_sum group by currency order by currency
    """

  /// The statement that names kept sums that are not those of the postings, by column, with both amounts.
  static let differences =
    table.difference(
      of: "postings", from: "the postings",
      counted: """
        select \(table.keyValues()), count(*) filter (where line = 1) as entries,
          sum(debit_minor) as debit_minor, sum(credit_minor) as credit_minor
        from posting join entry using (entry_id) group by \(table.keyNumbers)
        """) + " order by 1 limit $1"
}

extension BookProofTables {
  /// Kept sums of postings that are not those of the postings.
  package func postingSumsThatDiffer(countMax: Int) async throws -> [String] {
    try await connection.query(PostingSums.differences, [.int8(Int64(countMax))])
      .map { try $0.text(0) }
  }
}

extension BookTables {
  /// The sums of every account, of entries up to an accounting date, inclusive; nil is all.
  package func trialBalance(through date: Day?) async throws -> TrialBalance {
    try PostingSums.balance(
      of: try await connection.query(
        PostingSums.trialBalance, [.orNull(date, PostgresValue.date)]))
  }
}
