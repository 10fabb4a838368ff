package import Basics

/// Whether a vehicle's doors stood open when it reported.
package enum DoorState: String, Sendable, Hashable, CaseIterable {
  case open, closed
}

/// Where a vehicle was at a moment, as it reported itself.
package struct Position: Hashable, Sendable {
  package var vehicle: String
  package var at: Instant
  package var coordinate: Coordinate
  /// Metres per second; nil when the device does not say.
  package var speedMetresPerSecond: Double?
  /// Degrees clockwise from north, 0 up to 360; nil when the device does not say.
  package var bearingDegrees: Double?
  /// `trip_id` the device believes to drive.
  package var trip: String?
  /// `route_id`, or the route's name as the device knows it.
  package var route: String?
  package var door: DoorState?
  /// Passengers on board by the vehicle's own counter.
  package var passengers: Int?

  /// Makes a position.
  package init(
    vehicle: String, at: Instant, coordinate: Coordinate, speedMetresPerSecond: Double? = nil,
    bearingDegrees: Double? = nil, trip: String? = nil, route: String? = nil,
    door: DoorState? = nil, passengers: Int? = nil
  ) {
    self.vehicle = vehicle
    self.at = at
    self.coordinate = coordinate
    self.speedMetresPerSecond = speedMetresPerSecond
    self.bearingDegrees = bearingDegrees
    self.trip = trip
    self.route = route
    self.door = door
    self.passengers = passengers
  }
}

/// What a device posts to `/v1/positions`: positions of one or more vehicles.
package struct PositionReport: Hashable, Sendable {
  /// Most positions in one report.
  package static let positionsMax = 1000
  /// Largest body of a report in bytes.
  package static let bodyBytesMax = 1 << 20
  /// Longest name of a device, vehicle, trip or route in bytes.
  package static let nameBytesMax = 64

  package var device: String
  package var sentAt: Instant
  package var positions: [Position]

  /// Makes a report.
  package init(device: String, sentAt: Instant, positions: [Position]) {
    self.device = device
    self.sentAt = sentAt
    self.positions = positions
  }
}

/// Why a report was refused as a whole.
package struct PositionReportFault: Error, Equatable, Sendable {
  /// What kind of refusal it is.
  package enum Kind: Sendable, Equatable {
    /// The body is not what a report looks like: 400.
    case malformed
    /// The body has more bytes or positions than a report may have: 413.
    case tooLarge
  }

  package let kind: Kind
  /// Where, as a JSON pointer; empty for the whole body.
  package let pointer: String
  /// What is wrong and what is expected.
  package let message: String

  /// Makes a fault.
  package init(kind: Kind, pointer: String, message: String) {
    self.kind = kind
    self.pointer = pointer
    self.message = message
  }
}
