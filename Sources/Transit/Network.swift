package import Basics

/// What a feed holds, as plain lists; indexes point from one list into another.
package struct NetworkContent: Hashable, Sendable {
  /// Name of the time zone of all times in the IANA data base.
  package var timeZoneName: String
  package var info: FeedInfo?
  /// By id.
  package var operators: [Operator] = []
  /// By the feed's order for lists, then mode, then name with numbers by value.
  package var routes: [Route] = []
  /// By id.
  package var stops: [Stop] = []
  /// By id.
  package var services: [Service] = []
  /// By id.
  package var shapes: [Shape] = []
  /// By route, then direction, then number of trips falling.
  package var patterns: [Pattern] = []
  /// By route, then direction, then first departure, then id.
  package var trips: [Trip] = []
  /// Those of a trip stand together.
  package var stopTimes: [StopTime] = []
  /// By trip, then start.
  package var frequencies: [Frequency] = []

  /// Makes a network with nothing in it.
  package init(timeZoneName: String) { self.timeZoneName = timeZoneName }
}

/// The network of a city, immutable, with its look-ups.
package final class Network: Sendable {
  /// The lists that everything here looks into.
  package let content: NetworkContent

  private let operatorIDs: IDIndex
  private let routeIDs: IDIndex
  private let stopIDs: IDIndex
  private let tripIDs: IDIndex
  private let routesByName: [String: [Int]]
  private let grid: StopGrid
  private let tripRanges: [Range<Int>]
  private let patternRanges: [Range<Int>]

  /// A network with nothing in it, for a service that has not imported a feed yet.
  package static let empty = Network(NetworkContent(timeZoneName: "UTC"))

  /// Makes the look-ups; the lists have the order that `NetworkContent` names.
  package init(_ content: NetworkContent) {
    self.content = content
    operatorIDs = IDIndex(content.operators.map(\.id))
    routeIDs = IDIndex(content.routes.map(\.id))
    stopIDs = IDIndex(content.stops.map(\.id))
    tripIDs = IDIndex(content.trips.map(\.id))
    grid = StopGrid(content.stops)
    var names: [String: [Int]] = [:]
    for (index, route) in content.routes.enumerated() where !route.shortName.isEmpty {
      names[route.shortName.lowercased(), default: []].append(index)
    }
    routesByName = names
    tripRanges = Network.ranges(of: content.trips.map(\.routeIndex), count: content.routes.count)
    patternRanges = Network.ranges(
      of: content.patterns.map(\.routeIndex), count: content.routes.count)
  }

  package var timeZoneName: String { content.timeZoneName }
  package var info: FeedInfo? { content.info }
  package var operators: [Operator] { content.operators }
  package var routes: [Route] { content.routes }
  package var stops: [Stop] { content.stops }
  package var services: [Service] { content.services }
  package var shapes: [Shape] { content.shapes }
  package var patterns: [Pattern] { content.patterns }
  package var trips: [Trip] { content.trips }
  package var stopTimes: [StopTime] { content.stopTimes }
  package var frequencies: [Frequency] { content.frequencies }

  private static func ranges(of sorted: [Int], count: Int) -> [Range<Int>] {
    var ranges = Array(repeating: 0..<0, count: count)
    var start = 0
    for index in sorted.indices {
      precondition(index == 0 || sorted[index - 1] <= sorted[index], "the list is by route")
      if index + 1 == sorted.count || sorted[index + 1] != sorted[index] {
        ranges[sorted[index]] = start..<(index + 1)
        start = index + 1
      }
    }
    return ranges
  }
}

// MARK: - By name

extension Network {
  /// Index of the operator with an `agency_id`.
  package func operatorIndex(id: String) -> Int? { operatorIDs.find(id) }

  /// Index of the route with a `route_id`.
  package func routeIndex(id: String) -> Int? { routeIDs.find(id) }

  /// Index of the stop with a `stop_id`.
  package func stopIndex(id: String) -> Int? { stopIDs.find(id) }

  /// Index of the trip with a `trip_id`.
  package func tripIndex(id: String) -> Int? { tripIDs.find(id) }

