import Acquiring
import ArgumentParser
import Basics
import Charging
import Clearing
import Foundation
import Store

/// Files to and from the acquirer, and how its records and ours compare.
struct AcquirerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "acquirer", abstract: "Files to and from the acquirer, and the comparison.",
    subcommands: [
      Export.self, Import.self, Reconcile.self, AcquirerMessages.self, AcquirerMessageDecide.self,
    ])

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes what is authorised into clearing files in DATA/acquirer/out.")

    @OptionGroup var reached: AcquirerOptions
    @OptionGroup var acquirer: AcquirerFolderOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      var place = reached.place
      place.isByFiles = true
      place.url = nil
      let place2 = place
      let names = try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone, place2)
        try await desks.charging.drain()
        let desk = ClearingFileDesk(service: desks.charging, merchant: place2.merchant)
        return try await AcquirerFiles(folder: acquirer.folder(backbone)).export(desk)
      }
      for name in names { print(name) }
      if names.isEmpty { print("nothing to write") }
    }
  }

  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Takes the funding files in DATA/acquirer/in, or the files named.")

    @Argument(help: "Funding files; without any, those that wait in DATA/acquirer/in.")
    var files: [String] = []

    @OptionGroup var house: MerchantOptions
    @OptionGroup var acquirer: AcquirerFolderOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let paths = files
      let outcomes = try await Backbone.with(database) { backbone in
        let desk = try await MoneyDesks.open(backbone).funding(merchant: house.name)
        guard !paths.isEmpty else {
          return try await AcquirerFiles(folder: acquirer.folder(backbone)).take(desk)
        }
        var outcomes: [(String, FundingOutcome)] = []
        for path in paths {
          guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandFault("\(path) cannot be read.")
          }
          let name = URL(fileURLWithPath: path).lastPathComponent
          outcomes.append((name, try await desk.take(Array(data), name: name)))
        }
        return outcomes
      }
      for (name, outcome) in outcomes { print("\(name): \(outcome.text)") }
      if outcomes.isEmpty { print("no funding file waits") }
      guard outcomes.allSatisfy({ !$0.1.isRefused }) else { throw ExitCode(CommandFault.no) }
    }
  }

  struct Reconcile: AsyncParsableCommand {
    /// Most remainders that are listed.
    static let remaindersMax = 1000

    static let configuration = CommandConfiguration(
      abstract: "Counts and sums by category, and every remainder; exit 1 when there is one.")

    @Option(help: "First day.", transform: Day.argument)
    var date: Day

    @Option(help: "Last day; the first without it.", transform: Day.argument)
    var to: Day?

    @Option(help: "Days that a capture may wait for its funding.")
    var lag = 3

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let (sums, rest) = try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone)
        let lagDay = desks.today.adding(days: -lag)
        return try await backbone.store.read { db in
          (
            try await db.acquirerFiles.reconciliation(from: date, to: to ?? date, lagDay: lagDay),
            try await db.acquirerFiles.remainders(
              from: date, to: to ?? date, lagDay: lagDay, countMax: Self.remaindersMax)
          )
        }
      }
      var table = TextTable([("category", .left), ("records", .right), ("amount", .right)])
      for row in sums {
        table.add([
          row.category.rawValue, String(row.records), moneyText(row.minor, row.currency),
        ])
      }
      print(table.text)
      for row in rest {
        print(
          "\(row.category.rawValue): \(row.reference) \(moneyText(row.minor, row.currency)) "
            + "of \(row.day)\(row.windowID.map { ", window \($0)" } ?? "")"
            + "\(row.note.map { ": \($0)" } ?? "")")
      }
      guard rest.isEmpty else { throw ExitCode(CommandFault.no) }
      print("everything matches")
    }
  }
}

/// Moves files between the folder of the acquirer and the books.
struct AcquirerFiles: Sendable {
  let folder: AcquirerFolder

  /// Writes all clearing files that are not in the folder yet; their names.
  func export(_ desk: ClearingFileDesk) async throws -> [String] {
    while try await desk.make() != nil {}
    var names: [String] = []
    for file in try await desk.list() where !folder.has(file.name) {
      guard let content = try await desk.remake(file.number) else { continue }
      guard FileDigest.of(content.bytes) == file.digest else {
        throw CommandFault(
          "\(file.name) cannot be made again as it was: are its taps gone from the journal?")
      }
      if try folder.write(content) { names.append(file.name) }
    }
    return names
  }

  /// Takes all funding files that wait.
  func take(_ desk: FundingDesk) async throws -> [(String, FundingOutcome)] {
    var outcomes: [(String, FundingOutcome)] = []
    for name in folder.waiting(now: .now) {
      let outcome = try await desk.take(try folder.read(name), name: name)
      if case .refused(let why) = outcome {
        try folder.move(name, refusedBecause: why)
      } else {
        try folder.move(name)
      }
      outcomes.append((name, outcome))
    }
    return outcomes
  }
}

/// Where files lie that are exchanged with the acquirer.
struct AcquirerFolderOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Folder for clearing files; or set KVYTOK_ACQUIRER_OUT. (default: DATA/acquirer/out)",
      valueName: "folder"))
  var acquirerOut: String?

  @Option(
    help: ArgumentHelp(
      "Folder of funding files; or set KVYTOK_ACQUIRER_IN. (default: DATA/acquirer/in)",
      valueName: "folder"))
  var acquirerIn: String?

  /// The folders as they were told, or those in the data folder.
  func folder(_ backbone: Backbone) -> AcquirerFolder {
    let environment = ProcessInfo.processInfo.environment
    return backbone.acquirerFolder(
      out: acquirerOut ?? environment["KVYTOK_ACQUIRER_OUT"],
      in: acquirerIn ?? environment["KVYTOK_ACQUIRER_IN"])
  }
}

extension Backbone {
  /// The folders through which files are exchanged with the acquirer.
  func acquirerFolder(out: String?, in incoming: String?) -> AcquirerFolder {
    let own = place.folder.path + "/acquirer"
    return AcquirerFolder(out: out ?? own + "/out", in: incoming ?? own + "/in")
  }
}

extension FundingOutcome {
  var isRefused: Bool {
    if case .refused = self { return true }
    return false
  }

  var text: String {
    switch self {
    case .known(let number): "file \(number) was taken before; nothing changed"
    case .refused(let why): "refused: \(why)"
    case .taken(let number, let categories):
      "file \(number) taken: "
        + categories.sorted { $0.key.rawValue < $1.key.rawValue }
        .map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", ")
    }
  }
}
