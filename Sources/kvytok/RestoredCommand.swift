import ArgumentParser
import Basics
import Store

/// What a restored database needs before it is served.
struct RestoredCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restored",
    abstract: "Makes a database that was restored from a backup fit to be served.",
    subcommands: [Begin.self, Release.self], defaultSubcommand: Begin.self)

  /// What ends a hold.
  static let howToRelease =
    "Compare with the acquirer what it took since the backup (operating.md, Backup, restore, upgrade), then: "
    + "kvytok restored release --as FILE"

  /// Says that the acquirer is asked nothing.
  static func heldText(_ held: String) -> String {
    "Charging is held since \(held): the acquirer is asked nothing. \(howToRelease)"
  }
}

extension RestoredCommand {
  /// What a restored database needs before it is served.
  struct Begin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Moves numbers known outside ahead, and holds what the acquirer would be asked.",
      discussion: """
        The acquirer, the bank and the validators know numbers that were given after the backup. They are \
        moved ahead, so that none is given again, and the deny list begins another line of versions. The \
        acquirer is asked nothing until `kvytok restored release`. Run it once after each restore, before \
        `kvytok serve`. What to look at is printed.
        """)

    @OptionGroup var person: PersonOptions
    @Option(help: "How far numbers move ahead; another one when the same backup is restored again.")
    var ahead: Int64 = RestoreQueries.aheadStandard
    @OptionGroup var database: DatabaseOptions

    func validate() throws {
      guard (1...RestoreQueries.aheadMax).contains(ahead) else {
        throw ValidationError("--ahead is a number from 1 to \(RestoreQueries.aheadMax).")
      }
    }

    func run() async throws {
      let ahead = ahead
      let (base, state) = try await Backbone.with(database) { backbone in
        let by = try await person.person(backbone.store, roles: [])
        let now = Instant.now
        return try await backbone.store.write { db in
          guard try await !db.restores.isServed() else {
            throw CommandFault(
              "A service runs on this database: stop it first, for it gives numbers out.",
              exitCode: CommandFault.no)
          }
          let state = try await db.restores.state(at: now)
          return (try await db.restores.begin(by: by.label, ahead: ahead, at: now), state)
        }
      }
      print(
        "Numbers known outside moved ahead by \(ahead); the deny list goes on at version \(base).")
      print("")
      print(Self.whatToLookAt(state))
      print("")
      print("Charging is held: the acquirer is asked nothing. \(RestoredCommand.howToRelease)")
    }

    private static func whatToLookAt(_ state: RestoredState) -> String {
      func moment(_ moment: Instant?) -> String { moment?.description ?? "never" }
      return """
        What came after the backup is lost here, and others remember it. Look at:
          - tokens: \(state.tokensHolding) hold, the newest of \(moment(state.newestTokenAt)); those revoked \
        since hold again (kvytok token list)
          - validators: \(state.devicesActive) are active; those revoked since are again, those enrolled and keys \
        changed since are answered 401: enrol them anew (kvytok device list)
          - taps: the newest batch is of \(moment(state.newestBatchAt)); those acknowledged since show as gaps unless \
        validators still have them (kvytok device gaps)
          - cards: the newest charge is of \(moment(state.newestChargeAt)), the last fare day closed is \
        \(state.closedThrough?.description ?? "none"): windows of later days get other numbers, and what the acquirer \
        took for them is not known here. \(state.windowsToAsk) windows and \(state.refundsToAsk) refunds are due or \
        asked, and what became of them since is not known either (kvytok charge windows)
          - daily files: \(state.windowsAuthorised) of these windows are authorised. They, and the refunds, may have been \
        in clearing files since, and are given again after the release: take the acquirer's funding files since the backup \
        before (kvytok acquirer import)
          - payouts and claims given to the bank or the city since: their names are on statements, and nothing here
        """
    }
  }
}

extension RestoredCommand {
  /// Ends the hold after a restore.
  struct Release: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Lets the acquirer be asked again, once it was compared what it took since the backup.")

    @OptionGroup var person: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let held = try await Backbone.with(database) { backbone in
        let by = try await person.person(backbone.store, roles: [])
        return try await backbone.store.write { db in
          try await db.restores.release(by: by.label, at: .now)
        }
      }
      guard let held else { throw CommandFault("Nothing is held.", exitCode: CommandFault.no) }
      print("The acquirer is asked what is due. It was asked nothing since \(held).")
    }
  }
}
