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
      abstract: "Writes down an account of the house; statements of others are not taken.",
      discussion: "Without an IBAN it lists the accounts. A currency may have several.")

    @Argument(help: "IBAN.")
    var iban: String?

    @Option(help: "Currency.")
    var currency = "UAH"

    @Flag(help: "Take it out of the list, before a statement of it was taken.")
    var remove = false

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      guard let currency = Currency(currency) else {
        throw ValidationError("A currency is three capitals such as UAH.")
      }
      guard let iban else { return try await list() }
      try await Backbone.with(database) { [remove] backbone in
        let desks = try await MoneyDesks.open(backbone)
        let by = try await who.person(backbone.store).label
        try await MoneyDesks.answer {
          if remove {
            try await desks.statements.removeAccount(iban, in: currency)
          } else {
            try await desks.statements.addAccount(iban, in: currency, by: by)
          }
        }
      }
      print(
        remove
          ? "\(iban) is no account of the house in \(currency) any more"
          : "\(iban) is an account of the house in \(currency)")
    }

    private func list() async throws {
      let accounts = try await Backbone.with(database) { backbone in
        try await backbone.store.read { db in try await db.statements.accounts() }
      }
      for account in accounts {
        print("\(account.currency) \(account.iban), by \(account.changedBy)")
      }
      if accounts.isEmpty { print("no account is known") }
    }
  }

  struct Take: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Takes a file of statements (ISO 20022 camt.053), whole; exit 1 when it is refused."
    )

    @Argument(help: "The file as the bank gave it.")
    var file: String

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      // One byte more than is taken, so that a larger file is seen and never held.
      guard let handle = FileHandle(forReadingAtPath: file),
        let data = try? handle.read(upToCount: BankStatement.bytesMax + 1)
      else { throw OwnerWords.unreadable(file) }
      let name = URL(fileURLWithPath: file).lastPathComponent
      let outcome = try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone)
        let by = try await who.person(backbone.store).label
        return try await desks.statements.take(Array(data), name: name, by: by)
      }
      switch outcome {
      case .refused(let why):
        throw CommandFault(
          "\(name) is refused, nothing changed: \(why)", exitCode: CommandFault.no)
      case .taken(let statements):
        for statement in statements { print(Self.text(statement, ofMany: statements.count > 1)) }
        let open = statements.reduce(0) { $0 + ($1.lines[.unknown] ?? 0) }
        // Others may wait since before: what is told is of this file.
        if open > 0 {
          let what = open == 1 ? "1 line of this file waits" : "\(open) lines of this file wait"
          print("\(what) in 2290: kvytok bank list --open")
        }
      }
    }

    /// What became of a statement, and the holes beside it.
    private static func text(_ statement: TakenStatement, ofMany: Bool) -> String {
      let name =
        "statement \(statement.number)" + (ofMany ? " of \(statement.iban)" : "")
      guard statement.isNew else { return "\(name) was taken before; nothing changed" }
      let told = statement.lines.sorted { $0.key.rawValue < $1.key.rawValue }
        .map { "\($0.value) \($0.key.rawValue)" }
      let gaps = statement.gaps.map { gap in
        "a statement is missing between \(gap.after) and \(gap.before), and the account moved by "
          + "\(Money(minor: gap.minor, currency: statement.currency)) meanwhile: ask the bank for it"
      }
      return
        ([name + " taken: " + (told.isEmpty ? "no lines" : told.joined(separator: ", "))] + gaps)
        .joined(separator: "\n")
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
          [row.note, row.line.counterparty, row.line.remittance, row.line.bankCode].compactMap {
            $0
          }
          .filter { !$0.isEmpty }.joined(separator: "; "),
        ])
      }
      table.printNewest(StatementTables.listMax)
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
        line that went back, or came on another account), each with its number, or cash, or fee (of \
        the bank, that went out, of at most 1,000.00).
        """)

    @Argument(help: "Number of the line.")
    var line: Int64

    @Argument(help: "What it is the money of.")
    var kind: String

    @Argument(help: "Its number; none for cash and fee.")
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
