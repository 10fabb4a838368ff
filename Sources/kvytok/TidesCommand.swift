import ArgumentParser
import Basics
import Insight
import Store

/// A fare day as open data of the Transit ITS Data Exchange Specification.
struct TidesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tides",
    abstract: "Writes a fare day that is over as a TIDES data package.",
    discussion: """
      Positions, fares, trips, stop visits, boardings and alightings, as CSV with a datapackage.json. \
      Nothing in it names a rider, a medium or a token. The folder appears when all of it is written.
      """)

  @Option(help: "Fare day.", transform: Day.argument)
  var date: Day

  @Option(
    help: ArgumentHelp("The folder to write: one that is not there, or empty.", valueName: "dir"))
  var out: String

  @OptionGroup var database: DatabaseOptions

  func run() async throws {
    let folder = try TidesFolder(out)
    let progress = Progress("Writing \(date)")
    do {
      let summary = try await write(to: folder)
      try await folder.finish()
      progress.end("\(out) is whole")
      for sentence in summary.missing { Progress.say("not in it: \(sentence)") }
      var table = TextTable([("file", .left), ("rows", .right), ("bytes", .right)])
      for file in summary.files {
        table.add([file.table.file, String(file.rows), String(file.bytes)])
      }
      print(table.text)
    } catch {
      await folder.abandon()
      throw error
    }
  }

  private func write(to folder: TidesFolder) async throws -> TidesSummary {
    let outcome = try await Backbone.with(database) { backbone in
      let city = CityHolder()
      try await city.reload(from: backbone.store)
      return try await InsightDesk(store: backbone.store, city: city).exportTides(
        date, to: folder, at: .now)
    }
    switch outcome {
    case .written(let summary): return summary
    case .dayNotOver(let end):
      throw CommandFault(
        "The fare day \(date) goes on until \(end): half of it would look like all of it.",
        exitCode: CommandFault.no)
    }
  }
}
