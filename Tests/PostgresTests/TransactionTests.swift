import Basics
import DatabaseSupport
import Postgres
import Testing

@Suite(.enabled(if: LeasedDatabase.isAvailable, "PostgreSQL is not installed"))
struct TransactionTests {
  static let migrations = [
    Migration(
      name: "0001-account",
      sql: """
        CREATE TABLE account (id int8 PRIMARY KEY, amount int8 NOT NULL);
        INSERT INTO account SELECT n, 100 FROM generate_series(1, 4) n;
        """)
  ]

  private func amount(_ pool: PostgresPool, of id: Int64) async throws -> Int64 {
    try await pool.session {
      try await $0.query("SELECT amount FROM account WHERE id = $1", [.int8(id)]).only()
        .int8("amount")
    }
  }

  private func expect(amount expected: Int64, of id: Int64, in pool: PostgresPool) async throws {
    let amount = try await amount(pool, of: id)
    #expect(amount == expected, "account \(id)")
  }

  @Test func whatTheBodyReturnsFromIsKeptAndWhatItThrowsFromIsNot() async throws {
    struct Fault: Error {}
    try await LeasedDatabase.with(TransactionTests.migrations) { pool in
      try await pool.transaction {
        try await $0.execute("UPDATE account SET amount = 1 WHERE id = 1")
      }
      await #expect(throws: Fault.self) {
        try await pool.transaction { connection in
          try await connection.execute("UPDATE account SET amount = 2 WHERE id = 2")
          throw Fault()
        }
      }
      try await expect(amount: 1, of: 1, in: pool)
      try await expect(amount: 100, of: 2, in: pool)
    }
  }

  @Test func aTransactionHasItsIsolationAndMayBeReadOnly() async throws {
    try await LeasedDatabase.with(TransactionTests.migrations) { pool in
      for isolation: PostgresIsolation in [.readCommitted, .repeatableRead, .serializable] {
        let shown = try await pool.transaction(isolation) {
          try await $0.query("SHOW transaction_isolation").only().text(0)
        }
        #expect(shown.uppercased() == isolation.rawValue)
      }
      let fault = await error {
        try await pool.transaction(readOnly: true) {
          try await $0.execute("UPDATE account SET amount = 0")
        }
      }
      #expect(fault?.sqlState == "25006")
    }
  }

  @Test func aSerializationFailureIsTriedAgainUntilItSucceeds() async throws {
    try await LeasedDatabase.with(TransactionTests.migrations, connectionsMax: 8) { pool in
      let attempts = Counter()
      let twoHaveRead = Meeting(of: 2)
      // Each reads the sum and writes from it: only one after the other gives the right end.
      try await withThrowingTaskGroup { group in
        for _ in 0..<8 {
          group.addTask {
            try await pool.transaction(.serializable, attemptsMax: 100) { connection in
              let attempt = await attempts.next()
              let sum = try await connection.query(
                "SELECT sum(amount)::int8 AS s FROM account WHERE id IN (1, 2)"
              ).only().int8("s")
              // The first two have read the same sum before either writes: one of them must fail.
              if attempt < 2 { await twoHaveRead.arrive() }
              try await connection.execute(
                "UPDATE account SET amount = $1 WHERE id = 1", [.int8(sum + 1 - 100)])
            }
          }
        }
        try await group.waitForAll()
      }
      try await expect(amount: 108, of: 1, in: pool)
      let count = await attempts.value
      #expect(count > 8, "they were meant to collide")
    }
  }

  @Test func aDeadlockIsTriedAgain() async throws {
    try await LeasedDatabase.with(TransactionTests.migrations) { pool in
      let attempts = Counter()
      let bothHoldOne = Meeting(of: 2)
      try await withThrowingTaskGroup { group in
        for ids: [Int64] in [[1, 2], [2, 1]] {
          group.addTask {
            let isFirst = Counter()
            try await pool.transaction { connection in
              _ = await attempts.next()
              let update = "UPDATE account SET amount = amount + 1 WHERE id = $1"
              try await connection.execute(update, [.int8(ids[0])])
              if await isFirst.next() == 0 { await bothHoldOne.arrive() }
              try await connection.execute(update, [.int8(ids[1])])
            }
          }
        }
        try await group.waitForAll()
      }
      try await expect(amount: 102, of: 1, in: pool)
      try await expect(amount: 102, of: 2, in: pool)
      // The server ends one of the two, and on a slow machine sometimes each once.
      #expect(await attempts.value >= 3)
    }
  }

  @Test func aRowWhosePartitionIsMadeMeanwhileIsTriedAgain() async throws {
    let tables = Migration(
      name: "0001-days",
      sql: """
        CREATE TABLE day_row (day int8 NOT NULL) PARTITION BY LIST (day);
        CREATE TABLE day_row_other PARTITION OF day_row DEFAULT;
        CREATE TABLE day_row_7 (LIKE day_row);
        """)
    try await LeasedDatabase.with([tables], connectionsMax: 4) { pool in
      let attempts = Counter()
      let isAttached = Meeting(of: 2)
      try await withThrowingTaskGroup { group in
        group.addTask {
          try await pool.transaction { connection in
            try await connection.execute(
              "ALTER TABLE day_row ATTACH PARTITION day_row_7 FOR VALUES IN (7)")
            await isAttached.arrive()
            // The row is meant for the partition of all others, and waits there for this one's end.
            for _ in 0..<500 {
              let waiting = try await connection.query(
                """
                SELECT count(*) FROM pg_locks
                WHERE NOT granted AND relation = 'day_row_other'::regclass
                """)
              if try waiting.only().int8(0) > 0 { break }
              try await Task.sleep(for: .milliseconds(100))
            }
          }
        }
        group.addTask {
          await isAttached.arrive()
          try await pool.transaction { connection in
            _ = await attempts.next()
            try await connection.execute("INSERT INTO day_row VALUES (7)")
          }
        }
        try await group.waitForAll()
      }
      let found = try await pool.session {
        try await $0.query("SELECT count(*) FROM day_row_7").only().int8(0)
      }
      #expect(found == 1)
      let count = await attempts.value
      #expect(count == 2, "the row was meant to be refused once")
    }
  }

  @Test func triesHaveABound() async throws {
    try await LeasedDatabase.with(TransactionTests.migrations) { pool in
      let attempts = Counter()
      let fault = await error {
        try await pool.transaction(attemptsMax: 3) { connection in
          _ = await attempts.next()
          try await connection.script(
            "DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$")
        }
      }
      #expect(fault?.sqlState == PostgresError.serializationFailure)
      #expect(await attempts.value == 3)
    }
  }

  @Test func aSwallowedFaultDoesNotPassForACommit() async throws {
    try await LeasedDatabase.with(TransactionTests.migrations) { pool in
      let fault = await error {
        try await pool.transaction { connection in
          try await connection.execute("UPDATE account SET amount = 0 WHERE id = 1")
          _ = try? await connection.query("SELECT 1/0")
        }
      }
      #expect(fault?.sqlState == "22012")
      try await expect(amount: 100, of: 1, in: pool)
    }
  }

  @Test func aSavepointMayTakeAFaultBack() async throws {
    try await LeasedDatabase.with(TransactionTests.migrations) { pool in
      try await pool.transaction { connection in
        try await connection.execute("UPDATE account SET amount = 7 WHERE id = 1")
        try await connection.execute("SAVEPOINT before")
        _ = try? await connection.query("SELECT 1/0")
        try await connection.execute("ROLLBACK TO SAVEPOINT before")
      }
      try await expect(amount: 7, of: 1, in: pool)
    }
  }

  @Test func aDeferredRuleThatFailsAtCommitIsTheCallersFault() async throws {
    try await LeasedDatabase.with(TransactionTests.migrations) { pool in
      try await pool.session {
        try await $0.script(
          "ALTER TABLE account ADD CONSTRAINT once UNIQUE (amount, id) DEFERRABLE "
            + "INITIALLY DEFERRED; CREATE TABLE later (n int8 UNIQUE DEFERRABLE "
            + "INITIALLY DEFERRED)")
      }
      let fault = await error {
        try await pool.transaction {
          try await $0.execute("INSERT INTO later VALUES (1), (1)")
        }
      }
      #expect(fault?.isUniqueViolation == true)
      #expect(fault?.isOutcomeUnknown == false)
    }
  }

  @Test func aBodyWithoutStatementsTouchesNothing() async throws {
    try await LeasedDatabase.with { pool in
      let value = try await pool.transaction { _ in 5 }
      #expect(value == 5)
      // A fault of the body comes out as it is.
      struct Fault: Error {}
      await #expect(throws: Fault.self) { try await pool.transaction { _ in throw Fault() } }
    }
  }

  @Test func aScriptCanBeginATransaction() async throws {
    try await LeasedDatabase.with(TransactionTests.migrations) { pool in
      struct Fault: Error {}
      await #expect(throws: Fault.self) {
        try await pool.transaction { connection in
          try await connection.script("UPDATE account SET amount = 0; SELECT 1")
          throw Fault()
        }
      }
      try await expect(amount: 100, of: 3, in: pool)
    }
  }
}

/// Lets tasks go on together once all have arrived.
actor Meeting {
  private let count: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var arrived = 0

  init(of count: Int) { self.count = count }

  func arrive() async {
    arrived += 1
    guard arrived < count else {
      for continuation in waiting { continuation.resume() }
      waiting = []
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }
}