  /// The route that a device or a person means: a `route_id`, else a short name that only one
  /// route has (of the mode, when one is given); nil when there is none or more than one.
  package func resolveRoute(_ name: String, mode: Mode? = nil) -> Int? {
    if let exact = routeIndex(id: name), mode == nil || routes[exact].mode == mode {
      return exact
    }
    let named = (routesByName[name.lowercased()] ?? []).filter { index in
      mode == nil || routes[index].mode == mode
    }
    let sameCase = named.filter { routes[$0].shortName == name }
    let found = sameCase.isEmpty ? named : sameCase
    return found.count == 1 ? found[0] : nil
  }

  /// The `agency_id` of a route's operator; nil when the feed does not say.
  package func operatorID(ofRoute route: Int) -> String? {
    routes[route].operatorIndex.map { operators[$0].id }
  }
}

// MARK: - Patterns and geometry

extension Network {
  /// Indexes of a route's patterns, direction 0 first, in a direction the most driven first.
  package func patterns(ofRoute route: Int) -> Range<Int> { patternRanges[route] }

  /// Indexes of a route's patterns in a direction, the most driven first.
  package func patterns(ofRoute route: Int, direction: Int) -> Range<Int> {
    let all = patternRanges[route]
    let split = all.first { patterns[$0].direction != 0 } ?? all.upperBound
    return direction == 0 ? all.lowerBound..<split : split..<all.upperBound
  }

  /// Index of the pattern that most trips of a route drive in a direction.
  package func mainPattern(route: Int, direction: Int) -> Int? {
    patterns(ofRoute: route, direction: direction).first
  }

  /// The way of a pattern: its shape, else straight lines between its stops.
  package func line(ofPattern pattern: Int) -> Polyline {
    if let shape = patterns[pattern].shapeIndex { return shapes[shape].line }
    return Polyline(patterns[pattern].stopIndexes.map { stops[Int($0)].coordinate })
  }

  /// Places where riders board within a distance of a point, nearest first.
  package func nearestStops(to point: Coordinate, withinMetres: Double) -> [NearStop] {
    grid.near(point, withinMetres: withinMetres)
  }
}

// MARK: - By day

extension Network {
  /// Whether the trips of a service run on a service day.
  package func isActive(service: Int, on day: Day) -> Bool { services[service].isActive(on: day) }

  /// Indexes of the trips that run on a service day, by route, direction and departure.
  package func trips(on day: Day) -> [Int] {
    let active = services.map { $0.isActive(on: day) }
    return trips.indices.filter { active[trips[$0].serviceIndex] }
  }

  /// Indexes of a route's trips, by direction and departure.
  package func trips(ofRoute route: Int) -> Range<Int> { tripRanges[route] }

  /// Indexes of a route's trips that run on a service day, by direction and departure.
  package func trips(ofRoute route: Int, on day: Day) -> [Int] {
    tripRanges[route].filter { services[trips[$0].serviceIndex].isActive(on: day) }
  }

  /// The calls of a trip in the order of travel.
  package func stopTimes(ofTrip trip: Int) -> ArraySlice<StopTime> {
    stopTimes[trips[trip].stopTimes]
  }

  /// The headways of a trip by start; none when it runs at the times of its calls.
  package func frequencies(ofTrip trip: Int) -> ArraySlice<Frequency> {
    let first = frequencies.partitioningIndex { $0.tripIndex >= trip }
    return frequencies[first...].prefix { $0.tripIndex == trip }
  }

  /// First and last day on which a service may run; nil when the network has none.
  package var validDays: ClosedRange<Day>? {
    let ranges = services.compactMap(\.validDays)
    guard let first = ranges.map(\.lowerBound).min(), let last = ranges.map(\.upperBound).max()
    else { return nil }
    return first...last
  }

  /// Whether a day is one of those for which the network was made; of one whose services never run none is.
  package func holds(on day: Day) -> Bool { validDays?.contains(day) ?? false }
}

extension RandomAccessCollection where Index == Int {
  /// The first place, by binary search, from which on all elements fulfil a condition.
  func partitioningIndex(_ isIn: (Element) -> Bool) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = (low + high) / 2
      if isIn(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
