package import Basics

/// What a network holds, for people: `kvytok network show`.
package struct NetworkSummary: Hashable, Sendable {
  /// A line of the table of routes.
  package struct RouteLine: Hashable, Sendable {
    package var id: String
    package var name: String
    package var longName: String
    package var mode: Mode
    /// Name of the operator; empty when the feed does not say.
    package var operatorName: String
    package var trips: Int
    package var patterns: Int
    /// Stops of the pattern most driven, in direction 0 and 1; 0 when there is none.
    package var stops: [Int]
    /// Kilometres of the pattern most driven, in direction 0 and 1.
    package var kilometres: [Double]
    /// Seconds of the service day of the first and last departure of any trip.
    package var departuresSeconds: ClosedRange<Int>
  }

  /// Routes and trips of a mode.
  package struct ModeLine: Hashable, Sendable {
    package var mode: Mode
    package var routes: Int
    package var trips: Int
  }

  package var timeZoneName: String
  package var info: FeedInfo?
  /// First and last day on which a service may run.
  package var validDays: ClosedRange<Day>?
  package var operators: [Operator]
  package var stops: Int
  /// Different zones of the stops, in order.
  package var zones: [String]
  package var services: Int
  package var shapes: Int
  package var patterns: Int
  package var trips: Int
  package var stopTimes: Int
  package var blocks: Int
  package var frequencies: Int
  /// In the order of `Mode.allCases`, those in use.
  package var modes: [ModeLine]
  /// In the network's order.
  package var routes: [RouteLine]

  /// Counts what a network holds.
  package init(_ network: Network) {
    timeZoneName = network.timeZoneName
    info = network.info
    validDays = network.validDays
    operators = network.operators
    let served = network.stops.filter { $0.kind == .stop }
    stops = served.count
    zones = Set(served.compactMap(\.zone)).sorted(by: isNaturallyBefore)
    services = network.services.count
    shapes = network.shapes.count
    patterns = network.patterns.count
    trips = network.trips.count
    stopTimes = network.stopTimes.count
    blocks = Set(network.trips.compactMap(\.block)).count
    frequencies = network.frequencies.count
    routes = network.routes.indices.map { RouteLine(network, route: $0) }
    let lines = routes
    modes = Mode.allCases.compactMap { mode in
      let own = lines.filter { $0.mode == mode }
      guard !own.isEmpty else { return nil }
      return ModeLine(mode: mode, routes: own.count, trips: own.reduce(0) { $0 + $1.trips })
    }
  }
}

extension NetworkSummary.RouteLine {
  /// Counts what a network holds of a route.
  fileprivate init(_ network: Network, route: Int) {
    let own = network.routes[route]
    let trips = network.trips(ofRoute: route)
    let main = [0, 1].map { network.mainPattern(route: route, direction: $0) }
    let departures = trips.map { trip in
      Int(network.stopTimes[network.trips[trip].stopTimes.lowerBound].departureSeconds)
    }
    self.init(
      id: own.id, name: own.name, longName: own.longName, mode: own.mode,
      operatorName: own.operatorIndex.map { network.operators[$0].name } ?? "",
      trips: trips.count, patterns: network.patterns(ofRoute: route).count,
      stops: main.map { $0.map { network.patterns[$0].stopIndexes.count } ?? 0 },
      kilometres: main.map { $0.map { network.lengthMetres(ofPattern: $0) / 1000 } ?? 0 },
      departuresSeconds: (departures.min() ?? 0)...(departures.max() ?? 0))
  }
}

extension Network {
  /// Metres from the first to the last stop of a pattern along its way.
  package func lengthMetres(ofPattern pattern: Int) -> Double {
    let metres = patterns[pattern].stopMetres
    return (metres.last ?? 0) - (metres.first ?? 0)
  }
}
