import Basics
package import Transit

/// Gives boardings without a stop the stop their vehicle was at.
///
/// Riders tap while the doors are open or while the vehicle drives on to the next stop, so the stop
/// is the one of the last visit before the tap. Validators' clocks are a little slow or fast and
/// their times may be cut to the minute, so a visit shortly after the tap counts too, but less.
///
/// Confidence is a product of these:
/// - source: door event 0.95, nearness only 0.7;
/// - time: 1 while the vehicle stood there, 0.95 up to 60 s after it left, 0.85 up to 150 s, 0.4 up
///   to 600 s; 0.7 when the visit begins up to 60 s after the tap;
/// - place: 1 when the vehicle stood within 100 m of the stop, 0.65 up to 250 m (a stop moved since
///   the timetable was made);
/// - turn: 0.8 when the vehicle stood at the last place of a pattern, where nobody boards it, and the
///   boarding is taken as one of the next run;
/// - choice: 1 when one visit fits, 0.7 when the coarse time of the tap covers several;
/// - route: 1 when tap and visit name the same route or the tap names none that is known, 0.6 when
///   they differ.
/// A stop the device named has confidence 1, or 0.5 where neither the device nor the vehicle says
/// which of two directions, or of two calls of a run, it is; one found from the device's coordinate has 0.9.
package struct BoardingPlacer: Sendable {
  /// Longest time from leaving a stop to a tap that is believed to belong to it, seconds.
  package static let afterVisitSecondsMax: Int64 = 150
  /// Longest time that is still a guess worth giving, with low confidence, seconds.
  package static let guessSecondsMax: Int64 = 600
  /// Longest time by which a tap may lie before the visit it belongs to, seconds.
  package static let beforeVisitSecondsMax: Int64 = 60
  /// Farthest stop from the vehicle that is believed to be its stop for sure, metres.
  package static let stopMetresMax = 100.0
  /// Longest wait between a tap at the end of a run and the first stop of the next, seconds.
  package static let turnSecondsMax = 1200.0
  /// What a boarding at the end of a run keeps of its confidence as one of the next run.
  package static let turnConfidence = 0.8

  /// How sure a named stop is when both directions have it and nothing says which.
  package static let openDirectionConfidence = 0.5

  private let visitsOfVehicle: [String: [StopVisit]]
  private let patternsOfRoute: [String: [RoutePattern]]

  /// Makes a placer over the visits of vehicles and the patterns of routes.
  package init(visits: [StopVisit], patterns: [RoutePattern]) {
    visitsOfVehicle = Dictionary(grouping: visits, by: \.vehicle).mapValues { visits in
      visits.sorted { ($0.arrivedAt, $0.departedAt) < ($1.arrivedAt, $1.departedAt) }
    }
    patternsOfRoute = Dictionary(grouping: patterns, by: \.route)
  }

  /// The stop of a boarding, or why it has none.
  package func place(_ boarding: Boarding) -> BoardingOutcome {
    do {
      return .placed(try placed(boarding))
    } catch {
      return .unplaced(ref: boarding.ref, error)
    }
  }

  private func placed(_ boarding: Boarding) throws(UnplacedReason) -> PlacedBoarding {
    if let stop = boarding.stop, let placed = atNamed(stop, boarding) { return placed }
    guard let vehicle = boarding.vehicle else {
      return try atCoordinate(boarding, otherwise: boarding.stop == nil ? .noVehicle : .offRoute)
    }
    guard let visits = visitsOfVehicle[vehicle] else {
      return try atCoordinate(boarding, otherwise: .noVisits)
    }
    guard let (found, sureness) = bestVisit(boarding, among: visits) else {
      return try atCoordinate(boarding, otherwise: .noVisitInTime)
    }
    let (visit, confidence) = afterTurn(found, sureness, boarding, visits)
    return PlacedBoarding(
      ref: boarding.ref, at: boarding.at, vehicle: vehicle, route: visit.route,
      direction: visit.direction, stop: visit.stop, stopOrder: visit.stopOrder,
      source: visit.doorsOpened ? .doorEvent : .nearness, confidence: confidence)
  }
}

// MARK: By visits

