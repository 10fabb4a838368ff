package import Basics
package import Transit

/// Says what a vehicle is doing now, from its newest position and its visits so far.
package struct VehicleStatusFinder: Sendable {
  /// A stop the vehicle is nearer to than this, and has not left, is where it stands, metres.
  package static let stoppedMetresMax = 40.0
  /// The next stop is near enough to say the vehicle arrives there, metres.
  package static let incomingMetresMax = 80.0
  /// Visits older than this say nothing about what a vehicle does now, seconds.
  package static let visitAgeSecondsMax = 1800.0

  private let network: Network
  private let zone: TimeZoneTable

  /// Makes a finder; the zone is that of the network's times.
  package init(network: Network, zone: TimeZoneTable) {
    self.network = network
    self.zone = zone
  }

  /// The status of a vehicle; its visits may come in any order.
  package func status(
    of position: Position, label: String? = nil, visits: [StopVisit]
  ) -> VehicleStatus {
    var status = VehicleStatus(
      vehicle: position.vehicle, label: label, at: position.at, coordinate: position.coordinate,
      bearingDegrees: position.bearingDegrees,
      speedMetresPerSecond: position.speedMetresPerSecond)
    let last = visits.filter { $0.vehicle == position.vehicle && $0.arrivedAt <= position.at }
      .max { ($0.arrivedAt, $0.departedAt) < ($1.arrivedAt, $1.departedAt) }
    let fresh = last.flatMap { visit in
      position.at.secondsSince(visit.departedAt) <= VehicleStatusFinder.visitAgeSecondsMax
        ? visit : nil
    }
    status.route = fresh?.route
    status.direction = fresh?.direction
    let said = position.trip.flatMap(network.tripIndex(id:))
    let beginning = said.flatMap { self.beginning(ofTrip: $0, at: position, after: fresh) }
    let trip = said.flatMap { trip in
      beginning != nil || mayDrive(trip, after: fresh, at: position.at) ? trip : nil
    }
    if let trip {
      status.route = network.routes[network.trips[trip].routeIndex].id
      status.direction = network.trips[trip].direction
      // By headway one trip runs many times, and nothing says which of its runs this one is.
      if network.frequencies(ofTrip: trip).isEmpty {
        status.trip = network.trips[trip].id
        status.startDay = startDay(ofTrip: trip, at: position.at)
      }
    } else if let route = position.route.flatMap({ network.resolveRoute($0) }),
      fresh.map({ position.at > $0.departedAt }) ?? true, network.routes[route].id != status.route
    {
      // Named after the visit: the vehicle drives another route now.
      status.route = network.routes[route].id
      status.direction = nil
    }
    if let beginning, let trip {
      addStop(ofTrip: trip, beginning, to: &status)
    } else if let fresh {
      addStop(after: fresh, at: position, trip: trip, to: &status)
    }
    return status
  }

  /// Whether a vehicle may drive the trip it names: the stop it was at last says nothing else, and the
  /// trip runs on a day about then.
  private func mayDrive(_ trip: Int, after visit: StopVisit?, at instant: Instant) -> Bool {
    let said = network.trips[trip]
    if let visit,
      visit.route != network.routes[said.routeIndex].id
        || visit.direction != said.direction
    {
      return false
    }
    return !network.frequencies(ofTrip: trip).isEmpty || startDay(ofTrip: trip, at: instant) != nil
  }

  /// How the trip that a vehicle names begins after the end of another run; nil where it is not about to.
  private func beginning(
    ofTrip trip: Int, at position: Position, after visit: StopVisit?
  ) -> TripRun.Beginning? {
    guard let visit, network.frequencies(ofTrip: trip).isEmpty,
      let day = startDay(ofTrip: trip, at: position.at)
    else { return nil }
    return TripRun(trip: trip, day: day, network: network, zone: zone)
      .beginning(
        at: position.coordinate, position.at, speedMetresPerSecond: position.speedMetresPerSecond,
        after: visit, network: network)
  }

  private func addStop(
    ofTrip trip: Int, _ beginning: TripRun.Beginning, to status: inout VehicleStatus
  ) {
    let calls = network.stopTimes(ofTrip: trip)
    switch beginning {
    case .waiting:
      guard let first = calls.first else { return }
      let stop = network.stops[Int(first.stopIndex)]
      let isThere =
        stop.coordinate.metres(to: status.coordinate) <= VehicleStatusFinder.stoppedMetresMax
      status.progress = isThere ? .stoppedAt : .incomingAt
      status.stop = stop.id
      status.stopSequence = Int(first.sequence)
    case .underWay(let next):
      let call = calls[calls.startIndex + next]
      let stop = network.stops[Int(call.stopIndex)]
      status.progress = approach(to: stop, from: status.coordinate)
      status.stop = stop.id
      status.stopSequence = Int(call.sequence)
    }
  }

  private func approach(to stop: Stop, from coordinate: Coordinate) -> StopProgress {
    stop.coordinate.metres(to: coordinate) <= VehicleStatusFinder.incomingMetresMax
      ? .incomingAt : .inTransitTo
  }

  private func addStop(
    after visit: StopVisit, at position: Position, trip: Int?, to status: inout VehicleStatus
  ) {
    guard visit.route == status.route, visit.direction == status.direction,
      let (pattern, order) = place(of: visit, trip: trip)
    else { return }
    let stops = network.patterns[pattern].stopIndexes
    let here = network.stops[Int(stops[order])]
    var now = order
    if here.coordinate.metres(to: position.coordinate) <= VehicleStatusFinder.stoppedMetresMax,
      position.at <= visit.departedAt
    {
      status.progress = .stoppedAt
    } else {
      guard order + 1 < stops.count else { return }
      now = order + 1
      status.progress = approach(
        to: network.stops[Int(stops[now])], from: position.coordinate)
    }
    status.stop = network.stops[Int(stops[now])].id
    if let trip, status.trip != nil {
      let calls = network.stopTimes(ofTrip: trip)
      status.stopSequence = Int(calls[calls.startIndex + now].sequence)
    }
  }

  /// The pattern of the trip, else the commonest one that has the stop there.
  private func place(of visit: StopVisit, trip: Int?) -> (pattern: Int, order: Int)? {
    guard let stop = network.stopIndex(id: visit.stop) else { return nil }
    func order(in pattern: Int) -> Int? {
      let stops = network.patterns[pattern].stopIndexes
      let order = visit.stopOrder
      if stops.indices.contains(order), Int(stops[order]) == stop { return order }
      return stops.firstIndex { Int($0) == stop }
    }
    if let trip {
      let pattern = network.trips[trip].patternIndex
      return order(in: pattern).map { (pattern, $0) }
    }
    guard let route = network.routeIndex(id: visit.route) else { return nil }
    let candidates = network.patterns(ofRoute: route, direction: visit.direction)
    let exact = candidates.first { pattern in
      let stops = network.patterns[pattern].stopIndexes
      return stops.indices.contains(visit.stopOrder) && Int(stops[visit.stopOrder]) == stop
    }
    guard let pattern = exact ?? candidates.first(where: { order(in: $0) != nil }) else {
      return nil
    }
    return order(in: pattern).map { (pattern, $0) }
  }

  /// The service day whose run of the trip is nearest to a moment; nil when none of its days fits.
  private func startDay(ofTrip trip: Int, at instant: Instant) -> Day? {
    let calls = network.stopTimes(ofTrip: trip)
    guard let first = calls.first, let last = calls.last else { return nil }
    let today = zone.local(instant).day
    return [-1, 0, 1].map(today.adding(days:))
      .filter { network.isActive(service: network.trips[trip].serviceIndex, on: $0) }
      .min {
        seconds(from: instant, toRun: (first, last), on: $0)
          < seconds(from: instant, toRun: (first, last), on: $1)
      }
  }

  private func seconds(
    from instant: Instant, toRun run: (first: StopTime, last: StopTime), on day: Day
  ) -> Double {
    // Noon minus twelve hours, as GTFS counts, so that a change of clocks does not shift the run.
    let noon = zone.instant(of: LocalTime(day: day, secondOfDay: 43_200))
    let start = noon.adding(seconds: Int64(run.first.departureSeconds) - 43_200)
    let end = noon.adding(seconds: Int64(run.last.arrivalSeconds) - 43_200)
    return max(start.secondsSince(instant), instant.secondsSince(end), 0)
  }
}
