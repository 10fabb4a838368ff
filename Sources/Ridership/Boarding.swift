package import Basics

/// A boarding as the validator told it.
package struct Boarding: Hashable, Sendable {
  /// The caller's own number of the tap.
  package var ref: Int
  package var at: Instant
  /// How coarse the time is, seconds: 60 when the source cuts it to the minute.
  package var resolutionSeconds: Int
  package var vehicle: String?
  /// `route_id` when the caller could resolve what the validator said; nil otherwise.
  package var route: String?
  package var direction: Int?
  /// `stop_id` when the device knew where it was.
  package var stop: String?
  package var coordinate: Coordinate?

  /// Makes a boarding.
  package init(
    ref: Int, at: Instant, resolutionSeconds: Int = 1, vehicle: String? = nil,
    route: String? = nil, direction: Int? = nil, stop: String? = nil,
    coordinate: Coordinate? = nil
  ) {
    self.ref = ref
    self.at = at
    self.resolutionSeconds = resolutionSeconds
    self.vehicle = vehicle
    self.route = route
    self.direction = direction
    self.stop = stop
    self.coordinate = coordinate
  }
}

/// How the stop of a boarding was found.
package enum BoardingSource: String, Sendable, Hashable, CaseIterable {
  /// The device named the stop.
  case device
  /// The vehicle's doors were open there.
  case doorEvent = "door_event"
  /// The vehicle was near, with nothing known about its doors.
  case nearness
  /// The device gave its own coordinate, and the stop of the route next to it was taken.
  case coordinate
  /// A person said so.
  case corrected
}

/// Where a rider boarded, and how sure that is.
package struct PlacedBoarding: Hashable, Sendable {
  package var ref: Int
  package var at: Instant
  package var vehicle: String?
  /// `route_id`.
  package var route: String
  /// 0 or 1.
  package var direction: Int
  /// `stop_id`.
  package var stop: String
  /// Place of the stop in the pattern, from 0.
  package var stopOrder: Int
  package var source: BoardingSource
  /// 0 to 1; the values are those of ``BoardingPlacer``.
  package var confidence: Double

  /// Makes a placed boarding.
  package init(
    ref: Int, at: Instant, vehicle: String?, route: String, direction: Int, stop: String,
    stopOrder: Int, source: BoardingSource, confidence: Double
  ) {
    self.ref = ref
    self.at = at
    self.vehicle = vehicle
    self.route = route
    self.direction = direction
    self.stop = stop
    self.stopOrder = stopOrder
    self.source = source
    self.confidence = confidence
  }
}

/// Why a boarding has no stop.
package enum UnplacedReason: String, Error, Sendable, Hashable, CaseIterable {
  /// The tap names no vehicle and no stop.
  case noVehicle = "no_vehicle"
  /// The vehicle was not seen at any stop.
  case noVisits = "no_visits"
  /// The vehicle was seen, but at no stop near enough in time to the tap.
  case noVisitInTime = "no_visit_in_time"
  /// The stop or coordinate lies on no pattern of the route.
  case offRoute = "off_route"
}

/// What became of a boarding.
package enum BoardingOutcome: Hashable, Sendable {
  case placed(PlacedBoarding)
  case unplaced(ref: Int, UnplacedReason)

  /// The boarding with its stop; nil when it has none.
  package var placed: PlacedBoarding? {
    guard case .placed(let boarding) = self else { return nil }
    return boarding
  }
}
