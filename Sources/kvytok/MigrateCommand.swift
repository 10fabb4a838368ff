import ArgumentParser

/// The schema to the newest.
struct MigrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate", abstract: "Brings the schema of the database to the newest.",
    discussion: "`kvytok serve` does this by itself when it starts.")

  @OptionGroup var database: DatabaseOptions

  func run() async throws {
    let place = database.place()
    if place.url == nil { try place.folder.make() }
    let applied = try await Backbone.with(place, isServing: false) { backbone in
      try await backbone.migrate()
    }
    for name in applied { print(name) }
    Progress.say(applied.isEmpty ? "The schema is the newest." : "\(applied.count) applied.")
  }
}
