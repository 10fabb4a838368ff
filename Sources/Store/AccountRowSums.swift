import Basics
import Ledger
import Postgres

/// What the rows of the tables say that accounts stand at: `docs/accounting.md` has it in words, under what
/// always holds.
///
/// All amounts are debits less credits.
enum AccountRowSums {
  /// Rides of the kept sums, less what stored value paid of them, what charge windows did, and what was given
  /// up of erased riders.
  private static let riders = """
    select '\(AccountCode.riders)', currency, null, sum(charged_minor) from ride_sum group by currency
    union all
    select '\(AccountCode.riders)', a.currency, null, -sum(d.minor)
    from (select account_id, sum(paid_minor) as minor from wallet_day group by account_id) d
      join wallet_account a using (account_id) group by a.currency
    union all
    select '\(AccountCode.riders)', currency, null, -sum(minor) from erased_fare group by currency
    """

  /// Windows: of both accounts that they come to, in one look at them.
  private static let windows = """
    select v.account, w.currency, null, v.minor
    from (
      select currency, sum(due_minor - amount_minor) as owed, sum(captured_minor - settled_minor) as open
      from charge_window group by currency) w
    cross join lateral (values
      ('\(AccountCode.riders)', w.owed), ('\(AccountCode.acquirer)', w.open)) as v (account, minor)
    """

  /// Refunds to cards: owed until the acquirer gives them, or a desk or the bank pays them back; then kept by
  /// the acquirer until a funding says so.
  ///
  /// What an adjustment pays back is taken off among the adjustments.
  private static let refunds = """
    select v.account, w.currency, null, v.minor
    from charge_refund r join charge_window w using (window_id) cross join lateral (values
      ('\(AccountCode.acquirer)',
        case when r.state = 'paid' then coalesce(r.kept_minor, 0) - r.minor end),
      ('\(AccountCode.refunds)',
        case when r.state in ('awaiting', 'approved', 'asking', 'failed')
          and (r.paid_entry_id is null
            or exists (select from adjustment j where j.entry_id = r.paid_entry_id)) then -r.minor end))
      as v (account, minor)
    where v.minor <> 0
    """

  /// Of a window they wait in 1250; of a top-up they came off stored value.
  private static let disputes = """
    select v.account, coalesce(w.currency, s.currency), null, v.minor
    from chargeback c left join charge_window w using (window_id)
      left join acquirer_sale s using (sale_id) cross join lateral (values
      ('\(AccountCode.disputed)',
        case when c.stage = 'opened' and c.window_id is not null then c.minor end),
      ('\(AccountCode.acquirer)', coalesce(c.kept_minor, 0) - c.minor),
      ('\(AccountCode.acquirer)',
        case when c.stage = 'won' then c.minor - coalesce(c.paid_minor, 0) end))
      as v (account, minor)
    where v.minor <> 0
    """

  /// Top-ups and sales by bank card, and bank transfers to riders that are still to be made.
  private static let desks = """
    select '\(AccountCode.acquirer)', currency, null,
      case kind when 'payment' then minor - settled_minor - coalesce(declined_minor, 0)
        else settled_minor - minor end
    from acquirer_sale where settled_minor < minor
    union all
    select '\(AccountCode.refunds)', a.currency, null, m.amount_minor
    from wallet_movement m join wallet_account a using (account_id)
    where m.kind = 'refund' and m.channel = 'bank'
    union all
    select '\(AccountCode.refunds)', currency, null, -refunded_minor from product_holding
    where refund_channel = 'bank'
    """

  private static let operators = """
    select '\(AccountCode.concessions)', c.currency, l.operator_id, l.minor
    from subsidy_claim c join subsidy_line l using (claim_id) where c.state = 'approved'
    union all
    select '\(AccountCode.payoutsOnTheirWay)', currency, operator_id, -minor from payout
    where state = 'sent'
    """

  /// Money that left the bank for riders, as its statements say.
  ///
  /// What statements say of claims, payouts and refunds to cards moves the rows of those on.
  private static let statements = """
    select '\(AccountCode.refunds)', currency, null, -minor from statement_line
    where subject in ('transfer', 'product_transfer') and book_entry_id is null
    """

  /// What two people booked on top, by what they asked for.
  private static let adjustments = """
    select l.account, a.currency, l.operator_id, l.debit_minor - l.credit_minor
    from adjustment a join adjustment_line l using (adjustment_id)
    where a.state = 'approved' and l.account = any($1)
    """

  /// The statement that gives each account with what is booked and what the rows come to.
  ///
  /// Tables of many rows are summed where they are read.
  static let comparison: String = {
    let parts = [
      riders, windows, refunds, disputes, desks, operators, statements, adjustments,
    ].joined(separator: " union all ")
    return """
      with rows (account, currency, operator_id, minor) as (\(parts)),
      summed as (
        select account, currency, coalesce(operator_id, '') as operator_id, sum(minor)::int8 as minor
        from rows group by 1, 2, 3),
      booked as (
        select p.account, e.currency, coalesce(p.operator_id, '') as operator_id,
          sum(p.debit_minor - p.credit_minor)::int8 as minor
        from posting p join entry e using (entry_id) where p.account = any($1) group by 1, 2, 3)
      select account, currency, nullif(operator_id, '') as operator_id,
        coalesce(b.minor, 0) as booked_minor, coalesce(s.minor, 0) as rows_minor
      from booked b full join summed s using (account, currency, operator_id) order by 2, 1, 3
      """
  }()
}

extension BookProofTables {
  /// Accounts that do not stand at what their rows come to, each in a sentence with the first row that has
  /// no entry, where one is found.
  ///
  /// One statement compares them, and so it is right while the service runs.
  package func accountsThatDiffer() async throws -> [String] {
    let accounts = AccountAgainstRows.compared.map { Optional($0.account) }
    var findings: [String] = []
    for row in try await connection.query(AccountRowSums.comparison, [.texts(accounts)]) {
      let compared = AccountAgainstRows(
        key: TrialBalance.Key(
          currency: try row.currency("currency"), account: try row.text("account"),
          operatorID: try row.textOrNil("operator_id")),
        bookedMinor: try row.int8("booked_minor"), rowsMinor: try row.int8("rows_minor"))
      guard let finding = compared.finding() else { continue }
      let first = try await firstWithoutEntry(of: compared.key)
      findings.append(finding + (first.map { "; \($0)" } ?? ""))
    }
    return findings
  }
}
