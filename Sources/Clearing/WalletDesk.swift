package import Basics
import Ledger
package import Store
import Tariff
package import Wallet

/// Money that a desk or the acquirer takes or gives.
package struct MoneyOrder: Sendable, Equatable {
  /// Minor units; nil asks for all that is left, for a refund.
  package var minor: Int64?
  package var currency: Currency
  package var channel: MoneyChannel
  /// The desk, when it is one.
  package var place: String?
  /// Receipt of the desk, or the acquirer's name of the operation.
  package var reference: String?
  /// Of a refund to a bank card: the acquirer's name of the top-up whose money goes back.
  package var payment: String?
  /// Names the operation once: the same order again is the same operation.
  package var key: String

  /// Longest key, place and reference, in bytes.
  package static let textBytesMax = 128

  /// Makes an order.
  package init(
    minor: Int64?, currency: Currency, channel: MoneyChannel, place: String? = nil,
    reference: String? = nil, key: String
  ) {
    self.minor = minor
    self.currency = currency
    self.channel = channel
    self.place = place
    self.reference = reference
    self.key = key
  }

  /// What entries and lists call it.
  var memo: String {
    [place, reference].compactMap { $0 }.joined(separator: " ")
  }

  /// Whether texts are there and not too long.
  func check() throws(RiderRefusal) {
    guard (1...Self.textBytesMax).contains(key.utf8.count) else { throw .missing("The key") }
    for (text, name) in [(place, "The desk"), (reference, "The reference")] {
      if let text, !(1...Self.textBytesMax).contains(text.utf8.count) { throw .missing(name) }
    }
    guard channel != .cash || (place != nil && reference != nil) else {
      throw .missing("The desk or the receipt of a cash operation")
    }
    if channel == .acquirer { _ = try CardSales.known(reference) }
  }
}

/// What became of an order.
package struct MoneyReceipt: Sendable, Equatable {
  package let movement: MovementRow
  package let rider: RiderID
  /// Whether the same order was carried out before: nothing moved this time.
  package let isRepeated: Bool
}

