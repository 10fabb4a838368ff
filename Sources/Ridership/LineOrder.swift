package import Transit

/// The stops of a route in one direction as one list, whatever short and branch runs there are.
package struct LineOrder: Hashable, Sendable {
  /// `stop_id` in the order of travel; a stop passed twice stands there twice.
  package let stops: [String]

  /// Takes a list as it is.
  package init(stops: [String]) { self.stops = stops }

  /// Merges patterns of one route and direction: the commonest gives the order, others add their
  /// own stops.
  package init(patterns: [RoutePattern]) {
    var stops: [String] = []
    for pattern in patterns.sorted(by: { $0.tripCount > $1.tripCount }) {
      stops = LineOrder.merging(pattern.places.map(\.stop), into: stops)
    }
    self.stops = stops
  }

  private static func merging(_ added: [String], into line: [String]) -> [String] {
    var line = line
    var at = 0
    var waiting: [String] = []
    for stop in added {
      guard let found = line[at...].firstIndex(of: stop) else {
        waiting.append(stop)
        continue
      }
      // What the line does not have goes in just before the next stop that both have.
      line.insert(contentsOf: waiting, at: found)
      at = found + waiting.count + 1
      waiting = []
    }
    line.insert(contentsOf: waiting, at: at)
    return line
  }

  /// The place of a stop in the list, of several the one nearest to an expected place.
  func place(of stop: String, near order: Int, after start: Int = -1) -> Int? {
    stops.indices.filter { $0 > start && stops[$0] == stop }
      .min { abs($0 - order) < abs($1 - order) }
  }

  /// Where on the line a ride began and ended; nil when it did not begin there, no end when it is not known
  /// or not ahead.
  func ends(of ride: LoadRide) -> (start: Int, end: Int?)? {
    guard let start = place(of: ride.boarding.stop, near: ride.boarding.stopOrder) else {
      return nil
    }
    let end = ride.alighting.flatMap { alighting in
      place(of: alighting.stop, near: alighting.stopOrder, after: start)
    }
    return (start, end)
  }
}
