import Basics
import RealData
import Testing
import Tracking

@Suite struct VehiclePositionsFeedTests {
  private let now = Instant(seconds: 1_543_000_000)

  private func status(_ vehicle: String, secondsAgo: Int64) -> VehicleStatus {
    VehicleStatus(
      vehicle: vehicle, label: "Т \(vehicle)", at: now.adding(seconds: -secondsAgo),
      coordinate: Coordinate(latitude: 56.5, longitude: 24.25), bearingDegrees: 90,
      speedMetresPerSecond: 8.5, trip: "t1", route: "r1", direction: 1,
      startDay: Day(year: 2018, month: 11, day: 23), stop: "s1", stopSequence: 4,
      progress: .stoppedAt)
  }

  @Test func whatIsWrittenIsReadBackTheSame() throws {
    var bare = VehicleStatus(
      vehicle: "9", at: now, coordinate: Coordinate(latitude: -1, longitude: -2))
    let message = VehiclePositionsFeed.message([status("1", secondsAgo: 5), bare], at: now)
    let back = try VehiclePositionsFeed.decode(VehiclePositionsFeed.encode(message))
    bare.label = "9"
    #expect(back.version == "2.0")
    #expect(back.at == now)
    #expect(back.vehicles == [status("1", secondsAgo: 5), bare])
  }

  @Test func staleVehiclesAreLeftOutAndTheNewestStatusWins() {
    let statuses = [
      status("1", secondsAgo: 90), status("2", secondsAgo: 91), status("3", secondsAgo: 20),
      status("3", secondsAgo: 10), status("3", secondsAgo: 30),
    ]
    let message = VehiclePositionsFeed.message(statuses, at: now)
    #expect(message.vehicles.map(\.vehicle) == ["1", "3"])
    #expect(message.vehicles[1].at == now.adding(seconds: -10))
    #expect(VehiclePositionsFeed.message(statuses.reversed(), at: now) == message)
  }

  @Test func theBytesAreThoseOfTheSpecification() {
    let bare = VehicleStatus(
      vehicle: "9", at: Instant(seconds: 1), coordinate: Coordinate(latitude: 1, longitude: 2))
    let message = VehiclePositionsFeed.message([bare], at: Instant(seconds: 2))
    // header {1: "2.0", 2: 0, 3: 2}; entity {1: "9", 4: {2: {1: 1.0, 2: 2.0}, 5: 1, 8: {1: "9", 2: "9"}}}
    let expected =
      "0a090a03322e3010001802" + "121b" + "0a0139" + "2216" + "120a0d0000803f1500000040"
      + "2801" + "42060a0139120139"
    #expect(hexText(VehiclePositionsFeed.encode(message)) == expected)
  }

  @Test func theJSONCarriesTheNamesOfTheSpecification() throws {
    let message = VehiclePositionsFeed.message([status("1", secondsAgo: 5)], at: now)
    let text = String(decoding: VehiclePositionsFeed.encodeJSON(message), as: UTF8.self)
    #expect(text.contains("\"gtfs_realtime_version\":\"2.0\""))
    #expect(text.contains("\"current_status\":\"STOPPED_AT\""))
    #expect(text.contains("\"start_date\":\"20181123\""))
  }

  @Test func bytesThatAreNoMessageAreRefused() {
    #expect(throws: FeedMessageFault.self) { try VehiclePositionsFeed.decode([]) }
    #expect(throws: FeedMessageFault.self) { try VehiclePositionsFeed.decode([10, 200, 1]) }
  }

  @Test(.enabled(if: SharedData.isThere, "skipped: no real data"))
  func aRealMessageOf627VehiclesIsRead() throws {
    let bytes = try SharedData.bytes("gtfs-realtime/king-county-vehicle-positions.pb")
    let message = try VehiclePositionsFeed.decode(bytes)
    #expect(message.vehicles.count == 627)
    let places = message.vehicles.filter { (46...49).contains($0.coordinate.latitude) }
    #expect(places.count == 627)
    let again = try VehiclePositionsFeed.decode(VehiclePositionsFeed.encode(message))
    #expect(again.vehicles.map(\.coordinate) == message.vehicles.map(\.coordinate))
    #expect(again.vehicles.map(\.trip) == message.vehicles.map(\.trip))
  }
}
