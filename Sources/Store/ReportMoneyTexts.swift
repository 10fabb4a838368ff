import Ledger

/// The statements of the reports over refunds, the acquirer and the bank.
extension ReportQuery {
  /// Refunds to cards one by one; those that a desk or the bank paid back have a state of their own.
  static let refundsSQL = """
    select r.refund_id::text as refund_id, w.fare_day, r.cause,
      case when r.paid_entry_id is null then r.state else 'paid_back' end as state, r.created_at,
      r.paid_at,
      w.currency, r.minor as refund_minor
    from charge_refund r join charge_window w using (window_id)
    where w.fare_day between $1 and $2 and $3::text is null
    order by w.fare_day, r.refund_id limit $4
    """

  /// Refunds as the books have them, by accounting date and account.
  static let refundPostingsSQL = """
    select e.accounting_date, p.account, p.operator_id as operator, e.currency,
      count(distinct e.entry_id) as entries, sum(p.debit_minor)::int8 as debit_minor,
      sum(p.credit_minor)::int8 as credit_minor
    from entry e join posting p using (entry_id)
    where e.kind = 'refund' and e.accounting_date between $1 and $2
      and ($3::text is null or p.operator_id = $3)
    group by 1, 2, 3, 4 order by 1, 2, 3, 4 limit $4
    """

  /// Card payments that a bank took back, one by one; of a top-up its day stands for the fare day.
  static let chargebacksSQL = """
    select c.case_id as case, coalesce(w.fare_day, s.sold_on) as fare_day, c.stage, c.reason,
      c.opened_at, c.decided_at, coalesce(w.currency, s.currency) as currency,
      c.minor as disputed_minor
    from chargeback c left join charge_window w using (window_id)
      left join acquirer_sale s using (sale_id)
    where coalesce(w.fare_day, s.sold_on) between $1 and $2 and $3::text is null
    order by 2, c.case_id limit $4
    """

  /// Taps, rides, windows, captures, settlements and the bank, step by step.
  ///
  /// Taps and rides are of all media; from the bank-card rides on each step is compared with the one
  /// before it, also where the day has no charge windows yet. What was settled and not paid by a file is the acquirer's fees and what was paid at a desk,
  /// less what a file pays too much. Where statements of the bank are taken, the last step is what they show
  /// of the files.
  static let ladderSQL = """
    with bank_rides as (
        select currency, sum(rides)::int8 as n, sum(charged_minor)::int8 as minor
        from ride_day_sum
        where fare_day between $1 and $2 and medium in \(ChargingTables.chargedMedia)
        group by currency),
      windows as (
        select currency, sum(windows)::int8 as n, sum(amount_minor)::int8 as minor,
          sum(authorised_windows)::int8 as authorised_n,
          sum(authorised_minor)::int8 as authorised,
          sum(captured_windows)::int8 as captured_n, sum(captured_minor)::int8 as captured,
          sum(settled_windows)::int8 as settled_n, sum(settled_minor)::int8 as settled
        from charge_sum where fare_day between $1 and $2 group by currency),
      bank as (
        select currency, sum(records)::int8 as n, sum(gross_minor - fee_minor)::int8 as minor
        from acquirer_sum
        where fare_day between $1 and $2 and category in ('matched', 'amount_differs')
          and kind = 'capture'
        group by currency),
      unseen as (
        select s.currency, sum(s.records)::int8 as n,
          sum(s.gross_minor - s.fee_minor)::int8 as minor
        from \(filesUnseen)
        group by s.currency),
      steps (place, step, currency, n, minor, previous) as (
      select 1, 'taps', null, (
        select coalesce(sum(accepted - alightings), 0)::int8 from tap_sum
        where fare_day between $1 and $2),
        null::int8, null::int8
      union all
      select 2, 'rides', currency, sum(rides)::int8, sum(charged_minor)::int8, null
        from ride_day_sum where fare_day between $1 and $2 group by currency
      union all
      select 3, 'bank_rides', currency, n, minor, null from bank_rides
      union all
      select 4, 'windows', currency, coalesce(w.n, 0), coalesce(w.minor, 0), coalesce(r.minor, 0)
        from windows w full join bank_rides r using (currency)
      union all
      select 5, 'authorised', currency, coalesce(authorised_n, 0), coalesce(authorised, 0),
        coalesce(w.minor, 0) from windows w full join bank_rides using (currency)
      union all
      select 6, 'captured', currency, coalesce(captured_n, 0), coalesce(captured, 0),
        coalesce(authorised, 0) from windows full join bank_rides using (currency)
      union all
      select 7, 'settled', currency, coalesce(settled_n, 0), coalesce(settled, 0),
        coalesce(captured, 0) from windows full join bank_rides using (currency)
      union all
      select 8, 'bank', currency, coalesce(b.n, 0), coalesce(b.minor, 0), coalesce(settled, 0)
        from windows full join bank_rides using (currency) full join bank b using (currency)
      union all
      select 9, 'statement', currency, b.n - coalesce(u.n, 0), b.minor - coalesce(u.minor, 0), b.minor
        from bank b left join unseen u using (currency) where exists (select from bank_statement))
    select step, currency, n as counted, minor as amount_minor,
      case when previous is not null then previous - minor end as remainder_minor
    from steps where $3::text is null order by place, currency limit $4
    """

