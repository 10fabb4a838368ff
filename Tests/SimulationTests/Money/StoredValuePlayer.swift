import Basics
import Clearing
import SimulatedCity
import Store
import Tapping
import Transit
import Wallet

/// What people do at desks about stored value, passes and carnets.
extension MoneyPlayer {
  mutating func playStoredValue(_ event: MoneyEvent, on day: Int) async throws {
    switch event {
    case .topUp(let place, let minor, let channel): try await topUp(place, minor, channel)
    case .refundBalance(let place, let part, let channel):
      guard let rider = holder(place) else { return }
      _ = try await refund(rider, part, channel)
    case .correct(let place, let minor, let isApproved, let isLater):
      try await correct(place, minor, isApproved, isLater)
    case .giveUpAccount(let place, let isApproved, let isLater):
      try await giveUp(place, isApproved, isLater)
    case .decideAccountOrders:
      let waiting = accountOrders
      accountOrders = []
      for order in waiting { try await decide(order) }
    case .sell(let kind, let place, let channel, let daysAhead):
      try await sell(kind, place, channel, CityCalendar.day(day), daysAhead)
    case .giveBack(let place, let channel):
      try await giveBack(place, channel, CityCalendar.day(day))
    default: return
    }
  }

  /// Whoever holds a medium of the plan; nil when nobody was ever seen with it.
  func holder(_ place: Int) -> RiderID? { books.people.owner[plan.media[place]] }

  /// Whoever holds a medium of the plan, who comes to the desk with it when nobody knows them yet.
  mutating func registered(_ place: Int) async throws -> RiderID {
    if let known = holder(place) { return known }
    let (house, act, medium) = (house, act, plan.media[place])
    let rider = try await house.insist {
      try await house.riders.register(
        medium.kind, token: Array(medium.word.utf8), to: nil, validTo: nil, by: act)
    }
    if books.people.holder(of: medium) != rider {
      findings.append("\(medium.word) was registered to \(rider)")
    }
    count("registered")
    return rider
  }

  mutating func order(_ minor: Int64?, _ channel: MoneyChannel) -> MoneyOrder {
    let name = key("k")
    return MoneyOrder(
      minor: minor, currency: uah, channel: channel, place: "desk 1", reference: name, key: name)
  }

  /// An order that names the top-up of a rider from which the money goes back, where there is one.
  private mutating func refundOrder(
    _ part: Int64?, _ channel: MoneyChannel, _ rider: RiderID, _ place: Int?
  ) -> MoneyOrder {
    var order = order(part, channel)
    let topUps = books.people.cardTopUps[rider] ?? []
    if channel == .acquirer {
      order.payment = place.map { topUps[$0].reference } ?? topUps.first?.reference ?? "nobody's"
    }
    return order
  }

  /// Where money lies that came through a channel.
  static func account(_ channel: MoneyChannel) -> PlainAccount {
    switch channel {
    case .cash: .cash
    case .bank: .bank
    case .acquirer, .wallet: .acquirer
    }
  }

  /// What is given back through a channel comes from here.
  static func giving(_ channel: MoneyChannel) -> PlainAccount {
    channel == .bank ? .toBePaid : account(channel)
  }

  private mutating func topUp(
    _ place: Int, _ minor: Int64, _ channel: MoneyChannel
  ) async throws {
    try await topUp(try await registered(place), minor, channel)
  }

  mutating func topUp(
    _ rider: RiderID, _ minor: Int64, _ channel: MoneyChannel
  ) async throws {
    let (house, act, order) = (house, act, order(minor, channel))
    let outcome = try await ask(
      "top-up", again: .answered { $0.isRepeated && $0.movement.amountMinor == minor }
    ) { try await house.wallets.topUp(order, to: rider, by: act) }
    guard judge(outcome, "top-up", isRight: true) else { return }
    books.people.deposits[rider, default: 0] += minor
    if channel == .cash { books.people.cash[rider, default: 0] += minor }
    if channel == .acquirer, let reference = order.reference {
      books.people.cardTopUps[rider, default: []].append(
        CardTopUp(reference: reference, left: minor))
    }
    books.write(Self.account(channel), minor)
    if channel == .acquirer {
      books.cardSales.append(PlainCardSale(reference: order.key, minor: minor))
    }
    guard channel == .bank else { return }
    let number = try await movement(order)
    books.bookAtBank(.receipt(number), minor, word: order.key, on: today)
    books.people.add(.receipt(number), ofBank: minor, counted: minor, of: rider)
  }

