package import Basics

/// A sequence of stops that trips of a route drive, by value: what matching and loads need of a network.
package struct RoutePattern: Hashable, Sendable {
  /// A stop on the way.
  package struct Place: Hashable, Sendable {
    /// `stop_id` of the network.
    package var stop: String
    package var coordinate: Coordinate

    /// Makes a stop on the way.
    package init(stop: String, coordinate: Coordinate) {
      self.stop = stop
      self.coordinate = coordinate
    }
  }

  /// `route_id` of the network.
  package var route: String
  /// 0 or 1.
  package var direction: Int
  package var places: [Place]
  /// Trips of the timetable that drive it; the more, the likelier.
  package var tripCount: Int

  /// Makes a pattern.
  package init(route: String, direction: Int, places: [Place], tripCount: Int) {
    self.route = route
    self.direction = direction
    self.places = places
    self.tripCount = tripCount
  }
}

extension Network {
  /// A pattern by value.
  package func routePattern(_ index: Int) -> RoutePattern {
    let pattern = patterns[index]
    return RoutePattern(
      route: routes[pattern.routeIndex].id, direction: pattern.direction,
      places: pattern.stopIndexes.map { stop in
        RoutePattern.Place(stop: stops[Int(stop)].id, coordinate: stops[Int(stop)].coordinate)
      }, tripCount: pattern.tripCount)
  }

  /// A route's patterns by value, direction 0 first, in a direction the most driven first.
  package func routePatterns(ofRoute route: Int) -> [RoutePattern] {
    patterns(ofRoute: route).map(routePattern)
  }
}
