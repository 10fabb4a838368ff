import ArgumentParser
import Basics
import Foundation
import Tariff
import Transit

extension TariffCommand {
  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "import",
      abstract: "Makes a tariff of the fares of a GTFS feed, version 1 or 2.",
      discussion: "What the feed says otherwise than the language can is told line by line.")

    @Argument(help: "The feed, a zip archive.")
    var feed: String

    @Option(help: ArgumentHelp("Folder of the tariff to write.", valueName: "folder"))
    var out: String

    @Option(help: "First fare day of the tariff; today without it.", transform: Day.argument)
    var from: Day?

    func run() async throws {
      let folder = URL(fileURLWithPath: out).standardizedFileURL
      let file = folder.appendingPathComponent(TariffSource.mainPath)
      guard !FileManager.default.fileExists(atPath: file.path) else {
        throw CommandFault(
          "\(file.path) is there already, and is not replaced. Name another folder.")
      }
      let today = TimeZoneTable.utc.local(Instant.now).day
      let imported: FaresImport
      do {
        imported = try FaresImport(
          files: try Self.files(of: feed), folder: folder.lastPathComponent, from: from ?? today)
      } catch let fault as TariffFault {
        throw CommandFault("\(feed): \(fault)", exitCode: CommandFault.no)
      }
      do {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(imported.yaml.utf8).write(to: file)
      } catch {
        throw CommandFault("\(file.path) cannot be written: \(error.localizedDescription)")
      }
      for note in imported.notes { Progress.say("note: \(note)") }
      let reading = TariffSource(
        folder: folder.lastPathComponent,
        files: [TariffFile(path: TariffSource.mainPath, text: imported.yaml)]
      ).load()
      for fault in reading.faults { Progress.say("\(out)/\(fault)") }
      print(file.path)
      guard reading.book != nil else {
        throw CommandFault(
          "What was written has faults that people have to mend.", exitCode: CommandFault.no)
      }
    }

    /// The text tables of a feed, those in a folder of the archive too.
    static func files(of feed: String) throws -> [(name: String, bytes: [UInt8])] {
      do {
        let archive = try ZipArchive(try TapTableOptions.bytes(of: feed))
        var files: [(name: String, bytes: [UInt8])] = []
        for entry in archive.entries where entry.name.hasSuffix(".txt") {
          let name = entry.name.split(separator: "/").last.map(String.init) ?? entry.name
          if wanted(name) { files.append((name, try archive.bytes(of: entry))) }
        }
        return files
      } catch let fault as ZipFault {
        throw CommandFault("\(feed): \(fault)", exitCode: CommandFault.no)
      }
    }

    /// The rest says nothing about fares, and may be larger than a table of fares may be.
    private static func wanted(_ name: String) -> Bool { faresFileNames.contains(name) }
  }
}
