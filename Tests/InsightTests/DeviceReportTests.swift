import Basics
import Insight
import Store
import Testing

extension InsightSuite {
  @Suite struct DeviceReports {
    @Test func aValidatorIsShownWithWhereItWasMountedOnTheDays() async throws {
      try await World.with { world in
        try await world.addMoney()
        try await world.script(
          """
          insert into device_assignment (device_id, valid_from, valid_to, vehicle, stop) values
            ('V-1', '2026-11-01', '2026-11-22', '101', null),
            ('V-1', '2026-11-22', '2026-11-23T12:00Z', '102', null),
            ('V-1', '2026-11-23T12:00Z', null, '103', null);
          """)
        func vehicles(_ days: ClosedRange<Day>) async throws -> [String] {
          let report = try await world.desk.report(.devices, days: days, madeAt: noon)
          let table = try #require(report.tables.first)
          let place = try #require(table.columns.firstIndex { $0.key == "vehicles" })
          return table.rows.map { $0[place].plain }
        }
        // V-1 sent of two operators' routes, V-2 of one and of none.
        #expect(try await vehicles(today...today) == ["102 103", "102 103", "", ""])
        let yesterday = today.adding(days: -1)
        #expect(try await vehicles(yesterday...yesterday) == ["102", ""])
        let before = today.adding(days: -2)
        #expect(try await vehicles(before...before) == ["101", ""])
      }
    }

