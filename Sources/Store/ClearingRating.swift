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
        select lane, rider_id, fare_day, state_after, rated_at, stale_cause from fare_day
        where lane = $1 and stale_since is not null
        order by fare_day limit $2 for update skip locked)
      select c.rider_id, c.fare_day, c.state_after, coalesce(p.state_after, ''), p.fare_day,
        c.rated_at is not null, c.stale_cause
      from claimed c left join lateral (
        select f.fare_day, f.state_after from fare_day f
        where f.lane = c.lane and f.rider_id = c.rider_id and f.fare_day < c.fare_day
        order by f.fare_day desc limit 1) p on true
      order by c.fare_day, c.rider_id
      """, [.int2(lane), .int8(Int64(countMax))])
    return try rows.map { row in
      var row = PostgresRowCursor(row)
      let rider: RiderID = try row.identifier()
      return ClaimedDay(
        day: RiderDay(rider: rider, fareDay: try row.date()), stateAfter: try row.bytea(),
        stateBefore: try row.bytea(),
        dayBefore: try row.dateOrNil().map { RiderDay(rider: rider, fareDay: $0) },
        wasRated: try row.bool(),
        cause: try row.textOrNil().flatMap(StaleCause.init(rawValue:)) ?? .tap)
    }
  }

  /// Lanes in which rider-days are stale, or rides still open.
  package func lanesWaiting() async throws -> [Int16] {
    let rows = try await connection.query(
      """
      select l::int2 from generate_series(0, $1 - 1) l
      where exists (select from fare_day where lane = l::int2 and stale_since is not null)
        or exists (select from tap_parcel where lane = l::int2)
        or exists (select from fare_day where lane = l::int2 and open_ride)
      order by l
      """, [.int4(Int32(Lane.count))])
    return try rows.map { try $0.int2(0) }
  }

  /// The accepted taps of rider-days, those of a day in the order of their names.
  ///
  /// With placed stops, a tap at which the validator named no stop has the one that was inferred; with
  /// `placedBy` the one that it would get by the network of that order. A tap whose stop a person
  /// corrected has that one; `supposing` are corrections as if they stood, where nil withdraws one.
  package func taps(
    lane: Int16, days: [RiderDay], withPlacedStops: Bool, placedBy order: Int64? = nil,
    supposing: [TapName: String?] = [:]
  ) async throws -> [[TapRow]] {
    let stop = withPlacedStops ? Self.placedStop(by: order) : "t.stop"
    let columns = Self.tapColumns.replacing("t.stop", with: stop)
    let rows = try await connection.query(
      """
      select t.*, c.n
      from unnest($2::uuid[], $3::date[]) with ordinality as c(rider_id, fare_day, n)
      cross join lateral (
        select \(columns) from tap t
        where t.lane = $1 and t.rider_id = c.rider_id and t.fare_day = c.fare_day and t.accepted
          and t.fare_day between $4 and $5 \(Self.byKey)) t
      """, Self.parameters(lane: lane, days: days))
    var taps = [[TapRow]](repeating: [], count: days.count)
    for row in rows {
      var cursor = PostgresRowCursor(row)
      let tap = try Self.tap(&cursor)
      taps[try cursor.int() - 1].append(tap)
    }
    // Taps that a tariff cannot tell apart keep the order of their names, however they came.
    for index in taps.indices where taps[index].count > 1 {
      taps[index].sort { $0.name < $1.name }
    }
    try await correct(&taps, of: days, supposing: supposing)
    return taps
  }

  /// The stop that a validator told, else the one that is inferred, by the network of an order if need be.
  private static func placedStop(by order: Int64?) -> String {
    let stop = order == nil ? "b.stop" : "case when p.order_id is null then b.stop else p.stop end"
    let other =
      order.map {
        """
        left join tap_placed_anew p on p.order_id = \($0) and p.rider_id = t.rider_id
            and p.fare_day = b.fare_day and p.device_id = b.device_id and p.epoch = b.epoch
            and p.seq = b.seq
        """
      } ?? ""
    return """
      coalesce(t.stop, (
        select \(stop) from boarding b \(other)
        where b.fare_day = t.fare_day and b.device_id = t.device_id
          and b.epoch = t.epoch and b.seq = t.seq and b.source <> 'corrected')) as stop
      """
  }

  /// Puts the stops that persons corrected in the place of those that were told or inferred.
  private func correct(
    _ taps: inout [[TapRow]], of days: [RiderDay], supposing: [TapName: String?]
  ) async throws {
    let dates = days.map(\.fareDay)
    guard let first = dates.min(), let last = dates.max() else { return }
    let corrections = StopCorrectionTables(connection: connection)
    var stops: [TapName: String] = try await corrections.stops(within: first...last)
      .mapValues(\.stop)
    for (name, stop) in supposing { stops[name] = stop }
    guard !stops.isEmpty else { return }
    for day in taps.indices {
      for index in taps[day].indices {
        guard let stop = stops[taps[day][index].name] else { continue }
        taps[day][index].stop = stop
        // They say where the validator believed to be, which was another place.
        taps[day][index].zone = nil
        taps[day][index].coordinate = nil
      }
    }
  }

  /// The boarding taps of riders at moments: where rides began that an earlier day carried over.
  package func boardingTaps(lane: Int16, of rides: [OvernightRide]) async throws
    -> [OvernightRide: TapRow]
  {
    guard let first = rides.map(\.startedAt).min(), let last = rides.map(\.startedAt).max() else {
      return [:]
    }
    let rows = try await connection.query(
      """
      select t.*, c.n
      from unnest($2::uuid[], $3::timestamptz[]) with ordinality as c(rider_id, tapped_at, n)
      cross join lateral (
        select \(Self.tapColumns) from tap t
        where t.lane = $1 and t.rider_id = c.rider_id and t.tapped_at = c.tapped_at
          and t.kind <> 'off' and t.accepted and t.fare_day between $4 and $5
        order by t.device_id, t.epoch, t.seq limit 1) t
      """,
      [
        .int2(lane), .identifiers(rides.map { Optional($0.rider) }),
        .timestamptzs(rides.map { Optional($0.startedAt) }),
        .date(Day(number: Int(first.seconds / 86_400) - 2)),
        .date(Day(number: Int(last.seconds / 86_400) + 2)),
      ])
    var taps: [OvernightRide: TapRow] = [:]
    for row in rows {
      var cursor = PostgresRowCursor(row)
      let tap = try Self.tap(&cursor)
      taps[rides[try cursor.int() - 1]] = tap
    }
    return taps
  }

  /// Keeps the planner from joining whole days where the rows of each rider are found by their key:
  /// what has an offset is worked out by itself.
  private static let byKey = "offset 0"

  static let tapColumns = """
    t.fare_day, t.rider_id, t.tapped_at, t.device_at, t.device_id, t.epoch, t.seq, t.medium_id,
    t.kind, t.medium, t.riders, t.vehicle, t.route, t.direction, t.trip, t.stop, t.zone, t.latitude,
    t.longitude, t.batch_id, t.received_at
    """

  /// The rides of rider-days that stand, those not reversed.
  package func standingRides(lane: Int16, days: [RiderDay]) async throws -> [StandingRide] {
    guard !days.isEmpty else { return [] }
    let rows = try await connection.query(
      """
      select r.ride_id, \(RideColumns.list(of: "r"))
      from unnest($2::uuid[], $3::date[]) as c(rider_id, fare_day)
      cross join lateral (
        select * from ride r
        where r.lane = $1 and r.rider_id = c.rider_id and r.fare_day = c.fare_day
          and r.reversed_run_id is null and r.fare_day between $4 and $5 \(Self.byKey)) r
      """, Self.parameters(lane: lane, days: days))
    return try rows.map { row in
      var cursor = PostgresRowCursor(row)
      return StandingRide(rideID: try cursor.int8(), ride: try RideColumns.ride(&cursor))
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
    rider: RiderID, from: Day, to: Day?, cause: StaleCause = .entitlement, reason: String,
    at: Instant
  ) async throws -> Int {
    try await connection.execute(
      """
      update fare_day set stale_since = least(stale_since, $5), stale_reason = $6, stale_cause = $7
      where lane = $1 and rider_id = $2 and fare_day >= $3 and ($4::date is null or fare_day <= $4)
      """,
      [
        .int2(Lane.of(rider)), .identifier(rider), .date(from), .orNull(to, PostgresValue.date),
        .timestamptz(at), .text(reason), .text(cause.rawValue),
      ])
  }

  /// Marks the days of some riders of a lane from one day on as stale, for an order; the number marked.
  ///
  /// In the order of their keys, as those who rate take them.
  package func markStale(
    _ riders: [RiderID], lane: Int16, from: Day, to: Day?, cause: StaleCause, reason: String,
    at: Instant
  ) async throws -> Int {
    try await connection.execute(
      """
      update fare_day f set stale_since = least(f.stale_since, $5), stale_reason = $6, stale_cause = $7
      from (
        select lane, rider_id, fare_day from fare_day
        where lane = $1 and rider_id = any($2) and fare_day >= $3
          and ($4::date is null or fare_day <= $4)
        order by lane, rider_id, fare_day for update) d
      where f.lane = d.lane and f.rider_id = d.rider_id and f.fare_day = d.fare_day
      """,
      [
        .int2(lane), .identifiers(riders.map(Optional.some)), .date(from),
        .orNull(to, PostgresValue.date), .timestamptz(at), .text(reason), .text(cause.rawValue),
      ])
  }

  /// The first and the last fare day with taps or rides; nil when none was rated yet.
  ///
  /// Kept sums know them by their keys: a day has taps, or it is the day after, on which a ride that was
  /// left open is given up.
  package func ratedSpan() async throws -> ClosedRange<Day>? {
    let row = try await connection.query(
      """
      select least((select min(fare_day) from tap_sum), (select min(fare_day) from ride_sum)),
        greatest((select max(fare_day) from tap_sum), (select max(fare_day) from ride_sum))
      where exists (select from fare_day where rated_at is not null)
      """
    ).onlyOrNil()
    guard let row, let first = try row.dateOrNil(0), let last = try row.dateOrNil(1) else {
      return nil
    }
    return first...last
  }

  /// Marks rider-days as stale whose taps got another stop than they were rated by.
  ///
  /// Days that are stale already are marked as well, and so are those whose taps are on their way: a
  /// rating that goes on right now may have read the stops before they changed.
  package func markPlaced(
    _ days: Set<RiderDay>, cause: StaleCause = .stop, reason: String? = nil, at: Instant
  ) async throws {
    guard !days.isEmpty else { return }
    let ordered = days.sorted()
    try await connection.execute(
      """
      insert into fare_day as f (lane, rider_id, fare_day, stale_since, stale_cause, stale_reason)
      select l, r, d, $4, $5, $6 from unnest($1::int2[], $2::uuid[], $3::date[]) as n(l, r, d)
      on conflict (lane, rider_id, fare_day) do update
        set stale_since = least(f.stale_since, excluded.stale_since),
          stale_cause = excluded.stale_cause, stale_reason = excluded.stale_reason
      """,
      [
        .int2s(ordered.map { Lane.of($0.rider) }), .identifiers(ordered.map { Optional($0.rider) }),
        .dates(ordered.map { Optional($0.fareDay) }), .timestamptz(at),
        .text(cause.rawValue), .orNull(reason, PostgresValue.text),
      ])
  }

  /// Adds rides of a run.
  package func insert(_ rides: [RideRow], runID: Int64) async throws {
    guard !rides.isEmpty else { return }
    var rows = CopyRows(columnCount: RideColumns.names.count)
    rows.reserve(bytes: rides.count * RideColumns.bytesPerRide)
    for place in rides.indices {
      try rows.appendRow { (row: inout CopyFields) throws(PostgresError) in
        try RideColumns.write(rides[place], runID: runID, to: &row)
      }
    }
    try await connection.copyIn(
      "copy ride (\(RideColumns.names.joined(separator: ", "))) from stdin (format binary)", rows)
  }

  /// Reverses rides that no longer hold.
  package func reverse(_ rides: [StandingRide], lane: Int16, runID: Int64) async throws {
    guard !rides.isEmpty else { return }
    let changed = try await connection.execute(
      """
      update ride r set reversed_run_id = $4
      from unnest($2::date[], $3::int8[], $5::uuid[]) as c(fare_day, ride_id, rider_id)
      where r.lane = $1 and r.rider_id = c.rider_id and r.fare_day = c.fare_day
        and r.ride_id = c.ride_id and r.reversed_run_id is null
      """,
      [
        .int2(lane), .dates(rides.map { Optional($0.ride.day.fareDay) }),
        .int8s(rides.map { Optional($0.rideID) }), .int8(runID),
        .identifiers(rides.map { Optional($0.ride.day.rider) }),
      ])
    precondition(changed == rides.count, "a ride was reversed twice")
  }

  /// Lane, riders, days, and the first and last day, by which partitions are left out.
  private static func parameters(lane: Int16, days: [RiderDay]) -> [PostgresValue] {
    let dates = days.map(\.fareDay)
    return [
      .int2(lane), .identifiers(days.map { Optional($0.rider) }), .dates(dates.map(Optional.some)),
      .date(dates.min() ?? Day(number: 0)), .date(dates.max() ?? Day(number: 0)),
    ]
  }

  /// The tap of a row that begins with ``tapColumns``.
  static func tap(_ row: PostgresRow) throws -> TapRow {
    var cursor = PostgresRowCursor(row)
    return try tap(&cursor)
  }

  /// The tap whose ``tapColumns`` come next.
  static func tap(_ row: inout PostgresRowCursor) throws -> TapRow {
    let fareDay = try row.date()
    let rider: RiderID = try row.identifier()
    let at = try row.timestamptz()
    let deviceAt = try row.timestamptz()
    let name = TapName(device: try row.text(), epoch: try row.int8(), seq: try row.int8())
    var tap = TapRow(
      name: name, fareDay: fareDay, rider: rider, medium: try row.identifier(), at: at,
      deviceAt: deviceAt, kind: try row.word("kind"), mediumKind: try row.word("medium"),
      riders: try row.int(), batchID: 0, receivedAt: at)
    tap.vehicle = try row.textOrNil()
    tap.route = try row.textOrNil()
    tap.direction = try row.intOrNil()
    tap.trip = try row.textOrNil()
    tap.stop = try row.textOrNil()
    tap.zone = try row.textOrNil()
    if let latitude = try row.float8OrNil(), let longitude = try row.float8OrNil() {
      tap.coordinate = Coordinate(latitude: latitude, longitude: longitude)
    } else {
      _ = try row.float8OrNil()
    }
    tap.batchID = try row.int8()
    tap.receivedAt = try row.timestamptz()
    return tap
  }
}
