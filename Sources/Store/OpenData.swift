package import Basics
import Postgres
package import Tracking
package import Transit

extension StoreSession {
  /// What goes out as open data: nothing in it names a rider or a medium.
  package var openData: OpenDataTables { OpenDataTables(connection: connection) }
}

/// The boarding tap of a ride that stands, with what it cost.
package struct OpenFare: Sendable, Equatable {
  package let name: TapName
  package let at: Instant
  package let vehicle: String?
  /// `trip_id` that the validator named.
  package let trip: String?
  /// `stop_id`; nil when it is not known.
  package let stop: String?
  package let riders: Int
  package let medium: MediumKind
  package let group: OpenFareGroup
  package let charged: Money
  package let reasonJSON: String
  /// Whether its rider is left out with those of rare pairs.
  package let isLeftOut: Bool

  /// Makes a fare.
  package init(
    name: TapName, at: Instant, vehicle: String?, trip: String?, stop: String?, riders: Int,
    medium: MediumKind, group: OpenFareGroup, charged: Money, reasonJSON: String,
    isLeftOut: Bool = false
  ) {
    self.isLeftOut = isLeftOut
    self.name = name
    self.at = at
    self.vehicle = vehicle
    self.trip = trip
    self.stop = stop
    self.riders = riders
    self.medium = medium
    self.group = group
    self.charged = charged
    self.reasonJSON = reasonJSON
  }
}

/// What kind of rider rode, and what carried the ride.
package struct OpenFareGroup: Hashable, Sendable {
  package let category: String
  package let product: String

  /// Makes a group.
  package init(category: String, product: String) {
    self.category = category
    self.product = product
  }
}

/// A tap off that was accepted.
package struct OpenTapOff: Sendable, Equatable {
  package let name: TapName
  package let at: Instant
  package let vehicle: String?
  /// `trip_id` that the validator named.
  package let trip: String?
  /// `stop_id` that the validator named, or a person.
  package let stop: String?
  package let riders: Int
  package let medium: MediumKind

  /// Makes a tap off.
  package init(
    name: TapName, at: Instant, vehicle: String?, trip: String?, stop: String?, riders: Int,
    medium: MediumKind
  ) {
    self.name = name
    self.at = at
    self.vehicle = vehicle
    self.trip = trip
    self.stop = stop
    self.riders = riders
    self.medium = medium
  }
}

/// Somebody who got on or off a vehicle at a stop.
package struct OpenPassing: Sendable, Equatable {
  package let name: TapName
  package let vehicle: String
  package let at: Instant
  package let riders: Int
  /// `stop_id`.
  package let stop: String
  /// `route_id`; nil for who got off, and where it is not known.
  package let route: String?
  package let direction: Int?
  /// Place of the stop in the pattern, from 0.
  package let stopOrder: Int?
  package let isAlighting: Bool

  /// Makes a passing.
  package init(
    name: TapName, vehicle: String, at: Instant, riders: Int, stop: String, route: String? = nil,
    direction: Int? = nil, stopOrder: Int? = nil, isAlighting: Bool = false
  ) {
    self.name = name
    self.vehicle = vehicle
    self.at = at
    self.riders = riders
    self.stop = stop
    self.route = route
    self.direction = direction
    self.stopOrder = stopOrder
    self.isAlighting = isAlighting
  }
}

/// A position with the device that told it.
package struct OpenPosition: Sendable, Equatable {
  package let position: Position
  package let device: String

  /// Makes a position.
  package init(position: Position, device: String) {
    self.position = position
    self.device = device
  }
}

/// The rows of a question, a page at a time: a day may have millions.
package struct OpenDataPages<Row: Sendable>: Sendable {
  let connection: PostgresConnection
  let cursor: String
  let row: @Sendable (PostgresRow) throws -> Row

  /// The next rows; none after the last.
  package func next() async throws -> [Row] {
    let rows = try await connection.query(
      "fetch \(OpenDataTables.rowsPerPageMax) from \(cursor)")
    guard !rows.isEmpty else {
      try await connection.execute("close \(cursor)")
      return []
    }
    return try rows.map(row)
  }
}

