import Basics
import Insight
import Ledger
import Store
import Testing

/// A month is told from kept sums: its rides, the taps and the postings of them are as many as there are riders' ways.
@Suite struct KeptSumTexts {
  /// Lines of the bank and refunds are told one by one, and are found by an account or a kind.
  @Test func noReportAddsUpThePostingsOfRides() {
    let reading = ReportQuery.allCases.filter { $0.sql.contains("join posting") }
    #expect(
      Set(reading)
        == [.bank, .bankRemainders, .periodBank, .periodBankRemainders, .refundPostings])
  }

  /// Those by lane and route are as many as a sixth of the rides of a large city.
  @Test func noReportAddsUpTheSumsOfLanesAndRoutes() {
    for query in ReportQuery.allCases {
      #expect(!query.sql.contains("from ride_sum"), "\(query)")
    }
  }

  @Test func theStepsFromTapToBankReadNoLineOfTheAcquirer() {
    #expect(!ReportQuery.ladder.sql.contains("acquirer_record"))
  }

  @Test func noReportReadsTheRidesOfAllClaims() {
    #expect(ReportQuery.subsidyClaims.sql.contains("s.claim_id = c.claim_id"))
  }
}

extension InsightSuite {
  @Suite struct KeptSums {
    /// Taps that nobody counts any more: what sorting kept of them is told.
    @Test func howManyTapsADayHasIsToldFromTheSumsOfItsDevices() async throws {
      try await World.with { world in
        try await world.script(
          """
          insert into device_day (fare_day, device_id, route, accepted, denied, late_accepted, late_denied)
          values ('2026-11-22', 'V-1', 'bus-1', 70, 7, 0, 0), ('2026-11-23', 'V-1', 'bus-1', 4, 1, 1, 0),
            ('2026-11-23', 'V-1', 'trol-2', 3, 2, 0, 0), ('2026-11-23', 'V-2', '', 2, 0, 0, 0);
          """)
        let told: [(String?, taps: Int64, denied: Int64)] = [
          (nil, 12, 3), ("north", 5, 1), ("south", 5, 2),
        ]
        for (operatorID, taps, denied) in told {
          let report = try await world.desk.dailyReport(
            today, operatorID: operatorID, madeAt: noon)
          #expect(report.notes.first { $0.key == "taps" }?.count == taps)
          #expect(report.notes.first { $0.key == "taps_denied" }?.count == denied)
        }
      }
    }

    @Test func sumsOfADayAreThoseOfItsLanesAndRoutesWhateverRunsChange() async throws {
      try await World.with { world in
        try await world.add(TestRide.many(300, seed: 9))
        try await world.script(
          """
          insert into ride_sum select fare_day, accounting_date, lane + 64, operator_id, route || '-b', mode,
            category, product, medium, currency, tariff_version, rides, riders, free_rides, reduced_rides,
            unknown_rides, late_rides, nominal_minor, charged_minor, concession_rides, free_people,
            reduced_people, concession_minor
          from ride_sum where category <> 'adult';
          update ride_sum set rides = rides + 2, charged_minor = charged_minor - 800, free_people = 1
          where lane < 64;
          """)
        func differences() async throws -> [String] {
          try await world.store.read { db in
            try await db.bookProofs.rideDaySumsThatDiffer(countMax: 10)
          }
        }
        #expect(try await differences() == [])
        let (rows, charged) = (
          "select count(*) from ride_day_sum", "select sum(charged_minor)::int8 from "
        )
        let loose = try await world.number(rows)
        try await world.store.write { db in try await db.charging.foldSums(over: 1) }
        #expect(try await world.number(rows) < loose)
        #expect(try await differences() == [])
        #expect(
          try await world.number(charged + "ride_day_sum") == world.number(charged + "ride_sum"))
        try await world.script(
          """
          update ride_day_sum set charged_minor = charged_minor + 1
          where sum_id = (select max(sum_id) from ride_day_sum)
          """)
        let found = try await differences()
        #expect(found.count == 1 && found[0].hasPrefix("the kept sum of rides by day of 2026-11-"))
      }
    }

