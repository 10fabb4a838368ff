import Basics
package import Tapping
import Transit

/// How badly the day goes: shares of devices and of batches, 0 to 1.
package struct Mishaps: Sendable, Equatable {
  /// Share of devices without a connection for some hours.
  package var offlineRate: Double
  /// Share of batches that are sent again, as they were or cut otherwise.
  package var repeatRate: Double
  /// Share of devices with a wrong clock.
  package var clockErrorRate: Double

  /// Makes shares.
  package init(offlineRate: Double, repeatRate: Double, clockErrorRate: Double) {
    self.offlineRate = offlineRate
    self.repeatRate = repeatRate
    self.clockErrorRate = clockErrorRate
  }
}

/// A validator's day: the taps it recorded, numbered, and how far its clock is wrong.
package struct ValidatorDay: Sendable {
  package let device: String
  package let vehicle: String
  /// Index of the vehicle in the fleet.
  package let vehicleIndex: Int
  /// Seconds that the clock is ahead; below zero when it is behind.
  ///
  /// Whole hours ahead are a wrong time zone, which the service can see and correct; drifts of a
  /// minute it cannot tell from a slow network.
  package let clockErrorSeconds: Int
  /// The rides it recorded, tap number 1 first.
  package let rides: [Ride]
  /// When it had no connection, in seconds of the service day.
  package let offline: Range<Int>?
}

/// All validators of a fleet on a day.
package struct Validators: Sendable {
  /// Seconds without a connection.
  static let offlineSeconds = 2 * 3600...5 * 3600
  /// Clocks that drift are wrong by up to this many seconds.
  static let driftSecondsMax = 45

  package let days: [ValidatorDay]
  package let journeys: Journeys
  package let fleet: Fleet

  /// Gives every ride to the validator of its vehicle; the same for the same seed.
  package init(fleet: Fleet, journeys: Journeys, mishaps: Mishaps, seed: UInt64) {
    self.fleet = fleet
    self.journeys = journeys
    var rides = [[Ride]](repeating: [], count: fleet.vehicles.count)
    for ride in journeys.rides { rides[ride.board.vehicle].append(ride) }
    days = fleet.vehicles.enumerated().map { index, vehicle in
      var generator = SeededGenerator(seed: seed ^ stableHash("device \(vehicle.device)".utf8))
      let start = vehicle.trips.first?.startSeconds ?? 0
      let end = vehicle.trips.last?.endSeconds ?? 0
      var offline: Range<Int>?
      if generator.chance(mishaps.offlineRate) {
        let length = generator.integer(in: Self.offlineSeconds)
        let from = generator.integer(in: start...max(start, end - length))
        offline = from..<(from + length)
      }
      return ValidatorDay(
        device: vehicle.device, vehicle: vehicle.name, vehicleIndex: index,
        clockErrorSeconds: Self.clockError(mishaps.clockErrorRate, &generator),
        rides: rides[index].sorted {
          ($0.tappedMilliseconds, $0.rider) < ($1.tappedMilliseconds, $1.rider)
        }, offline: offline)
    }
  }

  private static func clockError(_ rate: Double, _ generator: inout SeededGenerator) -> Int {
    guard generator.chance(rate) else { return 0 }
    if generator.chance(0.5) { return 3600 * generator.integer(in: 1...2) }
    let drift = generator.integer(in: 5...driftSecondsMax)
    return generator.chance(0.5) ? drift : -drift
  }

  /// The tap that a validator recorded for its n-th ride, n from 0, by its own clock.
  package func tap(_ number: Int, of day: ValidatorDay) -> Tap {
    let ride = day.rides[number]
    let rider = journeys.riders[ride.rider]
    let driven = fleet.vehicles[ride.board.vehicle].trips[ride.board.trip]
    let recorded = ride.tappedMilliseconds + day.clockErrorSeconds * 1000
    return Tap(
      seq: Int64(number) + 1, at: fleet.zero.adding(milliseconds: Int64(recorded)), kind: .single,
      medium: rider.medium, token: rider.token, riders: rider.groupSize, vehicle: day.vehicle,
      route: fleet.network.routes[driven.route].id, direction: driven.direction)
  }
}
