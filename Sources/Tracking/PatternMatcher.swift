import Basics
import Transit

#if canImport(Glibc)
  import Glibc
#endif

/// Matches the stays of one vehicle, in order of time, to places of patterns: the likeliest way
/// through.
///
/// A dynamic programme over (pattern, place): each stay may be matched to a place near it or to
/// none. Every match earns its nearness, places passed over and runs begun anew cost. So the
/// direction, and which of two stops across the street it was, follow from the whole day and not
/// from one point.
struct PatternMatcher {
  /// Farthest a door opens from its stop, metres.
  static let doorMetresMax = 100.0
  /// Farthest a door opens from a stop that was moved since the timetable was made, metres;
  /// believed only between other stops of the same run.
  static let movedStopMetresMax = 250.0
  /// What a match beyond `doorMetresMax` earns.
  static let movedStopGain = 0.1
  /// Farthest a vehicle without door events stands from its stop, metres.
  static let nearMetresMax = 60.0
  /// A match at the stop itself earns 1; this is what a stop passed over costs.
  static let skippedStopCost = 0.15
  /// Stops passed over never cost more than this together.
  static let skippedStopsCostMax = 1.2
  /// What a new run costs in the middle of a pattern, and what at its ends.
  static let newRunCost = 2.0
  static let newRunAtEndsCost = 0.25
  /// What each place costs by which a run ends early or begins late.
  static let missingStopCost = 0.1
  /// What a stay costs that is matched to another route than the one named at the time.
  static let otherRouteCost = 0.7
  /// What it costs when the trip named at the time drives another pattern of the same route.
  static let otherPatternCost = 0.6
  /// What a vehicle that passes, and is not seen to stand, earns less.
  static let passingCost = 0.2
  /// A further stay at the same place earns this.
  static let sameStopGain = 0.02
  /// A vehicle that stays longer without a sign of doors or movement is not the same stay, seconds.
  static let sameStopSecondsMax = 600.0
  /// A run does not go on after this long without a stop, seconds.
  static let runGapSecondsMax = 3600.0
  /// How much the pattern that most trips drive is preferred when all else is equal.
  static let commonPatternGain = 0.001

  /// A place of a pattern, in one list over all patterns.
  private struct Place {
    let pattern: Int
    let order: Int
    let coordinate: Coordinate
    let metresPerLongitude: Double
    let placesAfter: Int
    let gain: Double
  }

  /// A stay matched to a place.
  private struct Node {
    let place: Int
    let metres: Double
    let isDoors: Bool
    let arrivedAt: Instant
    let departedAt: Instant
    let previous: Int?
    let isNewRun: Bool
  }

  /// The best way that ends at a place.
  private struct State {
    var score: Double
    var node: Int
  }

  private let patterns: [RoutePattern]
  private let places: [Place]
  private let rows: PlaceRows
  private var states: [State?]
  private var live: [Int] = []
  private var nodes: [Node] = []

  /// A matcher for some of a book's patterns.
  init(book: PatternBook, indexes: [Int]) {
    patterns = book.patterns
    let tripCountMax = Double(indexes.map { book.patterns[$0].tripCount }.max() ?? 1)
    places = indexes.flatMap { index in
      let pattern = book.patterns[index]
      let gain = Double(pattern.tripCount) / max(tripCountMax, 1)
      return pattern.places.enumerated().map { order, place in
        Place(
          pattern: index, order: order, coordinate: place.coordinate,
          metresPerLongitude: 111_195.08 * cos(place.coordinate.latitude * .pi / 180),
          placesAfter: pattern.places.count - 1 - order,
          gain: gain * PatternMatcher.commonPatternGain)
      }
    }
    rows = PlaceRows(places.map(\.coordinate), metresMax: PatternMatcher.movedStopMetresMax)
    states = Array(repeating: nil, count: places.count)
  }
}

// MARK: The programme