/// Where money goes onto cards and comes off again.
///
/// Each operation holds the account for its transaction, so that two desks at once never take more
/// than there is.
package struct WalletDesk: Sendable {
  let store: Store
  let city: CityHolder

  /// Opens the desk.
  package init(store: Store, city: CityHolder) {
    self.store = store
    self.city = city
  }

  /// Puts money on; debts of rides are paid from it at once.
  ///
  /// `medium` is the card that lies on the desk: a blocked one takes nothing.
  package func topUp(
    _ order: MoneyOrder, to rider: RiderID, medium: MediumID? = nil, by act: RiderAct
  ) async throws -> MoneyReceipt {
    try await move(order, .topUp, of: rider, medium: medium, by: act) {
      standing throws(WalletRefusal) in
      let minor = order.minor ?? 0
      try WalletDecision.topUp(minor, through: order.channel, standing: standing)
      return minor
    }
  }

  /// Gives back what is left, or a part of it.
  package func refund(
    _ order: MoneyOrder, to rider: RiderID, by act: RiderAct
  ) async throws -> MoneyReceipt {
    try await move(order, .refund, of: rider, medium: nil, by: act) {
      standing throws(WalletRefusal) in
      0 - (try WalletDecision.refund(order.minor, through: order.channel, standing: standing))
    }
  }

  /// The balance of a rider just after a moment, in minor units; nil without an account.
  ///
  /// Riders who were merged since are one: their accounts of that time are added up.
  package func balance(
    of rider: RiderID, in currency: Currency, at moment: Instant
  ) async throws -> Int64? {
    try await store.read { db in
      let rider = try await RiderDesk.present(rider, in: db)
      let accounts = try await db.wallets.accounts(of: rider, in: currency)
      guard !accounts.isEmpty else { return nil }
      return try await db.wallets.balance(of: accounts, at: moment)
    }
  }

  /// The movements of a rider's accounts within a time, with the balance before them.
  ///
  /// Each movement has the balance of all these accounts after it, as ``balance(of:in:at:)``.
  package func statement(
    of rider: RiderID, in currency: Currency, from: Instant, before: Instant
  ) async throws -> (openingMinor: Int64, movements: [MovementRow])? {
    try await store.read { db in
      let rider = try await RiderDesk.present(rider, in: db)
      let accounts = try await db.wallets.accounts(of: rider, in: currency)
      guard !accounts.isEmpty else { return nil }
      let opening = try await db.wallets.balance(
        of: accounts, at: Instant(microseconds: from.microseconds - 1))
      var movements = try await db.wallets.movements(of: accounts, from: from, before: before)
      var balance = opening
      for index in movements.indices {
        balance += movements[index].amountMinor
        movements[index].balanceMinor = balance
      }
      return (opening, movements)
    }
  }

  /// Changes how low stored value of a currency may go.
  package func set(_ rule: WalletRule, of currency: Currency, by act: RiderAct) async throws {
    try requireKnown(currency)
    try await store.write { db in
      try await db.wallets.set(rule, of: currency, by: act.actor, at: act.at)
    }
  }

  private func requireKnown(_ currency: Currency) throws(RiderRefusal) {
    let known = Set((city.current.book?.versions ?? []).map(\.currency.code))
    guard known.contains(currency.code) else { throw .currency(known: known.sorted()) }
  }

  /// One movement with its entry: the account is held, then decided, then booked.
  private func move(
    _ order: MoneyOrder, _ kind: MovementKind, of rider: RiderID, medium: MediumID?,
    by act: RiderAct,
    deciding decide: @Sendable (WalletStanding) throws(WalletRefusal) -> Int64
  ) async throws -> MoneyReceipt {
    try order.check()
    try requireKnown(order.currency)
    let city = city.current
    return try await Self.onceByKey {
      try await store.write { db in
        let rider = try await RiderDesk.held(rider, in: db)
        let day = try await Self.openAccount(
          kind == .topUp, of: rider, order.currency, city, in: db, at: act.at)
        let account = try await db.wallets.lock(of: rider, in: order.currency)
        if let before = try await db.wallets.find(key: order.key) {
          let own = try await db.wallets.accounts(of: rider, in: order.currency)
          return try Self.repeated(before, order, kind, of: rider, whoseAccountsAre: own)
        }
        guard let account else { throw RiderRefusal.noAccount }
        let minor: Int64
        let standing = try await Self.standing(of: account, medium: medium, in: db)
        do throws(WalletRefusal) {
          minor = try decide(standing)
        } catch {
          throw RiderRefusal.wallet(error)
        }
        return try await Self.book(minor, kind, order, account, on: day, by: act, in: db)
      }
    }
  }

  /// Opens an account for a first top-up, or to give up what is owed without one.
  ///
  /// All days that the rider ever rode then are its to pay. When it is booked comes back. Nobody rates
  /// meanwhile: whoever looked for an account before there was one would leave rides that nobody pays.
  static func openAccount(
    _ isWanted: Bool, of rider: RiderID, _ currency: Currency, _ city: City, in db: StoreSession,
    at now: Instant
  ) async throws -> BookingDay {
    let owner = WalletOwner(rider: rider, currency: currency)
    guard isWanted, try await !db.wallets.owners(among: [rider]).contains(owner) else {
      return try await db.bookingDay(of: now, in: city)
    }
    try await db.holdLanes(.rating, [Lane.of(rider)])
    let day = try await db.bookingDay(of: now, in: city)
    guard try await db.wallets.open(of: rider, in: currency, at: now) else { return day }
    let days = try await db.riderMoves.days(of: rider)
    try await RidePayments.collect(
      rated: days.map { RiderDay(rider: rider, fareDay: $0) }, lane: Lane.of(rider),
      accountingDate: day.booked, in: db, at: now)
    try await db.wallets.unmarkOwing(of: rider)
    return day
  }

  /// What has to be known of an account to decide.
  static func standing(
    of account: WalletAccountRow, medium: MediumID?, in db: StoreSession
  ) async throws -> WalletStanding {
    let media = try await db.media.media(of: account.rider)
    let meant = media.filter { medium == nil || $0.medium == medium }
    let origin = try await db.wallets.origin(of: account.rider, in: account.currency)
    return WalletStanding(
      balanceMinor: account.balanceMinor,
      debtMinor: try await db.wallets.debt(of: account.accountID),
      waitingDays: try await db.wallets.waitingDays(of: account.rider),
      isBlocked: !meant.isEmpty && meant.allSatisfy { $0.state != .active },
      cashMinor: WalletDecision.cash(
        paidMinor: origin.cashMinor, correctedMinor: origin.correctedMinor,
        takenOffMinor: origin.transferredMinor - origin.unseenMinor),
      unseenMinor: origin.unseenMinor)
  }

  /// The movement of before when the order is the same; a key is not used for two things.
  ///
  /// It may have been on an account that was closed since, when riders were merged.
  private static func repeated(
    _ before: MovementRow, _ order: MoneyOrder, _ kind: MovementKind, of rider: RiderID,
    whoseAccountsAre accounts: [Int64]
  ) throws(RiderRefusal) -> MoneyReceipt {
    let isSame =
      before.kind == kind && accounts.contains(before.accountID)
      && before.channel == order.channel && before.place == order.place
      && before.reference == order.reference
      && (order.minor == nil
        || order.minor == (kind == .refund ? 0 - before.amountMinor : before.amountMinor))
    guard isSame else { throw .keyReused }
    return MoneyReceipt(movement: before, rider: rider, isRepeated: true)
  }

  private static func book(
    _ minor: Int64, _ kind: MovementKind, _ order: MoneyOrder, _ account: WalletAccountRow,
    on day: BookingDay, by act: RiderAct, in db: StoreSession
  ) async throws -> MoneyReceipt {
    let date = day.booked
    let money = Money(
      minor: kind == .refund ? 0 - minor : minor, currency: account.currency)
    let entry: Entry =
      switch kind {
      case .refund:
        try WalletEntries.refund(money, through: order.channel, reference: order.memo, on: date)
      default:
        try WalletEntries.topUp(money, through: order.channel, reference: order.memo, on: date)
      }
    try await db.books.add([try day.named(entry)], at: act.at)
    var account = account
    account.balanceMinor += minor
    var movement = MovementRow(
      accountID: account.accountID, kind: kind, amountMinor: minor,
      balanceMinor: account.balanceMinor, at: act.at, accountingDate: date, actor: act.actor)
    movement.entryID = try await db.wallets.lastEntry()
    movement.key = order.key
    movement.channel = order.channel
    movement.place = order.place
    movement.reference = order.reference
    try await db.wallets.add([movement])
    try await db.wallets.save([account])
    if order.channel == .acquirer, let entryID = movement.entryID {
      try await noteCardMoney(money, kind, order, account, entryID, on: day, in: db)
    }
    try await RidePayments.settle(account, on: date, in: db, at: act.at)
    try await db.media.add(
      RiderEventRow(
        at: act.at, actor: act.actor, kind: kind.rawValue, reason: act.reason,
        detail: "\(Money(minor: minor, currency: account.currency)) \(order.memo)"),
      of: account.rider)
    return MoneyReceipt(movement: movement, rider: account.rider, isRepeated: false)
  }

  /// The acquirer's money of a movement waits for its funding file from now on.
  private static func noteCardMoney(
    _ money: Money, _ kind: MovementKind, _ order: MoneyOrder, _ account: WalletAccountRow,
    _ entryID: Int64, on day: BookingDay, in db: StoreSession
  ) async throws {
    guard kind == .refund else {
      return try await CardSales.take(
        money, reference: order.reference, for: .account(account.accountID), entry: entryID,
        on: day, in: db)
    }
    let paid = try await CardSales.topUp(order.payment, of: account.rider, in: db)
    try await CardSales.give(
      money, reference: order.reference, of: paid, entry: entryID, on: day, in: db)
  }

  /// Two at once with one key: the second finds it taken when it commits.
  ///
  /// It looks once more at what the first one did, for that may be the same.
  static func onceByKey<Result>(
    _ body: () async throws -> Result
  ) async throws -> Result {
    for _ in 0..<2 {
      do {
        return try await body()
      } catch let fault as StoreFault where fault.sqlState == "23505" {}
    }
    throw RiderRefusal.keyReused
  }
}
