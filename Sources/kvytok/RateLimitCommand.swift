import ArgumentParser
import Basics
import Clearing
import Store
import Web

extension PastOutcome {
  /// What was done; a change that waits for another person is the answer "no".
  func orWaits() throws -> Done {
    switch self {
    case .done(let done): return done
    case .waits(let row):
      throw CommandFault(
        "change \(row.id) waits for another person, who gives the same command with a token of their "
          + "own. \(row.waitingText)", exitCode: CommandFault.no)
    }
  }
}

extension RateCommand {
  struct Limit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows what one person may change of fares alone; with a number, sets it.",
      discussion: """
        The number is minor units of each currency: 100000 is 1,000.00. It is set when two people, each \
        with a token of their own, give the same number within 7 days. With 0 every change of a fare \
        takes two people. Below nothing every order does: write it after --, as in \
        `kvytok rate limit --as FILE -- -1`.
        """)

    @Argument(help: "The new limit, in minor units; one below zero at the end, after --: -- -1.")
    var minor: Int64?

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await RateCommand.withPast(database) { desk, store in
        if let minor {
          let person = try await who.person(store)
          _ = try await desk.setLimit(minor, by: person, at: .now).orWaits()
        }
        let limit = try await desk.limit(at: .now)
        print(
          "one person may change \(limit.minor) minor units within \(Rerating.aloneHours) hours")
        if let set = limit.set, let second = set.decidedBy, let moment = set.decidedAt {
          print("set by \(set.requestedBy.label) and \(second.label), \(moment)")
        } else {
          print("nobody set it by this command")
        }
        if let waiting = limit.waiting {
          print(
            "\(waiting.what), asked for by \(waiting.requestedBy.label) at \(waiting.requestedAt), "
              + "waits for another person")
        }
      }
    }
  }

  struct Changes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists places, proofs, merges and limits that changed fares of before, or wait.",
      discussion: """
        What waits is done when another person gives the same command: `kvytok device assign`, `kvytok \
        rider add-entitlement` or `withdraw-entitlement`, `kvytok rider merge`, `kvytok rider register \
        --account-reference` or `kvytok rate limit`. It names the rider, or the medium of a link; `kvytok rider \
        media` tells who asked and why. Of a paper the kind is told: another number is another change.
        """)

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await RateCommand.withPast(database) { desk, _ in
        var table = TextTable([
          ("change", .right), ("what", .left), ("state", .left), ("change (minor)", .right),
          ("asked by", .left), ("at", .left), ("decided by", .left),
        ])
        for row in try await desk.list(at: .now) {
          table.add([
            String(row.id), row.shownText, row.state.rawValue,
            row.changeMinor.map(String.init) ?? "–", row.requestedBy.label,
            row.requestedAt.description, row.decidedBy?.label ?? "",
          ])
        }
        print(table.text)
      }
    }
  }

  private static func withPast(
    _ database: DatabaseOptions, _ body: (PastDesk, Store) async throws -> Void
  ) async throws {
    try await Backbone.with(database) { backbone in
      let city = CityHolder()
      try await city.reload(from: backbone.store)
      try await body(PastDesk(store: backbone.store, city: city, log: .quiet), backbone.store)
    }
  }
}
