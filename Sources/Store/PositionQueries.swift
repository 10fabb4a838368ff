package import Basics
import Postgres
package import Tracking

/// A position on its way into the store.
package struct PositionRow: Sendable {
  /// The fare day of the moment, by the city's clock.
  package var serviceDay: Day
  /// The days of its vehicle that it is looked at for.
  package var daysTouched: ClosedRange<Day>
  package var position: Position
  package var device: String
  package var receivedAt: Instant

  /// Makes a row.
  package init(
    serviceDay: Day, daysTouched: ClosedRange<Day>? = nil, position: Position, device: String,
    receivedAt: Instant
  ) {
    self.serviceDay = serviceDay
    self.daysTouched = daysTouched ?? serviceDay...serviceDay
    self.position = position
    self.device = device
    self.receivedAt = receivedAt
  }

  /// When it was, and no later than it came.
  fileprivate var credibleAt: Instant { min(position.at, receivedAt) }

  /// Names a position: what comes again under the same name is the same.
  package var key: PositionKey { PositionKey(vehicle: position.vehicle, at: position.at) }
}

/// Names a position; in this order rows are written, so that two writers never wait in a circle.
package struct PositionKey: Hashable, Comparable, Sendable {
  package let vehicle: String
  package let at: Instant

  /// Makes a name.
  package init(vehicle: String, at: Instant) {
    self.vehicle = vehicle
    self.at = at
  }

  package static func < (left: PositionKey, right: PositionKey) -> Bool {
    (left.vehicle, left.at) < (right.vehicle, right.at)
  }
}

extension StoreSession {
  /// Positions: the way in.
  package var positionJournal: PositionJournal { PositionJournal(connection: connection) }
}

