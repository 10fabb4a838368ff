import Basics
import Charging
import Ledger
import Store

extension StatementDesk {
  /// The entry of a line: one side is 1100, or 2290 where a person takes it from there.
  func entry(
    _ line: StatementLine, _ match: StatementMatch, through account: String, _ currency: Currency,
    on day: BookingDay, memo: String, in db: StoreSession
  ) async throws -> Entry {
    let size = Int64(line.minor.magnitude)
    let own: Side = line.minor > 0 ? .debit : .credit
    let other: Side = line.minor > 0 ? .credit : .debit
    var postings = [Posting(own, account: account, minor: size)]
    if match.money?.bookedEntry != nil {
      postings.append(Posting(other, account: AccountCode.bank, minor: size))
    } else if match.subject == .claim, let claim = match.money?.id {
      for part in try await db.subsidies.lines(claim) where part.minor != 0 {
        postings.append(
          Posting(
            part.minor > 0 ? .credit : .debit, account: AccountCode.concessions,
            operatorID: part.operatorID, category: part.category, minor: abs(part.minor)))
      }
    } else {
      postings.append(
        Posting(
          other, account: match.subject.account, operatorID: match.money?.operatorID, minor: size))
    }
    return try day.named(
      Entry(
        kind: match.subject.entryKind, accountingDate: day.booked, currency: currency, memo: memo,
        postings: postings))
  }

  /// What the bank did with a payout, claim or refund, where the line was the first to tell; `entry` books it.
  func moveOn(
    _ match: StatementMatch, by entry: Int64, in db: StoreSession, at moment: Instant
  ) async throws {
    guard let money = match.money else { return }
    switch match.subject {
    case .payout:
      try await db.operatorMoney.move(payouts: [money.id], to: "paid", paidBy: entry, at: moment)
    case .payoutReturn:
      try await db.operatorMoney.move(payouts: [money.id], to: "returned", at: moment)
    case .claim: try await db.subsidies.move(money.id, to: "paid", paidBy: entry)
    case .refund: try await db.charging.payBack(refund: money.id, by: entry, at: moment)
    default: return
    }
  }
}

extension StatementSubject {
  /// The account on the other side of 1100, where the line is the first to tell; `docs/accounting.md` is
  /// this table in words.
  var account: String {
    switch self {
    case .payout: AccountCode.payoutsOnTheirWay
    case .payoutReturn: AccountCode.operators
    case .claim: AccountCode.concessions
    case .cash: AccountCode.cash
    case .fee: AccountCode.fees
    case .transfer, .productTransfer, .refund: AccountCode.refunds
    case .funding, .receipt, .sale, .debt, .adjustment, .line, .unknown:
      AccountCode.unmatchedReceipts
    }
  }

  var entryKind: EntryKind {
    switch self {
    case .payout, .payoutReturn: .payout
    case .claim: .concession
    case .transfer, .productTransfer, .refund: .refund
    case .cash, .fee, .funding, .receipt, .sale, .debt, .adjustment, .line, .unknown: .bank
    }
  }
}

extension StatementMatch {
  /// What entries call it; no words of who paid, who may be a rider.
  var words: String {
    money.map { "\(subject.rawValue) \($0.number)" } ?? subject.rawValue
  }
}
