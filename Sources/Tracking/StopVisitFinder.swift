package import Basics
package import Transit

/// What something else than the position says about the route of a vehicle: a tap, a driver's
/// log-on.
package struct RouteHint: Hashable, Sendable {
  package var vehicle: String
  package var at: Instant
  /// `route_id` of the network, or a name that only one route has; any other is ignored.
  package var route: String

  /// Makes a hint.
  package init(vehicle: String, at: Instant, route: String) {
    self.vehicle = vehicle
    self.at = at
    self.route = route
  }
}

/// Finds the stops that vehicles stood at, from positions alone or with door events.
///
/// A vehicle's stays (door open to closed; standing or passing near when there are no door events)
/// are matched in order of time to the patterns of its routes, so that the direction follows from
/// the order of the stops passed and not from what the driver typed in.
package enum StopVisitFinder {
  /// The visits of all vehicles, by vehicle and time, on the routes of a network.
  ///
  /// A pure function of the set of positions and of the set of hints: order and repetition do not
  /// matter. Names of routes and trips that the network does not know are ignored; a vehicle whose
  /// route nobody names has no visits.
  package static func visits(
    positions: [Position], network: Network, hints: [RouteHint] = []
  ) -> [StopVisit] {
    let book = PatternBook(network: network, positions: positions, hints: hints)
    return visits(positions: positions, book: book, hints: hints)
  }

  /// The visits of all vehicles, by vehicle and time, on given patterns.
  package static func visits(
    positions: [Position], patterns: [RoutePattern], hints: [RouteHint] = []
  ) -> [StopVisit] {
    visits(positions: positions, book: PatternBook(patterns), hints: hints)
  }

  private static func visits(
    positions: [Position], book: PatternBook, hints: [RouteHint]
  ) -> [StopVisit] {
    let hintsOfVehicle = Dictionary(grouping: hints, by: \.vehicle)
    return Dictionary(grouping: positions, by: \.vehicle).sorted { $0.key < $1.key }
      .flatMap { vehicle, positions in
        let track = Cleaning.clean(positions).positions
        let routes = RouteHints(track: track, hints: hintsOfVehicle[vehicle] ?? [], book: book)
        return visits(vehicle: vehicle, track: track, book: book, hints: routes)
      }
  }

  private static func visits(
    vehicle: String, track: [Position], book: PatternBook, hints: RouteHints
  ) -> [StopVisit] {
    guard !hints.routes.isEmpty else { return [] }
    var matcher = PatternMatcher(book: book, indexes: book.patterns(of: hints.routes))
    for stay in StayFinder.stays(in: track) {
      matcher.add(stay, hints: hints.around(stay.arrivedAt))
    }
    return matcher.visits(vehicle: vehicle)
  }
}
