package import Basics
package import Ledger
package import Wallet

/// What each event of stored value and products is in the books; `docs/accounting.md` is this table
/// in words.
package enum WalletEntries {
  /// The account on which money of a channel comes in.
  static func incoming(_ channel: MoneyChannel) -> String {
    switch channel {
    case .cash: AccountCode.cash
    case .bank: AccountCode.bank
    case .acquirer: AccountCode.acquirer
    case .wallet: AccountCode.storedValue
    }
  }

  /// The account from which money of a channel goes out: a bank transfer is owed until it is made.
  static func outgoing(_ channel: MoneyChannel) -> String {
    channel == .bank ? AccountCode.refunds : incoming(channel)
  }

  /// Money put on a card.
  package static func topUp(
    _ money: Money, through channel: MoneyChannel, reference: String, on date: Day
  ) throws(EntryFault) -> Entry {
    try Entry(
      kind: .topUp, accountingDate: date, currency: money.currency,
      memo: "Top-up (\(channel.rawValue)) \(reference)",
      postings: [
        Posting(.debit, account: incoming(channel), minor: money.minor),
        Posting(.credit, account: AccountCode.storedValue, minor: money.minor),
      ])
  }

  /// What is left on a card goes back to the rider.
  package static func refund(
    _ money: Money, through channel: MoneyChannel, reference: String, on date: Day
  ) throws(EntryFault) -> Entry {
    try Entry(
      kind: .refund, accountingDate: date, currency: money.currency,
      memo: "Refund of stored value (\(channel.rawValue)) \(reference)",
      postings: [
        Posting(.debit, account: AccountCode.storedValue, minor: money.minor),
        Posting(.credit, account: outgoing(channel), minor: money.minor),
      ])
  }

  /// A balance that is put right, against receipts that match nothing.
  package static func correction(
    _ money: Money, reason: String, on date: Day
  ) throws(EntryFault) -> Entry {
    let isMore = money.minor > 0
    let size = Int64(money.minor.magnitude)
    return try Entry(
      kind: .correction, accountingDate: date, currency: money.currency,
      memo: "Correction of stored value: \(reason)",
      postings: [
        Posting(isMore ? .debit : .credit, account: AccountCode.unmatchedReceipts, minor: size),
        Posting(isMore ? .credit : .debit, account: AccountCode.storedValue, minor: size),
      ])
  }

  /// What a rider's bank took back of a top-up, below zero, or gave back.
  package static func dispute(
    _ money: Money, caseID: String, on date: Day
  ) throws(EntryFault) -> Entry {
    let isBack = money.minor > 0
    let size = Int64(money.minor.magnitude)
    return try Entry(
      kind: .chargeback, accountingDate: date, currency: money.currency,
      memo: "Dispute \(caseID) of a top-up by card\(isBack ? " won" : "")",
      postings: [
        Posting(isBack ? .debit : .credit, account: AccountCode.acquirer, minor: size),
        Posting(isBack ? .credit : .debit, account: AccountCode.storedValue, minor: size),
      ])
  }

  /// What the acquirer does not pay of a top-up: the line of its file that says so has a name.
  package static func notPaid(
    _ money: Money, reference: String, line: String, on date: Day
  ) throws(EntryFault) -> Entry {
    try Entry(
      kind: .chargeback, accountingDate: date, currency: money.currency,
      memo: "Top-up \(reference) by card is not paid by the acquirer: \(line)",
      postings: [
        Posting(.credit, account: AccountCode.acquirer, minor: money.minor),
        Posting(.debit, account: AccountCode.storedValue, minor: money.minor),
      ])
  }

  /// What an account owes is given up: its rider has as much more on it, which pays the debt.
  package static func writeOff(
    _ money: Money, reason: String, on date: Day
  ) throws(EntryFault) -> Entry {
    try Entry(
      kind: .writeOff, accountingDate: date, currency: money.currency,
      memo: "Debt of stored value written off: \(reason)",
      postings: [
        Posting(.debit, account: AccountCode.writeOffs, minor: money.minor),
        Posting(.credit, account: AccountCode.storedValue, minor: money.minor),
      ])
  }

  /// What was given up is not owed any more: it comes off the account again.
  package static func writeOffUndone(_ money: Money, on date: Day) throws(EntryFault) -> Entry {
    try Entry(
      kind: .writeOff, accountingDate: date, currency: money.currency,
      memo: "Debts of stored value written off that came back",
      postings: [
        Posting(.debit, account: AccountCode.storedValue, minor: money.minor),
        Posting(.credit, account: AccountCode.writeOffs, minor: money.minor),
      ])
  }

  /// Rides of a fare day paid from cards, and what rides rated anew gave back; both sides are shown.
  package static func ridePayments(
    paidMinor: Int64, returnedMinor: Int64, currency: Currency, fareDay: Day, on date: Day
  ) throws(EntryFault) -> Entry {
    var postings: [Posting] = []
    if paidMinor > 0 {
      postings += [
        Posting(.debit, account: AccountCode.storedValue, minor: paidMinor),
        Posting(.credit, account: AccountCode.riders, minor: paidMinor),
      ]
    }
    if returnedMinor > 0 {
      postings += [
        Posting(.debit, account: AccountCode.riders, minor: returnedMinor),
        Posting(.credit, account: AccountCode.storedValue, minor: returnedMinor),
      ]
    }
    return try Entry(
      kind: .payment, accountingDate: date, fareDay: fareDay, currency: currency,
      memo: "Rides of \(fareDay) paid from stored value", postings: postings)
  }

  /// A pass or carnet sold.
  package static func sale(
    _ money: Money, product: String, through channel: MoneyChannel, reference: String, on date: Day
  ) throws(EntryFault) -> Entry {
    try Entry(
      kind: .sale, accountingDate: date, currency: money.currency,
      memo: "Sale of \(product) (\(channel.rawValue)) \(reference)",
      postings: [
        Posting(.debit, account: incoming(channel), minor: money.minor),
        Posting(.credit, account: AccountCode.deferredRevenue, minor: money.minor),
      ])
  }

  /// The unused rest of a pass or carnet goes back to the rider.
  package static func productRefund(
    _ money: Money, product: String, through channel: MoneyChannel, reference: String, on date: Day
  ) throws(EntryFault) -> Entry {
    try Entry(
      kind: .refund, accountingDate: date, currency: money.currency,
      memo: "Refund of \(product) (\(channel.rawValue)) \(reference)",
      postings: [
        Posting(.debit, account: AccountCode.deferredRevenue, minor: money.minor),
        Posting(.credit, account: outgoing(channel), minor: money.minor),
      ])
  }

  /// What passes and carnets of a product earned on a fare day, for each operator; nil is unknown.
  package static func recognition(
    of product: String, shares: [(operatorID: String?, minor: Int64)], currency: Currency,
    fareDay: Day, on date: Day
  ) throws(EntryFault) -> Entry {
    let parts = shares.filter { $0.minor > 0 }
    var sum: Int64 = 0
    for part in parts {
      let (next, overflow) = sum.addingReportingOverflow(part.minor)
      guard !overflow else { throw .overflow }
      sum = next
    }
    return try Entry(
      kind: .recognition, accountingDate: date, fareDay: fareDay, currency: currency,
      memo: "Earned by \(product) on \(fareDay)",
      postings: [Posting(.debit, account: AccountCode.deferredRevenue, minor: sum)]
        + parts.map { part in
          Posting(
            .credit,
            account: part.operatorID == nil
              ? AccountCode.unknownOperator : AccountCode.operators,
            operatorID: part.operatorID, minor: part.minor)
        })
  }
}
