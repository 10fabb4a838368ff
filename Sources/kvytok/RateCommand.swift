import ArgumentParser
import Basics
import Clearing
import Foundation
import Store
import Tariff

/// Orders to rate fare days anew.
struct RateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rate",
    abstract: "Rates fare days anew: shows what changes, and has large changes approved.",
    discussion: """
      `kvytok rate --from 2026-11-01 --to 2026-11-07 --as FILE` shows what would change and gives \
      the order. It is carried out at once when the changes of all riders together lie within the \
      limit (the setting rerating_limit_minor, else 1,000.00); above it another person approves it. \
      With --tariff a mended tariff is published with it, and holds from its first day on.
      A person is known by a token of their own: --as names a file that holds it, or it stands in \
      KVYTOK_TOKEN. It has the role admin or accountant.
      """,
    subcommands: [
      Order.self, Preview.self, Show.self, Approve.self, Refuse.self, List.self,
    ],
    defaultSubcommand: Order.self)

  /// The period of an order, and the tariff that comes with it.
  struct Period: ParsableArguments {
    @Option(help: "First fare day.", transform: Day.argument)
    var from: Day

    @Option(help: "Last fare day.", transform: Day.argument)
    var to: Day

    @Option(help: ArgumentHelp("Folder of a mended tariff.", valueName: "folder"))
    var tariff: String?

    func validate() throws {
      guard from <= to else { throw ValidationError("--from is after --to.") }
    }

    func preview(_ rerating: Rerating) async throws -> (RatingPreview, TariffSource?) {
      let source = try tariff.map { path in try TariffFolder.read(path) }
      let progress = Progress("Rating \(from) to \(to) anew, to see what changes")
      switch try await rerating.preview(
        from...to, tariff: source, progress: { progress.show($0) })
      {
      case .success(let preview):
        progress.end("\(preview.riderDays) rider-days of \(preview.riders) riders")
        return (preview, source)
      case .failure(let refusal):
        progress.end("not possible")
        throw CommandFault(refusal.description, exitCode: CommandFault.no)
      }
    }
  }

  struct Order: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows what changes, and orders it.")

    @OptionGroup var period: Period
    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await RateCommand.with(database) { rerating, store in
        let person = try await who.person(store)
        let (preview, tariff) = try await period.preview(rerating)
        print(RateCommand.text(preview))
        try RateCommand.tell(
          try await rerating.order(
            period.from...period.to, tariff: tariff, preview: preview, by: person, at: .now))
      }
    }
  }

  struct Preview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows what changes; orders nothing.")

    @OptionGroup var period: Period
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await RateCommand.with(database) { rerating, _ in
        print(RateCommand.text(try await period.preview(rerating).0))
      }
    }
  }

  struct Approve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Approves an order of another person, and carries it out.")

    @Argument(help: "Number of the order.")
    var order: Int64

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await RateCommand.with(database) { rerating, store in
        let person = try await who.person(store)
        let outcome = try await rerating.approve(order, by: person, at: .now)
        guard case .ordered(let approved) = outcome, approved.previewPlace != nil else {
          return try RateCommand.tell(outcome)
        }
        let compared = try await ImportWork(store).finish(order)
        guard compared.state != .requested else {
          throw CommandFault(
            "Order \(order) would change fares by \(compared.changeMinor) minor units now, and was "
              + "shown with \(approved.changeMinor): see `kvytok rate show \(order)`, and approve it anew.",
            exitCode: CommandFault.no)
        }
        try RateCommand.tell(.ordered(compared))
      }
    }
  }

  struct Refuse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Refuses an order; who asked for it may take it back.")

    @Argument(help: "Number of the order.")
    var order: Int64

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await RateCommand.with(database) { rerating, store in
        let person = try await who.person(store)
        try RateCommand.tell(try await rerating.refuse(order, by: person, at: .now))
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists orders, the newest first.")

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await RateCommand.with(database) { rerating, _ in
        var table = TextTable([
          ("order", .right), ("from", .left), ("to", .left), ("of", .left), ("state", .left),
          ("change (minor)", .right), ("asked by", .left), ("decided by", .left),
          ("rider-days", .right),
        ])
        for order in try await rerating.list() {
          table.add([
            String(order.id), order.firstDay.description, order.lastDay.description,
            order.feedID.map { "network \($0)" } ?? (order.tariffSource == nil ? "" : "tariff"),
            order.state.rawValue
              + (order.previewPlace.map { " \(Int($0.share * 100)) %" } ?? ""),
            String(order.changeMinor), order.requestedBy.label,
            order.decidedBy?.label ?? "", order.staleDays.map(String.init) ?? "",
          ])
        }
        print(table.text)
      }
    }
  }

  static func with(
    _ database: DatabaseOptions, _ body: (Rerating, Store) async throws -> Void
  ) async throws {
    try await Backbone.with(database) { backbone in
      let city = CityHolder()
      try await city.reload(from: backbone.store)
      try await body(Rerating(store: backbone.store, city: city.current), backbone.store)
    }
  }

  /// Says what became of an order; throws when it was refused.
  static func tell(_ outcome: ReratingOutcome) throws {
    switch outcome {
    case .refused(let why): throw CommandFault(why, exitCode: CommandFault.no)
    case .ordered(let order):
      switch order.state {
      case .requested:
        print("order \(order.id) waits for another person: kvytok rate approve \(order.id)")
      case .refused: print("order \(order.id) is refused")
      case .previewing: print("order \(order.id): what it changes is being worked out")
      case .approved, .done:
        print("order \(order.id): \(order.staleDays ?? 0) rider-days are being rated anew")
      }
    }
  }

  /// What would change, as tables.
  static func text(_ preview: RatingPreview) -> String {
    func money(_ minor: Int64, _ currency: Currency) -> String {
      Money(minor: minor, currency: currency).majorText
    }
    var counts = TextTable([("", .left), ("count", .right)])
    for (name, value) in preview.counts {
      counts.add([name.replacing("_", with: " "), String(value)])
    }
    for (currency, minor) in preview.placed.sorted(by: { $0.key.code < $1.key.code }) {
      counts.add(["changed by taps placed anew, \(currency.code)", money(minor, currency)])
    }
    var operators = TextTable([
      ("operator", .left), ("rides reversed", .right), ("rides added", .right),
      ("before", .right), ("after", .right), ("difference", .right), ("", .left),
    ])
    for change in preview.operators {
      operators.add([
        change.operatorID ?? "–", String(change.ridesReversed), String(change.ridesAdded),
        money(change.beforeMinor, change.currency), money(change.afterMinor, change.currency),
        money(change.afterMinor - change.beforeMinor, change.currency), change.currency.code,
      ])
    }
    var riders = TextTable([
      ("largest changes", .left), ("before", .right), ("after", .right), ("", .left),
    ])
    for change in preview.largest {
      riders.add([
        change.rider.description, money(change.beforeMinor, change.currency),
        money(change.afterMinor, change.currency), change.currency.code,
      ])
    }
    return [counts.text, operators.text, riders.text].joined(separator: "\n\n")
  }
}
