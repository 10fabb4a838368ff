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

  @Test func theBytesAreThoseOfAnotherImplementation() {
    // Made by gtfs-realtime-bindings 3.0.0 (PyPI) from the same values.
    let expected =
      "0a0d0a03322e30100018c09fe1df05124a0a013122450a140a0274311a0832303138313132332a02723130011214"
      + "0d00006242150000c2411d0000b4422d000008411804200128bb9fe1df053a02733142090a01311204d0a22031"
    let message = VehiclePositionsFeed.message([status("1", secondsAgo: 5)], at: now)
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

  @Test func damagedBytesAreRefusedOrReadAndNeverTrap() {
    let bytes = VehiclePositionsFeed.encode(
      VehiclePositionsFeed.message([status("1", secondsAgo: 5)], at: now))
    var chance = SeededGenerator(seed: 11)
    var refused = 0
    for _ in 0..<2000 {
      var damaged = bytes
      for _ in 0..<chance.integer(in: 1...4) {
        damaged[chance.integer(in: 0...(damaged.count - 1))] = UInt8(chance.integer(in: 0...255))
      }
      do {
        _ = try VehiclePositionsFeed.decode(damaged)
      } catch {
        refused += 1
      }
    }
    #expect(refused > 100)
    #expect(refused < 2000)
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
