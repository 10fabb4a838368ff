package import Postgres

/// A database of its own for a suite of tests, on one private cluster per test process.
package enum LeasedDatabase {
  /// Whether PostgreSQL is on this machine; for `.enabled(if:)`.
  package static var isAvailable: Bool { fatalError() }

  /// Runs the body with a pool on a fresh, migrated database, and drops it afterwards.
  package static func with<Result: Sendable>(
    _ migrations: [Migration] = [], connectionsMax: Int = 4,
    _ body: @Sendable (PostgresPool) async throws -> Result
  ) async throws -> Result { fatalError() }
}
