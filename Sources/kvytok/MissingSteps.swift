import Postgres

/// The steps that the schema of a database lacks, and what to do about them.
struct MissingSteps: Sendable {
  let names: [String]
  /// Whether it has none of them: nothing of Kvytok was ever kept in it.
  let areAll: Bool
  /// Whether it holds no table at all.
  let isOfEmptyDatabase: Bool

  /// Looks at a database; nil when its schema is the newest.
  static func find(_ pool: PostgresPool, of migrations: [Migration]) async throws -> MissingSteps? {
    let names = try await Migrator(migrations: migrations).pending(pool)
    guard !names.isEmpty else { return nil }
    let areAll = names.count == migrations.count
    let isEmpty = areAll ? try await !Migrator.holdsTables(pool) : false
    return MissingSteps(names: names, areAll: areAll, isOfEmptyDatabase: isEmpty)
  }

  /// What was found, after `It` or the like.
  var found: String {
    guard areAll else { return "lacks \(names.joined(separator: ", "))" }
    return "has none of the \(names.count) steps: the database "
      + (isOfEmptyDatabase ? "is empty" : "holds tables of something else, and nothing of Kvytok")
  }

  /// What to do: an empty database is more likely the wrong one than a new one.
  var whatToDo: String {
    guard areAll else { return "Run `kvytok migrate`." }
    return
      "Is it the right database? Restore the one that was here, or name the right one with --data or "
      + "--database-url. Only where a new city begins: "
      + (isOfEmptyDatabase ? "`kvytok migrate`." : "make a database for it alone.")
  }
}
