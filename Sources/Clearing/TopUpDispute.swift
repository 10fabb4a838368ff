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
    for move in moves {
      if let refusal = try await book(move, of: paid, on: day, in: db, at: now) { return refusal }
    }
    try await db.charging.setChargeback(caseID, row, reason: reason, at: now)
    return nil
  }

  /// Moves the balance with its entry; debts are paid from what comes, and validators are told.
  private func book(
    _ moved: Int64, of paid: PaidByCard, on day: BookingDay, in db: StoreSession, at now: Instant
  ) async throws -> String? {
    let currency = paid.sale.money.currency
    // Where its rider was erased the account is nobody's: nothing comes off it or onto it any more.
    guard try await db.media.rider(paid.rider)?.erasedAt == nil,
      var account = try await db.wallets.lock(of: paid.rider, in: currency)
    else { return "the rider of the top-up was erased: it is decided by hand" }
    let entry = try WalletEntries.dispute(
      Money(minor: moved, currency: currency), caseID: caseID, on: day.booked)
    account.balanceMinor += moved
    var movement = MovementRow(
      accountID: account.accountID, kind: .dispute, amountMinor: moved,
      balanceMinor: account.balanceMinor, at: now, accountingDate: day.booked, actor: "acquirer")
    movement.entryID = try await db.books.book(try day.named(entry), at: now)
    movement.reference = caseID
    try await db.wallets.add([movement])
    try await db.wallets.save([account])
    if moved > 0 {
      try await RidePayments.undoWriteOff(
        with: moved, of: &account, on: day.booked, in: db, at: now)
    }
    try await RidePayments.settle(account, on: day.booked, in: db, at: now)
    try await db.media.add(
      RiderEventRow(
        at: now, actor: "acquirer", kind: movement.kind.rawValue, reason: reason ?? "",
        detail: "\(Money(minor: moved, currency: currency)), case \(caseID)"),
      of: account.rider)
    return nil
  }
}
