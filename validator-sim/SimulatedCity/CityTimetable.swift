import Basics

/// A vehicle's trip from one end of a line to the other.
package struct CityTrip: Sendable {
  package let id: String
  package let line: CityLine
  package let service: ServiceKind
  package let direction: Int
  /// Seconds after midnight of the first departure.
  package let startSeconds: Int
  /// The vehicle's work of the day that the trip is part of: `tram-1-weekday-03`.
  package let block: String

  /// Arrival and departure at a stop, in seconds after midnight; the ends have no dwell.
  package func times(stop index: Int, of count: Int) -> (arrival: Int, departure: Int) {
    let departure = startSeconds + index * line.hopSeconds
    let isEnd = index == 0 || index == count - 1
    return (isEnd ? departure : departure - CityLine.dwellSeconds, departure)
  }
}

/// Departures of the invented city: evenly spaced from both ends of each line, 05:00 to 24:30.
package enum CityTimetable {
  /// Seconds after midnight of the first departure.
  package static let firstSeconds = 5 * 3600
  /// Seconds after midnight by which every trip has arrived.
  package static let lastSeconds = 24 * 3600 + 30 * 60
  /// Least seconds that a vehicle rests at the end of its line.
  package static let layoverSecondsMin = 300

  /// Departures that pass between a vehicle's own departure from one end and that from the other.
  package static func headwaysPerHalfTurn(_ line: CityLine, _ service: ServiceKind) -> Int {
    let headway = line.headwaySeconds(service)
    return (line.tripSeconds + layoverSecondsMin + headway - 1) / headway
  }

  /// All trips of a line on a kind of day, by direction and departure.
  ///
  /// The k-th departure of one end is driven by the vehicle that left the other end m departures
  /// earlier (m = `headwaysPerHalfTurn`), so a line needs 2·m vehicles.
  package static func trips(of line: CityLine, on service: ServiceKind) -> [CityTrip] {
    let headway = line.headwaySeconds(service)
    let turn = headwaysPerHalfTurn(line, service)
    var trips: [CityTrip] = []
    for direction in 0...1 {
      var departure = 0
      while true {
        let start = firstSeconds + departure * headway
        guard start + line.tripSeconds <= lastSeconds else { break }
        // A vehicle alternates between the ends; its number is that of its very first departure.
        let halfTurns = departure / turn
        let firstDirection = halfTurns % 2 == 0 ? direction : 1 - direction
        let vehicle = firstDirection * turn + departure % turn + 1
        trips.append(
          CityTrip(
            id: "\(line.id)-\(service.rawValue)-\(direction)-\(clockDigits(start))", line: line,
            service: service, direction: direction, startSeconds: start,
            block: "\(line.id)-\(service.rawValue)-\(padded(vehicle, 2))"))
        departure += 1
      }
    }
    return trips
  }

  private static func clockDigits(_ seconds: Int) -> String {
    padded(seconds / 3600, 2) + padded(seconds / 60 % 60, 2)
  }
}
