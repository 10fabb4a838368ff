import Basics
import Ridership
import Transit

/// Two straight lines that cross, with a stop each 500 m; loads of riders in it are counted by hand.
///
/// Line `n` runs north (direction 0: n0 … n4) and back (direction 1: s4 … s0 at the same places);
/// line `e` runs east (direction 0: e0 … e4) and crosses `n` at n2 = e2, 20 m away.
enum GridCity {
  static let start = Instant(seconds: 1_700_000_000)

  static func point(north: Double, east: Double) -> Coordinate {
    Coordinate(latitude: north / 111_195.08, longitude: 30 + east / 111_195.08)
  }

  static func line(
    _ route: String, _ direction: Int, _ stops: [String], _ point: (Int) -> Coordinate
  ) -> RoutePattern {
    RoutePattern(
      route: route, direction: direction,
      places: stops.indices.map { RoutePattern.Place(stop: stops[$0], coordinate: point($0)) },
      tripCount: 10)
  }

  static let north = line("n", 0, ["n0", "n1", "n2", "n3", "n4"]) {
    point(north: Double($0) * 500, east: 0)
  }
  static let south = line("n", 1, ["s4", "s3", "s2", "s1", "s0"]) {
    point(north: Double(4 - $0) * 500, east: -15)
  }
  static let east = line("e", 0, ["e0", "e1", "e2", "e3", "e4"]) {
    point(north: 1020, east: Double($0 - 2) * 500)
  }
  static let west = line("e", 1, ["w4", "w3", "w2", "w1", "w0"]) {
    point(north: 1035, east: Double(2 - $0) * 500)
  }
  static let patterns = [north, south, east, west]

  /// A boarding that is known for sure, some minutes after the start.
  static func boarding(_ ref: Int, _ stop: String, minute: Int64) -> BoardingOutcome {
    for pattern in patterns {
      guard let order = pattern.places.firstIndex(where: { $0.stop == stop }) else { continue }
      return .placed(
        PlacedBoarding(
          ref: ref, at: start.adding(seconds: minute * 60), vehicle: "v\(ref)",
          route: pattern.route, direction: pattern.direction, stop: stop, stopOrder: order,
          source: .device, confidence: 1))
    }
    return .unplaced(ref: ref, .noVisits)
  }

  /// The rides of riders, each given as the stops boarded with the minute.
  static func rides(_ riders: [[(stop: String, minute: Int64)]]) -> [LoadRide] {
    let finder = AlightingFinder(patterns: patterns)
    return riders.flatMap { stops -> [LoadRide] in
      let boardings = stops.enumerated().map { boarding($0, $1.stop, minute: $1.minute) }
      return zip(boardings, finder.alightings(ofDay: boardings)).compactMap { boarding, end in
        boarding.placed.map { LoadRide(boarding: $0, alighting: end.placed, riders: 1) }
      }
    }
  }
}
