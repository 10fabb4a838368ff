import ArgumentParser
import Basics
import Clearing
import Logging
import Store
import Wallet

/// Passes and carnets.
struct ProductCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "product", abstract: "Sells passes and carnets, takes them back, recognises them.",
    subcommands: [Sell.self, List.self, Refund.self, Recognise.self])

  struct Sell: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "sell", abstract: "Sells a product at the tariff's price for the rider.")

    @Argument(help: "UUID of the rider or medium, or the token (base64url).")
    var rider: String

    @Argument(help: "The product, as the tariff calls it.")
    var product: String

    @Option(help: "First fare day; from this moment on without it.", transform: Day.argument)
    var from: Day?

    @OptionGroup var order: WalletCommand.OrderOptions
    @OptionGroup var who: ActOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let receipt = try await RiderWork.with(database) { work, backbone in
        let found = try await RiderCommand.find(rider, work.insight, backbone)
        return try await work.products.sell(
          product, to: found, from: from, for: order.order(nil),
          by: try await who.act(work.store))
      }
      print("holding \(receipt.holding.holdingID): \(product) for \(receipt.holding.price)")
      if receipt.isRepeated { Progress.say("This was done before; nothing was sold now.") }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "Lists a rider's products, counted by their rides.")

    @Argument(help: "UUID of the rider or medium, or the token (base64url).")
    var rider: String

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let holdings = try await RiderWork.with(database) { work, backbone in
        let found = try await RiderCommand.find(rider, work.insight, backbone)
        return try await work.products.list(of: found, at: .now)
      }
      var table = TextTable([
        ("holding", .right), ("product", .left), ("state", .left), ("days", .left),
        ("rides left", .right), ("price", .right), ("earned", .right), ("refunded", .right),
      ])
      for holding in holdings {
        func money(_ minor: Int64) -> String {
          Money(minor: minor, currency: holding.currency).majorText
        }
        table.add([
          "\(holding.holdingID)", holding.product, holding.use.state.rawValue,
          holding.use.days.map { "\($0.lowerBound) to \($0.upperBound)" } ?? "not begun",
          holding.terms.ridesMax.map { "\(max(0, $0 - holding.use.ridesUsed))" } ?? "",
          money(holding.terms.priceMinor), money(holding.recognisedMinor),
          money(holding.refundedMinor),
        ])
      }
      print(table.text)
    }
  }

  struct Refund: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "refund", abstract: "Takes a product back; what is not used goes to the rider.")

    @Argument(help: "UUID of the rider or medium, or the token (base64url).")
    var rider: String

    @Argument(help: "Number of the holding, from `product list`.")
    var holding: Int64

    @Option(
      help: "cash, transfer, acquirer (a bank card) or wallet.",
      transform: { text in
        guard let channel = MoneyChannel(told: text) else {
          throw ValidationError("\(text) is none of cash, transfer, acquirer, wallet.")
        }
        return channel
      })
    var channel: MoneyChannel

    @Option(help: "The desk that gives cash back.")
    var desk: String?

    @Option(
      help: "Of cash: the desk's receipt. To a bank card: the acquirer's reference of the refund.")
    var receipt: String?

    @OptionGroup var who: ActOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let receipt = try await RiderWork.with(database) { work, backbone in
        let found = try await RiderCommand.find(rider, work.insight, backbone)
        return try await work.products.refund(
          holding, of: found, through: channel, place: desk, reference: self.receipt,
          by: try await who.act(work.store))
      }
      let money = Money(minor: receipt.refundedMinor, currency: receipt.holding.currency)
      print("holding \(holding): \(money) went back")
      if receipt.isRepeated { Progress.say("This was done before; nothing moved now.") }
    }
  }

  struct Recognise: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "recognise",
      abstract: "Turns what passes and carnets earned into what operators are owed.")

    @Option(
      help: "Last fare day; without it the last that is over for two hours.",
      transform: Day.argument)
    var through: Day?

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let count = try await RiderWork.with(database) { work, _ in
        let now = Instant.now
        let recognition = RevenueRecognition(
          store: work.store, city: work.city, log: Logger(label: "kvytok"))
        let last = recognition.lastDue(at: now)
        if let through, through > last {
          throw CommandFault(
            "\(through) has not ended, or not for two hours; name \(last) at the latest.",
            exitCode: CommandFault.usage)
        }
        return try await recognition.recognise(through: through ?? last, at: now)
      }
      print("\(count) fare days recognised")
    }
  }
}
