import ArgumentParser
import Basics
import Store

/// What a restored database needs before it is served.
struct RestoredCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restored",
    abstract: "Makes a database that was restored from a backup fit to be served.",
    discussion: """
      The acquirer, the bank and the validators know numbers that were given after the backup. They are \
      moved ahead, so that none is given again, and the deny list begins another line of versions. Run it \
      once after each restore, before `kvytok serve`. What to look at is printed.
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
        - cards: the newest charge is of \(moment(state.newestChargeAt)); windows that were captured since are \
      charged again unless you compare them with the acquirer's records (kvytok charge windows)
        - payouts and claims given to the bank or the city since: their names are on statements, and nothing here
      """
  }
}
