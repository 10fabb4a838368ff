import ArgumentParser
import Basics
import Foundation
import Tariff
import Transit

/// Open data for others.
struct ExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Writes open data.",
    subcommands: [Fares.self, TidesCommand.self])

  struct Fares: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "gtfs-fares",
      abstract: "Writes a tariff as GTFS Fares v2.",
      discussion: "What the tariff says and Fares v2 cannot is told line by line.")

    @Option(help: ArgumentHelp("The tariff's folder.", valueName: "folder"))
    var tariff: String

    @Option(help: ArgumentHelp("The archive to write.", valueName: "file"))
    var out: String

    @Option(
      help: ArgumentHelp(
        "A GTFS feed: says for which of its routes and stops each fare holds.", valueName: "zip"))
    var network: String?

    @Option(
      help: "Fare day whose version is written; the newest version without it.",
      transform: Day.argument)
    var date: Day?

    func run() async throws {
      let book = try TariffFolder.book(tariff)
      let version = try version(of: book)
      let export = FaresExport(version, network: try network.map(TapTableOptions.network))
      do {
        try Data(export.zip).write(to: URL(fileURLWithPath: out))
      } catch {
        throw CommandFault("\(out) cannot be written: \(error.localizedDescription)")
      }
      for note in export.notExpressed { Progress.say("not expressed: \(note)") }
      var table = TextTable([("file", .left), ("bytes", .right)])
      for file in export.files { table.add([file.name, String(file.bytes.count)]) }
      print(table.text)
    }

    private func version(of book: TariffBook) throws(CommandFault) -> CompiledTariff {
      guard let date else { return book.versions[book.versions.count - 1] }
      guard let version = book.tariff(on: date) else {
        throw CommandFault("No version of \(tariff) holds on \(date).", exitCode: CommandFault.no)
      }
      return version
    }
  }
}
