/// A named step of a schema; once applied anywhere it never changes.
package struct Migration: Sendable, Equatable {
  /// A name that sorts in the order of application: `0001-journal`.
  package let name: String
  /// SQL statements, run in one transaction.
  package let sql: String

  /// Makes a step.
  package init(name: String, sql: String) {
    self.name = name
    self.sql = sql
  }
}

/// Why a schema was not brought to the newest.
package enum MigrationFault: Error, Sendable, Equatable, CustomStringConvertible {
  /// The database has a step that this program does not know: it was made by a newer one.
  case unknown(name: String)
  /// A step was applied with other words than it has now.
  case changed(name: String)
  /// A step stands before others that are applied already.
  case outOfOrder(name: String, after: String)
  /// A step failed and was taken back whole.
  case failed(name: String, PostgresError)

  package var description: String {
    switch self {
    case .unknown(let name):
      "the database has migration \(name), which this program does not know; "
        + "run a program at least as new as the one that made it"
    case .changed(let name):
      "migration \(name) was applied with another text than it has now; "
        + "restore the text, and put the change into a new migration"
    case .outOfOrder(let name, let after):
      "migration \(name) is not applied and stands before \(after), which is; "
        + "give it a name that sorts last"
    case .failed(let name, let error): "migration \(name) failed and was taken back: \(error)"
    }
  }
}

/// Brings a schema forward, one named step after the other; there is no way back.
package struct Migrator: Sendable {
  /// Key of the advisory lock that keeps two programs from migrating at once ("kvytok" in ASCII).
  static let lockKey: Int64 = 0x6B76_7974_6F6B

  /// All steps, in order.
  package let migrations: [Migration]

  /// Takes the steps in the order of their names, which are all different.
  package init(migrations: [Migration]) {
    self.migrations = migrations.sorted { $0.name < $1.name }
    let names = Set(migrations.map(\.name))
    precondition(names.count == migrations.count, "two migrations have one name")
  }

  /// Applies what is missing, each step in a transaction; the names of those applied, in order.
  @discardableResult
  package func run(_ pool: PostgresPool) async throws -> [String] {
    try await pool.session { connection in
      // Another program may migrate for long; the wait for it has no limit of its own.
      try await connection.limitStatements(milliseconds: nil)
      try await connection.query("SELECT pg_advisory_lock($1)", [.int8(Migrator.lockKey)])
      do {
        let names = try await apply(connection)
        try await connection.query("SELECT pg_advisory_unlock($1)", [.int8(Migrator.lockKey)])
        return names
      } catch {
        // The session is reset at its end too, and with it the lock.
        _ = try? await connection.query(
          "SELECT pg_advisory_unlock($1)", [.int8(Migrator.lockKey)])
        throw error
      }
    }
  }

  /// Names of the steps not applied yet, in order; nothing is changed.
  package func pending(_ pool: PostgresPool) async throws -> [String] {
    try await pool.session { connection in
      let table = try await connection.query("SELECT to_regclass('schema_migration')::text AS name")
      guard try table.only().textOrNil("name") != nil else { return migrations.map(\.name) }
      return try await missing(connection).map(\.name)
    }
  }

  /// Whether a database holds tables, whosesoever they are, besides the list of steps, which is made before the first,
  /// and those of extensions, which a new database may have from its template.
  package static func holdsTables(_ pool: PostgresPool) async throws -> Bool {
    try await pool.session { connection in
      try await connection.query(
        """
        SELECT exists (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind IN ('r', 'p') AND c.relname <> 'schema_migration'
            AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
            AND NOT exists (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
              AND d.objid = c.oid AND d.deptype = 'e'))
        """
      ).only().bool(0)
    }
  }

  private func apply(_ connection: PostgresConnection) async throws -> [String] {
    try await connection.script(
      """
      SET client_min_messages = warning;
      CREATE TABLE IF NOT EXISTS schema_migration (
        name text PRIMARY KEY,
        sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
        applied_at timestamptz NOT NULL DEFAULT now()
      )
      """)
    let missing = try await missing(connection)
    for migration in missing {
      do {
        try await connection.script("BEGIN")
        try await connection.script(migration.sql)
        try await connection.execute(
          "INSERT INTO schema_migration (name, sha256) "
            + "VALUES ($1, sha256(convert_to($2, 'UTF8')))",
          [.text(migration.name), .text(migration.sql)])
        try await connection.script("COMMIT")
      } catch let error as PostgresError {
        _ = try? await connection.script("ROLLBACK")
        throw MigrationFault.failed(name: migration.name, error)
      }
    }
    return missing.map(\.name)
  }

  /// The steps not applied yet, after a look at those that are.
  private func missing(_ connection: PostgresConnection) async throws -> [Migration] {
    let rows = try await connection.query(
      """
      SELECT s.name,
        known.name IS NOT NULL AS is_known,
        s.sha256 = sha256(convert_to(known.sql, 'UTF8')) AS is_same
      FROM schema_migration s
      LEFT JOIN unnest($1::text[], $2::text[]) AS known(name, sql) ON known.name = s.name
      ORDER BY s.name COLLATE "C"
      """, [.texts(migrations.map(\.name)), .texts(migrations.map(\.sql))])
    for row in rows {
      let name = try row.text("name")
      guard try row.bool("is_known") else { throw MigrationFault.unknown(name: name) }
      guard try row.bool("is_same") else { throw MigrationFault.changed(name: name) }
    }
    let applied = Set(try rows.map { row in try row.text("name") })
    let missing = migrations.filter { !applied.contains($0.name) }
    if let first = missing.first, let last = migrations.last(where: { applied.contains($0.name) }),
      first.name < last.name
    {
      throw MigrationFault.outOfOrder(name: first.name, after: last.name)
    }
    return missing
  }
}
