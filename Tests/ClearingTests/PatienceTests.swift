import Basics
import Clearing
import DatabaseSupport
import Ledger
import Postgres
import Store
import Testing

extension ClearingSuite {
  /// What goes through all that was ever booked takes longer than anybody waits for an answer.
  @Suite struct PatienceTests {
    @Test func aProofMayTakeLongerThanTheStatementsOfARequest() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        var configuration = house.pool.configuration
        configuration.statementMillisecondsMax = 2_000
        configuration.connectionsMax = 1
        let pool = PostgresPool(
          configuration: configuration, loop: try await DatabaseServer.shared.loop())
        let store = Store(pool: pool)
        let proof = try await house.pool.transaction { db in
          try await db.execute("lock table ride in access exclusive mode")
          let refused = await #expect(throws: StoreFault.self) {
            try await store.read { db in try await db.books.runsThatDiffer(countMax: 1) }
          }
          #expect(refused?.sqlState == PostgresError.queryCanceled)
          let city = house.city.current
          let proof = Task { try await LedgerAuditor(store: store, city: city).run(.books) }
          try await Self.waitUntilSomebodyWaitsForRides(house)
          try await Task.sleep(for: .milliseconds(2_500))
          return proof
        }
        let audit = try await proof.value
        #expect(audit.isSound && audit.entries > 0, "\(audit.findings)")
        // The connection is as strict as before for whoever comes next.
        let limit = try await pool.session { db in
          try await db.query("select current_setting('statement_timeout')").only().text(0)
        }
        #expect(limit == "2s")
        await pool.close()
      }
    }

    @Test func aMonthIsClosedWithAllOfItsDigestsHoweverFewAreGivenAtATime() async throws {
      try await House.with { house in
        try await house.store.write { db in
          try await db.periods.ensure(try #require(AccountingPeriod(name: "2026-10")))
        }
        _ = try await house.pool.session { db in
          try await db.script(
            "insert into charge_day select date '2026-10-01' + n, now() from generate_series(0, 4) n"
          )
        }
        let before = try await house.number("select count(*) from row_seal where period is null")
        #expect(before > 4)
        var pieces: [Int] = []
        repeat {
          pieces.append(
            try await house.store.write { db in
              try await db.rowSeals.give(to: "2026-10", countMax: 2)
            })
        } while pieces.last ?? 0 > 0
        #expect(pieces.dropLast().allSatisfy { (1...2).contains($0) })
        #expect(pieces.reduce(0, +) == Int(before))
        #expect(try await house.number("select count(*) from row_seal where period is null") == 0)
      }
    }

    private static func waitUntilSomebodyWaitsForRides(_ house: House) async throws {
      for _ in 0..<1_000 {
        let waiting = try await house.number(
          "select count(*) from pg_locks where not granted and relation = 'ride'::regclass")
        if waiting > 0 { return }
        try await Task.sleep(for: .milliseconds(100))
      }
      Issue.record("nobody came to read rides")
    }
  }
}
