import Basics
import Charging
import Ledger
import Store
import Wallet

/// A step of a dispute about a top-up by bank card, from a funding file or a signed message.
///
/// What a rider's bank takes back comes off stored value. What is not there any more the rider owes: the
/// balance lies below nothing, and the media are on the deny list until it is paid.
struct TopUpDispute {
  let caseID: String
  /// The number of the payment.
  let sale: Int64
  let minor: Int64
  let stage: ChargebackStage
  let reason: String?

  /// Applies the step; why it was not taken, nil when it was.
  func apply(
    on day: BookingDay, in db: StoreSession, at now: Instant
  ) async throws -> String? {
    let before = try await db.charging.lockChargeback(caseID)
    let row = DisputeRow(.topUp(sale), minor: minor, stage: stage)
    if let refusal = DisputeMessage.refusal(of: row, caseID, after: before) { return refusal }
    guard let paid = try await db.acquirerSales.lockTopUp(sale: sale) else {
      return "no top-up here is called so"
    }
    let left = paid.sale.money.minor - paid.returnedMinor
    guard before != nil || minor <= left else {
      return "of the top-up \(left) minor units did not go back yet, \(minor) are disputed"
    }
    // A case whose opening never came is opened with its end. One that is lost moves nothing.
    let moves = (before == nil ? [0 - minor] : []) + (stage == .won ? [minor] : [])
    let currency = paid.sale.money.currency
    for move in moves {
      let money = Money(minor: move, currency: currency)
      let entry = try WalletEntries.dispute(money, caseID: caseID, on: day.booked)
      let taken = TakenBack(
        of: paid, reference: caseID, reason: reason ?? "", what: "case \(caseID)")
      guard try await taken.book(money, by: entry, on: day, in: db, at: now) else {
        return TakenBack.erased
      }
    }
    try await db.charging.setChargeback(caseID, row, reason: reason, at: now)
    return nil
  }
}

/// A top-up by bank card that the acquirer does not pay, by a line of a funding file: it comes off stored
/// value as a dispute does, and nobody wins it back.
struct TopUpNotPaid {
  /// The number of the payment.
  let sale: Int64
  let minor: Int64
  /// What earlier lines of the same file paid of it.
  let settledMinor: Int64
  /// Our name of the line.
  let line: String
  let code: String

  /// Takes off what is neither paid nor went back yet; why a person has to look at the line, nil when it is
  /// done.
  func apply(
    on day: BookingDay, in db: StoreSession, at now: Instant
  ) async throws -> String? {
    guard let paid = try await db.acquirerSales.lockTopUp(sale: sale) else {
      return "no top-up here is called so"
    }
    let open = paid.sale.money.minor - paid.settledMinor - settledMinor - paid.returnedMinor
    let off = min(minor, max(0, open))
    guard off > 0 else {
      return minor <= paid.declinedMinor
        ? nil : "of the top-up nothing is open: it was paid, given back, or is disputed"
    }
    let money = Money(minor: off, currency: paid.sale.money.currency)
    let entry = try WalletEntries.notPaid(
      money, reference: paid.sale.reference, line: line, on: day.booked)
    let taken = TakenBack(
      of: paid, reference: line, reason: code, what: "top-up \(paid.sale.reference) not paid")
    guard
      try await taken.book(
        Money(minor: -off, currency: money.currency), by: entry, on: day, in: db, at: now)
    else { return TakenBack.erased }
    try await db.acquirerSales.decline(sale, minor: off)
    return off == minor
      ? nil : "of the top-up \(off) minor units were open and came off, \(minor) are not paid"
  }
}

/// Money of a top-up by bank card that comes off stored value again, or onto it.
private struct TakenBack {
  static let erased = "the rider of the top-up was erased: it is decided by hand"

  let paid: PaidByCard
  /// Of the movement.
  let reference: String
  let reason: String
  let what: String

  init(of paid: PaidByCard, reference: String, reason: String, what: String) {
    self.paid = paid
    self.reference = reference
    self.reason = reason
    self.what = what
  }

  /// Moves the balance with its entry; debts are paid from what comes, and validators are told.
  ///
  /// False where its rider was erased: the account is nobody's, nothing comes off it or onto it any more.
  func book(
    _ money: Money, by entry: Entry, on day: BookingDay, in db: StoreSession, at now: Instant
  ) async throws -> Bool {
    guard try await db.media.rider(paid.rider)?.erasedAt == nil,
      var account = try await db.wallets.lock(of: paid.rider, in: money.currency)
    else { return false }
    account.balanceMinor += money.minor
    var movement = MovementRow(
      accountID: account.accountID, kind: .dispute, amountMinor: money.minor,
      balanceMinor: account.balanceMinor, at: now, accountingDate: day.booked, actor: "acquirer")
    movement.entryID = try await db.books.book(try day.named(entry), at: now)
    movement.reference = reference
    try await db.wallets.add([movement])
    try await db.wallets.save([account])
    if money.minor > 0 {
      try await RidePayments.undoWriteOff(
        with: money.minor, of: &account, on: day.booked, in: db, at: now)
    }
    try await RidePayments.settle(account, on: day.booked, in: db, at: now)
    try await db.media.add(
      RiderEventRow(
        at: now, actor: "acquirer", kind: movement.kind.rawValue, reason: reason,
        detail: "\(money), \(what)"),
      of: account.rider)
    return true
  }
}
