/// A table of TIDES, the Transit ITS Data Exchange Specification, that Kvytok writes.
package enum TidesTable: String, Sendable, CaseIterable {
  case vehicleLocations = "vehicle_locations"
  case fareTransactions = "fare_transactions"
  case tripsPerformed = "trips_performed"
  case stopVisits = "stop_visits"
  case passengerEvents = "passenger_events"
  case devices, vehicles

  /// The version of the specification, by its tag.
  package static let specification = "v1.0"
  /// Where the specification keeps the files of that version.
  static let place = "https://raw.githubusercontent.com/TIDES-transit/TIDES/\(specification)/spec/"
  /// The profile by which a package is validated.
  package static let profile = place + "tides-datapackage-profile.json"

  /// The file of the table in a package.
  package var file: String { "\(rawValue).csv" }

  /// The schema by which the table is validated.
  package var schema: String { Self.place + "\(rawValue).schema.json" }

  /// All fields of the schema in its order: readers hold the header against it.
  package var fields: [String] {
    switch self {
    case .vehicleLocations: Self.fieldsOfLocations
    case .fareTransactions: Self.fieldsOfFares
    case .tripsPerformed: Self.fieldsOfTrips
    case .stopVisits: Self.fieldsOfVisits
    case .passengerEvents: Self.fieldsOfEvents
    case .devices: Self.fieldsOfDevices
    case .vehicles: Self.fieldsOfVehicles
    }
  }

  /// The record of some values by their fields; a field without one is empty.
  package func record(_ values: [String: String]) -> [String] {
    var named = 0
    let record = fields.map { field in
      guard let value = values[field] else { return "" }
      named += 1
      return value
    }
    precondition(named == values.count, "\(rawValue) lacks a field among \(values.keys.sorted())")
    return record
  }
}

extension TidesTable {
  private static let fieldsOfLocations = [
    "location_ping_id", "service_date", "event_timestamp", "trip_id_performed",
    "trip_id_scheduled", "trip_stop_sequence", "scheduled_stop_sequence", "vehicle_id",
    "device_id", "pattern_id", "stop_id", "current_status", "latitude", "longitude",
    "gps_quality", "heading", "speed", "odometer", "schedule_deviation", "headway_deviation",
    "trip_type", "schedule_relationship",
  ]
  private static let fieldsOfFares = [
    "transaction_id", "service_date", "event_timestamp", "location_ping_id", "amount",
    "currency_type", "fare_action", "trip_id_performed", "trip_id_scheduled", "pattern_id",
    "trip_stop_sequence", "scheduled_stop_sequence", "vehicle_id", "device_id", "fare_id",
    "stop_id", "num_riders", "fare_media_id", "rider_category", "fare_product", "fare_period",
    "fare_capped", "token_id", "balance",
  ]
  private static let fieldsOfTrips = [
    "service_date", "trip_id_performed", "vehicle_id", "trip_id_scheduled", "route_id",
    "route_type", "ntd_mode", "route_type_agency", "shape_id", "pattern_id", "direction_id",
    "operator_id", "block_id", "trip_start_stop_id", "trip_end_stop_id", "schedule_trip_start",
    "schedule_trip_end", "actual_trip_start", "actual_trip_end", "trip_type",
    "schedule_relationship",
  ]
  private static let fieldsOfVisits = [
    "service_date", "trip_id_performed", "trip_stop_sequence", "scheduled_stop_sequence",
    "pattern_id", "vehicle_id", "dwell", "stop_id", "timepoint", "schedule_arrival_time",
    "schedule_departure_time", "actual_arrival_time", "actual_departure_time", "distance",
    "boarding_1", "alighting_1", "boarding_2", "alighting_2", "departure_load", "door_open",
    "door_close", "door_status", "ramp_deployed_time", "ramp_failure", "kneel_deployed_time",
    "lift_deployed_time", "bike_rack_deployed", "bike_load", "revenue",
    "number_of_transactions", "schedule_relationship",
  ]
  private static let fieldsOfEvents = [
    "passenger_event_id", "service_date", "event_timestamp", "location_ping_id",
    "trip_id_performed", "trip_id_scheduled", "trip_stop_sequence", "scheduled_stop_sequence",
    "event_type", "vehicle_id", "device_id", "train_car_id", "stop_id", "pattern_id",
    "event_count",
  ]
  private static let fieldsOfDevices = [
    "device_id", "stop_id", "vehicle_id", "train_car_id", "device_type", "device_vendor",
    "device_model", "device_location",
  ]
  private static let fieldsOfVehicles = [
    "vehicle_id", "vehicle_start", "vehicle_end", "model_name", "facility_name",
    "capacity_seated", "capacity_wheelchair", "capacity_bike", "bike_rack", "capacity_standing",
  ]
}
