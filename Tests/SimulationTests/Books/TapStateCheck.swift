import Store

/// Puts each tap of the database in its state, one by one, and compares their number with what the service
/// says: it counts what is open and takes the rest from sums.
enum TapStateCheck {
  static func findings(_ house: BooksHouse) async throws -> [String] {
    let counts = try await house.store.read { db in try await db.tapStates.counts() }
    let told = counts.counts.filter { $0.value != 0 }.map { "\($0.key.rawValue) \($0.value)" }
    let found = try await house.texts(
      "select state || ' ' || count(*) from (\(perTap)) t group by state")
    return
      (counts.missing == 0 ? [] : ["\(counts.missing) taps are in no state or in two"])
      + (told.sorted() == found.sorted()
        ? [] : ["states of taps are told as \(told.sorted()), and are \(found.sorted())"])
  }

  private static let perTap = """
    select case when not t.accepted then 'denied'
        when t.medium in ('bank', 'phone') and w.open > 0 then 'billed'
        when t.medium in ('bank', 'phone') and w.given_up > 0 then 'written_off'
        when t.medium in ('bank', 'phone') and w.windows > 0 then 'settled'
        when r.rider_id is not null then 'sorted'
        when exists (select from ride x where x.lane = t.lane and x.rider_id = t.rider_id
          and x.fare_day = t.fare_day and x.charged_minor is null and x.reversed_run_id is null)
          then 'rated'
        when f.open_ride and f.fare_day = (select max(fare_day) from fare_day n
          where n.lane = t.lane and n.rider_id = t.rider_id) then 'rated'
        when t.medium in ('bank', 'phone') then case
          when not exists (select from charge_day d where d.fare_day = t.fare_day)
            or exists (select from charge_day_waiting c where c.lane = t.lane
              and c.rider_id = t.rider_id and c.fare_day = t.fare_day) then 'rated'
          else 'settled' end
        when exists (select from wallet_account a join wallet_day d using (account_id)
          where a.lane = t.lane and a.rider_id = t.rider_id and d.fare_day = t.fare_day
            and a.closed_at is null and d.paid_minor <> d.due_minor) then 'billed'
        when f.owes then 'rated' else 'settled' end as state
    from tap t
    left join fare_day f on f.lane = t.lane and f.rider_id = t.rider_id and f.fare_day = t.fare_day
    left join (select distinct lane, rider_id, fare_day from rider_day_waiting) r
      on r.lane = t.lane and r.rider_id = t.rider_id and r.fare_day = t.fare_day
    cross join lateral (
      select count(*) as windows,
        count(*) filter (where state not in ('settled', 'nothing', 'netted', 'written_off')) as open,
        count(*) filter (where state = 'written_off') as given_up
      from charge_window c where c.lane = t.lane and c.rider_id = t.rider_id
        and c.fare_day = t.fare_day) w
    union all
    select 'discarded' from tap_held where state = 'discarded'
    union all
    select case state when 'held' then 'quarantined' else 'unsorted' end from tap_held
    where state <> 'discarded'
    """
}
