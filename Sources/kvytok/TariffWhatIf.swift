import ArgumentParser
import Basics
import Clearing
import Store
import Tariff

extension TariffCommand {
  struct WhatIfCommand: AsyncParsableCommand {
    /// How the comparison is written.
    enum Format: String, CaseIterable, ExpressibleByArgument {
      case table, csv
    }

    static let configuration = CommandConfiguration(
      commandName: "what-if",
      abstract: "Replays recorded taps under a draft; compares revenue and riders.",
      discussion: """
        The draft's last version is taken as if it held from the first day on, whatever its own \
        effective date is. Nothing is written.
        """)

    @Option(help: ArgumentHelp("The draft's folder.", valueName: "folder"))
    var tariff: String

    @Option(help: "First fare day.", transform: Day.argument)
    var from: Day

    @Option(help: "Last fare day.", transform: Day.argument)
    var to: Day

    @Option(help: "table or csv (amounts in minor units).")
    var format = Format.table

    @OptionGroup var database: DatabaseOptions

    func validate() throws {
      guard from <= to else { throw ValidationError("--from is after --to.") }
    }

    func run() async throws {
      let versions = try TariffFolder.book(tariff).versions
      let draft = versions[versions.count - 1]
      let progress = Progress("Replaying \(from) to \(to) under \(draft.version)")
      let answer = try await Backbone.with(database) { backbone in
        let city = CityHolder()
        try await city.reload(from: backbone.store)
        return try await WhatIfReplay(store: backbone.store, city: city.current)
          .run(draft: draft, over: from...to) { progress.show($0) }
      }
      guard let answer else {
        progress.end("nothing to compare with")
        throw CommandFault(
          "No tariff is published. Publish one: kvytok tariff publish PATH",
          exitCode: CommandFault.no)
      }
      progress.end(
        "\(answer.taps) taps of \(answer.riders) riders on \(answer.riderDays) rider-days")
      if answer.staleDays > 0 {
        Progress.say(
          "\(answer.staleDays) of these rider-days wait for their rating: the books differ yet")
      }
      switch format {
      case .csv: print(answer.comparison.csv, terminator: "")
      case .table: print(Self.table(answer.comparison))
      }
    }

    private static func table(_ comparison: WhatIf) -> String {
      var revenue = TextTable([
        ("by", .left), ("name", .left), ("rides", .right), ("now", .right), ("draft", .right),
        ("difference", .right), ("", .left),
      ])
      for line in comparison.lines {
        let currency = Currency(line.currency)
        let text = { (minor: Int64) in
          currency.map { Money(minor: minor, currency: $0).majorText } ?? String(minor)
        }
        revenue.add([
          line.group, line.name.isEmpty ? "–" : line.name, String(line.rides),
          text(line.nowMinor), text(line.draftMinor), text(line.draftMinor - line.nowMinor),
          line.currency,
        ])
      }
      var riders = TextTable([("riders", .left), ("count", .right)])
      riders.add(["pay more", String(comparison.ridersMore)])
      riders.add(["pay less", String(comparison.ridersLess)])
      riders.add(["pay the same", String(comparison.ridersSame)])
      riders.add(["rides without a known fare, now", String(comparison.unknownRides.now)])
      riders.add(["rides without a known fare, draft", String(comparison.unknownRides.draft)])
      var changes = TextTable([
        ("largest changes (minor units)", .left), ("now", .right), ("draft", .right),
        ("difference", .right),
      ])
      for change in comparison.largestChanges {
        changes.add([
          change.rider, String(change.nowMinor), String(change.draftMinor),
          String(change.draftMinor - change.nowMinor),
        ])
      }
      return [revenue.text, riders.text, changes.text].joined(separator: "\n\n")
    }
  }
}