/// What goes out as open data.
///
/// Taps come in the order of their validators: in that of their riders, neighbours would be of one.
package struct OpenDataTables {
  /// Most rows that are held at once, of the tables that are read through.
  package static let rowsPerPageMax = 5_000
  /// Most pairs of a category and a product that are told.
  package static let groupsMax = 10_000

  let connection: PostgresConnection

  private func pages<Row: Sendable>(
    _ cursor: String, of day: Day, _ sql: String, _ others: [PostgresValue] = [],
    _ row: @escaping @Sendable (PostgresRow) throws -> Row
  ) async throws -> OpenDataPages<Row> {
    try await connection.execute(
      "declare \(cursor) no scroll cursor for \(sql)", [.date(day)] + others)
    return OpenDataPages(connection: connection, cursor: cursor, row: row)
  }

  /// The rides of a fare day that stand and whose fare is known, by their boarding taps; told or not.
  package func fares(
    of day: Day, leftOut: OpenFareChoice.LeftOut?
  ) async throws -> OpenDataPages<OpenFare> {
    try await pages(
      "open_fares", of: day,
      """
      select r.device_id, r.epoch, r.seq, t.tapped_at, t.vehicle, t.trip,
        coalesce(b.stop, t.stop) as stop, r.riders, r.medium, r.category, r.product, r.currency,
        r.charged_minor, r.reason,
        r.category = $2 and r.product = $3 and r.rider_id = any($4) as is_left_out
      from ride r
      -- A ride carried over midnight was boarded on the day before.
      join tap t on t.fare_day in ($1::date, $1::date - 1) and t.device_id = r.device_id
        and t.epoch = r.epoch and t.seq = r.seq
      left join boarding b on b.fare_day in ($1::date, $1::date - 1) and b.fare_day = t.fare_day
        and b.device_id = t.device_id and b.epoch = t.epoch and b.seq = t.seq
      where r.fare_day = $1::date and r.reversed_run_id is null and r.charged_minor is not null
      order by r.device_id, r.epoch, r.seq
      """,
      [
        .text(leftOut?.group.category ?? ""), .text(leftOut?.group.product ?? ""),
        .identifiers(leftOut?.riders ?? []),
      ]
    ) { row in
      var cursor = PostgresRowCursor(row)
      return OpenFare(
        name: TapName(device: try cursor.text(), epoch: try cursor.int8(), seq: try cursor.int8()),
        at: try cursor.timestamptz(), vehicle: try cursor.textOrNil(),
        trip: try cursor.textOrNil(), stop: try cursor.textOrNil(), riders: try cursor.int(),
        medium: try cursor.word("medium"),
        group: OpenFareGroup(category: try cursor.text(), product: try cursor.text()),
        charged: try Self.money(&cursor), reasonJSON: try cursor.text(),
        isLeftOut: try cursor.bool())
    }
  }

  private static func money(_ row: inout PostgresRowCursor) throws -> Money {
    let currency = try row.currency()
    return Money(minor: try row.int8(), currency: currency)
  }

  /// How many rides of a fare day stand whose fare is not known.
  package func unknownFares(of day: Day) async throws -> Int {
    try await connection.query(
      """
      select count(*) from ride
      where fare_day = $1 and reversed_run_id is null and charged_minor is null
      """, [.date(day)]
    ).only().int(0)
  }

  /// How many taps of a fare day boarded, as far as they are looked at.
  package func boardings(of day: Day) async throws -> Int {
    try await connection.query(
      "select count(*) from boarding where fare_day = $1", [.date(day)]
    ).only().int(0)
  }

  /// The taps off of a fare day that were accepted.
  package func tapsOff(of day: Day) async throws -> OpenDataPages<OpenTapOff> {
    try await pages(
      "open_taps_off", of: day,
      """
      select t.device_id, t.epoch, t.seq, t.tapped_at, t.vehicle, t.trip,
        coalesce(c.stop, t.stop) as stop, t.riders, t.medium
      from tap t
      left join stop_correction c on c.fare_day = $1::date and c.device_id = t.device_id
        and c.epoch = t.epoch and c.seq = t.seq and c.state = 'standing'
      where t.fare_day = $1::date and t.kind = 'off' and t.accepted
      order by t.device_id, t.epoch, t.seq
      """
    ) { row in
      var cursor = PostgresRowCursor(row)
      return OpenTapOff(
        name: TapName(device: try cursor.text(), epoch: try cursor.int8(), seq: try cursor.int8()),
        at: try cursor.timestamptz(), vehicle: try cursor.textOrNil(),
        trip: try cursor.textOrNil(), stop: try cursor.textOrNil(), riders: try cursor.int(),
        medium: try cursor.word("medium"))
    }
  }

  /// The positions of a service day, of each vehicle in order of time.
  package func positions(of day: Day) async throws -> OpenDataPages<OpenPosition> {
    try await pages(
      "open_positions", of: day,
      """
      select vehicle, at, latitude, longitude, speed_mps, bearing, trip, device_id
      from position where service_day = $1::date order by lane, vehicle, at
      """
    ) { row in
      OpenPosition(
        position: Position(
          vehicle: try row.text(0), at: try row.timestamptz(1),
          coordinate: Coordinate(latitude: try row.float8(2), longitude: try row.float8(3)),
          speedMetresPerSecond: try row.float8OrNil(4), bearingDegrees: try row.float8OrNil(5),
          trip: try row.textOrNil(6)), device: try row.text(7))
    }
  }
}

