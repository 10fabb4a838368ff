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
      abstract: "Writes what is authorised into clearing files for the acquirer, each once.")

    @Option(
      help: ArgumentHelp("Number of a file that got lost: writes that one again.", valueName: "n"))
    var again: Int64?

    @OptionGroup var house: MerchantOptions
    @OptionGroup var acquirer: AcquirerFolderOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let url = ProcessInfo.processInfo.environment["KVYTOK_ACQUIRER_URL"]
      let names = try await Backbone.with(database) { backbone in
        let kept = try await KeptAcquirer.read(backbone.store)
        guard url == nil, kept.way != .url else {
          throw CommandFault(
            "The house asks its acquirer over HTTP. In a file payments count as taken that the acquirer was never "
              + "asked for: nothing was written.", exitCode: CommandFault.usage)
        }
        let desks = try await MoneyDesks.open(backbone, AcquirerPlace(isByFiles: true))
        let desk = ClearingFileDesk(service: desks.charging, merchant: house.name(kept))
        let files = AcquirerFiles(
          folder: backbone.acquirerFolder(out: try acquirer.out(backbone.place, kept), in: nil))
        if let held = try await backbone.store.read({ try await $0.restores.hold() }) {
          throw CommandFault(RestoredCommand.heldText(held), exitCode: CommandFault.no)
        }
        if let again { return try await files.write(again, of: desk) }
        try await desks.charging.drain()
        return try await files.export(desk)
      }
      for name in names { print(name) }
      if names.isEmpty { print("nothing to write") }
    }
  }

  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Takes the funding files that wait, or the files named.")

    @Argument(help: "Funding files; without any, those that wait in the folder of them.")
    var files: [String] = []

    @OptionGroup var house: MerchantOptions
    @OptionGroup var acquirer: AcquirerFolderOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let paths = files
      let outcomes = try await Backbone.with(database) { backbone in
        let kept = try await KeptAcquirer.read(backbone.store)
        let desk = try await MoneyDesks.open(backbone).funding(merchant: house.name(kept))
        guard !paths.isEmpty else {
          let folder = backbone.acquirerFolder(
            out: nil, in: try acquirer.incoming(backbone.place, kept))
          let files = AcquirerFiles(folder: folder)
          let outcomes = try await files.take(desk)
          let others = try files.leftAlone()
          if !others.isEmpty {
            Progress.say("\(AcquirerFiles.leftAloneHead): \(AcquirerFiles.list(others))")
          }
          return outcomes
        }
        var outcomes: [(String, FundingOutcome)] = []
        for path in paths {
          guard let data = FileManager.default.contents(atPath: path) else {
            throw OwnerWords.unreadable(path)
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

    @Option(help: "Days that a capture may wait for its funding, 0 to 60.")
    var lag = 3

    func validate() throws {
      guard (0...60).contains(lag) else { throw ValidationError("--lag is 0 to 60 days.") }
    }

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
      var table = TextTable([
        ("category", .left), ("records", .right), ("amount", .right), ("of it in", .right),
        ("out", .right),
      ])
      for row in sums {
        table.add([
          row.category.rawValue, String(row.records), moneyText(row.minor, row.currency),
          moneyText(row.inMinor, row.currency), moneyText(row.outMinor, row.currency),
        ])
      }
      print(table.text)
      for row in rest {
        print(
          "\(row.category.rawValue): \(row.reference) \(moneyText(row.minor, row.currency)) "
            + (row.direction.map { "(\($0.rawValue)) " } ?? "")
            + "of \(row.day)\(row.windowID.map { ", window \($0)" } ?? "")"
            + "\(row.note.map { ": \($0)" } ?? "")")
      }
      let more = sums.remaindersInAll - Int64(rest.count)
      if more > 0 {
        print("and \(more) more, \(sums.remaindersInAll) in all: ask for fewer days to see them")
      }
      guard rest.isEmpty else { throw ExitCode(CommandFault.no) }
      print("everything matches")
    }
  }
}

