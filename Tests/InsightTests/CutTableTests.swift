import Basics
import Insight
import Store
import Testing

extension InsightSuite {
  /// A table ends after so many rows: what is said of it is said of all of them, and the others are to be had.
  @Suite struct CutTables {
    /// More rows of late rides than are read at once, each of two rides and 16.00.
    private static let manyLateRides = """
      insert into ride_sum
      select date '2026-11-01' + d, date '2026-12-05', 0, 'op-' || o, '', 'bus', 'adult', '', 'card',
        'UAH', 'test-1', 2, 2, 0, 0, 0, 2, 1600, 1600
      from generate_series(0, 29) d, generate_series(1, 350) o;
      """

    @Test func theTotalOfACutTableIsOfAllItsRowsAndItsPagesHaveThem() async throws {
      try await World.with { world in
        try await world.script(Self.manyLateRides)
        let first = try #require(Day("2026-11-01"))
        var references: Set<[String]> = []
        for (page, count) in [(0, ReportTables.groupsMax), (1, 500)] {
          let report = try await world.desk.report(
            .lateTaps, days: first...first.adding(days: 29), page: page, madeAt: noon)
          // On a page after the first is what goes on there.
          #expect(report.tables.map(\.key) == (page == 0 ? ["rides", "devices"] : ["rides"]))
          let table = report.tables[0]
          #expect(table.isPart && table.rows.count == count)
          references.formUnion(table.rows.map { $0.prefix(4).map(\.plain) })
          let totals = table.totals.map { $0.map(\.plain) }
          #expect(totals == [["total", "", "", "", "21000", "16800000", "UAH"]], "\(page)")
          #expect(!report.isComplete)
          let text = report.text(in: .english)
          #expect(
            text.contains(
              "“Rides” is cut after so many rows: 10000; the total is of all of them; "
                + "the next are on page 1\n") == (page == 0))
          #expect(
            text.contains("Page of the tables that have more than one: 1\n") == (page == 1))
        }
        #expect(references.count == 10_500)
        // Of an operator's own there is one page.
        let own = try await world.desk.report(
          .lateTaps, days: first...first.adding(days: 29), operatorID: "op-7", madeAt: noon)
        #expect(own.tables[0].rows.count == 30 && !own.tables[0].isPart)
      }
    }

    @Test func everyRemainderAndDebtIsOnOnePage() async throws {
      try await World.with { world in
        try await world.addMoney()
        for (query, names) in [
          (ReportQuery.remainders, ["step", "why", "reference"]), (.debtWindows, ["window"]),
          (.debtStoredValue, ["debt", "rider", "currency"]), (.bankRemainders, ["bank_reference"]),
        ] {
          func rows(page: Int, countMax: Int) async throws -> [[ReportFigure]] {
            let question = ReportQuestion(
              days: today.adding(days: -1)...today, zone: world.city.current.clock.zone,
              page: page)
            return try await world.store.read { db in
              try await db.reports.rows(
                query, question, figures: names.map { ($0, .text) }, countMax: countMax)
            }
          }
          let whole = try await rows(page: 0, countMax: ReportTables.groupsMax)
          #expect(!whole.isEmpty, "\(query)")
          let size = max(1, whole.count / 4)
          var read: [[ReportFigure]] = []
          while true {
            let page = try await rows(page: read.count / size, countMax: size)
            read += page
            guard page.count == size else { break }
          }
          #expect(read == whole, "\(query)")
        }
      }
    }

    @Test func sumsOfAllRowsAreThoseOfTheRowsOfATableThatIsWhole() async throws {
      try await World.with { world in
        try await world.addMoney()
        for (name, key) in [
          (ReportName.debts, "windows"), (.debts, "stored_value"), (.debts, "operators"),
          (.refunds, "refunds"), (.lateTaps, "devices"), (.revenueWithoutCaps, "products"),
        ] {
          let report = try await world.desk.report(name, days: today...today, madeAt: noon)
          let table = try #require(report.tables.first { $0.key == key })
          #expect(!table.isPart && !table.totals.isEmpty, "\(name) \(key)")
          // Beyond the last page of it there are no rows, and no table.
          let beyond = try await world.desk.report(
            name, days: today...today, page: 1, madeAt: noon)
          #expect(beyond.tables.isEmpty, "\(name) \(key)")
          let query = try #require(Self.queries["\(name.rawValue) \(key)"])
          let names = table.columns.indices.filter { place in
            table.totals[0][place] != .text("") && place > 0 && table.columns[place].kind.isNumber
          }
          let question = ReportQuestion(
            days: today...today, zone: world.city.current.clock.zone, madeAt: noon)
          let hasCurrency = table.columns.contains { $0.key == "currency" }
          let sums = try await world.store.read { db in
            try await db.reports.page(
              query, question, figures: [], sumsOf: names.map { table.columns[$0].key },
              byCurrency: hasCurrency, countMax: 1
            ).sums
          }
          #expect(
            sums.map { $0.sums.map(String.init) }
              == table.totals.map { total in names.map { total[$0].plain } }, "\(name) \(key)")
        }
      }
    }

    private static let queries: [String: ReportQuery] = [
      "debts windows": .debtWindows, "debts stored_value": .debtStoredValue,
      "debts operators": .debtOperators, "refunds refunds": .refunds,
      "late-taps devices": .lateDevices, "revenue-without-caps products": .withoutCapsProducts,
    ]
  }
}
