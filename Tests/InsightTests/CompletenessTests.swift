import Basics
import Insight
import Ledger
import Store
import Testing

extension InsightSuite {
  @Suite struct Completeness {
    @Test func aReportIsNotCompleteWhileTapsAreHeldOrReleased() async throws {
      try await World.with { world in
        #expect(try await world.desk.dailyReport(today, madeAt: noon).isComplete)
        for (state, key) in [("held", "taps_quarantined"), ("released", "taps_released")] {
          try await world.script(
            """
            delete from tap_quarantine;
            insert into tap_quarantine (device_id, epoch, seq, code, message, content, received_at,
              state, decided_at, decided_by, decision_reason)
            select 'V-1', 1, 1, 'x', 'x', '{}', now(), s, case when s <> 'held' then now() end,
              'x', 'x'
            from (values ('\(state)')) v(s);
            """)
          let report = try await world.desk.dailyReport(today, madeAt: noon)
          #expect(!report.isComplete)
          #expect(report.notes.first { $0.key == key }?.count == 1)
        }
      }
    }

    /// A report without its first table is not the whole one, whatever is counted in the others.
    @Test func aReportWithoutATableIsNotComplete() async throws {
      try await World.with { world in
        for (days, isComplete) in [(31, true), (32, false)] {
          let report = try await world.desk.report(
            .reconciliation, days: today...today.adding(days: days - 1), madeAt: noon)
          #expect(report.isComplete == isComplete, "\(days)")
          #expect(report.tables.contains { $0.key == "ladder" } == isComplete, "\(days)")
          let missing = report.notes.filter { $0.isMissing && $0.count > 0 }
            .map { $0.text(in: .english) }
          #expect(
            missing
              == (isComplete
                ? []
                : ["Steps", "Remainders"].map {
                  "The table “\($0)” is left out: it is made for at most 31 days"
                }))
        }
      }
    }

    /// A period is open or closed; to programs that is yes or no, and in a table the word.
    @Test func whetherAPeriodIsOpenIsToldInAWord() async throws {
      try await World.with { world in
        try await world.addMoney()
        let period = PeriodRow(
          name: "2026-11", first: today.adding(days: -22), last: today.adding(days: 7), state: .open
        )
        let report = try #require(
          try await world.desk.periodReport(.daily, of: period, madeAt: noon))
        #expect(report.text(in: .english).contains("State of the period: open\n"))
        #expect(report.text(in: .ukrainian).contains("Стан періоду: відкрито\n"))
        #expect(String(decoding: report.json, as: UTF8.self).contains(#""period_open":true"#))
        #expect(report.csv.contains(",period_open,open\n"))
      }
    }

    /// A rider owes on many days, and an entry has several accounts: they are told row by row.
    @Test func whatIsInSeveralRowsHasNoTotal() async throws {
      try await World.with { world in
        try await world.addMoney()
        for (name, key, figure) in [
          (ReportName.debts, "operators", "owing_riders"), (.refunds, "entries", "entries"),
        ] {
          let report = try await world.desk.report(name, days: today...today, madeAt: noon)
          let table = try #require(report.tables.first { $0.key == key })
          let place = try #require(table.columns.firstIndex { $0.key == figure })
          #expect(!table.totals.isEmpty)
          #expect(table.totals.allSatisfy { $0[place].plain.isEmpty })
        }
      }
    }
  }
}
