import Insight
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
