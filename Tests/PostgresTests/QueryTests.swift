import Basics
import DatabaseSupport
import Postgres
import Testing

@Suite(.enabled(if: LeasedDatabase.isAvailable, "PostgreSQL is not installed"))
struct QueryTests {
  static let migrations = [
    Migration(
      name: "0001-item",
      sql: "CREATE TABLE item (id int8 PRIMARY KEY, name text NOT NULL CHECK (name <> ''))")
  ]

  @Test func aStatementSaysHowManyRowsItChanged() async throws {
    try await LeasedDatabase.with(QueryTests.migrations) { pool in
      try await pool.session { connection in
        let added = try await connection.execute(
          "INSERT INTO item SELECT n, 'item ' || n FROM unnest($1::int8[]) AS n",
          [.int8s([1, 2, 3])])
        #expect(added == 3)
        #expect(try await connection.execute("UPDATE item SET name = 'x' WHERE id > 1") == 2)
        let rows = try await connection.query("SELECT id, name FROM item ORDER BY id")
        #expect(rows.count == 3)
        #expect(rows.columnNames == ["id", "name"])
        #expect(try rows.map { try $0.int8("id") } == [1, 2, 3])
        #expect(try await connection.execute("CREATE TABLE other (id int8)") == 0)
      }
    }
  }

  @Test func aFaultOfTheServerComesWithItsStateAndConstraint() async throws {
    try await LeasedDatabase.with(QueryTests.migrations) { pool in
      try await pool.session { connection in
        let insert = "INSERT INTO item VALUES ($1, $2)"
        try await connection.execute(insert, [.int8(1), .text("a")])
        let twice = await error {
          try await connection.execute(insert, [.int8(1), .text("b")])
        }
        #expect(twice?.sqlState == PostgresError.uniqueViolation)
        #expect(twice?.kind == .server)
        #expect(twice?.constraint == "item_pkey")
        #expect(twice?.table == "item")
        #expect(twice?.detail == "Key (id)=(1) already exists.")
        let check = await error {
          try await connection.execute(insert, [.int8(2), .text("")])
        }
        #expect(check?.sqlState == PostgresError.checkViolation)
        let syntax = await error { try await connection.query("SELEC 1") }
        #expect(syntax?.sqlState == "42601")
        #expect(try await connection.query("SELECT FROM item").count == 1)
      }
    }
  }

  @Test func manyTasksShareOneConnectionAndEachGetsItsOwnAnswer() async throws {
    try await LeasedDatabase.with { pool in
      try await pool.session { connection in
        let sum = try await withThrowingTaskGroup(of: Int64.self) { group in
          for n in 0..<2_000 {
            group.addTask {
              let value = try await connection.query("SELECT $1::int8 AS n", [.int8(Int64(n))])
                .only().int8("n")
              #expect(value == Int64(n))
              return value
            }
          }
          return try await group.reduce(0, +)
        }
        #expect(sum == 1_999_000)
      }
    }
  }

  @Test func oneTasksFaultIsNotItsNeighbours() async throws {
    try await LeasedDatabase.with { pool in
      try await pool.session { connection in
        await withTaskGroup(of: Void.self) { group in
          for n in 0..<200 {
            group.addTask {
              let fault = await error {
                try await connection.query("SELECT 10 / $1::int8 AS n", [.int8(Int64(n % 3))])
              }
              #expect(fault?.sqlState == (n % 3 == 0 ? "22012" : nil))
            }
          }
        }
      }
    }
  }

  @Test func aPipelineOutsideOfATransactionHappensWholeOrNotAtAll() async throws {
    try await LeasedDatabase.with(QueryTests.migrations) { pool in
      try await pool.session { connection in
        let insert = "INSERT INTO item VALUES ($1, 'a')"
        let fault = await error {
          try await connection.pipeline(
            [1, 2, 1, 3].map { PostgresStatement(insert, [.int8($0)]) })
        }
        #expect(fault?.isUniqueViolation == true)
        #expect(try await connection.query("SELECT FROM item").isEmpty)
        let results = try await connection.pipeline(
          [1, 2, 3].map { PostgresStatement(insert + " RETURNING id", [.int8($0)]) })
        #expect(try results.map { try $0.only().int8("id") } == [1, 2, 3])
        #expect(try await connection.pipeline([]).isEmpty)
      }
    }
  }

  @Test func aStatementIsPreparedTheSecondTimeItComes() async throws {
    try await LeasedDatabase.with { pool in
      try await pool.session { connection in
        func preparedCount() async throws -> Int64 {
          try await connection.query(
            "SELECT count(*) AS n FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1%'"
          ).only().int8("n")
        }
        for expected: Int64 in [0, 1, 1, 1] {
          try await connection.query("SELECT $1::int8 AS n", [.int8(1)])
          #expect(try await preparedCount() == expected)
        }
        // The same words with another type of parameter are another statement.
        for expected: Int64 in [1, 2] {
          try await connection.query("SELECT $1::int8 AS n", [.int4(1)])
          #expect(try await preparedCount() == expected)
        }
      }
    }
  }

