import Ledger

/// The statements of the report over debts: charge windows that were declined, as they stood when the
/// last of the days ended.
extension ReportQuery {
  /// Windows that owed something when the days ended, or were given up by then, with their sums.
  ///
  /// The sums are those of the window's events until then. An event that is booked counts on its
  /// accounting date, another one by its moment; so nothing that comes later changes them. What a window
  /// takes in after it was written off changes nothing of what it owes.
  private static let owing = """
    candidate as (
      \(declined("recovered_at is null")) union all \(declined("recovered_at >= {end}"))),
    event as (
      select v.window_id, v.event_id, v.kind, v.at, v.minor, v.detail, v.entry_id,
        coalesce(
          (select b.accounting_date <= $2 from entry b where b.entry_id = v.entry_id), v.at < {end}) as is_then,
        coalesce(bool_or(v.kind = 'written_off') over (partition by v.window_id
          order by v.event_id rows between unbounded preceding and 1 preceding), false) as is_given_up
      from candidate join charge_event v using (window_id)),
    happened as (
      select window_id, min(at) filter (where kind = 'declined') as declined_at,
        count(*) filter (where kind = 'declined') as declines,
        split_part((array_agg(detail order by event_id desc)
          filter (where kind = 'declined'))[1], ',', 1) as decline_code,
        coalesce(sum(case
          when kind in ('captured', 'paid_at_desk') then minor
          when kind = 'declined' and entry_id is not null then -minor end), 0)::int8
          as captured_minor,
        coalesce(sum(case
          when kind = 'written_off' then minor
          when is_given_up and kind in ('paid_at_desk', 'offset') then -minor end), 0)::int8
          as written_off_minor,
        coalesce(sum(minor) filter (where kind = 'offset'), 0)::int8 as offset_minor
      from event where is_then group by 1),
    owing as (
      select c.*, h.declined_at, h.declines, h.decline_code, h.captured_minor, h.written_off_minor,
        c.amount_minor - h.captured_minor - h.offset_minor - h.written_off_minor as due_minor
      from candidate c join happened h using (window_id) where h.declined_at is not null)
    """

  /// Declined windows of then by when they were recovered: each condition reads a range of one index, and not a
  /// window that paid long ago.
  private static func declined(_ recovered: String) -> String {
    """
    select window_id, lane, rider_id, fare_day, currency, amount_minor from charge_window
    where declined_at is not null and \(recovered) and fare_day <= $2 and closed_at < {end}
    """
  }

  /// What riders' days owed when the days ended, by the operators of their rides of then.
  ///
  /// A day that owes a part of its fares owes each operator the same part, rounded down; minor units
  /// that are left go to the largest remainders.
  static let debtOperatorsSQL = """
    with \(owing),
    day as (
      select lane, rider_id, fare_day, currency, sum(due_minor)::int8 as due_minor
      from owing where due_minor > 0 group by 1, 2, 3, 4),
    part as (
      select d.lane, d.rider_id, d.fare_day, d.currency, r.operator_id, count(*) as rides,
        sum(r.charged_minor)::int8 as charged_minor
      from day d join ride r using (lane, rider_id, fare_day, currency)
        join clearing_run a on a.run_id = r.run_id
        left join clearing_run b on b.run_id = r.reversed_run_id
      where a.accounting_date <= $2 and (b.run_id is null or b.accounting_date > $2)
        and r.medium in \(ChargingTables.chargedMedia) and r.charged_minor > 0
      group by 1, 2, 3, 4, 5),
    shared as (
      select d.*, p.operator_id, coalesce(p.rides, 0) as rides,
        d.due_minor::numeric * coalesce(p.charged_minor, 1) as product,
        coalesce(sum(p.charged_minor) over (partition by d.lane, d.rider_id, d.fare_day, d.currency),
          1) as whole
      from day d left join part p using (lane, rider_id, fare_day, currency)),
    rounded as (
      select *, div(product, whole)::int8 as part_minor,
        due_minor - sum(div(product, whole)) over (
          partition by lane, rider_id, fare_day, currency) as rest,
        row_number() over (partition by lane, rider_id, fare_day, currency
          order by mod(product, whole) desc, operator_id) as place
      from shared)
    select operator_id as operator, fare_day, currency, sum(rides)::int8 as rides,
      count(distinct rider_id) as owing_riders,
      sum(part_minor + (place <= rest)::int)::int8 as due_minor
    from rounded where $3::text is null or operator_id = $3
    group by 1, 2, 3 order by 1, 2, 3 limit $4
    """

  /// Debts by their age when the days ended, or now while they last.
  static let debtAgesSQL = """
    with \(owing)
    select case when age <= 7 then '0-7' when age <= 30 then '8-30' when age <= 90 then '31-90'
        else '91+' end as age_days, currency, count(*) as windows,
      sum(due_minor)::int8 as due_minor
    from (
      select *, floor(extract(epoch from {until} - declined_at) / 86400) as age from owing
      where due_minor > 0) w
    where $3::text is null group by 1, 2 order by min(age), 2 limit $4
    """

  /// Debts one by one.
  static let debtWindowsSQL = """
    with \(owing)
    select window_id::text as window, fare_day, declined_at, declines, decline_code, currency,
      amount_minor, captured_minor, written_off_minor, due_minor
    from owing where (due_minor > 0 or written_off_minor > 0) and $3::text is null
    order by fare_day, owing.window_id limit $4
    """

  /// What stored value should have paid, by rider and fare day, and balances below nothing.
  static let debtStoredValueSQL = """
    select * from (
      select 'short' as debt, a.rider_id::text as rider, d.fare_day as since, a.currency,
        d.due_minor - d.paid_minor as due_minor
      from wallet_day d join wallet_account a using (account_id)
      where d.paid_minor < d.due_minor and d.fare_day between $1 and $2 and a.closed_at is null
      union all
      select 'no account', r.rider_id::text, r.fare_day, r.currency, sum(r.charged_minor)::int8
      from (
        select lane, rider_id, fare_day from fare_day
        where owes and fare_day between $1 and $2) f
      join ride r using (lane, rider_id, fare_day)
      where r.reversed_run_id is null and r.charged_minor > 0 and \(WalletTables.isUnpaid)
      group by r.rider_id, r.fare_day, r.currency
      union all
      select 'below nothing', a.rider_id::text, l.since, a.currency, -a.balance_minor
      from wallet_account a
      cross join lateral (
        select coalesce(a.denied_since, a.opened_at) as moment) d
      cross join lateral (
        select $1::date + max(place)::int - 1 as since
        from unnest({starts}) with ordinality as s (start, place) where start <= d.moment) l
      where a.balance_minor < 0 and a.closed_at is null and d.moment >= {start}
        and d.moment < {end}) s
    where $3::text is null order by since, debt, rider, currency limit $4
    """

  /// How long cards were on the deny list after a decline or a failed first check, of those that came off it on the
  /// days, by what brought them off, and of those that were still on it when the days ended, or now while they last.
  ///
  /// A card that failed its first check and is declined afterwards stays on it by the first of these.
  static let debtRecoveriesSQL = """
    select case when recovered_at < {until} then recovered_by else 'none' end as recovered_by,
      count(*) as cards,
      round(percentile_cont(0.5) within group (order by minutes))::int8 as denied_minutes,
      round(max(minutes))::int8 as denied_minutes_max
    from (
      select *, extract(epoch from least(recovered_at, {until}) - denied_at)::float8 / 60 as minutes
      from card_denial
      where denied_at < {until}
        and (recovered_at is null or recovered_at >= {start})) d
    where $3::text is null group by 1 order by 1 limit $4
    """
}
