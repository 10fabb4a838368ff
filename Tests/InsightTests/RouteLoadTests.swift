import Basics
import Insight
import Postgres
import Store
import Testing

extension InsightSuite {
  @Suite struct Loads {
    /// The day of the hand-worked table: people by stops and hour.
    static func handWorked() throws -> [TestBoarding] {
      [
        try TestBoarding("08:10", 10, "a", to: "c"), try TestBoarding("08:10", 6, "a", to: "b"),
        try TestBoarding("08:15", 7, "b", to: "d"), try TestBoarding("09:15", 5, "b"),
        try TestBoarding("09:59", 8, "c", to: "d"),
        // Without a stop: of the direction, of no direction, of the other one.
        try TestBoarding("08:20", 12, nil), try TestBoarding("08:20", 3, direction: nil, nil),
        try TestBoarding("08:20", 20, direction: 1, nil),
        // Not on the line, on the way back, on another route.
        try TestBoarding("08:30", 4, "e"),
        try TestBoarding("08:40", 50, direction: 1, "d", to: "a"),
        try TestBoarding("08:50", 60, route: "trol-2", "d", to: "e"),
      ]
    }

    private func ask(
      _ world: World, _ change: (inout RouteLoadQuestion) -> Void = { _ in }
    ) async throws -> RouteLoadAnswer {
      var question = RouteLoadQuestion(route: "bus-1", day: today, direction: 0)
      change(&question)
      guard case .answer(let answer) = try await world.desk.routeLoad(question) else {
        throw TestFailure(text: "no answer")
      }
      return answer
    }

    private func rows(_ answer: RouteLoadAnswer) -> [String] {
      answer.stops.map { row in
        "\(row.name) "
          + [row.boardings, row.alightings, row.load]
          .map { $0.map(String.init) ?? "-" }.joined(separator: " ")
      }
    }

    @Test func aLoadIsThatOfTheHandWorkedTable() async throws {
      try await World.with { world in
        try await world.addBoardings(try Self.handWorked())
        let answer = try await ask(world) { $0.isExact = true }
        #expect(
          rows(answer) == ["Harbour 16 0 16", "Bridge 12 6 17", "Market 8 10 15", "Park 0 15 0"])
        #expect(answer.boardings == 36)
        #expect(answer.boardingsWithoutAlighting == 5)
        #expect(answer.unplacedBoardings == 15)
        #expect(answer.boardingsOffLine == 4)
        #expect(answer.boardingsOfNoDirection == 3)
        #expect(answer.busiest?.stop == "b")
        #expect(answer.hourly[8] == 27)
        #expect(answer.hourly[9] == 13)
        #expect(answer.hourly.compactMap { $0 }.reduce(0, +) == 40)
        #expect(!answer.isRounded)
        #expect(answer.operatorID == "north")
      }
    }

