import ArgumentParser
import Basics
import Charging
import Clearing
import Store
import Web

/// What riders owe: bank cards after a decline, and stored value.
struct DebtCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "debt", abstract: "What bank cards owe after a decline, and stored value.",
    subcommands: [List.self, Pay.self, Ask.self, WriteOff.self, Refund.self, PayBack.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Debts, the oldest first: charge windows, then stored value.")

    @Option(help: "Only windows after this one, as the list before it named it.")
    var after: Int64?

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let (windows, stored) = try await Backbone.with(database) { backbone in
        try await backbone.store.read { db in
          (
            try await db.charging.debts(after: after),
            after == nil ? try await db.wallets.debts() : []
          )
        }
      }
      if !windows.isEmpty { print(Self.text(of: windows)) }
      if !stored.isEmpty { print(Self.text(of: stored)) }
      if windows.isEmpty && stored.isEmpty {
        print(after == nil ? "nobody owes anything" : "No more.")
      }
      let oldest = "the oldest are listed; there may be more"
      if windows.isCut, let last = windows.last {
        print(
          (after == nil ? "of charge windows \(oldest)" : "There may be more")
            + ": --after \(last.id)")
      }
      if stored.isCut {
        print("of stored value \(oldest): `kvytok report debts` has those of the days asked")
      }
    }

    private static func text(of rows: [ChargeWindowRow]) -> String {
      var table = TextTable([
        ("window", .right), ("fare day", .left), ("state", .left), ("due", .right),
        ("declined", .left), ("code", .left), ("next try", .left),
      ])
      for row in rows {
        table.add([
          String(row.id), row.fareDay.description, row.window.state.rawValue,
          moneyText(row.window.dueMinor, row.currency),
          row.window.declinedAt?.iso8601(offsetSeconds: 0) ?? "", row.window.declineCode ?? "",
          row.window.nextAt?.iso8601(offsetSeconds: 0) ?? "",
        ])
      }
      return table.text
    }

    private static func text(of debts: [StoredValueDebt]) -> String {
      var table = TextTable([
        ("rider", .left), ("account", .right), ("unpaid since", .left), ("days", .right),
        ("balance", .right), ("unpaid", .right), ("due", .right), ("denied", .left),
        ("media", .left),
      ])
      for debt in debts {
        table.add([
          debt.rider.description, debt.account.map { String($0) } ?? "none",
          debt.since?.description ?? "", String(debt.days),
          debt.account == nil ? "" : moneyText(debt.balanceMinor, debt.currency),
          moneyText(debt.unpaidMinor, debt.currency), moneyText(debt.dueMinor, debt.currency),
          debt.deniedSince?.iso8601(offsetSeconds: 0) ?? "", debt.media.joined(separator: " "),
        ])
      }
      return table.text
    }
  }

  struct Pay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Takes money for a debt outside the acquirer.")

    @Argument(help: "Number of the window.")
    var window: Int64

    @Option(help: "Minor units; the whole debt without it.")
    var minor: Int64?

    @Option(help: "cash or transfer.")
    var channel: DebtDesk.Channel

    @Option(help: "The desk, for cash.")
    var desk: String?

    @Option(help: "Number of the receipt, for cash.")
    var receipt: String?

    @Option(help: "Names the operation once: sent again it is the same operation.")
    var key: String

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let payment = DebtPayment(
        minor: minor, channel: channel, place: desk, reference: receipt, key: key)
      let taken = try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone)
        // Whoever keeps the books does not handle the cash.
        let by = try await who.person(backbone.store, roles: [.cashier]).label
        return try await MoneyDesks.answer {
          try await desks.debts.pay(window, payment, by: by)
        }
      }
      let row = taken.row
      print(
        "window \(row.id) is \(row.window.state.rawValue); "
          + "paid \(moneyText(taken.payment.minor, row.currency)), "
          + "due \(moneyText(row.window.dueMinor, row.currency))")
      if taken.isRepeated { Progress.say("This was done before; nothing moved now.") }
    }
  }

  struct Ask: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Has the acquirer asked now, because the rider wants to pay by the card.")

    @Argument(help: "Number of the window.")
    var window: Int64

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      _ = try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone)
        let by = try await who.person(backbone.store).label
        return try await MoneyDesks.answer {
          try await desks.debts.askNow(window, by: by)
        }
      }
      print("the acquirer is asked with the next pass of the service, or of `kvytok charge run`")
    }
  }

  struct WriteOff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "write-off", abstract: "Proposes to give a debt up; a second person decides.")

    @Argument(help: "Number of the window.")
    var window: Int64

    @Option(help: "Why.")
    var reason: String

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let order = try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone)
        let by = try await who.person(backbone.store).label
        return try await MoneyDesks.answer {
          try await desks.debts.proposeWriteOff(window, reason: reason, by: by)
        }
      }
      print("order \(order) waits: kvytok order approve \(order) --as FILE")
    }
  }

  struct Refund: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Proposes to give money of a payment back; a second person decides.")

    @Argument(help: "Number of the window.")
    var window: Int64

    @Option(help: "Minor units.")
    var minor: Int64

    @Option(help: "Why.")
    var reason: String

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let order = try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone)
        let by = try await who.person(backbone.store).label
        return try await MoneyDesks.answer {
          try await desks.debts.proposeRefund(
            window, minor: minor, reason: reason, by: by)
        }
      }
      print("order \(order) waits: kvytok order approve \(order) --as FILE")
    }
  }

  struct PayBack: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "pay-back",
      abstract: "Writes down that a desk paid a refund in cash that the acquirer did not take.")

    @Argument(help: "Number of the refund.")
    var refund: Int64

    @Option(help: "The desk.")
    var desk: String

    @Option(help: "Number of the receipt.")
    var receipt: String

    @Option(help: "Names the operation once: sent again it is the same operation.")
    var key: String

    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let payment = DebtPayment(
        minor: nil, channel: .cash, place: desk, reference: receipt, key: key)
      let given = try await Backbone.with(database) { backbone in
        let desks = try await MoneyDesks.open(backbone)
        // Whoever keeps the books does not handle the cash.
        let by = try await who.person(backbone.store, roles: [.cashier]).label
        return try await MoneyDesks.answer {
          try await desks.debts.payBack(refund, payment, by: by)
        }
      }
      print(
        "refund \(refund) of window \(given.window.id) is paid back: "
          + moneyText(given.payment.minor, given.window.currency))
      if given.isRepeated { Progress.say("This was done before; nothing moved now.") }
    }
  }
}

