import Foundation
package import Postgres

/// The steps from an empty database to the newest schema.
package enum SchemaMigrations {
  /// All steps in the order of their names.
  ///
  /// Throws ``StoreFault`` when the files that belong to the program are not beside it.
  package static func all() throws -> [Migration] {
    guard let folder = Bundle.module.resourceURL?.appendingPathComponent("Migrations"),
      let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    else { throw missing(Bundle.module.bundlePath) }
    let files = names.filter { $0.hasSuffix(".sql") }.sorted()
    guard !files.isEmpty else { throw missing(folder.path) }
    return try files.map { file in
      let url = folder.appendingPathComponent(file)
      guard let sql = try? String(contentsOf: url, encoding: .utf8) else { throw missing(url.path) }
      return Migration(name: String(file.dropLast(4)), sql: sql)
    }
  }

  private static func missing(_ path: String) -> StoreFault {
    StoreFault(
      kind: .damaged,
      "the schema is not at \(path): keep the folder kvytok_Store.resources beside the program")
  }
}

extension Store {
  /// Brings the schema of a database to the newest; the names of the steps applied, in order.
  @discardableResult
  package static func migrate(_ pool: PostgresPool) async throws -> [String] {
    let migrations = try SchemaMigrations.all()
    do {
      return try await Migrator(migrations: migrations).run(pool)
    } catch let error as PostgresError {
      throw StoreFault(error)
    }
  }
}
