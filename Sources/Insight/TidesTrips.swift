import Basics
import Ridership
package import Store
package import Transit

/// A vehicle's way along a route in one direction, as its stop visits show it.
package struct PerformedTrip: Sendable, Equatable {
  /// A trip does not go on after this long without a stop, seconds: nor does matching let it.
  package static let gapSecondsMax = 3600.0

  /// Names it among the trips of a service day.
  package let id: String
  /// One or more, in order of time.
  package fileprivate(set) var visits: [StopVisit]

  package var first: StopVisit { visits[0] }
  package var last: StopVisit { visits[visits.count - 1] }

  /// The trips of one vehicle, from its stop visits in order of time.
  package static func trips(of visits: [StopVisit]) -> [PerformedTrip] {
    var trips: [PerformedTrip] = []
    for visit in visits {
      if let trip = trips.last, trip.goesOn(with: visit) {
        trips[trips.count - 1].visits.append(visit)
      } else {
        trips.append(PerformedTrip(id: "\(visit.vehicle)-\(trips.count + 1)", visits: [visit]))
      }
    }
    return trips
  }

  private func goesOn(with visit: StopVisit) -> Bool {
    visit.route == last.route && visit.direction == last.direction
      && visit.stopOrder > last.stopOrder
      && visit.arrivedAt.secondsSince(last.departedAt) <= Self.gapSecondsMax
  }

  /// Whether it begins at the first stop of its line.
  package var isFromOrigin: Bool { first.stopOrder == 0 }

  /// Whether it ends at the last stop of its line, on whatever pattern it drove.
  package func isToDestination(in network: Network) -> Bool {
    guard let route = network.routeIndex(id: last.route) else { return false }
    let lengths = network.patterns(ofRoute: route, direction: last.direction).compactMap { index in
      let stops = network.patterns[index].stopIndexes
      guard last.stopOrder < stops.count,
        network.stops[Int(stops[last.stopOrder])].id == last.stop
      else { return nil as Int? }
      return stops.count
    }
    return !lengths.isEmpty && lengths.allSatisfy { $0 == last.stopOrder + 1 }
  }
}

/// The stop visits of one vehicle's trips, by stop: it finds the one that a passing belongs to.
package struct PassingFinder: Sendable {
  /// A stop visit by the place of its trip among the trips, and its own in the trip, both from 0.
  package struct Place: Hashable, Sendable {
    package let trip: Int
    package let visit: Int
  }

  /// Longest time by which a tap may lie before the visit it belongs to, seconds: as where taps are placed.
  package static let beforeSecondsMax = BoardingPlacer.turnSecondsMax
  /// Longest time by which a tap may lie after it, seconds.
  package static let afterSecondsMax = Double(BoardingPlacer.guessSecondsMax)

  private let visitsOfStop: [String: [(place: Place, visit: StopVisit)]]

  /// Makes a finder over the trips of one vehicle.
  package init(_ trips: [PerformedTrip]) {
    var visits: [String: [(place: Place, visit: StopVisit)]] = [:]
    for (trip, performed) in trips.enumerated() {
      for (index, visit) in performed.visits.enumerated() {
        visits[visit.stop, default: []].append((Place(trip: trip, visit: index), visit))
      }
    }
    visitsOfStop = visits
  }

  /// The visit nearest in time at the stop of a passing, on its line where that is told; nil when
  /// none is near enough.
  package func place(of passing: OpenPassing) -> Place? {
    var best: (place: Place, seconds: Double)?
    for (place, visit) in visitsOfStop[passing.stop] ?? [] {
      guard passing.route.map({ $0 == visit.route }) ?? true,
        passing.direction.map({ $0 == visit.direction }) ?? true,
        passing.stopOrder.map({ $0 == visit.stopOrder }) ?? true
      else { continue }
      let before = visit.arrivedAt.secondsSince(passing.at)
      let after = passing.at.secondsSince(visit.departedAt)
      guard before <= Self.beforeSecondsMax, after <= Self.afterSecondsMax else { continue }
      let seconds = max(before, after, 0)
      if best.map({ seconds < $0.seconds }) ?? true { best = (place, seconds) }
    }
    return best?.place
  }
}
