import Basics
import Transit

/// A trip on a service day, its calls as moments.
struct TripRun {
  /// So near to its first stop a vehicle waits for its time, wherever it is let stand, metres.
  static let besideMetresMax = 150.0
  /// A vehicle that is on its line before its time by more may as well be parked there, seconds.
  static let beginsEarlySecondsMax = 120
  /// Slower before its time a vehicle on its line may be parked there, metres per second.
  static let movingMetresPerSecondMin = 1.0

  /// How a run begins of which no visit tells yet.
  ///
  /// One stop has no order, so after another run the first stop is sure only when the second was seen.
  enum Beginning {
    /// The vehicle stands beside the first stop.
    case waiting
    /// It has left the first stop, and calls next at that of an order.
    case underWay(next: Int)
  }

  let calls: [StopTime]
  /// A vehicle that would be later drives another run than it says, seconds.
  ///
  /// A device may go on to name a run that is over, and the vehicle comes by its stops once more. So this is
  /// half of the time in which it could be back: that of the run on a loop, else of the run there and back.
  let lateSecondsMax: Int
  private let pattern: Int
  private let firstCoordinate: Coordinate
  /// Where the second stop is; nil without one.
  private let secondCoordinate: Coordinate?
  /// Noon minus twelve hours, from which GTFS counts: on most days midnight.
  private let start: Instant

  /// The run of a trip that calls anywhere at all.
  init(trip: Int, day: Day, network: Network, zone: TimeZoneTable) {
    calls = Array(network.stopTimes(ofTrip: trip))
    pattern = network.trips[trip].patternIndex
    start = zone.instant(of: LocalTime(day: day, secondOfDay: 43_200)).adding(seconds: -43_200)
    let (first, last) = (calls[0], calls[calls.count - 1])
    firstCoordinate = network.stops[Int(first.stopIndex)].coordinate
    secondCoordinate =
      calls.count > 1 ? network.stops[Int(calls[1].stopIndex)].coordinate : nil
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
  ///
  /// A device may name the run to come while the vehicle drives the one before: on a short loop it would be
  /// as early on it as others are late.
  func isBelievable(_ delaySeconds: Int) -> Bool {
    let earlySecondsMax = min(TripUpdateFinder.earlySecondsMax, lateSecondsMax)
    return (-earlySecondsMax...lateSecondsMax).contains(delaySeconds)
  }

  /// Whether a place is so near to the first stop, and no nearer to the second, that a vehicle there may
  /// wait for its time.
  func isBeside(_ coordinate: Coordinate) -> Bool {
    let metres = firstCoordinate.metres(to: coordinate)
    return metres <= TripRun.besideMetresMax
      && secondCoordinate.map { metres <= $0.metres(to: coordinate) } ?? true
  }

  /// How this run begins for a vehicle whose newest visit is the end of another one: it stands beside the
  /// first stop when the run should begin, or came to its end there and is on the line now; nil otherwise.
  ///
  /// A vehicle that is farther from the line than a shape allows may as well be parked, also where the line goes
  /// straight from stop to stop; so may one that stands on the line before its time.
  func beginning(
    at coordinate: Coordinate, _ instant: Instant, speedMetresPerSecond: Double?,
    after visit: StopVisit, network: Network
  ) -> Beginning? {
    let seconds = Int(instant.seconds - departure(0).seconds)
    guard seconds >= -TripUpdateFinder.waitSecondsMax, let stop = network.stopIndex(id: visit.stop),
      isEnd(visit, at: stop, network: network), !isOnTheWay(visit, at: stop, network: network)
    else { return nil }
    if isBeside(coordinate) { return seconds <= lateSecondsMax ? .waiting : nil }
    let isMoving = speedMetresPerSecond.map { $0 > TripRun.movingMetresPerSecondMin } ?? true
    guard seconds >= -TripRun.beginsEarlySecondsMax, seconds >= 0 || isMoving,
      isBeside(network.stops[stop].coordinate),
      let place = place(of: coordinate, after: 0, network: network),
      place.metresOff <= TripUpdateFinder.offShapeMetresMax, place.next > 1 || place.share > 0,
      Int(instant.seconds - arrival(place.next).seconds) <= lateSecondsMax
    else { return nil }
    return .underWay(next: place.next)
  }

  /// Whether a visit is to a stop that this run calls at before its last: where the line crosses itself a
  /// shorter pattern may end.
  ///
  /// Who came there before the run begins came there at the end of a shorter one.
  private func isOnTheWay(_ visit: StopVisit, at stop: Int, network: Network) -> Bool {
    let own = network.patterns[pattern]
    return visit.arrivedAt >= departure(0) && network.routeIndex(id: visit.route) == own.routeIndex
      && visit.direction == own.direction && visit.stopOrder < last
      && own.stopIndexes.indices.contains(visit.stopOrder)
      && Int(own.stopIndexes[visit.stopOrder]) == stop
  }

  /// Whether a visit is to the last stop of a pattern of its route.
  private func isEnd(_ visit: StopVisit, at stop: Int, network: Network) -> Bool {
    guard let route = network.routeIndex(id: visit.route) else { return false }
    return network.patterns(ofRoute: route, direction: visit.direction).contains { pattern in
      let stops = network.patterns[pattern].stopIndexes
      return visit.stopOrder == stops.count - 1 && stops.last.map(Int.init) == stop
    }
  }

  /// Where a vehicle is on the line since a stop: the stop it calls at next, the share of the way there, 0 to 1,
  /// and how far from the line; nil off the line.
  func place(
    of coordinate: Coordinate, after order: Int, network: Network
  ) -> (next: Int, share: Double, metresOff: Double)? {
    let metres = network.patterns[pattern].stopMetres
    guard metres.count == calls.count, order < last else { return nil }
    let line = network.line(ofPattern: pattern)
    let offMetresMax =
      network.patterns[pattern].shapeIndex == nil
      ? TripUpdateFinder.offStraightMetresMax : TripUpdateFinder.offShapeMetresMax
    var best: (next: Int, metresAlong: Double, metresOff: Double, cost: Double)?
    for next in (order + 1)...min(order + 1 + TripUpdateFinder.unseenStopsMax, last) {
      let place = line.project(coordinate, between: metres[next - 1], and: metres[next])
      let unseen = Double(next - order - 1) * TripUpdateFinder.unseenStopMetres
      guard place.metresOff <= offMetresMax, place.metresOff + unseen < best?.cost ?? .infinity
      else { continue }
      best = (next, place.metresAlong, place.metresOff, place.metresOff + unseen)
    }
    guard let best else { return nil }
    let span = metres[best.next] - metres[best.next - 1]
    let share = span > 0 ? (best.metresAlong - metres[best.next - 1]) / span : 0
    return (best.next, min(max(share, 0), 1), best.metresOff)
  }
}
