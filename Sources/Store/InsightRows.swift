package import Basics

/// A boarding tap of a vehicle's day, as the placer needs it.
package struct BoardingTap: Hashable, Sendable {
  package let name: TapName
  package let rider: RiderID
  package let fareDay: Day
  package let at: Instant
  package let riders: Int
  package let vehicle: String?
  package let route: String?
  package let direction: Int?
  package let stop: String?
  package let coordinate: Coordinate?
  /// Where a person said that it was; nil without a correction.
  package let correctedStop: String?
}

/// A row of `boarding`: where a rider got on, how that is known and how sure.
package struct BoardingRow: Hashable, Sendable {
  package let tap: BoardingTap
  /// `route_id`; nil when the network does not know what the tap said.
  package var route: String?
  package var direction: Int?
  package var stop: String?
  package var stopOrder: Int?
  /// How the stop was found, or why it was not: a word of `BoardingSource` or `UnplacedReason`.
  package var source: String
  /// 0 to 1; 0 without a stop.
  package var confidence: Double

  /// Makes a row.
  package init(
    tap: BoardingTap, route: String?, direction: Int?, stop: String?, stopOrder: Int?,
    source: String, confidence: Double
  ) {
    self.tap = tap
    self.route = route
    self.direction = direction
    self.stop = stop
    self.stopOrder = stopOrder
    self.source = source
    self.confidence = confidence
  }
}

/// A boarding as it stands, on its way to its alighting.
package struct StandingBoarding: Hashable, Sendable {
  package let name: TapName
  package let day: RiderDay
  package let at: Instant
  package let vehicle: String?
  package let route: String?
  package let direction: Int?
  package let stop: String?
  package let stopOrder: Int?
  package let source: String
  package let confidence: Double
}

/// Where a rider tapped off.
package struct TapOff: Hashable, Sendable {
  /// Longest ride that a tap off of the next fare day is believed to end, seconds.
  package static let overnightSecondsMax: Int64 = 3 * 3600

  /// The day of the ride.
  package let day: RiderDay
  package let at: Instant
  package let stop: String
  /// Whether a person said so.
  package let isCorrected: Bool
  /// Whether it lies on the next fare day.
  package let isOvernight: Bool
}

/// The end of a ride, for the columns `off_*` of `boarding`.
package struct AlightingRow: Hashable, Sendable {
  package let name: TapName
  package let fareDay: Day
  package let stop: String?
  package let stopOrder: Int?
  /// How the stop was found, or why it was not: a word of `AlightingSource` or `NoAlightingReason`.
  package let source: String
  /// 0 to 1; nil without a stop.
  package let confidence: Double?

  /// Makes a row.
  package init(
    name: TapName, fareDay: Day, stop: String?, stopOrder: Int?, source: String,
    confidence: Double?
  ) {
    self.name = name
    self.fareDay = fareDay
    self.stop = stop
    self.stopOrder = stopOrder
    self.source = source
    self.confidence = confidence
  }
}
