import ArgumentParser
import Basics
import Clearing
import Store
import Tapping

/// Impossible taps: shows them, and lets a person decide.
struct QuarantineCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quarantine",
    abstract: "Shows impossible taps; lets them through or turns them down.",
    subcommands: [List.self, Release.self, Discard.self])

  /// Which tap.
  struct TapOptions: ParsableArguments {
    @Argument(help: "Id of the validator.")
    var device: String
    @Argument(help: "Epoch of its counter.")
    var epoch: Int64
    @Argument(help: "Number of the tap.")
    var seq: Int64

    var name: TapName { TapName(device: device, epoch: epoch, seq: seq) }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "Lists impossible taps with their reasons.")

    @Option(help: "held, released, discarded or all.")
    var state: String = QuarantineState.held.rawValue
    @Option(help: "Only of this validator.")
    var device: String?
    @OptionGroup var database: DatabaseOptions

    func validate() throws {
      guard state == "all" || QuarantineState(rawValue: state) != nil else {
        throw ValidationError("--state is held, released, discarded or all.")
      }
    }

    func run() async throws {
      let taps = try await Backbone.with(database) { backbone in
        let desk = QuarantineDesk(store: backbone.store, log: .quiet)
        var all: [QuarantineRecord] = []
        while true {
          let page = try await desk.list(
            state: QuarantineState(rawValue: state), device: device, after: all.last?.name)
          guard !page.isEmpty else { return all }
          all += page
        }
      }
      var table = TextTable([
        ("device", .left), ("epoch", .right), ("tap", .right), ("state", .left), ("code", .left),
        ("received", .left), ("decided", .left), ("by", .left), ("reason", .left),
        ("content", .left),
      ])
      for tap in taps {
        table.add([
          tap.name.device, String(tap.name.epoch), String(tap.name.seq), tap.state.rawValue,
          tap.code, tap.receivedAt.description, tap.decidedAt?.description ?? "",
          tap.decidedBy ?? "", tap.reason ?? "", tap.content,
        ])
      }
      print(taps.isEmpty ? "No such tap is in quarantine." : table.text)
    }
  }

  struct Release: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "release",
      abstract: "Lets a tap through: it is sorted and rated like one that came late.")

    @OptionGroup var tap: TapOptions
    @Option(help: "When it really was, with an offset.", transform: Self.instant)
    var at: Instant?
    @Option(help: "How many really rode.")
    var riders: Int?
    @OptionGroup var actor: ActorOptions
    @OptionGroup var database: DatabaseOptions

    private static func instant(_ text: String) throws -> Instant {
      guard let instant = Instant(iso8601: text) else {
        throw ValidationError("\(text) is no time; write 2026-11-22T08:00:00+02:00.")
      }
      return instant
    }

    func run() async throws {
      try await QuarantineCommand.decide(actor, database) { desk, name in
        try await desk.release(
          tap.name, correction: TapCorrection(at: at, riders: riders), by: name,
          reason: actor.reason ?? "", at: .now)
      }
      print("\(tap.device) epoch \(tap.epoch) tap \(tap.seq) released")
    }
  }

  struct Discard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "discard", abstract: "Turns a tap down; it stays visible with the reason.")

    @OptionGroup var tap: TapOptions
    @OptionGroup var actor: ActorOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await QuarantineCommand.decide(actor, database) { desk, name in
        try await desk.discard(tap.name, by: name, reason: actor.reason ?? "", at: .now)
      }
      print("\(tap.device) epoch \(tap.epoch) tap \(tap.seq) discarded")
    }
  }

  private static func decide(
    _ actor: ActorOptions, _ database: DatabaseOptions,
    _ body: (QuarantineDesk, String) async throws -> QuarantineRecord
  ) async throws {
    do {
      _ = try await Backbone.with(database) { backbone in
        try await body(
          QuarantineDesk(store: backbone.store, log: .quiet),
          try await actor.name(backbone.store))
      }
    } catch let refusal as QuarantineRefusal {
      throw CommandFault(refusal.message, exitCode: CommandFault.no)
    }
  }
}