extension PatternMatcher {
  /// Takes the next stay in order of time.
  mutating func add(_ stay: Stay, hints: [RouteHints.Statement]) {
    var found: [(place: Int, state: State)] = []
    var anew: (score: Double, node: Int)?
    for place in rows.near(stay.from, stay.to) {
      let (metres, share) = stay.nearest(
        to: places[place].coordinate, metresPerLongitude: places[place].metresPerLongitude)
      guard let nearness = gain(metres: metres, kind: stay.kind) else { continue }
      if anew == nil { anew = bestEnd() }
      let gain = nearness + places[place].gain - cost(of: stay, at: place, hints: hints)
      let mayBegin = metres <= PatternMatcher.doorMetresMax
      guard
        let way = bestWay(
          to: place, at: stay.arrivedAt, gain: gain, anew: anew, mayBegin: mayBegin)
      else { continue }
      if let old = states[place], old.score >= way.score { continue }
      let isPassing = stay.kind == .passing
      nodes.append(
        Node(
          place: place, metres: metres, isDoors: stay.kind == .doors,
          arrivedAt: isPassing ? stay.instant(share: share) : stay.arrivedAt,
          departedAt: isPassing ? stay.instant(share: share) : stay.departedAt,
          previous: way.previous, isNewRun: way.isNewRun))
      found.append((place, State(score: way.score, node: nodes.count - 1)))
    }
    // Only now, so that one stay is matched to one place.
    for (place, state) in found {
      if states[place] == nil { live.append(place) }
      states[place] = state
    }
  }

  /// What nearness earns, 1 at the stop itself; nil when it is too far.
  private func gain(metres: Double, kind: Stay.Kind) -> Double? {
    let isDoors = kind == .doors
    let metresMax = isDoors ? PatternMatcher.doorMetresMax : PatternMatcher.nearMetresMax
    if metres <= metresMax { return 1 - metres / metresMax * (metres / metresMax) }
    guard isDoors, metres <= PatternMatcher.movedStopMetresMax else { return nil }
    return PatternMatcher.movedStopGain
  }

  private func cost(of stay: Stay, at place: Int, hints: [RouteHints.Statement]) -> Double {
    let pattern = places[place].pattern
    var cost = stay.kind == .passing ? PatternMatcher.passingCost : 0
    guard !hints.isEmpty else { return cost }
    let route = patterns[pattern].route
    if !hints.contains(where: { $0.route == route }) {
      cost += PatternMatcher.otherRouteCost
    } else if !hints.contains(where: { $0.pattern == nil || $0.pattern == pattern }) {
      cost += PatternMatcher.otherPatternCost
    }
    return cost
  }

  private func bestEnd() -> (score: Double, node: Int)? {
    var best: (score: Double, node: Int)?
    for place in live {
      guard let state = states[place] else { continue }
      let score = state.score - endCost(placesMissing: places[place].placesAfter)
      if let old = best, old.score >= score { continue }
      best = (score, state.node)
    }
    return best
  }

  /// Half of what a new run costs; the other half is paid where it begins.
  private func endCost(placesMissing: Int) -> Double {
    guard placesMissing > 1 else { return PatternMatcher.newRunAtEndsCost / 2 }
    return PatternMatcher.newRunCost / 2
      + Double(placesMissing) * PatternMatcher.missingStopCost
  }

  private func bestWay(
    to place: Int, at instant: Instant, gain: Double, anew: (score: Double, node: Int)?,
    mayBegin: Bool
  ) -> (score: Double, previous: Int?, isNewRun: Bool)? {
    let order = places[place].order
    var best: (score: Double, previous: Int?, isNewRun: Bool)?
    if mayBegin {
      best = ((anew?.score ?? 0) - endCost(placesMissing: order) + gain, anew?.node, true)
    }
    for before in 0...order {
      guard let state = states[place - before] else { continue }
      let seconds = instant.secondsSince(nodes[state.node].departedAt)
      // A stop that was moved is met once; what stands about there later is a yard.
      if before == 0, !mayBegin || seconds > PatternMatcher.sameStopSecondsMax { continue }
      if seconds > PatternMatcher.runGapSecondsMax { continue }
      let skipped = Double(max(before - 1, 0)) * PatternMatcher.skippedStopCost
      let step =
        before == 0
        ? PatternMatcher.sameStopGain * gain
        : gain - min(skipped, PatternMatcher.skippedStopsCostMax)
      let score = state.score + step
      if score > best?.score ?? -.infinity { best = (score, state.node, false) }
    }
    return best
  }
}

