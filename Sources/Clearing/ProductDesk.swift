package import Basics
import Ledger
package import Store
import Tariff
package import Wallet

/// Where passes and carnets are sold and given back.
package struct ProductDesk: Sendable {
  let store: Store
  let city: CityHolder

  /// Opens the desk.
  package init(store: Store, city: CityHolder) {
    self.store = store
    self.city = city
  }

  /// What became of a sale or a return.
  package struct Receipt: Sendable, Equatable {
    package let holding: HoldingRow
    /// Minor units that went back to the rider; 0 for a sale.
    package let refundedMinor: Int64
    /// Whether it was done before: nothing changed this time.
    package let isRepeated: Bool
  }

  /// Sells a product at the tariff's price for the rider's category.
  ///
  /// It may carry rides from now on, or from a fare day to come. `order.minor` is what the desk took:
  /// another sum than the price is refused; nil takes the price as it is.
  package func sell(
    _ product: String, to rider: RiderID, from day: Day?, for order: MoneyOrder, by act: RiderAct
  ) async throws -> Receipt {
    try order.check()
    return try await WalletDesk.onceByKey {
      try await city.write(to: store) { db, city in
        let rider = try await RiderDesk.held(rider, in: db)
        let accounts = try await db.wallets.lock(of: [rider])
        if let before = try await db.products.find(key: order.key) {
          guard before.rider == rider, before.product == product, before.channel == order.channel
          else { throw RiderRefusal.keyReused }
          return Receipt(holding: before, refundedMinor: 0, isRepeated: true)
        }
        let media = try await db.media.media(of: rider)
        guard media.isEmpty || media.contains(where: { $0.state == .active }) else {
          throw RiderRefusal.wallet(.blocked)
        }
        var sale = try await holding(product, rider, from: day, order, city, by: act, in: db)
        let account = accounts.first { $0.currency == sale.currency }
        let entry = try await take(sale, order, account, on: city, by: act, in: db)
        sale.holdingID = try await db.products.add(sale, entryID: entry?.number)
        if order.channel == .acquirer, let entry {
          try await CardSales.take(
            sale.price, reference: order.reference, for: .holding(sale.holdingID),
            entry: entry.number, on: entry.day, in: db)
        }
        try await db.sorting.markStale(
          riderDays: [RiderDay(rider: rider, fareDay: sale.terms.grantedDay)],
          cause: .product, reason: "\(product) was bought", at: act.at)
        try await Self.note(
          "sale", "\(product) for \(sale.price)", of: rider, act, in: db)
        return Receipt(holding: sale, refundedMinor: 0, isRepeated: false)
      }
    }
  }

  /// The products of a rider, counted by the rides as they stand.
  package func list(of rider: RiderID, at now: Instant) async throws -> [HoldingRow] {
    let clock = city.current
    return try await store.read { db in
      let rider = try await RiderDesk.present(rider, in: db)
      return try await ProductCount.held(by: rider, at: now, clock: clock, in: db)
    }
  }

  /// Takes a product back; what is not used goes to the rider.
  ///
  /// It carries rides to the end of the fare day; one that was never used is as if it had not been
  /// sold. Giving the same product back twice is one return. What goes back to a bank card has the
  /// acquirer's name of it, and was paid by bank card; what goes back in cash was paid in cash, and has
  /// the desk and its receipt.
  package func refund(
    _ holdingID: Int64, of rider: RiderID, through channel: MoneyChannel,
    place deskName: String? = nil, reference: String? = nil, by act: RiderAct
  ) async throws -> Receipt {
    try Self.check(channel, deskName, reference)
    return try await city.write(to: store) { db, city in
      let rider = try await RiderDesk.held(rider, in: db)
      let accounts = try await db.wallets.lock(of: [rider])
      let holdings = try await db.products.lock(of: [rider])
      guard let place = holdings.firstIndex(where: { $0.holdingID == holdingID }) else {
        throw RiderRefusal.unknownHolding
      }
      var holding = holdings[place]
      if holding.returnedOn != nil {
        return Receipt(
          holding: holding, refundedMinor: holding.refundedMinor, isRepeated: true)
      }
      let waiting = try await db.wallets.waitingDays(of: rider)
      guard waiting == 0 else { throw RiderRefusal.ridesWait(days: waiting) }
      let today = city.fareDay(of: act.at)
      let count = ProductCount(
        holdings, try await db.products.carried(by: holdings), clock: city)
      let rides = count.rides[place]
      let isVoid =
        rides.isEmpty
        && (holding.terms.startsAtFirstUse || holding.terms.ridesMax != nil
          || today <= holding.terms.grantedDay)
      let unearned =
        isVoid
        ? holding.terms.priceMinor
        : Recognition.unearnedMinor(holding.terms, rides: rides, after: today, clock: city)
      let minor = min(unearned, holding.terms.priceMinor - holding.recognisedMinor)
      guard minor > 0 else { throw RiderRefusal.wallet(.nothingLeft) }
      let account = accounts.first { $0.currency == holding.currency }
      let money = Money(minor: minor, currency: holding.currency)
      let entry = try await give(money, holding, channel, account, on: city, by: act, in: db)
      try await db.products.markReturned(
        holdingID, on: today, isVoid: isVoid, refundedMinor: minor, through: channel,
        place: deskName,
        receipt: reference, entryID: entry.number)
      if channel == .acquirer {
        guard let paid = try await db.acquirerSales.lockPayment(ofHolding: holdingID) else {
          throw RiderRefusal.notPaidByCard
        }
        try await CardSales.give(
          money, reference: reference, of: paid, entry: entry.number, on: entry.day, in: db)
      }
      try await db.sorting.markStale(
        riderDays: [
          RiderDay(
            rider: rider, fareDay: isVoid ? holding.terms.grantedDay : today.adding(days: 1))
        ], cause: .product, reason: "\(holding.product) was given back", at: act.at)
      holding.returnedOn = today
      holding.isVoid = isVoid
      holding.refundedMinor = minor
      holding.use.state = .refunded
      try await Self.note(
        "return",
        ["\(holding.product) \(holdingID)", deskName, reference].compactMap { $0 }
          .joined(separator: " "), of: rider, act, in: db)
      return Receipt(holding: holding, refundedMinor: minor, isRepeated: false)
    }
  }

  // MARK: - Parts

  /// Cash goes out at a desk, with its receipt.
  private static func check(
    _ channel: MoneyChannel, _ place: String?, _ reference: String?
  ) throws(RiderRefusal) {
    for (text, name) in [(place, "The desk"), (reference, "The receipt")] {
      guard channel != .cash || text != nil else { throw .missing("\(name) of a cash operation") }
      guard (1...MoneyOrder.textBytesMax).contains(text?.utf8.count ?? 1) else {
        throw .missing(name)
      }
    }
  }

  private struct BookedEntry {
    let number: Int64
    let day: BookingDay
  }

  /// The sale as it will stand, at the tariff's price.
  private func holding(
    _ product: String, _ rider: RiderID, from day: Day?, _ order: MoneyOrder, _ city: City,
    by act: RiderAct, in db: StoreSession
  ) async throws -> HoldingRow {
    let today = city.fareDay(of: act.at)
    if let day, day < today { throw RiderRefusal.dayPassed(day) }
    let grantedDay = day ?? today
    guard let tariff = city.book?.tariff(on: grantedDay) else { throw RiderRefusal.noTariff }
    let grantedAt = max(act.at, tariff.cityClock.start(of: grantedDay))
    let proofs = try await db.rating.entitlements(of: [rider])
    let category =
      EntitlementRow.category(of: proofs, on: grantedDay) ?? tariff.categories.first ?? ""
    guard let offer = tariff.offer(of: product, to: category, at: grantedAt) else {
      throw RiderRefusal.unknownProduct(known: tariff.products)
    }
    guard let price = offer.priceMinor else { throw RiderRefusal.notForSale(category: category) }
    guard (0...WalletRule.amountMaxMinor).contains(price), order.minor ?? price == price else {
      throw RiderRefusal.wallet(.amount(order.minor ?? price))
    }
    guard order.currency == offer.currency else {
      throw RiderRefusal.currency(known: [offer.currency.code])
    }
    let terms = ProductTerms(
      priceMinor: price, grantedAt: grantedAt, grantedDay: grantedDay,
      startsAtFirstUse: offer.startsAtFirstUse, validity: ProductTerms.Validity(offer.validity),
      ridesMax: offer.ridesMax)
    var sale = HoldingRow(
      holdingID: 0, rider: rider, product: product, category: category,
      tariffVersion: offer.tariffVersion, soldAt: act.at, terms: terms, currency: offer.currency,
      use: ProductUse.of(terms, rides: [], returnedOn: nil, through: today, clock: city),
      channel: order.channel, actor: act.actor, key: order.key)
    sale.place = order.place
    sale.reference = order.reference
    return sale
  }

  /// Books a sale; one at no price has no entry.
  private func take(
    _ sale: HoldingRow, _ order: MoneyOrder, _ account: WalletAccountRow?, on city: City,
    by act: RiderAct, in db: StoreSession
  ) async throws -> BookedEntry? {
    guard sale.terms.priceMinor > 0 else { return nil }
    let day = try await db.bookingDay(of: act.at, in: city)
    if order.channel == .wallet {
      guard let account else { throw RiderRefusal.noAccount }
      let standing = try await WalletDesk.standing(of: account, medium: nil, in: db)
      do throws(WalletRefusal) {
        try WalletDecision.purchase(sale.terms.priceMinor, standing: standing)
      } catch {
        throw RiderRefusal.wallet(error)
      }
    }
    let entry = try WalletEntries.sale(
      sale.price, product: sale.product, through: order.channel, reference: order.memo,
      on: day.booked)
    try await db.books.add([try day.named(entry)], at: act.at)
    let number = try await db.wallets.lastEntry()
    if order.channel == .wallet, let account {
      try await move(
        0 - sale.terms.priceMinor, account, sale.product, number, on: day.booked, by: act, in: db)
    }
    return BookedEntry(number: number, day: day)
  }

  /// Books what goes back to the rider.
  private func give(
    _ money: Money, _ holding: HoldingRow, _ channel: MoneyChannel, _ account: WalletAccountRow?,
    on city: City, by act: RiderAct, in db: StoreSession
  ) async throws -> BookedEntry {
    let day = try await db.bookingDay(of: act.at, in: city)
    if channel == .wallet, account == nil { throw RiderRefusal.noAccount }
    if channel == .cash { try await Self.payOut(money.minor, holding, account, in: db) }
    if channel == .bank { try await Self.transfer(money.minor, holding, account, in: db) }
    let entry = try WalletEntries.productRefund(
      money, product: holding.product, through: channel, reference: "\(holding.holdingID)",
      on: day.booked)
    try await db.books.add([try day.named(entry)], at: act.at)
    let number = try await db.wallets.lastEntry()
    if channel == .wallet, let account {
      try await move(money.minor, account, holding.product, number, on: day.booked, by: act, in: db)
    }
    return BookedEntry(number: number, day: day)
  }

  /// Refuses to give by transfer what came by a transfer that the bank has not shown.
  private static func transfer(
    _ minor: Int64, _ holding: HoldingRow, _ account: WalletAccountRow?, in db: StoreSession
  ) async throws {
    if try await db.products.isUnseenAtBank(holding.holdingID) {
      throw RiderRefusal.saleNotSeenAtBank
    }
    guard holding.channel == .wallet, let account else { return }
    let standing = try await WalletDesk.standing(of: account, medium: nil, in: db)
    do throws(WalletRefusal) {
      try WalletDecision.transfer(minor, leaving: standing.balanceMinor, standing: standing)
    } catch {
      throw RiderRefusal.wallet(error)
    }
  }

  /// Refuses to give in cash what was not paid in cash, neither for the product nor onto the account.
  private static func payOut(
    _ minor: Int64, _ holding: HoldingRow, _ account: WalletAccountRow?, in db: StoreSession
  ) async throws {
    guard holding.channel != .cash else { return }
    guard holding.channel == .wallet, let account else { throw RiderRefusal.notPaidInCash }
    let standing = try await WalletDesk.standing(of: account, medium: nil, in: db)
    do throws(WalletRefusal) {
      try WalletDecision.payOut(minor, standing: standing)
    } catch {
      throw RiderRefusal.wallet(error)
    }
  }

  private func move(
    _ minor: Int64, _ account: WalletAccountRow, _ product: String, _ entry: Int64, on date: Day,
    by act: RiderAct, in db: StoreSession
  ) async throws {
    var account = account
    account.balanceMinor += minor
    var movement = MovementRow(
      accountID: account.accountID, kind: .purchase, amountMinor: minor,
      balanceMinor: account.balanceMinor, at: act.at, accountingDate: date, actor: act.actor)
    movement.entryID = entry
    movement.channel = .wallet
    movement.reference = product
    try await db.wallets.add([movement])
    try await db.wallets.save([account])
    try await RidePayments.settle(account, on: date, in: db, at: act.at)
  }

  private static func note(
    _ kind: String, _ detail: String, of rider: RiderID, _ act: RiderAct, in db: StoreSession
  ) async throws {
    try await db.media.add(
      RiderEventRow(
        at: act.at, actor: act.actor, kind: kind, reason: act.reason, detail: detail),
      of: rider)
  }
}

extension HoldingRow {
  /// What it was sold for.
  package var price: Money { Money(minor: terms.priceMinor, currency: currency) }
}

extension ProductTerms.Validity {
  init(_ validity: ProductOffer.Validity) {
    switch validity {
    case .days(let count): self = .days(count)
    case .microseconds(let length): self = .seconds((length + 999_999) / 1_000_000)
    case .months(let count): self = .months(count)
    case .calendarMonth: self = .calendarMonth
    }
  }
}
