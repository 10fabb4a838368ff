package import Basics
import Postgres

extension StoreSession {
  /// Where taps are on their way from the journal to the bank.
  package var tapStates: TapStateTables { TapStateTables(connection: connection) }
}

/// Where a tap is on its way: each tap of the journal is in exactly one of these.
package enum TapState: String, Sendable, CaseIterable {
  /// In a batch that waits for the sorter.
  case unsorted
  /// In a batch that the sorter could not read.
  case setAside = "set_aside"
  /// Impossible; waits for a person.
  case quarantined
  /// Impossible, and discarded by a person.
  case discarded
  /// Under its rider's fare day, which waits for its rating.
  case sorted
  /// Nobody was let in: there is nothing to charge.
  case denied
  /// Its ride has a fare, or a reason why none is known.
  case rated
  /// Its ride is in a payment that is not funded yet.
  case billed
  /// Its ride is paid, or its day comes to nothing.
  case settled
  /// Its ride with a bank card or phone was given up as a debt. Of stored value a balance is given up and
  /// not a ride: its taps are settled then.
  case writtenOff = "written_off"
}

/// How many taps are where, at one moment.
package struct TapStateCounts: Sendable, Equatable {
  /// Taps that the journal took, by its own counters.
  package var journalled: Int64 = 0
  package var counts: [TapState: Int64] = [:]
  /// Other contents under numbers that the journal has: kept beside, in none of the states.
  package var conflicts: Int64 = 0

  /// Starts at nothing.
  package init() {}

  /// Taps of the journal that are in none of the states, or in two: none when all is well.
  package var missing: Int64 { journalled - counts.values.reduce(0, +) }
}

/// A tap, or taps of one batch or rider-day, that do not go on by themselves.
package struct StuckTaps: Sendable, Equatable {
  package let state: TapState
  /// Where to look: a batch, a tap, or a rider's day.
  package let place: String
  package let taps: Int64
  /// Since when.
  package let since: Instant
  package let reason: String
}

