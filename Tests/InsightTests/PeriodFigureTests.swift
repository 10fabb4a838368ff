import Basics
import Insight
import Ledger
import Store
import Testing

extension InsightSuite {
  @Suite struct PeriodFigures {
    /// Sums as runs leave them when they rate days anew in later months: at the same price, with a fare
    /// that is known now, for another number of people, and taken back.
    private static let ratedAnew = """
      insert into ride_sum
      select fare_day, date '2026-12-03' + seq, 0, operator_id, '', mode, category, '', medium, 'UAH',
        'test-1', rides, riders, free, reduced, unknown, 0, nominal, charged, concession, free_people, 0,
        concession_minor
      from (values
        ('2026-11-10'::date, 0, 'north', 'bus', 'pupil', 'card', 0, 0, 1, 0, -1, 800, 0, 1, 1, 800),
        ('2026-11-11', 1, 'north', 'bus', 'adult', 'card', 0, 0, 0, 0, 0, 200, 0, 0, 0, 0),
        ('2026-11-12', 2, 'south', '', 'adult', 'card', 0, 0, 0, 0, -3, 0, 0, 0, 0, 0),
        ('2026-11-13', 3, 'south', 'bus', 'pupil', 'card', 0, 2, 0, 0, 0, 0, 0, 0, 0, 0),
        ('2026-11-14', 4, 'north', 'bus', 'adult', 'card', -1, -1, 0, 0, 0, -800, -800, 0, 0, 0),
        ('2026-11-15', 5, 'north', 'tram', 'pupil', 'card', 0, 0, 0, 1, 0, 0, 0, 0, 2, 0))
        as t(fare_day, seq, operator_id, mode, category, medium, rides, riders, free, reduced, unknown,
          nominal, charged, concession, free_people, concession_minor);
      """

    /// A report, its table, and its figures with the columns of which each is the sum.
    private static let figures: [(ReportName, String, [(figure: String, column: String)])] = {
      let rides = [
        ("rides", "rides"), ("people", "riders"), ("charged_minor", "charged_minor"),
        ("nominal_minor", "nominal_minor"), ("free_rides", "free_rides"),
        ("unknown_rides", "unknown_rides"),
      ]
      let caps = [
        ("rides", "rides"), ("unknown_rides", "unknown_rides"),
        ("nominal_minor", "nominal_minor"), ("charged_minor", "charged_minor"),
        ("concession_minor", "concession_minor"),
      ]
      return [
        (.daily, "operators", rides), (.daily, "categories", rides),
        (.daily, "operator_categories", rides),
        (.operators, "operators", rides + [("reduced_rides", "reduced_rides")]),
        (.revenueWithoutCaps, "categories", caps), (.revenueWithoutCaps, "products", caps),
        (
          .subsidy, "rides",
          [
            ("concession_rides", "concession_rides"), ("free_people", "free_people"),
            ("reduced_people", "reduced_people"), ("concession_minor", "concession_minor"),
          ]
        ),
      ]
    }()

    /// What rows of `ride_sum` are told apart by in a table, by the table's word for it.
    private static let groups = [
      "accounting_date": "accounting_date", "fare_day": "fare_day", "operator": "operator_id",
      "mode": "mode", "category": "category", "product": "product", "currency": "currency",
    ]

