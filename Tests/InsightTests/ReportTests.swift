import Basics
import Insight
import Store
import Testing
import Transit

extension InsightSuite {
  @Suite struct Reports {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func sumsOfTheDatabaseAreThoseOfASecondImplementation(seed: UInt64) async throws {
      let rides = TestRide.many(600, seed: seed)
      try await World.with { world in
        try await world.add(rides)
        for operatorID in [nil, "north"] {
          let sums = try await world.store.read { db in
            try await db.reports.rideSums(
              days: today...today.adding(days: 1), by: RideGrouping.allCases,
              operatorID: operatorID)
          }
          let standing = rides.filter {
            !$0.isReversed && $0.day >= today && (operatorID == nil || $0.operatorID == operatorID)
          }
          let expected = Dictionary(grouping: standing, by: Key.init).mapValues(TestSums.init)
          let found = Dictionary(uniqueKeysWithValues: sums.map { (Key($0), TestSums($0)) })
          #expect(found.count > 20 || operatorID != nil)
          #expect(found == expected)
        }
      }
    }

    @Test func aDailyReportAddsUpInEveryTable() async throws {
      let rides = TestRide.many(500, seed: 9)
      try await World.with { world in
        try await world.add(rides)
        let report = try await world.desk.dailyReport(today, madeAt: noon)
        let standing = rides.filter { !$0.isReversed && $0.day == today }
        for currency in ["EUR", "UAH"] {
          let expected = TestSums(standing.filter { $0.currency == currency })
          for table in report.tables {
            let rows = table.rows.filter { $0.last == .text(currency) }
            #expect(rows.count > 1)
            #expect(sum(rows, "charged_minor", of: table) == expected.charged)
            #expect(sum(rows, "nominal_minor", of: table) == expected.nominal)
            #expect(sum(rows, "rides", of: table) == Int64(expected.rides))
            #expect(sum(rows, "people", of: table) == Int64(expected.people))
            #expect(sum(rows, "free_rides", of: table) == Int64(expected.free))
            #expect(sum(rows, "unknown_rides", of: table) == Int64(expected.unknown))
            let totals = table.totals.filter { $0.last == .text(currency) }
            #expect(totals.count == 1)
            #expect(sum(totals, "charged_minor", of: table) == expected.charged)
            #expect(sum(totals, "people", of: table) == Int64(expected.people))
          }
        }
        let versions = report.notes.first { $0.key == "tariff_versions" }
        #expect(versions?.names == ["test-1", "test-2"])
      }
    }

    @Test func anOperatorIsCalledAsItWasOnTheDays() async throws {
      let rides = TestRide.many(200, seed: 5)
      try await World.with { world in
        try await world.add(rides)
        let tomorrow = today.adding(days: 1)
        try await world.store.write { db in
          _ = try await db.feeds.save(
            name: "renamed", digest: [2], archive: World.feed(north: "Норд"), from: tomorrow,
            at: noon)
        }
        try await world.city.reload(from: world.store)
        func names(_ report: Report, _ key: String) throws -> Set<String> {
          let table = try #require(report.tables.first { $0.key == key })
          let column = try #require(table.columns.firstIndex { $0.key == "operator_name" })
          let place = try #require(table.columns.firstIndex { $0.key == "operator" })
          var found: Set<String> = []
          for row in table.rows where row[place] == .text("north") {
            if case .text(let name) = row[column] { found.insert(name) }
          }
          return found
        }
        for (day, name) in [(today, "Північ"), (tomorrow, "Норд")] {
          let daily = try await world.desk.dailyReport(day, madeAt: noon)
          #expect(try names(daily, "operators") == [name])
          let range = try await world.desk.operatorsReport(day...day, madeAt: noon)
          #expect(try names(range, "days") == [name])
          let other = try await world.desk.report(
            .revenueWithoutCaps, days: day...day, madeAt: noon)
          let key = try #require(
            other.tables.first { $0.columns.contains { $0.key == "operator_name" } }?.key)
          #expect(try names(other, key) == [name])
        }
      }
    }

