import Basics
import DatabaseSupport
import Foundation
import Postgres
import Store
import Testing

/// All tests of the room need a PostgreSQL on this machine.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
enum StoreSuite {}

/// A store on a fresh database with the newest schema.
func withStore<Result: Sendable>(
  connectionsMax: Int = 4,
  _ body: @Sendable (Store, PostgresPool) async throws -> Result
) async throws -> Result {
  try await LeasedDatabase.with(
    try SchemaMigrations.all(), connectionsMax: connectionsMax
  ) { pool in
    try await body(Store(pool: pool), pool)
  }
}

/// The moment at which tests happen.
let noon = Instant(seconds: 1_795_348_800)
let today = Day(number: 20_779)

extension PostgresPool {
  /// One number that a query gives.
  func number(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> Int64 {
    try await session { connection in
      try await connection.query(sql, parameters).only().int8(0)
    }
  }

  /// The first column of what a query gives, as texts.
  func texts(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> [String] {
    try await session { connection in
      try await connection.query(sql, parameters).map { try $0.text(0) }
    }
  }

  func run(_ sql: String, _ parameters: [PostgresValue] = []) async throws {
    _ = try await session { connection in try await connection.execute(sql, parameters) }
  }
}

/// A file of the package, wherever the tests were built from.
func packageFile(_ path: String) throws -> String {
  let files = FileManager.default
  var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  while folder.path != "/",
    !files.fileExists(atPath: folder.appendingPathComponent("Package.swift").path)
  {
    folder.deleteLastPathComponent()
  }
  return try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
}
