import ArgumentParser
import Basics
import Clearing
import Store
import Wallet

/// Stored value of riders.
struct WalletCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wallet", abstract: "Puts money on cards, gives it back, and shows it.",
    subcommands: [
      TopUp.self, Refund.self, Correct.self, WriteOff.self, Balance.self, Statement.self, Rule.self,
    ])

  /// What every movement of money names.
  struct OrderOptions: ParsableArguments {
    @Option(help: "ISO 4217 code.", transform: Currency.argument)
    var currency: Currency

    @Option(
      help:
        "cash, transfer or acquirer (a bank card); a product may be paid from stored value too: wallet.",
      transform: { text in
        guard let channel = MoneyChannel(told: text) else {
          throw ValidationError(
            "\(text) is none of cash, transfer, acquirer (a bank card), nor wallet, which is for products alone."
          )
        }
        return channel
      })
    var channel: MoneyChannel

    @Option(help: "The desk, for cash.")
    var desk: String?

    @Option(
      help:
        "Number of the desk's receipt, or the acquirer's reference from the slip: needed for cash and bank cards."
    )
    var receipt: String?

    @Option(help: "Names the operation once: sent again it is the same operation.")
    var key: String

    func order(_ minor: Int64?) -> MoneyOrder {
      MoneyOrder(
        minor: minor, currency: currency, channel: channel, place: desk, reference: receipt,
        key: key)
    }
  }

  /// The rider whose money it is.
  struct RiderOptions: ParsableArguments {
    @Argument(help: "UUID of the rider or medium, or the token (base64url).")
    var rider: String
  }

  /// A movement of a rider's money: whose, how, and who does it.
  struct MovementOptions: ParsableArguments {
    @OptionGroup var order: OrderOptions
    @OptionGroup var who: ActOptions
    @OptionGroup var database: DatabaseOptions

    /// Moves money, and tells what moved and what is left.
    func move(
      _ rider: RiderOptions, _ minor: Int64?,
      _ move: (WalletDesk, MoneyOrder, RiderID, RiderAct) async throws -> MoneyReceipt
    ) async throws {
      let receipt = try await RiderWork.with(database) { work, backbone in
        let found = try await RiderCommand.find(rider.rider, work.insight, backbone)
        return try await move(
          work.wallets, order.order(minor), found, try await who.act(work.store))
      }
      let moved = Money(minor: receipt.movement.amountMinor, currency: order.currency)
      let left = Money(minor: receipt.movement.balanceMinor, currency: order.currency)
      print("rider \(receipt.rider): \(moved), balance \(left)")
      if receipt.isRepeated { Progress.say("This was done before; nothing moved now.") }
    }
  }

  struct TopUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "top-up", abstract: "Puts money on.")

    @OptionGroup var rider: RiderOptions

    @Argument(
      help: """
        Amount in minor units (kopiykas, cents), above zero; wallet correct takes one below it.
        """)
    var minor: Int64

    @OptionGroup var movement: MovementOptions

    func run() async throws {
      try await movement.move(rider, minor) { try await $0.topUp($1, to: $2, by: $3) }
    }
  }

  struct Refund: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "refund", abstract: "Gives back what is left, or a part of it.")

    @OptionGroup var rider: RiderOptions

    @Option(help: "Amount in minor units; all that is left without it.")
    var minor: Int64?

    @Option(help: "To a bank card: the acquirer's reference of the top-up whose money goes back.")
    var payment: String?

    @OptionGroup var movement: MovementOptions

    func run() async throws {
      try await movement.move(rider, minor) { desk, order, found, act in
        var order = order
        order.payment = payment
        return try await desk.refund(order, to: found, by: act)
      }
    }
  }

  struct Balance: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "balance", abstract: "Shows the balance, now or just after a moment.")

    @OptionGroup var rider: RiderOptions

    @Option(help: "ISO 4217 code.", transform: Currency.argument)
    var currency: Currency

    @Option(
      help: "A moment with its offset: 2026-11-22T08:00:00+02:00.",
      transform: { text in
        guard let moment = Instant(iso8601: text) else {
          throw ValidationError("\(text) is no time with an offset.")
        }
        return moment
      })
    var at: Instant?

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let minor = try await RiderWork.with(database) { work, backbone in
        let found = try await RiderCommand.find(rider.rider, work.insight, backbone)
        return try await work.wallets.balance(of: found, in: currency, at: at ?? .now)
      }
      guard let minor else {
        throw CommandFault(RiderRefusal.noAccount.description, exitCode: CommandFault.no)
      }
      print(Money(minor: minor, currency: currency).description)
    }
  }

  struct Statement: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "statement", abstract: "Lists what moved, with the balance after each.")

    @OptionGroup var rider: RiderOptions

    @Option(help: "ISO 4217 code.", transform: Currency.argument)
    var currency: Currency

    @Option(help: "First day.", transform: Day.argument)
    var from: Day

    @Option(help: "Last day; today without it.", transform: Day.argument)
    var to: Day?

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let (statement, zone) = try await RiderWork.with(database) { work, backbone in
        let found = try await RiderCommand.find(rider.rider, work.insight, backbone)
        let zone = work.city.current.clock.zone
        let last = to ?? zone.local(.now).day
        let statement = try await work.wallets.statement(
          of: found, in: currency,
          from: zone.instant(of: LocalTime(day: from, secondOfDay: 0)),
          before: zone.instant(of: LocalTime(day: last.adding(days: 1), secondOfDay: 0)))
        return (statement, zone)
      }
      guard let statement else {
        throw CommandFault(RiderRefusal.noAccount.description, exitCode: CommandFault.no)
      }
      var table = TextTable([
        ("when", .left), ("what", .left), ("fare day", .left), ("account", .right),
        ("amount", .right), ("balance", .right), ("receipt", .left),
      ])
      func money(_ minor: Int64) -> String { Money(minor: minor, currency: currency).majorText }
      table.add(["", "before", "", "", "", money(statement.openingMinor), ""])
      for movement in statement.movements {
        let local = zone.local(movement.at)
        table.add([
          "\(local.day) \(clockText(seconds: local.secondOfDay))", movement.kind.rawValue,
          movement.fareDay?.description ?? "", String(movement.accountID),
          money(movement.amountMinor),
          money(movement.balanceMinor),
          [movement.place, movement.reference].compactMap { $0 }.joined(separator: " "),
        ])
      }
      print(table.text)
      if statement.movements.count == WalletTables.statementMax {
        Progress.say("There are more; ask for fewer days.")
      }
    }
  }

  struct Rule: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "rule", abstract: "Says how low stored value of a currency may go.")

    @Option(help: "ISO 4217 code.", transform: Currency.argument)
    var currency: Currency

    @Option(help: "Minor units below which a card is denied.")
    var minimum: Int64 = 0

    @Option(help: "Minor units that a card may go below nothing, once, until it is topped up.")
    var negative: Int64 = 0

    @OptionGroup var who: ActOptions
    @OptionGroup var database: DatabaseOptions

    func validate() throws {
      guard (0...WalletRule.amountMaxMinor).contains(minimum),
        (0...WalletRule.amountMaxMinor).contains(negative)
      else { throw ValidationError("Both amounts are 0 or more minor units.") }
    }

    func run() async throws {
      try await RiderWork.with(database) { work, _ in
        try await work.wallets.set(
          WalletRule(minimumMinor: minimum, negativeMaxMinor: negative), of: currency,
          by: try await who.act(work.store))
      }
      let (least, below) = (
        Money(minor: minimum, currency: currency), Money(minor: negative, currency: currency)
      )
      print("\(currency): denied below \(least), at most \(below) below nothing")
    }
  }
}

extension Currency {
  /// A currency on the command line.
  static func argument(_ text: String) throws -> Currency {
    guard let currency = Currency(text) else {
      throw ValidationError("\(text) is no code of ISO 4217, as UAH.")
    }
    return currency
  }
}
