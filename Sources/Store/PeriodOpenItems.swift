package import Basics
package import Ledger
import Postgres

/// Something that is still open at the end of a period.
package enum OpenItemKind: String, Sendable, CaseIterable {
  /// Taps in quarantine that nobody has decided on.
  case quarantinedTaps = "quarantined_taps"
  /// Batches that wait for the sorter.
  case unsortedBatches = "unsorted_batches"
  /// Batches that the sorter could not read.
  case setAsideBatches = "set_aside_batches"
  /// Rider-days of the period, or before it, that wait for a rating.
  case staleRiderDays = "stale_rider_days"
  /// Rides booked in the period whose fare is not known.
  case unknownFares = "unknown_fares"
  /// Minor units on the account of fares without a known operator, by currency.
  case unknownOperator = "unknown_operator"
  /// Minor units that were given back there of fares without a known operator, by currency.
  case unknownOperatorGiven = "unknown_operator_given"
  /// Minor units of receipts that match nothing, by currency.
  case unmatchedReceipts = "unmatched_receipts"
  /// Minor units of payments that match nothing, by currency.
  case unmatchedPayments = "unmatched_payments"
  /// Corrections that nobody has decided on.
  case undecidedAdjustments = "undecided_adjustments"
  /// Orders to rate days of the period, or before it, anew that are still to mark some of them.
  case ordersUnderWay = "orders_under_way"
  /// Messages of the acquirer that fit nothing, and lines about captures, top-ups and sales that it does not
  /// pay and of which nothing can be booked by itself, that nobody has looked into.
  case keptMessages = "kept_messages"
}

/// A count of what is still open at the end of a period.
package struct OpenItem: Sendable, Equatable {
  package let kind: OpenItemKind
  /// How many; minor units where it is money.
  package let count: Int64
  /// Nil where it is no money.
  package let currency: String?

  /// Makes an item.
  package init(kind: OpenItemKind, count: Int64, currency: String? = nil) {
    self.kind = kind
    self.count = count
    self.currency = currency
  }
}

extension PeriodTables {
  /// 2190 on both sides: fares and earnings, and what was given back of fares, each less what adjustments
  /// settled of it.
  ///
  /// Of an adjustment that was taken back by another both sides are too low by the same: then the account
  /// itself tells.
  private static let unknownOperatorSQL = """
    select k.kind, k.minor::int8, u.currency
    from (
      select e.currency,
        coalesce(sum(p.credit_minor - p.debit_minor) filter (
            where e.kind not in ('refund', 'correction')), 0)
          - coalesce(sum(p.debit_minor) filter (where e.kind = 'correction'), 0) as came,
        coalesce(sum(p.debit_minor - p.credit_minor) filter (where e.kind = 'refund'), 0)
          - coalesce(sum(p.credit_minor) filter (where e.kind = 'correction'), 0) as went
      from posting p join entry e using (entry_id)
      where p.account = $4 and e.accounting_date <= $2 group by 1) u
    cross join lateral (values
      ('unknown_operator',
        case when least(came, went) >= 0 then came else greatest(came - went, 0) end),
      ('unknown_operator_given',
        case when least(came, went) >= 0 then went else greatest(went - came, 0) end))
      as k (kind, minor)
    """

  /// 2290 on both sides: lines of statements of which nothing is known, and what else stands there.
  private static let unmatchedSQL = """
    select k.kind, k.minor::int8, currency
    from (
      select e.currency, sum(p.credit_minor - p.debit_minor) as minor
      from posting p join entry e using (entry_id)
      where p.account = $5 and e.accounting_date <= $2 group by 1) b
    full join (
      select l.currency, sum(greatest(l.minor, 0)) as came, sum(greatest(-l.minor, 0)) as went
      from statement_line l join entry e on e.entry_id = l.entry_id
      where l.subject = 'unknown' and e.accounting_date <= $2 group by 1) l using (currency)
    cross join lateral (select coalesce(b.minor, 0) - coalesce(l.came, 0) + coalesce(l.went, 0)) r (rest)
    cross join lateral (values
      ('unmatched_receipts', coalesce(l.came, 0) + greatest(r.rest, 0)),
      ('unmatched_payments', coalesce(l.went, 0) + greatest(-r.rest, 0))) as k (kind, minor)
    """

  /// What is still open at the end of a period; `end` is the moment at which its last day ends.
  package func openItems(of period: AccountingPeriod, end: Instant) async throws -> [OpenItem] {
    let rows = try await connection.query(
      """
      select 'quarantined_taps' as kind, count(*)::int8 as n, null::text as currency
        from tap_quarantine where state = 'held' and received_at < $3
      union all
      select 'unsorted_batches', count(*), null
        from unsorted_tap where not is_set_aside and received_at < $3
      union all
      select 'set_aside_batches', count(*), null
        from unsorted_tap where is_set_aside and received_at < $3
      union all
      select 'stale_rider_days', count(*), null
        from rider_day_waiting where fare_day <= $2
      union all
      select 'unknown_fares', coalesce(sum(unknown_rides), 0)::int8, null
        from ride_sum where accounting_date between $1 and $2
      union all
      \(Self.unknownOperatorSQL)
      union all
      \(Self.unmatchedSQL)
      union all
      select 'undecided_adjustments', count(*), null
        from adjustment where state = 'requested' and requested_at < $3
      union all
      select 'orders_under_way', count(*), null
        from rerating_order where state = 'marking' and first_day <= $2
      union all
      select 'kept_messages', (
          select count(*) from acquirer_message
          where \(AcquirerMessageTables.isKept) and decided_at is null and received_at < $3)
        + (
          select count(*) from acquirer_record join acquirer_file using (file_id)
          where \(AcquirerMessageTables.isKeptLine) and decided_at is null and at < $3), null
      order by 1, 3
      """,
      [
        .date(period.first), .date(period.last), .timestamptz(end),
        .text(AccountCode.unknownOperator), .text(AccountCode.unmatchedReceipts),
      ])
    return try rows.compactMap { row in
      let count = try row.int8("n")
      guard count != 0 else { return nil }
      return OpenItem(
        kind: try row.word("kind"), count: count, currency: try row.textOrNil("currency"))
    }
  }

  /// The first day before one on which something is booked in a month that is not closed.
  package func firstDayNotClosed(before day: Day) async throws -> Day? {
    try await connection.query(
      """
      select min(e.accounting_date) as day from entry e
      where e.accounting_date < $1 and not exists (
        select from accounting_period p
        where p.state = 'closed' and e.accounting_date between p.first_date and p.last_date)
      """, [.date(day)]
    ).only().dateOrNil(0)
  }

  /// The sums of every account, of entries of a period.
  package func trialBalance(of period: AccountingPeriod) async throws -> TrialBalance {
    let rows = try await connection.query(
      """
      select e.currency, p.account, p.operator_id, sum(p.debit_minor)::int8 as debit,
        sum(p.credit_minor)::int8 as credit
      from posting p join entry e using (entry_id)
      where e.accounting_date between $1 and $2
      group by e.currency, p.account, p.operator_id
      """, [.date(period.first), .date(period.last)])
    return try PostingSums.balance(of: rows)
  }
}