  /// Windows of which something is left to tell: those of the index `charge_window_rest`.
  static let hasRest = """
    (w.due_minor <> 0 or w.offset_minor <> 0 or w.written_off_minor > 0
      or w.captured_minor > w.settled_minor or w.charged_back_minor > 0 or w.refunded_minor > 0)
    """

  /// What the rides of riders' days come to, and what their windows are closed over.
  private static func compared(_ days: String) -> String {
    """
    select lane, rider_id, fare_day, currency, coalesce(r.minor, 0) as rides_minor,
      coalesce(w.minor, 0) as windows_minor, w.minor is not null as has_window
    from (
      select lane, rider_id, fare_day, currency, sum(charged_minor)::int8 as minor
      from \(days) join ride using (lane, rider_id, fare_day)
      where reversed_run_id is null and medium in \(ChargingTables.chargedMedia)
        and charged_minor is not null
      group by 1, 2, 3, 4) r
    full join (
      select lane, rider_id, fare_day, currency, sum(amount_minor)::int8 as minor
      from \(days) join charge_window using (lane, rider_id, fare_day)
      group by 1, 2, 3, 4) w using (lane, rider_id, fare_day, currency)
    """
  }

  /// What stops at a step, one by one.
  ///
  /// Only what can stop is looked at. Every boarding of a day that is rated has its ride, but for one
  /// that is still open: so the taps of stale days and of days with an open ride. Every charged ride
  /// of a closed day is in windows that come to the same: so the days with such rides that are not closed, the days that wait,
  /// what runs changed that charging has not looked at, and all of a day whose kept sums of rides and
  /// of windows differ by more than these.
  ///
  /// What stops at a step comes to the remainder of the next one, and what was charged back or refunded has
  /// a step of its own: it was paid, and went back. So a window below zero is told too: what
  /// it gives back, or took off another window, was never to be authorised.
  static let remaindersSQL = """
    with unridden as (
        select lane, rider_id, fare_day from rider_day_waiting
        union select lane, rider_id, fare_day from fare_day where open_ride),
      known_day as (
        select lane, rider_id, fare_day from charge_day_waiting
        where fare_day between $1 and $2
        union
        select r.lane, r.rider_id, r.fare_day from clearing_run c join ride r using (run_id)
        where c.windowed_at is null and r.fare_day between $1 and $2
        union
        select r.lane, r.rider_id, r.fare_day
        from clearing_run c join ride r on r.reversed_run_id = c.run_id
        where c.windowed_at is null and r.fare_day between $1 and $2),
      known as materialized (\(compared("known_day"))),
      bank_day as materialized (
        select fare_day, currency, sum(charged_minor) as minor from ride_day_sum
        where fare_day between $1 and $2 and medium in \(ChargingTables.chargedMedia)
        group by 1, 2),
      odd_day as (
        select fare_day from (
          select fare_day, currency, minor from bank_day
          union all
          select fare_day, currency, -sum(amount_minor) from charge_sum
          where fare_day between $1 and $2 group by 1, 2
          union all
          select fare_day, currency, -sum(rides_minor - windows_minor) from known group by 1, 2) s
        group by fare_day, currency having sum(minor) <> 0
        union
        select fare_day from bank_day b
        where minor <> 0 and not exists (select from charge_day c where c.fare_day = b.fare_day)),
      other_day as (
        select r.lane, r.rider_id, r.fare_day
        from odd_day d
        cross join lateral (
          select o.lane, o.rider_id, o.fare_day from ride o
          where o.fare_day = d.fare_day and o.medium in \(ChargingTables.chargedMedia)
          offset 0) r
        union select w.lane, w.rider_id, w.fare_day from odd_day join charge_window w using (fare_day)
        except select lane, rider_id, fare_day from known_day),
      compared as (select * from known union all \(compared("other_day")))
    select * from (
      select 'taps' as step, 'no ride' as why, t.fare_day,
        concat_ws('/', t.device_id, t.epoch, t.seq) as reference, null as currency,
        null::int8 as amount_minor, null::int8 as windows_minor
      from unridden join tap t using (lane, rider_id, fare_day)
      where t.fare_day between $1 and $2 and t.accepted and t.kind <> 'off'
        and not exists (
          select from ride r where r.lane = t.lane and r.rider_id = t.rider_id
            and r.fare_day between t.fare_day and t.fare_day + 1 and r.device_id = t.device_id
            and r.epoch = t.epoch and r.seq = t.seq and r.reversed_run_id is null)
      union all
      select 'bank_rides', case
          when exists (select from erased_fare e where e.lane = c.lane and e.rider_id = c.rider_id
            and e.fare_day = c.fare_day and e.currency = c.currency and not e.is_stored_value)
            then 'rider erased'
          when \(ChargingTables.isWithoutAccount("c.rider_id")) then 'no account'
          when has_window then 'another amount' else 'no window' end,
        fare_day, rider_id::text, currency, rides_minor,
        case when has_window then windows_minor end
      from compared c where rides_minor <> windows_minor
      union all
      select * from (
        select rest.step, rest.why, w.fare_day, w.window_id::text, w.currency, rest.minor,
          null::int8
        from charge_window w cross join lateral (values
          (case when w.state in ('authorised', 'capturing') then 'authorised' else 'windows' end,
            w.state, w.due_minor),
          ('windows', 'offset', w.offset_minor), ('windows', 'written off', w.written_off_minor),
          ('captured', 'not settled', w.captured_minor - w.settled_minor),
          ('charged_back', 'charged back', w.charged_back_minor),
          ('refunded', 'refunded', w.refunded_minor)) rest (step, why, minor)
        where w.fare_day between $1 and $2 and rest.minor <> 0 and \(hasRest)
        order by array_position(
            array['windows', 'authorised', 'captured', 'charged_back', 'refunded'], rest.step),
          rest.why, w.fare_day, w.window_id limit $4) w
      union all (\(unpaidSQL))) r
    where $3::text is null
    order by array_position(
        array['taps', 'bank_rides', 'windows', 'authorised', 'captured', 'settled', 'bank',
          'charged_back', 'refunded'], step), why, fare_day, length(reference), reference, currency
    limit $4
    """

