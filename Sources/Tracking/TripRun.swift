import Basics
import Transit

/// A trip on a service day, its calls as moments.
struct TripRun {
  /// So near to its first stop a vehicle waits for its time, wherever it is let stand, metres.
  static let besideMetresMax = 150.0

  let calls: [StopTime]
  /// A vehicle that would be later drives another run than it says, seconds.
  let lateSecondsMax: Int
  /// Noon minus twelve hours, from which GTFS counts: on most days midnight.
  private let start: Instant

  init(trip: Int, day: Day, network: Network, zone: TimeZoneTable) {
    calls = Array(network.stopTimes(ofTrip: trip))
    start = zone.instant(of: LocalTime(day: day, secondOfDay: 43_200)).adding(seconds: -43_200)
    lateSecondsMax = TripRun.lateSecondsMax(calls, network: network)
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

  /// A device may go on to name a run that is over, and the vehicle comes by its stops once more.
  ///
  /// So it is no later than half of the time in which it could be back: that of the run on a loop, else of
  /// the run there and back.
  private static func lateSecondsMax(_ calls: [StopTime], network: Network) -> Int {
    guard let first = calls.first, let last = calls.last else { return 0 }
    let seconds = max(Int(last.arrivalSeconds) - Int(first.departureSeconds), 0)
    let metres = network.stops[Int(first.stopIndex)].coordinate
      .metres(to: network.stops[Int(last.stopIndex)].coordinate)
    let isLoop = metres <= TripRun.besideMetresMax
    return min(isLoop ? seconds / 2 : seconds, TripUpdateFinder.lateSecondsMax)
  }
}
