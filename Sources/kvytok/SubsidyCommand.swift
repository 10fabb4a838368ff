import ArgumentParser
import Basics
import Charging
import Clearing
import Foundation
import Store

/// What the city pays for concessions.
struct SubsidyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "subsidy", abstract: "What the city pays for free and reduced rides.",
    subcommands: [Rate.self, Claim.self, Evidence.self, Paid.self])

  struct Rate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes down what the city pays for one ride of a category.")

    @Argument(help: "Category, as the tariff calls it.")
    var category: String

    @Option(help: "Minor units for one ride of one person.")
    var minor: Int64

    @Option(help: "Currency.")
    var currency = "UAH"

    @Option(help: "First fare day.", transform: Day.argument)
    var from: Day

    @Option(help: "Last fare day; until another rate begins without it.", transform: Day.argument)
    var to: Day?

    @Option(name: .customLong("operator"), help: "One operator; all without it.")
    var operatorID: String?

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      guard let currency = Currency(currency) else {
        throw ValidationError("A currency is three capitals such as UAH.")
      }
      try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone)
        let by = try await who.person(backbone.store).label
        try await MoneyDesks.answer {
          try await desks.subsidies.set(
            ConcessionRate(
              category: category, operatorID: operatorID, from: from, to: to, currency: currency,
              rideMinor: minor), by: by)
        }
      }
      print("\(category): \(moneyText(minor, currency)) a ride from \(from)")
    }
  }

  struct Claim: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Claims the rides of some fare days; a second person decides.")

    @Option(help: "First fare day.", transform: Day.argument)
    var date: Day

    @Option(help: "Last fare day.", transform: Day.argument)
    var to: Day

    @Option(help: "Currency.")
    var currency = "UAH"

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      guard let currency = Currency(currency) else {
        throw ValidationError("A currency is three capitals such as UAH.")
      }
      let (claim, lines) = try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone)
        let by = try await who.person(backbone.store).label
        return try await MoneyDesks.answer {
          try await desks.subsidies.propose(
            from: date, to: to, currency: currency, by: by)
        }
      }
      var table = TextTable([
        ("operator", .left), ("category", .left), ("rides", .right), ("amount", .right),
      ])
      for line in lines {
        table.add([
          line.operatorID, line.category, String(line.rides), moneyText(line.minor, currency),
        ])
      }
      print(table.text)
      print(
        "claim \(claim.id) waits: kvytok order approve \(claim.orderID.map(String.init) ?? "?") --as FILE"
      )
      print(Self.hint(claim.id, lines.reduce(0) { $0 + $1.minor }, currency))
    }

    /// How its money will be known at the bank.
    private static func hint(_ claim: Int64, _ minor: Int64, _ currency: Currency) -> String {
      switch minor.signum() {
      case 1: "when the city pays it, it shall name KVYTOK-C\(claim): so the statement is matched"
      case 0: "it comes to nothing in all: once it is approved nobody pays anything for it"
      default:
        "the city gets back \(moneyText(0 - minor, currency)): once it is approved, transfer it with "
          + "the name KVYTOK-C\(claim), so that the statement is matched"
      }
    }
  }

  struct Evidence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes the rides of a claim with their taps as CSV on standard output.")

    @Argument(help: "Number of the claim.")
    var claim: Int64

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone)
        var page = 0
        repeat {
          let number = page
          let rows = try await MoneyDesks.answer {
            try await desks.subsidies.evidence(claim, page: number)
          }
          var writer = CSVWriter()
          if page == 0 { writer.row(SubsidyEvidence.columns) }
          for row in rows ?? [] { writer.row(row.cells) }
          FileHandle.standardOutput.write(Data(writer.bytes))
          guard rows != nil else { return }
          page += 1
        } while true
      }
    }
  }

  struct Paid: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes down that the city paid a claim, or got back one below nothing.")

    @Argument(help: "Number of the claim.")
    var claim: Int64

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone)
        let by = try await who.person(backbone.store).label
        try await MoneyDesks.answer { try await desks.subsidies.confirm(claim, by: by) }
      }
      print("claim \(claim) is settled")
    }
  }
}
