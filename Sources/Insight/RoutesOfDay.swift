package import Basics
import Ridership
import Store
package import Transit

/// A route, and what happened on it on a day.
package struct RouteOfDay: Sendable, Equatable {
  /// `route_id`.
  package let id: String
  package let name: String
  package let longName: String
  package let mode: Mode
  package let operatorID: String?
  /// Directions that the timetable has.
  package let directions: [Int]
  /// People who boarded, with a stop or without; nil when they are too few to be shown.
  package let boardings: Int?
  /// Of them, those without a stop; nil when they are too few to be shown.
  package let unplaced: Int?
  /// Smallest group that is shown.
  package let ridersMin: Int
}

extension InsightDesk {
  /// Every route of a fare day's network with what happened on it, small groups hidden.
  package func routes(on day: Day, operatorID: String? = nil) async throws -> [RouteOfDay] {
    let cells = SmallCells()
    let now = city.current
    let (network, boardings) = try await store.read { db in
      (
        try await DayNetwork(on: day, of: now, in: db).city.network,
        try await db.loads.routes(on: day)
      )
    }
    let byRoute = Dictionary(grouping: boardings, by: \.route)
    return network.routes.enumerated().compactMap { index, route in
      guard mayShow(index, network, operatorID) else { return nil }
      let counted = byRoute[route.id] ?? []
      return RouteOfDay(
        id: route.id, name: route.name, longName: route.longName, mode: route.mode,
        operatorID: network.operatorID(ofRoute: index),
        directions: [0, 1].filter { network.mainPattern(route: index, direction: $0) != nil },
        boardings: cells.cell(counted.reduce(0) { $0 + $1.boardings }),
        unplaced: cells.cell(counted.reduce(0) { $0 + $1.unplaced }), ridersMin: cells.ridersMin)
    }
  }
}
