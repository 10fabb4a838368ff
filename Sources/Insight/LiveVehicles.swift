package import Basics
import Store
package import Tracking
package import Transit

/// Where all vehicles are.
package struct LiveVehicles: Sendable, Equatable {
  /// A vehicle not heard of for longer is not shown at all, seconds.
  package static let ageSecondsMax: Int64 = 900

  /// A vehicle with the names of what it drives.
  package struct Vehicle: Sendable, Equatable {
    package let status: VehicleStatus
    /// What to call its route; nil when it is not known.
    package let routeName: String?
    package let mode: Mode?
    /// Six hexadecimal digits; nil when the network gives none.
    package let color: String?
    package let stopName: String?
    package let passengers: Int?
    package let ageSeconds: Int
  }

  package let madeAt: Instant
  /// By name.
  package let vehicles: [Vehicle]

  /// The message of GTFS-Realtime: without vehicles too old for it.
  package var message: VehiclePositionsMessage {
    VehiclePositionsFeed.message(vehicles.map(\.status), at: madeAt)
  }

  /// GTFS-Realtime as protobuf.
  package var feed: [UInt8] { VehiclePositionsFeed.encode(message) }

  /// GTFS-Realtime as JSON.
  package var feedJSON: [UInt8] { VehiclePositionsFeed.encodeJSON(message) }

  /// What the map asks for again and again: `{made_at, vehicles: [{vehicle, lat, lon, …}]}`.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("made_at", madeAt.description)
    writer.key("vehicles")
    writer.beginArray()
    for vehicle in vehicles { writer.vehicle(vehicle) }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }
}

extension InsightDesk {
  /// Vehicles heard of shortly before a moment.
  package func vehicles(at now: Instant) async throws -> LiveVehicles {
    let city = city.current
    let network = city.network
    return LiveVehicles(
      madeAt: now,
      vehicles: try await seen(at: now, city: city).map { vehicle, status in
        let route = status.route.flatMap { network.routeIndex(id: $0) }
          .map { network.routes[$0] }
        return LiveVehicles.Vehicle(
          status: status, routeName: route?.name ?? vehicle.position.route, mode: route?.mode,
          color: route?.color, stopName: status.stop.map { network.stopName(id: $0) },
          passengers: vehicle.position.passengers,
          ageSeconds: Int(max(now.secondsSince(status.at), 0)))
      })
  }

  /// What is foretold of the runs of vehicles heard of shortly before a moment, as a message of GTFS-Realtime:
  /// without vehicles too old for it.
  package func tripUpdates(at now: Instant) async throws -> TripUpdatesMessage {
    let city = city.current
    let finder = TripUpdateFinder(network: city.network, zone: city.clock.zone)
    let updates = try await seen(at: now, city: city).compactMap { vehicle, status in
      finder.update(of: status, after: vehicle.lastVisit)
    }
    return TripUpdatesFeed.message(updates, at: now)
  }

  private func seen(
    at now: Instant, city: City
  ) async throws -> [(vehicle: VehicleNow, status: VehicleStatus)] {
    let since = now.adding(seconds: -LiveVehicles.ageSecondsMax)
    let first = city.fareDay(of: since)
    let days = first...max(first, city.fareDay(of: now))
    let seen = try await store.read { db in try await db.vehicles.now(since: since, days: days) }
    let finder = VehicleStatusFinder(network: city.network, zone: city.clock.zone)
    return seen.map { vehicle in
      var status = finder.status(
        of: vehicle.position, visits: vehicle.lastVisit.map { [$0] } ?? [])
      // A clock that is ahead makes no position newer than its coming.
      status.at = min(status.at, vehicle.receivedAt, now)
      return (vehicle, status)
    }
  }
}

extension JSONWriter {
  fileprivate mutating func vehicle(_ vehicle: LiveVehicles.Vehicle) {
    let status = vehicle.status
    beginObject()
    member("vehicle", status.vehicle)
    member("at", status.at.description)
    member("age_seconds", vehicle.ageSeconds)
    member("lat", status.coordinate.latitude)
    member("lon", status.coordinate.longitude)
    if let bearing = status.bearingDegrees { member("bearing", bearing) }
    if let speed = status.speedMetresPerSecond { member("speed_mps", speed) }
    if let route = status.route { member("route", route) }
    if let name = vehicle.routeName { member("route_name", name) }
    if let mode = vehicle.mode { member("mode", mode.rawValue) }
    if let color = vehicle.color { member("color", color) }
    if let direction = status.direction { member("direction", direction) }
    if let trip = status.trip { member("trip", trip) }
    if let stop = status.stop { member("stop", stop) }
    if let name = vehicle.stopName { member("stop_name", name) }
    if let progress = status.progress { member("progress", progress.rawValue) }
    if let passengers = vehicle.passengers { member("passengers", passengers) }
    endObject()
  }
}
