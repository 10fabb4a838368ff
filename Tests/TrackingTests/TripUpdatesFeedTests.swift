import Basics
import Testing
import Tracking

@Suite struct TripUpdatesFeedTests {
  private let now = Instant(seconds: 1_543_000_000)

  private func update(_ vehicle: String, trip: String = "t1", secondsAgo: Int64) -> TripUpdate {
    TripUpdate(
      vehicle: vehicle, label: "Т \(vehicle)", at: now.adding(seconds: -secondsAgo), trip: trip,
      route: "r1", direction: 1, startDay: Day(number: 17_858), startSeconds: 90_600,
      delaySeconds: 90,
      calls: [
        TripUpdate.Call(
          sequence: 4, stop: "s1",
          arrival: TripUpdate.Event(
            at: now.adding(seconds: -100), delaySeconds: -10, isObserved: true),
          departure: TripUpdate.Event(
            at: now.adding(seconds: -10), delaySeconds: 70, isObserved: true)),
        TripUpdate.Call(
          sequence: 5, stop: "s2",
          arrival: TripUpdate.Event(at: now.adding(seconds: 100), delaySeconds: 90)),
      ])
  }

  @Test func whatIsWrittenIsReadBackTheSame() throws {
    var bare = update("9", trip: "t9", secondsAgo: 90)
    bare.label = nil
    bare.calls = []
    let message = TripUpdatesFeed.message([update("1", secondsAgo: 5), bare], at: now)
    let back = try TripUpdatesFeed.decode(TripUpdatesFeed.encode(message))
    bare.label = "9"
    #expect(back.version == "2.0" && back.at == now)
    #expect(back.updates == [update("1", secondsAgo: 5), bare])
  }

  @Test func staleVehiclesAreLeftOutAndTheNewestUpdateWins() {
    let updates = [
      update("1", trip: "a", secondsAgo: 90), update("2", trip: "b", secondsAgo: 91),
      update("3", trip: "c", secondsAgo: 20), update("3", trip: "d", secondsAgo: 10),
      update("3", trip: "e", secondsAgo: 30),
    ]
    let message = TripUpdatesFeed.message(updates, at: now)
    #expect(message.updates.map(\.vehicle) == ["1", "3"])
    #expect(message.updates.map(\.trip) == ["a", "d"])
    #expect(TripUpdatesFeed.message(updates.reversed(), at: now) == message)
  }

  @Test func aRunThatTwoVehiclesNameIsToldOfNeither() {
    let twice = [
      update("1", secondsAgo: 5), update("2", secondsAgo: 50),
      update("3", trip: "t3", secondsAgo: 5),
    ]
    #expect(TripUpdatesFeed.message(twice, at: now).updates.map(\.vehicle) == ["3"])
    // Once the other is not heard of any more, it is the first one's.
    let later = now.adding(seconds: 60)
    #expect(TripUpdatesFeed.message(twice, at: later).updates.map(\.vehicle) == ["1", "3"])
    var otherDay = update("2", secondsAgo: 50)
    otherDay.startDay = otherDay.startDay.adding(days: -1)
    let apart = TripUpdatesFeed.message([update("1", secondsAgo: 5), otherDay], at: now)
    #expect(apart.updates.map(\.vehicle) == ["1", "2"])
  }

  @Test func theBytesAreThoseOfAnotherImplementation() {
    // Made by gtfs-realtime-bindings (PyPI) from the same values.
    let expected =
      "0a0d0a03322e30100018c09fe1df0512750a01311a700a200a027431120832353a31303a30301a08323031383131"
      + "323320002a027231300112270804121308f6ffffffffffffffff0110dc9ee1df0518001a0a084610b69fe1df0518"
      + "0022027331121008051208085a10a4a0e1df05220273321a090a01311204d0a2203120bb9fe1df05285a"
    let message = TripUpdatesFeed.message([update("1", secondsAgo: 5)], at: now)
    #expect(hexText(TripUpdatesFeed.encode(message)) == expected)
  }

  @Test func theJSONCarriesTheNamesOfTheSpecification() {
    let message = TripUpdatesFeed.message([update("1", secondsAgo: 5)], at: now)
    let text = String(decoding: TripUpdatesFeed.encodeJSON(message), as: UTF8.self)
    for part in [
      "\"trip_update\":{", "\"start_time\":\"25:10:00\"", "\"start_date\":\"20181123\"",
      "\"schedule_relationship\":\"SCHEDULED\"", "\"stop_time_update\":[", "\"stop_sequence\":5",
      "\"time\":\"1543000100\"", "\"uncertainty\":0", "\"delay\":-10",
    ] {
      #expect(text.contains(part), "\(part) in \(text)")
    }
  }

  @Test func bytesThatAreNoMessageAreRefusedAndPositionsAreNoUpdates() throws {
    #expect(throws: FeedMessageFault.self) { try TripUpdatesFeed.decode([10, 200, 1]) }
    let tram = VehicleStatus(
      vehicle: "1", at: now, coordinate: Coordinate(latitude: 56.5, longitude: 24.25))
    let positions = VehiclePositionsFeed.encode(VehiclePositionsFeed.message([tram], at: now))
    #expect(try TripUpdatesFeed.decode(positions).updates == [])
    let updates = TripUpdatesFeed.encode(
      TripUpdatesFeed.message([update("1", secondsAgo: 5)], at: now))
    #expect(try VehiclePositionsFeed.decode(updates).vehicles == [])
  }
}
