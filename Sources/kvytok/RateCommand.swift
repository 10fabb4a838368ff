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
      `kvytok rate --from 2026-11-01 --to 2026-11-07 --as FILE` gives the order and shows what it \
      changes. That is worked out first, by this command and by the service beside it, and goes on in \
      the service when the command is stopped (`kvytok rate list`). It is then carried out when the \
      changes of all riders together lie within the limit (`kvytok rate limit`, else \
      1,000.00); above it another person approves it. With --tariff a mended tariff is published with it, and holds from its first day on.
      A person is known by a token of their own: --as names a file that holds it, or it stands in \
      KVYTOK_TOKEN. It has the role admin or accountant.
      """,
    subcommands: [
      Order.self, Preview.self, Show.self, Approve.self, Refuse.self, List.self, Limit.self,
      Changes.self,
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

    func source() throws -> TariffSource? { try tariff.map { path in try TariffFolder.read(path) } }

    func preview(_ rerating: Rerating) async throws -> RatingPreview {
      let progress = Progress("Rating \(from) to \(to) anew, to see what changes")
      switch try await rerating.preview(
        from...to, tariff: try source(), progress: { progress.show($0) })
      {
      case .success(let preview):
        progress.end("\(preview.riderDays) rider-days of \(preview.riders) riders")
        return preview
      case .failure(let refusal):
        progress.end("not possible")
        throw CommandFault(refusal.description, exitCode: CommandFault.no)
      }
    }
  }

  struct Order: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Orders it, and shows what changes.")

    @OptionGroup var period: Period
    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await RateCommand.with(database) { rerating, store in
        let person = try await who.person(store)
        let outcome = try await rerating.ask(
          period.from...period.to, tariff: try period.source(), by: person, at: .now)
        let done = try await OrderWork(store).finish(try RateCommand.granted(outcome).id)
        print(RateCommand.text(try RatingPreview(kept: done.preview)))
        try RateCommand.tell(done)
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
        print(RateCommand.text(try await period.preview(rerating)))
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
        let approved = try RateCommand.granted(
          try await rerating.approve(order, by: person, at: .now))
        try RateCommand.tell(try await OrderWork(store).finish(approved.id))
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
        try RateCommand.tell(
          try RateCommand.granted(try await rerating.refuse(order, by: person, at: .now)))
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
            order.state.rawValue + (order.share.map { " \(Int($0 * 100)) %" } ?? ""),
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

  /// The order that came of a wish; throws when there is none.
  static func granted(_ outcome: ReratingOutcome) throws -> ReratingOrder {
    switch outcome {
    case .ordered(let order): return order
    case .refused(let why): throw CommandFault(why, exitCode: CommandFault.no)
    }
  }

  /// Says what became of an order; throws when it could not be carried out.
  static func tell(_ order: ReratingOrder) throws {
    if let fault = order.fault { throw CommandFault(fault, exitCode: CommandFault.no) }
    switch order.state {
    case .requested:
      print("order \(order.id) waits for another person: kvytok rate approve \(order.id)")
    case .refused: print("order \(order.id) is refused")
    case .previewed: print("order \(order.id) only shows what would change")
    case .previewing, .approved, .looking:
      print("order \(order.id): what it changes is being worked out")
    case .marking, .done:
      print("order \(order.id): \(order.staleDays ?? 0) rider-days are being rated anew")
    }
  }

  /// What would change, as tables.
  static func text(_ preview: RatingPreview) -> String {
    func money(_ minor: Int64, _ currency: Currency) -> String {
      Money(minor: minor, currency: currency).majorText
    }
    // No fare is not the fare of nothing.
    func known(_ minor: Int64, _ currency: Currency, without fares: Int) -> String {
      money(minor, currency) + (fares == 0 ? "" : " and \(fares) without a fare")
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
        known(change.beforeMinor, change.currency, without: change.withoutFareBefore),
        known(change.afterMinor, change.currency, without: change.withoutFareAfter),
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
