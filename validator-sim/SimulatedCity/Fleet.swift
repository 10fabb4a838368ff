package import Basics
package import Transit

/// A vehicle at a stop, in seconds of the service day; what really happened, not the timetable.
package struct Call: Hashable, Sendable {
  /// Index of the stop in the network.
  package var stop: Int
  /// When the vehicle came to a stand.
  package var arrivalSeconds: Int
  /// When it drove off.
  package var departureSeconds: Int
  package var isBoarding: Bool
  package var isAlighting: Bool
}

/// A trip as a vehicle drove it.
package struct DrivenTrip: Hashable, Sendable {
  /// Index of the trip in the network.
  package var trip: Int
  /// Index of the route in the network.
  package var route: Int
  package var direction: Int
  package var calls: [Call]

  package var startSeconds: Int { calls.first?.arrivalSeconds ?? 0 }
  package var endSeconds: Int { calls.last?.departureSeconds ?? 0 }
}

/// A vehicle and what it drives on the day; it has one validator.
package struct SimulatedVehicle: Hashable, Sendable {
  /// The number on its side: `1001`.
  package var name: String
  /// Name of its validator: `V-0001`.
  package var device: String
  package var trips: [DrivenTrip]
}

/// The vehicles of a network on one service day, each with its trips as really driven.
package struct Fleet: Sendable {
  /// Least seconds between a vehicle's trips when the feed has no blocks.
  static let turnSecondsMin = 120
  /// How far a day reaches into the next: trips run past midnight, and the charge windows of a fare day
  /// that ends at 04:00 close at 06:00.
  static let nightSeconds: Int64 = 6 * 3600
  /// Farthest that a vehicle drives empty to its next trip when the feed has no blocks.
  static let emptyMetresMax = 400.0

  package let network: Network
  package let day: Day
  package let zone: TimeZoneTable
  /// Second 0 of the service day: noon minus 12 hours.
  package let zero: Instant
  package let vehicles: [SimulatedVehicle]

  /// The last day that is over with its trips and its charges at a moment.
  package static func lastWholeDay(at moment: Instant, in zone: TimeZoneTable) -> Day {
    zone.local(moment.adding(seconds: -nightSeconds)).day.adding(days: -1)
  }

  /// Deals the day's trips out to vehicles and lets them drive, a little late now and then.
  ///
  /// With a limit, whole routes are left out from the end of the feed's list. Nil when the system
  /// does not know the feed's time zone.
  package init?(network: Network, day: Day, seed: UInt64, vehiclesMax: Int = .max) {
    guard let zone = TimeZoneTable(name: network.timeZoneName) else { return nil }
    self.network = network
    self.day = day
    self.zone = zone
    zero = zone.instant(of: LocalTime(day: day, secondOfDay: 12 * 3600)).adding(seconds: -43_200)

    var works: [[PlannedRun]] = []
    let runs = Self.runs(of: network, on: day)
    for routeRuns in Dictionary(grouping: runs, by: \.route).sorted(by: { $0.key < $1.key }) {
      let routeWorks = Self.works(of: routeRuns.value, network: network)
      guard works.count + routeWorks.count <= vehiclesMax else { break }
      works += routeWorks
    }
    vehicles = works.enumerated().map { index, work in
      let name = String(1001 + index)
      var generator = SeededGenerator(seed: seed ^ stableHash("vehicle \(name)".utf8))
      return SimulatedVehicle(
        name: name, device: "V-" + padded(index + 1, 4),
        trips: Driving.drive(work, network: network, generator: &generator))
    }
  }

  /// A moment of the day as the world's clock shows it.
  package func instant(seconds: Int) -> Instant { zero.adding(seconds: Int64(seconds)) }

  /// Every run of the day: trips by timetable, and those that repeat at a headway.
  private static func runs(of network: Network, on day: Day) -> [PlannedRun] {
    let headways = Dictionary(grouping: network.frequencies, by: \.tripIndex)
    var runs: [PlannedRun] = []
    for index in network.trips(on: day) {
      let trip = network.trips[index]
      let times = network.stopTimes(ofTrip: index)
      guard let first = times.first else { continue }
      let starts =
        headways[index]?.flatMap { Array($0.departuresSeconds) } ?? [Int(first.departureSeconds)]
      for start in starts {
        runs.append(
          PlannedRun(
            trip: index, route: trip.routeIndex, direction: trip.direction,
            block: headways[index] == nil ? trip.block : nil,
            shiftSeconds: start - Int(first.departureSeconds), startSeconds: start,
            endSeconds: start + Int((times.last ?? first).arrivalSeconds - first.departureSeconds),
            firstStop: Int(first.stopIndex), lastStop: Int((times.last ?? first).stopIndex)))
      }
    }
    return runs
  }

  /// The runs of a route as the days' works of vehicles: by block, else whoever stands ready first.
  private static func works(of runs: [PlannedRun], network: Network) -> [[PlannedRun]] {
    var works: [[PlannedRun]] = []
    var vehicleOfBlock: [String: [Int]] = [:]
    for run in runs.sorted(by: PlannedRun.isBefore) {
      let candidates = run.block.map { vehicleOfBlock[$0] ?? [] } ?? Array(works.indices)
      let ready = candidates.first { index in
        guard let last = works[index].last, (last.block == nil) == (run.block == nil) else {
          return false
        }
        if run.block != nil { return last.endSeconds <= run.startSeconds }
        let from = network.stops[last.lastStop].coordinate
        let to = network.stops[run.firstStop].coordinate
        return last.endSeconds + turnSecondsMin <= run.startSeconds
          && from.metres(to: to) <= emptyMetresMax
      }
      if let ready {
        works[ready].append(run)
      } else {
        if let block = run.block { vehicleOfBlock[block, default: []].append(works.count) }
        works.append([run])
      }
    }
    return works
  }
}

/// A run of a vehicle as the timetable has it.
struct PlannedRun: Hashable, Sendable {
  let trip: Int
  let route: Int
  let direction: Int
  let block: String?
  /// Seconds by which the run is later than the trip's own times.
  let shiftSeconds: Int
  let startSeconds: Int
  let endSeconds: Int
  let firstStop: Int
  let lastStop: Int

  static func isBefore(_ left: PlannedRun, _ right: PlannedRun) -> Bool {
    (left.startSeconds, left.trip) < (right.startSeconds, right.trip)
  }
}
