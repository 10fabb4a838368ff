import Basics
import Foundation
import Insight
import Ledger
import Postgres
import Store
import Testing
import Transit

extension InsightSuite {
  @Suite struct Catalog {
    @Test func everyReportIsMadeAndSaysWhatItsFiguresMean() async throws {
      try await World.with { world in
        try await world.addMoney()
        for name in ReportName.allCases {
          let report = try await world.desk.report(name, days: today...today, madeAt: noon)
          #expect(!report.tables.isEmpty, "\(name)")
          #expect(report.name == name.rawValue && report.madeAt == noon)
          for key in ["tariff_versions", "batches_unsorted", "rider_days_stale", "gap_numbers"] {
            #expect(report.notes.contains { $0.key == key }, "\(name) does not say \(key)")
          }
          for table in report.tables {
            #expect(!table.rows.isEmpty || table.key == "devices", "\(name) \(table.key)")
            for column in table.columns {
              #expect(column.meaning != nil, "\(name) does not say what \(column.key) means")
            }
          }
          let head = report.csv.prefix { $0 != "\n" && $0 != "\r\n" }.split(
            separator: ",", omittingEmptySubsequences: false)
          #expect(Set(head).count == head.count, "\(name) has a column twice: \(head)")
          #expect(
            !report.csv.isEmpty && !report.json.isEmpty && !report.text(in: .ukrainian).isEmpty)
        }
      }
    }

