import Basics
import Insight
import Store
import Testing
import Tracking
import Transit

extension InsightSuite {
  @Suite struct Vehicles {
    private static let script = """
      insert into vehicle_now (vehicle, at, latitude, longitude, speed_mps, bearing, trip, route,
        passengers, received_at) values
        ('1603', '2026-11-23T09:59:40Z', 50.0, 30.01, 7.5, 90, null, '1', 12, '2026-11-23T09:59:41Z'),
        ('1604', '2026-11-23T09:55:00Z', 50.0, 30.03, null, null, 't3', null, null, '2026-11-23T09:55:01Z'),
        ('1605', '2026-11-23T09:44:59Z', 50.0, 30.03, null, null, null, null, null, '2026-11-23T09:45:00Z');
      insert into stop_visit values
        ('2026-11-23', '1603', '2026-11-23T09:50Z', '2026-11-23T09:51Z', 'bus-1', 0, 'a', 0, 5, true),
        ('2026-11-23', '1603', '2026-11-23T09:57Z', '2026-11-23T09:59:50Z', 'bus-1', 0, 'b', 1, 5,
          true),
        ('2026-11-23', '1603', '2026-11-23T10:10Z', '2026-11-23T10:10Z', 'bus-1', 0, 'd', 3, 5, true);
      """

    @Test func vehiclesAreShownWithWhatTheyDrive() async throws {
      try await World.with { world in
        try await world.script(Self.script)
        let live = try await world.desk.vehicles(at: noon)
        #expect(live.vehicles.map(\.status.vehicle) == ["1603", "1604"])
        let first = live.vehicles[0]
        #expect(first.routeName == "1")
        #expect(first.mode == .bus)
        #expect(first.color == "FF8800")
        #expect(first.status.direction == 0)
        #expect(first.status.progress == .stoppedAt)
        #expect(first.stopName == "Bridge")
        #expect(first.passengers == 12)
        #expect(first.ageSeconds == 20)
        #expect(live.vehicles[1].mode == .trolleybus)
        #expect(live.vehicles[1].ageSeconds == 300)
      }
    }

    @Test func aPositionFromTheFutureIsOfWhenItCame() async throws {
      try await World.with { world in
        try await world.script(
          """
          insert into vehicle_now (vehicle, at, latitude, longitude, received_at) values
            ('1603', '2026-11-23T10:04:00Z', 50.0, 30.01, '2026-11-23T09:59:30Z'),
            ('1604', '2026-11-23T10:04:00Z', 50.0, 30.01, '2026-11-23T10:05:00Z')
          """)
        let live = try await world.desk.vehicles(at: noon)
        #expect(live.vehicles.map(\.status.at) == [noon.adding(seconds: -30), noon])
        #expect(live.vehicles.map(\.ageSeconds) == [30, 0])
        let sent = try VehiclePositionsFeed.decode(live.feed).vehicles.map(\.at)
        #expect(sent.allSatisfy { $0 <= noon })
      }
    }

    @Test func theFeedLeavesOutWhatIsTooOldForIt() async throws {
      try await World.with { world in
        try await world.script(Self.script)
        let live = try await world.desk.vehicles(at: noon)
        let message = try VehiclePositionsFeed.decode(live.feed)
        #expect(message.vehicles.map(\.vehicle) == ["1603"])
        #expect(message.vehicles.first?.route == "bus-1")
        #expect(message.vehicles.first?.stop == "b")
        #expect(String(decoding: live.feedJSON, as: UTF8.self).contains("\"route_id\":\"bus-1\""))
      }
    }

    @Test func theMapReadsPlacesAndAges() async throws {
      try await World.with { world in
        try await world.script(Self.script)
        var reader = JSONReader(try await world.desk.vehicles(at: noon).json)
        var found: [String: Int64] = [:]
        try reader.beginObject()
        while let key = try reader.nextKey() {
          guard key == "vehicles" else {
            try reader.skipValue()
            continue
          }
          try reader.beginArray()
          while try reader.nextElement() {
            var vehicle = ""
            try reader.beginObject()
            while let key = try reader.nextKey() {
              switch key {
              case "vehicle": vehicle = try reader.string()
              case "age_seconds": found[vehicle] = try reader.int64()
              default: try reader.skipValue()
              }
            }
          }
        }
        try reader.finish()
        #expect(found == ["1603": 20, "1604": 300])
      }
    }
  }

