import Basics
import Ridership
package import Store
import Transit

/// Finds where riders got off, from where they were seen next.
package struct Alighter: Sendable {
  /// Most rider-days worked on in one transaction.
  package static let riderDaysPerPassMax = 2000

  private let city: City

  /// Makes a finder for a city: each day is worked on by the network that holds on it.
  package init(city: City) { self.city = city }

  /// Works on the oldest stale rider-days of a lane; the number of days, none when another process
  /// holds the lane.
  package func find(lane: Int16, in db: StoreSession) async throws -> Int {
    guard try await db.tryLane(.alighting, lane: lane) else { return 0 }
    let days = try await db.alighting.claimStaleDays(
      lane: lane, countMax: Self.riderDaysPerPassMax)
    guard !days.isEmpty else { return 0 }
    let boardings = try await db.alighting.boardings(lane: lane, days: days)
    let offs = Dictionary(
      grouping: try await db.alighting.tapOffs(lane: lane, days: days), by: \.day)
    var finders: [Int64?: AlightingFinder] = [:]
    let routes = Set(boardings.compactMap(\.route))
    let ofDay = Dictionary(grouping: boardings, by: \.day)
    var rows: [AlightingRow] = []
    for day in days {
      let boardings = ofDay[day] ?? []
      let ends = ends(of: boardings, offs[day] ?? [])
      let feedID = city.feedID(on: day.fareDay)
      if finders[feedID] == nil {
        let then = try await city.on(day.fareDay, in: db)
        finders[feedID] = Self.finder(of: routes, on: then.network)
      }
      guard let finder = finders[feedID] else { continue }
      let outcomes = finder.alightings(
        ofDay: boardings.enumerated().map { outcome($1, ref: $0) },
        tapOffs: ends.mapValues(\.stop))
      rows += outcomes.map { outcome in
        if let end = ends[outcome.ref] {
          let boarding = boardings[outcome.ref]
          if end.isCorrected { return corrected(outcome, at: end.stop, of: boarding) }
          if outcome == .unknown(ref: outcome.ref, .boardingUnplaced) {
            return told(end.stop, of: boarding)
          }
        }
        return row(outcome, of: boardings[outcome.ref])
      }
    }
    try await db.alighting.save(rows)
    try await db.alighting.finish(days, lane: lane)
    // One ride is shared with nobody, unless it is carried into the next day.
    let shared = days.filter { city.sharesByDistance(on: $0.fareDay) && ofDay[$0] != nil }
    try await db.operatorMoney.askRecount(
      of: shared.filter { ofDay[$0, default: []].count > 1 }, lane: lane)
    try await db.operatorMoney.askRecountOfCarried(from: shared, lane: lane)
    return days.count
  }

  private static func finder(of routes: Set<String>, on network: Network) -> AlightingFinder {
    AlightingFinder(
      patterns: routes.compactMap(network.routeIndex(id:)).sorted()
        .flatMap(network.routePatterns(ofRoute:)))
  }

  private func outcome(_ boarding: StandingBoarding, ref: Int) -> BoardingOutcome {
    guard let route = boarding.route, let direction = boarding.direction,
      let stop = boarding.stop, let stopOrder = boarding.stopOrder,
      let source = BoardingSource(rawValue: boarding.source)
    else {
      return .unplaced(ref: ref, UnplacedReason(rawValue: boarding.source) ?? .noVisits)
    }
    return .placed(
      PlacedBoarding(
        ref: ref, at: boarding.at, vehicle: boarding.vehicle, route: route, direction: direction,
        stop: stop, stopOrder: stopOrder, source: source, confidence: boarding.confidence))
  }

  /// The first tap off after each boarding and before the next; each ends one ride.
  ///
  /// Times cut to the minute make a tap off and the boarding after it one moment: so the boarding that it
  /// came after takes it first.
  private func ends(of boardings: [StandingBoarding], _ offs: [TapOff]) -> [Int: TapOff] {
    var ends: [Int: TapOff] = [:]
    var used: Set<Int> = []
    for (index, boarding) in boardings.enumerated() {
      let next = index + 1 < boardings.count ? boardings[index + 1].at : nil
      let found = offs.indices.first { place in
        let off = offs[place]
        return !used.contains(place) && off.at >= boarding.at
          && next.map { off.at <= $0 } ?? true
          && (!off.isOvernight
            || off.at.secondsSince(boarding.at) <= Double(TapOff.overnightSecondsMax))
      }
      guard let found else { continue }
      ends[index] = offs[found]
      used.insert(found)
    }
    return ends
  }

  /// The row of a ride whose end a person named: what is found beside it moves it no more.
  private func corrected(
    _ outcome: AlightingOutcome, at stop: String, of boarding: StandingBoarding
  ) -> AlightingRow {
    let placed = outcome.placed.flatMap { $0.stop == stop ? $0 : nil }
    return AlightingRow(
      name: boarding.name, fareDay: boarding.day.fareDay, stop: stop,
      stopOrder: placed?.stopOrder, source: AlightingSource.corrected.rawValue, confidence: 1)
  }

  /// The row of a ride of which the line is not known, as between the gates of two stations.
  private func told(_ stop: String, of boarding: StandingBoarding) -> AlightingRow {
    AlightingRow(
      name: boarding.name, fareDay: boarding.day.fareDay, stop: stop, stopOrder: nil,
      source: AlightingSource.tapOff.rawValue, confidence: AlightingFinder.tapOffConfidence)
  }

  private func row(_ outcome: AlightingOutcome, of boarding: StandingBoarding) -> AlightingRow {
    switch outcome {
    case .placed(let end):
      AlightingRow(
        name: boarding.name, fareDay: boarding.day.fareDay, stop: end.stop,
        stopOrder: end.stopOrder, source: end.source.rawValue, confidence: end.confidence)
    case .unknown(_, let reason):
      AlightingRow(
        name: boarding.name, fareDay: boarding.day.fareDay, stop: nil, stopOrder: nil,
        source: reason.rawValue, confidence: nil)
    }
  }
}
