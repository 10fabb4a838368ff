import Basics
import Insight
import Store
import Testing

extension InsightSuite {
  /// Rides by pair of stops, and boardings and alightings by stop: of the same table as the loads.
  @Suite struct StopPairs {
    private func outcome(
      _ world: World, groupsMax: Int = LoadTables.groupsMax,
      _ change: (inout RidershipQuestion) -> Void = { _ in }
    ) async throws -> RidershipOutcome {
      var question = RidershipQuestion(days: today...today)
      question.isExact = true
      change(&question)
      return try await world.desk.ridership(question, groupsMax: groupsMax)
    }

    private func ask(
      _ world: World, _ change: (inout RidershipQuestion) -> Void = { _ in }
    ) async throws -> RidershipAnswer {
      guard case .answer(let answer) = try await outcome(world, change) else {
        throw TestFailure(text: "no answer")
      }
      return answer
    }

    private func pairs(_ answer: RidershipAnswer) -> [String] {
      answer.pairs.map { "\($0.fromName) - \($0.toName) \($0.riders)" }
    }

    @Test func pairsAndStopsAreThoseOfTheHandWorkedTable() async throws {
      try await World.with { world in
        try await world.addBoardings(try Loads.handWorked())
        let answer = try await ask(world) {
          $0.route = "bus-1"
          $0.direction = 0
        }
        #expect(
          pairs(answer) == [
            "Harbour - Market 10", "Market - Park 8", "Bridge - Park 7", "Harbour - Bridge 6",
          ])
        #expect(answer.ridersWithBothEnds == 31 && answer.ridersInSmallPairs == 0)
        #expect(answer.boardings == 36 && answer.boardingsWithoutAlighting == 5)
        #expect(answer.unplacedBoardings == 15 && answer.boardingsOffLine == 4)
        #expect(answer.operatorID == "north" && answer.routeName == "1")
        let rows = answer.stops.map { row in
          "\(row.name) "
            + [row.boardings, row.alightings, row.boardingsWithoutAlighting]
            .map { $0.map(String.init) ?? "-" }.joined(separator: " ")
        }
        #expect(rows == ["Bridge 12 6 5", "Harbour 16 0 0", "Market 8 10 0", "Park 0 15 0"])
        #expect(answer.stops[0].hourlyBoardings[8...9] == [7, 5])
        #expect(answer.stops[3].hourlyAlightings[8...9] == [7, 8])
      }
    }

    @Test(arguments: [nil, 9..<10, 8..<9] as [Range<Int>?])
    func theSumsAreThoseOfTheLoad(hours: Range<Int>?) async throws {
      try await World.with { world in
        try await world.addBoardings(try Loads.handWorked())
        for direction in 0...1 {
          var question = RouteLoadQuestion(route: "bus-1", day: today, direction: direction)
          question.hours = hours
          question.isExact = true
          guard case .answer(let load) = try await world.desk.routeLoad(question) else {
            throw TestFailure(text: "no load")
          }
          let answer = try await ask(world) {
            $0.route = "bus-1"
            $0.direction = direction
            $0.hours = hours
          }
          #expect(answer.boardings == load.boardings)
          #expect(answer.boardingsWithoutAlighting == load.boardingsWithoutAlighting)
          #expect(answer.unplacedBoardings == load.unplacedBoardings)
          #expect(answer.boardingsOffLine == load.boardingsOffLine)
          #expect(answer.waitingDays == load.waitingDays && answer.missing == load.missing)
          for stop in load.stops {
            let row = answer.stops.first { $0.stop == stop.stop }
            #expect(row?.boardings ?? 0 == stop.boardings)
            #expect(row?.alightings ?? 0 == stop.alightings)
            let from = answer.pairs.reduce(0) { $0 + ($1.from == stop.stop ? $1.riders : 0) }
            let to = answer.pairs.reduce(0) { $0 + ($1.to == stop.stop ? $1.riders : 0) }
            let unknown = row?.boardingsWithoutAlighting ?? 0
            #expect(stop.boardings.map { $0 - unknown } == from)
            #expect(stop.alightings == to)
          }
          #expect(answer.ridersWithBothEnds == answer.pairs.reduce(0) { $0 + $1.riders })
        }
      }
    }

    @Test func withoutARouteAllAreCountedAndABoardingOfNoDirectionOnce() async throws {
      try await World.with { world in
        try await world.addBoardings(
          try Loads.handWorked() + [try TestBoarding("08:00", 9, route: nil, direction: nil, nil)])
        let all = try await ask(world)
        #expect(pairs(all).prefix(2) == ["Park - Wood 60", "Park - Harbour 50"])
        #expect(all.boardings == 146 && all.unplacedBoardings == 12 + 3 + 20 + 9)
        #expect(all.route == nil && all.operatorID == nil)
        let own = try await ask(world) { $0.operatorID = "north" }
        #expect(pairs(own).first == "Park - Harbour 50")
        #expect(own.boardings == 86 && own.unplacedBoardings == 12 + 3 + 20)
        #expect(own.operatorID == "north")
      }
    }