    @Test func anOperatorsAccountantSeesNothingOfAnother() async throws {
      try await World.with { world in
        try await world.addMoney()
        for name in ReportName.allCases {
          for (own, foreign) in [("north", "south"), ("south", "north")] {
            let report = try await world.desk.report(
              name, days: today...today, operatorID: own, madeAt: noon)
            let json = String(decoding: report.json, as: UTF8.self)
            let names = ["north": "Північ", "south": "Південь"]
            for text in [json, report.csv, report.text(in: .ukrainian)] {
              #expect(!text.contains(foreign), "\(name) of \(own)")
              #expect(!text.contains(try #require(names[foreign])), "\(name) of \(own)")
            }
            for table in report.tables {
              guard let place = table.columns.firstIndex(where: { $0.key == "operator" }) else {
                // A table without operators is of the house, but for the validators of its rides.
                #expect(
                  table.key == "categories" || table.key == "devices", "\(name) \(table.key)")
                continue
              }
              #expect(table.rows.allSatisfy { $0[place] == .text(own) }, "\(name) \(table.key)")
            }
          }
          let nobody = try await world.desk.report(
            name, days: today...today, operatorID: "nobody", madeAt: noon)
          #expect(nobody.tables.filter { !$0.rows.isEmpty }.isEmpty, "\(name)")
        }
      }
    }

    /// Half an hour after midnight in Kyiv it is the day before by the clock of the world.
    @Test func aBalanceBelowNothingIsOfTheDayByTheClockOfTheCity() async throws {
      try await World.with { world in
        try await world.script(
          """
          insert into rider values ('00000000-0000-0000-0000-0000000000ab', 0, now());
          insert into wallet_account (rider_id, lane, currency, balance_minor, denied_since, opened_at)
            values ('00000000-0000-0000-0000-0000000000ab', 0, 'UAH', -250, '2026-11-22T22:30:00Z',
              '2026-11-01T00:00:00Z');
          """)
        func since(_ days: ClosedRange<Day>) async throws -> [String] {
          let report = try await world.desk.report(.debts, days: days, madeAt: noon)
          let table = try #require(report.tables.first { $0.key == "stored_value" })
          return table.rows.filter { $0[0].plain == "below nothing" }.map { $0[2].plain }
        }
        #expect(try await since(today...today) == ["2026-11-23"])
        #expect(try await since(today.adding(days: -3)...today) == ["2026-11-23"])
        #expect(try await since(today.adding(days: -3)...today.adding(days: -1)) == [])
      }
    }

    @Test func theLadderGoesDownStepByStepAndNamesEveryRemainder() async throws {
      try await World.with { world in
        try await world.addMoney()
        let report = try await world.desk.report(
          .reconciliation, days: today...today, madeAt: noon)
        let ladder = try #require(report.tables.first { $0.key == "ladder" })
        let rests = try #require(report.tables.first { $0.key == "remainders" })
        func step(_ name: String, _ figure: String) -> Int64 {
          sum(ladder.rows.filter { $0[0].plain == name }, figure, of: ladder)
        }
        func rest(_ step: String, _ why: String) -> Int64 {
          sum(
            rests.rows.filter { $0[0].plain == step && $0[1].plain == why }, "amount_minor",
            of: rests)
        }
        #expect(
          step("windows", "amount_minor")
            == (try await world.number("select sum(amount_minor)::int8 from charge_window")))
        // What is lost from step to step is listed one by one, and comes to the same.
        #expect(step("authorised", "remainder_minor") == rest("windows", "retrying"))
        #expect(step("captured", "remainder_minor") == 0)
        // Rides and windows of one day differ by what is listed of them, with both amounts.
        let odd = rests.rows.filter { $0[0].plain == "bank_rides" }
        #expect(Set(odd.map { $0[1].plain }) == ["no window", "another amount"])
        #expect(
          step("windows", "remainder_minor")
            == sum(odd, "amount_minor", of: rests) - sum(odd, "windows_minor", of: rests))
        let differing = try await world.number(
          """
          select count(*) from (
            select rider_id, currency, sum(charged_minor) as minor from ride
            where reversed_run_id is null and medium = 'bank' and fare_day = '2026-11-23'
              and charged_minor is not null group by 1, 2) r
          full join charge_window w using (rider_id, currency)
          where coalesce(r.minor, 0) <> coalesce(w.amount_minor, 0)
          """)
        #expect(odd.count == Int(differing))
        #expect(step("settled", "remainder_minor") == rest("captured", "not settled"))
        #expect(step("bank", "amount_minor") == 790)
        #expect(step("bank", "remainder_minor") == step("settled", "amount_minor") - 790)
        #expect(step("statement", "amount_minor") == 790)
        #expect(step("statement", "remainder_minor") == 0)
        #expect(rest("charged_back", "charged back") == 300)
        #expect(rest("refunded", "refunded") == 100)
        let acquirer = try #require(report.tables.first { $0.key == "acquirer" })
        let words = Set(acquirer.rows.map { $0[0].plain })
        #expect(words == ["matched", "unknown", "twice", "missing_there"])
        let captured = try await world.number(
          """
          select (2400 + sum(captured_minor - settled_minor) + (select sum(minor) from charge_refund)
            + (select sum(minor) from chargeback))::int8 from charge_window
          """)
        // The refund was paid and the dispute opened, and the acquirer has kept neither.
        #expect(
          acquirer.rows.filter { $0[0].plain == "missing_there" }.map { $0[1].plain }
            == ["capture", "capture", "chargeback", "refund"])
        #expect(sum(acquirer.rows, "gross_minor", of: acquirer) == captured)
        // Captures and refunds in one sum would be the money of nothing.
        #expect(acquirer.totals.isEmpty)
      }
    }

    /// The rides of a day whose windows are not closed yet stop at the step of the windows.
    @Test func theLadderHasItsStepsWithoutChargeWindows() async throws {
      try await World.with { world in
        try await world.addMoney()
        try await world.script("delete from charge_sum")
        let report = try await world.desk.report(
          .reconciliation, days: today...today, madeAt: noon)
        let ladder = try #require(report.tables.first { $0.key == "ladder" })
        func step(_ name: String, _ figure: String) -> Int64 {
          sum(ladder.rows.filter { $0[0].plain == name }, figure, of: ladder)
        }
        let steps = Set(ladder.rows.map { $0[0].plain })
        #expect(steps.isSuperset(of: ["windows", "authorised", "captured", "settled", "bank"]))
        #expect(step("windows", "amount_minor") == 0)
        #expect(step("bank_rides", "amount_minor") > 0)
        #expect(step("windows", "remainder_minor") == step("bank_rides", "amount_minor"))
      }
    }

    @Test func howLongCardsWereDeniedIsToldByWhatLetThemOnAgain() async throws {
      try await World.with { world in
        try await world.addMoney()
        func told(hoursAfterNoon: Double) async throws -> [String] {
          let moment = Instant(seconds: noon.seconds + Int64(hoursAfterNoon * 3600))
          let report = try await world.desk.report(.debts, days: today...today, madeAt: moment)
          let table = try #require(report.tables.first { $0.key == "recoveries" })
          return table.rows.map { $0.map(\.plain).joined(separator: " ") }
        }
        // Who came off before the day, or was denied after it, is not in it; who came off after it was still
        // denied when it ended, at 22:00 of UTC. Who failed the first check may be declined since.
        #expect(try await told(hoursAfterNoon: 24) == ["none 3 120 780", "tap 3 90 600"])
        // While the day lasts nobody was denied longer than until now.
        #expect(try await told(hoursAfterNoon: 10.5) == ["none 2 360 690", "tap 3 90 600"])
        #expect(try await told(hoursAfterNoon: 0) == ["none 1 60 60", "tap 1 600 600"])
      }
    }

    @Test func theBankIsHeldAgainstItsAccountAndNothingIsLeftUnexplained() async throws {
      try await World.with { world in
        try await world.addMoney()
        let report = try await world.desk.report(
          .reconciliation, days: today...today, madeAt: noon)
        let bank = try #require(report.tables.first { $0.key == "bank" })
        #expect(
          bank.rows.map { "\($0[0].plain) \($0[1].plain) \($0[2].plain)" } == [
            "statement in 2 1290", "statement out 0 0", "books in 3 1360", "books out 0 0",
            "balance of the books  1360", "balance of the statement  2290", "difference  -930",
            "explained 2 -930", "unexplained  0", "not known 1 500",
          ])
        let rests = try #require(report.tables.first { $0.key == "bank_remainders" })
        #expect(
          rests.rows.map { row in
            [row[0].plain, row[2].plain, row[3].plain, row[5].plain, row[6].plain]
              .joined(separator: " ")
          } == [
            "books only 0 entry 105 70 70", "not known 0 E2 500 ", "opening balance 0 1 1000 -1000",
          ])
        // Without the statement the file of the acquirer is not seen at the bank.
        try await world.script("delete from statement_line where subject = 'funding'")
        let later = try await world.desk.report(
          .reconciliation, days: today...today, madeAt: noon)
        let ladder = try #require(later.tables.first { $0.key == "ladder" })
        let step = ladder.rows.filter { $0[0].plain == "statement" }
        #expect(sum(step, "remainder_minor", of: ladder) == 790)
      }
    }

    @Test func whatCameAfterItsDayClosedIsInTheReportOfLateTaps() async throws {
      try await World.with { world in
        try await world.add(TestRide.many(100, seed: 3))
        try await world.script(
          """
          update ride_sum set accounting_date = fare_day + 9, late_rides = rides
          where category = 'pupil'
          """)
        let days = today.adding(days: -1)...today.adding(days: 1)
        let report = try await world.desk.report(.lateTaps, days: days, madeAt: noon)
        let table = report.tables[0]
        let expected = try await world.number(
          "select count(*) from ride where reversed_run_id is null and category = 'pupil'")
        #expect(expected > 10)
        #expect(sum(table.rows, "rides", of: table) == expected)
        for row in table.rows {
          guard case .date(let fareDay) = row[0], case .date(let booked) = row[1] else {
            Issue.record("no dates: \(row)")
            continue
          }
          #expect(booked == fareDay.adding(days: 9))
        }
      }
    }

    @Test func aPeriodsReportIsOfAccountingDatesAndKeptAsItIs() async throws {
      try await World.with { world in
        try await world.addMoney()
        try await world.script(
          "update ride_sum set accounting_date = '2026-12-05' where category = 'pupil'")
        let row = PeriodRow(
          name: "2026-11", first: try #require(Day("2026-11-01")),
          last: try #require(Day("2026-11-30")), state: .closed, closedAt: noon,
          openItems: #"[{"kind":"quarantined_taps","count":3}]"#)
        let keeping = KeptReports(zone: world.city.current.clock.zone)
        let kept = try await world.store.read { db in try await keeping.make(row, in: db) }
        #expect(
          kept.map(\.report) == [
            "daily", "operators", "reconciliation", "late-taps", "debts", "subsidy", "refunds",
            "revenue-without-caps", "trial-balance",
          ])
        let report = try #require(
          try await world.desk.periodReport(.operators, of: row, madeAt: noon))
        #expect(kept.first { $0.report == "operators" }?.content == report.json)
        let text = String(decoding: report.json, as: UTF8.self)
        #expect(text.contains(#""left_open_quarantined_taps":3"#))
        #expect(!text.contains("pupil") && text.contains("adult"))
        // Another network, more taps in quarantine and a later ride change nothing of it.
        try await world.script(
          """
          insert into ride_sum select fare_day, '2026-12-06', lane, operator_id, route, mode,
            category, product, medium, currency, tariff_version, 1, 1, 0, 0, 0, 1, 800, 800
          from ride_sum where category = 'adult' limit 1;
          insert into entry (accounting_date, fare_day, currency, kind, description, digest,
            created_at) values ('2026-12-06', '2026-11-23', 'UAH', 'payment', '', '', now());
          insert into posting (entry_id, line, account, debit_minor, credit_minor)
            values (3, 1, '1120', 800, 0), (3, 2, '1200', 0, 800);
          insert into charge_event (window_id, at, kind, minor, actor, entry_id)
            select min(window_id), '2026-12-06T08:00Z', 'captured', 800, 'acquirer', 3
            from charge_window where due_minor > 0;
          update charge_window set state = 'captured', due_minor = 0, captured_minor = 800,
            recovered_at = '2026-12-06T08:00Z', recovered_by = 'merchant'
          where window_id = (select window_id from charge_event where entry_id = 3);
          """)
        let again = try await world.store.read { db in try await keeping.make(row, in: db) }
        #expect(again == kept)
        #expect(try await world.desk.periodReport(.devices, of: row, madeAt: noon) == nil)
      }
    }

    /// How long it takes is measured by `loadtest reports`.
    @Test func aMonthOfThirtyMillionRidesIsAddedUp() async throws {
      try await World.with { world in
        try await world.script(
          """
          insert into ride_sum
          select date '2026-11-01' + d, date '2026-11-01' + d + (k % 40 = 0)::int * 3, l,
            'op-' || k % 5, 'route-' || k % 40, 'bus', 'category-' || k % 6, 'p-' || k / 120, 'card',
            'UAH', 'test-1', 268, 268, 20, 20, 0, 0, 268 * 800, 240 * 800
          from generate_series(0, 29) d, generate_series(0, 15) l, generate_series(0, 239) k;
          analyze ride_sum, ride_day_sum;
          """)
        let rides = try await world.number("select sum(rides)::int8 from ride_sum")
        #expect(rides > 30_000_000)
        let first = try #require(Day("2026-11-01"))
        for name in ReportName.allCases where name != .daily {
          let report = try await world.desk.report(
            name, days: first...first.adding(days: 29), madeAt: noon)
          if name == .operators {
            #expect(sum(report.tables[0].rows, "rides", of: report.tables[0]) == rides)
          }
        }
      }
    }

    @Test func theTrialBalanceOfAPeriodOpensWithWhatTheOneBeforeLeft() async throws {
      try await World.with { world in
        try await world.script(
          """
          insert into account values ('1100', 'б', 'b', 'asset'), ('1200', 'в', 'r', 'asset'),
            ('2100', 'п', 'o', 'liability');
          insert into entry (accounting_date, currency, kind, description, digest, created_at)
            select d::date, 'UAH', 'fares', '', '', now()
            from unnest(array['2026-10-31', '2026-11-01', '2026-11-30', '2026-12-01']) d;
          insert into posting (entry_id, line, account, operator_id, debit_minor, credit_minor)
            values (1, 1, '1200', null, 700, 0), (1, 2, '2100', 'north', 0, 700),
              (2, 1, '1200', null, 20, 0), (2, 2, '2100', 'north', 0, 20),
              (3, 1, '1100', null, 900, 0), (3, 2, '1200', null, 0, 900),
              (4, 1, '1200', null, 5, 0), (4, 2, '2100', 'north', 0, 5);
          """)
        let row = PeriodRow(
          name: "2026-11", first: try #require(Day("2026-11-01")),
          last: try #require(Day("2026-11-30")), state: .closed, closedAt: noon)
        let keeping = KeptReports(zone: world.city.current.clock.zone)
        let kept = try await world.store.read { db in try await keeping.make(row, in: db) }
        let report = try #require(kept.first { $0.report == "trial-balance" })
        let text = String(decoding: report.content, as: UTF8.self)
        for line in [
          (account: "1100", opening: (0, 0), turnover: (900, 0), closing: (900, 0)),
          (account: "1200", opening: (700, 0), turnover: (20, 900), closing: (0, 180)),
          (account: "2100", opening: (0, 700), turnover: (0, 20), closing: (0, 720)),
        ] {
          let figures = [
            ("opening_debit_minor", line.opening.0), ("opening_credit_minor", line.opening.1),
            ("debit_minor", line.turnover.0), ("credit_minor", line.turnover.1),
            ("closing_debit_minor", line.closing.0), ("closing_credit_minor", line.closing.1),
          ].map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",")
          #expect(text.contains(figures), "\(line.account): \(text)")
        }
      }
    }

    private func sum(_ rows: [[ReportCell]], _ key: String, of table: ReportTable) -> Int64 {
      guard let place = table.columns.firstIndex(where: { $0.key == key }) else { return -1 }
      return rows.reduce(0) { $0 + (Int64($1[place].plain) ?? 0) }
    }
  }
}

extension World {
  func number(_ sql: String) async throws -> Int64 {
    try await pool.session { db in try await db.query(sql).only().int8(0) }
  }
}
