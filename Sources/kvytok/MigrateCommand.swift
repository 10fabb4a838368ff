import ArgumentParser
import Store

/// The schema to the newest.
struct MigrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate", abstract: "Brings the schema of the database to the newest.",
    discussion: """
      `kvytok serve` does this by itself when it starts. While an older one runs it is refused: that \
      one is not ready for a newer schema.
      """)

  @Flag(help: "Also while a service runs on the database; an older one is then not ready.")
  var whileServing = false

  @OptionGroup var database: DatabaseOptions

  func run() async throws {
    let place = database.place()
    if place.url == nil { try place.folder.make() }
    let isAllowed = whileServing
    let applied = try await Backbone.with(place, isServing: false) { backbone in
      let isServed = try await backbone.store.read { db in try await db.restores.isServed() }
      guard isAllowed || !isServed else {
        throw CommandFault(
          "A service runs on this database, and an older one is not ready for a newer schema. Stop it "
            + "first, or say --while-serving.", exitCode: CommandFault.no)
      }
      return try await backbone.migrate()
    }
    for name in applied { print(name) }
    Progress.say(applied.isEmpty ? "The schema is the newest." : "\(applied.count) applied.")
  }
}
