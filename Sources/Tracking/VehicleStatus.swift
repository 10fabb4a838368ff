package import Basics

/// What a vehicle is doing at a stop.
package enum StopProgress: String, Sendable, Hashable, CaseIterable {
  case incomingAt = "INCOMING_AT"
  case stoppedAt = "STOPPED_AT"
  case inTransitTo = "IN_TRANSIT_TO"
}

/// What the public is told about a vehicle: where it is and what it drives.
package struct VehicleStatus: Hashable, Sendable {
  package var vehicle: String
  /// What people call the vehicle; nil when that is its id.
  package var label: String?
  package var at: Instant
  package var coordinate: Coordinate
  /// Degrees clockwise from north.
  package var bearingDegrees: Double?
  package var speedMetresPerSecond: Double?
  /// `trip_id`; nil when the run is not known.
  package var trip: String?
  /// `route_id`.
  package var route: String?
  /// 0 or 1.
  package var direction: Int?
  /// The service day of the trip; only beside a trip.
  package var startDay: Day?
  /// `stop_id` of the stop that `progress` speaks of.
  package var stop: String?
  /// `stop_sequence` of that stop in the trip; only beside a trip.
  package var stopSequence: Int?
  package var progress: StopProgress?

  /// Makes a status.
  package init(
    vehicle: String, label: String? = nil, at: Instant, coordinate: Coordinate,
    bearingDegrees: Double? = nil, speedMetresPerSecond: Double? = nil, trip: String? = nil,
    route: String? = nil, direction: Int? = nil, startDay: Day? = nil, stop: String? = nil,
    stopSequence: Int? = nil, progress: StopProgress? = nil
  ) {
    self.vehicle = vehicle
    self.label = label
    self.at = at
    self.coordinate = coordinate
    self.bearingDegrees = bearingDegrees
    self.speedMetresPerSecond = speedMetresPerSecond
    self.trip = trip
    self.route = route
    self.direction = direction
    self.startDay = startDay
    self.stop = stop
    self.stopSequence = stopSequence
    self.progress = progress
  }
}