  /// The number of a movement of stored value, as a desk is told it.
  private func movement(_ order: MoneyOrder) async throws -> Int64 {
    try await house.number(
      "select movement_id from wallet_movement where idempotency_key = '\(order.key)'")
  }

  /// Money that the house has to transfer to a rider: the bank does it on this day or one of the next.
  private mutating func transfer(_ money: PlainBank.Money, _ minor: Int64, word: String? = nil) {
    books.bank.expect(money, -minor, since: today)
    guard chance.chance(0.8) else { return }
    books.bank.move(
      money, -minor, word: word, on: today.adding(days: chance.integer(in: 0...2)),
      mayBeMissing: false)
  }

  @discardableResult
  mutating func refund(
    _ rider: RiderID, _ part: Int64?, _ channel: MoneyChannel
  ) async throws -> Bool {
    try await settle()
    let balance = books.people.balance(of: rider) ?? 0
    let minor = part ?? balance
    // To a bank card goes back at most what came from it.
    let place = books.people.cardTopUps[rider]?.firstIndex { $0.left >= minor }
    let (house, act, order) = (house, act, refundOrder(part, channel, rider, place))
    let outcome = try await ask(
      "refund of stored value",
      again: .answered { $0.isRepeated && $0.movement.amountMinor == -minor }
    ) { try await house.wallets.refund(order, to: rider, by: act) }
    let hasCash = minor <= books.cash(rider)
    if channel == .cash, balance > 0, minor <= balance, !hasCash { count("not paid in cash") }
    let unseen = books.unseen(rider)
    let isSeen = unseen == 0 || balance - minor >= unseen
    if channel == .bank, balance > 0, minor <= balance, !isSeen { count("not seen at the bank") }
    let isRight =
      balance > 0 && minor <= balance && (channel != .acquirer || place != nil)
      && (channel != .cash || hasCash) && (channel != .bank || isSeen)
    guard judge(outcome, "refund of stored value", isRight: isRight) else { return false }
    if channel == .acquirer, let place {
      books.people.cardTopUps[rider]?[place].left -= minor
      books.cardSales.append(PlainCardSale(reference: order.key, isRefund: true, minor: minor))
      count("refund to a bank card")
    }
    if case .done(let receipt) = outcome, receipt.movement.amountMinor != -minor {
      findings.append("\(rider) got \(-receipt.movement.amountMinor) back instead of \(minor)")
    }
    books.people.deposits[rider, default: 0] -= minor
    if channel == .cash { books.people.cash[rider, default: 0] -= minor }
    books.write(Self.giving(channel), -minor)
    if channel == .bank { transfer(.transfer(try await movement(order)), minor, word: order.key) }
    return true
  }

  // MARK: - Two people

  private mutating func correct(
    _ place: Int, _ minor: Int64, _ isApproved: Bool, _ isLater: Bool
  ) async throws {
    guard let rider = holder(place) else { return }
    try await settle()
    let (house, uah) = (house, uah)
    let balance = books.people.balance(of: rider)
    let isWaiting = accountOrders.contains {
      $0.rider == rider && !$0.isGivenUp && !$0.isClosed && ($0.minor > 0) == (minor > 0)
    }
    let outcome = try await ask("correction", again: .refused("waits for a decision")) {
      try await house.walletOrders.proposeCorrection(
        minor, in: uah, of: rider, reason: "simulated", by: "olena")
    }
    let isRight = balance.map { minor > 0 || $0 + minor >= 0 } ?? false
    guard judge(outcome, "correction", isRight: isRight && !isWaiting),
      case .done(let number) = outcome
    else { return }
    try await decide(
      AccountOrder(
        number: number, minor: minor, isGivenUp: false, isApproved: isApproved, rider: rider),
      isLater: isLater)
  }

