package import Basics
import Transit

#if canImport(Glibc)
  import Glibc
#endif

/// A position as a vehicle's device reports it.
package struct ReportedPosition: Hashable, Sendable {
  /// Second of the service day.
  package var seconds: Int
  package var coordinate: Coordinate
  package var speedMetresPerSecond: Double
  package var bearingDegrees: Double
  /// True at the message of doors opening, false at that of doors closing; nil in between.
  package var isDoorOpen: Bool?
}

/// What a vehicle's device reports along a driven trip.
package enum VehicleTrack {
  /// Seconds between reports while driving.
  package static let reportSeconds = 20...30
  /// Seconds from coming to a stand to the doors opening, and from their closing to driving off.
  package static let doorSeconds = 2
  /// Standard deviation of a satellite receiver, metres, along each axis.
  static let noiseMetres = 4.0

  /// The positions of a trip in time order: doors at stops, and every 20 to 30 s between them.
  package static func positions(
    of trip: DrivenTrip, vehicle: String, in fleet: Fleet, seed: UInt64
  ) -> [ReportedPosition] {
    var generator = SeededGenerator(
      seed: seed ^ stableHash("track \(vehicle) \(trip.trip) \(trip.startSeconds)".utf8))
    var positions: [ReportedPosition] = []
    for (index, call) in trip.calls.enumerated() {
      let place = fleet.network.stops[call.stop].coordinate
      let isLast = index + 1 == trip.calls.count
      let next = isLast ? place : fleet.network.stops[trip.calls[index + 1].stop].coordinate
      let bearing = bearingDegrees(from: place, to: next)
      for (seconds, isOpen) in [
        (call.arrivalSeconds + doorSeconds, true), (call.departureSeconds - doorSeconds, false),
      ] {
        positions.append(
          ReportedPosition(
            seconds: seconds, coordinate: noisy(place, &generator), speedMetresPerSecond: 0,
            bearingDegrees: bearing, isDoorOpen: isOpen))
      }
      guard !isLast else { break }
      let drive = trip.calls[index + 1].arrivalSeconds - call.departureSeconds
      let speed = place.metres(to: next) / Double(max(drive, 1))
      var elapsed = generator.integer(in: reportSeconds)
      while elapsed < drive {
        let share = Double(elapsed) / Double(drive)
        let between = Coordinate(
          latitude: place.latitude + (next.latitude - place.latitude) * share,
          longitude: place.longitude + (next.longitude - place.longitude) * share)
        positions.append(
          ReportedPosition(
            seconds: call.departureSeconds + elapsed, coordinate: noisy(between, &generator),
            speedMetresPerSecond: speed, bearingDegrees: bearing, isDoorOpen: nil))
        elapsed += generator.integer(in: reportSeconds)
      }
    }
    return positions
  }

  /// The positions of a vehicle from one second of the service day up to another.
  package static func positions(
    of vehicle: SimulatedVehicle, in window: Range<Int>, fleet: Fleet, seed: UInt64
  ) -> [(trip: DrivenTrip, position: ReportedPosition)] {
    vehicle.trips.filter {
      $0.startSeconds < window.upperBound && $0.endSeconds >= window.lowerBound
    }.flatMap { trip in
      positions(of: trip, vehicle: vehicle.name, in: fleet, seed: seed)
        .filter { window.contains($0.seconds) }.map { (trip, $0) }
    }
  }

  /// The point moved by a receiver's error: the sum of uniform errors, near enough to normal.
  private static func noisy(
    _ place: Coordinate, _ generator: inout SeededGenerator
  ) -> Coordinate {
    func error() -> Double {
      ((0..<6).reduce(0.0) { sum, _ in sum + generator.fraction() } - 3) * 1.414 * noiseMetres
    }
    let metresPerDegree = 111_195.0
    return Coordinate(
      latitude: place.latitude + error() / metresPerDegree,
      longitude: place.longitude + error()
        / (metresPerDegree * cos(place.latitude * .pi / 180)))
  }

  /// Degrees clockwise from north on a plane that touches the first point.
  private static func bearingDegrees(from start: Coordinate, to end: Coordinate) -> Double {
    let north = end.latitude - start.latitude
    let east = (end.longitude - start.longitude) * cos(start.latitude * .pi / 180)
    guard north != 0 || east != 0 else { return 0 }
    let degrees = atan2(east, north) * 180 / .pi
    return degrees < 0 ? degrees + 360 : degrees
  }
}