extension DebtDesk.Channel: ExpressibleByArgument {}

/// Orders about money that need a second person.
struct OrderCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "order",
    abstract: "Write-offs, refunds, payouts, claims and corrections of balances.",
    subcommands: [List.self, Approve.self, Refuse.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Orders, the newest first.")

    @Flag(help: "Also those that are decided.")
    var all = false

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let rows = try await Backbone.with(database) { backbone in
        try await backbone.store.read { db in try await db.orders.list(waitingOnly: !all) }
      }
      var table = TextTable([
        ("order", .right), ("what", .left), ("of", .left), ("amount", .right), ("by", .left),
        ("why", .left), ("decision", .left),
      ])
      for row in rows {
        table.add([
          // As the page of the books calls it.
          String(row.id),
          Texts.all["books_kind_\(row.kind.rawValue)"]?[.english] ?? row.kind.rawValue, row.whom,
          moneyText(row.minor, row.currency),
          row.proposedBy, row.reason,
          [row.decision, row.decidedBy].compactMap { $0 }.joined(separator: " by "),
        ])
      }
      table.printNewest(OrderTables.listMax)
    }
  }

  struct Approve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Approves an order.")

    @Argument(help: "Number of the order.")
    var order: Int64
    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await OrderCommand.decide(order, true, who, database)
    }
  }

  struct Refuse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Refuses an order.")

    @Argument(help: "Number of the order.")
    var order: Int64
    @OptionGroup var who: PersonOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await OrderCommand.decide(order, false, who, database)
    }
  }

  fileprivate static func decide(
    _ order: Int64, _ isApproved: Bool, _ who: PersonOptions, _ database: DatabaseOptions
  ) async throws {
    let row = try await Backbone.with(database) { backbone in
      let desks = try await MoneyDesks.open(backbone)
      let by = try await who.person(backbone.store).label
      return try await MoneyDesks.answer {
        try await MoneyOrders(
          store: desks.store, debts: desks.debts, payouts: desks.payouts,
          subsidies: desks.subsidies, wallets: desks.wallets
        ).decide(order, isApproved: isApproved, by: by)
      }
    }
    print(
      "\(row.kind.words) of \(moneyText(row.minor, row.currency)) "
        + (row.payee == nil ? "" : "to \(row.whom) ") + (row.rider == nil ? "" : "for \(row.whom) ")
        + (isApproved ? "approved" : "refused"))
  }
}

extension MoneyOrderRow.Kind {
  /// What it is in a sentence that goes on with the amount.
  fileprivate var words: String {
    switch self {
    case .writeOff: "write-off"
    case .refund, .payout: rawValue
    case .subsidy: "claim against the city"
    case .accountWriteOff: "write-off of what an account owes"
    case .accountCredit: "correction upwards"
    case .accountDebit: "correction downwards"
    }
  }
}

extension MoneyOrderRow {
  /// What it is about: of a payout the operator with the account to which the money goes, of stored value
  /// the account with its rider.
  var whom: String {
    if let rider {
      return (subject == rider.description ? "" : "account \(subject) of ") + "rider \(rider)"
    }
    guard let payee else { return subject }
    return "\(subject), \(payee.iban) of \(payee.name)" + (payee.bic.map { " at \($0)" } ?? "")
  }
}
