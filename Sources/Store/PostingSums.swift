package import Basics
package import Ledger
import Postgres

/// Sums of postings by accounting date, currency, account, operator, and the kind and fare day of the entry.
///
/// The status, the trial balance, reports and what operators are owed are made of these, and not of all that was
/// ever booked: where taps come one by one there are as many entries as rides.
///
/// A trigger adds them in the statement that adds postings, so that nobody can forget it: for a pass of rating
/// one row for each account, operator and fare day that it books on, some tens, with one statement. Rows are only added,
/// so that no two workers wait for the row of a day; ``folding`` makes one of many.
enum PostingSums {
  private static let figures = ["entries", "debit_minor", "credit_minor"]

  /// The statement that makes one row of the many that are told apart by nothing, where more than a count are
  /// loose; of a day before the newest all.
  ///
  /// Their days are named first, or each fold would read the sums of all years for those of a day.
  static let folding = """
    with many as (
      select accounting_date, currency, account, coalesce(operator_id, '') as operator_id, kind,
        coalesce(fare_day, '-infinity') as fare_day
      from posting_sum where not is_folded group by 1, 2, 3, 4, 5, 6
      having count(*) > $1 or accounting_date < (select max(accounting_date) from posting_sum)),
    gone as (
      delete from posting_sum s using many m
      where s.accounting_date = any(array(select accounting_date from many))
        and s.accounting_date = m.accounting_date and s.currency = m.currency
        and s.account = m.account and coalesce(s.operator_id, '') = m.operator_id
        and s.kind = m.kind and coalesce(s.fare_day, '-infinity') = m.fare_day
      returning s.*)
    insert into posting_sum (accounting_date, currency, account, operator_id, entries, debit_minor,
      credit_minor, is_folded, kind, fare_day)
    select accounting_date, currency, account, operator_id, sum(entries)::int8,
      sum(debit_minor)::int8, sum(credit_minor)::int8, true, kind, fare_day
    from gone group by accounting_date, currency, account, operator_id, kind, fare_day
    """

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
  static let differences: String = {
    let kept = figures.map { "sum(\($0)) as \($0)" }.joined(separator: ", ")
    let pairs = figures.map { "('\($0)', k.\($0), c.\($0))" }.joined(separator: ", ")
    return """
      select format('the kept sum of postings of %s: %s is kept as %s, the postings come to %s',
        concat_ws(' ', accounting_date, currency, account, nullif(operator_id, ''), kind,
          nullif(fare_day, '-infinity')), v.name,
        coalesce(v.kept, 0), coalesce(v.counted, 0)) as what
      from (
        select accounting_date, currency, account, coalesce(operator_id, '') as operator_id, kind,
          coalesce(fare_day, '-infinity') as fare_day, \(kept)
        from posting_sum group by 1, 2, 3, 4, 5, 6) k
      full join (
        select e.accounting_date, e.currency, p.account, coalesce(p.operator_id, '') as operator_id,
          e.kind, coalesce(e.fare_day, '-infinity') as fare_day,
          count(*) filter (where p.line = 1) as entries, sum(p.debit_minor) as debit_minor,
          sum(p.credit_minor) as credit_minor
        from posting p join entry e using (entry_id) group by 1, 2, 3, 4, 5, 6) c
        using (accounting_date, currency, account, operator_id, kind, fare_day)
      cross join lateral (values \(pairs)) as v (name, kept, counted)
      where coalesce(v.kept, 0) <> coalesce(v.counted, 0) order by 1 limit $1
      """
  }()
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
