package import Basics
import Postgres
import Transit

extension StoreSession {
  /// Rider-days on their way through the tariff.
  package var rating: RatingTables { RatingTables(connection: connection) }
}

/// What rating reads and writes: stale rider-days in, rides and states out.
package struct RatingTables {
  let connection: PostgresConnection

  /// Claims the oldest stale rider-days of a lane, at most so many, with the states around them.
  ///
  /// A day that a sorter is adding taps to right now is left for the next pass.
  package func claimStaleDays(lane: Int16, countMax: Int) async throws -> [ClaimedDay] {
    let rows = try await connection.query(
      """
      with claimed as materialized (
        select lane, rider_id, fare_day, state_after from fare_day
        where lane = $1 and stale_since is not null
        order by fare_day, rider_id limit $2 for update skip locked)
      select c.rider_id, c.fare_day, c.state_after, coalesce(p.state_after, '') as state_before,
        p.fare_day as day_before
      from claimed c left join lateral (
        select f.fare_day, f.state_after from fare_day f
        where f.lane = c.lane and f.rider_id = c.rider_id and f.fare_day < c.fare_day
        order by f.fare_day desc limit 1) p on true
      order by c.fare_day, c.rider_id
      """, [.int2(lane), .int8(Int64(countMax))])
    return try rows.map { row in
      let rider: RiderID = try row.identifier("rider_id")
      return ClaimedDay(
        day: RiderDay(rider: rider, fareDay: try row.date("fare_day")),
        stateAfter: try row.bytea("state_after"), stateBefore: try row.bytea("state_before"),
        dayBefore: try row.dateOrNil("day_before").map { RiderDay(rider: rider, fareDay: $0) })
    }
  }

  /// Lanes in which rider-days are stale, or rides still open.
  package func lanesWaiting() async throws -> [Int16] {
    let rows = try await connection.query(
      """
      select distinct lane from fare_day where stale_since is not null or open_ride order by lane
      """)
    return try rows.map { try $0.int2(0) }
  }

  /// The accepted taps of rider-days, in no particular order.
  package func taps(lane: Int16, days: [RiderDay]) async throws -> [TapRow] {
    let rows = try await connection.query(
      """
      select \(Self.tapColumns)
      from unnest($2::uuid[], $3::date[]) as c(rider_id, fare_day)
      join tap t on t.lane = $1 and t.rider_id = c.rider_id and t.fare_day = c.fare_day
      where t.accepted and t.fare_day between $4 and $5
      """, Self.parameters(lane: lane, days: days))
    return try rows.map(Self.tap)
  }

  /// The boarding tap of a rider at a moment: where a ride began that an earlier day carried over.
  package func boardingTap(of rider: RiderID, at: Instant) async throws -> TapRow? {
    let rows = try await connection.query(
      """
      select \(Self.tapColumns) from tap t
      where t.lane = $1 and t.rider_id = $2 and t.tapped_at = $3 and t.kind <> 'off' and t.accepted
        and t.fare_day between $4 and $5
      order by t.device_id, t.epoch, t.seq limit 1
      """,
      [
        .int2(Lane.of(rider)), .identifier(rider), .timestamptz(at),
        .date(Day(number: Int(at.seconds / 86_400) - 2)),
        .date(Day(number: Int(at.seconds / 86_400) + 2)),
      ])
    return try rows.first.map(Self.tap)
  }

  static let tapColumns = """
    t.fare_day, t.rider_id, t.tapped_at, t.device_at, t.device_id, t.epoch, t.seq, t.medium_id,
    t.kind, t.medium, t.riders, t.vehicle, t.route, t.direction, t.trip, t.stop, t.zone, t.latitude,
    t.longitude, t.batch_id, t.received_at
    """

  /// The rides of rider-days that stand, those not reversed.
  package func standingRides(lane: Int16, days: [RiderDay]) async throws -> [StandingRide] {
    let rows = try await connection.query(
      """
      select r.* from unnest($2::uuid[], $3::date[]) as c(rider_id, fare_day)
      join ride r on r.lane = $1 and r.rider_id = c.rider_id and r.fare_day = c.fare_day
      where r.reversed_run_id is null and r.fare_day between $4 and $5
      """, Self.parameters(lane: lane, days: days))
    return try rows.map { row in
      StandingRide(rideID: try row.int8("ride_id"), ride: try RideColumns.ride(row))
    }
  }

  /// The categories riders have a proof for.
  package func entitlements(of riders: Set<RiderID>) async throws -> [EntitlementRow] {
    let rows = try await connection.query(
      """
      select rider_id, category, valid_from, valid_to from entitlement
      where rider_id = any($1) order by rider_id, valid_from, category
      """, [.identifiers(riders.sorted().map(Optional.some))])
    return try rows.map { row in
      EntitlementRow(
        rider: try row.identifier("rider_id"), category: try row.text("category"),
        validFrom: try row.date("valid_from"), validTo: try row.dateOrNil("valid_to"))
    }
  }

  /// Records a proof of a category; the same proof again is harmless.
  package func add(
    _ category: String, of rider: RiderID, from: Day, to: Day?, proof: String?, at: Instant
  ) async throws {
    try await connection.execute(
      """
      insert into entitlement (rider_id, category, valid_from, valid_to, proof, recorded_at)
      values ($1, $2, $3, $4, $5, $6)
      on conflict (rider_id, category, valid_from) do update
        set valid_to = excluded.valid_to, proof = excluded.proof
      """,
      [
        .identifier(rider), .text(category), .date(from), .orNull(to, PostgresValue.date),
        .orNull(proof, PostgresValue.text), .timestamptz(at),
      ])
  }

  /// Marks all days of a rider from one day on as stale; the number of days marked.
  @discardableResult
  package func markStale(
    rider: RiderID, from: Day, to: Day?, reason: String, at: Instant
  ) async throws -> Int {
    try await connection.execute(
      """
      update fare_day set stale_since = least(stale_since, $5), stale_reason = $6
      where lane = $1 and rider_id = $2 and fare_day >= $3 and ($4::date is null or fare_day <= $4)
      """,
      [
        .int2(Lane.of(rider)), .identifier(rider), .date(from), .orNull(to, PostgresValue.date),
        .timestamptz(at), .text(reason),
      ])
  }

  /// Marks the days of all riders from one day on as stale: a mended tariff; the number marked.
  @discardableResult
  package func markAllStale(from: Day, reason: String, at: Instant) async throws -> Int {
    try await connection.execute(
      """
      update fare_day set stale_since = least(stale_since, $2), stale_reason = $3
      where fare_day >= $1
      """, [.date(from), .timestamptz(at), .text(reason)])
  }

  /// Adds rides of a run.
  package func insert(_ rides: [RideRow], runID: Int64) async throws {
    guard !rides.isEmpty else { return }
    var rows = CopyRows(columnCount: RideColumns.names.count)
    for ride in rides { try rows.append(RideColumns.values(ride, runID: runID)) }
    try await connection.copyIn(
      "copy ride (\(RideColumns.names.joined(separator: ", "))) from stdin (format binary)", rows)
  }

  /// Reverses rides that no longer hold.
  package func reverse(_ rides: [StandingRide], lane: Int16, runID: Int64) async throws {
    guard !rides.isEmpty else { return }
    let changed = try await connection.execute(
      """
      update ride r set reversed_run_id = $4
      from unnest($2::date[], $3::int8[]) as c(fare_day, ride_id)
      where r.lane = $1 and r.fare_day = c.fare_day and r.ride_id = c.ride_id
        and r.reversed_run_id is null
      """,
      [
        .int2(lane), .dates(rides.map { Optional($0.ride.day.fareDay) }),
        .int8s(rides.map { Optional($0.rideID) }), .int8(runID),
      ])
    precondition(changed == rides.count, "a ride was reversed twice")
  }

  /// Writes down what a rating left, and marks the next day of a rider whose state changed.
  package func finish(_ days: [RatedDayRow], lane: Int16, at: Instant) async throws {
    let ordered = days.sorted { $0.day < $1.day }
    let keys: [PostgresValue] = [
      .int2(lane), .identifiers(ordered.map { Optional($0.day.rider) }),
      .dates(ordered.map { Optional($0.day.fareDay) }),
    ]
    try await connection.execute(
      """
      update fare_day f set stale_since = null, stale_reason = null, state_after = c.state,
        tariff_version = c.version, open_ride = c.open, rated_at = $7
      from unnest($2::uuid[], $3::date[], $4::bytea[], $5::text[], $6::bool[])
        as c(rider_id, fare_day, state, version, open)
      where f.lane = $1 and f.rider_id = c.rider_id and f.fare_day = c.fare_day
      """,
      keys + [
        .byteas(ordered.map { Optional($0.stateAfter) }),
        .texts(ordered.map { Optional($0.tariffVersion) }),
        .bools(ordered.map { Optional($0.hasOpenRide) }), .timestamptz(at),
      ])
    let changed = ordered.filter(\.stateChanged)
    guard !changed.isEmpty else { return }
    try await connection.execute(
      """
      update fare_day f set stale_since = least(f.stale_since, $4),
        stale_reason = 'an earlier day ends differently'
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
      insert into fare_day (lane, rider_id, fare_day, stale_since, stale_reason)
      select f.lane, f.rider_id, f.fare_day + 1, $3, 'a ride was never ended'
      from fare_day f
      where f.lane = $1 and f.open_ride and f.fare_day < $2 and not exists (
        select from fare_day n
        where n.lane = f.lane and n.rider_id = f.rider_id and n.fare_day > f.fare_day)
      order by f.fare_day, f.rider_id
      on conflict do nothing
      """, [.int2(lane), .date(day), .timestamptz(at)])
  }

  /// Lane, riders, days, and the first and last day, by which partitions are left out.
  private static func parameters(lane: Int16, days: [RiderDay]) -> [PostgresValue] {
    let dates = days.map(\.fareDay)
    return [
      .int2(lane), .identifiers(days.map { Optional($0.rider) }), .dates(dates.map(Optional.some)),
      .date(dates.min() ?? Day(number: 0)), .date(dates.max() ?? Day(number: 0)),
    ]
  }

  static func tap(_ row: PostgresRow) throws -> TapRow {
    var tap = TapRow(
      name: TapName(
        device: try row.text("device_id"), epoch: try row.int8("epoch"), seq: try row.int8("seq")),
      fareDay: try row.date("fare_day"), rider: try row.identifier("rider_id"),
      medium: try row.identifier("medium_id"), at: try row.timestamptz("tapped_at"),
      deviceAt: try row.timestamptz("device_at"), kind: try row.word("kind"),
      mediumKind: try row.word("medium"),
      riders: try row.int("riders"), batchID: try row.int8("batch_id"),
      receivedAt: try row.timestamptz("received_at"))
    tap.vehicle = try row.textOrNil("vehicle")
    tap.route = try row.textOrNil("route")
    tap.direction = try row.intOrNil("direction")
    tap.trip = try row.textOrNil("trip")
    tap.stop = try row.textOrNil("stop")
    tap.zone = try row.textOrNil("zone")
    if let latitude = try row.float8OrNil("latitude"),
      let longitude = try row.float8OrNil("longitude")
    {
      tap.coordinate = Coordinate(latitude: latitude, longitude: longitude)
    }
    return tap
  }
}

extension PostgresRow {
  /// One of a closed list of words, as a table constraint keeps it.
  func word<Word: RawRepresentable<String>>(_ column: String) throws -> Word {
    let text = try text(column)
    guard let word = Word(rawValue: text) else {
      throw StoreFault.unknownWord(text, column: column)
    }
    return word
  }
}

extension StoreFault {
  /// A column holds a word that this program does not know: it is older than the database.
  static func unknownWord(_ word: String, column: String) -> StoreFault {
    StoreFault(
      kind: .damaged,
      "column \(column) holds \"\(word)\", which this program does not know: is it older than the database?"
    )
  }
}
