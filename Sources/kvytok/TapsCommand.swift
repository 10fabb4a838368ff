import ArgumentParser
import Basics
import Store

/// Where the taps are.
struct TapsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "taps",
    abstract: "Counts taps, lists those that are stuck, and corrects the stops of taps.",
    subcommands: [
      States.self, Stuck.self, Listed.self, Correct.self, Corrections.self, Approve.self,
      Refuse.self,
    ])

  struct States: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "states",
      abstract: "How many taps are where; the sum is the number that the journal took.")

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let counts = try await Backbone.with(database) { backbone in
        try await backbone.store.read { db in try await db.tapStates.counts() }
      }
      var table = TextTable([("state", .left), ("taps", .right)])
      for state in TapState.allCases {
        table.add([state.rawValue, String(counts.counts[state, default: 0])])
      }
      table.add(["journalled", String(counts.journalled)])
      print(table.text)
      if counts.conflicts > 0 {
        print("\(counts.conflicts) other contents under known numbers are kept beside")
      }
      guard counts.missing == 0 else {
        throw CommandFault(
          "\(counts.missing) taps of the journal are in no state or in two. Run `kvytok ledger "
            + "verify`.", exitCode: CommandFault.no)
      }
    }
  }

  struct Stuck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "stuck",
      abstract: "Lists taps that do not go on, with their age and the reason; oldest first.")

    @Option(
      help: "One state only: \(TapState.allCases.map(\.rawValue).joined(separator: ", ")).",
      transform: { text in
        guard let state = TapState(rawValue: text) else {
          throw ValidationError("There is no state \(text).")
        }
        return state
      })
    var state: TapState?
    @Option(help: "Those after so many others, as the list before it named it; of one state.")
    var after: Int = 0

    @OptionGroup var database: DatabaseOptions

    func validate() throws {
      guard (0...TapStateTables.skippedMax).contains(after) else {
        throw ValidationError("--after is a number from 0 to \(TapStateTables.skippedMax).")
      }
      if after > 0, state == nil { throw ValidationError("--after goes with --state.") }
    }

    func run() async throws {
      let states = state.map { [$0] } ?? TapState.allCases
      let now = Instant.now
      let stuck = try await Backbone.with(database) { backbone in
        let holder = CityHolder()
        try await holder.reload(from: backbone.store)
        let city = holder.current
        return try await backbone.store.read { db in
          var stuck: [StuckTaps] = []
          for state in states {
            stuck += try await db.tapStates.stuck(in: state, after: after, at: now, of: city)
          }
          return stuck
        }
      }
      var table = TextTable([
        ("state", .left), ("where", .left), ("taps", .right), ("age", .right), ("reason", .left),
      ])
      for taps in stuck {
        table.add([
          taps.state.rawValue, taps.place, String(taps.taps),
          Self.age(seconds: now.seconds - taps.since.seconds), taps.reason,
        ])
      }
      print(stuck.isEmpty ? (after == 0 ? "no tap is stuck" : "No more.") : table.text)
      for state in stuck.cutStates {
        let named = after == 0 ? "the \(TapStateTables.stuckMax) that have waited longest; " : ""
        print(
          "\(state.rawValue): \(named)there may be more: --state \(state.rawValue) --after "
            + "\(after + TapStateTables.stuckMax)")
      }
    }

    /// A span in the largest unit that fits.
    private static func age(seconds: Int64) -> String {
      switch seconds {
      case 172_800...: "\(seconds / 86_400) d"
      case 7200...: "\(seconds / 3600) h"
      case 120...: "\(seconds / 60) min"
      default: "\(max(0, seconds)) s"
      }
    }
  }
}
