package import Basics

/// What a vehicle is, as riders and tariffs tell them apart.
package enum Mode: String, Sendable, CaseIterable, Hashable {
  case bus, trolleybus, tram, metro, rail, ferry, funicular
  case cableCar = "cable_car"
  case monorail

  /// The mode of a GTFS `route_type`, basic or extended; nil when the number is not known.
  ///
  /// A GTFS 5 is a cable tram and 6 an aerial lift; communal taxis (1501, marshrutkas) are buses.
  package init?(gtfsRouteType type: Int) {
    switch type {
    case 0, 900...906: self = .tram
    case 1, 401, 402, 500, 600: self = .metro
    case 2, 100...117, 300, 400, 403, 404: self = .rail
    case 3, 200...209, 700...716, 1501: self = .bus
    case 4, 1000...1021, 1200: self = .ferry
    case 5, 6, 1300...1307: self = .cableCar
    case 7, 1400...1402: self = .funicular
    case 11, 800: self = .trolleybus
    case 12, 405: self = .monorail
    default: return nil
    }
  }
}

/// What a rider did at the validator.
package enum TapKind: String, Sendable, CaseIterable, Hashable {
  /// Boarded, in a system with tap-off.
  case on
  /// Got off.
  case off
  /// Boarded, in a system without tap-off.
  case single
}

/// What a rider held to the validator.
package enum MediumKind: String, Sendable, CaseIterable, Hashable {
  case card, bank, phone, qr

  /// Whether its rides are paid from stored value; for the others the acquirer is asked.
  package var isOfStoredValue: Bool { self == .card || self == .qr }
}

/// A vehicle standing at a stop of its route, found from its positions.
package struct StopVisit: Hashable, Sendable {
  package var vehicle: String
  /// `route_id` of the network.
  package var route: String
  /// Direction of the pattern the vehicle drives, 0 or 1.
  package var direction: Int
  /// `stop_id` of the network.
  package var stop: String
  /// Place of the stop in the pattern, from 0.
  package var stopOrder: Int
  package var arrivedAt: Instant
  package var departedAt: Instant
  /// Metres between the stop and where the vehicle stood.
  package var distanceMetres: Double
  /// Whether a door event was seen, and not only nearness.
  package var doorsOpened: Bool

  /// Makes a visit.
  package init(
    vehicle: String, route: String, direction: Int, stop: String, stopOrder: Int,
    arrivedAt: Instant, departedAt: Instant, distanceMetres: Double, doorsOpened: Bool
  ) {
    self.vehicle = vehicle
    self.route = route
    self.direction = direction
    self.stop = stop
    self.stopOrder = stopOrder
    self.arrivedAt = arrivedAt
    self.departedAt = departedAt
    self.distanceMetres = distanceMetres
    self.doorsOpened = doorsOpened
  }
}
