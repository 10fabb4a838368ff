import Basics
import Testing
import Transit

/// What a feed must hold, counted with another program (Python's csv module).
struct FeedCounts: Sendable, CustomTestStringConvertible {
  var name: String
  var routes: Int
  var stops: Int
  var trips: Int
  var stopTimes: Int
  var shapes: Int
  var services: Int
  var timeZone: String
  var modes: Set<Mode>

  var testDescription: String { name }
}

@Suite(.enabled(if: SharedData.isThere, "skipped: no real data"))
struct RealFeedTests {
  static let feeds = [
    FeedCounts(
      name: "riga_2019-10", routes: 80, stops: 1675, trips: 14_060, stopTimes: 341_735,
      shapes: 295, services: 150, timeZone: "Europe/Riga", modes: [.bus, .trolleybus, .tram]),
    FeedCounts(
      name: "kaunas_2018-05", routes: 69, stops: 876, trips: 9618, stopTimes: 275_700,
      shapes: 332, services: 116, timeZone: "Europe/Vilnius", modes: [.bus, .trolleybus]),
    FeedCounts(
      name: "zakroczym_2025-11_fares_v2", routes: 3, stops: 62, trips: 48, stopTimes: 1018,
      shapes: 11, services: 48, timeZone: "Europe/Warsaw", modes: [.bus]),
    FeedCounts(
      name: "chisinau_bus_2021-11_noshapes", routes: 72, stops: 619, trips: 2538,
      stopTimes: 59_953, shapes: 0, services: 6, timeZone: "Europe/Chisinau", modes: [.bus]),
    FeedCounts(
      name: "porto_alegre_eptc_2019", routes: 115, stops: 3986, trips: 2374, stopTimes: 130_019,
      shapes: 201, services: 115, timeZone: "America/Sao_Paulo", modes: [.bus]),
    FeedCounts(
      name: "google_sample-feed-1", routes: 5, stops: 9, trips: 11, stopTimes: 28, shapes: 0,
      services: 2, timeZone: "America/Los_Angeles", modes: [.bus]),
  ]

  @Test(arguments: feeds)
  func aRealFeedIsReadWhole(_ expected: FeedCounts) throws {
    let reading = try FeedReader.read(zip: SharedData.feed(expected.name))
    let network = reading.network
    let listed = reading.faults.map(\.description).joined(separator: "\n")
    #expect(network.routes.count == expected.routes)
    #expect(network.stops.count == expected.stops)
    #expect(network.trips.count == expected.trips, "\(listed)")
    #expect(network.stopTimes.count == expected.stopTimes, "\(listed)")
    #expect(network.shapes.count == expected.shapes)
    #expect(network.services.count == expected.services)
    #expect(network.timeZoneName == expected.timeZone)
    #expect(Set(network.routes.map(\.mode)) == expected.modes)
  }
}