// MARK: The answer

extension PatternMatcher {
  /// The visits along the best way.
  func visits(vehicle: String) -> [StopVisit] {
    var best: State?
    for place in places.indices {
      guard let state = states[place], state.score > best?.score ?? -.infinity else { continue }
      best = state
    }
    guard let best else { return [] }
    var way: [Int] = []
    var next: Int? = best.node
    while let node = next {
      way.append(node)
      next = nodes[node].previous
    }
    return merged(way.reversed(), vehicle: vehicle)
  }

  private func merged(_ way: [Int], vehicle: String) -> [StopVisit] {
    var runs: [[StopVisit]] = []
    var lastPlace: Int?
    for index in way {
      let node = nodes[index]
      if node.isNewRun || runs.isEmpty {
        runs.append([])
        lastPlace = nil
      }
      let run = runs.count - 1
      if lastPlace == node.place, let last = runs[run].indices.last {
        runs[run][last].departedAt = max(runs[run][last].departedAt, node.departedAt)
        runs[run][last].distanceMetres = min(runs[run][last].distanceMetres, node.metres)
        continue
      }
      lastPlace = node.place
      runs[run].append(visit(node, vehicle: vehicle))
    }
    // One stop has no order: beside other runs it is a terminus seen from the other side, or
    // chance.
    return runs.filter { $0.count > 1 || runs.count == 1 }.flatMap { $0 }
  }

  private func visit(_ node: Node, vehicle: String) -> StopVisit {
    let place = places[node.place]
    let pattern = patterns[place.pattern]
    return StopVisit(
      vehicle: vehicle, route: pattern.route, direction: pattern.direction,
      stop: pattern.places[place.order].stop, stopOrder: place.order,
      arrivedAt: node.arrivedAt, departedAt: node.departedAt, distanceMetres: node.metres,
      doorsOpened: node.isDoors)
  }
}

/// Places sorted by latitude, to find those near a way without looking at all of them.
private struct PlaceRows {
  private let sorted: [(latitude: Double, longitude: Double, place: Int)]
  private let latitudeReach: Double
  private let longitudeReach: Double

  init(_ coordinates: [Coordinate], metresMax: Double) {
    sorted = coordinates.enumerated().map { ($1.latitude, $1.longitude, $0) }
      .sorted { ($0.latitude, $0.place) < ($1.latitude, $1.place) }
    latitudeReach = metresMax / 110_000
    let latitudeMax = coordinates.map { abs($0.latitude) }.max() ?? 0
    longitudeReach = latitudeReach / max(cos(min(latitudeMax + 0.01, 89.9) * .pi / 180), 0.001)
  }

  /// Indexes of places that may lie near a straight way; in a fixed order.
  func near(_ from: Coordinate, _ to: Coordinate) -> [Int] {
    let south = min(from.latitude, to.latitude) - latitudeReach
    let north = max(from.latitude, to.latitude) + latitudeReach
    let west = min(from.longitude, to.longitude) - longitudeReach
    let east = max(from.longitude, to.longitude) + longitudeReach
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle].latitude < south { low = middle + 1 } else { high = middle }
    }
    var found: [Int] = []
    while low < sorted.count, sorted[low].latitude <= north {
      if (west...east).contains(sorted[low].longitude) { found.append(sorted[low].place) }
      low += 1
    }
    return found.sorted()
  }
}
