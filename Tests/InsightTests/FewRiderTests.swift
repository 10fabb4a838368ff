import Basics
import Insight
import Store
import Testing

extension InsightSuite {
  /// Fewer than k riders are a small group however often they ride: in pairs, stops, loads and lists.
  @Suite struct FewRiders {
    /// Six riders of the line, so that it has more than the few.
    private static func crowd() throws -> [TestBoarding] {
      [try TestBoarding("08:00", 6, "b", to: "c")]
    }

    private func ridership(
      _ world: World, days: ClosedRange<Day> = today...today, isExact: Bool = false
    ) async throws -> RidershipAnswer {
      var question = RidershipQuestion(days: days)
      question.route = "bus-1"
      question.direction = 0
      question.isExact = isExact
      guard case .answer(let answer) = try await world.desk.ridership(question) else {
        throw TestFailure(text: "no answer")
      }
      return answer
    }

    private func ridershipOfAllRoutes(_ world: World) async throws -> RidershipAnswer {
      let question = RidershipQuestion(days: today...today)
      guard case .answer(let answer) = try await world.desk.ridership(question) else {
        throw TestFailure(text: "no answer")
      }
      return answer
    }

    private func load(_ world: World, hours: Range<Int>? = nil) async throws -> RouteLoadAnswer {
      var question = RouteLoadQuestion(route: "bus-1", day: today, direction: 0)
      question.hours = hours
      guard case .answer(let answer) = try await world.desk.routeLoad(question) else {
        throw TestFailure(text: "no load")
      }
      return answer
    }

    @Test func oneRiderOfFiveMorningsIsNoPair() async throws {
      try await World.with { world in
        let days = today.adding(days: -4)...today
        for day in (days.lowerBound.number...days.upperBound.number).map(Day.init(number:)) {
          var boarding = try TestBoarding("07:00", 1, "a", to: "d", by: "commuter")
          boarding.at = boarding.at.adding(seconds: Int64(day.number - today.number) * 86_400)
          try await world.addBoardings([boarding], day: day)
        }
        try await world.addBoardings(try Self.crowd(), from: 50)
        let answer = try await ridership(world, days: days)
        #expect(answer.pairs.map(\.from) == ["b"])
        let village = try #require(answer.stops.first { $0.stop == "a" })
        #expect(village.boardings == nil && village.hourlyBoardings[7] == nil)
        // One of them is left, as of one morning.
        #expect(answer.boardings == 5 && answer.ridersInSmallPairs == 0)
        let exact = try await ridership(world, days: days, isExact: true)
        #expect(exact.boardings == 11 && exact.pairs.map(\.riders) == [6, 5])
      }
    }

    @Test func aGroupIsToldWhoeverOfItIsReadFirst() async throws {
      try await World.with { world in
        // One rider has more taps than are named of a group before the others come.
        try await world.addBoardings(
          try (10...59).map { try TestBoarding("10:\($0)", 1, "a", to: "d", by: "shuttle") })
        let alone = try await ridership(world)
        #expect(alone.pairs.isEmpty && alone.boardings == 0)
        try await world.addBoardings([try TestBoarding("10:59", 6, "a", to: "d")], from: 90)
        let answer = try await ridership(world)
        #expect(answer.pairs.map(\.riders) == [55])
        #expect(answer.stops.first { $0.stop == "a" }?.hourlyBoardings[10] == 55)
        let load = try await load(world)
        #expect(load.stops[0].boardings == 55 && load.hourly[10] == 55)
      }
    }

    @Test func nothingIsToldOfTheStopOfOneRiderWhoShuttles() async throws {
      try await World.with { world in
        try await world.addBoardings(
          try (9...13).map {
            try TestBoarding($0 < 10 ? "0\($0):00" : "\($0):00", 2, "a", to: "d", by: "one")
          }
            + Self.crowd())
        let load = try await load(world)
        #expect(load.stops[0].boardings == nil && load.stops[0].load == nil)
        #expect(load.stops[3].alightings == nil && load.boardings == 5)
        #expect(load.hourly[10...13].allSatisfy { $0 == nil || $0 == 0 })
        let answer = try await ridership(world)
        #expect(answer.pairs.map(\.from) == ["b"] && answer.boardings == 5)
        #expect(answer.stops.first { $0.stop == "a" }?.boardings == nil)
      }
    }

    @Test func boardingsOfOneRiderWithoutAStopOrARouteAreAsOne() async throws {
      try await World.with { world in
        try await world.addBoardings(
          try (10...19).map { try TestBoarding("\($0):00", 1, nil, by: "one") }
            + (10...19).map {
              try TestBoarding("\($0):00", 1, route: nil, direction: nil, nil, by: "one")
            } + Self.crowd())
        let load = try await load(world)
        #expect(load.unplacedBoardings == 0 && load.boardingsOfNoRoute == 0)
        #expect(load.hasBoardingsOfNoRoute && !load.isComplete)
        let answer = try await ridership(world)
        #expect(answer.unplacedBoardings == 0 && answer.boardingsOfNoRoute == 0)
      }
    }

    @Test func theListOfRoutesHidesARouteOfOneRider() async throws {
      try await World.with { world in
        try await world.addBoardings(
          try (10...19).map { try TestBoarding("\($0):00", 1, "a", to: "d", by: "one") })
        let hidden = try await world.desk.routes(on: today).routes.first { $0.id == "bus-1" }
        #expect(hidden?.boardings == nil && hidden?.unplaced == 0)
        try await world.addBoardings(try Self.crowd(), from: 50)
        let told = try await world.desk.routes(on: today).routes.first { $0.id == "bus-1" }
        #expect(told?.boardings == 15)
      }
    }

