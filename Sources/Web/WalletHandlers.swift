import Basics
import Clearing
import HTTPTypes
import Store
import Tapping
import Tariff
import Transit
import Wallet

/// Stored value, passes and carnets.
extension Handlers {
  private var walletDesk: WalletDesk { WalletDesk(store: services.store, city: services.city) }
  private var productDesk: ProductDesk { ProductDesk(store: services.store, city: services.city) }

  /// The balance, now or just after a moment, and the movements of some days.
  func wallet(_ request: WebRequest) async throws -> Answer {
    let rider = try await requireRider(request)
    let currency = try currency(request)
    let clock = services.city.current.clock
    let today = clock.zone.local(request.receivedAt).day
    let last = try request.queryDay("to") ?? today
    let first = try request.queryDay("from") ?? last.adding(days: -30)
    guard first <= last, last.number - first.number < Handlers.riderDaysMax else {
      throw Problem.badParameter(
        "from", "it lies after `to`, or more than \(Handlers.riderDaysMax) days before it")
    }
    var moment = request.receivedAt
    if let text = request.queryText("at") {
      guard let at = Instant(iso8601: text) else {
        throw Problem.badParameter("at", "\(text) is not a time; write it as 2026-11-22T08:00:00Z")
      }
      moment = at
    }
    guard let balance = try await walletDesk.balance(of: rider, in: currency, at: moment),
      let statement = try await walletDesk.statement(
        of: rider, in: currency, from: midnight(first), before: midnight(last.adding(days: 1)))
    else { throw RiderRefusal.noAccount }
    return .json { writer in
      writer.beginObject()
      writer.member("rider", rider.description)
      writer.member("currency", currency.code)
      writer.member("at", moment.description)
      writer.member("balance_minor", balance)
      writer.member("from", first.description)
      writer.member("to", last.description)
      writer.member("opening_minor", statement.openingMinor)
      writer.member("cut", statement.movements.count == WalletTables.statementMax)
      writer.key("movements")
      writer.beginArray()
      for movement in statement.movements { writer.movement(movement) }
      writer.endArray()
      writer.endObject()
    }
  }

  private func midnight(_ day: Day) -> Instant {
    services.city.current.clock.zone.instant(of: LocalTime(day: day, secondOfDay: 0))
  }

  private func currency(_ request: WebRequest) throws -> Currency {
    if let text = request.queryText("currency") {
      guard let currency = Currency(text) else {
        throw Problem.badParameter("currency", "\(text) is no code of ISO 4217")
      }
      return currency
    }
    guard let book = services.city.current.book else { throw RiderRefusal.noTariff }
    return book.versions[book.versions.count - 1].currency
  }

  /// Proposes to put a balance right, or to give up what an account owes; a second person decides.
  func walletPropose(_ request: WebRequest) async throws -> Answer {
    let body = try OrderBody(request)
    let rider = try await requireRider(request)
    guard let currency = body.currency else { throw RiderRefusal.missing("The currency") }
    let act = try act(request, body.reason)
    let desk = services.walletOrders
    let order = try await answering {
      request.endpoint == .walletWriteOff
        ? try await desk.proposeWriteOff(
          in: currency, of: rider, reason: act.reason, by: act.actor)
        : try await desk.proposeCorrection(
          body.minor ?? 0, in: currency, of: rider, reason: act.reason, by: act.actor)
    }
    return .json(.created) { writer in
      writer.beginObject()
      writer.member("order", order)
      writer.endObject()
    }
  }

  /// A top-up or refund; the same order sent again is told as done, and moves nothing.
  func walletMove(_ request: WebRequest) async throws -> Answer {
    let body = try OrderBody(request)
    let rider = try await requireRider(request)
    let order = try body.order()
    let act = try act(request, body.reason)
    let receipt: MoneyReceipt =
      switch request.endpoint {
      case .walletRefund: try await walletDesk.refund(order, to: rider, by: act)
      default:
        try await walletDesk.topUp(order, to: rider, medium: try medium(request), by: act)
      }
    return .json(receipt.isRepeated ? .ok : .created) { writer in
      writer.beginObject()
      writer.member("rider", receipt.rider.description)
      writer.member("currency", order.currency.code)
      writer.member("repeated", receipt.isRepeated)
      writer.key("movement")
      writer.movement(receipt.movement)
      writer.endObject()
    }
  }

  /// The card that lies on the desk, when the path names one instead of its rider.
  private func medium(_ request: WebRequest) throws -> MediumID? {
    guard try request.parameter("id") == "-", let name = request.queryText("medium"),
      let kind = MediumKind(rawValue: name), let text = request.queryText("token"),
      let token = Base64.decode(text, .url)
    else { return nil }
    return services.tokenKey.mediumID(kind: kind, token: token)
  }

  func riderProducts(_ request: WebRequest) async throws -> Answer {
    let rider = try await requireRider(request)
    let holdings = try await productDesk.list(of: rider, at: request.receivedAt)
    return .json { writer in
      writer.beginObject()
      writer.member("rider", rider.description)
      writer.key("products")
      writer.beginArray()
      for holding in holdings { writer.holding(holding) }
      writer.endArray()
      writer.endObject()
    }
  }

  func productSell(_ request: WebRequest) async throws -> Answer {
    let body = try OrderBody(request)
    let rider = try await requireRider(request)
    guard let product = body.product else { throw RiderRefusal.missing("The product") }
    let receipt = try await productDesk.sell(
      product, to: rider, from: body.from, for: try body.order(),
      by: try act(request, body.reason))
    return .json(receipt.isRepeated ? .ok : .created) { writer in writer.receipt(receipt) }
  }

