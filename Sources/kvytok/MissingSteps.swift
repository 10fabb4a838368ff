import Postgres

/// The steps that the schema of a database lacks, and what to do about them.
struct MissingSteps: Sendable {
  let names: [String]
  /// Whether it has none of them: nothing was ever kept in it.
  let isOfEmptyDatabase: Bool

  /// Looks at a database; nil when its schema is the newest.
  static func find(_ pool: PostgresPool, of migrations: [Migration]) async throws -> MissingSteps? {
    let names = try await Migrator(migrations: migrations).pending(pool)
    guard !names.isEmpty else { return nil }
    return MissingSteps(names: names, isOfEmptyDatabase: names.count == migrations.count)
  }

  /// What was found, after `It` or the like.
  var found: String {
    isOfEmptyDatabase
      ? "has none of the \(names.count) steps: the database is empty"
      : "lacks \(names.joined(separator: ", "))"
  }

  /// What to do: an empty database is more likely the wrong one than a new one.
  var whatToDo: String {
    isOfEmptyDatabase
      ? "Is it the right database? Restore the one that was here, or name the right one with --data or "
        + "--database-url. Only where a new city begins: `kvytok migrate`."
      : "Run `kvytok migrate`."
  }
}