    /// Two operators share the validators, and a line's name: each sees what was sent on its routes.
    @Test func whatValidatorsSentIsOfTheDaysAndOfTheOperatorOfTheRoute() async throws {
      try await World.with { world in
        try await world.addMoney()
        func sent(
          _ name: ReportName, _ operatorID: String?, _ columns: [String], day: Day = today
        ) async throws -> [String] {
          let report = try await world.desk.report(
            name, days: day...day, operatorID: operatorID, madeAt: noon)
          let table = try #require(report.tables.first { $0.key == "devices" })
          return table.rows.map { row in
            columns.compactMap { key in
              table.columns.firstIndex { $0.key == key }.map { row[$0].plain }
            }.joined(separator: " ")
          }
        }
        let figures = ["device", "operator", "taps", "accepted", "denied", "late_taps"]
        #expect(
          try await sent(.devices, nil, figures) == [
            "V-1 north 5 4 1 1", "V-1 south 3 3 0 0", "V-2 south 5 5 0 2", "V-2  2 2 0 0",
          ])
        #expect(try await sent(.devices, "north", figures) == ["V-1 north 5 4 1 1"])
        #expect(
          try await sent(.devices, "south", figures) == ["V-1 south 3 3 0 0", "V-2 south 5 5 0 2"])
        #expect(
          try await sent(.devices, nil, figures, day: today.adding(days: -1)) == [
            "V-1 north 77 70 7 0", "V-2  0 0 0 0",
          ])
        let late = ["device", "taps", "accepted"]
        #expect(try await sent(.lateTaps, nil, late) == ["V-1 1 1", "V-2 2 2"])
        #expect(try await sent(.lateTaps, "north", late) == ["V-1 1 1"])
        #expect(try await sent(.lateTaps, "south", late) == ["V-2 2 2"])
      }
    }

    /// From tomorrow on the bus of the one is the other's.
    @Test func whatValidatorsSentStaysWithTheOperatorThatHadTheRouteOnTheDay() async throws {
      try await World.with { world in
        try await world.addMoney()
        try await world.addBoardings([try TestBoarding("08:00", 3, "a")])
        let tomorrow = today.adding(days: 1)
        try await world.script(
          """
          insert into device_day (fare_day, device_id, route, accepted, denied, late_accepted,
            late_denied, last_late_at, latest_seconds)
          values ('2026-11-24', 'V-1', 'bus-1', 6, 0, 4, 0, '2026-11-26T08:00Z', 90000)
          """)
        try await world.store.write { db in
          _ = try await db.feeds.save(
            name: "moved", digest: [2], archive: World.feed(busOf: "south"), from: tomorrow,
            at: noon)
        }
        try await world.city.reload(from: world.store)
        func sent(
          _ name: ReportName, _ operatorID: String, _ days: ClosedRange<Day>
        ) async throws -> [String] {
          let report = try await world.desk.report(
            name, days: days, operatorID: operatorID, madeAt: noon)
          let table = try #require(report.tables.first { $0.key == "devices" })
          let taps = try #require(table.columns.firstIndex { $0.key == "taps" })
          return table.rows.map { "\($0[0].plain) \($0[taps].plain)" }
        }
        #expect(try await sent(.devices, "north", today...today) == ["V-1 5"])
        #expect(try await sent(.devices, "south", today...today) == ["V-1 3", "V-2 5"])
        #expect(try await sent(.devices, "north", today...tomorrow) == ["V-1 5"])
        #expect(try await sent(.devices, "south", today...tomorrow) == ["V-1 9", "V-2 5"])
        #expect(try await sent(.devices, "north", tomorrow...tomorrow) == [])
        #expect(try await sent(.lateTaps, "north", today...tomorrow) == ["V-1 1"])
        #expect(try await sent(.lateTaps, "south", today...tomorrow) == ["V-1 4", "V-2 2"])
        // What is said of how complete the day is goes by the network of then, too.
        for (operatorID, boardings) in [("north", Int64(3)), ("south", 0)] {
          let daily = try await world.desk.dailyReport(today, operatorID: operatorID, madeAt: noon)
          #expect(daily.notes.first { $0.key == "boardings" }?.count == boardings)
          let figures = try await world.desk.figures(of: today, operatorID: operatorID)
          #expect(figures.completeness.boardings == boardings)
        }
      }
    }

    /// A validator is put from one operator's vehicle into another's.
    @Test func anOperatorSeesTheVehiclesOfItsOwnDaysOnly() async throws {
      try await World.with { world in
        try await world.script(
          """
          insert into device (device_id, state, enrolled_at) values ('V-1', 'enrolled', now());
          insert into device_assignment (device_id, valid_from, valid_to, vehicle) values
            ('V-1', '2026-11-01', '2026-11-22T12:00Z', '101'),
            ('V-1', '2026-11-22T12:00Z', null, '202');
          insert into device_day (fare_day, device_id, route, accepted, denied, late_accepted, late_denied)
          values ('2026-11-21', 'V-1', 'bus-1', 4, 0, 0, 0), ('2026-11-22', 'V-1', 'bus-1', 2, 0, 0, 0),
            ('2026-11-22', 'V-1', 'trol-2', 2, 0, 0, 0), ('2026-11-23', 'V-1', 'trol-2', 3, 0, 0, 0);
          insert into vehicle_device values ('2026-11-21', '101', 'V-1'), ('2026-11-22', '101', 'V-1'),
            ('2026-11-22', '202', 'V-1'), ('2026-11-23', '202', 'V-1'), ('2026-11-23', '', 'V-1');
          """)
        func vehicles(_ operatorID: String?, from first: Int) async throws -> [String] {
          let report = try await world.desk.report(
            .devices, days: today.adding(days: first)...today, operatorID: operatorID, madeAt: noon)
          let table = try #require(report.tables.first)
          let place = try #require(table.columns.firstIndex { $0.key == "vehicles" })
          return table.rows.map { $0[place].plain }
        }
        #expect(try await vehicles("north", from: -2) == ["101"])
        #expect(try await vehicles("south", from: -2) == ["202"])
        // Of the day on which it served both, neither is told a vehicle.
        #expect(try await vehicles("north", from: -1) == [""])
        #expect(try await vehicles(nil, from: -2) == ["101 202", "101 202"])
      }
    }
  }
}
