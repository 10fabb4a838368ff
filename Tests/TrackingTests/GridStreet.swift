import Basics
import Tracking
import Transit

/// A straight street along a meridian with a stop each 400 m, driven by a bus at a constant pace.
///
/// Stops of direction 0 stand 8 m east of the street, those of direction 1 as far west; so nearness
/// alone does not tell the directions apart.
struct GridStreet {
  static let stopMetres = 400.0
  static let dwellSeconds: Int64 = 20
  static let legSeconds: Int64 = 50
  static let start = Instant(seconds: 1_700_000_000)
  let stopCount: Int

  static func point(north metres: Double, east: Double = 0) -> Coordinate {
    Coordinate(latitude: metres / 111_195.08, longitude: 30 + east / 111_195.08)
  }

  func pattern(direction: Int, route: String = "r") -> RoutePattern {
    let places = (0..<stopCount).map { index in
      RoutePattern.Place(
        stop: "\(route)\(direction)-\(index)",
        coordinate: GridStreet.point(
          north: Double(index) * GridStreet.stopMetres, east: direction == 0 ? 8 : -8))
    }
    return RoutePattern(
      route: route, direction: direction, places: direction == 0 ? places : places.reversed(),
      tripCount: 10)
  }

  /// Arrival at a place of a run that begins at a moment, in seconds after it.
  static func arrivalSeconds(order: Int) -> Int64 {
    Int64(order) * (legSeconds + dwellSeconds)
  }

  /// Reports of one run: on the way, at arrival and at departure, with door events or without.
  func run(
    vehicle: String, direction: Int, startsAt: Instant, doors: Bool, route: String? = nil,
    skipping skipped: Set<Int> = []
  ) -> [Position] {
    var positions: [Position] = []
    func report(_ metres: Double, _ seconds: Int64, _ door: DoorState?) {
      let north =
        direction == 0 ? metres : Double(stopCount - 1) * GridStreet.stopMetres - metres
      positions.append(
        Position(
          vehicle: vehicle, at: startsAt.adding(seconds: seconds),
          coordinate: GridStreet.point(north: north), route: route, door: doors ? door : nil))
    }
    for order in 0..<stopCount {
      let arrival = GridStreet.arrivalSeconds(order: order)
      let metres = Double(order) * GridStreet.stopMetres
      if !skipped.contains(order) {
        report(metres, arrival, .open)
        report(metres, arrival + GridStreet.dwellSeconds, .closed)
      }
      guard order + 1 < stopCount else { break }
      for tenth in stride(from: 10, to: GridStreet.legSeconds, by: 10) {
        let share = Double(tenth) / Double(GridStreet.legSeconds)
        report(
          metres + share * GridStreet.stopMetres, arrival + GridStreet.dwellSeconds + tenth, nil)
      }
    }
    return positions
  }
}
