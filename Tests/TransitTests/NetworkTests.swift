import Basics
import Testing
import Transit

struct NetworkTests {
  @Test func thingsAreFoundByTheirIDs() throws {
    let network = try SmallFeed().read().network
    for (index, route) in network.routes.enumerated() {
      #expect(network.routeIndex(id: route.id) == index)
    }
    for (index, stop) in network.stops.enumerated() {
      #expect(network.stopIndex(id: stop.id) == index)
    }
    for (index, trip) in network.trips.enumerated() {
      #expect(network.tripIndex(id: trip.id) == index)
    }
    #expect(network.shapes.first?.id == "s1")
    #expect(network.operatorIndex(id: "city") == 0)
    for unknown in ["", "x", "bus-1 ", "BUS-1"] {
      #expect(network.routeIndex(id: unknown) == nil)
      #expect(network.tripIndex(id: unknown) == nil)
    }
  }

  @Test func aRouteIsMeantByItsIDOrAUniqueName() throws {
    let feed = SmallFeed().adding("routes.txt", "7,city,70,Named like the tram,3,\nk,city,15К,K,3,")
    let network = try feed.read().network
    let cases: [(String, Mode?, String?)] = [
      ("bus-1", nil, "bus-1"),
      ("bus-1", .bus, "bus-1"),
      ("bus-1", .tram, nil),  // the id of a route of another mode
      ("1", nil, nil),  // bus 1 and trolleybus 1
      ("1", .bus, "bus-1"),
      ("1", .trolleybus, "trol-1"),
      ("1", .tram, nil),
      ("7", nil, "7"),  // an id before a short name
      ("7", .tram, "tram-7"),
      ("70", nil, "7"),
      ("15К", nil, "k"),
      ("15к", .bus, "k"),  // written small
      ("", nil, nil),
      ("99", nil, nil),
    ]
    for (name, mode, expected) in cases {
      let found = network.resolveRoute(name, mode: mode).map { network.routes[$0].id }
      #expect(found == expected, "\(name) \(mode?.rawValue ?? "any")")
    }
  }