    /// Whatever was rated anew stands in the month in which it was booked, whichever figure it changes.
    @Test func everyRowOfAPeriodIsTheSumOfWhatWasBookedInIt() async throws {
      try await World.with { world in
        try await world.add(TestRide.many(300, seed: 5).map(\.inHryvnia))
        try await world.script(Self.ratedAnew)
        for (first, last) in [("2026-11-01", "2026-11-30"), ("2026-12-01", "2026-12-31")] {
          let row = PeriodRow(
            name: String(first.prefix(7)), first: try #require(Day(first)),
            last: try #require(Day(last)), state: .open)
          var made: [ReportName: Report] = [:]
          for (name, key, figures) in Self.figures {
            let report =
              if let known = made[name] { known } else {
                try #require(try await world.desk.periodReport(name, of: row, madeAt: noon))
              }
            made[name] = report
            let found = report.tables.first { $0.key == key }
            let table = try #require(found)
            let groups = table.columns.map(\.key).filter { Self.groups[$0] != nil }
            let columns = groups.compactMap { Self.groups[$0] }
            let sums = figures.map { "sum(\($0.column))" }.joined(separator: ", ")
            let expected = try await world.texts(
              """
              select concat_ws('|', \(columns.joined(separator: ", ")), \(sums)) from ride_sum
              where accounting_date between '\(first)' and '\(last)'
              group by \(columns.joined(separator: ", "))
              having \(figures.map { "sum(\($0.column)) <> 0" }.joined(separator: " or "))
              """)
            #expect(!expected.isEmpty, "\(name) \(key) of \(first)")
            let lines = try table.lines(groups + figures.map(\.figure))
            #expect(lines == expected.sorted(), "\(name) \(key) of \(first)")
          }
        }
      }
    }

    /// While the days last, as the report of the same days has it.
    @Test func debtsOfAnOpenMonthAreAsOldAsTheyAreNow() async throws {
      try await World.with { world in
        try await world.addMoney()
        let first = try #require(Day("2026-11-01"))
        let last = try #require(Day("2026-11-30"))
        func ages(_ report: Report?) throws -> [[String]] {
          try #require(report?.tables.first { $0.key == "ages" }).rows.map { $0.map(\.plain) }
        }
        let ofDays = try ages(
          try await world.desk.report(.debts, days: first...last, madeAt: noon))
        #expect(ofDays.contains { $0.contains("0-7") }, "\(ofDays)")
        var month = PeriodRow(name: "2026-11", first: first, last: last, state: .open)
        let open = try await world.desk.periodReport(.debts, of: month, madeAt: noon)
        #expect(try ages(open) == ofDays)
        // A month that is closed is over: its debts are as old as they were at its end.
        month = PeriodRow(
          name: "2026-11", first: first, last: last, state: .closed, closedAt: noon)
        let closed = try await world.desk.periodReport(.debts, of: month, madeAt: noon)
        #expect(try ages(closed).allSatisfy { !$0.contains("0-7") })
      }
    }

    /// Until a month is closed it says what is still to come; what was kept stays as it was.
    @Test func anOpenPeriodSaysHowCompleteItIs() async throws {
      try await World.with { world in
        try await world.addMoney()
        try await world.script(
          """
          update fare_day set stale_since = now()
          where (lane, rider_id, fare_day) in (select lane, rider_id, fare_day from fare_day limit 1)
          """)
        let first = try #require(Day("2026-11-01"))
        let last = try #require(Day("2026-11-30"))
        let month = PeriodRow(name: "2026-11", first: first, last: last, state: .open)
        let open = try #require(
          try await world.desk.periodReport(.refunds, of: month, madeAt: noon))
        let counts = Dictionary(uniqueKeysWithValues: open.notes.map { ($0.key, $0.count) })
        #expect(counts["rider_days_stale"] == 1)
        #expect(counts["batches_unsorted"] == 0)
        let period = PeriodRow(
          name: "2026-11", first: first, last: last, state: .closed, closedAt: noon)
        let closed = try #require(
          try await world.desk.periodReport(.refunds, of: period, madeAt: noon))
        #expect(!closed.notes.contains { $0.key == "rider_days_stale" })
        // Earlier programs added up the entries of accounts, and what they kept is right.
        let keeping = KeptReports(zone: world.city.current.clock.zone)
        let kept = try await world.store.read { db in try await keeping.make(period, in: db) }
        let refunds = try #require(kept.first { $0.report == "refunds" })
        #expect(
          refunds.earlier.contains { content in
            String(decoding: content, as: UTF8.self).contains(#""entries":2"#)
          })
        #expect(!String(decoding: refunds.content, as: UTF8.self).contains(#""entries":2"#))
      }
    }

