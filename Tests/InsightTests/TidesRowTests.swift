import Basics
import Insight
import Store
import Tapping
import Tariff
import Testing
import Tracking
import Transit

/// A day as open data, by the tables of TIDES: what the rows say, without a database.
@Suite struct TidesRowTests {
  private let rows: TidesRows

  init() throws {
    let network = try FeedReader.read(zip: World.feed()).network
    rows = TidesRows(
      day: today, network: network,
      groupsTold: [OpenFareGroup(category: "adult", product: "ride")])
  }

  @Test(
    arguments: [
      (
        "vehicle_locations",
        "location_ping_id,service_date,event_timestamp,trip_id_performed,"
          + "trip_id_scheduled,trip_stop_sequence,scheduled_stop_sequence,vehicle_id,"
          + "device_id,pattern_id,stop_id,current_status,latitude,longitude,gps_quality,"
          + "heading,speed,odometer,schedule_deviation,headway_deviation,trip_type,"
          + "schedule_relationship"
      ),
      (
        "fare_transactions",
        "transaction_id,service_date,event_timestamp,location_ping_id,amount,"
          + "currency_type,fare_action,trip_id_performed,trip_id_scheduled,pattern_id,"
          + "trip_stop_sequence,scheduled_stop_sequence,vehicle_id,device_id,fare_id,stop_id,"
          + "num_riders,fare_media_id,rider_category,fare_product,fare_period,fare_capped,"
          + "token_id,balance"
      ),
      (
        "trips_performed",
        "service_date,trip_id_performed,vehicle_id,trip_id_scheduled,route_id,route_type,"
          + "ntd_mode,route_type_agency,shape_id,pattern_id,direction_id,operator_id,block_id,"
          + "trip_start_stop_id,trip_end_stop_id,schedule_trip_start,schedule_trip_end,"
          + "actual_trip_start,actual_trip_end,trip_type,schedule_relationship"
      ),
      (
        "stop_visits",
        "service_date,trip_id_performed,trip_stop_sequence,scheduled_stop_sequence,"
          + "pattern_id,vehicle_id,dwell,stop_id,timepoint,schedule_arrival_time,"
          + "schedule_departure_time,actual_arrival_time,actual_departure_time,distance,"
          + "boarding_1,alighting_1,boarding_2,alighting_2,departure_load,door_open,"
          + "door_close,door_status,ramp_deployed_time,ramp_failure,kneel_deployed_time,"
          + "lift_deployed_time,bike_rack_deployed,bike_load,revenue,number_of_transactions,"
          + "schedule_relationship"
      ),
      (
        "passenger_events",
        "passenger_event_id,service_date,event_timestamp,location_ping_id,"
          + "trip_id_performed,trip_id_scheduled,trip_stop_sequence,scheduled_stop_sequence,"
          + "event_type,vehicle_id,device_id,train_car_id,stop_id,pattern_id,event_count"
      ),
      (
        "devices",
        "device_id,stop_id,vehicle_id,train_car_id,device_type,device_vendor,device_model,"
          + "device_location"
      ),
      (
        "vehicles",
        "vehicle_id,vehicle_start,vehicle_end,model_name,facility_name,capacity_seated,"
          + "capacity_wheelchair,capacity_bike,bike_rack,capacity_standing"
      ),
    ] as [(String, String)])
  func theHeaderIsThatOfTheSpecification(table: String, header: String) throws {
    let written = try #require(TidesTable(rawValue: table))
    #expect(written.fields.joined(separator: ",") == header)
    #expect(written.file == "\(table).csv")
    #expect(
      written.schema == "https://raw.githubusercontent.com/TIDES-transit/TIDES/v1.0/spec/"
        + "\(table).schema.json")
  }

  @Test func aRecordHasItsValuesUnderTheirFieldsAndNothingElse() {
    let record = TidesTable.devices.record(["vehicle_id": "1603", "device_id": "V-1"])
    #expect(record == ["V-1", "", "1603", "", "", "", "", ""])
  }

  // MARK: Fares

  private func fare(
    _ steps: [FareStep], charged: Int64 = 800, riders: Int = 1, medium: MediumKind = .card,
    group: OpenFareGroup = OpenFareGroup(category: "adult", product: "ride"), trip: String? = nil
  ) throws -> OpenFare {
    let uah = try #require(Currency("UAH"))
    return OpenFare(
      name: TapName(device: "V-1", epoch: 3, seq: 1201),
      at: try #require(Instant(iso8601: "2026-11-23T08:05:10.750+02:00")), vehicle: "1603",
      trip: trip, stop: "a", riders: riders, medium: medium, group: group,
      charged: Money(minor: charged, currency: uah),
      reasonJSON: FareReason(currency: uah, steps: steps).json)
  }

  private let price = FareStep(.price, rule: "ride", minor: 800)

  @Test func aFareIsToldInMajorUnitsAtItsBoarding() throws {
    let values = try #require(rows.fare(try fare([price], trip: "t1")))
    #expect(
      values == [
        "transaction_id": "V-1-3-1201", "service_date": "2026-11-23",
        "event_timestamp": "2026-11-23T06:05:10Z", "amount": "8.00", "currency_type": "UAH",
        "fare_action": "Enter", "trip_id_scheduled": "t1", "vehicle_id": "1603",
        "device_id": "V-1", "stop_id": "a", "num_riders": "1",
        "fare_media_id": "Smart card or ticket", "rider_category": "adult",
        "fare_product": "ride", "fare_capped": "false",
      ])
  }

  @Test func aTripThatTheNetworkLacksIsNotTold() throws {
    #expect(try #require(rows.fare(try fare([price], trip: "ghost")))["trip_id_scheduled"] == nil)
  }

  @Test(
    arguments: [
      (.card, "Smart card or ticket"), (.bank, "Bank card"), (.phone, "Mobile NFC"),
      (.qr, "Optical scan"),
    ] as [(MediumKind, String)])
  func theKindOfMediumIsToldAndNoMedium(kind: MediumKind, word: String) throws {
    let values = try #require(rows.fare(try fare([price], medium: kind)))
    #expect(values["fare_media_id"] == word)
    #expect(values["token_id"] == nil && values["balance"] == nil)
  }

  @Test(
    arguments: [
      (.transferFree, 0, "Transfer entrance"), (.tripTransfer, 0, "Transfer entrance"),
      (.transferDifference, 300, "Enter"), (.freeCategory, 0, "Enter"), (.passBack, 0, "Other"),
    ] as [(FareStepCode, Int64, String)])
  func anEntranceIsATransferWhenOneMadeItFree(
    code: FareStepCode, charged: Int64, action: String
  ) throws {
    let steps = [price, FareStep(code, rule: "x", minor: 800 - charged)]
    let values = try #require(rows.fare(try fare(steps, charged: charged)))
    #expect(values["fare_action"] == action)
    #expect(values["fare_capped"] == "false")
  }

  @Test func aFareIsCappedWhenACapTookSomethingOffAndNotWhenOneDidNotApply() throws {
    let cap = FareStep(.cap, rule: "day", minor: 300)
    let capped = try #require(rows.fare(try fare([price, cap], charged: 500)))
    #expect(capped["fare_capped"] == "true" && capped["amount"] == "5.00")
    var other = try fare([price])
    other = OpenFare(
      name: other.name, at: other.at, vehicle: nil, trip: nil, stop: nil, riders: 1,
      medium: .card, group: other.group, charged: other.charged,
      reasonJSON: FareReason(
        currency: other.charged.currency, steps: [price], notApplied: [cap]
      ).json)
    #expect(try #require(rows.fare(other))["fare_capped"] == "false")
  }

  @Test func aReasonOfAnotherVersionMakesNoRow() throws {
    let fare = try fare([price])
    let unread = OpenFare(
      name: fare.name, at: fare.at, vehicle: nil, trip: nil, stop: nil, riders: 1, medium: .card,
      group: fare.group, charged: fare.charged, reasonJSON: "{\"v\":9}")
    #expect(rows.fare(unread) == nil)
  }

  @Test func aCategoryIsToldOfManyRidersAndOfWhoRidesAlone() throws {
    let rare = OpenFareGroup(category: "veteran", product: "free")
    #expect(!rows.isTold(try fare([price], group: rare)))
    #expect(rows.isTold(try fare([price])))
    let together = try #require(rows.fare(try fare([price], riders: 3)))
    #expect(together["rider_category"] == nil && together["fare_product"] == "ride")
    #expect(together["num_riders"] == "3")
  }

  @Test func aTapOffIsAnExitThatCostsNothing() throws {
    let values = rows.exit(
      OpenTapOff(
        name: TapName(device: "V-1", epoch: 1, seq: 10), at: noon, vehicle: "1603", trip: nil,
        stop: "d", riders: 1, medium: .bank))
    #expect(values["fare_action"] == "Exit" && values["amount"] == "0")
    #expect(values["fare_capped"] == "false" && values["currency_type"] == nil)
    #expect(values["stop_id"] == "d" && values["fare_media_id"] == "Bank card")
  }

  // MARK: Positions and devices

  @Test func aPositionIsToldWithTheDigitsThatItHas() {
    let values = rows.location(
      OpenPosition(
        position: Position(
          vehicle: "1603", at: noon, coordinate: Coordinate(latitude: 50.25, longitude: 30.5),
          speedMetresPerSecond: Double(Float(8.3)), bearingDegrees: 90, trip: "t1"),
        device: "T-9"))
    #expect(
      values == [
        "location_ping_id": "1603-\(noon.microseconds)", "service_date": "2026-11-23",
        "event_timestamp": "2026-11-23T10:00:00Z", "trip_id_scheduled": "t1",
        "vehicle_id": "1603", "device_id": "T-9", "latitude": "50.25", "longitude": "30.5",
        "heading": "90.0", "speed": "8.3",
      ])
  }

  @Test func aDeviceIsToldWhereItWasAllDayAndNowhereElse() {
    let hours = noon.adding(seconds: -36_000)..<noon.adding(seconds: 43_200)
    let long = DeviceAssignments([
      DeviceAssignment(.vehicle("1603"), from: hours.lowerBound.adding(seconds: -1))
    ])
    #expect(
      rows.device("V-1", long, hours: hours) == ["device_id": "V-1", "vehicle_id": "1603"])
    let moved = DeviceAssignments([
      DeviceAssignment(.stop("a"), from: hours.lowerBound, to: noon),
      DeviceAssignment(.stop("b"), from: noon),
    ])
    #expect(rows.device("V-1", moved, hours: hours) == ["device_id": "V-1"])
  }
}
