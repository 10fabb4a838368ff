import Basics
import Transit

/// Turns a timetable into what a vehicle really did.
enum Driving {
  /// Seconds before its first departure that a vehicle stands with open doors.
  static let boardingSeconds = 40
  /// Fastest way from stop to stop, as the crow flies.
  static let metresPerSecondMax = 16.0
  /// Shortest time at a stop.
  static let dwellSecondsMin = 12
  /// Seconds that a vehicle may start late.
  static let startDelaySecondsMax = 45
  /// Seconds that a vehicle may lose or make up between two stops.
  static let hopVariationSeconds = 12

  /// Drives the runs of a vehicle one after the other; it is never early and overtakes no one's time.
  static func drive(
    _ work: [PlannedRun], network: Network, generator: inout SeededGenerator
  ) -> [DrivenTrip] {
    var trips: [DrivenTrip] = []
    var freeSeconds = Int.min
    for run in work {
      let trip = drive(run, network: network, freeSeconds: freeSeconds, generator: &generator)
      freeSeconds = trip.endSeconds + 20
      trips.append(trip)
    }
    return trips
  }

  private static func drive(
    _ run: PlannedRun, network: Network, freeSeconds: Int, generator: inout SeededGenerator
  ) -> DrivenTrip {
    let times = Array(network.stopTimes(ofTrip: run.trip))
    var calls: [Call] = []
    var delay = generator.integer(in: 0...startDelaySecondsMax)
    for (index, time) in times.enumerated() {
      let arrivalPlan = Int(time.arrivalSeconds) + run.shiftSeconds
      let departurePlan = Int(time.departureSeconds) + run.shiftSeconds
      var arrival = index == 0 ? departurePlan - boardingSeconds : arrivalPlan + delay
      var departure = departurePlan + delay
      if let before = calls.last {
        let from = network.stops[before.stop].coordinate
        let metres = from.metres(to: network.stops[Int(time.stopIndex)].coordinate)
        arrival = max(arrival, before.departureSeconds + 10 + Int(metres / metresPerSecondMax))
      } else {
        arrival = max(arrival, freeSeconds)
      }
      departure = max(departure, arrival + dwellSecondsMin + generator.integer(in: 0...12))
      calls.append(
        Call(
          stop: Int(time.stopIndex), arrivalSeconds: arrival, departureSeconds: departure,
          isBoarding: time.isBoarding && index + 1 < times.count,
          isAlighting: time.isAlighting && index > 0))
      let variation = generator.integer(in: -hopVariationSeconds...hopVariationSeconds)
      delay = max(0, departure - departurePlan + variation)
    }
    return DrivenTrip(
      trip: run.trip, route: run.route, direction: run.direction, calls: calls)
  }
}
