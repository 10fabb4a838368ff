import Basics
import Insight
import Ledger
import Postgres
import Store
import Testing

extension InsightSuite {
  /// What was kept of a closed month is what every format of its reports shows.
  @Suite struct KeptFormats {
    /// A month of which other bytes are kept than this program would make.
    private func keep(_ contents: [String: [UInt8]], _ world: World) async throws -> PeriodRow {
      try await world.script(
        """
        insert into accounting_period (period, first_date, last_date, state)
        values ('2026-11', '2026-11-01', '2026-11-30', 'closing')
        on conflict (period) do update set state = 'closing'
        """)
      for (name, content) in contents {
        _ = try await world.pool.session { db in
          try await db.execute(
            """
            insert into period_report (period, report, content, digest, made_at)
            values ('2026-11', $1, $2, sha256($2), now())
            """, [.text(name), .bytea(content)])
        }
      }
      return month
    }

    private var month: PeriodRow {
      PeriodRow(
        name: "2026-11", first: Day(number: today.number - 22), last: Day(number: today.number + 7),
        state: .closed, closedAt: noon,
        openItems: #"[{"kind":"quarantined_taps","count":3}]"#)
    }

    @Test func aKeptReportIsReadBackAsItWasMade() async throws {
      try await World.with { world in
        try await world.addMoney()
        let keeping = KeptReports(zone: world.city.current.clock.zone)
        let kept = try await world.store.read { db in try await keeping.make(month, in: db) }
        var made: [ReportName: Report] = [:]
        for name in ReportName.allCases where name.isKept {
          made[name] = try await world.desk.periodReport(name, of: month, madeAt: noon)
        }
        let row = try await keep(
          Dictionary(uniqueKeysWithValues: kept.map { ($0.report, $0.content) }), world)
        for (name, made) in made {
          let read = try #require(
            try await world.desk.periodReport(name, of: row, madeAt: Instant(seconds: 0)))
          #expect(read == made, "\(name)")
          #expect(read.json == kept.first { $0.report == name.rawValue }?.content, "\(name)")
        }
      }
    }

    /// Earlier programs kept the number 0 where there was no version; the month is told as it was kept.
    @Test func aKeptMonthWithoutRidesIsToldAsItWasKept() async throws {
      try await World.with { world in
        let keeping = KeptReports(zone: world.city.current.clock.zone)
        let kept = try await world.store.read { db in try await keeping.make(month, in: db) }
        let daily = try #require(kept.first { $0.report == "daily" })
        #expect(String(decoding: daily.content, as: UTF8.self).contains(#""period_open":false"#))
        let before = try #require(
          daily.earlier.first {
            String(decoding: $0, as: UTF8.self).contains(#""tariff_versions":0"#)
          })
        #expect(String(decoding: before, as: UTF8.self).contains(#""period_open":0"#))
        let row = try await keep(["daily": before], world)
        let read = try #require(try await world.desk.periodReport(.daily, of: row, madeAt: noon))
        #expect(read.json == before)
        #expect(read.text(in: .english).contains("State of the period: closed\n"))
        #expect(read.csv.contains(",period_open,closed\n"))
      }
    }