  @Test func aPreparedStatementOutlivesAChangeOfItsTable() async throws {
    try await LeasedDatabase.with(QueryTests.migrations) { pool in
      for _ in 1...3 { try await pool.transaction { try await $0.query("SELECT * FROM item") } }
      try await pool.session { try await $0.script("ALTER TABLE item ADD COLUMN size int4") }
      let names = try await pool.transaction {
        try await $0.query("SELECT * FROM item").columnNames
      }
      #expect(names == ["id", "name", "size"])
    }
  }

  @Test func aFailedPreparationIsToldToAllWhoWantedTheStatement() async throws {
    try await LeasedDatabase.with { pool in
      try await pool.session { connection in
        // The second comes with a name whose preparation fails.
        for _ in 1...2 { _ = await error { try await connection.query("SELECT * FROM later") } }
        async let first = error { try await connection.query("SELECT * FROM later") }
        async let second = error { try await connection.query("SELECT * FROM later") }
        #expect(await [first, second].map { $0?.sqlState } == ["42P01", "42P01"])
        try await connection.script("CREATE TABLE later (id int8)")
        for _ in 1...3 { #expect(try await connection.query("SELECT * FROM later").isEmpty) }
      }
    }
  }

  @Test func aScriptRunsManyStatementsAndStopsAtAFault() async throws {
    try await LeasedDatabase.with { pool in
      try await pool.session { connection in
        try await connection.script("CREATE TABLE a (n int8); INSERT INTO a VALUES (1); SELECT 1;")
        let fault = await error {
          try await connection.script("INSERT INTO a VALUES (2); SELECT 1/0; SELECT 2")
        }
        #expect(fault?.sqlState == "22012")
        #expect(try await connection.query("SELECT FROM a").count == 1)
        // COPY wants rows that a script has not.
        let copy = await error { try await connection.script("COPY a FROM STDIN") }
        #expect(copy?.sqlState == PostgresError.queryCanceled)
        #expect(try await connection.query("SELECT FROM a").count == 1)
      }
    }
  }

  @Test func tooManyParametersAreRefusedBeforeTheyAreSent() async throws {
    try await LeasedDatabase.with { pool in
      try await pool.session { connection in
        let many = [PostgresValue](repeating: .int8(1), count: 65_536)
        let fault = await error { try await connection.query("SELECT 1", many) }
        #expect(fault?.kind == .usage)
      }
    }
  }

  @Test func aResultOfManyMegabytesArrivesWhole() async throws {
    try await LeasedDatabase.with { pool in
      let rows = try await pool.session {
        try await $0.query("SELECT n, repeat('x', 1000) AS text FROM generate_series(1, 20000) n")
      }
      #expect(rows.count == 20_000)
      #expect(try rows.last?.int4("n") == 20_000)
      #expect(try rows.allSatisfy { try $0.text("text").utf8.count == 1_000 })
    }
  }

  @Test func aConnectionIsNobodysAfterItsLease() async throws {
    try await LeasedDatabase.with { pool in
      let kept = try await pool.session { $0 }
      let fault = await error { try await kept.query("SELECT 1") }
      #expect(fault?.kind == .closed)
    }
  }

  @Test func settingsOfASessionEndWithIt() async throws {
    try await LeasedDatabase.with([], connectionsMax: 1) { pool in
      try await pool.session { connection in
        try await connection.script("SET work_mem = '7MB'; LISTEN somewhere")
        try await connection.query("SELECT pg_advisory_lock(5)")
        try await connection.script("BEGIN; CREATE TABLE lost (id int8)")
      }
      let row = try await pool.session {
        try await $0.query(
          """
          SELECT current_setting('work_mem') AS memory, to_regclass('lost')::text AS lost,
            (SELECT count(*) FROM pg_listening_channels()) AS channels,
            (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
              AS locks
          """
        ).only()
      }
      #expect(try row.text("memory") == "16MB")
      #expect(try row.textOrNil("lost") == nil)
      #expect(try row.int8("channels") == 0)
      #expect(try row.int8("locks") == 0)
    }
  }
}

/// The error of the database that a body ends with; nil when it ends well.
func error<Result>(
  _ body: () async throws -> Result
) async -> PostgresError? {
  do {
    _ = try await body()
    return nil
  } catch let error as PostgresError {
    return error
  } catch {
    Issue.record("another error: \(error)")
    return nil
  }
}
