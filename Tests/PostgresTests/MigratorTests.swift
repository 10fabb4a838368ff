import DatabaseSupport
import Postgres
import Testing

@Suite(.enabled(if: LeasedDatabase.isAvailable, "PostgreSQL is not installed"))
struct MigratorTests {
  static let first = Migration(name: "0001-first", sql: "CREATE TABLE one (n int8); SELECT 1;")
  static let second = Migration(
    name: "0002-second", sql: "ALTER TABLE one ADD m int8; INSERT INTO one VALUES (1, 2)")

  private func fault(
    _ migrations: [Migration], _ pool: PostgresPool
  ) async -> MigrationFault? {
    do {
      try await Migrator(migrations: migrations).run(pool)
      return nil
    } catch {
      return error as? MigrationFault
    }
  }

  @Test func stepsAreAppliedOnceInTheOrderOfTheirNames() async throws {
    try await LeasedDatabase.with { pool in
      let migrator = Migrator(migrations: [MigratorTests.second, MigratorTests.first])
      #expect(try await migrator.pending(pool) == ["0001-first", "0002-second"])
      let applied = try await migrator.run(pool)
      #expect(applied == ["0001-first", "0002-second"])
      #expect(try await migrator.run(pool) == [])
      #expect(try await migrator.pending(pool) == [])
      #expect(try await pool.session { try await $0.query("SELECT m FROM one").count } == 1)
    }
  }

  @Test func aDatabaseWithATableOfAnybodyIsNotEmpty() async throws {
    try await LeasedDatabase.with { pool in
      #expect(try await !Migrator.holdsTables(pool))
      _ = try await pool.session { db in
        try await db.script("CREATE SCHEMA apart; CREATE TABLE apart.one (n int8)")
      }
      #expect(try await Migrator.holdsTables(pool))
      // As PostGIS has it, also in a new database by its template.
      _ = try await pool.session {
        try await $0.script("ALTER EXTENSION plpgsql ADD TABLE apart.one")
      }
      #expect(try await !Migrator.holdsTables(pool))
      _ = try await pool.session {
        try await $0.script("ALTER EXTENSION plpgsql DROP TABLE apart.one")
      }
    }
  }

  @Test func aStepThatFailsIsTakenBackWholeAndStopsTheRest() async throws {
    try await LeasedDatabase.with { pool in
      let bad = Migration(name: "0002-bad", sql: "CREATE TABLE half (n int8); SELECT 1/0")
      let after = Migration(name: "0003-after", sql: "CREATE TABLE after (n int8)")
      let fault = await fault([MigratorTests.first, bad, after], pool)
      guard case .failed(let name, let error) = fault else {
        Issue.record("\(String(describing: fault))")
        return
      }
      #expect(name == "0002-bad")
      #expect(error.sqlState == "22012")
      let tables = try await pool.session {
        try await $0.query(
          "SELECT relname::text FROM pg_class WHERE relname IN ('one', 'half', 'after')")
      }
      #expect(try tables.map { try $0.text(0) } == ["one"])
      let pending = try await Migrator(migrations: [MigratorTests.first, after]).pending(pool)
      #expect(pending == ["0003-after"])
    }
  }

  @Test func whatWasAppliedMustNotChangeGoMissingOrBePreceded() async throws {
    try await LeasedDatabase.with { pool in
      try await Migrator(migrations: [MigratorTests.first, MigratorTests.second]).run(pool)
      let changed = Migration(name: "0001-first", sql: "CREATE TABLE one (n int4)")
      #expect(await fault([changed, MigratorTests.second], pool) == .changed(name: "0001-first"))
      #expect(await fault([MigratorTests.first], pool) == .unknown(name: "0002-second"))
      let between = Migration(name: "0001-zz", sql: "SELECT 1")
      #expect(
        await fault([MigratorTests.first, between, MigratorTests.second], pool)
          == .outOfOrder(name: "0001-zz", after: "0002-second"))
    }
  }

  @Test func twoProgramsMigrateOneAfterTheOther() async throws {
    try await LeasedDatabase.with([], connectionsMax: 8) { pool in
      let slow = Migration(
        name: "0001-slow", sql: "SELECT pg_sleep(0.1); CREATE TABLE once (n int8)")
      let applied = try await withThrowingTaskGroup(of: [String].self) { group in
        for _ in 0..<6 { group.addTask { try await Migrator(migrations: [slow]).run(pool) } }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(applied == ["0001-slow"])
    }
  }

  @Test func everySuiteGetsADatabaseOfItsOwn() async throws {
    try await LeasedDatabase.with([MigratorTests.first]) { one in
      try await LeasedDatabase.with([MigratorTests.first]) { other in
        try await one.session { try await $0.execute("INSERT INTO one VALUES (1)") }
        let count = try await other.session { try await $0.query("SELECT FROM one").count }
        #expect(count == 0)
      }
    }
  }
}