// MARK: - Vehicle by vehicle

extension OpenDataTables {
  /// Vehicles with stop visits that begin on a service day: those after a name, at most so many.
  package func vehicles(of day: Day, after vehicle: String, countMax: Int) async throws -> [String]
  {
    try await connection.query(
      """
      select distinct vehicle from stop_visit where service_day = $1 and vehicle > $2
      order by vehicle limit $3
      """, [.date(day), .text(vehicle), .int8(Int64(countMax))]
    ).map { try $0.text(0) }
  }

  /// The stop visits of some vehicles that begin on a service day, of each in order of time.
  package func visits(of vehicles: [String], day: Day) async throws -> [StopVisit] {
    try await connection.query(
      """
      select vehicle, route, direction, stop, stop_order, arrived_at, departed_at,
        distance_m::float8 as distance, doors_opened
      from stop_visit where service_day = $1 and vehicle = any($2)
      order by vehicle, arrived_at, stop, stop_order
      """, [.date(day), .texts(vehicles.map(Optional.some))]
    ).map { row in
      StopVisit(
        vehicle: try row.text(0), route: try row.text(1), direction: try row.int(2),
        stop: try row.text(3), stopOrder: try row.int(4), arrivedAt: try row.timestamptz(5),
        departedAt: try row.timestamptz(6), distanceMetres: try row.float8(7),
        doorsOpened: try row.bool(8))
    }
  }

  /// Who got on some vehicles on a fare day at a stop that is known, and who got off at one that the
  /// validator named or a person.
  package func passings(of vehicles: [String], day: Day) async throws
    -> OpenDataPages<OpenPassing>
  {
    try await pages(
      "open_passings", of: day,
      """
      select d.vehicle, b.device_id, b.epoch, b.seq, b.tapped_at, b.riders, b.stop, b.route,
        b.direction, b.stop_order, false as is_alighting
      from vehicle_device d cross join lateral (
        select * from boarding where fare_day = $1 and device_id = d.device_id
          and vehicle = d.vehicle and stop is not null offset 0) b
      where d.fare_day = $1 and d.vehicle = any($2)
      union all
      select d.vehicle, t.device_id, t.epoch, t.seq, t.tapped_at, t.riders,
        coalesce(c.stop, t.stop), null, null, null, true
      from vehicle_device d cross join lateral (
        select * from tap where fare_day = $1 and device_id = d.device_id and accepted
          and kind = 'off' and vehicle = d.vehicle offset 0) t
      left join stop_correction c on c.fare_day = $1 and c.device_id = t.device_id
        and c.epoch = t.epoch and c.seq = t.seq and c.state = 'standing'
      where d.fare_day = $1 and d.vehicle = any($2) and coalesce(c.stop, t.stop) is not null
      order by 1, 5, 2, 3, 4
      """, [.texts(vehicles.map(Optional.some))]
    ) { row in
      OpenPassing(
        name: TapName(device: try row.text(1), epoch: try row.int8(2), seq: try row.int8(3)),
        vehicle: try row.text(0), at: try row.timestamptz(4), riders: try row.int(5),
        stop: try row.text(6), route: try row.textOrNil(7), direction: try row.intOrNil(8),
        stopOrder: try row.intOrNil(9), isAlighting: try row.bool(10))
    }
  }
}
