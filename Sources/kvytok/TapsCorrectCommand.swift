import ArgumentParser
import Basics
import Clearing
import Store
import Tariff

extension TapsCommand {
  /// Who may say where a tap was; who decides about it is an accountant.
  private static let correcting: Set<AccessRole> = [.accountant, .dispatcher]

  struct Correct: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "correct",
      abstract: "Says at which stop a tap was, or withdraws that.",
      discussion: """
        Of a tap on it is where the rider boarded, of a tap off where they got off. It counts before \
        what the validator told and what is inferred, until it is withdrawn; the rider's day is rated \
        anew and the difference is booked. When that changes the rider's fares by more than one person \
        may order (`kvytok rate limit`, else 1,000.00), it waits until another person \
        approves it. The person is known by a token (--as) and is an admin, an accountant or a \
        dispatcher.
        """)

    @OptionGroup var tap: QuarantineCommand.TapOptions
    @Option(help: "The stop, as the network names it (stop_id).")
    var stop: String?
    @Flag(help: "Withdraws what was corrected: the tap counts as it was told or inferred.")
    var withdraw = false
    @Flag(help: "The line of the tap does not call at the stop, and yet it was there.")
    var offRoute = false
    @Option(help: "Why, for the record.")
    var reason: String
    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func validate() throws {
      guard withdraw == (stop == nil) else {
        throw ValidationError("Name the stop with --stop, or withdraw with --withdraw.")
      }
    }

    func run() async throws {
      try await TapsCommand.act(database, who, roles: TapsCommand.correcting) { desk, person in
        try await desk.correct(
          tap.name, to: stop, isOffRoute: offRoute, reason: reason, by: person, at: .now)
      }
    }
  }

  struct Approve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "approve", abstract: "Approves another person's correction that waits.")

    @Argument(help: "Number of the correction.")
    var correction: Int64
    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await TapsCommand.act(database, who, roles: [.accountant]) { desk, person in
        try await desk.decide(correction, isApproved: true, by: person, at: .now)
      }
    }
  }

  struct Refuse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "refuse",
      abstract: "Refuses a correction that waits; who asked for it may take it back.")

    @Argument(help: "Number of the correction.")
    var correction: Int64
    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await TapsCommand.act(database, who, roles: [.accountant]) { desk, person in
        try await desk.decide(correction, isApproved: false, by: person, at: .now)
      }
    }
  }

  struct Corrections: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "corrections",
      abstract: "Lists what persons said about the stops of taps, the newest first.")

    @Option(
      help: "One state only: requested, standing, superseded or refused.",
      transform: { text in
        guard let state = StopCorrectionState(rawValue: text) else {
          throw ValidationError("There is no state \(text).")
        }
        return state
      })
    var state: StopCorrectionState?
    @Option(help: "Only of this validator.")
    var device: String?
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let rows = try await Backbone.with(database) { backbone in
        try await StopCorrectionDesk(store: backbone.store, city: CityHolder(), log: .quiet)
          .list(state: state, device: device)
      }
      var table = TextTable([
        ("correction", .right), ("device", .left), ("epoch", .right), ("tap", .right),
        ("day", .left), ("from", .left), ("to", .left), ("change (minor)", .right),
        ("state", .left), ("asked by", .left), ("decided by", .left), ("reason", .left),
      ])
      for row in rows {
        table.add([
          String(row.id), row.tap.device, String(row.tap.epoch), String(row.tap.seq),
          row.fareDay.description, row.fromStop ?? "–", row.stop ?? "withdrawn",
          String(row.changeMinor), row.state.rawValue, row.requestedBy.label,
          row.decidedBy?.label ?? "", row.reason,
        ])
      }
      print(rows.isEmpty ? "No stop was corrected." : table.text)
      if rows.count == StopCorrectionTables.pageMax {
        Progress.say("These are the newest \(rows.count); ask for one validator or one state.")
      }
    }
  }

  /// By how much fares change, in the currency of the day.
  private static func text(ofChange row: StopCorrectionRow, in city: City) -> String {
    guard row.changeMinor != 0 else { return "no fare changes" }
    guard let currency = city.book?.tariff(on: row.fareDay)?.currency else {
      return "fares change by \(row.changeMinor) minor units"
    }
    return "fares change by \(Money(minor: row.changeMinor, currency: currency))"
  }

  private static func act(
    _ database: DatabaseOptions, _ who: PersonOptions, roles: Set<AccessRole>,
    _ body: (StopCorrectionDesk, Person) async throws -> StopCorrectionRow
  ) async throws {
    do {
      let (row, change) = try await Backbone.with(database) { backbone in
        let city = CityHolder()
        try await city.reload(from: backbone.store)
        let person = try await who.person(backbone.store, roles: roles)
        let row = try await body(
          StopCorrectionDesk(store: backbone.store, city: city, log: .quiet), person)
        return (row, Self.text(ofChange: row, in: city.current))
      }
      switch row.state {
      case .requested:
        print(
          "correction \(row.id) waits for another person: kvytok taps approve \(row.id)")
      case .standing:
        print(
          "correction \(row.id): \(row.fromStop ?? "no stop") → \(row.stop ?? "as it was told"), "
            + change)
      case .superseded, .refused: print("correction \(row.id) is \(row.state.rawValue)")
      }
    } catch let refusal as StopCorrectionRefusal {
      throw CommandFault(refusal.message, exitCode: CommandFault.no)
    }
  }
}
