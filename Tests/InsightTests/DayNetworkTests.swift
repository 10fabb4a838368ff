import Basics
import Insight
import Postgres
import Store
import Testing
import Transit

extension InsightSuite {
  /// Boardings stand by the network that placed them, whichever holds on their day by now.
  @Suite struct DayNetworks {
    /// Boardings of a morning, and a vehicle's day that network 1 placed.
    private static func fill(_ world: World) async throws {
      try await world.addBoardings([
        try TestBoarding("08:10", 10, "a", to: "c"), try TestBoarding("08:15", 20, "b", to: "d"),
      ])
      try await place(world, "1603", by: 1)
    }

    private static func place(_ world: World, _ vehicle: String, by feedID: Int64) async throws {
      try await world.script(
        """
        insert into vehicle_day (lane, vehicle, service_day, placed_at, feed_id)
        values (\(Lane.of(name: vehicle)), '\(vehicle)', '\(today)', now(), \(feedID));
        """)
    }

    /// Imports a network for all days in which bus 1 is called otherwise: it has none of the boardings.
    private static func bringAnother(_ world: World) async throws {
      try await world.store.write { db in
        _ = try await db.feeds.save(
          name: "other", digest: [2], archive: World.feed(bus: "bus-9"),
          at: noon.adding(seconds: 60))
      }
      try await world.city.reload(from: world.store)
      try #require(world.city.current.network.routeIndex(id: "bus-1") == nil)
    }

    private func ask(_ world: World, _ route: String) async throws -> RouteLoadOutcome {
      var question = RouteLoadQuestion(route: route, day: today, direction: 0)
      question.isExact = true
      return try await world.desk.routeLoad(question)
    }

    @Test func aDayIsShownByTheNetworkThatPlacedItUntilItIsPlacedAnew() async throws {
      try await World.with { world in
        try await Self.fill(world)
        try await Self.bringAnother(world)
        guard case .answer(let answer) = try await ask(world, "bus-1") else {
          throw TestFailure(text: "the network of then has the route")
        }
        #expect(answer.boardings == 30 && answer.boardingsOfNoRoute == 0)
        #expect(answer.feed?.id == 1 && answer.daysByOtherFeeds == 0 && answer.isComplete)
        #expect(try await ask(world, "bus-9") == .routeUnknown)
        let list = try await world.desk.routes(on: today)
        #expect(list.routes.contains { $0.id == "bus-1" && $0.boardings == 30 })
        #expect(list.feed?.id == 1 && list.daysByOtherFeeds == 0)
        // A day of which nothing is placed is one of the network that holds on it.
        let before = try await world.desk.routes(on: today.adding(days: -1)).routes
        #expect(before.contains { $0.id == "bus-9" })
      }
    }

    @Test func daysOfVehiclesThatAnotherNetworkPlacedAreTold() async throws {
      try await World.with { world in
        try await Self.fill(world)
        try await Self.bringAnother(world)
        // Of as many days of each the network that holds is taken.
        try await Self.place(world, "1604", by: 2)
        guard case .answer(let mixed) = try await ask(world, "bus-9") else {
          throw TestFailure(text: "the network that holds has the route")
        }
        #expect(mixed.feed?.id == 2 && mixed.daysByOtherFeeds == 1 && !mixed.isComplete)
        #expect(mixed.boardings == 0 && mixed.boardingsOfNoRoute == 30)
        let list = try await world.desk.routes(on: today)
        #expect(list.feed?.id == 2 && list.daysByOtherFeeds == 1)
        #expect(list.boardingsOfNoRoute == 30 && list.hasBoardingsOfNoRoute)
        guard
          case .answer(let rides) = try await world.desk.ridership(
            RidershipQuestion(days: today.adding(days: -1)...today))
        else { throw TestFailure(text: "no answer") }
        #expect(rides.feeds.map(\.id) == [2])
        #expect(rides.daysByOtherFeeds == 1 && !rides.isComplete)
      }
    }

    @Test func ridesOfADayAreCountedByTheNetworkThatPlacedIt() async throws {
      try await World.with { world in
        try await Self.fill(world)
        try await Self.bringAnother(world)
        var question = RidershipQuestion(days: today...today)
        question.route = "bus-1"
        question.isExact = true
        guard case .answer(let rides) = try await world.desk.ridership(question) else {
          throw TestFailure(text: "the network of then has the route")
        }
        #expect(rides.boardings == 30 && rides.boardingsOffLine == 0)
        #expect(rides.pairs.map(\.riders) == [20, 10])
        #expect(rides.feeds.map(\.id) == [1] && rides.isComplete)
      }
    }

    @Test func whoPlacesADayWritesDownByWhichNetwork() async throws {
      try await World.with { world in
        try await world.script(
          """
          insert into vehicle_day (lane, vehicle, service_day, stale_since)
          values (\(Lane.of(name: "1603")), '1603', '\(today)', now());
          """)
        func place() async throws -> [String] {
          try await PlacingService(
            store: world.store, city: world.city, log: quiet, now: { noon }
          ).drain()
          return try await world.texts("select coalesce(feed_id::text, '-') from vehicle_day")
        }
        #expect(try await place() == ["1"])
        try await Self.bringAnother(world)
        #expect(try await place() == ["1"])
        try await world.script("update vehicle_day set stale_since = now()")
        #expect(try await place() == ["2"])
      }
    }
  }
}
