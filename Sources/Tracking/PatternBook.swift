import Basics
import Transit

/// The patterns that positions and hints may mean, and how their names lead to them.
struct PatternBook {
  let patterns: [RoutePattern]
  private let patternsOfRoute: [String: [Int]]
  /// `route_id` by the name a device uses for it.
  private let routeOfName: [String: String]
  private let patternOfTrip: [String: Int]

  /// A book of patterns whose routes are called by their `route_id`.
  init(_ patterns: [RoutePattern]) {
    self.init(patterns, routeOfName: [:], patternOfTrip: [:])
  }

  private init(
    _ patterns: [RoutePattern], routeOfName: [String: String], patternOfTrip: [String: Int]
  ) {
    self.patterns = patterns
    patternsOfRoute = Dictionary(grouping: patterns.indices, by: { patterns[$0].route })
    self.routeOfName = routeOfName
    self.patternOfTrip = patternOfTrip
  }

  /// The patterns of the routes and trips that positions and hints name, where a network has them.
  init(network: Network, positions: [Position], hints: [RouteHint]) {
    let names = Set(positions.compactMap(\.route)).union(hints.map(\.route))
    let trips = Set(positions.compactMap(\.trip))
    var routes: Set<Int> = []
    var routeOfName: [String: String] = [:]
    for name in names {
      guard let route = network.resolveRoute(name) else { continue }
      routes.insert(route)
      routeOfName[name] = network.routes[route].id
    }
    let tripIndexes = trips.compactMap { id in network.tripIndex(id: id).map { (id, $0) } }
    for (_, trip) in tripIndexes { routes.insert(network.trips[trip].routeIndex) }
    let indexes = routes.sorted().flatMap { network.patterns(ofRoute: $0) }
    let place = Dictionary(uniqueKeysWithValues: indexes.enumerated().map { ($1, $0) })
    var patternOfTrip: [String: Int] = [:]
    for (id, trip) in tripIndexes {
      patternOfTrip[id] = place[network.trips[trip].patternIndex]
    }
    self.init(
      indexes.map(network.routePattern), routeOfName: routeOfName, patternOfTrip: patternOfTrip)
  }

  /// The `route_id` that a name means; nil when there is no such route.
  func route(named name: String) -> String? {
    let route = routeOfName[name] ?? name
    return patternsOfRoute[route] == nil ? nil : route
  }

  /// Index of the pattern that a trip drives.
  func pattern(ofTrip trip: String) -> Int? { patternOfTrip[trip] }

  /// Indexes of the patterns of routes, in order.
  func patterns(of routes: Set<String>) -> [Int] {
    routes.flatMap { patternsOfRoute[$0] ?? [] }.sorted()
  }
}

/// What is said about the route of one vehicle, by time.
struct RouteHints {
  /// One statement; of a trip when it names a pattern.
  struct Statement: Hashable {
    let at: Instant
    let route: String
    let pattern: Int?
  }

  private let statements: [Statement]
  /// Every route that is named at all.
  let routes: Set<String>

  /// Gathers what positions and hints say; names the book does not know are left out.
  init(track: [Position], hints: [RouteHint], book: PatternBook) {
    var statements: Set<Statement> = []
    for hint in hints {
      guard let route = book.route(named: hint.route) else { continue }
      statements.insert(Statement(at: hint.at, route: route, pattern: nil))
    }
    for position in track {
      if let pattern = position.trip.flatMap(book.pattern(ofTrip:)) {
        statements.insert(
          Statement(at: position.at, route: book.patterns[pattern].route, pattern: pattern))
      } else if let route = position.route.flatMap(book.route(named:)) {
        statements.insert(Statement(at: position.at, route: route, pattern: nil))
      }
    }
    self.statements = statements.sorted { left, right in
      (left.at, left.route, left.pattern ?? -1) < (right.at, right.route, right.pattern ?? -1)
    }
    routes = Set(statements.map(\.route))
  }

  /// The statements next to a moment, before and after it.
  func around(_ instant: Instant) -> [Statement] {
    var low = 0
    var high = statements.count
    while low < high {
      let middle = (low + high) / 2
      if statements[middle].at <= instant { low = middle + 1 } else { high = middle }
    }
    return [low - 1, low].filter(statements.indices.contains).map { statements[$0] }
  }
}