  @Test func patternsAreDistinctAndTheMostDrivenIsFirst() throws {
    let network = try SmallFeed().read().network
    let route = try #require(network.routeIndex(id: "bus-1"))
    let there = network.patterns(ofRoute: route, direction: 0).map { network.patterns[$0] }
    let names = there.map { $0.stopIndexes.map { network.stops[Int($0)].id } }
    #expect(names == [["a", "b", "c"], ["a", "b"]])
    #expect(there.map(\.tripCount) == [2, 1])
    let back = network.patterns(ofRoute: route, direction: 1).map { network.patterns[$0] }
    #expect(back.map { $0.stopIndexes.map { network.stops[Int($0)].id } } == [["c", "b", "a"]])
    #expect(
      network.mainPattern(route: route, direction: 0) == network.patterns(ofRoute: route).first)
    let tram = try #require(network.routeIndex(id: "tram-7"))
    #expect(network.mainPattern(route: tram, direction: 1) == nil)
    for (index, trip) in network.trips.enumerated() {
      let pattern = network.patterns[trip.patternIndex]
      #expect(pattern.routeIndex == trip.routeIndex)
      #expect(pattern.direction == trip.direction)
      #expect(network.stopTimes(ofTrip: index).map(\.stopIndex) == pattern.stopIndexes)
    }
  }

  @Test func stopsLieAlongTheShapeOrStraightLines() throws {
    let network = try SmallFeed().read().network
    let route = try #require(network.routeIndex(id: "bus-1"))
    let step = Coordinate(latitude: 50, longitude: 30).metres(
      to: Coordinate(latitude: 50, longitude: 30.01))
    #expect(abs(step - 714.7) < 0.1)
    // The shape begins 0.01 degrees before the first stop.
    let there = network.patterns[try #require(network.mainPattern(route: route, direction: 0))]
    #expect(there.shapeIndex == 0)
    for (metres, steps) in zip(there.stopMetres, [1.0, 2, 3]) {
      #expect(abs(metres - steps * step) < 0.01)
    }
    // The way back has no shape.
    let back = try #require(network.mainPattern(route: route, direction: 1))
    #expect(network.patterns[back].shapeIndex == nil)
    for (metres, steps) in zip(network.patterns[back].stopMetres, [0.0, 1, 2]) {
      #expect(abs(metres - steps * step) < 0.01)
    }
    #expect(network.line(ofPattern: back).points.map(\.longitude) == [30.02, 30.01, 30.00])
  }

  @Test func aShapeFarFromTheStopsIsNotFollowed() throws {
    let feed = SmallFeed().with(
      "shapes.txt",
      "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\ns1,50.1,30.0,1\ns1,50.1,30.03,2")
    let reading = try feed.read()
    #expect(reading.faultCounts.map(\.code) == ["shape_off_stops"])
    #expect(reading.faults[0].message.contains("s1"))
    #expect(reading.network.patterns.allSatisfy { $0.shapeIndex == nil })
  }

  @Test func nearStopsAreThoseOfAFullSearch() throws {
    var generator = SeededGenerator(seed: 11)
    let header = "stop_id,stop_name,stop_lat,stop_lon\n"
    let base = ["a", "b", "c", "d", "e"].enumerated().map { "\($1),\($1),50.0,30.0\($0)" }
    let more = (0..<400).map { index in
      let latitude = 50 + generator.fraction() * 0.05
      let longitude = 30 + generator.fraction() * 0.05
      return "n\(index),N,\(latitude),\(longitude)"
    }
    let far = ["far,Far away,-33.9,151.2"]
    let feed = SmallFeed().with("stops.txt", header + (base + more + far).joined(separator: "\n"))
    let network = try feed.read().network
    for _ in 0..<300 {
      let point = Coordinate(
        latitude: 49.99 + generator.fraction() * 0.07,
        longitude: 29.99 + generator.fraction() * 0.07)
      let reach = [0.0, 50, 150, 400, 3000][generator.integer(in: 0...4)]
      let expected = network.stops.indices.map {
        ($0, point.metres(to: network.stops[$0].coordinate))
      }
      .filter { $0.1 <= reach }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }
      let found = network.nearestStops(to: point, withinMetres: reach)
      #expect(found.map(\.stopIndex) == expected.map(\.0))
    }
    #expect(network.nearestStops(to: network.stops[0].coordinate, withinMetres: 3e7).count == 406)
    #expect(network.nearestStops(to: network.stops[0].coordinate, withinMetres: -1).isEmpty)
  }

  @Test func stationsAreNotNearStops() throws {
    let network = try SmallFeed().read().network
    let found = network.nearestStops(
      to: Coordinate(latitude: 50, longitude: 30.01), withinMetres: 100)
    #expect(found.map { network.stops[$0.stopIndex].id } == ["b"])
    #expect(found[0].metres < 0.001)
  }

  @Test func anEmptyNetworkAnswersToo() {
    let network = Network.empty
    #expect(network.routeIndex(id: "1") == nil)
    #expect(network.resolveRoute("1") == nil)
    #expect(network.trips(on: Day(number: 20_000)).isEmpty)
    #expect(network.validDays == nil)
    // What runs on no day holds on none.
    #expect(!network.holds(on: Day(number: 20_000)))
    let point = Coordinate(latitude: 50, longitude: 30)
    #expect(network.nearestStops(to: point, withinMetres: 1000).isEmpty)
    #expect(NetworkSummary(network).routes.isEmpty)
  }

  @Test func routesAreListedAsPeopleCount() throws {
    let feed = SmallFeed().with(
      "routes.txt",
      """
      route_id,route_short_name,route_type,route_sort_order
      bus-1,1,3,
      trol-1,1,800,
      tram-7,7,900,
      x10,10,3,
      x2,2,3,
      x2a,2A,3,
      x02,02,3,
      first,99,0,1
      """)
    let names = try feed.read().network.routes.map(\.id)
    #expect(names == ["first", "bus-1", "x02", "x2", "x2a", "x10", "trol-1", "tram-7"])
  }

  @Test func theSummaryCounts() throws {
    let summary = NetworkSummary(try SmallFeed().read().network)
    #expect(summary.stops == 5)
    #expect(summary.zones == ["z1", "z2"])
    #expect(summary.blocks == 2)
    #expect(summary.trips == 6)
    #expect(summary.stopTimes == 16)
    #expect(summary.modes.map(\.mode) == [.bus, .trolleybus, .tram])
    #expect(summary.modes.map(\.trips) == [4, 1, 1])
    let bus = summary.routes[0]
    #expect(bus.operatorName == "City Transport")
    #expect(bus.trips == 4)
    #expect(bus.patterns == 3)
    #expect(bus.stops == [3, 3])
    #expect(bus.kilometres.map { ($0 * 10).rounded() } == [14, 14])
    #expect(bus.departuresSeconds == 25_200...86_100)
  }
}
