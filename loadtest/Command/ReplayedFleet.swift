import Basics
import ServiceClient
import SimulatedCity
import Transit

/// Vehicles of a day of a network that is over, as many as are asked for.
struct ReplayedFleet: Sendable {
  /// Days looked at for one on which trips run, from the newest back.
  static let daysLookedAt = 14

  let fleet: Fleet
  let vehicles: [SimulatedVehicle]
  private let seed: UInt64

  /// Lets vehicles drive whose names begin with a prefix.
  ///
  /// Where the network has fewer than are asked for, several drive the same trips, each with positions of its own;
  /// where it has more, those that drive are spread over its lines.
  init(
    _ network: Network, vehicles count: Int, prefix: String, seed: UInt64, now: Instant
  ) throws {
    guard let zone = TimeZoneTable(name: network.timeZoneName) else {
      throw ProgramFault("the system does not know the time zone \(network.timeZoneName)")
    }
    let newest = Fleet.lastWholeDay(at: now, in: zone)
    let last = min(newest, network.validDays?.upperBound ?? newest)
    let days = (0..<Self.daysLookedAt).map { last.adding(days: -$0) }
    guard let day = days.first(where: { !network.trips(on: $0).isEmpty }),
      let fleet = Fleet(network: network, day: day, seed: seed), !fleet.vehicles.isEmpty
    else {
      throw ProgramFault("no trip of the feed runs on the \(Self.daysLookedAt) days up to \(last)")
    }
    self.fleet = fleet
    self.seed = seed
    let size = fleet.vehicles.count
    vehicles = (0..<count).map { number in
      var vehicle = fleet.vehicles[count < size ? number * size / count : number % size]
      vehicle.name = prefix + String(number + 1)
      vehicle.device = vehicle.name
      return vehicle
    }
  }

  /// All that a vehicle's device reports on the day, in order of time.
  func track(
    of vehicle: SimulatedVehicle
  ) -> [(trip: DrivenTrip, position: ReportedPosition)] {
    VehicleTrack.positions(of: vehicle, in: Int.min..<Int.max, fleet: fleet, seed: seed)
  }
}
