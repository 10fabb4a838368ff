import ArgumentParser
import Postgres
import Store

/// The schema to the newest.
struct MigrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate", abstract: "Brings the schema of the database to the newest.",
    discussion: """
      `kvytok serve` does this by itself when it starts. Where steps are missing it is refused while a \
      service runs: an older one is not ready for a newer schema.
      """)

  @Flag(help: "Also while a service runs on the database; an older one is then not ready.")
  var whileServing = false

  @OptionGroup var database: DatabaseOptions

  func run() async throws {
    let place = database.place()
    if place.url == nil { try place.folder.make() }
    let isAllowed = whileServing
    let applied = try await Backbone.with(place, use: .migrating) { backbone in
      let pending = try await Migrator(migrations: SchemaMigrations.all()).pending(backbone.pool)
      if !isAllowed, !pending.isEmpty {
        let isServed = try await backbone.store.read { db in try await db.restores.isServed() }
        guard !isServed else {
          throw CommandFault(
            "The schema lacks \(pending.joined(separator: ", ")). A service runs on this database, and an "
              + "older one is not ready for a newer schema. Stop it first, or say --while-serving.",
            exitCode: CommandFault.no)
        }
      }
      return try await backbone.migrate()
    }
    for name in applied { print(name) }
    Progress.say(applied.isEmpty ? "The schema is the newest." : "\(applied.count) applied.")
  }
}
