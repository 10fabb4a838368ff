import Ledger

/// The statements of the reports that are kept of a period: what is of its accounting dates alone, so
/// that nothing booked later changes it.
extension ReportQuery {
  /// Rides that the days brought, by day, operator and mode.
  static let periodDaysSQL = """
    select accounting_date, nullif(operator_id, '') as operator, nullif(mode, '') as mode, currency,
      \(rideFigures)
    from ride_day_sum
    where accounting_date between $1 and $2 and ($3::text is null or operator_id = $3)
    group by 1, 2, 3, 4 \(havingRides)
    order by 1, 2, 3, 4 limit $4
    """

  /// Rides that the days brought, by day and category.
  static let periodCategoriesSQL = """
    select accounting_date, category, currency, \(rideFigures)
    from ride_day_sum
    where accounting_date between $1 and $2 and ($3::text is null or operator_id = $3)
    group by 1, 2, 3 \(havingRides)
    order by 1, 2, 3 limit $4
    """

  /// Rides that the days brought, by day, operator and category.
  static let periodOperatorCategoriesSQL = """
    select accounting_date, nullif(operator_id, '') as operator, category, currency, \(rideFigures)
    from ride_day_sum
    where accounting_date between $1 and $2 and ($3::text is null or operator_id = $3)
    group by 1, 2, 3, 4 \(havingRides)
    order by 1, 2, 3, 4 limit $4
    """

  /// Leaves out groups in which each of the figures of rides comes to nothing.
  static let havingRides = havingAny(
    of: "rides", "riders", "charged_minor", "nominal_minor", "free_rides", "unknown_rides")

  private static let rideFigures = """
    sum(rides)::int8 as rides, sum(riders)::int8 as people, sum(charged_minor)::int8 as charged_minor,
      sum(nominal_minor)::int8 as nominal_minor, sum(free_rides)::int8 as free_rides,
      sum(unknown_rides)::int8 as unknown_rides
    """

  /// From the rides to the bank by the books: what was booked at each step in the days.
  ///
  /// The steps of one amount lie in different periods at the end of a month: a remainder is what the
  /// period left to the next one, less what it took over. The acquirer settles more than captures: what
  /// else was booked of it, as top-ups, sales, refunds and disputes, stands behind what it settled, with what
  /// is left of both; and behind what it paid what of that belongs to nothing known, so that the fees are left.
  static let periodLadderSQL = """
    with booked as (
      select kind, currency, account, sum(debit_minor - credit_minor) as minor from posting_sum
      where accounting_date between $1 and $2 and kind <> 'fares'
        and account in ('\(AccountCode.acquirer)', '\(AccountCode.bank)',
          '\(AccountCode.unmatchedReceipts)')
      group by 1, 2, 3),
    captured as (
      select currency, sum(minor)::int8 as minor from booked
      where kind = 'payment' and account = '\(AccountCode.acquirer)' group by 1),
    captures as (
      select currency, sum(captures)::int8 as n from capture_sum
      where accounting_date between $1 and $2 group by 1),
    funded as (
      select currency, -sum(minor) filter (where account = '\(AccountCode.acquirer)')::int8 as gross,
        sum(minor) filter (where account = '\(AccountCode.bank)')::int8 as net,
        coalesce(-sum(minor) filter (where account = '\(AccountCode.unmatchedReceipts)'), 0)::int8
          as unmatched
      from booked where kind = 'funding' group by 1),
    other as (
      select currency, sum(minor)::int8 as minor from booked
      where kind not in ('payment', 'funding') and account = '\(AccountCode.acquirer)'
      group by 1 having sum(minor) <> 0),
    ride as (
      select currency, sum(rides)::int8 as n, sum(charged_minor)::int8 as minor,
        coalesce(sum(rides) filter (where medium in \(ChargingTables.chargedMedia)), 0)::int8
          as bank_n,
        coalesce(sum(charged_minor) filter (where medium in \(ChargingTables.chargedMedia)), 0)::int8
          as bank_minor
      from ride_day_sum where accounting_date between $1 and $2 group by 1),
    step (place, step, currency, counted, amount_minor, previous) as (
      select 1, 'rides', currency, n, minor, null::int8 from ride
      union all select 2, 'bank_rides', currency, bank_n, bank_minor, null from ride
      union all
      select 3, 'captured', currency, coalesce(n.n, 0), coalesce(c.minor, 0), coalesce(bank_minor, 0)
      from ride full join captured c using (currency) left join captures n using (currency)
      union all
      select 4, 'settled', currency, null, coalesce(gross, 0), coalesce(c.minor, 0)
      from captured c full join funded f using (currency)
      union all
      select 5, 'acquirer_other', currency, null, o.minor,
        coalesce(c.minor, 0) + o.minor - coalesce(gross, 0) + o.minor
      from other o left join captured c using (currency) left join funded using (currency)
      union all select 6, 'bank', currency, null, coalesce(net, 0), coalesce(gross, 0) from funded
      union all
      select 7, 'unmatched', currency, null, unmatched,
        coalesce(gross, 0) + unmatched - coalesce(net, 0) + unmatched
      from funded where unmatched <> 0)
    select step, currency, counted, amount_minor, previous - amount_minor as remainder_minor
    from step where $3::text is null order by place, currency limit $4
    """

  /// What operators earned by the rides that the days brought, what the books owe them for those, and
  /// what was paid out on the days.
  static let periodBooksSQL = """
    with charged as (
      select operator_id, currency, sum(charged_minor)::int8 as minor from ride_day_sum
      where accounting_date between $1 and $2 and operator_id <> '' group by 1, 2),
    posted as (
      select operator_id, currency,
        coalesce(sum(credit_minor - debit_minor) filter (where kind = 'fares'), 0)::int8 as fares,
        coalesce(sum(debit_minor - credit_minor) filter (where kind = 'payout'), 0)::int8 as paid
      from posting_sum
      where kind in ('fares', 'payout') and accounting_date between $1 and $2
        and account = '\(AccountCode.operators)'
      group by 1, 2)
    select operator_id as operator, currency, coalesce(c.minor, 0) as charged_minor,
      coalesce(b.fares, 0) as booked_minor,
      coalesce(c.minor, 0) - coalesce(b.fares, 0) as difference_minor,
      coalesce(b.paid, 0) as paid_out_minor
    from charged c full join posted b using (operator_id, currency)
    where $3::text is null or operator_id = $3 order by 1, 2 limit $4
    """
}
