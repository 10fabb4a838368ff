import Basics
import Charging
import Ledger
import Store

/// What a movement of card money means in the books; `docs/accounting.md` tells each in words.
enum ChargeMove: String, Hashable, CaseIterable {
  case captured, captureReturned, paidInCash, paidByTransfer, paidInCashAfterWriteOff
  case paidByTransferAfterWriteOff, writtenOff, writeOffOffset
  case disputed, disputeWon, disputeLost, lossSetOff, refundOwed, refundPaid, refundPaidInCash

  var entryKind: EntryKind {
    switch self {
    case .captured, .captureReturned, .paidInCash, .paidByTransfer, .paidInCashAfterWriteOff,
      .paidByTransferAfterWriteOff:
      .payment
    case .writtenOff, .writeOffOffset: .writeOff
    case .disputed, .disputeWon, .disputeLost, .lossSetOff: .chargeback
    case .refundOwed, .refundPaid, .refundPaidInCash: .refund
    }
  }

  var accounts: (debit: String, credit: String) {
    switch self {
    case .captured: (AccountCode.acquirer, AccountCode.riders)
    case .captureReturned: (AccountCode.riders, AccountCode.acquirer)
    case .paidInCash: (AccountCode.cash, AccountCode.riders)
    case .paidByTransfer: (AccountCode.bank, AccountCode.riders)
    case .paidInCashAfterWriteOff: (AccountCode.cash, AccountCode.writeOffs)
    case .paidByTransferAfterWriteOff: (AccountCode.bank, AccountCode.writeOffs)
    case .writtenOff: (AccountCode.writeOffs, AccountCode.riders)
    case .writeOffOffset: (AccountCode.riders, AccountCode.writeOffs)
    case .disputed: (AccountCode.disputed, AccountCode.acquirer)
    case .disputeWon: (AccountCode.acquirer, AccountCode.disputed)
    case .disputeLost: (AccountCode.chargebackLosses, AccountCode.disputed)
    case .lossSetOff: (AccountCode.riders, AccountCode.chargebackLosses)
    case .refundOwed: (AccountCode.riders, AccountCode.refunds)
    case .refundPaid: (AccountCode.refunds, AccountCode.acquirer)
    case .refundPaidInCash: (AccountCode.refunds, AccountCode.cash)
    }
  }

  var memo: String {
    switch self {
    case .captured: "Card payments captured"
    case .captureReturned: "Card payments that the acquirer did not honour"
    case .paidInCash: "Debts paid in cash"
    case .paidByTransfer: "Debts paid by bank transfer"
    case .paidInCashAfterWriteOff, .paidByTransferAfterWriteOff: "Debts paid after write-off"
    case .writtenOff: "Debts written off"
    case .writeOffOffset: "Fares taken back from debts written off"
    case .disputed: "Card payments disputed"
    case .disputeWon: "Disputes won"
    case .disputeLost: "Disputes lost"
    case .lossSetOff: "Fares taken back from disputes lost"
    case .refundOwed: "Refunds of fares taken back"
    case .refundPaid: "Refunds given to the acquirer"
    case .refundPaidInCash: "Refunds paid back in cash"
    }
  }
}

/// Movements of one transaction, summed to one entry for each kind, currency and fare day.
struct ChargeSums {
  struct Key: Hashable, Comparable {
    let move: ChargeMove
    let currency: Currency
    let fareDay: Day

    static func < (left: Key, right: Key) -> Bool {
      (left.currency.code, left.fareDay, left.move.rawValue)
        < (right.currency.code, right.fareDay, right.move.rawValue)
    }
  }

  private var sums: [Key: Int64] = [:]

  mutating func add(_ minor: Int64, _ key: Key) throws(EntryFault) {
    let (sum, overflow) = sums[key, default: 0].addingReportingOverflow(minor)
    guard !overflow else { throw .overflow }
    sums[key] = sum
  }

  /// Books the sums; the number of the entry of each.
  func book(
    on accountingDate: Day, in db: StoreSession, at now: Instant
  ) async throws -> [Key: Int64] {
    var numbers: [Key: Int64] = [:]
    for (key, minor) in sums.sorted(by: { $0.key < $1.key }) where minor > 0 {
      let accounts = key.move.accounts
      numbers[key] = try await db.books.book(
        try Entry(
          kind: key.move.entryKind, accountingDate: accountingDate, fareDay: key.fareDay,
          currency: key.currency, memo: "\(key.move.memo), fare day \(key.fareDay)",
          postings: [
            Posting(.debit, account: accounts.debit, minor: minor),
            Posting(.credit, account: accounts.credit, minor: minor),
          ]), at: now)
    }
    return numbers
  }
}
