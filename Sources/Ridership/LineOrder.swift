package import Transit

/// The stops of a route in one direction as one list, whatever short and branch runs there are.
package struct LineOrder: Hashable, Sendable {
  /// `stop_id` in the order of travel; a stop passed twice stands there twice.
  package let stops: [String]
  /// The place in the list of each place of a pattern, the commonest pattern first.
  private let placesOfPatterns: [[Int]]

  /// Takes a list as it is.
  package init(stops: [String]) {
    self.stops = stops
    placesOfPatterns = [Array(stops.indices)]
  }

  /// Merges patterns of one route and direction: the commonest gives the order, others add their
  /// own stops.
  package init(patterns: [RoutePattern]) {
    var stops: [String] = []
    var places: [[Int]] = []
    for pattern in patterns.sorted(by: { $0.tripCount > $1.tripCount }) {
      LineOrder.merge(pattern.places.map(\.stop), into: &stops, &places)
    }
    self.stops = stops
    placesOfPatterns = places
  }

  private static func merge(
    _ added: [String], into line: inout [String], _ places: inout [[Int]]
  ) {
    var own: [Int] = []
    var at = 0
    var waiting: [String] = []
    func insert(_ waiting: [String], at place: Int, _ line: inout [String]) {
      line.insert(contentsOf: waiting, at: place)
      places = places.map { $0.map { $0 < place ? $0 : $0 + waiting.count } }
      own += place..<(place + waiting.count)
    }
    for stop in added {
      guard let found = line[at...].firstIndex(of: stop) else {
        waiting.append(stop)
        continue
      }
      // What the line does not have goes in just before the next stop that both have.
      insert(waiting, at: found, &line)
      own.append(found + waiting.count)
      at = found + waiting.count + 1
      waiting = []
    }
    insert(waiting, at: at, &line)
    places.append(own)
  }

  /// The place in the list of a stop at a place of its pattern; where no pattern has it there, the one
  /// nearest to that place.
  func place(of stop: String, near order: Int, after start: Int = -1) -> Int? {
    for places in placesOfPatterns where places.indices.contains(order) {
      let place = places[order]
      if place > start, stops[place] == stop { return place }
    }
    return stops.indices.filter { $0 > start && stops[$0] == stop }
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
