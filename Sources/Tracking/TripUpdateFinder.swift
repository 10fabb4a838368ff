package import Basics
package import Transit

/// Foretells the calls of a vehicle on its trip: the timetable, moved by how late the vehicle is now.
///
/// On the way, the vehicle is late against the timetable between the two stops around it, which is
/// taken to go on evenly with the metres of the line. At a stop it is as late as it came. Whoever is
/// late stays as late; whoever is early waits for the time of departure at the first stop and at each
/// stop whose exact times stand in the feed. A run that is not begun leaves on time, so a layover takes up what
/// the run before was late by. Of runs after this one nothing is told.
///
/// Where it is not sure that the vehicle drives the trip, or where on it, there is no update.
package struct TripUpdateFinder: Sendable {
  /// Farther from the shape of its trip a vehicle is not on its line, metres.
  package static let offShapeMetresMax = 150.0
  /// So where the network gives no shape, and the line goes straight from stop to stop, metres.
  package static let offStraightMetresMax = 500.0
  /// Most stops that a vehicle has passed since its newest visit; visits come a little later than
  /// positions.
  package static let unseenStopsMax = 3
  /// By so much the way must be nearer for each unseen stop that is believed to be passed, metres.
  package static let unseenStopMetres = 30.0
  /// A vehicle at the stop of its newest visit stands there when that ended no longer ago, seconds.
  package static let visitLagSecondsMax = 120.0
  /// A vehicle that would be later drives another trip than it says, also on a long one, seconds.
  package static let lateSecondsMax = 7200
  /// A vehicle that would be earlier drives another trip than it says, seconds.
  package static let earlySecondsMax = 900
  /// A run that begins later is not followed yet, seconds.
  package static let waitSecondsMax = 3600

  private let network: Network
  private let zone: TimeZoneTable

  /// Makes a finder; the zone is that of the network's times.
  package init(network: Network, zone: TimeZoneTable) {
    self.network = network
    self.zone = zone
  }

  /// The update of a vehicle, by its status and its newest visit; nil where nothing is sure.
  package func update(of status: VehicleStatus, after visit: StopVisit?) -> TripUpdate? {
    guard let visit, let startDay = status.startDay,
      let trip = status.trip.flatMap(network.tripIndex(id:)), visit.vehicle == status.vehicle,
      visit.arrivedAt <= status.at,
      status.at.secondsSince(visit.departedAt) <= VehicleStatusFinder.visitAgeSecondsMax
    else { return nil }
    let run = TripRun(trip: trip, day: startDay, network: network, zone: zone)
    let beginning = run.beginning(
      at: status.coordinate, status.at, speedMetresPerSecond: status.speedMetresPerSecond,
      after: visit, network: network)
    // At the last stop the trip is over.
    guard let order = beginning == nil ? order(of: visit, trip: trip) : 0, order < run.last,
      beginning != nil || visit.route == status.route && visit.direction == status.direction
    else { return nil }
    // Beside its first stop a vehicle waits wherever it is let stand, also when its time has come.
    let isWaiting = order == 0 && run.isBeside(status.coordinate)
    let isStanding =
      switch beginning {
      case .waiting: true
      case .underWay: false
      case nil: isWaiting || self.isStanding(status, at: visit)
      }
    guard
      let progress = isStanding
        ? leaving(run, order: order, visit: visit, at: status.at)
        : driving(run, order: order, status: status)
    else { return nil }
    var calls = coming(run, from: progress.next, delaySeconds: progress.delaySeconds)
    // When a run left that only now begins nobody saw.
    if isStanding
      || beginning == nil
        && mayHaveLeft(run, order: order, visit: visit, status, late: progress.delaySeconds)
    {
      calls.insert(
        passed(run, order: order, visit: visit, status, leaving: isStanding ? progress : nil), at: 0
      )
    }
    let told = calls.first.map { [$0.arrival, $0.departure] } ?? []
    guard
      (told.compactMap { $0?.delaySeconds } + [progress.delaySeconds])
        .allSatisfy(run.isBelievable)
    else { return nil }
    return TripUpdate(
      vehicle: status.vehicle, label: status.label, at: status.at, trip: network.trips[trip].id,
      route: network.routes[network.trips[trip].routeIndex].id,
      direction: network.trips[trip].direction, startDay: startDay,
      startSeconds: Int(run.calls[0].arrivalSeconds), delaySeconds: progress.delaySeconds,
      calls: calls)
  }
}

// MARK: Where on the trip

extension TripUpdateFinder {
  /// How far a vehicle is: the stop it calls at next, and how late it is.
  private struct Progress {
    let next: Int
    let delaySeconds: Int
  }

