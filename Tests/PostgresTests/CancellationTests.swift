import Basics
import DatabaseSupport
import Postgres
import Testing

@Suite(.enabled(if: LeasedDatabase.isAvailable, "PostgreSQL is not installed"))
struct CancellationTests {
  /// Waits, within a bound, until the server runs a statement with these words.
  static func waitUntilRunning(_ words: String, _ pool: PostgresPool) async throws {
    for _ in 0..<1_000 {
      let count = try await pool.session {
        try await $0.query(
          "SELECT count(*) AS n FROM pg_stat_activity WHERE state = 'active' "
            + "AND pid <> pg_backend_pid() AND strpos(query, $1) > 0", [.text(words)]
        ).only().int8("n")
      }
      if count > 0 { return }
      try await Task.sleep(for: .milliseconds(100))
    }
    Issue.record("the server never ran \(words)")
  }

  static func impatient(_ configuration: inout PostgresConfiguration) {
    configuration.statementMillisecondsMax = 1_000
  }

  static func narrow(_ configuration: inout PostgresConfiguration) {
    configuration.connectionsMax = 1
    configuration.acquireSecondsMax = 1
    configuration.waitersMax = 2
  }

  @Test func aCancelledStatementEndsOnTheServerAndTheConnectionGoesOn() async throws {
    try await LeasedDatabase.with([], connectionsMax: 2) { pool in
      let clock = ContinuousClock()
      let task = Task {
        try await pool.session { connection in
          let before = try await connection.query("SELECT pg_backend_pid() AS id").only()
            .int4("id")
          await #expect(throws: CancellationError.self) {
            try await connection.query("SELECT pg_sleep(250), 'cancelled'")
          }
          // This task is cancelled; another one uses the same connection.
          let after = try await Task {
            try await connection.query("SELECT pg_backend_pid() AS id").only().int4("id")
          }.value
          #expect(before == after)
        }
      }
      try await CancellationTests.waitUntilRunning("'cancelled'", pool)
      let start = clock.now
      task.cancel()
      try await task.value
      #expect(clock.now - start < .seconds(200))
      let left = try await pool.session {
        try await $0.query(
          "SELECT count(*) AS n FROM pg_stat_activity "
            + "WHERE state = 'active' AND query LIKE '%''cancelled''%' "
            + "AND pid <> pg_backend_pid()"
        ).only().int8("n")
      }
      #expect(left == 0)
    }
  }

  @Test func aCancelledTransactionIsTakenBack() async throws {
    try await LeasedDatabase.with(TransactionTests.migrations) { pool in
      let task = Task {
        try await pool.transaction { connection in
          try await connection.execute("UPDATE account SET amount = 0")
          try await connection.query("SELECT pg_sleep(60), 'in transaction'")
        }
      }
      try await CancellationTests.waitUntilRunning("'in transaction'", pool)
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      // Its locks are gone too.
      try await pool.transaction {
        let count = try await $0.execute("UPDATE account SET amount = 5 WHERE amount = 100")
        #expect(count == 4)
      }
    }
  }

  @Test func cancellingOneTaskLeavesItsNeighboursOnTheSameConnectionAlone() async throws {
    try await LeasedDatabase.with([], connectionsMax: 2) { pool in
      try await pool.session { connection in
        for round in 0..<20 {
          let slow = Task { try await connection.query("SELECT pg_sleep(0.02), 'slow'") }
          let fast = (0..<10).map { n in
            Task { try await connection.query("SELECT $1::int8 AS n", [.int8(n)]).only().int8("n") }
          }
          if round % 2 == 0 { try await Task.sleep(for: .milliseconds(round % 5)) }
          slow.cancel()
          for (n, task) in fast.enumerated() {
            let value = try await task.value
            #expect(value == Int64(n))
          }
          _ = await slow.result
        }
      }
    }
  }

  @Test func aTaskCancelledBeforehandSendsNothing() async throws {
    try await LeasedDatabase.with(TransactionTests.migrations) { pool in
      let task = Task {
        while !Task.isCancelled { await Task.yield() }
        try await pool.transaction { try await $0.execute("DELETE FROM account") }
      }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      let count = try await pool.session { try await $0.query("SELECT FROM account").count }
      #expect(count == 4)
    }
  }

  @Test func whoWaitsForAConnectionCanBeCancelled() async throws {
    try await LeasedDatabase.with([], connectionsMax: 1) { pool in
      try await pool.session { _ in
        let waiting = Task { try await pool.session { _ in true } }
        try await Task.sleep(for: .milliseconds(20))
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
      }
      let isFree = try await pool.session { _ in true }
      #expect(isFree)
    }
  }

  @Test func aStatementPastItsLimitIsATimeOutAndTheConnectionGoesOn() async throws {
    try await LeasedDatabase.with([], adjusting: CancellationTests.impatient) { pool in
      try await pool.session { connection in
        let fault = await error { try await connection.query("SELECT pg_sleep(30)") }
        #expect(fault?.kind == .timeout)
        #expect(fault?.sqlState == PostgresError.queryCanceled)
        try await connection.limitStatements(milliseconds: nil)
        try await connection.query("SELECT pg_sleep(1.2)")
      }
      // The next lease has the usual limit again.
      let fault = await error {
        try await pool.session { try await $0.query("SELECT pg_sleep(30)") }
      }
      #expect(fault?.kind == .timeout)
      let inTransaction = await error {
        try await pool.transaction { connection in
          try await connection.limitStatements(milliseconds: 20)
          try await connection.query("SELECT pg_sleep(30)")
        }
      }
      #expect(inTransaction?.kind == .timeout)
    }
  }

  @Test func aPoolThatIsUsedUpRefusesAfterItsWaitLimit() async throws {
    try await LeasedDatabase.with([], adjusting: CancellationTests.narrow) { pool in
      // The connection is opened before, and stays: that may take longer than the wait limit.
      while (try? await pool.session { _ in true }) == nil {}
      try await pool.session { _ in
        let clock = ContinuousClock()
        let start = clock.now
        let faults = await withTaskGroup(of: PostgresError?.self) { group in
          for _ in 0..<3 { group.addTask { await error { try await pool.session { _ in } } } }
          return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(faults.map { $0?.kind } == [.poolExhausted, .poolExhausted, .poolExhausted])
        let waited = clock.now - start
        #expect(waited > .milliseconds(900) && waited < .seconds(600))
        #expect(await pool.isReachable(), "a busy pool is no server that is gone")
      }
    }
  }
}
