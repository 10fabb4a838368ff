import ArgumentParser
import Basics
import Charging
import Clearing
import Store

extension OperatorCommand {
  struct Pay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes the approved payouts as a payment file (ISO 20022 pain.001).",
      discussion: """
        From then on they are on their way to the bank. A file that is there is not replaced. One that got \
        lost is had again by its name: kvytok operator files, kvytok operator file NAME --out FILE.
        """)

    @Option(help: "The file to write; none may be there.")
    var out: String

    @Option(help: "Currency.")
    var currency = "UAH"

    @Option(help: "Name of the paying account's owner.")
    var payer: String

    @Option(help: "IBAN of the paying account.")
    var iban: String

    @Option(help: "BIC of the paying bank, where it is known.")
    var bic: String?

    @Option(help: "Day on which the bank shall pay; today without it.", transform: Day.argument)
    var on: Day?

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      guard let currency = Currency(currency) else {
        throw ValidationError("A currency is three capitals such as UAH.")
      }
      let file = try NewFile(at: out)
      let name: String
      let xml: String
      do {
        (name, xml) = try await make(currency)
      } catch {
        file.abandon()
        throw error
      }
      if let fault = file.fill(xml) {
        throw CommandFault(
          "\(fault). The payment file \(name) is made, and what it pays is on its way: have it written again "
            + "by `kvytok operator file \(name) --out FILE`.")
      }
      print("\(name) written to \(out); when the bank has paid: kvytok operator confirm")
    }

    /// Makes the payment file; its name and its text.
    private func make(_ currency: Currency) async throws -> (name: String, xml: String) {
      let made = try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone)
        let by = try await who.person(backbone.store).label
        do {
          return try await MoneyDesks.answer {
            try await desks.payouts.makeFile(
              currency: currency, from: BankAccount(name: payer, iban: iban, bic: bic),
              executionDay: on ?? desks.today, by: by)
          }
        } catch let fault as PaymentFault {
          throw CommandFault("No payment file: \(fault)", exitCode: CommandFault.no)
        }
      }
      guard let made else {
        throw CommandFault(
          "No payout in \(currency) is approved. Propose with `kvytok operator propose`, approve with "
            + "`kvytok order approve`. A file that was made before: `kvytok operator files`.",
          exitCode: CommandFault.no)
      }
      return (made.messageID, made.xml)
    }
  }

  struct Files: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Payment files that were made, the newest first.")

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let rows = try await Backbone.with(database) { backbone in
        try await backbone.store.read { db in
          try await db.operatorMoney.messages(countMax: OperatorTables.listMax)
        }
      }
      var table = TextTable([
        ("file", .left), ("amount", .right), ("payouts are", .left), ("by", .left), ("at", .left),
      ])
      for row in rows {
        table.add([
          row.messageID, moneyText(row.minor, row.currency),
          row.states.joined(separator: ", "), row.createdBy, row.createdAt.description,
        ])
      }
      print(rows.isEmpty ? "no payment file was made yet: kvytok operator pay" : table.text)
      if rows.count >= OperatorTables.listMax {
        print("the newest \(rows.count) are listed; there may be more")
      }
    }
  }

  struct File: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes a payment file again that was made before; nothing is booked.",
      discussion: """
        It is the same file to the letter, so a bank that has it already knows it by its name. Give it to the \
        bank only where the bank does not have it.
        """)

    @Argument(help: "Name of the payment file: kvytok operator files.")
    var message: String

    @Option(help: "The file to write; none may be there.")
    var out: String

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let body = try await Backbone.with(database) { backbone in
        try await backbone.store.read { db in try await db.operatorMoney.message(message) }
      }
      guard let body else {
        throw CommandFault(
          "There is no payment file \(message): kvytok operator files.", exitCode: CommandFault.no)
      }
      if let fault = try NewFile(at: out).fill(body) { throw CommandFault("\(fault).") }
      print("\(message) written to \(out)")
    }
  }
}
