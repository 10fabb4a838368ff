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

  @Test func rigaIsWhole() throws {
    let reading = try FeedReader.read(zip: SharedData.feed("riga_2019-10"))
    let network = reading.network
    #expect(reading.faultCount == 0)
    // One short name, three routes: a bus, a trolleybus and no tram 15.
    let trolleybus = try #require(network.resolveRoute("15", mode: .trolleybus))
    #expect(network.routes[trolleybus].id == "riga_trol_15")
    #expect(network.resolveRoute("15", mode: .bus) == network.routeIndex(id: "riga_bus_15"))
    #expect(network.resolveRoute("15") == nil)
    // Every pattern lies on its shape, and stops stand where the shape passes.
    #expect(network.patterns.allSatisfy { $0.shapeIndex != nil })
    var offs: [Double] = []
    for (index, pattern) in network.patterns.enumerated() {
      let line = network.line(ofPattern: index)
      for (stop, metres) in zip(pattern.stopIndexes, pattern.stopMetres) {
        offs.append(
          line.coordinate(atMetres: metres).metres(to: network.stops[Int(stop)].coordinate))
      }
    }
    offs.sort()
    #expect(offs[offs.count / 2] < 10)
    #expect(offs[offs.count * 99 / 100] < 60)
    // A Friday of October has fewer trips than the feed, and more than a Sunday.
    let friday = network.trips(on: try #require(Day("2019-10-11"))).count
    let sunday = network.trips(on: try #require(Day("2019-10-13"))).count
    #expect(friday > sunday && sunday > 0 && friday < 14_060)
    #expect(Set(network.trips.compactMap(\.block)).count == 860)
  }

  @Test func missingTimesOfPortoAlegreAreFilled() throws {
    let network = try FeedReader.read(zip: SharedData.feed("porto_alegre_eptc_2019")).network
    let filled = network.stopTimes.filter { !$0.isTimepoint }.count
    #expect(filled > 100_000)
    for trip in network.trips {
      let calls = network.stopTimes[trip.stopTimes]
      #expect(zip(calls, calls.dropFirst()).allSatisfy { $0.departureSeconds <= $1.arrivalSeconds })
    }
  }

  @Test func theSampleFeedHasItsHeadways() throws {
    let network = try FeedReader.read(zip: SharedData.feed("google_sample-feed-1")).network
    #expect(network.frequencies.count == 11)
    let trip = try #require(network.tripIndex(id: "STBA"))
    #expect(network.frequencies(ofTrip: trip).map(\.headwaySeconds) == [1800])
    #expect(network.mainPattern(route: network.trips[trip].routeIndex, direction: 0) != nil)
  }

  @Test func directionsAreFoundWhereTheFeedTellsNone() throws {
    let network = try FeedReader.read(zip: SharedData.feed("zakroczym_2025-11_fares_v2")).network
    // Each of the three lines is driven both ways.
    for route in network.routes.indices {
      #expect(network.mainPattern(route: route, direction: 0) != nil)
      #expect(network.mainPattern(route: route, direction: 1) != nil)
    }
  }
}
