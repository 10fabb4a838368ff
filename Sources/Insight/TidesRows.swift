package import Basics
package import Store
package import Tapping
import Tariff
import Tracking
package import Transit

/// The rows of the tables of TIDES, by field; what is not known for certain is left out.
///
/// Nothing names a rider, a medium or a token, and nothing two rows of one rider have in common.
package struct TidesRows: Sendable {
  let day: Day
  let network: Network
  /// Pairs of a category and a product whose rides are told: those of many riders.
  let groupsTold: Set<OpenFareGroup>

  /// Makes the rows of a day on the network that holds on it.
  package init(day: Day, network: Network, groupsTold: Set<OpenFareGroup> = []) {
    self.day = day
    self.network = network
    self.groupsTold = groupsTold
  }

  /// A moment in whole seconds of UTC.
  static func time(_ moment: Instant) -> String { Instant(seconds: moment.seconds).description }

  /// Names a tap in all tables.
  static func id(_ tap: TapName) -> String { "\(tap.device)-\(tap.epoch)-\(tap.seq)" }

  /// A row of `vehicle_locations`.
  package func location(_ row: OpenPosition) -> [String: String] {
    let position = row.position
    var values = [
      "location_ping_id": "\(position.vehicle)-\(position.at.microseconds)",
      "service_date": day.description, "event_timestamp": Self.time(position.at),
      "vehicle_id": position.vehicle, "device_id": row.device,
      "latitude": position.coordinate.latitude.description,
      "longitude": position.coordinate.longitude.description,
    ]
    values["trip_id_scheduled"] = scheduled(position.trip)
    // Kept in single precision: more digits would be of the conversion.
    if let bearing = position.bearingDegrees, (0...360).contains(bearing) {
      values["heading"] = Float(bearing).description
    }
    if let speed = position.speedMetresPerSecond, speed.isFinite, speed >= 0 {
      values["speed"] = Float(speed).description
    }
    return values
  }

  /// Whether a ride has a row: of a rare category or product not even the price is told, which may be its alone.
  package func isTold(_ fare: OpenFare) -> Bool {
    groupsTold.contains(fare.group) && !fare.isLeftOut
  }

  /// A row of `fare_transactions` for who boarded, of a ride that is told; nil when its reason was written by another version,
  /// so that nobody can say whether a cap lowered it.
  package func fare(_ fare: OpenFare) -> [String: String]? {
    precondition(isTold(fare), "a ride that is not told has no row")
    guard let reason = FareReason(json: fare.reasonJSON) else { return nil }
    let steps = Set(reason.steps.map(\.code))
    var values = tap(fare.name, fare.at, fare.vehicle, fare.trip, fare.stop, fare.riders)
    values["amount"] = fare.charged.majorText
    values["currency_type"] = fare.charged.currency.code
    values["fare_action"] = Self.action(steps, isFree: fare.charged.minor == 0)
    values["fare_media_id"] = Self.medium(fare.medium)
    values["fare_capped"] = steps.contains(.cap) ? "true" : "false"
    values["fare_product"] = fare.group.product
    // Whoever rides along on the same tap may be of another category.
    if fare.riders == 1 { values["rider_category"] = fare.group.category }
    return values
  }

  /// A row of `fare_transactions` for who got off: the fare of a ride stands at its boarding.
  package func exit(_ off: OpenTapOff) -> [String: String] {
    var values = tap(off.name, off.at, off.vehicle, off.trip, off.stop, off.riders)
    values["amount"] = "0"
    values["fare_action"] = "Exit"
    values["fare_media_id"] = Self.medium(off.medium)
    values["fare_capped"] = "false"
    return values
  }

  private func tap(
    _ name: TapName, _ at: Instant, _ vehicle: String?, _ trip: String?, _ stop: String?,
    _ riders: Int
  ) -> [String: String] {
    var values = [
      "transaction_id": Self.id(name), "service_date": day.description,
      "event_timestamp": Self.time(at), "device_id": name.device, "num_riders": String(riders),
    ]
    values["vehicle_id"] = vehicle
    values["trip_id_scheduled"] = scheduled(trip)
    values["stop_id"] = stop
    return values
  }

  /// The trip that a device named, where the network has it.
  private func scheduled(_ trip: String?) -> String? {
    trip.flatMap { network.tripIndex(id: $0) == nil ? nil : $0 }
  }

  private static func action(_ steps: Set<FareStepCode>, isFree: Bool) -> String {
    // A doubled tap: nobody says that anybody boarded by it.
    if steps.contains(.passBack) { return "Other" }
    let transfers: Set<FareStepCode> = [
      .transferFree, .transferDifference, .transferDiscount, .tripTransfer,
    ]
    return isFree && !steps.isDisjoint(with: transfers) ? "Transfer entrance" : "Enter"
  }

  private static func medium(_ kind: MediumKind) -> String {
    switch kind {
    case .card: "Smart card or ticket"
    case .bank: "Bank card"
    case .phone: "Mobile NFC"
    case .qr: "Optical scan"
    }
  }
}