    /// As a program would have kept it that knew one operator's row less, and another amount.
    @Test func everyFormatAndAnOperatorsViewShowWhatWasKept() async throws {
      try await World.with { world in
        try await world.addMoney()
        var report = try #require(
          try await world.desk.periodReport(.operators, of: month, madeAt: noon))
        let place = try #require(report.tables[0].columns.firstIndex { $0.key == "operator" })
        let money = try #require(report.tables[0].columns.firstIndex { $0.key == "charged_minor" })
        let uah = try #require(Currency("UAH"))
        let index = try #require(report.tables[0].rows.firstIndex { $0[place] == .text("north") })
        report.tables[0].rows[index][money] = .money(Money(minor: 123_456_789, currency: uah))
        report.tables[0].rows.removeAll { $0[place] == .text("south") }
        let row = try await keep(["operators": report.json], world)
        func asked(_ operatorID: String?, at second: Int64) async throws -> Report {
          try #require(
            try await world.desk.periodReport(
              .operators, of: row, operatorID: operatorID, madeAt: Instant(seconds: second)))
        }
        let house = try await asked(nil, at: 1)
        #expect(house.json == report.json)
        for text in [house.csv, house.text(in: .english)] {
          #expect(text.contains("1234567.89") && !text.contains("south"))
        }
        let own = try await asked("north", at: 1)
        #expect(own.operatorID == "north")
        #expect(own.csv.contains("123456789"))
        let operators = Set(own.tables[0].rows.map { $0[place].plain })
        #expect(operators == ["north"])
        #expect(try await asked("south", at: 1).tables[0].rows.isEmpty)
        // A workbook of it has the same bytes whenever it is written.
        let books = [
          try await asked(nil, at: 1).workbook(in: .english),
          try await asked(nil, at: 99).workbook(in: .english),
        ]
        #expect(books[0] == books[1])
      }
    }

    /// Sixty operators on thirty days have more rows than a table has that nobody keeps.
    @Test func aMonthKeepsEveryRowOfItsOperators() async throws {
      try await World.with { world in
        try await world.script(
          """
          insert into ride_sum
          select date '2026-11-01' + d, date '2026-11-30', 0, 'op-' || o, '', 'bus', 'cat-' || c, '',
            'card', 'UAH', 'test-1', 2, 2, 0, 0, 0, 0, 1600, 1600
          from generate_series(0, 29) d, generate_series(1, 60) o, generate_series(1, 6) c;
          """)
        let keeping = KeptReports(zone: world.city.current.clock.zone)
        let kept = try await world.store.read { db in try await keeping.make(month, in: db) }
        let operators = try #require(kept.first { $0.report == "operators" })
        let made = try #require(
          try await world.desk.periodReport(.operators, of: month, madeAt: noon))
        #expect(made.json == operators.content)
        #expect(made.tables[0].rows.count == 10_800 && !made.tables[0].isPart)
        #expect(!made.notes.contains { $0.key == "table_cut_operators" })
        #expect(made.tables[0].totals.map { $0[4] } == [.count(21_600)])
        // Earlier programs kept less, with a sum of that: it holds, and is no longer shown as a total.
        let before = try #require(
          operators.earlier.first {
            String(decoding: $0, as: UTF8.self).contains(#""table_cut_operators":10000"#)
          })
        #expect(String(decoding: before, as: UTF8.self).contains(#""rides":20000"#))
        let row = try await keep(["operators": before], world)
        let read = try #require(
          try await world.desk.periodReport(.operators, of: row, madeAt: noon))
        #expect(read.tables[0].rows.count == ReportTables.groupsMax && read.tables[0].isPart)
        #expect(read.tables[0].totals.isEmpty)
        #expect(read.notes.contains { $0.key == "table_cut_operators" && $0.isMissing })
      }
    }

    @Test func anOperatorIsToldOfATableThatWasNotKept() async throws {
      try await World.with { world in
        try await world.addMoney()
        var report = try #require(
          try await world.desk.periodReport(.daily, of: month, madeAt: noon))
        report.tables.removeAll { $0.key == "operator_categories" }
        let row = try await keep(["daily": report.json], world)
        let own = try #require(
          try await world.desk.periodReport(.daily, of: row, operatorID: "north", madeAt: noon))
        #expect(own.tables.map(\.key) == ["operators"])
        #expect(own.notes.contains { $0.key == "table_not_kept_operator_categories" })
      }
    }

    @Test func bytesThatAreNoReportAreRefused() async throws {
      try await World.with { world in
        for text in ["", "{}", "[1]", #"{"from":"2026-11-01","to":"2026-11-30","x":[{"a":[]}]}"#] {
          try await world.script(
            "alter table period_report disable trigger user; delete from period_report")
          let row = try await keep(["operators": Array(text.utf8)], world)
          await #expect(throws: StoreFault.self, "\(text)") {
            try await world.desk.periodReport(.operators, of: row, madeAt: noon)
          }
        }
      }
    }
  }
}