  /// The place of a visit among the calls; nil where the trip has its stop not at all or, elsewhere than
  /// the visit says, more than once.
  private func order(of visit: StopVisit, trip: Int) -> Int? {
    guard let stop = network.stopIndex(id: visit.stop) else { return nil }
    let stops = network.patterns[network.trips[trip].patternIndex].stopIndexes
    let orders = stops.indices.filter { Int(stops[$0]) == stop }
    if orders.contains(visit.stopOrder) { return visit.stopOrder }
    return orders.count == 1 ? orders[0] : nil
  }

  private func isStanding(_ status: VehicleStatus, at visit: StopVisit) -> Bool {
    guard let stop = network.stopIndex(id: visit.stop) else { return false }
    return status.at.secondsSince(visit.departedAt) <= TripUpdateFinder.visitLagSecondsMax
      && network.stops[stop].coordinate.metres(to: status.coordinate)
        <= VehicleStatusFinder.stoppedMetresMax
  }

  /// A vehicle at a stop leaves as late as it came, never before now.
  private func leaving(
    _ run: TripRun, order: Int, visit: StopVisit, at instant: Instant
  ) -> Progress? {
    let now = TripUpdateFinder.seconds(from: run.departure(order), to: instant)
    if order == 0 {
      guard now >= -TripUpdateFinder.waitSecondsMax else { return nil }
      return Progress(next: 1, delaySeconds: max(now, 0))
    }
    let came = TripUpdateFinder.seconds(from: run.arrival(order), to: visit.arrivedAt)
    let leaves = run.calls[order].isTimepoint ? max(came, 0) : came
    return Progress(next: order + 1, delaySeconds: max(leaves, now))
  }

  /// A vehicle on the way is late against the timetable at its place on the line; nil off the line.
  private func driving(_ run: TripRun, order: Int, status: VehicleStatus) -> Progress? {
    guard let place = run.place(of: status.coordinate, after: order, network: network) else {
      return nil
    }
    let left = run.departure(place.next - 1)
    let seconds = TripUpdateFinder.seconds(from: left, to: run.arrival(place.next))
    let planned = Int64((Double(seconds) * place.share).rounded())
    return Progress(
      next: place.next,
      delaySeconds: TripUpdateFinder.seconds(from: left.adding(seconds: planned), to: status.at))
  }
}

// MARK: What is told

extension TripUpdateFinder {
  /// The call of a visit, with when the vehicle left; foretold where it stands there yet.
  private func passed(
    _ run: TripRun, order: Int, visit: StopVisit, _ status: VehicleStatus, leaving: Progress?
  ) -> TripUpdate.Call {
    var passed = call(run, order: order)
    if order > 0 { passed.arrival = observed(visit.arrivedAt, against: run.arrival(order)) }
    if let leaving {
      passed.departure = TripUpdate.Event(
        at: run.departure(order).adding(seconds: Int64(leaving.delaySeconds)),
        delaySeconds: leaving.delaySeconds)
    } else {
      passed.departure = observed(
        min(visit.departedAt, status.at), against: run.departure(order))
    }
    return passed
  }

  /// Whether a vehicle on the way may have left its stop when its visit ended.
  ///
  /// At the first stop a visit may end with the doors, which close for a layover: what left then would be farther by now.
  private func mayHaveLeft(
    _ run: TripRun, order: Int, visit: StopVisit, _ status: VehicleStatus, late delaySeconds: Int
  ) -> Bool {
    guard order == 0 else { return true }
    let left = min(visit.departedAt, status.at)
    return TripUpdateFinder.seconds(from: run.departure(order), to: left)
      >= delaySeconds - Int(TripUpdateFinder.visitLagSecondsMax)
  }

  private func call(_ run: TripRun, order: Int) -> TripUpdate.Call {
    TripUpdate.Call(
      sequence: Int(run.calls[order].sequence),
      stop: network.stops[Int(run.calls[order].stopIndex)].id)
  }

  private func coming(_ run: TripRun, from next: Int, delaySeconds: Int) -> [TripUpdate.Call] {
    var delay = delaySeconds
    return (next..<run.calls.count).map { order in
      var call = call(run, order: order)
      call.arrival = TripUpdate.Event(
        at: run.arrival(order).adding(seconds: Int64(delay)), delaySeconds: delay)
      // Where the trip ends nobody leaves with it.
      guard order + 1 < run.calls.count else { return call }
      if run.calls[order].isTimepoint { delay = max(delay, 0) }
      call.departure = TripUpdate.Event(
        at: run.departure(order).adding(seconds: Int64(delay)), delaySeconds: delay)
      return call
    }
  }

  private func observed(_ instant: Instant, against planned: Instant) -> TripUpdate.Event {
    TripUpdate.Event(
      at: Instant(seconds: instant.seconds),
      delaySeconds: TripUpdateFinder.seconds(from: planned, to: instant), isObserved: true)
  }

  /// Whole seconds between two moments, each cut to the second.
  private static func seconds(from planned: Instant, to instant: Instant) -> Int {
    Int(instant.seconds - planned.seconds)
  }
}
