import ArgumentParser
import Basics
import Clearing
import Store

/// Accepts what the proof finds about a row: one person asks, another agrees.
struct LedgerAccept: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "accept",
    abstract: "Accepts a finding of `ledger verify` about a row, by two people.",
    discussion: """
      The finding is kept, and each `ledger verify` tells who accepted it, when and why. A further \
      change of the row is a new finding. Findings about sums, entries and fares cannot be accepted: \
      they are put right by `ledger adjust`, or by rating anew.
      """, subcommands: [Request.self, Approve.self, Refuse.self, List.self])

  struct Request: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "request", abstract: "Asks for a finding to be accepted.")

    @Argument(help: "The table, as the finding names it.")
    var table: String

    @Argument(help: "The row, as the finding names it.")
    var row: String

    @Option(help: "What was looked at, and why it is right as it is.")
    var reason: String

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await LedgerAccept.tell(database, who) { acceptance, by in
        try await acceptance.request(table: table, key: row, reason: reason, by: by, at: .now)
      }
    }
  }

  struct Approve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "approve", abstract: "Accepts a finding that another person asked for.")

    @Argument(help: "Its number.")
    var number: Int64

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await LedgerAccept.tell(database, who) { acceptance, by in
        try await acceptance.decide(number, isAccepted: true, by: by, at: .now)
      }
    }
  }

  struct Refuse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "refuse", abstract: "Leaves a finding what it is.")

    @Argument(help: "Its number.")
    var number: Int64

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await LedgerAccept.tell(database, who) { acceptance, by in
        try await acceptance.decide(number, isAccepted: false, by: by, at: .now)
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "Lists findings that people have looked at, the newest first.")

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let rows = try await Backbone.with(database) { backbone in
        try await backbone.store.read { db in try await db.acceptedFindings.list() }
      }
      var table = TextTable([
        ("number", .right), ("state", .left), ("table", .left), ("row", .left),
        ("finding", .left), ("asked by", .left), ("decided by", .left), ("reason", .left),
      ])
      for row in rows {
        table.add([
          String(row.number), row.state.rawValue, row.table, row.rowKey, row.finding,
          row.requestedBy, row.decidedBy ?? "", row.reason,
        ])
      }
      print(rows.isEmpty ? "nobody has asked for a finding to be accepted" : table.text)
    }
  }

  private static func tell(
    _ options: DatabaseOptions, _ who: PersonOptions,
    _ body: (FindingAcceptance, String) async throws -> AcceptanceOutcome
  ) async throws {
    let outcome = try await Backbone.with(options) { backbone in
      let by = try await who.person(backbone.store).label
      return try await body(FindingAcceptance(store: backbone.store), by)
    }
    func no(_ text: String) -> CommandFault { CommandFault(text, exitCode: CommandFault.no) }
    switch outcome {
    case .requested(let number, let finding):
      print("the row \(finding)")
      print("it waits for another person: kvytok ledger accept approve \(number)")
    case .accepted: print("accepted; each proof tells it from now on")
    case .refused: print("refused; it stays a finding")
    case .nothingFound: throw no("The proof finds nothing about this row.")
    case .changedSince:
      throw no("The row is another one than when it was asked for: look at it, and ask anew.")
    case .unknown:
      throw no("There is no such table of money, or nothing of that number; see `accept list`.")
    case .decided(let state): throw no("It was \(state.rawValue) before.")
    case .ownRequest: throw no("Who asks for it may not decide on it: ask another person.")
    case .nameless: throw no("Give the reason; it may not be empty.")
    }
  }
}