    @Test func boardingsOfNoKnownRouteAreToldAndMissing() async throws {
      try await World.with { world in
        let next = today.adding(days: 1)
        try await world.addBoardings([
          try TestBoarding("08:10", 10, "a", to: "c"),
          try TestBoarding("08:20", 7, route: nil, direction: nil, nil),
          try TestBoarding("08:20", 3, direction: nil, nil),
        ])
        try await world.addBoardings([try TestBoarding("08:20", 2, route: "gone", "a")], day: next)
        let answer = try await ask(world) {
          $0.route = "bus-1"
          $0.direction = 0
          $0.days = today...next
        }
        #expect(answer.boardingsOfNoRoute == 9 && answer.boardingsOfNoDirection == 3)
        #expect(answer.hasBoardingsOfNoRoute && !answer.isComplete)
        // Two are too few to be told, and are missing all the same.
        let few = try await ask(world) {
          $0.route = "bus-1"
          $0.days = next...next
          $0.isExact = false
        }
        #expect(few.boardingsOfNoRoute == 0 && !few.isComplete)
      }
    }

    @Test func withoutARouteThoseOfNoRouteAreAlsoAmongTheOthers() async throws {
      try await World.with { world in
        try await world.addBoardings([
          try TestBoarding("08:10", 10, "a", to: "c"),
          try TestBoarding("08:20", 7, route: nil, direction: nil, nil),
          try TestBoarding("08:20", 6, route: "gone", "a"),
        ])
        let all = try await ask(world)
        #expect(all.boardings == 10 && all.boardingsOfNoRoute == 13)
        #expect(all.unplacedBoardings == 7 && all.boardingsOffLine == 6)
        #expect(all.boardingsOfNoDirection == 7)
        let own = try await ask(world) { $0.operatorID = "north" }
        #expect(own.boardings == 10 && own.boardingsOfNoRoute == 13)
        #expect(own.unplacedBoardings == 0 && own.boardingsOffLine == 0)
      }
    }

    @Test func daysAreAddedUp() async throws {
      try await World.with { world in
        try await world.addBoardings(try Loads.handWorked())
        let next = today.adding(days: 1)
        try await world.addBoardings([try TestBoarding("08:10", 7, "a", to: "c")], day: next)
        let answer = try await ask(world) {
          $0.route = "bus-1"
          $0.days = today.adding(days: -1)...next
          $0.direction = 0
        }
        #expect(pairs(answer).first == "Harbour - Market 17")
        #expect(answer.boardings == 43)
      }
    }

    @Test func aSmallPairIsNotListedUnlessAskedFor() async throws {
      try await World.with { world in
        try await world.addBoardings(
          try Loads.handWorked() + [try TestBoarding("12:00", 3, "a", to: "d")])
        let answer = try await ask(world) {
          $0.route = "bus-1"
          $0.direction = 0
          $0.isExact = false
        }
        #expect(
          pairs(answer) == [
            "Harbour - Market 10", "Market - Park 10", "Harbour - Bridge 5", "Bridge - Park 5",
          ])
        #expect(answer.ridersInSmallPairs == 5 && answer.ridersWithBothEnds == 35)
        #expect(answer.isRounded && answer.ridersMin == 5)
        let harbour = answer.stops.first { $0.stop == "a" }
        #expect(harbour?.hourlyBoardings[12] == .some(nil))
        let exact = try await ask(world) { $0.route = "bus-1" }
        #expect(pairs(exact).last == "Harbour - Park 3")
        #expect(!exact.isRounded && exact.ridersInSmallPairs == 0)
      }
    }

    @Test func whatCannotBeAnsweredIsSaidSo() async throws {
      try await World.with { world in
        try await world.addBoardings(try Loads.handWorked())
        #expect(try await outcome(world) { $0.route = "99" } == .routeUnknown)
        #expect(
          try await outcome(world) { $0.route = "1" } == .routeAmbiguous(["bus-1", "bus-1s"]))
        #expect(
          try await outcome(world) {
            $0.route = "trol-2"
            $0.operatorID = "north"
          } == .routeUnknown)
        #expect(
          try await outcome(world) {
            $0.route = "trol-2"
            $0.direction = 1
          } == .noSuchDirection)
        #expect(try await outcome(world, groupsMax: 3) == .tooMuch)
      }
    }

    @Test func aDayBeforeAnythingHasNothing() async throws {
      try await World.with { world in
        try await world.addBoardings(try Loads.handWorked())
        let early = try #require(Day(year: 1900, month: 1, day: 1))
        let answer = try await ask(world) { $0.days = early...early.adding(days: 30) }
        #expect(answer.pairs.isEmpty && answer.stops.isEmpty && answer.boardings == 0)
      }
    }
  }
}