  @Suite struct Partitions {
    @Test func theDaysAroundTodayAreMadeOnce() async throws {
      try await World.with { world in
        let keeper = PartitionKeeper(
          store: world.store, city: world.city, positionDays: 435, now: { noon }, log: quiet)
        #expect(try await keeper.make() == 15 * DayTable.allCases.count)
        #expect(try await keeper.make() == 0)
        let names = try await world.texts(
          "select tablename::text from pg_tables where tablename like 'tap\\_2026%' order by 1")
        #expect(names.first == "tap_20261116")
        #expect(names.last == "tap_20261130")
      }
    }

    @Test func aKeeperStopsWhenItIsCancelled() async throws {
      try await World.with { world in
        let keeper = PartitionKeeper(
          store: world.store, city: world.city, positionDays: 435, now: { noon }, log: quiet)
        let task = Task { await keeper.run() }
        var made = 0
        for _ in 0..<3_000 where made < 15 {
          made = try await world.texts(
            "select tablename::text from pg_tables where tablename like 'ride\\_2026%'"
          ).count
          try await Task.sleep(for: .milliseconds(100))
        }
        #expect(made == 15)
        task.cancel()
        await task.value
      }
    }
  }
}

@Suite struct RouteShapeTests {
  @Test func aSimplifiedLineStaysNear() throws {
    var random = SeededGenerator(seed: 3)
    for _ in 0..<50 {
      var place = Coordinate(latitude: 50, longitude: 30)
      let points = (0..<200).map { _ in
        place.latitude += Double.random(in: -0.0001...0.0003, using: &random)
        place.longitude += Double.random(in: -0.0001...0.0003, using: &random)
        return place
      }
      let simplified = RouteShapes.simplified(points)
      #expect(simplified.first == points.first && simplified.last == points.last)
      #expect(simplified.count < points.count)
      let line = Polyline(simplified)
      #expect(points.allSatisfy { line.project($0).metresOff <= RouteShapes.toleranceMetres + 0.1 })
    }
  }

  @Test func aStraightLineHasTwoPoints() {
    let points = (0...100).map { Coordinate(latitude: 50, longitude: 30 + Double($0) / 10_000) }
    #expect(RouteShapes.simplified(points).count == 2)
  }

  @Test func theLinesAreGeoJSONAndTheSameForTheSameNetwork() throws {
    let shapes = RouteShapes()
    #expect(
      String(decoding: shapes.geoJSON(of: .empty), as: UTF8.self)
        == #"{"type":"FeatureCollection","features":[]}"#)
    var content = NetworkContent(timeZoneName: "UTC")
    content.routes = [
      Route(id: "r", shortName: "1", longName: "", mode: .tram, operatorIndex: nil, color: "FF0000")
    ]
    content.stops = [
      Stop(id: "a", name: "A", coordinate: Coordinate(latitude: 50, longitude: 30.123456789)),
      Stop(id: "b", name: "B", coordinate: Coordinate(latitude: 50.5, longitude: 30)),
    ]
    content.patterns = [
      Pattern(
        routeIndex: 0, direction: 0, stopIndexes: [0, 1], tripCount: 1, shapeIndex: nil,
        stopMetres: [0, 55_000])
    ]
    let network = Network(content)
    let text = String(decoding: shapes.geoJSON(of: network), as: UTF8.self)
    #expect(
      text == #"{"type":"FeatureCollection","features":[{"type":"Feature","properties":"#
        + #"{"route":"r","name":"1","mode":"tram","direction":0,"color":"FF0000"},"geometry":"#
        + #"{"type":"LineString","coordinates":[[30.12346,50],[30,50.5]]}}]}"#)
    #expect(shapes.geoJSON(of: network) == Array(text.utf8))
  }
}
