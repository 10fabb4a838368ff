import Basics
import Postgres

/// Charge windows against the rides that they charge.
extension BookProofTables {
  /// Days of riders that wait for an account to be charged, as a list of SQL.
  private static let waitingDays = "(select lane, rider_id, fare_day from charge_day_waiting)"

  /// What windows of some days are over, and what was given up of erased riders.
  private static func charged(where isMeant: String) -> String {
    """
    select lane, rider_id, fare_day, currency, minor from (
      select lane, rider_id, fare_day, currency, amount_minor as minor from charge_window
      union all
      select lane, rider_id, fare_day, currency, minor from erased_fare
      where not is_stored_value) w
    where (lane, rider_id, fare_day) not in \(waitingDays) and \(isMeant)
    """
  }

  /// What bank-card rides of some days come to, of days that are closed.
  private static func ridden(where isMeant: String) -> String {
    """
    select lane, rider_id, fare_day, currency, charged_minor as minor from ride
    where reversed_run_id is null and medium in \(ChargingTables.chargedMedia)
      -- Days before the first closed one have windows too, of the runs that rated them.
      and (fare_day <= (select max(fare_day) from charge_day)
        or exists (select from erased_fare e where e.lane = ride.lane
          and e.rider_id = ride.rider_id and e.fare_day = ride.fare_day
          and not e.is_stored_value))
      and (lane, rider_id, fare_day) not in \(waitingDays) and \(isMeant)
    """
  }

  /// Closed fare days whose charge windows, with what was given up of erased riders, do not come to the
  /// bank-card rides: the lane, and where that comes to the same the riders.
  ///
  /// Lanes in which a day waits for its rating, or a run for its windows, are left out, and so are
  /// riders' days that wait for an account to be charged.
  package func chargesThatDiffer(countMax: Int) async throws -> [String] {
    let mark = SumMark.of("minor", number: SumMark.number(ofRider: "rider_id"))
    let rows = try await connection.query(
      """
      with windows as (
        select lane, fare_day, currency, sum(minor) as minor, \(mark) as mark
        from (\(Self.charged(where: "true"))) w group by 1, 2, 3),
      rides as (
        select lane, fare_day, currency, sum(minor) as minor, \(mark) as mark
        from (\(Self.ridden(where: "true"))) r group by 1, 2, 3),
      waiting as (
        select lane, fare_day from rider_day_waiting
        union
        select r.lane, r.fare_day from clearing_run c join ride r on r.run_id = c.run_id
        where c.windowed_at is null
        union
        select r.lane, r.fare_day from clearing_run c join ride r on r.reversed_run_id = c.run_id
        where c.windowed_at is null)
      select lane, fare_day, currency, case when coalesce(w.minor, 0) <> coalesce(r.minor, 0) then
        format('charge windows of %s in lane %s: %s %s, the rides come to %s', fare_day, lane,
          coalesce(w.minor, 0), currency, coalesce(r.minor, 0)) end as what
      from windows w full join rides r using (lane, fare_day, currency)
      where (coalesce(w.minor, 0) <> coalesce(r.minor, 0) or \(SumMark.differ("w.mark", "r.mark")))
        and (lane, fare_day) not in (select lane, fare_day from waiting)
      order by what, fare_day, lane
      """, [])
    let lanes = try rows.compactMap { try $0.textOrNil("what") }
    let even = try rows.filter { try $0.textOrNil("what") == nil }
    guard !even.isEmpty, lanes.count < countMax else { return Array(lanes.prefix(countMax)) }
    return try await lanes
      + ridersThatDiffer(
        lanes: even.map { try $0.int2("lane") }, days: even.map { try $0.date("fare_day") },
        currencies: even.map { try $0.text("currency") }, countMax: countMax - lanes.count)
  }

  /// Riders of lanes' days whose windows do not come to their rides.
  ///
  /// Merges and erasures carry windows and rides together. Only what earlier programs left with a rider who was
  /// merged, and who went with the other, has a number of chance for each window: all of these are taken for one
  /// rider.
  private func ridersThatDiffer(
    lanes: [Int16], days: [Day], currencies: [String], countMax: Int
  ) async throws -> [String] {
    func sums(of rows: String) -> String {
      """
      select lane, fare_day, currency, who, sum(minor) as minor from (
        select s.*, case when exists (select from rider k where k.rider_id = s.rider_id)
          then s.rider_id::text else 'nobody who is known' end as who
        from (\(rows)) s join asked using (lane, fare_day, currency)) s
      group by 1, 2, 3, 4
      """
    }
    let isMeant = "fare_day = any($2)"
    let rows = try await connection.query(
      """
      with asked as (
        select * from unnest($1::int2[], $2::date[], $3::text[]) as a (lane, fare_day, currency)),
      windows as (\(sums(of: Self.charged(where: isMeant)))),
      rides as (\(sums(of: Self.ridden(where: isMeant))))
      select format('charge windows of %s in lane %s of rider %s: %s %s, the rides come to %s',
        fare_day, lane, who, coalesce(w.minor, 0), currency, coalesce(r.minor, 0))
      from windows w full join rides r using (lane, fare_day, currency, who)
      where coalesce(w.minor, 0) <> coalesce(r.minor, 0)
      order by 1 limit $4
      """,
      [
        .int2s(lanes.map(Optional.some)), .dates(days.map(Optional.some)),
        .texts(currencies.map(Optional.some)), .int8(Int64(countMax)),
      ])
    return try rows.map { try $0.text(0) }
  }
}