    /// Sums of years stand beside those of a day, and what is loose is looked at each second.
    @Test func whoMakesOneSumOfManyReadsFewRowsOfOtherDays() async throws {
      try await World.with { world in
        try await world.script(
          """
          insert into ride_day_sum (fare_day, accounting_date, operator_id, mode, category, product, medium,
            currency, tariff_version, rides, riders, free_rides, reduced_rides, unknown_rides, late_rides,
            nominal_minor, charged_minor, concession_rides, free_people, reduced_people, concession_minor,
            is_folded)
          select d, d, 'op' || k, 'bus', 'adult', '', 'card', 'UAH', 'v1', 1, 1, 0, 0, 0, 0, 800, 800, 0, 0, 0,
            0, d < date '2026-11-23'
          from generate_series(date '2025-11-24', date '2026-11-23', interval '1 day') g(at)
            cross join lateral (select at::date as d) a cross join generate_series(1, 40) k
            cross join lateral generate_series(1, case when d < date '2026-11-23' then 1 else 12 end);
          insert into posting_sum (accounting_date, currency, account, operator_id, entries, debit_minor,
            credit_minor, is_folded, kind, fare_day)
          select accounting_date, 'UAH', '2100', operator_id, 1, 0, 800, is_folded, 'fares', fare_day
          from ride_day_sum;
          analyze ride_day_sum; analyze posting_sum;
          """)
        var days: Set<String> = []
        for statement in ChargingTables.sumFoldings {
          let plan = try await world.texts("explain " + statement.replacing("$1", with: "100"))
          for table in ["ride_day_sum", "posting_sum"] {
            let isReadWhole = plan.contains { $0.contains("Seq Scan on \(table) s ") }
            #expect(!isReadWhole, "\(plan)")
            if plan.contains(where: { $0.contains("Delete on \(table) s ") }) { days.insert(table) }
          }
        }
        #expect(days.count == 2)
        // Of days that hardly change any more few rows are many, for each look counts them all.
        try await world.script(
          """
          insert into capture_sum (accounting_date, currency, captures)
          select d, 'UAH', 5 from unnest(array[date '2026-09-01', '2026-11-23']) d, generate_series(1, 3)
          """)
        try await world.store.write { db in try await db.charging.foldSums() }
        let kept = try await world.texts(
          """
          select concat_ws(' ', accounting_date, count(*), sum(captures)) from capture_sum
          group by accounting_date order by accounting_date
          """)
        #expect(kept == ["2026-09-01 1 15", "2026-11-23 3 15"])
      }
    }

    /// Captures are counted as they are booked, less those that the acquirer did not honour.
    @Test func theCapturesOfAMonthAreCountedAsTheyAreBooked() async throws {
      try await World.with { world in
        try await world.script(
          """
          insert into account values ('1120', 'е', 'a', 'asset'), ('1200', 'в', 'r', 'asset');
          insert into entry (entry_id, accounting_date, fare_day, currency, kind, description, digest,
            created_at)
          overriding system value values
            (1, '2026-11-24', '2026-11-23', 'UAH', 'payment', '', '', now()),
            (2, '2026-11-25', '2026-11-23', 'UAH', 'payment', '', '', now()),
            (3, '2026-12-01', '2026-11-23', 'UAH', 'payment', '', '', now());
          insert into posting (entry_id, line, account, debit_minor, credit_minor) values
            (1, 1, '1120', 2400, 0), (1, 2, '1200', 0, 2400), (2, 1, '1200', 800, 0),
            (2, 2, '1120', 0, 800), (3, 1, '1120', 800, 0), (3, 2, '1200', 0, 800);
          insert into charge_event (medium_id, at, kind, attempt, minor, actor, entry_id)
          select gen_random_uuid(), now(), k, 1, 800, 'acquirer', e
          from (values ('captured', 1), ('captured', 1), ('declined', 2), ('declined', null),
            ('captured', 3), ('paid_at_desk', 1)) v(k, e);
          insert into charge_event (medium_id, at, kind, attempt, minor, actor, entry_id)
          values (gen_random_uuid(), now(), 'captured', 1, 800, 'acquirer', 1);
          """)
        let month = PeriodRow(
          name: "2026-11", first: today.adding(days: -22), last: today.adding(days: 7), state: .open
        )
        let report = try #require(
          try await world.desk.periodReport(.reconciliation, of: month, madeAt: noon))
        let ladder = try #require(report.tables.first { $0.key == "ladder" })
        let captured = ladder.rows.filter { $0[0].plain == "captured" }
          .map { $0.map(\.plain) }
        #expect(captured == [["captured", "2", "1600", "-1600", "UAH"]])
        try await world.store.write { db in try await db.charging.foldSums(over: 1) }
        let kept = try await world.texts("select captures::text from capture_sum order by captures")
        #expect(kept == ["-1", "1", "3"])
        let findings = try await world.store.read { db in
          try await db.bookProofs.chargeSumsThatDiffer(countMax: 10)
        }
        #expect(findings == [])
        try await world.script("update capture_sum set captures = 4 where captures = 3")
        let forged = try await world.store.read { db in
          try await db.bookProofs.chargeSumsThatDiffer(countMax: 10)
        }
        #expect(forged.count == 1 && forged[0].hasPrefix("the kept sum of captures of 2026-11-"))
      }
    }
  }
}
