package import Basics
import Postgres
package import Tracking
package import Transit

extension StoreSession {
  /// Where vehicles are now.
  package var vehicles: VehicleTables { VehicleTables(connection: connection) }
}

/// Where a vehicle was seen last, and where it stopped before.
package struct VehicleNow: Sendable, Equatable {
  package let position: Position
  package let receivedAt: Instant
  /// Its newest stop visit of the day; nil when none is worked out.
  package let lastVisit: StopVisit?
}

/// Where vehicles are now.
package struct VehicleTables {
  /// Most vehicles of one answer.
  package static let vehiclesMax = 10_000

  let connection: PostgresConnection

  /// Vehicles seen since a moment, by name, with their newest stop visits of some service days.
  package func now(since moment: Instant, days: ClosedRange<Day>) async throws -> [VehicleNow] {
    let rows = try await connection.query(
      """
      select n.vehicle, n.at, n.latitude, n.longitude, n.speed_mps::float8 as speed,
        n.bearing::float8 as bearing, n.trip, n.route, n.passengers, n.received_at,
        v.arrived_at, v.departed_at, v.route as visit_route, v.direction, v.stop, v.stop_order,
        v.distance_m::float8 as distance, v.doors_opened
      from vehicle_now n left join lateral (
        select * from stop_visit s
        where s.vehicle = n.vehicle and s.service_day between $2 and $3 and s.arrived_at <= n.at
        order by s.service_day desc, s.arrived_at desc limit 1) v on true
      where n.at >= $1 order by n.vehicle limit $4
      """,
      [
        .timestamptz(moment), .date(days.lowerBound), .date(days.upperBound),
        .int8(Int64(Self.vehiclesMax)),
      ])
    return try rows.map { row in
      VehicleNow(
        position: Position(
          vehicle: try row.text("vehicle"), at: try row.timestamptz("at"),
          coordinate: Coordinate(
            latitude: try row.float8("latitude"), longitude: try row.float8("longitude")),
          speedMetresPerSecond: try row.float8OrNil("speed"),
          bearingDegrees: try row.float8OrNil("bearing"), trip: try row.textOrNil("trip"),
          route: try row.textOrNil("route"), passengers: try row.intOrNil("passengers")),
        receivedAt: try row.timestamptz("received_at"), lastVisit: try Self.visit(row))
    }
  }

  private static func visit(_ row: PostgresRow) throws -> StopVisit? {
    guard let arrivedAt = try row.timestamptzOrNil("arrived_at") else { return nil }
    return StopVisit(
      vehicle: try row.text("vehicle"), route: try row.text("visit_route"),
      direction: try row.int("direction"), stop: try row.text("stop"),
      stopOrder: try row.int("stop_order"), arrivedAt: arrivedAt,
      departedAt: try row.timestamptz("departed_at"), distanceMetres: try row.float8("distance"),
      doorsOpened: try row.bool("doors_opened"))
  }
}
