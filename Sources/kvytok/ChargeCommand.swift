import ArgumentParser
import Basics
import Charging
import Clearing
import Store

/// Charge windows of bank cards.
struct ChargeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "charge", abstract: "Charge windows of bank cards.",
    subcommands: [Windows.self, Run.self, Show.self])

  struct Windows: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Counts and sums of the windows of fare days by state.")

    @Option(help: "First fare day.", transform: Day.argument)
    var date: Day

    @Option(help: "Last fare day; the first without it.", transform: Day.argument)
    var to: Day?

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let rows = try await Backbone.with(database) { backbone in
        try await backbone.store.read { db in
          try await db.charging.sums(from: date, to: to ?? date)
        }
      }
      var table = TextTable([
        ("fare day", .left), ("state", .left), ("windows", .right), ("amount", .right),
        ("due", .right),
      ])
      for row in rows {
        table.add([
          row.fareDay.description, row.state, String(row.windows),
          moneyText(row.amountMinor, row.currency), moneyText(row.dueMinor, row.currency),
        ])
      }
      print(table.text)
      if rows.isEmpty { print("no bank card rode on these days") }
    }
  }

  struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Closes what is over and asks the acquirer for what is due, until nothing is.")

    @OptionGroup var acquirer: AcquirerOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let (done, next, zone, held) = try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone, acquirer.place)
        var done = 0
        while true {
          let step = try await desks.charging.pass()
          done += step
          if step == 0 { break }
        }
        let zone = desks.city.current.clock.zone
        let held = try await backbone.store.read { try await $0.restores.hold() }
        return (done, desks.charging.nextClosing(after: .now), zone, held)
      }
      print("\(done) steps done")
      if let held { print(RestoredCommand.heldText(held)) }
      print("windows of \(next.fareDay) close at \(zone.iso8601(next.at))")
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "A window and all that happened to it.")

    @Argument(help: "Number of the window.")
    var window: Int64

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let (found, events) = try await Backbone.with(database) { backbone in
        try await backbone.store.read { db in
          (try await db.charging.find(window), try await db.charging.events(ofWindow: window))
        }
      }
      guard let row = found else {
        throw CommandFault("There is no window \(window).", exitCode: CommandFault.no)
      }
      let state = row.window
      print(
        "window \(row.id): fare day \(row.fareDay), rider \(row.rider), \(state.state.rawValue), "
          + "\(moneyText(state.amountMinor, row.currency)), "
          + "due \(moneyText(state.dueMinor, row.currency))")
      var table = TextTable([
        ("at", .left), ("what", .left), ("try", .right), ("amount", .right), ("by", .left),
        ("entry", .right), ("", .left),
      ])
      for event in events {
        table.add([
          event.at.iso8601(offsetSeconds: 0), event.kind, String(event.attempt),
          event.minor == 0 ? "" : moneyText(event.minor, row.currency), event.actor,
          event.entryID.map(String.init) ?? "",
          [event.reference, event.detail].compactMap { $0 }.joined(separator: "; "),
        ])
      }
      print(table.text)
    }
  }
}
