package import Basics
import Postgres

extension RatingTables {
  /// Writes down what a rating left of days that had no row; false when somebody made one meanwhile,
  /// and the transaction is of no more use then.
  ///
  /// Whoever marks a day as stale makes its row: the day then has to be rated by what stands in it.
  /// That is seldom, and so they are copied, for half of what it costs to insert rows that may be there.
  package func begin(
    _ days: [RatedDayRow], lane: Int16, at: Instant
  ) async throws -> Bool {
    guard !days.isEmpty else { return true }
    var rows = CopyRows(columnCount: 9)
    rows.reserve(bytes: days.count * Self.bytesPerDay)
    for day in days.sorted(by: { $0.day < $1.day }) {
      try rows.appendRow { (row: inout CopyFields) throws(PostgresError) in
        row.int2(lane)
        row.identifier(day.day.rider)
        try row.date(day.day.fareDay)
        try row.bytea(day.stateAfter)
        try row.text(day.tariffVersion)
        row.bool(day.hasOpenRide)
        try row.timestamptz(at)
        row.bool(day.owes)
        row.int8(day.feedID)
      }
    }
    do {
      try await connection.copyIn(
        """
        copy fare_day (lane, rider_id, fare_day, state_after, tariff_version, open_ride, rated_at,
          owes, feed_id) from stdin (format binary)
        """, rows)
      return true
    } catch let error as PostgresError where error.isUniqueViolation {
      return false
    }
  }

  /// About what a row takes on its way; more is made room for as it comes.
  private static let bytesPerDay = 120

  /// Writes down what a rating left, and marks the next day of a rider whose state changed.
  package func finish(
    _ days: [RatedDayRow], lane: Int16, at: Instant
  ) async throws {
    guard !days.isEmpty else { return }
    let ordered = days.sorted { $0.day < $1.day }
    let keys: [PostgresValue] = [
      .int2(lane), .identifiers(ordered.map { Optional($0.day.rider) }),
      .dates(ordered.map { Optional($0.day.fareDay) }),
    ]
    try await connection.execute(
      """
      update fare_day f set stale_since = null, stale_reason = null, stale_cause = null, state_after = c.state,
        tariff_version = c.version, open_ride = c.open, rated_at = $7, owes = c.owes, feed_id = c.feed
      from unnest($2::uuid[], $3::date[], $4::bytea[], $5::text[], $6::bool[], $8::bool[], $9::int8[])
        as c(rider_id, fare_day, state, version, open, owes, feed)
      where f.lane = $1 and f.rider_id = c.rider_id and f.fare_day = c.fare_day
      """,
      keys + [
        .byteas(ordered.map { Optional($0.stateAfter) }),
        .texts(ordered.map { Optional($0.tariffVersion) }),
        .bools(ordered.map { Optional($0.hasOpenRide) }), .timestamptz(at),
        .bools(ordered.map { Optional($0.owes) }), .int8s(ordered.map(\.feedID)),
      ])
    let changed = ordered.filter(\.stateChanged)
    guard !changed.isEmpty else { return }
    try await connection.execute(
      """
      update fare_day f set stale_since = least(f.stale_since, $4),
        stale_cause = coalesce(f.stale_cause, 'earlier_day')
      from (
        select c.rider_id, (
          select min(n.fare_day) from fare_day n
          where n.lane = $1 and n.rider_id = c.rider_id and n.fare_day > c.fare_day) as fare_day
        from unnest($2::uuid[], $3::date[]) as c(rider_id, fare_day)) as next
      where f.lane = $1 and f.rider_id = next.rider_id and f.fare_day = next.fare_day
      """,
      [
        .int2(lane), .identifiers(changed.map { Optional($0.day.rider) }),
        .dates(changed.map { Optional($0.day.fareDay) }), .timestamptz(at),
      ])
  }

  /// Marks the day after as stale where a ride is still open and no later tap came to end it.
  ///
  /// Only days before one are looked at: until then the tap that ends the ride may still come.
  package func markOpenRides(lane: Int16, before day: Day, at: Instant) async throws {
    try await connection.execute(
      """
      insert into fare_day (lane, rider_id, fare_day, stale_since, stale_cause)
      select f.lane, f.rider_id, f.fare_day + 1, $3, 'open_ride'
      from fare_day f
      where f.lane = $1 and f.open_ride and f.fare_day < $2 and not exists (
        select from fare_day n
        where n.lane = f.lane and n.rider_id = f.rider_id and n.fare_day > f.fare_day)
      order by f.fare_day, f.rider_id
      on conflict do nothing
      """, [.int2(lane), .date(day), .timestamptz(at)])
  }
}