  private mutating func giveUp(
    _ place: Int, _ isApproved: Bool, _ isLater: Bool
  ) async throws {
    guard let rider = holder(place) else { return }
    try await settle()
    let (house, uah) = (house, uah)
    let hasAccount = books.people.deposits[rider] != nil
    let owed = books.people.owed(by: rider)
    let isWaiting = accountOrders.contains {
      $0.isGivenUp && (hasAccount ? $0.rider == rider && $0.subject == nil : $0.subject == rider)
        && !$0.isClosed
    }
    let outcome = try await ask("account given up", again: .refused("waits for a decision")) {
      try await house.walletOrders.proposeWriteOff(
        in: uah, of: rider, reason: "simulated", by: "olena")
    }
    guard judge(outcome, "account given up", isRight: owed > 0 && !isWaiting),
      case .done(let number) = outcome
    else { return }
    var order = AccountOrder(
      number: number, minor: owed, isGivenUp: true, isApproved: isApproved, rider: rider)
    if !hasAccount {
      order.subject = rider
      count("given up without an account")
    }
    try await decide(order, isLater: isLater)
  }

  private mutating func decide(_ order: AccountOrder, isLater: Bool) async throws {
    if isLater { accountOrders.append(order) } else { try await decide(order) }
  }

  private mutating func decide(_ order: AccountOrder) async throws {
    try await settle()
    let house = house
    let rider = order.rider
    let balance = books.people.balance(of: rider) ?? 0
    let minor =
      order.isGivenUp ? min(order.minor, books.people.owed(by: rider)) : order.minor
    let isOpen = !order.isClosed && !books.people.erased.contains(rider)
    let fits = order.isGivenUp ? minor > 0 : minor > 0 || balance + minor >= 0
    let outcome = try await ask("order about an account", again: .refused("already")) {
      try await house.moneyOrders.decide(order.number, isApproved: order.isApproved, by: "taras")
    }
    let isRight = !order.isApproved || isOpen && fits
    guard judge(outcome, "order about an account", isRight: isRight) else {
      // It waits on; somebody turns it down.
      try await decide(order: order.number, isApproved: false)
      return
    }
    guard order.isApproved else { return }
    books.people.deposits[rider, default: 0] += minor
    books.write(order.isGivenUp ? .writtenOff : .unmatched, minor)
    guard order.isGivenUp else {
      books.people.add(nil, ofBank: 0, counted: minor, of: rider)
      return
    }
    books.people.givenUp[rider, default: 0] += minor
    count("account written off")
  }

  // MARK: - Passes and carnets

  private mutating func sell(
    _ kind: SoldProduct.Kind, _ place: Int, _ channel: MoneyChannel, _ today: Day,
    _ daysAhead: Int
  ) async throws {
    try await settle()
    let rider = try await registered(place)
    let (house, act, order) = (house, act, order(nil, channel))
    let first = today.adding(days: daysAhead)
    let price = kind.priceMinor
    let canPay =
      channel != .wallet || books.people.balance(of: rider).map { $0 >= price } ?? false
    let isAdult = books.people.category(of: rider, on: first) == "adult"
    let outcome = try await ask(
      "sale", again: .answered { $0.isRepeated && $0.holding.terms.priceMinor == price }
    ) {
      try await house.products.sell(
        kind.rawValue, to: rider, from: daysAhead == 0 ? nil : first, for: order, by: act)
    }
    guard judge(outcome, "sale", isRight: canPay && isAdult), case .done(let receipt) = outcome
    else { return }
    books.people.products[rider, default: []].append(
      SoldProduct(
        kind: kind, number: receipt.holding.holdingID, channel: channel,
        grantedAt: daysAhead == 0
          ? act.at : max(act.at, CityCalendar.moment(first, second: 4 * 3600)),
        firstDay: first))
    books.write(.deferred, -price)
    if channel == .wallet {
      books.people.deposits[rider, default: 0] -= price
      count("sale from the card")
    } else {
      books.write(Self.account(channel), price)
    }
    if channel == .acquirer {
      books.cardSales.append(PlainCardSale(reference: order.key, minor: price))
    }
    if channel == .bank {
      books.bookAtBank(.sale(receipt.holding.holdingID), price, word: order.key, on: today)
    }
    isUnsettled = true
  }