extension BoardingPlacer {
  private func bestVisit(
    _ boarding: Boarding, among visits: [StopVisit]
  ) -> (index: Int, confidence: Double)? {
    let earliest = boarding.at
    let latest = boarding.at.adding(seconds: Int64(max(boarding.resolutionSeconds - 1, 0)))
    // The visits that begin before the last moment that can count, latest first.
    var low = 0
    var high = visits.count
    let limit = latest.adding(seconds: BoardingPlacer.beforeVisitSecondsMax)
    while low < high {
      let middle = (low + high) / 2
      if visits[middle].arrivedAt <= limit { low = middle + 1 } else { high = middle }
    }
    var best: (index: Int, confidence: Double)?
    var coveredCount = 0
    for index in visits[..<low].indices.reversed() {
      let visit = visits[index]
      guard
        visit.departedAt >= earliest.adding(seconds: -BoardingPlacer.guessSecondsMax)
      else { break }
      let time = timeConfidence(visit, earliest: earliest, latest: latest)
      if time == 1 { coveredCount += 1 }
      let confidence =
        time * (visit.doorsOpened ? 0.95 : 0.7) * routeConfidence(visit, boarding)
        * (visit.distanceMetres <= BoardingPlacer.stopMetresMax ? 1 : 0.65)
      if let old = best,
        (old.confidence, overlap(visits[old.index], earliest, latest))
          >= (confidence, overlap(visit, earliest, latest))
      {
        continue
      }
      best = (index, confidence)
    }
    if coveredCount > 1, let found = best { best = (found.index, found.confidence * 0.7) }
    return best
  }

  /// The visit a tap belongs to where the vehicle stood at the end of a run: one of the next run.
  ///
  /// Where the next run calls at the same stop, as on a loop or at a terminus that two lines share, the
  /// rider boarded there; else at the first stop that the vehicle was seen at on the next run. A vehicle
  /// that was lost from sight in the middle of a run says nothing of where it turned.
  private func afterTurn(
    _ index: Int, _ confidence: Double, _ boarding: Boarding, _ visits: [StopVisit]
  ) -> (visit: StopVisit, confidence: Double) {
    let visit = visits[index]
    guard visits.indices.contains(index + 1) else { return (visit, confidence) }
    let next = visits[index + 1]
    let goesOn =
      next.route == visit.route && next.direction == visit.direction
      && next.stopOrder > visit.stopOrder
    guard !goesOn,
      next.arrivedAt.secondsSince(boarding.at) <= BoardingPlacer.turnSecondsMax,
      isLast(visit)
    else { return (visit, confidence) }
    guard let order = order(of: visit.stop, before: next) else {
      return (next, confidence * BoardingPlacer.turnConfidence)
    }
    var turned = visit
    turned.route = next.route
    turned.direction = next.direction
    turned.stopOrder = order
    return (turned, confidence * BoardingPlacer.turnConfidence)
  }

  /// Whether a run may end at a visit: its place is the last one of a pattern of its line.
  private func isLast(_ visit: StopVisit) -> Bool {
    patterns(of: visit).contains {
      $0.places.count == visit.stopOrder + 1 && $0.places[visit.stopOrder].stop == visit.stop
    }
  }

  /// The place of a stop on the run of a visit, before the visit; nil where the run does not call there.
  private func order(of stop: String, before visit: StopVisit) -> Int? {
    for pattern in patterns(of: visit) {
      let places = pattern.places
      guard places.indices.contains(visit.stopOrder), places[visit.stopOrder].stop == visit.stop,
        let order = places[..<visit.stopOrder].lastIndex(where: { $0.stop == stop })
      else { continue }
      return order
    }
    return nil
  }

  private func patterns(of visit: StopVisit) -> [RoutePattern] {
    (patternsOfRoute[visit.route] ?? []).filter { $0.direction == visit.direction }
      .sorted { $0.tripCount > $1.tripCount }
  }

  /// Seconds of a visit within a span of time; below zero when they do not meet.
  private func overlap(_ visit: StopVisit, _ earliest: Instant, _ latest: Instant) -> Double {
    min(visit.departedAt, latest).secondsSince(max(visit.arrivedAt, earliest))
  }

  private func timeConfidence(
    _ visit: StopVisit, earliest: Instant, latest: Instant
  ) -> Double {
    guard visit.arrivedAt <= latest else { return 0.7 }
    guard visit.departedAt < earliest else { return 1 }
    switch earliest.secondsSince(visit.departedAt) {
    case ...60: return 0.95
    case ...Double(BoardingPlacer.afterVisitSecondsMax): return 0.85
    default: return 0.4
    }
  }

  private func routeConfidence(_ visit: StopVisit, _ boarding: Boarding) -> Double {
    guard let route = boarding.route, patternsOfRoute[route] != nil else { return 1 }
    return route == visit.route ? 1 : 0.6
  }
}

// MARK: By what the device says