    @Test func aBandOfHoursLeavesOutOtherBoardings() async throws {
      try await World.with { world in
        try await world.addBoardings(try Self.handWorked())
        let answer = try await ask(world) {
          $0.isExact = true
          $0.hours = 9..<10
        }
        #expect(
          rows(answer) == ["Harbour 0 0 0", "Bridge 5 0 0", "Market 8 0 8", "Park 0 8 0"])
        #expect(answer.unplacedBoardings == 0)
        #expect(answer.hourly[8] == 27)
      }
    }

    @Test func smallGroupsAreHiddenUnlessAskedFor() async throws {
      try await World.with { world in
        try await world.addBoardings(
          try Self.handWorked() + [try TestBoarding("12:00", 2, "c", to: "d")])
        let answer = try await ask(world)
        #expect(answer.isRounded)
        #expect(answer.ridersMin == 5)
        #expect(answer.hourly[12] == nil)
        let numbers =
          answer.stops.flatMap { [$0.boardings, $0.alightings, $0.load] } + answer.hourly
          + [answer.boardings, answer.unplacedBoardings, answer.boardingsOffLine]
        #expect(numbers.allSatisfy { $0.map { $0 == 0 || $0 >= 5 } ?? true })
        let exact = try await ask(world) { $0.isExact = true }
        #expect(exact.hourly[12] == 2)
        #expect(!exact.isRounded)
      }
    }

    /// One rider at each of four stops, four at each of two, four on the line and four off it.
    @Test func anHourDoesNotTellWhatIsHiddenAtItsStops() async throws {
      try await World.with { world in
        try await world.addBoardings([
          try TestBoarding("05:10", 1, "a", to: "d"), try TestBoarding("05:10", 1, "b", to: "d"),
          try TestBoarding("05:10", 1, "c", to: "d"), try TestBoarding("05:10", 1, "d"),
          try TestBoarding("06:10", 4, "a", to: "c"), try TestBoarding("06:10", 4, "b", to: "c"),
          try TestBoarding("07:10", 4, "a", to: "c"), try TestBoarding("07:10", 4, "e"),
          try TestBoarding("09:10", 1, "a", to: "c"), try TestBoarding("09:10", 1, "b", to: "c"),
        ])
        let answer = try await ask(world) { $0.hours = 6..<7 }
        #expect(answer.hourly[5...9] == [5, 5, 5, 0, nil])
        #expect(answer.boardings == 5)
        #expect(rows(answer) == ["Harbour - 0 -", "Bridge - 0 5", "Market 0 5 0", "Park 0 0 0"])
        let early = try await ask(world) { $0.hours = 5..<6 }
        #expect(early.boardings == 5 && early.hourly[5] == 5)
      }
    }

    @Test func aSumThatStandsAloneIsRoundedToo() async throws {
      try await World.with { world in
        try await world.addBoardings(try Self.handWorked())
        let answer = try await ask(world)
        #expect(answer.boardingsOffLine == 5)
        #expect(rows(answer).first == "Harbour 15 0 15")
      }
    }

    /// Of every band of hours: what two of them have more than one another is no small group.
    @Test func noTwoBandsOfHoursDifferByASmallGroup() async throws {
      try await World.with { world in
        try await world.addBoardings([
          try TestBoarding("06:30", 7, "a", to: "c"), try TestBoarding("20:10", 8, "a", to: "d"),
          try TestBoarding("20:40", 6, "b", to: "c"), try TestBoarding("21:20", 1, "a", to: "b"),
          try TestBoarding("21:40", 3, "b", to: "d"),
        ])
        var numbers: [String: Set<Int>] = [:]
        for first in [0, 6, 20, 21] {
          for last in [21, 22, 24] where first < last {
            let answer = try await ask(world) { $0.hours = first..<last }
            for stop in answer.stops {
              numbers["\(stop.stop) on", default: []].formUnion([stop.boardings].compactMap { $0 })
              numbers["\(stop.stop) off", default: []].formUnion(
                [stop.alightings].compactMap { $0 })
              numbers["\(stop.stop) load", default: []].formUnion([stop.load].compactMap { $0 })
            }
            numbers["all", default: []].insert(answer.boardings)
          }
        }
        for (name, told) in numbers {
          let differences = told.flatMap { one in told.map { abs($0 - one) } }
          let small = differences.filter { (1...4).contains($0) }
          #expect(small.isEmpty, "\(name): \(told)")
        }
        #expect(numbers["all"] == [5, 15, 20, 25])
      }
    }

    @Test func boardingsOfNoKnownRouteAreToldOfEveryRoute() async throws {
      try await World.with { world in
        try await world.addBoardings([
          try TestBoarding("08:10", 10, "a", to: "c"),
          try TestBoarding("08:20", 7, route: nil, direction: nil, nil),
          try TestBoarding("08:20", 6, route: "gone", "a"),
          try TestBoarding("12:20", 2, route: nil, "a"),
        ])
        let answer = try await ask(world)
        #expect(answer.boardingsOfNoRoute == 15)
        #expect(!answer.isComplete)
        let exact = try await ask(world) { $0.isExact = true }
        #expect(exact.boardingsOfNoRoute == 15)
      }
    }

    @Test func aLoadSaysWhatTapsAreSetAside() async throws {
      try await World.with { world in
        try await world.script(
          """
          insert into device (device_id, state, enrolled_at) values ('V-1', 'enrolled', now());
          insert into tap_batch (lane, device_id, epoch, seqs, fresh, quarantined, received_at,
            sent_at, body, signature, body_digest, sort_fault)
          values (0, 'V-1', 1, '{[1,4)}', '{[1,4)}', '{}', now(), now(), '', '', '', 'unreadable');
          """)
        let answer = try await ask(world)
        #expect(answer.missing.setAside == 3 && answer.missing.unsorted == 0)
        #expect(!answer.isComplete)
      }
    }

    @Test func aLoadSaysWhatTapsAreMissing() async throws {
      try await World.with { world in
        try await world.addBoardings(try Self.handWorked())
        let before = try await ask(world)
        #expect(before.isComplete && before.missing == MissingTaps())
        try await world.script(
          """
          insert into device (device_id, state, enrolled_at) values ('V-1', 'enrolled', now());
          insert into device_epoch (device_id, epoch, seen, taps_stored, last_received_at,
            last_sent_at) values ('V-1', 1, '{[1,4),[6,9)}', 6, now(), now());
          insert into tap_batch (lane, device_id, epoch, seqs, fresh, quarantined, received_at,
            sent_at, body, signature, body_digest)
          values (0, 'V-1', 1, '{[1,4),[6,9)}', '{[1,4),[6,9)}', '{[2,3)}', now(), now(), '', '', '');
          insert into tap_quarantine (device_id, epoch, seq, code, message, content, received_at)
          values ('V-1', 1, 2, 'x', 'x', '{}', now());
          """)
        let answer = try await ask(world)
        #expect(answer.missing.unsorted == 5)
        #expect(answer.missing.quarantined == 1)
        #expect(answer.missing.numbers == 2)
        #expect(!answer.isComplete)
      }
    }

    @Test func theHourIsThatOfTheWallOnTheDayClocksGoBack() async throws {
      let sunday = try #require(Day(year: 2026, month: 10, day: 25))
      try await World.with { world in
        var boardings: [TestBoarding] = []
        // 02:59 in summer, 03:30 twice, and 04:00 in winter.
        for utc in ["2026-10-24T23:59", "2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T02:00"]
        {
          var boarding = try TestBoarding("08:00", 1, "a", to: "b")
          boarding.at = try #require(Instant(iso8601: utc + ":00Z"))
          boardings.append(boarding)
        }
        try await world.addBoardings(boardings, day: sunday)
        let answer = try await ask(world) {
          $0.day = sunday
          $0.isExact = true
        }
        #expect(Array(answer.hourly[2...4]) == [1, 2, 1])
      }
    }

    @Test func aRouteThatCannotBeNamedIsSaidSo() async throws {
      try await World.with { world in
        func outcome(
          _ route: String, direction: Int = 0, operatorID: String? = nil
        ) async throws -> RouteLoadOutcome {
          var question = RouteLoadQuestion(route: route, day: today, direction: direction)
          question.operatorID = operatorID
          return try await world.desk.routeLoad(question)
        }
        #expect(try await outcome("99") == .routeUnknown)
        #expect(try await outcome("1") == .routeAmbiguous(["bus-1", "bus-1s"]))
        #expect(try await outcome("trol-2", direction: 1) == .noSuchDirection)
        #expect(try await outcome("trol-2", operatorID: "north") == .routeUnknown)
        guard case .answer(let own) = try await outcome("1", operatorID: "north") else {
          throw TestFailure(text: "the operator has one route 1")
        }
        #expect(own.route == "bus-1")
        guard case .answer(let other) = try await outcome("2", operatorID: "south") else {
          throw TestFailure(text: "the operator has a route 2")
        }
        #expect(other.stops.map(\.stop) == ["d", "e"])
      }
    }

    @Test func routesOfADayCountTheirBoardings() async throws {
      try await World.with { world in
        try await world.addBoardings(try Self.handWorked())
        let routes = try await world.desk.routes(on: today).routes
        let counts = Dictionary(uniqueKeysWithValues: routes.map { ($0.id, $0) })
        #expect(routes.count == 3)
        #expect(counts["bus-1"]?.boardings == 125)
        #expect(counts["bus-1"]?.unplaced == 35)
        #expect(counts["bus-1"]?.lastStops == ["Park", "Harbour"])
        #expect(counts["trol-2"]?.lastStops == ["Wood", nil])
        #expect(counts["trol-2"]?.boardings == 60)
        #expect(counts["bus-1s"]?.boardings == 0)
        try await world.addBoardings(
          [try TestBoarding("09:00", 1, route: "bus-1s", direction: 0, "e", to: "a")], from: 50)
        try await world.addBoardings(
          [try TestBoarding("09:00", 2, route: "trol-2", direction: 0, "d", to: "e")], from: 60)
        let later = try await world.desk.routes(on: today).routes
        let told = Dictionary(uniqueKeysWithValues: later.map { ($0.id, $0.boardings) })
        // One rider of the night line is in no list, and two more of another line change none.
        #expect(told["bus-1s"] == .some(nil))
        #expect(told["trol-2"] == .some(60))
      }
    }

    @Test func theListOfRoutesTellsBoardingsThatAreInNone() async throws {
      try await World.with { world in
        let none = try await world.desk.routes(on: today)
        #expect(none.boardingsOfNoRoute == 0 && !none.hasBoardingsOfNoRoute)
        try await world.addBoardings([
          try TestBoarding("08:10", 10, "a", to: "c"),
          try TestBoarding("08:20", 1, route: nil, direction: nil, nil),
          try TestBoarding("08:20", 1, route: "gone", "a"),
        ])
        let few = try await world.desk.routes(on: today, operatorID: "south")
        #expect(few.boardingsOfNoRoute == 0 && few.hasBoardingsOfNoRoute)
        try await world.addBoardings([try TestBoarding("09:20", 6, route: "gone", "a")], from: 50)
        let more = try await world.desk.routes(on: today)
        #expect(more.boardingsOfNoRoute == 10 && more.hasBoardingsOfNoRoute)
        #expect(more.route(named: "1") == nil && more.route(named: "2")?.id == "trol-2")
      }
    }

    @Test func theQuestionReadsAnIndexAndOneDay() async throws {
      try await World.with { world in
        for offset in -1...1 {
          try await world.store.ensurePartitions(of: [today.adding(days: offset)])
        }
        try await world.script(
          """
          insert into boarding (fare_day, lane, rider_id, tapped_at, device_id, epoch, seq, riders,
            route, direction, stop, stop_order, source, confidence)
          select date '2026-11-23' + (n % 3 - 1), 0, '00000000-0000-0000-0000-000000000001', now(),
            'V-1', 1, n, 1, 'r' || n % 100, n % 2, 'a', 0, 'device', 1
          from generate_series(1, 30000) n
          """)
        // By itself: it runs in no transaction.
        try await world.script("vacuum (analyze) boarding")
        for isByRider in [false, true] {
          let plan = try await world.texts(
            "explain (costs off) " + LoadTables.boardingsSQL(byRider: isByRider),
            [
              .date(today), .text("r7"), .int2(0), .timestamptz(noon), .int8(7200), .int8(7200),
            ]
          ).joined(separator: "\n")
          let ofRoutes = try await world.texts(
            "explain (costs off) " + LoadTables.groupsSQL(isOfRoutes: true, byRider: isByRider),
            [
              .date(today), .texts(["r7"]), .int2(0), .timestamptz(noon), .int8(7200), .int8(7200),
              .int8(100),
            ]
          ).joined(separator: "\n")
          for text in [plan, ofRoutes] {
            #expect(text.contains("Index Only Scan using boarding_20261123_"), "\(text)")
            #expect(!text.contains("Seq Scan"), "\(text)")
            #expect(!text.contains("20261122"), "\(text)")
          }
        }
        let ofNoRoute = try await world.texts(
          "explain (costs off) " + LoadTables.ofNoRouteSQL,
          [.date(today), .texts(["r7"])]
        ).joined(separator: "\n")
        #expect(ofNoRoute.contains("Index Only Scan using boarding_20261123_"), "\(ofNoRoute)")
        #expect(!ofNoRoute.contains("Seq Scan"), "\(ofNoRoute)")
        #expect(!ofNoRoute.contains("20261122"), "\(ofNoRoute)")
        // The list counts a whole day, in one go.
        let list = try await world.texts(
          "explain (costs off) " + LoadTables.routesSQL, [.date(today), .int8(100)]
        ).joined(separator: "\n")
        #expect(list.contains("20261123") && !list.contains("20261122"), "\(list)")
        #expect(!list.contains("SubPlan"), "\(list)")
      }
    }
  }
}

struct TestFailure: Error {
  let text: String
}
