import Transit

/// Boardings and alightings at a stop, in people.
package struct StopCount: Hashable, Sendable {
  package var boardings = 0
  package var alightings = 0

  /// Starts at nothing.
  package init() {}
}

/// A route in a direction.
package struct RouteDirection: Hashable, Sendable, Comparable {
  /// `route_id`.
  package let route: String
  package let direction: Int

  /// Makes a pair.
  package init(route: String, direction: Int) {
    self.route = route
    self.direction = direction
  }

  package static func < (left: RouteDirection, right: RouteDirection) -> Bool {
    (left.route, left.direction) < (right.route, right.direction)
  }
}

/// Who really boarded and alighted where.
package struct TrueLoad: Sendable {
  /// By route and direction, then by `stop_id`.
  package let counts: [RouteDirection: [String: StopCount]]

  /// Counts rides; a tap of a group counts as many people.
  package init(_ validators: Validators) {
    let fleet = validators.fleet
    var counts: [RouteDirection: [String: StopCount]] = [:]
    for ride in validators.journeys.rides {
      let driven = fleet.vehicles[ride.board.vehicle].trips[ride.board.trip]
      let people = validators.journeys.riders[ride.rider].groupSize
      let key = RouteDirection(
        route: fleet.network.routes[driven.route].id, direction: driven.direction)
      let board = fleet.network.stops[driven.calls[ride.board.call].stop].id
      let alight = fleet.network.stops[driven.calls[ride.alightCall].stop].id
      counts[key, default: [:]][board, default: StopCount()].boardings += people
      counts[key, default: [:]][alight, default: StopCount()].alightings += people
    }
    self.counts = counts
  }
}
