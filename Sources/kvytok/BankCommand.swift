import ArgumentParser
import Basics
import Charging
import Clearing
import Foundation
import Store

/// What the bank says of the account.
struct BankCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bank", abstract: "Statements of the bank, and what each line is the money of.",
    subcommands: [Account.self, Take.self, List.self, Match.self])

  struct Account: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes down the account of the house; statements of another are not taken.")

    @Argument(help: "IBAN.")
    var iban: String

    @Option(help: "Currency.")
    var currency = "UAH"

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
          try await desks.statements.setAccount(iban, in: currency, by: by)
        }
      }
      print("the account in \(currency) is \(iban)")
    }
  }

  struct Take: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Takes a statement (ISO 20022 camt.053); exit 1 when it is refused.")

    @Argument(help: "The file as the bank gave it.")
    var file: String

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      // One byte more than is taken, so that a larger file is seen and never held.
      guard let handle = FileHandle(forReadingAtPath: file),
        let data = try? handle.read(upToCount: BankStatement.bytesMax + 1)
      else { throw CommandFault("\(file) cannot be read.") }
      let name = URL(fileURLWithPath: file).lastPathComponent
      let outcome = try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone)
        let by = try await who.person(backbone.store).label
        return try await desks.statements.take(Array(data), name: name, by: by)
      }
      switch outcome {
      case .known(let number): print("statement \(number) was taken before; nothing changed")
      case .refused(let why):
        throw CommandFault(
          "\(name) is refused, nothing changed: \(why)", exitCode: CommandFault.no)
      case .taken(let number, let lines, let gaps):
        let told = lines.sorted { $0.key.rawValue < $1.key.rawValue }
          .map { "\($0.value) \($0.key.rawValue)" }
        print(
          "statement \(number) taken: \(told.isEmpty ? "no lines" : told.joined(separator: ", "))")
        for gap in gaps {
          print(
            "a statement is missing between \(gap.after) and \(gap.before): \(gap.minor) minor units"
          )
        }
        if let open = lines[.unknown] {
          print("\(open) lines wait in 2290: kvytok bank list --open")
        }
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lines of statements, the newest first, with what each is the money of.")

    @Flag(help: "Only those of which nothing is known.")
    var open = false

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let rows = try await Backbone.with(database) { backbone in
        try await backbone.store.read { db in try await db.statements.lines(openOnly: open) }
      }
      var table = TextTable([
        ("line", .right), ("booked", .left), ("amount", .right), ("is", .left), ("by", .left),
        ("reference", .left), ("text", .left),
      ])
      for row in rows {
        table.add([
          String(row.id), row.line.bookedOn.description, moneyText(row.line.minor, row.currency),
          [row.subject.rawValue, row.subjectID.map(String.init)].compactMap { $0 }
            .joined(separator: " "), row.matchedBy ?? (row.subject == .unknown ? "" : "rule"),
          row.line.reference,
          [row.note, row.line.counterparty, row.line.remittance].compactMap { $0 }
            .filter { !$0.isEmpty }.joined(separator: "; "),
        ])
      }
      print(table.text)
      if rows.isEmpty { print(open ? "every line is known" : "no statement was taken yet") }
    }
  }

  struct Match: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Says what a line is of which nothing was known.",
      discussion: """
        KIND is payout, payout_return, claim, refund, transfer (the movement of stored value), \
        product_transfer (the pass or carnet), funding (the number of the file), receipt (the \
        movement), sale (the pass or carnet), debt (the charge window), adjustment, line (another \
        line that went back), each with its number, or cash.
        """)

    @Argument(help: "Number of the line.")
    var line: Int64

    @Argument(help: "What it is the money of.")
    var kind: String

    @Argument(help: "Its number; none for cash.")
    var number: Int64?

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      guard let subject = StatementSubject(rawValue: kind), subject != .unknown else {
        let known = StatementSubject.allCases.filter { $0 != .unknown }.map(\.rawValue)
        throw ValidationError("The kind is one of: \(known.joined(separator: ", ")).")
      }
      try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone)
        let by = try await who.person(backbone.store).label
        try await MoneyDesks.answer {
          try await desks.statements.match(line, to: subject, number, by: by)
        }
      }
      print("line \(line) is \(kind)\(number.map { " \($0)" } ?? "")")
    }
  }
}
