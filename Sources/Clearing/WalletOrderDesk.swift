package import Basics
import Ledger
package import Store
import Wallet

/// What two people decide about stored value: a balance that is put right, a debt that is given up.
///
/// Both move money of the house. So one person proposes, and nothing is booked until another approves.
package struct WalletOrderDesk: Sendable {
  private let store: Store
  private let city: CityHolder
  private let now: @Sendable () -> Instant

  /// Makes the use case.
  package init(store: Store, city: CityHolder, now: @escaping @Sendable () -> Instant) {
    self.store = store
    self.city = city
    self.now = now
  }

  /// Proposes to put a balance right by an amount, up or down; the number of the order.
  package func proposeCorrection(
    _ minor: Int64, in currency: Currency, of rider: RiderID, reason: String, by person: String
  ) async throws -> Int64 {
    try await propose(
      minor > 0 ? .accountCredit : .accountDebit, currency, rider, reason, person
    ) { standing in
      do throws(WalletRefusal) {
        try WalletDecision.correction(minor, standing: standing)
      } catch {
        throw RiderRefusal.wallet(error)
      }
      return Int64(minor.magnitude)
    }
  }

  /// Proposes to give up what an account owes; the number of the order.
  ///
  /// Of a rider without an account that is what the rides with cards and QR codes come to: the account is
  /// opened when the order is approved.
  package func proposeWriteOff(
    in currency: Currency, of rider: RiderID, reason: String, by person: String
  ) async throws -> Int64 {
    try await propose(.accountWriteOff, currency, rider, reason, person) { standing in
      guard standing.owedMinor > 0 else { throw MoneyRefusal.unfit("the account owes nothing") }
      return standing.owedMinor
    }
  }

  private func propose(
    _ kind: MoneyOrderRow.Kind, _ currency: Currency, _ rider: RiderID, _ reason: String,
    _ person: String, _ amount: @Sendable (WalletStanding) throws -> Int64
  ) async throws -> Int64 {
    guard (1...RiderAct.textBytesMax).contains(reason.utf8.count) else {
      throw RiderRefusal.missing("The reason")
    }
    let moment = now()
    return try await store.write { db in
      let rider = try await RiderDesk.held(rider, in: db)
      guard let account = try await db.wallets.lock(of: rider, in: currency) else {
        let owed = try await db.wallets.owed(by: rider).first { $0.currency == currency }
        guard kind == .accountWriteOff, let owed else { throw RiderRefusal.noAccount }
        return try await db.orders.propose(
          kind, aboutRider: rider, owed, reason: reason, by: person, at: moment)
      }
      let minor = try amount(try await WalletDesk.standing(of: account, medium: nil, in: db))
      return try await db.orders.propose(
        kind, about: account.accountID, called: "account", Money(minor: minor, currency: currency),
        reason: reason, by: person, at: moment)
    }
  }

  /// Decides an order about an account, and carries it out when it is approved.
  package func decide(
    _ order: Int64, isApproved: Bool, by person: String
  ) async throws -> MoneyOrderRow {
    let moment = now()
    return try await store.write { db in
      // Who merges or erases a rider holds the lanes before the order: so does who opens an account.
      if let subject = try await db.orders.find(order)?.subject, let rider = RiderID(subject),
        let present = try await db.media.present(rider)
      {
        try await db.holdLanes(.rating, [Lane.of(present.rider)])
      }
      let row = try await db.orders.decide(
        order, isApproved: isApproved, by: person, at: moment, where: \.isOfAccount)
      guard isApproved else { return row }
      let (account, day) = try await account(of: row, in: db, at: moment)
      let minor = try Self.amount(
        of: row, standing: try await WalletDesk.standing(of: account, medium: nil, in: db))
      try await carryOut(row, minor, account, on: day, by: person, in: db, at: moment)
      return row
    }
  }

  /// The account that an order is about, held, and when it is booked; one about a rider who has none
  /// opens it, and the rides of before are then its debt.
  private func account(
    of order: MoneyOrderRow, in db: StoreSession, at moment: Instant
  ) async throws -> (WalletAccountRow, BookingDay) {
    if let rider = RiderID(order.subject) {
      let rider = try await RiderDesk.present(rider, in: db)
      let day = try await WalletDesk.openAccount(
        true, of: rider, order.currency, city.current, in: db, at: moment)
      guard let account = try await db.wallets.lock(of: rider, in: order.currency) else {
        preconditionFailure("an account that was opened is there")
      }
      return (account, day)
    }
    let number = try order.subjectNumber()
    let day = try await db.bookingDay(of: moment, in: city.current)
    guard let account = try await db.wallets.lock(account: number) else {
      throw MoneyRefusal.unfit("account \(number) is closed: its money went to another rider's")
    }
    // An account whose rider was erased is nobody's: nothing comes onto it any more by hand.
    guard try await db.media.rider(account.rider)?.erasedAt == nil else {
      throw MoneyRefusal.unfit("account \(number) is nobody's: its rider was erased")
    }
    return (account, day)
  }

  /// By how much an order moves a balance as it stands now; below zero takes off.
  private static func amount(
    of order: MoneyOrderRow, standing: WalletStanding
  ) throws(MoneyRefusal) -> Int64 {
    if order.kind == .accountWriteOff {
      // What was paid meanwhile is not given up, nor what came on top and nobody agreed to.
      let minor = min(order.minor, standing.owedMinor)
      guard minor > 0 else { throw .unfit("the account owes nothing any more") }
      return minor
    }
    let minor = order.kind == .accountCredit ? order.minor : 0 - order.minor
    do throws(WalletRefusal) {
      try WalletDecision.correction(minor, standing: standing)
    } catch {
      throw .unfit(String(error.sentence.dropLast()))
    }
    return minor
  }

  /// The entry and the movement; then debts are paid from what came, and validators are told.
  private func carryOut(
    _ order: MoneyOrderRow, _ minor: Int64, _ account: WalletAccountRow, on day: BookingDay,
    by person: String, in db: StoreSession, at moment: Instant
  ) async throws {
    let money = Money(minor: minor, currency: account.currency)
    let reason =
      "order \(order.id) by \(order.proposedBy), approved by \(person): \(order.reason)"
    let isWriteOff = order.kind == .accountWriteOff
    let entry =
      isWriteOff
      ? try WalletEntries.writeOff(money, reason: reason, on: day.booked)
      : try WalletEntries.correction(money, reason: reason, on: day.booked)
    let number = try await db.books.book(try day.named(entry), at: moment)
    var account = account
    account.balanceMinor += minor
    var movement = MovementRow(
      accountID: account.accountID, kind: isWriteOff ? .writeOff : .correction,
      amountMinor: minor, balanceMinor: account.balanceMinor, at: moment,
      accountingDate: day.booked, actor: person)
    movement.entryID = number
    movement.reference = "order \(order.id)"
    try await db.wallets.add([movement])
    try await db.wallets.save([account])
    try await RidePayments.settle(account, on: day.booked, in: db, at: moment)
    try await db.media.add(
      RiderEventRow(
        at: moment, actor: person, kind: movement.kind.rawValue, reason: order.reason,
        detail: "\(money), order \(order.id) by \(order.proposedBy)"),
      of: account.rider)
  }
}