    @Test func theListOfRoutesTellsNoTapBesideBoardingsWithoutAStop() async throws {
      try await World.with { world in
        try await world.addBoardings(
          [try TestBoarding("07:00", 12, nil)]
            + (10...19).map { try TestBoarding("\($0):00", 3, "a", to: "d", by: "one") })
        let told = try await world.desk.routes(on: today).routes.first { $0.id == "bus-1" }
        // Twelve riders without a stop, and one with.
        #expect(told?.unplaced == 10 && told?.boardings == 15)
      }
    }

    @Test func noTapIsToldByTheDirectionsOfBoardingsWithoutAStop() async throws {
      try await World.with { world in
        try await world.addBoardings([
          try TestBoarding("07:00", 30, nil, by: "one"),
          try TestBoarding("07:00", 12, direction: nil, nil),
        ])
        let load = try await load(world)
        // Of the one with a direction, one.
        #expect(load.unplacedBoardings == 15 && load.boardingsOfNoDirection == 10)
        let answer = try await ridership(world)
        #expect(answer.unplacedBoardings == 15 && answer.boardingsOfNoDirection == 10)
      }
    }

    @Test func anHourTellsNoTapOffTheLine() async throws {
      try await World.with { world in
        try await world.addBoardings([
          try TestBoarding("07:00", 50, "a", to: "d"), try TestBoarding("07:00", 50, "b", to: "d"),
          try TestBoarding("07:00", 30, "z", by: "one"),
        ])
        let load = try await load(world)
        #expect(load.boardings == 100 && load.boardingsOffLine == 0 && load.hourly[7] == 100)
      }
    }

    @Test func ofAllRoutesNoTapIsToldBesideBoardingsOfNoRoute() async throws {
      try await World.with { world in
        try await world.addBoardings([
          try TestBoarding("07:00", 20, route: nil, direction: nil, nil),
          try TestBoarding("07:00", 30, direction: nil, nil, by: "one"),
        ])
        // Of the one with a route, one.
        let answer = try await ridershipOfAllRoutes(world)
        #expect(answer.unplacedBoardings == 20 && answer.boardingsOffLine == 0)
        #expect(answer.boardingsOfNoDirection == 20 && answer.boardingsOfNoRoute == 20)
      }
      try await World.with { world in
        try await world.addBoardings([
          try TestBoarding("07:00", 30, route: nil, direction: nil, nil, by: "one"),
          try TestBoarding("08:00", 6, route: "gone", "a"),
        ])
        // Those of no route are told by the parts in which they are among the others.
        let answer = try await ridershipOfAllRoutes(world)
        #expect(answer.unplacedBoardings == 0 && answer.boardingsOffLine == 5)
        #expect(answer.boardingsOfNoRoute == 5 && answer.hasBoardingsOfNoRoute)
      }
    }

    @Test(arguments: [nil, 7..<8, 8..<9] as [Range<Int>?])
    func anHourOfFewRidersIsHiddenBesideOthersOffTheLine(hours: Range<Int>?) async throws {
      try await World.with { world in
        try await world.addBoardings([
          try TestBoarding("07:00", 20, "a", to: "d"),
          try TestBoarding("08:00", 30, "b", to: "d", by: "one"),
          try TestBoarding("08:20", 10, "z"), try TestBoarding("09:00", 3, "c", to: "d"),
          try TestBoarding("09:10", 2, "c", to: "d", by: "two"),
        ])
        // With the four of nine the one of eight is not counted once.
        let load = try await load(world, hours: hours)
        #expect(load.hourly[7...9] == [20, nil, nil])
        #expect(load.boardingsOffLine == (hours == 7..<8 ? 0 : 10))
      }
    }

    @Test func boardingsOffTheLineAreToldByOneRuleInEveryAnswer() async throws {
      try await World.with { world in
        try await world.addBoardings([
          try TestBoarding("07:00", 20, "a", to: "d"), try TestBoarding("07:10", 3, "z"),
          try TestBoarding("08:10", 20, "z", by: "one"),
          try TestBoarding("08:20", 20, "z", by: "two"),
          try TestBoarding("08:30", 20, "z", by: "three"),
          // In both directions.
          try TestBoarding("07:10", 2, direction: nil, "z"),
        ])
        let load = try await load(world)
        // Three of each of two hours, and two of no direction.
        #expect(load.boardingsOffLine == 10 && load.boardingsOfNoDirection == 0)
        #expect(load.hourly[7...8] == [25, nil])
        #expect(try await self.load(world, hours: 7..<8).hourly[7...8] == [25, nil])
        let answer = try await ridership(world)
        #expect(answer.boardingsOffLine == 10 && answer.boardingsOfNoDirection == 0)
      }
    }

    @Test func fiveRidersAreToldWithEachOfTheirRides() async throws {
      try await World.with { world in
        try await world.addBoardings(
          try (1...5).flatMap { rider in
            try ["07:00", "12:00"].map { try TestBoarding($0, 1, "a", to: "d", by: "r\(rider)") }
          })
        let answer = try await ridership(world)
        #expect(answer.pairs.map(\.riders) == [10] && answer.boardings == 10)
        #expect(answer.stops.first { $0.stop == "a" }?.hourlyBoardings[7] == 5)
      }
    }
  }
}
