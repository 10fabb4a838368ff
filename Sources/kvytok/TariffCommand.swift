import ArgumentParser
import Basics
import Foundation
import Tariff
import Web

/// Tariffs: check them, rate with them, publish them.
struct TariffCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tariff", abstract: "Checks, tries and publishes tariffs.",
    subcommands: [Check.self, Price.self, Publish.self])

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "Validates tariffs and runs the worked cases beside each.")

    @Argument(help: "Folders of tariffs.")
    var paths: [String]

    func run() async throws {
      var areSound = true
      for path in paths {
        let reading = try TariffFolder.read(path).load()
        for fault in reading.faults { print("\(path)/\(fault)") }
        guard let book = reading.book else {
          areSound = false
          continue
        }
        let versions = book.versions.map(\.version).joined(separator: ", ")
        Progress.say("\(path): \(versions): sound")
      }
      if !areSound { throw ExitCode(CommandFault.no) }
    }
  }

  struct Price: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "price",
      abstract: "Rates the taps of a CSV without a database; CSV on standard output.",
      discussion: """
        In: case,category,media,tap_time,kind,mode,route,operator,vehicle,stop,zone,lat,lon,distance_km
        Out: case,category,ride,charged,total,nominal,reason
        """)

    @Option(help: ArgumentHelp("The tariff's folder.", valueName: "folder"))
    var tariff: String

    @Option(help: ArgumentHelp("The taps, a CSV.", valueName: "file"))
    var taps: String

    @Option(
      help: ArgumentHelp(
        "Products bought, a CSV: case,category,product,bought_at.", valueName: "file"))
    var products: String?

    @Option(
      help: ArgumentHelp(
        "Stored value, a CSV: case,category,initial_balance.", valueName: "file"))
    var balances: String?

    @Option(help: "Language of the reasons: en or uk.", transform: Language.argument)
    var language: Language = .english

    func run() async throws {
      let reading = try TariffFolder.read(tariff).load()
      guard let book = reading.book else {
        for fault in reading.faults { Progress.say("\(tariff)/\(fault)") }
        throw ExitCode(CommandFault.no)
      }
      let beside = PriceTable.Supplements(
        products: try products.map(bytes), balances: try balances.map(bytes))
      do {
        let table = try PriceTable.price(
          taps: try bytes(of: taps), book: book, beside: beside, language: language, file: taps)
        FileHandle.standardOutput.write(Data(table))
      } catch let fault as TariffFault {
        throw CommandFault("\(fault)", exitCode: CommandFault.no)
      }
    }

    private func bytes(of path: String) throws(CommandFault) -> [UInt8] {
      guard let data = FileManager.default.contents(atPath: path) else {
        throw CommandFault("\(path) cannot be read. Is the path right?")
      }
      return Array(data)
    }
  }

  struct Publish: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "publish",
      abstract: "Publishes a tariff; each version holds from its effective date.",
      discussion: "Rides from that date on are rated anew, and the differences booked.")

    @Argument(help: "The tariff's folder.")
    var path: String

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let source = try TariffFolder.read(path)
      let publishing = try await Backbone.with(database) { backbone in
        try await TariffDesk(store: backbone.store).publish(source, at: .now)
      }
      try TariffCommand.tell(publishing, path: path)
    }
  }

  /// Says what became of a tariff; throws when it was not published.
  static func tell(_ publishing: TariffPublishing, path: String) throws {
    switch publishing {
    case .refused(let faults):
      for fault in faults { Progress.say("\(path)/\(fault)") }
      throw CommandFault(
        "\(path) has faults; nothing was published.", exitCode: CommandFault.no)
    case .taken(let sentence): throw CommandFault(sentence, exitCode: CommandFault.no)
    case .published(let versions, let warnings, let staleDays):
      for warning in warnings { Progress.say("\(path)/\(warning)") }
      for version in versions {
        Progress.say("Tariff \(version.version) holds from \(version.firstDay)")
      }
      if staleDays > 0 { Progress.say("\(staleDays) rider-days will be rated anew") }
    }
  }
}

extension Language {
  /// Reads a language of the command line.
  static func argument(_ text: String) throws -> Language {
    guard let language = Language(rawValue: text) else {
      throw ValidationError("\(text) is not a language here; use en or uk.")
    }
    return language
  }
}
