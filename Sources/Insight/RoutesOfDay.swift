package import Basics
import Ridership
package import Store
package import Transit

/// A route, and what happened on it on a day.
package struct RouteOfDay: Sendable, Equatable {
  /// `route_id`.
  package let id: String
  package let name: String
  package let longName: String
  package let mode: Mode
  package let operatorID: String?
  /// Names of the last stops in direction 0 and 1, by which people know the direction; nil where the timetable
  /// has none.
  package let lastStops: [String?]
  /// People who boarded, with a stop or without; nil when they are too few to be shown.
  package let boardings: Int?
  /// Of them, those without a stop; nil when they are too few to be shown.
  package let unplaced: Int?
  /// Smallest group that is shown.
  package let ridersMin: Int
}

/// Every route of a fare day, and what is in none of them.
package struct RoutesOfDay: Sendable, Equatable {
  package let routes: [RouteOfDay]
  /// Boardings of the day whose route is not known, of all operators: in no route.
  package let boardingsOfNoRoute: Int
  /// Whether there are any, also too few to be told.
  package let hasBoardingsOfNoRoute: Bool
  /// The network by which the boardings of the day stand; nil without one.
  package let feed: FeedRecord?
  /// Vehicle-days of the day whose boardings stand by another network: they may be of no route, though they were of
  /// one.
  package let daysByOtherFeeds: Int
  /// Smallest group that is shown.
  package let ridersMin: Int

  /// The route that a name means, its id or a short name that one route has; nil where it is not of one.
  package func route(named name: String) -> RouteOfDay? {
    if let route = routes.first(where: { $0.id == name }) { return route }
    let named = routes.filter { $0.name == name }
    return named.count == 1 ? named[0] : nil
  }
}

extension InsightDesk {
  /// Every route of a fare day's network with what happened on it, small groups hidden.
  package func routes(on day: Day, operatorID: String? = nil) async throws -> RoutesOfDay {
    let cells = SmallCells()
    let now = city.current
    let (then, boardings, ofNoRoute) = try await store.read { db in
      let then = try await DayNetwork(on: day, of: now, in: db)
      return (
        then, try await db.loads.routes(on: day),
        try await db.loads.ofNoRoute(of: then.city.network.routes.map(\.id), day: day)
      )
    }
    let network = then.city.network
    let byRoute = Dictionary(uniqueKeysWithValues: boardings.map { ($0.route, $0) })
    let routes = network.routes.enumerated().compactMap { index, route -> RouteOfDay? in
      guard mayShow(index, network, operatorID) else { return nil }
      let unplaced = byRoute[route.id]?.unplaced ?? RiderGroup()
      // One part less the whole is the other: of too few each counts once.
      var boarded = cells.countedOnce(byRoute[route.id]?.placed ?? RiderGroup())
      boarded.add(cells.countedOnce(unplaced))
      return RouteOfDay(
        id: route.id, name: route.name, longName: route.longName, mode: route.mode,
        operatorID: network.operatorID(ofRoute: index),
        lastStops: [0, 1].map { network.lastStop(ofRoute: index, direction: $0) },
        boardings: cells.cell(boarded), unplaced: cells.cell(unplaced), ridersMin: cells.ridersMin)
    }
    return RoutesOfDay(
      routes: routes, boardingsOfNoRoute: cells.rounded(ofNoRoute),
      hasBoardingsOfNoRoute: ofNoRoute.people > 0, feed: then.city.feed,
      daysByOtherFeeds: then.othersCount, ridersMin: cells.ridersMin)
  }
}

extension Network {
  /// The name of the last stop of a route in a direction; nil where the timetable has no such direction.
  fileprivate func lastStop(ofRoute route: Int, direction: Int) -> String? {
    guard let pattern = mainPattern(route: route, direction: direction),
      let stop = patterns[pattern].stopIndexes.last
    else { return nil }
    return stops[Int(stop)].name
  }
}
