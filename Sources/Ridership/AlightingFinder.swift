import Basics
package import Transit

/// Finds where a rider got off from where the rider was seen next (rule of Barry and others, 2002).
///
/// Two assumptions: riders board next near to where they got off, and the last ride of the day
/// leads back to where the first began. Of the stops ahead on the patterns of the ride the one
/// nearest to that place is taken, if it lies within walking distance.
///
/// Confidence is a product: 0.9 for the next boarding, 0.7 for the return, 0.98 for a tap off;
/// times 1 falling to 0.6 as the walk grows to its limit; times the confidences of the boardings it
/// rests on.
package struct AlightingFinder: Sendable {
  /// Farthest walk between two rides that is believed, metres.
  ///
  /// Published limits reach from 400 m to 2,200 m; 1,000 m is Wang's (2011).
  package static let walkMetresMax = 1000.0
  /// How sure the stop of a tap off is.
  package static let tapOffConfidence = 0.98
  /// A second tap in the same vehicle at the same stop within this time is a companion's, seconds.
  package static let companionSecondsMax = 180.0

  private let patterns: [Line: [RoutePattern]]

  private struct Line: Hashable {
    let route: String
    let direction: Int
  }

  /// Makes a finder over the patterns of routes.
  package init(patterns: [RoutePattern]) {
    self.patterns = Dictionary(
      grouping: patterns, by: { Line(route: $0.route, direction: $0.direction) }
    ).mapValues { $0.sorted { $0.tripCount > $1.tripCount } }
  }

  /// The ends of one rider's rides of one fare day, in the order of the boardings.
  ///
  /// The boardings come in order of time. `tapOffs` names the stop where the rider tapped off, by
  /// the number of the boarding.
  package func alightings(
    ofDay boardings: [BoardingOutcome], tapOffs: [Int: String] = [:]
  ) -> [AlightingOutcome] {
    boardings.indices.map { index in
      switch boardings[index] {
      case .unplaced(let ref, _): return .unknown(ref: ref, .boardingUnplaced)
      case .placed(let boarding):
        if let stop = tapOffs[boarding.ref],
          let end = end(of: boarding, named: stop)
        {
          return .placed(end)
        }
        return inferred(boarding, at: index, of: boardings)
      }
    }
  }

  private func inferred(
    _ boarding: PlacedBoarding, at index: Int, of boardings: [BoardingOutcome]
  ) -> AlightingOutcome {
    let others = boardings.filter { !isCompanion($0, of: boarding) }
    guard !others.isEmpty else { return .unknown(ref: boarding.ref, .singleBoarding) }
    let later = boardings[(index + 1)...].first { !isCompanion($0, of: boarding) }
    guard case .placed(let next) = later ?? boardings[0] else {
      return .unknown(ref: boarding.ref, .nextUnplaced)
    }
    return end(
      of: boarding, towards: next, source: later == nil ? .returnToFirst : .nextBoarding)
  }

  private func isCompanion(_ other: BoardingOutcome, of boarding: PlacedBoarding) -> Bool {
    guard case .placed(let other) = other else { return false }
    if other.ref == boarding.ref { return true }
    return other.vehicle == boarding.vehicle && other.vehicle != nil && other.stop == boarding.stop
      && abs(other.at.secondsSince(boarding.at)) <= AlightingFinder.companionSecondsMax
  }
}

// MARK: The stop ahead

extension AlightingFinder {
  private func end(
    of boarding: PlacedBoarding, towards next: PlacedBoarding, source: AlightingSource
  ) -> AlightingOutcome {
    guard next.stop != boarding.stop else { return .unknown(ref: boarding.ref, .sameStop) }
    guard let target = coordinate(of: next) else {
      return .unknown(ref: boarding.ref, .nextUnplaced)
    }
    var best: (metres: Double, stop: String, order: Int)?
    for (places, start) in waysAhead(of: boarding) {
      for (offset, place) in places[(start + 1)...].enumerated() {
        let metres = place.coordinate.metres(to: target)
        if metres < best?.metres ?? .infinity { best = (metres, place.stop, start + 1 + offset) }
      }
    }
    guard let best else { return .unknown(ref: boarding.ref, .noStopAhead) }
    guard best.metres <= AlightingFinder.walkMetresMax else {
      return .unknown(ref: boarding.ref, .tooFar)
    }
    let nearness = 1 - 0.4 * best.metres / AlightingFinder.walkMetresMax
    return .placed(
      PlacedAlighting(
        ref: boarding.ref, stop: best.stop, stopOrder: best.order, walkMetres: best.metres,
        source: source,
        confidence: (source == .nextBoarding ? 0.9 : 0.7) * nearness * boarding.confidence
          * next.confidence))
  }

  private func end(of boarding: PlacedBoarding, named stop: String) -> PlacedAlighting? {
    for (places, start) in waysAhead(of: boarding) {
      guard let order = places[(start + 1)...].firstIndex(where: { $0.stop == stop }) else {
        continue
      }
      return PlacedAlighting(
        ref: boarding.ref, stop: stop, stopOrder: order, walkMetres: 0, source: .tapOff,
        confidence: AlightingFinder.tapOffConfidence * boarding.confidence)
    }
    return nil
  }

  /// The patterns that a boarding may have been on, with the place of the boarding in each.
  private func waysAhead(of boarding: PlacedBoarding) -> [([RoutePattern.Place], Int)] {
    let line = Line(route: boarding.route, direction: boarding.direction)
    return (patterns[line] ?? []).compactMap { pattern in
      let places = pattern.places
      if places.indices.contains(boarding.stopOrder),
        places[boarding.stopOrder].stop == boarding.stop
      {
        return (places, boarding.stopOrder)
      }
      return places.firstIndex { $0.stop == boarding.stop }.map { (places, $0) }
    }
  }

  private func coordinate(of boarding: PlacedBoarding) -> Coordinate? {
    let line = Line(route: boarding.route, direction: boarding.direction)
    for pattern in patterns[line] ?? [] {
      if let place = pattern.places.first(where: { $0.stop == boarding.stop }) {
        return place.coordinate
      }
    }
    return nil
  }
}