/// Positions: the way in.
package struct PositionJournal {
  let connection: PostgresConnection

  /// Keeps positions that are not there yet, and marks their vehicles' days stale; the new ones.
  ///
  /// Of two reports of one vehicle and moment the one with a door event is kept, and of two such the
  /// greater by content: which of them stands does not depend on which came first.
  package func add(_ rows: [PositionRow], at: Instant) async throws -> Set<PositionKey> {
    let sorted = rows.sorted { $0.key < $1.key }
    guard !sorted.isEmpty else { return [] }
    let added = Set(try await insert(sorted).map(Self.key))
    var changed = added
    let known = sorted.filter { !added.contains($0.key) }
    if !known.isEmpty { changed.formUnion(try await improve(known).map(Self.key)) }
    let fresh = sorted.filter { changed.contains($0.key) }
    // Also one that is known is a word of its device.
    guard !fresh.isEmpty else {
      try await connection.pipeline([Self.contacts(by: sorted)])
      return added
    }
    try await connection.pipeline([
      Self.newest(of: fresh), Self.staleDays(of: fresh, at: at), Self.contacts(by: sorted),
      PostgresStatement("select pg_notify($1, '')", [.text(StoreChannel.positions.rawValue)]),
    ])
    return added
  }

  private static func key(_ row: PostgresRow) throws -> PositionKey {
    PositionKey(vehicle: try row.text(0), at: try row.timestamptz(1))
  }

  private func insert(_ rows: [PositionRow]) async throws -> PostgresRows {
    try await connection.query(
      """
      insert into position (service_day, lane, vehicle, at, latitude, longitude, speed_mps,
        bearing, trip, route, door, passengers, device_id, received_at)
      \(Self.reports) on conflict do nothing returning vehicle, at
      """, Self.columns(of: rows))
  }

  /// Puts reports in the place of those that stand where they say more.
  private func improve(_ rows: [PositionRow]) async throws -> PostgresRows {
    try await connection.query(
      """
      update position p set latitude = n.latitude, longitude = n.longitude,
        speed_mps = n.speed_mps, bearing = n.bearing, trip = n.trip, route = n.route,
        door = n.door, passengers = n.passengers
      from (\(Self.reports)) n
      where p.service_day = n.service_day and p.lane = n.lane and p.vehicle = n.vehicle
        and p.at = n.at and \(Self.content("n")) > \(Self.content("p"))
      returning p.vehicle, p.at
      """, Self.columns(of: rows))
  }

  /// The reports of the parameters, of each vehicle and moment the one that says most.
  private static let reports = """
    select distinct on (service_day, lane, vehicle, at) * from unnest($1::date[], $2::smallint[],
      $3::text[], $4::timestamptz[], $5::float8[], $6::float8[], $7::float8[], $8::float8[],
      $9::text[], $10::text[], $11::text[], $12::smallint[], $13::text[], $14::timestamptz[])
      as n(service_day, lane, vehicle, at, latitude, longitude, speed_mps, bearing, trip, route,
        door, passengers, device_id, received_at)
    order by service_day, lane, vehicle, at, \(content("n")) desc
    """

  private static func columns(of rows: [PositionRow]) -> [PostgresValue] {
    let positions = rows.map(\.position)
    return [
      .dates(rows.map(\.serviceDay)), .int2s(positions.map { Lane.of(name: $0.vehicle) }),
      .texts(positions.map(\.vehicle)), .timestamptzs(positions.map(\.at)),
      .float8s(positions.map(\.coordinate.latitude)),
      .float8s(positions.map(\.coordinate.longitude)),
      .float8s(positions.map { Self.single($0.speedMetresPerSecond) }),
      .float8s(positions.map { Self.single($0.bearingDegrees) }), .texts(positions.map(\.trip)),
      .texts(positions.map(\.route)), .texts(positions.map(\.door?.rawValue)),
      .int2s(positions.map { $0.passengers.map { Int16(clamping: $0) } }),
      .texts(rows.map(\.device)), .timestamptzs(rows.map(\.receivedAt)),
    ]
  }

  /// A number as its column holds it: the database refuses one that is too small for it.
  private static func single(_ number: Double?) -> Double? { number.map { Double(Float($0)) } }

  /// What a report says, as a value that any two reports can be compared by.
  private static func content(_ row: String) -> String {
    let places = ["latitude", "longitude"].map { "\(row).\($0)" }
    let numbers = ["speed_mps", "bearing", "passengers"]
      .map { "coalesce(\(row).\($0)::real, -1e6)" }
    let texts = ["trip", "route"].map { "coalesce(\(row).\($0), '') collate \"C\"" }
    return
      "row(coalesce(\(row).door, '') collate \"C\", \((places + numbers + texts).joined(separator: ", ")))"
  }

  /// Keeps the newest of each vehicle; rows are sorted by vehicle.
  ///
  /// One from ahead is taken to be of its receipt: it would else shut out the true ones until its time has come.
  private static func newest(of rows: [PositionRow]) -> PostgresStatement {
    var last: [PositionRow] = []
    for row in rows {
      if let known = last.last, known.position.vehicle == row.position.vehicle {
        if (known.credibleAt, known.position.at) > (row.credibleAt, row.position.at) { continue }
        last.removeLast()
      }
      last.append(row)
    }
    let positions = last.map(\.position)
    return PostgresStatement(
      """
      insert into vehicle_now as n (vehicle, at, latitude, longitude, speed_mps, bearing, trip,
        route, passengers, received_at)
      select * from unnest($1::text[], $2::timestamptz[], $3::float8[], $4::float8[], $5::float8[],
        $6::float8[], $7::text[], $8::text[], $9::smallint[], $10::timestamptz[])
      on conflict (vehicle) do update set at = excluded.at, latitude = excluded.latitude,
        longitude = excluded.longitude, speed_mps = excluded.speed_mps,
        bearing = excluded.bearing, trip = excluded.trip, route = excluded.route,
        passengers = excluded.passengers, received_at = excluded.received_at
      where (least(excluded.at, excluded.received_at), excluded.at)
        > (least(n.at, n.received_at), n.at)
      """,
      [
        .texts(positions.map(\.vehicle)), .timestamptzs(positions.map(\.at)),
        .float8s(positions.map(\.coordinate.latitude)),
        .float8s(positions.map(\.coordinate.longitude)),
        .float8s(positions.map { Self.single($0.speedMetresPerSecond) }),
        .float8s(positions.map { Self.single($0.bearingDegrees) }), .texts(positions.map(\.trip)),
        .texts(positions.map(\.route)),
        .int2s(positions.map { $0.passengers.map { Int16(clamping: $0) } }),
        .timestamptzs(last.map(\.receivedAt)),
      ])
  }

  /// Keeps when each device told one, and of which vehicle.
  private static func contacts(by rows: [PositionRow]) -> PostgresStatement {
    var last: [String: PositionRow] = [:]
    for row in rows {
      if let known = last[row.device],
        (known.receivedAt, known.position.at) > (row.receivedAt, row.position.at)
      {
        continue
      }
      last[row.device] = row
    }
    // Processes lock them in one order.
    let newest = last.sorted { $0.key < $1.key }.map(\.value)
    return PostgresStatement(
      """
      insert into device_position as d (device_id, vehicle, received_at)
      select * from unnest($1::text[], $2::text[], $3::timestamptz[])
      on conflict (device_id) do update set vehicle = excluded.vehicle,
        received_at = excluded.received_at
      where excluded.received_at > d.received_at
      """,
      [
        .texts(newest.map(\.device)), .texts(newest.map(\.position.vehicle)),
        .timestamptzs(newest.map(\.receivedAt)),
      ])
  }

  private static func staleDays(of rows: [PositionRow], at: Instant) -> PostgresStatement {
    var seen: Set<VehicleDay> = []
    for row in rows {
      for day in row.daysTouched.lowerBound.number...row.daysTouched.upperBound.number {
        seen.insert(VehicleDay(vehicle: row.position.vehicle, day: Day(number: day)))
      }
    }
    // Processes lock them in one order.
    let stale = seen.sorted { ($0.vehicle, $0.day) < ($1.vehicle, $1.day) }
    let (vehicles, days) = (stale.map(\.vehicle), stale.map(\.day))
    return PostgresStatement(
      """
      insert into vehicle_day as d (lane, vehicle, service_day, stale_since)
      select lane, vehicle, service_day, $4
      from unnest($1::smallint[], $2::text[], $3::date[]) as k (lane, vehicle, service_day)
      on conflict (lane, vehicle, service_day) do update set stale_since = excluded.stale_since
      where d.stale_since is null
      """,
      [
        .int2s(vehicles.map { Lane.of(name: $0) }), .texts(vehicles), .dates(days),
        .timestamptz(at),
      ])
  }
}
