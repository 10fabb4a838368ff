import Basics
import Insight
import Ledger
import Store
import Testing

extension InsightSuite {
  /// The bank in the reports that are kept of a closed month.
  @Suite struct KeptBank {
    /// November as it is while it is being closed, and what the statements had said by then.
    private func beginClosing(_ world: World) async throws -> PeriodRow {
      try await world.script(
        """
        insert into accounting_period (period, first_date, last_date, state)
        values ('2026-11', '2026-11-01', '2026-11-30', 'closing')
        on conflict (period) do update set state = 'closing'
        """)
      let month = try #require(AccountingPeriod(name: "2026-11"))
      try await world.store.write { db in
        try await db.statements.lockAllAccounts()
        try await db.statements.settle(month)
      }
      return PeriodRow(
        name: month.name, first: month.first, last: month.last, state: .closed,
        closedAt: Instant(seconds: 1_796_119_200))
    }

    private func rows(_ world: World, _ row: PeriodRow, _ key: String) async throws -> [String] {
      let report = try #require(
        try await world.desk.periodReport(
          .reconciliation, of: row, madeAt: Instant(seconds: 0)))
      let table = try #require(report.tables.first { $0.key == key })
      return table.rows.map { row in row.map(\.plain).joined(separator: " ") }
    }

    @Test func aClosedMonthShowsTheBankAsItStoodWhateverStatementsSayLater() async throws {
      try await World.with { world in
        try await world.addMoney()
        let row = try await beginClosing(world)
        let keeping = KeptReports(zone: world.city.current.clock.zone)
        let kept = try await world.store.read { db in try await keeping.make(row, in: db) }
        #expect(
          try await rows(world, row, "bank") == [
            "statement in 2 1290 UAH", "statement out 0 0 UAH", "books in 3 1360 UAH",
            "books out 0 0 UAH", "balance of the books  1360 UAH",
            "balance of the statement  2290 UAH", "difference  -930 UAH", "explained 2 -930 UAH",
            "unexplained  0 UAH", "not known 1 500 UAH",
          ])
        let remainders = try await rows(world, row, "bank_remainders")
        #expect(
          remainders == [
            "books only 2026-11-23 7 entry 105 70 70 UAH", "not known 2026-11-23 7 E2 500  UAH",
            "opening balance 2026-11-23 7 1 1000 -1000 UAH",
          ])
        // A statement of the month that comes late, a match, and a rider who is erased.
        try await world.script(
          """
          insert into bank_statement (currency, number, opening_day, closing_day, opening_minor,
            closing_minor, name, digest, taken_by, taken_at, bank_account_id)
            values ('UAH', '2', '2026-11-24', '2026-11-30', 2290, 2360, 'f', '', 'x', now(), 1);
          insert into entry (entry_id, accounting_date, currency, kind, description, digest, created_at)
            overriding system value
            values (107, '2026-12-01', 'UAH', 'bank', 'late line', '', now());
          insert into posting (entry_id, line, account, debit_minor, credit_minor)
            values (107, 1, '1100', 70, 0), (107, 2, '2290', 0, 70);
          insert into statement_line (statement_id, currency, reference, booked_on, minor, remittance,
            subject, subject_id, entry_id, bank_account_id)
            values (2, 'UAH', 'E3', '2026-11-24', 70, 'late', 'unknown', null, 107, 1);
          update statement_line set subject = 'cash', matched_by = 'x', matched_at = now()
            where reference = 'E2';
          update statement_line set remittance = '', counterparty = null;
          insert into accounting_period (period, first_date, last_date, state)
            values ('2026-12', '2026-12-01', '2026-12-31', 'closing')
            on conflict (period) do update set state = 'closing';
          """)
        let again = try await world.store.read { db in try await keeping.make(row, in: db) }
        #expect(again == kept)
        // The report of the days says what is known by now.
        let now = try await world.desk.report(
          .reconciliation, days: row.last...row.last, madeAt: Instant(seconds: 0))
        let bank = try #require(now.tables.first { $0.key == "bank" })
        #expect(
          bank.rows.map { $0.map(\.plain).joined(separator: " ") }.contains(
            "balance of the statement  2360 UAH"))
        // The next month begins with what this one had left open.
        let december = try #require(AccountingPeriod(name: "2026-12"))
        try await world.store.write { db in try await db.statements.settle(december) }
        #expect(try await rows(world, row, "bank_remainders") == remainders)
      }
    }

    /// Captured 16.00; a card topped up with 50.00; both funded, less a refund of 8.00 and a fee of 0.58.
    ///
    /// 3.00 belong to nothing. Of what else was booked 8.90 are of the catalogue's own entries.
    @Test func whatTheAcquirerSettledBesideCapturesIsTold() async throws {
      try await World.with { world in
        try await world.addMoney()
        try await world.script(
          """
          insert into account values ('7100', 'к', 'f', 'expense');
          insert into entry (entry_id, accounting_date, currency, kind, description, digest, created_at)
            overriding system value
            select n, '2026-11-23', 'UAH', kind, '', '', now()
            from (values (201, 'payment'), (202, 'top_up'), (203, 'refund'), (204, 'funding'))
              as e (n, kind);
          insert into posting (entry_id, line, account, debit_minor, credit_minor)
            values (201, 1, '1120', 1600, 0), (201, 2, '1200', 0, 1600),
              (202, 1, '1120', 5000, 0), (202, 2, '2290', 0, 5000),
              (203, 1, '1200', 800, 0), (203, 2, '1120', 0, 800),
              (204, 1, '1100', 6042, 0), (204, 2, '7100', 58, 0), (204, 3, '1120', 0, 5800),
              (204, 4, '2290', 0, 300);
          """)
        let ladder = try await rows(world, try await beginClosing(world), "ladder")
        let captured = ladder.filter { $0.hasPrefix("captured 0 1600 ") }
        #expect(captured.count == 1, "\(ladder)")
        let behind = ["settled", "acquirer_other", "bank ", "unmatched"]
        let steps = ladder.filter { row in behind.contains { row.hasPrefix($0) } }
        #expect(
          steps == [
            "settled  5800 -4200 UAH", "acquirer_other  3310 -890 UAH",
            "bank  6042 -242 UAH", "unmatched  300 58 UAH",
          ], "\(steps)")
      }
    }

    @Test func aMonthThatWasClosedBeforeTheBankWasKeptIsComparedWithoutIt() async throws {
      try await World.with { world in
        try await world.addMoney()
        let row = try await beginClosing(world)
        let keeping = KeptReports(zone: world.city.current.clock.zone)
        let kept = try await world.store.read { db in try await keeping.make(row, in: db) }
        let bank = try #require(kept.first { $0.report == "reconciliation" })
        let texts = ([bank.content] + bank.earlier).map { String(decoding: $0, as: UTF8.self) }
        #expect(texts.map { $0.contains("bank_late") } == [true, true, true, false, false])
        #expect(texts.map { $0.contains("bank_remainders") } == [true, true, true, true, false])
        #expect(texts.map { $0.contains("acquirer_other") } == [true, true, false, false, false])
        #expect(texts.allSatisfy { $0.contains("ladder") })
        // Of all, whether the month is open was a number. What later programs tell of rides stands in two of these;
        // entries were added up before.
        let others = kept.filter { $0.earlier.count > 1 }.map(\.report)
        #expect(others == ["daily", "reconciliation", "refunds", "revenue-without-caps"])
      }
    }
  }
}