  private mutating func giveBack(
    _ place: Int, _ asked: MoneyChannel, _ today: Day
  ) async throws {
    guard let rider = holder(place),
      let index = books.people.products[rider]?.lastIndex(where: { $0.returnedOn == nil }),
      var product = books.people.products[rider]?[index]
    else { return }
    // A rider asks for it in any way, and every second time the desk gives back the way it came. The
    // product's number would not do: it hangs on how often the database began anew.
    returnsAsked += 1
    let channel = returnsAsked.isMultiple(of: 2) ? asked : product.channel
    try await settle()
    let rides = books.people.rides(of: rider).filter { $0.product == index }
    let price = product.kind.priceMinor
    let isVoid = rides.isEmpty && (product.kind == .carnet || today <= product.firstDay)
    let used = rides.count { $0.tap.day <= today }
    let unearned = isVoid ? price : price - product.earned(through: today, rides: used)
    let minor = min(unearned, price - product.recognised)
    let hasAccount = channel != .wallet || books.people.deposits[rider] != nil
    let (house, act, number, reference) = (house, act, product.number, key("slip"))
    let outcome = try await ask(
      "return", again: .answered { $0.isRepeated && $0.refundedMinor == minor }
    ) {
      try await house.products.refund(
        number, of: rider, through: channel, place: "desk 1", reference: reference, by: act)
    }
    let unseen = books.unseen(rider)
    let isPaidSo =
      switch channel {
      case .acquirer: product.channel == .acquirer
      case .cash where product.channel == .wallet: minor <= books.cash(rider)
      case .cash: product.channel == .cash
      case .bank where product.channel == .bank:
        !books.isUnseen(.sale(number), price)
      case .bank where product.channel == .wallet:
        unseen == 0 || books.people.balance(of: rider) ?? 0 >= unseen
      case .bank, .wallet: true
      }
    guard judge(outcome, "return", isRight: minor > 0 && hasAccount && isPaidSo),
      case .done(let receipt) = outcome
    else { return }
    if receipt.refundedMinor != minor {
      findings.append("product \(number) gave \(receipt.refundedMinor) back instead of \(minor)")
    }
    product.returnedOn = today
    product.refunded = minor
    product.isVoid = isVoid
    books.people.products[rider]?[index] = product
    books.write(.deferred, minor)
    if channel == .wallet {
      books.people.deposits[rider, default: 0] += minor
    } else {
      books.write(Self.giving(channel), -minor)
    }
    switch (product.channel, channel) {
    case (.cash, .wallet): books.people.cash[rider, default: 0] += minor
    case (.wallet, .cash): books.people.cash[rider, default: 0] -= minor
    case (.bank, .wallet):
      books.people.add(.sale(number), ofBank: price, counted: minor, of: rider)
    default: break
    }
    if channel == .acquirer {
      books.cardSales.append(PlainCardSale(reference: reference, isRefund: true, minor: minor))
    }
    if channel == .bank { transfer(.productTransfer(number), minor) }
    isUnsettled = true
  }

  /// A fare day of passes and carnets ends.
  mutating func recognise(_ day: Day) async throws {
    let (house, now) = (house, now)
    _ = try await house.insist {
      try await house.recognition.recognise(through: day, at: now)
    }
    books.recognise(day)
  }
}
