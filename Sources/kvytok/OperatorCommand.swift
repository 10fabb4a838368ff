import ArgumentParser
import Basics
import Charging
import Clearing
import Store

/// What operators are owed and paid.
struct OperatorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "operator", abstract: "What operators are owed, and paying them.",
    subcommands: [
      Claims.self, Accounts.self, Account.self, Propose.self, Pay.self, Files.self, File.self,
      Confirm.self,
    ])

  struct Claims: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What each operator is owed, and what it is made of.")

    @Option(help: "Last accounting date; today without it.", transform: Day.argument)
    var date: Day?

    @Option(name: .customLong("operator"), help: "One operator only.")
    var operatorID: String?

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let rows = try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone)
        return try await desks.payouts.claims(
          through: date ?? desks.today, operatorID: operatorID)
      }
      var table = TextTable([
        ("operator", .left), ("fares", .right), ("shared", .right), ("subsidy", .right),
        ("refunds", .right), ("other", .right), ("paid", .right), ("owed", .right),
      ])
      for row in rows {
        let sums = [
          row.faresMinor, row.sharedMinor, row.subsidyMinor, row.refundsMinor, row.otherMinor,
          row.paidMinor, row.balanceMinor,
        ]
        table.add([row.operatorID] + sums.map { moneyText($0, row.currency) })
      }
      print(table.text)
      if rows.isEmpty { print("nothing is owed yet") }
    }
  }

  struct Accounts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Where operators want their money, and who wrote that down when.")

    @Option(name: .customLong("operator"), help: "One operator only.")
    var operatorID: String?

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let rows = try await Backbone.with(database) { backbone in
        try await MoneyDesks.open(backbone).payouts.accounts(of: operatorID)
      }
      var table = TextTable([
        ("operator", .left), ("IBAN", .left), ("BIC", .left), ("name", .left), ("by", .left),
        ("at", .left),
      ])
      for row in rows {
        table.add([
          row.operatorID, row.account.iban, row.account.bic ?? "", row.account.name,
          row.changedBy, row.changedAt.description,
        ])
      }
      print(table.text)
      if rows.isEmpty { print("no account is known: kvytok operator account") }
    }
  }

  struct Account: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes down where an operator wants its money.")

    @Argument(help: "The operator, as the network calls it.")
    var operatorID: String

    @Option(help: "Name of the account's owner.")
    var name: String

    @Option(help: "IBAN.")
    var iban: String

    @Option(help: "BIC of the bank, where it is known.")
    var bic: String?

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone)
        let by = try await who.person(backbone.store).label
        try await MoneyDesks.answer {
          try await desks.payouts.setAccount(
            BankAccount(name: name, iban: iban, bic: bic), of: operatorID, by: by)
        }
      }
      print("\(operatorID) is paid to \(iban)")
    }
  }

  struct Propose: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Proposes to pay all operators what they are owed; a second person decides.")

    @Option(
      help: "Last accounting date, a day that is over; yesterday without it.",
      transform: Day.argument)
    var date: Day?

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let (orders, leftOut, last) = try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone)
        let by = try await who.person(backbone.store).label
        let last = date ?? desks.today.adding(days: -1)
        let (orders, leftOut) = try await MoneyDesks.answer {
          try await desks.payouts.propose(through: last, by: by)
        }
        return (orders, leftOut, last)
      }
      for order in orders {
        print("order \(order.id): \(moneyText(order.minor, order.currency)) to \(order.whom)")
      }
      for line in leftOut { print("left out: \(line)") }
      if orders.isEmpty, leftOut.isEmpty {
        print("nothing is owed by entries up to \(last) (--date)")
      }
    }
  }

  struct Confirm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes down that the bank paid a payment file, or returned it.")

    @Argument(help: "Name of the payment file.")
    var message: String

    @Flag(help: "The bank returned the money.")
    var returned = false

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let count = try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone)
        let by = try await who.person(backbone.store).label
        return try await MoneyDesks.answer {
          try await desks.payouts.confirm(message, isPaid: !returned, by: by)
        }
      }
      print("\(count) \(count == 1 ? "payout" : "payouts") \(returned ? "returned" : "paid")")
    }
  }
}