/// Moves files between the folder of the acquirer and the books.
struct AcquirerFiles: Sendable {
  /// Most names of files that are told in one line.
  static let namesMax = 20
  /// What is said of files that nothing is taken by; their names follow.
  static let leftAloneHead = "funding files are left alone, for their names do not end in .csv"

  let folder: AcquirerFolder

  /// Makes all clearing files that are due, and writes those that were never given out; their names.
  func export(_ desk: ClearingFileDesk) async throws -> [String] {
    while try await desk.make() != nil {}
    let folder = folder
    return try await desk.giveOut { _ = try folder.write($0) }
  }

  /// Writes a clearing file again that was given out before and got lost; its name.
  func write(_ number: Int64, of desk: ClearingFileDesk) async throws -> [String] {
    guard let file = try await desk.remake(number) else {
      throw CommandFault("There is no clearing file \(number).", exitCode: CommandFault.no)
    }
    guard try folder.write(file) else {
      throw CommandFault("\(file.name) is there already.", exitCode: CommandFault.no)
    }
    return [file.name]
  }

  /// Takes all funding files that wait; one that cannot be taken keeps none behind it from it.
  ///
  /// Throws where the folder itself cannot be read.
  func take(_ desk: FundingDesk) async throws -> [(String, FundingOutcome)] {
    var outcomes: [(String, FundingOutcome)] = []
    for name in try folder.waiting(now: .now) {
      do {
        outcomes.append((name, try await take(name, desk)))
      } catch {
        outcomes.append((name, .failed("\(error)")))
      }
    }
    return outcomes
  }

  /// Names of the files that nothing is taken by.
  func leftAlone() throws -> [String] { try folder.leftAlone(now: .now) }

  /// Names of files in one line.
  static func list(_ names: [String]) -> String {
    let shown = names.prefix(namesMax).map { $0.quoted(bytesMax: AcquirerFolder.nameBytesMax) }
    let more = names.count > namesMax ? " and \(names.count - namesMax) more" : ""
    return shown.joined(separator: ", ") + more
  }

  private func take(_ name: String, _ desk: FundingDesk) async throws -> FundingOutcome {
    let bytes = try folder.read(name)
    let outcome = try await desk.take(bytes, name: name)
    let reason: String? = if case .refused(let why) = outcome { why } else { nil }
    guard try folder.move(name, holding: bytes, refusedBecause: reason) else {
      return .failed("another file of the same name came meanwhile; it is read next")
    }
    return outcome
  }
}

/// Where files lie that are exchanged with the acquirer.
struct AcquirerFolderOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Folder for clearing files; or set KVYTOK_ACQUIRER_OUT. (default: the service's, else DATA/acquirer/out)",
      valueName: "folder"))
  var acquirerOut: String?

  @Option(
    help: ArgumentHelp(
      "Folder of funding files; or set KVYTOK_ACQUIRER_IN. (default: the service's, else DATA/acquirer/in)",
      valueName: "folder"))
  var acquirerIn: String?

  /// The folder for clearing files: as it was told, else the service's; nil: in the data folder.
  func out(_ place: DatabasePlace, _ kept: KeptAcquirer) throws(CommandFault) -> String? {
    if let told = acquirerOut ?? Self.variable("KVYTOK_ACQUIRER_OUT") { return told }
    return try kept.out(for: place)
  }

  /// The folder of funding files: as it was told, else the service's; nil: in the data folder.
  func incoming(_ place: DatabasePlace, _ kept: KeptAcquirer) throws(CommandFault) -> String? {
    if let told = acquirerIn ?? Self.variable("KVYTOK_ACQUIRER_IN") { return told }
    return try kept.incoming(for: place)
  }

  private static func variable(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name]
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
    switch self {
    case .refused, .failed: true
    case .known, .taken: false
    }
  }

  var text: String {
    switch self {
    case .known(let number): "file \(number) was taken before; nothing changed"
    case .refused(let why): "refused: \(why)"
    case .failed(let why): "not taken, and stays: \(why)"
    case .taken(let number, let categories):
      "file \(number) taken: "
        + categories.sorted { $0.key.rawValue < $1.key.rawValue }
        .map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", ")
    }
  }
}