  func productRefund(_ request: WebRequest) async throws -> Answer {
    let body = try OrderBody(request)
    let rider = try await requireRider(request)
    guard let holding = body.holding else { throw RiderRefusal.missing("The holding") }
    let receipt = try await productDesk.refund(
      holding, of: rider, through: try body.requireChannel(), place: body.place,
      reference: body.reference, by: try act(request, body.reason))
    return .json { writer in writer.receipt(receipt) }
  }
}

extension Endpoint {
  fileprivate var proposesToWallet: Bool { self == .walletCorrect || self == .walletWriteOff }
}

/// What the body of an order may say.
struct OrderBody {
  var minor: Int64?
  var currency: Currency?
  var channel: MoneyChannel?
  var place: String?
  var reference: String?
  var payment: String?
  var key: String?
  var product: String?
  var from: Day?
  var holding: Int64?
  var reason: String?

  /// Reads the body.
  init(_ request: WebRequest) throws(Problem) {
    var body = OrderBody()
    try request.readObject { reader, name throws(JSONFault) in
      try body.take(name, &reader, of: request.endpoint)
    }
    self = body
  }

  private init() {}

  private mutating func take(
    _ name: String, _ reader: inout JSONReader, of endpoint: Endpoint
  ) throws(JSONFault) -> Bool {
    switch name {
    case "reason": reason = try reader.stringOrNil()
    // A proposal moves nothing yet: it has no receipt, and a write-off no amount of its own.
    case "amount_minor" where endpoint == .walletWriteOff: return false
    case "channel" where endpoint.proposesToWallet, "desk" where endpoint.proposesToWallet,
      "receipt" where endpoint.proposesToWallet, "key" where endpoint.proposesToWallet:
      return false
    case "channel":
      let text = try reader.string()
      guard let known = MoneyChannel(told: text) else {
        throw reader.fault("\(text) is none of cash, transfer, acquirer, wallet")
      }
      channel = known
    case "holding" where endpoint == .productRefund: holding = try reader.int64()
    case "receipt": reference = try reader.stringOrNil()
    case "desk": place = try reader.stringOrNil()
    case "payment" where endpoint == .walletRefund: payment = try reader.stringOrNil()
    case _ where endpoint == .productRefund: return false
    case "product" where endpoint == .productSell: product = try reader.string()
    case "from" where endpoint == .productSell:
      if let text = try reader.stringOrNil() {
        guard let day = Day(text) else { throw reader.fault("\(text) is not a date") }
        from = day
      }
    case "amount_minor": minor = try reader.int64OrNil()
    case "currency":
      let text = try reader.string()
      guard let known = Currency(text) else {
        throw reader.fault("\(text) is no code of ISO 4217")
      }
      currency = known
    case "key": key = try reader.string()
    default: return false
    }
    return true
  }

  func requireChannel() throws(RiderRefusal) -> MoneyChannel {
    guard let channel else { throw .missing("The channel (cash, transfer, acquirer or wallet)") }
    return channel
  }

  /// The order, when everything that one needs is there.
  func order() throws(RiderRefusal) -> MoneyOrder {
    guard let currency else { throw .missing("The currency") }
    guard let key else { throw .missing("The key") }
    var order = MoneyOrder(
      minor: minor, currency: currency, channel: try requireChannel(), place: place,
      reference: reference, key: key)
    order.payment = payment
    return order
  }
}

extension JSONWriter {
  /// A movement of stored value.
  mutating func movement(_ movement: MovementRow) {
    beginObject()
    member("at", movement.at.description)
    member("kind", movement.kind.rawValue)
    member("account", movement.accountID)
    member("amount_minor", movement.amountMinor)
    member("balance_minor", movement.balanceMinor)
    member("fare_day", orNull: movement.fareDay?.description)
    member("accounting_date", movement.accountingDate.description)
    member("channel", orNull: movement.channel?.rawValue)
    member("desk", orNull: movement.place)
    member("receipt", orNull: movement.reference)
    member("entry", orNull: movement.entryID)
    endObject()
  }

  /// What a rider owes for rides that stored value should pay: the members of an object.
  mutating func storedValueDebt(_ debt: StoredValueDebt) {
    member("kind", debt.account == nil ? "no_stored_value" : "stored_value")
    member("rider", debt.rider.description)
    member("account", orNull: debt.account)
    key("media")
    beginArray()
    for medium in debt.media { value(medium) }
    endArray()
    member("unpaid_since", orNull: debt.since?.description)
    member("denied_since", orNull: debt.deniedSince?.description)
    member("days", debt.days)
    member("currency", debt.currency.code)
    member("balance_minor", debt.balanceMinor)
    member("unpaid_minor", debt.unpaidMinor)
    member("due_minor", debt.dueMinor)
  }

  /// A pass or carnet.
  mutating func holding(_ holding: HoldingRow) {
    beginObject()
    member("holding", holding.holdingID)
    member("product", holding.product)
    member("category", holding.category)
    member("state", holding.use.state.rawValue)
    member("sold_at", holding.soldAt.description)
    member("valid_from", orNull: holding.use.days?.lowerBound.description)
    member("valid_to", orNull: holding.use.days?.upperBound.description)
    member("rides_used", holding.use.ridesUsed)
    member("rides_left", orNull: holding.terms.ridesMax.map { max(0, $0 - holding.use.ridesUsed) })
    member("currency", holding.currency.code)
    member("price_minor", holding.terms.priceMinor)
    member("earned_minor", holding.recognisedMinor)
    member("refunded_minor", holding.refundedMinor)
    endObject()
  }

  fileprivate mutating func receipt(_ receipt: ProductDesk.Receipt) {
    beginObject()
    member("rider", receipt.holding.rider.description)
    member("repeated", receipt.isRepeated)
    member("refunded_minor", receipt.refundedMinor)
    key("product")
    holding(receipt.holding)
    endObject()
  }
}