    /// A month that an earlier program closed has no rows of what was rated anew at the same price.
    @Test func whatEarlierProgramsLeftOutIsNoDifferenceOfAKeptReport() async throws {
      try await World.with { world in
        try await world.add(TestRide.many(300, seed: 5).map(\.inHryvnia))
        try await world.script(
          Self.ratedAnew + """
            update ride_sum set tariff_version = 'rated-anew' where accounting_date = '2026-12-03';
            """)
        let row = PeriodRow(
          name: "2026-12", first: try #require(Day("2026-12-01")),
          last: try #require(Day("2026-12-31")), state: .closed, closedAt: noon)
        let keeping = KeptReports(zone: world.city.current.clock.zone)
        let kept = try await world.store.read { db in try await keeping.make(row, in: db) }
        for (name, isOfRides) in [
          ("daily", true), ("operators", true), ("subsidy", false), ("revenue-without-caps", true),
          ("late-taps", false), ("trial-balance", false),
        ] {
          let report = try #require(kept.first { $0.report == name })
          let oldest = String(
            decoding: try #require(report.earlier.last, "\(name)"), as: UTF8.self)
          let now = String(decoding: report.content, as: UTF8.self)
          #expect(now.contains("rated-anew") && !oldest.contains("rated-anew"), "\(name)")
          guard isOfRides else { continue }
          // One ride was taken back, which is money; five groups of other figures were left out.
          #expect(now.contains(#""operator":"south""#), "\(name)")
          #expect(!oldest.contains(#""operator":"south""#), "\(name)")
        }
        let caps = try #require(kept.first { $0.report == "revenue-without-caps" })
        let columns = ([caps.content] + caps.earlier).map {
          String(decoding: $0, as: UTF8.self).contains("concession_minor")
        }
        #expect(columns == [true, true, false, true, false])
      }
    }

    /// A month without rides has no version of a tariff, which earlier programs kept as the number 0.
    @Test func aNumberInPlaceOfNoVersionsIsNoDifferenceOfAKeptReport() async throws {
      try await World.with { world in
        let row = PeriodRow(
          name: "2026-12", first: try #require(Day("2026-12-01")),
          last: try #require(Day("2026-12-31")), state: .closed, closedAt: noon)
        let keeping = KeptReports(zone: world.city.current.clock.zone)
        let kept = try await world.store.read { db in try await keeping.make(row, in: db) }
        #expect(!kept.isEmpty)
        for report in kept {
          let now = String(decoding: report.content, as: UTF8.self)
          let numbered = now.replacing(#""period_open":false"#, with: #""period_open":0"#)
          #expect(now != numbered && report.earlier.first == Array(numbered.utf8))
          let before = numbered.replacing(#""tariff_versions":[]"#, with: #""tariff_versions":0"#)
          #expect(numbered != before, "\(report.report)")
          #expect(report.earlier.contains(Array(before.utf8)), "\(report.report)")
        }
      }
    }

    /// The first table is of all days, however many rows their table would have.
    @Test func operatorsOfAYearAreCountedWholeThoughTheirDaysAreCut() async throws {
      try await World.with { world in
        try await world.script(
          """
          insert into ride_sum
          select date '2026-01-01' + d, date '2026-01-01' + d, 0, 'op-' || o, '', 'bus', 'adult', '',
            'card', 'UAH', 'test-1', 2, 2, 0, 0, 0, 0, 1600, 1600
          from generate_series(0, 364) d, generate_series(1, 28) o;
          """)
        let first = try #require(Day("2026-01-01"))
        let report = try await world.desk.report(
          .operators, days: first...first.adding(days: 364), madeAt: noon)
        let table = report.tables[0]
        let rides = try #require(table.columns.firstIndex { $0.key == "rides" })
        #expect(table.rows.count == 28)
        #expect(table.rows.allSatisfy { $0[rides] == .count(730) })
        let total = ReportCell.count(28 * 730)
        #expect(table.totals.map { $0[rides] } == [total])
        #expect(report.tables[1].rows.count == ReportTables.groupsMax)
        #expect(
          report.tables[1].totals.map { $0.map(\.plain) } == [
            ["total", "", "", "20440", "20440", "16352000", "16352000", "0", "0", "UAH"]
          ])
        #expect(report.notes.contains { $0.key == "table_cut_days" && $0.isMissing })
      }
    }
  }
}

extension TestRide {
  fileprivate var inHryvnia: TestRide {
    var ride = self
    ride.currency = "UAH"
    return ride
  }
}