extension BoardingPlacer {
  private func atNamed(_ stop: String, _ boarding: Boarding) -> PlacedBoarding? {
    guard let route = boarding.route else { return nil }
    var calls: [Call] = []
    for pattern in patterns(of: route, direction: boarding.direction) {
      let count = pattern.places.count
      calls += pattern.places.indices.filter { pattern.places[$0].stop == stop }.map { order in
        Call(
          direction: pattern.direction, order: order, isLast: order + 1 == count,
          isTwin: pattern.places.filter { $0.stop == stop }.count > 1)
      }
    }
    guard let (call, confidence) = choose(among: calls, at: stop, boarding) else { return nil }
    return PlacedBoarding(
      ref: boarding.ref, at: boarding.at, vehicle: boarding.vehicle, route: route,
      direction: call.direction, stop: stop, stopOrder: call.order, source: .device,
      confidence: confidence)
  }

  /// A stop in a pattern.
  private struct Call {
    let direction: Int
    let order: Int
    let isLast: Bool
    /// Whether its pattern calls at the stop more than once.
    let isTwin: Bool
  }

  /// The call that a boarding at a named stop is one of; the first is the best guess.
  ///
  /// Where both directions have the stop and the device names none, or a run calls there twice, nobody
  /// boards at the end of a run, and the vehicle was seen there at one of the calls.
  private func choose(
    among calls: [Call], at stop: String, _ boarding: Boarding
  ) -> (Call, confidence: Double)? {
    let told = calls.filter { $0.direction == boarding.direction }
    let own = told.isEmpty ? calls : told
    guard let first = own.first else { return nil }
    guard own.contains(where: { $0.isTwin || isOther($0, than: first, boarding) }) else {
      return (first, 1)
    }
    let boarded = own.filter { !$0.isLast }
    let rest = boarded.isEmpty ? own : boarded
    if isOnlyOne(rest) { return (rest[0], 1) }
    let visits = (boarding.vehicle.flatMap { visitsOfVehicle[$0] } ?? []).filter {
      $0.route == boarding.route && $0.stop == stop
    }
    guard let seen = bestVisit(boarding, among: visits).map({ visits[$0.index] }) else {
      return (rest[0], BoardingPlacer.openDirectionConfidence)
    }
    let ofVisit = rest.filter { $0.direction == seen.direction }
    if let call = ofVisit.first(where: { $0.order == seen.stopOrder }) { return (call, 1) }
    guard let call = ofVisit.first else {
      return (rest[0], BoardingPlacer.openDirectionConfidence)
    }
    return (call, isOnlyOne(ofVisit) ? 1 : BoardingPlacer.openDirectionConfidence)
  }

  private func isOther(_ call: Call, than first: Call, _ boarding: Boarding) -> Bool {
    boarding.direction == nil && call.direction != first.direction
  }

  /// Whether calls are of one direction and, of a run that calls twice, at one place.
  private func isOnlyOne(_ calls: [Call]) -> Bool {
    calls.allSatisfy {
      $0.direction == calls[0].direction && (!$0.isTwin || $0.order == calls[0].order)
    }
  }

  private func atCoordinate(
    _ boarding: Boarding, otherwise reason: UnplacedReason
  ) throws(UnplacedReason) -> PlacedBoarding {
    guard let coordinate = boarding.coordinate, let route = boarding.route else { throw reason }
    var best: (metres: Double, pattern: RoutePattern, order: Int)?
    for pattern in patterns(of: route, direction: boarding.direction) {
      if let best, best.pattern.direction == boarding.direction,
        pattern.direction != boarding.direction
      {
        break
      }
      for (order, place) in pattern.places.enumerated() {
        let metres = place.coordinate.metres(to: coordinate)
        if metres < best?.metres ?? BoardingPlacer.stopMetresMax {
          best = (metres, pattern, order)
        }
      }
    }
    guard let best else { throw .offRoute }
    return PlacedBoarding(
      ref: boarding.ref, at: boarding.at, vehicle: boarding.vehicle, route: route,
      direction: best.pattern.direction, stop: best.pattern.places[best.order].stop,
      stopOrder: best.order, source: .coordinate, confidence: 0.9)
  }

  /// A route's patterns, those of the named direction first, in a direction the commonest first.
  private func patterns(of route: String, direction: Int?) -> [RoutePattern] {
    (patternsOfRoute[route] ?? []).sorted { left, right in
      if left.direction != right.direction {
        if left.direction == direction { return true }
        if right.direction == direction { return false }
        return left.direction < right.direction
      }
      return left.tripCount > right.tripCount
    }
  }
}