  /// What the acquirer's files say of the days, by what it was matched to; what was captured, sold, refunded or
  /// disputed and is in none of its files is missing there.
  static let acquirerRecordsSQL = """
    select * from (
      select category, kind, currency, sum(records)::int8 as records,
        sum(gross_minor)::int8 as gross_minor, sum(fee_minor)::int8 as fee_minor
      from acquirer_sum where fare_day between $1 and $2 group by 1, 2, 3
      union all
      select 'missing_there', 'capture', currency, sum(unsettled_windows)::int8,
        sum(captured_minor - settled_minor)::int8, 0
      from charge_sum where fare_day between $1 and $2
      group by currency having sum(unsettled_windows) <> 0
      union all
      select 'missing_there', case kind when 'payment' then 'sale' else 'sale_refund' end, currency,
        count(*)::int8, sum(minor - settled_minor - coalesce(declined_minor, 0))::int8, 0
      from acquirer_sale where settled_minor < minor
        and settled_minor + coalesce(declined_minor, 0) < minor and sold_on between $1 and $2
      group by 2, 3
      union all
      select 'missing_there', kind, currency, count(*)::int8, sum(minor)::int8, 0
      from (\(AcquirerFileTables.openBesidesCaptures)) o where day between $1 and $2
      group by 2, 3) r
    where $3::text is null order by category, kind, currency limit $4
    """

  /// What operators earned by their rides, what the books owe them for those, and what was paid out.
  static let operatorBooksSQL = """
    with rides as (
      select operator_id, currency, sum(charged_minor)::int8 as minor from ride_day_sum
      where fare_day between $1 and $2 and operator_id <> '' group by 1, 2),
    booked as (
      select operator_id, currency, sum(credit_minor - debit_minor)::int8 as minor
      from posting_sum
      where kind = 'fares' and fare_day between $1 and $2 and account = '\(AccountCode.operators)'
      group by 1, 2),
    paid as (
      select operator_id, currency, sum(minor)::int8 as minor from payout
      where through_date between $1 and $2 and state in ('sent', 'paid') group by 1, 2)
    select operator_id as operator, currency, coalesce(r.minor, 0) as charged_minor,
      coalesce(b.minor, 0) as booked_minor,
      coalesce(r.minor, 0) - coalesce(b.minor, 0) as difference_minor,
      coalesce(p.minor, 0) as paid_out_minor
    from rides r full join booked b using (operator_id, currency)
      full join paid p using (operator_id, currency)
    where $3::text is null or operator_id = $3 order by 1, 2 limit $4
    """
}