    @Test func anOperatorSeesItsOwnRowsOnly() async throws {
      let rides = TestRide.many(400, seed: 4)
      try await World.with { world in
        try await world.add(rides)
        try await world.addBoardings([
          try TestBoarding("08:00", 3, "a"), try TestBoarding("08:01", 2, nil),
          try TestBoarding("08:02", 7, route: "trol-2", nil),
          try TestBoarding("08:03", 9, route: nil, direction: nil, nil),
        ])
        let daily = try await world.desk.dailyReport(today, operatorID: "north", madeAt: noon)
        let range = try await world.desk.operatorsReport(
          today.adding(days: -1)...today.adding(days: 1), operatorID: "north", madeAt: noon)
        for table in daily.tables.prefix(1) + range.tables {
          #expect(!table.rows.isEmpty)
          #expect(table.rows.allSatisfy { $0.first == .text("north") })
        }
        let own = rides.filter { !$0.isReversed && $0.operatorID == "north" }
        let categories = daily.tables[1]
        #expect(
          sum(categories.rows, "rides", of: categories)
            == Int64(own.filter { $0.day == today }.count))
        #expect(sum(range.tables[0].rows, "rides", of: range.tables[0]) == Int64(own.count))
        #expect(sum(range.tables[1].rows, "rides", of: range.tables[1]) == Int64(own.count))
        let counts = Dictionary(uniqueKeysWithValues: daily.notes.map { ($0.key, $0.count) })
        #expect(counts["boardings"] == 5)
        #expect(counts["boardings_unplaced"] == 2)
        #expect(!String(decoding: daily.json, as: UTF8.self).contains("south"))
        #expect(!daily.csv.contains("south"))
        let routes = try await world.desk.routes(on: today, operatorID: "north").routes
        #expect(routes.map(\.id) == ["bus-1"])
      }
    }

    @Test func theBooksAreShownBesideTheRides() async throws {
      try await World.with { world in
        var ride = try #require(TestRide.many(1, seed: 1).first)
        ride.day = today
        ride.operatorID = "north"
        ride.currency = "UAH"
        ride.nominal = 800
        ride.charged = 800
        ride.isReversed = false
        try await world.add([ride])
        try await world.script(
          """
          insert into account values ('1200', 'в', 'r', 'asset'), ('2100', 'п', 'o', 'liability');
          insert into entry (accounting_date, fare_day, currency, kind, description, digest,
            created_at)
          values ('2026-11-24', '2026-11-23', 'UAH', 'fares', '', '', now()),
            ('2026-11-24', '2026-11-20', 'UAH', 'fares', '', '', now());
          insert into posting (entry_id, line, account, operator_id, debit_minor, credit_minor)
          values (1, 1, '1200', '', 750, 0), (1, 2, '2100', 'north', 0, 750),
            (2, 1, '1200', '', 99, 0), (2, 2, '2100', 'north', 0, 99);
          """)
        let report = try await world.desk.operatorsReport(today...today, madeAt: noon)
        let table = report.tables[0]
        #expect(sum(table.rows, "charged_minor", of: table) == 800)
        #expect(sum(table.rows, "booked_minor", of: table) == 750)
        #expect(sum(table.totals, "booked_minor", of: table) == 750)
        #expect(table.columns.count == table.rows[0].count)
        #expect(table.columns.count == table.totals[0].count)
      }
    }

    private func sum(_ rows: [[ReportCell]], _ key: String, of table: ReportTable) -> Int64 {
      guard let place = table.columns.firstIndex(where: { $0.key == key }) else { return -1 }
      return rows.reduce(0) { $0 + (Int64($1[place].plain) ?? 0) }
    }
  }
}

private struct Key: Hashable {
  let day: Day?
  let operatorID: String?
  let mode: String?
  let category: String?
  let currency: String

  init(_ ride: TestRide) {
    day = ride.day
    operatorID = ride.operatorID
    mode = ride.mode
    category = ride.category
    currency = ride.currency
  }

  init(_ sums: RideSums) {
    day = sums.day
    operatorID = sums.operatorID
    mode = sums.mode?.rawValue
    category = sums.category
    currency = sums.currency.code
  }
}

extension TestSums {
  fileprivate init(_ sums: RideSums) {
    self.init([])
    rides = Int(sums.rides)
    people = Int(sums.people)
    charged = sums.chargedMinor
    nominal = sums.nominalMinor
    free = Int(sums.freeRides)
    unknown = Int(sums.unknownRides)
  }
}