// MARK: - Trips

extension TidesRows {
  /// A row of `trips_performed`.
  package func trip(_ trip: PerformedTrip) -> [String: String] {
    var values = [
      "service_date": day.description, "trip_id_performed": trip.id,
      "vehicle_id": trip.first.vehicle, "route_id": trip.first.route,
      "direction_id": String(trip.first.direction), "trip_type": "In service",
    ]
    if let route = network.routeIndex(id: trip.first.route) {
      values["route_type"] = Self.routeType(network.routes[route].mode)
    }
    if trip.isFromOrigin {
      values["trip_start_stop_id"] = trip.first.stop
      values["actual_trip_start"] = Self.time(trip.first.departedAt)
    }
    if trip.isToDestination(in: network) {
      values["trip_end_stop_id"] = trip.last.stop
      values["actual_trip_end"] = Self.time(trip.last.arrivedAt)
    }
    return values
  }

  /// Nil where a mode stands for two types.
  private static func routeType(_ mode: Mode) -> String? {
    switch mode {
    case .bus: "Bus"
    case .trolleybus: "Trolleybus"
    case .tram: "Tram / Streetcar / Light rail"
    case .metro: "Subway / Metro"
    case .rail: "Rail"
    case .ferry: "Ferry"
    case .funicular: "Funicular"
    case .cableCar: nil
    case .monorail: "Monorail"
    }
  }

  /// A row of `stop_visits`; the place of the visit in its trip counts from 0.
  package func visit(_ index: Int, of trip: PerformedTrip) -> [String: String] {
    let visit = trip.visits[index]
    var values = [
      "service_date": day.description, "trip_id_performed": trip.id,
      "trip_stop_sequence": String(index + 1), "vehicle_id": visit.vehicle, "stop_id": visit.stop,
      "actual_arrival_time": Self.time(visit.arrivedAt),
      "actual_departure_time": Self.time(visit.departedAt),
    ]
    // Of a vehicle that was only near nobody knows whether it stood.
    if visit.doorsOpened {
      values["dwell"] = String(visit.departedAt.seconds - visit.arrivedAt.seconds)
    }
    return values
  }

  /// A row of `passenger_events`.
  package func event(
    _ passing: OpenPassing, at place: PassingFinder.Place, of trip: PerformedTrip
  ) -> [String: String] {
    [
      "passenger_event_id": Self.id(passing.name), "service_date": day.description,
      "event_timestamp": Self.time(passing.at), "trip_id_performed": trip.id,
      "trip_stop_sequence": String(place.visit + 1),
      "event_type": passing.isAlighting ? "Passenger alighted" : "Passenger boarded",
      "vehicle_id": passing.vehicle, "device_id": passing.name.device, "stop_id": passing.stop,
      "event_count": String(passing.riders),
    ]
  }

  /// A row of `devices`: where it was, when it was there from the first moment of the day to the last.
  package func device(
    _ id: String, _ assignments: DeviceAssignments, hours: Range<Instant>
  ) -> [String: String] {
    var values = ["device_id": id]
    let held = assignments.entries.first { entry in
      entry.from <= hours.lowerBound && (entry.to.map { $0 >= hours.upperBound } ?? true)
    }
    values["vehicle_id"] = held?.place.vehicle
    values["stop_id"] = held?.place.stop
    return values
  }
}
