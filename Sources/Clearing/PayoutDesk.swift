package import Basics
package import Charging
import Ledger
package import Store

/// Pays operators what they are owed: proposed by one person, approved by another, then given to the
/// bank as a payment file, then confirmed or returned by the bank.
package struct PayoutDesk: Sendable {
  private let store: Store
  private let city: CityHolder
  private let now: @Sendable () -> Instant

  /// Makes the use case.
  package init(store: Store, city: CityHolder, now: @escaping @Sendable () -> Instant) {
    self.store = store
    self.city = city
    self.now = now
  }

  private var today: Day { city.current.clock.zone.local(now()).day }

  /// What operators are owed by entries up to a date.
  package func claims(through date: Day, operatorID: String?) async throws -> [OperatorClaimRow] {
    try await store.read { db in
      try await db.operatorMoney.claims(through: date, operatorID: operatorID)
    }
  }

  /// Where an operator wants its money, or all do, and who wrote that down.
  package func accounts(of name: String?) async throws -> [OperatorAccountRow] {
    try await store.read { db in try await db.operatorMoney.accounts(of: name) }
  }

  /// Writes down where an operator wants its money; payouts that were proposed before do not go there.
  ///
  /// The account of a name that is misspelt would be nobody's, and its operator would go unpaid. One that
  /// left the network is still known by whatever was booked for it, also where it is owed nothing.
  package func setAccount(
    _ account: BankAccount, of name: String, by person: String
  ) async throws {
    if let fault = account.fault { throw MoneyRefusal.unfit("the account: \(fault)") }
    guard name.isName else {
      throw MoneyRefusal.unfit("an operator has a name of 1 to \(String.nameBytesMax) bytes")
    }
    // Another process may have published an operator of which this one did not hear yet.
    if city.current.knowledge(ofOperator: name) == .unknown { try await city.reload(from: store) }
    let city = city.current
    let moment = now()
    try await store.write { db in
      if city.knowledge(ofOperator: name) == .unknown,
        try await !db.operatorMoney.isKnown(name)
      {
        throw MoneyRefusal.unfit(
          "there is no operator \(name), neither in the network nor in a tariff nor in the books: "
            + "known are \(city.operatorsTold)")
      }
      // What goes to the house itself pays nobody, and its claim would be even all the same.
      if try await db.statements.accounts().contains(where: { $0.iban == account.iban }) {
        throw MoneyRefusal.unfit(
          "\(account.iban) is an account of the house: name the one where the operator has its money"
        )
      }
      try await db.operatorMoney.setAccount(account, of: name, by: person, at: moment)
    }
  }

  /// Proposes to pay each operator what it is owed up to a day that is over, to the account that it has now.
  ///
  /// Those without an account are left out and named, and so is what is approved for another account than
  /// its operator has now: it is withdrawn.
  package func propose(
    through date: Day, by person: String
  ) async throws -> (orders: [MoneyOrderRow], leftOut: [String]) {
    let moment = now()
    // What is still booked on a day would not be in what is paid as owed up to it.
    guard date < today else {
      throw MoneyRefusal.unfit("\(date) is not over yet: propose up to a day before it")
    }
    return try await store.write { db in
      guard try await db.charging.tryWork(.payouts) else {
        throw MoneyRefusal.unfit("payouts are being proposed by somebody else; try again")
      }
      let accounts = try await db.operatorMoney.accounts()
      var leftOut = try await withdraw(accounts, in: db, at: moment)
      var ids: [Int64] = []
      for claim in try await db.operatorMoney.claims(through: date, operatorID: nil) {
        let name = claim.operatorID
        guard claim.balanceMinor > 0 else { continue }
        guard let account = accounts[name] else {
          leftOut.append("\(name): its bank account is not known")
          continue
        }
        guard try await !db.operatorMoney.hasOpenPayout(name, currency: claim.currency) else {
          leftOut.append("\(name): a payout waits already")
          continue
        }
        // What was given to the bank since that date is not owed any more; nor what was booked in
        // the next period because this one is closed.
        let sent = try await db.operatorMoney.claims(
          through: try await db.bookingDate(of: moment, in: city.current), operatorID: name
        )
        .first { $0.currency == claim.currency }
        let minor = min(claim.balanceMinor, sent?.balanceMinor ?? 0)
        guard minor > 0 else { continue }
        let order = try await db.orders.propose(
          .payout, subject: name, minor: minor, currency: claim.currency,
          reason: "owed up to \(date)", by: person, at: moment)
        _ = try await db.operatorMoney.addPayout(
          to: name, account, minor: minor, currency: claim.currency, through: date, order: order)
        ids.append(order)
      }
      var orders: [MoneyOrderRow] = []
      for id in ids { if let order = try await db.orders.lock(id) { orders.append(order) } }
      return (orders, leftOut)
    }
  }

  /// Takes back payouts that no file takes, for they are approved for another account than their operator
  /// has now; each in a sentence.
  private func withdraw(
    _ accounts: [String: BankAccount], in db: StoreSession, at moment: Instant
  ) async throws -> [String] {
    var words: [String] = []
    for payout in try await db.operatorMoney.lockPayouts(state: "approved") {
      guard let fault = Self.accountFault(payout, now: accounts[payout.operatorID]) else {
        continue
      }
      try await db.operatorMoney.move(payouts: [payout.id], to: "refused", at: moment)
      words.append("\(fault): it is withdrawn")
    }
    return words
  }

  /// Why a payout does not go to the account for which it was proposed; nil when it does.
  private static func accountFault(_ payout: PayoutRow, now: BankAccount?) -> String? {
    guard payout.account == nil || payout.account != now else { return nil }
    let order = "order \(payout.orderID) pays \(payout.operatorID)"
    guard let then = payout.account else { return "\(order), whose account was not known" }
    guard let now else { return "\(order), whose account is not known any more" }
    return then.iban == now.iban
      ? "\(order) to \(then.iban), of which name or BIC are others by now"
      : "\(order) to \(then.iban), and its account is \(now.iban) by now"
  }

  /// Decides a payout.
  ///
  /// One whose operator has another account by now can only be refused.
  package func decide(
    _ order: Int64, isApproved: Bool, by person: String
  ) async throws -> MoneyOrderRow {
    let moment = now()
    return try await store.write { db in
      let row = try await db.orders.decide(order, isApproved: isApproved, by: person, at: moment) {
        $0 == .payout
      }
      let payouts = try await db.operatorMoney.lockPayouts(order: order)
      if isApproved {
        let accounts = try await db.operatorMoney.accounts()
        for payout in payouts {
          guard let fault = Self.accountFault(payout, now: accounts[payout.operatorID]) else {
            continue
          }
          throw MoneyRefusal.unfit("\(fault): refuse it, and have the payout proposed anew")
        }
      }
      try await db.operatorMoney.move(
        payouts: payouts.map(\.id), to: isApproved ? "approved" : "refused", at: moment)
      return row
    }
  }

  /// Puts all approved payouts of a currency into a payment file; nil when there is none.
  ///
  /// Each goes to the account for which it was approved; where an operator has another one by now, no file is
  /// made, nor where the house knows its accounts of the currency and this is none of them. From then on the money is on its way: it is not owed to the operators any more, and the bank
  /// owes the house a confirmation.
  package func makeFile(
    currency: Currency, from debtor: BankAccount, executionDay: Day, by person: String
  ) async throws -> (messageID: String, xml: String)? {
    let moment = now()
    guard executionDay >= today else {
      throw MoneyRefusal.unfit(
        "the bank is to pay on \(executionDay), which is over: name today, \(today), or a later day"
      )
    }
    return try await store.write { db in
      guard try await db.charging.tryWork(.payouts) else { return nil }
      let payouts = try await db.operatorMoney.lockPayouts(state: "approved")
        .filter { $0.currency == currency }
      guard let first = payouts.first else { return nil }
      let known = try await db.statements.accounts().filter { $0.currency == currency }.map(\.iban)
      guard known.isEmpty || known.contains(debtor.iban) else {
        throw MoneyRefusal.unfit(
          "\(debtor.iban) is no account of the house in \(currency), so that no statement would show what it "
            + "pays; known are \(known.joined(separator: ", ")): name one of them, or write it down first "
            + "(kvytok bank account \(debtor.iban))")
      }
      let accounts = try await db.operatorMoney.accounts()
      let order = try PaymentOrder(
        messageID: "KVYTOK-\(today)-\(first.id)", createdAt: moment, executionDay: executionDay,
        debtor: debtor, currency: currency,
        transfers: payouts.map { payout in
          let now = accounts[payout.operatorID]
          guard let account = payout.account, account == now else {
            throw MoneyRefusal.unfit(
              (Self.accountFault(payout, now: now) ?? payout.operatorID)
                + ": propose payouts anew, which withdraws this one")
          }
          return PaymentOrder.Transfer(
            endToEndID: "KVYTOK-P\(payout.id)", creditor: account, minor: payout.minor,
            remittance: Remittance.payout(
              through: payout.throughDate, order: payout.orderID, from: debtor, to: account,
              in: currency))
        })
      let xml = order.xml
      try await db.operatorMoney.addMessage(
        order, body: xml, digest: FileDigest.of(Array(xml.utf8)), by: person)
      try await db.operatorMoney.move(
        payouts: payouts.map(\.id), to: "sent", message: order.messageID, at: moment)
      _ = try await book(
        payouts, from: AccountCode.operators, to: AccountCode.payoutsOnTheirWay,
        memo: "Payment file \(order.messageID)", in: db, at: moment)
      return (order.messageID, xml)
    }
  }

  /// Writes down what the bank did with a payment file: paid, or returned; the entry names who did.
  package func confirm(
    _ messageID: String, isPaid: Bool, by person: String
  ) async throws -> Int {
    let moment = now()
    return try await store.write { db in
      let payouts = try await db.operatorMoney.lockPayouts(state: "sent", message: messageID)
      guard !payouts.isEmpty else {
        throw MoneyRefusal.notFound("payment file \(messageID) that is on its way")
      }
      let entries = try await book(
        payouts, from: AccountCode.payoutsOnTheirWay,
        to: isPaid ? AccountCode.bank : AccountCode.operators,
        memo:
          "Payment file \(messageID) \(isPaid ? "paid" : "returned"), written down by \(person)",
        in: db, at: moment)
      for (entry, payouts) in entries {
        try await db.operatorMoney.move(
          payouts: payouts, to: isPaid ? "paid" : "returned", paidBy: isPaid ? entry : nil,
          at: moment)
      }
      return payouts.count
    }
  }

  /// Books payouts, an entry for each currency: its number, and whose it is.
  private func book(
    _ payouts: [PayoutRow], from debit: String, to credit: String, memo: String,
    in db: StoreSession, at moment: Instant
  ) async throws -> [(entry: Int64, payouts: [Int64])] {
    let day = try await db.bookingDay(of: moment, in: city.current)
    var booked: [(entry: Int64, payouts: [Int64])] = []
    for (currency, payouts) in Dictionary(grouping: payouts, by: \.currency) {
      var postings = payouts.map {
        Posting(.debit, account: debit, operatorID: $0.operatorID, minor: $0.minor)
      }
      if credit == AccountCode.bank {
        postings.append(
          Posting(.credit, account: credit, minor: payouts.reduce(0) { $0 + $1.minor }))
      } else {
        postings += payouts.map {
          Posting(.credit, account: credit, operatorID: $0.operatorID, minor: $0.minor)
        }
      }
      let entry = try Entry(
        kind: .payout, accountingDate: day.booked, currency: currency, memo: memo,
        postings: postings)
      booked.append(
        (try await db.books.book(try day.named(entry), at: moment), payouts.map(\.id)))
    }
    return booked
  }
}
