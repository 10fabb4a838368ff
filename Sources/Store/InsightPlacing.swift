package import Basics
import Postgres
package import Tracking
package import Transit

extension StoreSession {
  /// Vehicle-days on their way to stop visits and boardings.
  package var placing: PlacingTables { PlacingTables(connection: connection) }
}

/// By which network the stops of a vehicle-day were found.
package enum PlacedBy: Sendable, Equatable {
  /// This one, by its `feed_id`; nil for one that has none.
  case network(feedID: Int64?)
  /// The one of before: its stop visits stand.
  case before

  fileprivate var feedID: Int64? {
    if case .network(let feedID) = self { feedID } else { nil }
  }
}

/// What placing reads and writes: positions and taps in, stop visits and boardings out.
package struct PlacingTables {
  let connection: PostgresConnection

  /// Lanes in which vehicle-days are stale.
  package func lanesWaiting() async throws -> [Int16] {
    try await connection.query(
      "select distinct lane from vehicle_day where stale_since is not null order by lane"
    ).map { try $0.int2(0) }
  }

  /// Claims the oldest stale vehicle-days of a lane, at most so many.
  package func claimStaleDays(lane: Int16, countMax: Int) async throws -> [VehicleDay] {
    let rows = try await connection.query(
      """
      select vehicle, service_day from vehicle_day
      where lane = $1 and stale_since is not null
      order by service_day, vehicle limit $2 for update skip locked
      """, [.int2(lane), .int8(Int64(countMax))])
    return try rows.map { row in
      VehicleDay(vehicle: try row.text("vehicle"), day: try row.date("service_day"))
    }
  }

  /// The positions of a vehicle around its day, within a span of time, in no particular order.
  package func positions(of day: VehicleDay, within span: Range<Instant>) async throws
    -> [Position]
  {
    let rows = try await connection.query(
      """
      select at, latitude, longitude, speed_mps::float8 as speed, bearing::float8 as bearing, trip,
        route, door
      from position where service_day between $1::date - 1 and $1::date + 1 and lane = $2
        and vehicle = $3 and at >= $4 and at < $5
      """,
      [
        .date(day.day), .int2(Lane.of(name: day.vehicle)), .text(day.vehicle),
        .timestamptz(span.lowerBound), .timestamptz(span.upperBound),
      ])
    return try rows.map { row in
      Position(
        vehicle: day.vehicle, at: try row.timestamptz("at"),
        coordinate: Coordinate(
          latitude: try row.float8("latitude"), longitude: try row.float8("longitude")),
        speedMetresPerSecond: try row.float8OrNil("speed"),
        bearingDegrees: try row.float8OrNil("bearing"), trip: try row.textOrNil("trip"),
        route: try row.textOrNil("route"),
        door: try row.textOrNil("door").flatMap(DoorState.init(rawValue:)))
    }
  }

  /// The stop visits of a vehicle that stand, within a span of time around its day.
  package func visits(of day: VehicleDay, within span: Range<Instant>) async throws -> [StopVisit] {
    let rows = try await connection.query(
      """
      select arrived_at, departed_at, route, direction, stop, stop_order,
        distance_m::float8 as distance, doors_opened
      from stop_visit where service_day between $1::date - 1 and $1::date + 1 and vehicle = $2
        and departed_at >= $3 and arrived_at < $4
      order by arrived_at, stop, stop_order
      """,
      [
        .date(day.day), .text(day.vehicle), .timestamptz(span.lowerBound),
        .timestamptz(span.upperBound),
      ])
    return try rows.map { row in
      StopVisit(
        vehicle: day.vehicle, route: try row.text("route"), direction: try row.int("direction"),
        stop: try row.text("stop"), stopOrder: try row.int("stop_order"),
        arrivedAt: try row.timestamptz("arrived_at"),
        departedAt: try row.timestamptz("departed_at"),
        distanceMetres: try row.float8("distance"), doorsOpened: try row.bool("doors_opened"))
    }
  }

  /// The taps among some of a fare day whose stop stands by what was inferred.
  package func inferred(among names: [TapName], on day: Day) async throws -> Set<TapName> {
    guard !names.isEmpty else { return [] }
    let rows = try await connection.query(
      """
      select b.device_id, b.epoch, b.seq
      from unnest($2::text[], $3::int8[], $4::int8[]) as n(device_id, epoch, seq)
      join boarding b on b.fare_day = $1 and b.device_id = n.device_id and b.epoch = n.epoch
        and b.seq = n.seq
      where b.stop is not null and b.source not in ('device', 'corrected')
      """,
      [
        .date(day), .texts(names.map { Optional($0.device) }),
        .int8s(names.map { Optional($0.epoch) }), .int8s(names.map { Optional($0.seq) }),
      ])
    return Set(
      try rows.map { row in
        TapName(
          device: try row.text("device_id"), epoch: try row.int8("epoch"),
          seq: try row.int8("seq"))
      })
  }

  /// The boarding taps of a vehicle's day; the empty vehicle stands for taps that name none.
  package func taps(of day: VehicleDay) async throws -> [BoardingTap] {
    let isUnnamed = day.vehicle.isEmpty
    let rows = try await connection.query(
      """
      select t.device_id, t.epoch, t.seq, t.rider_id, t.tapped_at, t.riders, t.vehicle, t.route,
        t.direction, t.stop, t.latitude, t.longitude, c.stop as corrected_stop
      from vehicle_device d cross join lateral (
        select * from tap where fare_day = $1 and device_id = d.device_id and accepted
          and kind <> 'off' and \(isUnnamed ? "vehicle is null" : "vehicle = $2") offset 0) t
      left join stop_correction c on c.fare_day = $1 and c.device_id = t.device_id
        and c.epoch = t.epoch and c.seq = t.seq and c.state = 'standing'
      where d.fare_day = $1 and d.vehicle = $2
      order by t.tapped_at, t.device_id, t.epoch, t.seq
      """, [.date(day.day), .text(day.vehicle)])
    return try rows.map { row in
      var coordinate: Coordinate?
      if let latitude = try row.float8OrNil("latitude"),
        let longitude = try row.float8OrNil("longitude")
      {
        coordinate = Coordinate(latitude: latitude, longitude: longitude)
      }
      return BoardingTap(
        name: TapName(
          device: try row.text("device_id"), epoch: try row.int8("epoch"),
          seq: try row.int8("seq")), rider: try row.identifier("rider_id"), fareDay: day.day,
        at: try row.timestamptz("tapped_at"), riders: try row.int("riders"),
        vehicle: try row.textOrNil("vehicle"), route: try row.textOrNil("route"),
        direction: try row.intOrNil("direction"), stop: try row.textOrNil("stop"),
        coordinate: coordinate, correctedStop: try row.textOrNil("corrected_stop"))
    }
  }

  /// Puts the stop visits of a vehicle's day in the place of those that stand.
  package func replace(_ visits: [StopVisit], of day: VehicleDay) async throws {
    let columns: [PostgresValue] = [
      .date(day.day), .text(day.vehicle), .timestamptzs(visits.map { Optional($0.arrivedAt) }),
      .timestamptzs(visits.map { Optional($0.departedAt) }),
      .texts(visits.map { Optional($0.route) }),
      .int2s(visits.map { Optional(Int16($0.direction)) }),
      .texts(visits.map { Optional($0.stop) }),
      .int4s(visits.map { Optional(Int32($0.stopOrder)) }),
      .float8s(visits.map { Optional(Double(Float($0.distanceMetres))) }),
      .bools(visits.map { Optional($0.doorsOpened) }),
    ]
    try await connection.pipeline([
      PostgresStatement(
        "delete from stop_visit where service_day = $1 and vehicle = $2",
        [.date(day.day), .text(day.vehicle)]),
      PostgresStatement(
        """
        insert into stop_visit (service_day, vehicle, arrived_at, departed_at, route, direction,
          stop, stop_order, distance_m, doors_opened)
        select $1, $2, a, d, r, n, s, o, m, b
        from unnest($3::timestamptz[], $4::timestamptz[], $5::text[], $6::int2[], $7::text[],
          $8::int4[], $9::float8[], $10::bool[]) as v(a, d, r, n, s, o, m, b)
        on conflict do nothing
        """, columns),
    ])
  }

  /// Writes boardings; the rider-days whose boardings are new or others than before.
  ///
  /// A boarding that changed loses its alighting, which has to be worked out again.
  package func save(_ boardings: [BoardingRow]) async throws -> Set<RiderDay> {
    guard !boardings.isEmpty else { return [] }
    let rows = try await connection.query(
      """
      insert into boarding (fare_day, lane, rider_id, tapped_at, device_id, epoch, seq, riders,
        vehicle, route, direction, stop, stop_order, source, confidence)
      select * from unnest($1::date[], $2::int2[], $3::uuid[], $4::timestamptz[], $5::text[],
        $6::int8[], $7::int8[], $8::int2[], $9::text[], $10::text[], $11::int2[], $12::text[],
        $13::int4[], $14::text[], $15::float8[])
      on conflict (fare_day, device_id, epoch, seq) do update set
        vehicle = excluded.vehicle, route = excluded.route, direction = excluded.direction,
        stop = excluded.stop, stop_order = excluded.stop_order, source = excluded.source,
        confidence = excluded.confidence, off_stop = null, off_stop_order = null,
        off_source = null, off_confidence = null
      where (boarding.vehicle, boarding.route, boarding.direction, boarding.stop,
          boarding.stop_order, boarding.source, boarding.confidence)
        is distinct from (excluded.vehicle, excluded.route, excluded.direction, excluded.stop,
          excluded.stop_order, excluded.source, excluded.confidence)
      returning rider_id, fare_day
      """, Self.columns(of: boardings))
    return Set(
      try rows.map { row in
        RiderDay(rider: try row.identifier("rider_id"), fareDay: try row.date("fare_day"))
      })
  }

  private static func columns(of boardings: [BoardingRow]) -> [PostgresValue] {
    let taps = boardings.map(\.tap)
    return [
      .dates(taps.map { Optional($0.fareDay) }), .int2s(taps.map { Lane.of($0.rider) }),
      .identifiers(taps.map { Optional($0.rider) }),
      .timestamptzs(taps.map { Optional($0.at) }), .texts(taps.map { Optional($0.name.device) }),
      .int8s(taps.map { Optional($0.name.epoch) }), .int8s(taps.map { Optional($0.name.seq) }),
      .int2s(taps.map { Optional(Int16($0.riders)) }), .texts(taps.map(\.vehicle)),
      .texts(boardings.map(\.route)),
      .int2s(boardings.map { $0.direction.map { Int16($0) } }), .texts(boardings.map(\.stop)),
      .int4s(boardings.map { $0.stopOrder.map { Int32($0) } }),
      .texts(boardings.map { Optional($0.source) }),
      // As the column keeps it, so that a value written again is the same value.
      .float8s(boardings.map { Double(Float($0.confidence)) }),
    ]
  }

  /// Marks rider-days whose alightings have to be worked out again.
  package func markStale(_ days: Set<RiderDay>, at: Instant) async throws {
    guard !days.isEmpty else { return }
    let ordered = days.sorted()
    try await connection.execute(
      """
      insert into travel_day (lane, rider_id, fare_day, stale_since)
      select l, r, d, $4 from unnest($1::int2[], $2::uuid[], $3::date[]) as n(l, r, d)
      on conflict (lane, rider_id, fare_day) do update
        set stale_since = least(travel_day.stale_since, excluded.stale_since)
      """,
      [
        .int2s(ordered.map { Lane.of($0.rider) }), .identifiers(ordered.map { Optional($0.rider) }),
        .dates(ordered.map { Optional($0.fareDay) }), .timestamptz(at),
      ])
  }

  /// Writes down that vehicle-days are placed, and by which network each.
  package func finish(_ days: [VehicleDay], by networks: [PlacedBy], at: Instant) async throws {
    try await connection.execute(
      """
      update vehicle_day v set stale_since = null, placed_at = $4,
        feed_id = case when c.as_before then v.feed_id else c.feed_id end
      from unnest($1::int2[], $2::text[], $3::date[], $5::int8[], $6::bool[])
        as c(lane, vehicle, service_day, feed_id, as_before)
      where v.lane = c.lane and v.vehicle = c.vehicle and v.service_day = c.service_day
      """,
      [
        .int2s(days.map { Lane.of(name: $0.vehicle) }), .texts(days.map { Optional($0.vehicle) }),
        .dates(days.map { Optional($0.day) }), .timestamptz(at), .int8s(networks.map(\.feedID)),
        .bools(networks.map { Optional($0 == .before) }),
      ])
  }
}
