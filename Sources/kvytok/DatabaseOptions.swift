import ArgumentParser
import Foundation

/// Where the database of a command is.
struct DatabaseOptions: ParsableArguments {
  /// Names of the environment that stand for the options.
  static let urlVariable = "KVYTOK_DATABASE_URL"
  static let dataVariable = "KVYTOK_DATA"

  @Option(
    name: .customLong("database-url"),
    help: ArgumentHelp(
      "A PostgreSQL to use instead of the private one: postgres://user@host/database. "
        + "Or set \(urlVariable).",
      valueName: "url"))
  var databaseURL: String?

  @Option(
    name: .customLong("data"),
    help: ArgumentHelp(
      "Folder of the service: its private PostgreSQL, keys and first token. "
        + "Or set \(dataVariable). (default: \(DataFolder.standard))",
      valueName: "dir"))
  var data: String?

  /// The database that was named, on the command line first.
  func place(
    _ environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> DatabasePlace {
    DatabasePlace(
      url: databaseURL ?? environment[Self.urlVariable],
      folder: DataFolder(data ?? environment[Self.dataVariable] ?? DataFolder.standard))
  }
}

/// Where a database is: at a URL, or in a folder of ours.
struct DatabasePlace: Sendable {
  /// A server of somebody else; nil for the private one in the folder.
  let url: String?
  let folder: DataFolder
}
