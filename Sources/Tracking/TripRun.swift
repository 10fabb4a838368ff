import Basics
import Transit

/// A trip on a service day, its calls as moments.
struct TripRun {
  /// So near to its first stop a vehicle waits for its time, wherever it is let stand, metres.
  static let besideMetresMax = 150.0

  let calls: [StopTime]
  /// A vehicle that would be later drives another run than it says, seconds.
  ///
  /// A device may go on to name a run that is over, and the vehicle comes by its stops once more. So this is
  /// half of the time in which it could be back: that of the run on a loop, else of the run there and back.
  let lateSecondsMax: Int
  private let firstCoordinate: Coordinate
  /// Noon minus twelve hours, from which GTFS counts: on most days midnight.
  private let start: Instant

  /// The run of a trip that calls anywhere at all.
  init(trip: Int, day: Day, network: Network, zone: TimeZoneTable) {
    calls = Array(network.stopTimes(ofTrip: trip))
    start = zone.instant(of: LocalTime(day: day, secondOfDay: 43_200)).adding(seconds: -43_200)
    let (first, last) = (calls[0], calls[calls.count - 1])
    firstCoordinate = network.stops[Int(first.stopIndex)].coordinate
    let end = network.stops[Int(last.stopIndex)].coordinate
    let isLoop = firstCoordinate.metres(to: end) <= TripRun.besideMetresMax
    let seconds = max(Int(last.arrivalSeconds) - Int(first.departureSeconds), 0)
    lateSecondsMax = min(isLoop ? seconds / 2 : seconds, TripUpdateFinder.lateSecondsMax)
  }

  var last: Int { calls.count - 1 }

  func arrival(_ order: Int) -> Instant {
    start.adding(seconds: Int64(calls[order].arrivalSeconds))
  }

  func departure(_ order: Int) -> Instant {
    start.adding(seconds: Int64(calls[order].departureSeconds))
  }

  /// Whether a vehicle that drives this run may be so late, or early.
  func isBelievable(_ delaySeconds: Int) -> Bool {
    (-TripUpdateFinder.earlySecondsMax...lateSecondsMax).contains(delaySeconds)
  }

  /// Whether a place is so near to the first stop that a vehicle there may wait for its time.
  func isBeside(_ coordinate: Coordinate) -> Bool {
    firstCoordinate.metres(to: coordinate) <= TripRun.besideMetresMax
  }

  /// Whether a vehicle waits for this run, though its newest visit is the end of another one: it stands
  /// beside the first stop when the run should begin, and no visit to that stop is sure yet.
  func isAwaited(
    at coordinate: Coordinate, _ instant: Instant, after visit: StopVisit, network: Network
  ) -> Bool {
    let seconds = Int(instant.seconds - departure(0).seconds)
    guard isBeside(coordinate),
      (-TripUpdateFinder.waitSecondsMax...lateSecondsMax).contains(seconds),
      let stop = network.stopIndex(id: visit.stop), let route = network.routeIndex(id: visit.route)
    else { return false }
    return network.patterns(ofRoute: route, direction: visit.direction).contains { pattern in
      let stops = network.patterns[pattern].stopIndexes
      return visit.stopOrder == stops.count - 1 && stops.last.map(Int.init) == stop
    }
  }
}