/// Where taps are on their way from the journal to the bank.
package struct TapStateTables {
  /// Most places in a list of one state.
  package static let stuckMax = 200
  /// Most places that a list of one state goes on after.
  package static let skippedMax = 1_000_000

  let connection: PostgresConnection

  /// Rides whose fare is not known, by the sums that say on which days there are any.
  static let unknownFares = """
    select r.* from (
      select fare_day, lane from ride_sum group by fare_day, lane having sum(unknown_rides) > 0) d
    join ride r on r.fare_day = d.fare_day and r.lane = d.lane and r.charged_minor is null
      and r.reversed_run_id is null
    """

  /// What is rated and does not go on.
  ///
  /// A fare that is not known can never be billed: the tariff or the network lacks something. What is
  /// charged and has nobody to pay it waits for a top-up, or for the payment account of a phone: of that is told what
  /// is known now, as `reconciliation` does. The order is that in which the oldest of each are picked, so that a list
  /// goes on where it ended.
  private static let ratedSQL = """
    select * from (
      (select concat_ws(' ', 'tap', r.device_id, r.epoch, r.seq) as place, 1::int8 as taps,
        c.started_at as since, 'fare not known: ' || r.reason as reason,
        c.started_at as placed_at, 0 as kind, null::int2 as lane, null::uuid as rider_id
      from (\(unknownFares)) r join clearing_run c on c.run_id = r.run_id
      order by 3, 1 limit $1)
      union all
      select 'rider ' || f.rider_id || ' on ' || f.fare_day, count(*), min(t.tapped_at),
        'charged, and no stored value pays', f.fare_day, 1, f.lane, f.rider_id
      from (
        select lane, rider_id, fare_day from fare_day where owes and stale_since is null
        order by fare_day, lane, rider_id limit $1) f
      join tap t using (lane, rider_id, fare_day)
      where t.accepted and t.medium in \(WalletTables.media)
      group by f.rider_id, f.fare_day, f.lane
      union all
      select 'rider ' || w.rider_id || ' on ' || w.fare_day, count(*), min(t.tapped_at),
        case when \(ChargingTables.isWithoutAccount("w.rider_id"))
          then 'charged, and no payment account is known of the phone'
          else 'rated after its day was closed, and its windows wait for the difference' end,
        w.fare_day, 2, w.lane, w.rider_id
      from (
        select lane, rider_id, fare_day from charge_day_waiting
        order by fare_day, lane, rider_id limit $1) w
      join tap t using (lane, rider_id, fare_day)
      where t.accepted and t.medium in \(ChargingTables.chargedMedia)
      group by w.rider_id, w.fare_day, w.lane) s
    order by placed_at, kind, lane, rider_id, place limit $1
    """

  /// What waits for the acquirer or for a top-up: of the windows of a day the first that is open.
  ///
  /// The oldest windows are picked before their taps are looked for: each has one at least. The order is that in
  /// which they are picked, so that a list goes on where it ended.
  private static let billedSQL = """
    select concat_ws(' ', 'tap', device_id, epoch, seq) as place, 1::int8 as taps, since, reason from (
      select t.device_id, t.epoch, t.seq, w.closed_at as since, w.window_id,
        'charge window ' || w.window_id || ' is ' || w.state || coalesce(': ' || w.decline_code, '')
          as reason
      from (
        select * from (
          select distinct on (lane, rider_id, fare_day) * from (\(openWindows)) o
          where state <> 'written_off' order by lane, rider_id, fare_day, number) f
        order by closed_at, window_id limit $1) w
      join tap t using (lane, rider_id, fare_day)
      where t.accepted and t.medium in \(ChargingTables.chargedMedia)
      union all
      select t.device_id, t.epoch, t.seq, t.tapped_at, null,
        'account ' || d.account_id || ' lacks ' || d.lacking_minor || ' minor units for the day'
      from (\(shortDays)) d join tap t using (lane, rider_id, fare_day)
      where t.accepted and t.medium in \(WalletTables.media)) b
    order by since, window_id, device_id, epoch, seq limit $1
    """

  /// Those places of a state that have waited longest at a moment, after so many others.
  package func stuck(
    in state: TapState, after skipped: Int = 0, at now: Instant, of city: City,
    countMax: Int = stuckMax
  ) async throws -> [StuckTaps] {
    guard let sql = Self.stuckSQL(state) else { return [] }
    let limit = skipped + countMax
    let days =
      state == .rated
      ? try await daysNotClosed(before: city.fareDay(of: now), of: city, countMax: limit) : []
    // The days come first. What is skipped stays in the database: it may be a million places.
    let rest = max(skipped - days.count, 0)
    let rows = try await connection.query(
      "select * from (\(sql)) as stuck offset \(rest)", [.int8(Int64(limit))])
    let stuck = try rows.map { row in
      StuckTaps(
        state: state, place: try row.text("place"), taps: try row.int8("taps"),
        since: try row.timestamptz("since"), reason: try row.text("reason"))
    }
    let page = (days.dropFirst(skipped) + stuck).prefix(countMax)
    guard state == .rated else { return Array(page) }
    return page.sorted { ($0.since, $0.place) < ($1.since, $1.place) }
  }

  /// Fare days that are over and whose charge windows are not closed, with the bank taps that wait for them.
  ///
  /// As the counts have it: of all taps of the day, those are left out that wait for their rating, are in
  /// an open window, or in any window of a day before the first one whose windows were closed. Such days stay so
  /// for good, and are one line: they take the room of nothing else.
  private func daysNotClosed(
    before today: Day, of city: City, countMax: Int
  ) async throws -> [StuckTaps] {
    let rows = try await connection.query(
      Self.daysNotClosedSQL, [.int8(Int64(countMax)), .date(today)])
    return try rows.map { row in
      let (first, last) = (try row.date("first_day"), try row.date("last_day"))
      return StuckTaps(
        state: .rated, place: first == last ? "fare day \(first)" : "fare days \(first) to \(last)",
        taps: try row.int8("taps"), since: city.hours(of: first).upperBound,
        reason: try row.bool("is_before_all")
          ? "before the first day whose windows were closed"
          : "the windows of the day are not closed")
    }
  }

  private static let daysNotClosedSQL = """
    with first_closed as (select coalesce(min(fare_day), '-infinity') as day from charge_day),
    past as materialized (
      select fare_day, sum(accepted - stored_value)::int8 as taps from tap_sum s
      where fare_day < $2 and not exists (select from charge_day c where c.fare_day = s.fare_day)
      group by fare_day having sum(accepted - stored_value) > 0),
    elsewhere as (
      select lane, rider_id, fare_day from (\(openWindows)) o
      union
      select lane, rider_id, fare_day from charge_window
      where fare_day < coalesce((select min(fare_day) from charge_day), 'infinity')
      union
      select lane, rider_id, fare_day from rider_day_waiting w where not \(hasWindow("w"))),
    elsewhere_tap as (
      select fare_day, count(*) as taps
      from past join elsewhere using (fare_day) join tap t using (lane, rider_id, fare_day)
      where t.accepted and t.medium in \(ChargingTables.chargedMedia) group by fare_day)
    select min(fare_day) as first_day, max(fare_day) as last_day,
      sum(past.taps - coalesce(e.taps, 0))::int8 as taps, fare_day < c.day as is_before_all
    from past left join elsewhere_tap e using (fare_day) cross join first_closed c
    where past.taps > coalesce(e.taps, 0)
    group by is_before_all, case when fare_day >= c.day then fare_day end order by first_day limit $1
    """

  /// The list of a state; nil where taps are at their end and wait for nothing.
  private static func stuckSQL(_ state: TapState) -> String? {
    switch state {
    case .unsorted:
      """
      select place, taps, since, reason from (
        (select 'batch ' || batch_id || ' of ' || device_id as place, taps, received_at as since,
          'waits for sorting' as reason, batch_id, device_id, null::int8 as epoch, null::int8 as seq
        from unsorted_tap where not is_set_aside order by received_at, batch_id limit $1)
        union all
        (select concat_ws(' ', 'tap', device_id, epoch, seq), 1, received_at,
          'released from quarantine, waits for sorting', null, device_id, epoch, seq
        from tap_held where state = 'released' order by received_at, device_id, epoch, seq limit $1)) u
      order by since, batch_id, device_id, epoch, seq limit $1
      """
    case .setAside:
      """
      select 'batch ' || batch_id || ' of ' || device_id as place, taps, received_at as since,
        sort_fault as reason
      from unsorted_tap where is_set_aside order by received_at, batch_id limit $1
      """
    case .quarantined:
      """
      select concat_ws(' ', 'tap', device_id, epoch, seq) as place, 1::int8 as taps,
        received_at as since, code || ': ' || message as reason
      from tap_held where state = 'held' order by received_at, device_id, epoch, seq limit $1
      """
    case .sorted:
      """
      select 'rider ' || f.rider_id || ' on ' || f.fare_day as place, count(*) as taps,
        min(f.stale_since) as since,
        coalesce(min(f.stale_cause), 'tap') || coalesce(': ' || min(f.stale_reason), '') as reason
      from (
        select * from rider_day_waiting w
        where exists (select from tap t where t.fare_day = w.fare_day and t.rider_id = w.rider_id
          and t.lane = w.lane and t.accepted)
        order by stale_since, lane, fare_day, rider_id limit $1) f
      join tap t on t.fare_day = f.fare_day and t.rider_id = f.rider_id and t.lane = f.lane
        and t.accepted
      group by f.rider_id, f.fare_day, f.lane
      order by 3, f.lane, f.fare_day, f.rider_id limit $1
      """
    case .rated: ratedSQL
    case .billed: billedSQL
    case .denied, .discarded, .settled, .writtenOff: nil
    }
  }
}
