package import Basics
import Charging
import Ledger
package import Store

/// Why a person's order about money is not carried out; nothing was changed.
package enum MoneyRefusal: Error, Sendable, Hashable, CustomStringConvertible {
  /// There is no such thing.
  case notFound(String)
  /// It cannot be done as things are.
  case unfit(String)
  /// The person who proposed may not decide.
  case samePerson

  package var description: String {
    switch self {
    case .notFound(let what): "there is no \(what)"
    case .unfit(let why): why
    case .samePerson: "who proposed an order may not decide it: ask a second person"
    }
  }
}

/// What people do about charge windows: pay, ask again, give back, write off.
///
/// What costs the house or an operator money is proposed by one person and decided by another.
package struct DebtDesk: Sendable {
  /// How money came to a desk.
  package enum Channel: String, Sendable, CaseIterable {
    case cash, transfer
  }

  let store: Store
  let city: CityHolder
  let denyList: any DenyListing
  let now: @Sendable () -> Instant

  /// Makes the use case.
  package init(
    store: Store, city: CityHolder, denyList: any DenyListing = ValidatorDenyList(),
    now: @escaping @Sendable () -> Instant
  ) {
    self.store = store
    self.city = city
    self.denyList = denyList
    self.now = now
  }

  /// Takes money for a window outside the acquirer, once by its key.
  package func pay(
    _ window: Int64, _ payment: DebtPayment, by person: String
  ) async throws -> DebtReceipt {
    try payment.check()
    let moment = now()
    return try await WalletDesk.onceByKey {
      try await store.write { db in
        guard let row = try await db.charging.lock([window]).first else {
          throw MoneyRefusal.notFound("window \(window)")
        }
        if let before = try await db.charging.payment(key: payment.key) {
          guard payment.isSame(as: before, for: window) else { throw RiderRefusal.keyReused }
          return DebtReceipt(row: row, payment: before, isRepeated: true)
        }
        var batch = ChargeBatch(
          [row], on: try await db.bookingDate(of: moment, in: city.current), at: moment)
        let owed = row.window.dueMinor > 0 ? row.window.dueMinor : row.window.writtenOffMinor
        try Self.translate {
          try batch.apply(
            .paidAtDesk(minor: payment.minor ?? owed), to: window, actor: person,
            reference: payment.reference, detail: payment.channel.rawValue, takenAs: payment)
        }
        try await batch.finish(in: db, denyList: denyList)
        guard let taken = try await db.charging.payment(key: payment.key) else {
          preconditionFailure("money that was taken is not in the list")
        }
        return DebtReceipt(
          row: batch.windows[window] ?? row, payment: taken, isRepeated: false)
      }
    }
  }

  /// Has the acquirer asked now, because the rider wants to pay; `isAlone` when no person of the house
  /// stands between: then only so often, and not after a final decline.
  ///
  /// Refused while a hold stands.
  package func askNow(
    _ window: Int64, by person: String, isAlone: Bool = false
  ) async throws -> ChargeWindowRow {
    let moment = now()
    return try await change(window, isAlone: isAlone) { batch, _, db in
      try batch.apply(.ask(.rider), to: window, actor: person)
    } afterwards: { db in
      // The worker asks what was not answered: at once.
      try await db.charging.putOff([window], until: moment)
    }
  }

  /// Proposes to give a debt up; the number of the order.
  package func proposeWriteOff(
    _ window: Int64, reason: String, by person: String
  ) async throws -> Int64 {
    try await propose(.writeOff, window, reason, person) { row in
      guard row.window.state == .debt else {
        throw MoneyRefusal.unfit(
          "window \(row.id) is \(row.window.state.rawValue); only a debt is written off")
      }
      return row.window.dueMinor
    }
  }

  /// Proposes to give money of a captured payment back; the number of the order.
  package func proposeRefund(
    _ window: Int64, minor: Int64, reason: String, by person: String
  ) async throws -> Int64 {
    try await propose(.refund, window, reason, person) { row in
      guard minor > 0, minor <= row.window.refundableMinor else {
        throw MoneyRefusal.unfit(
          "a refund is above 0 and at most what is left of the payment: "
            + Money(minor: row.window.refundableMinor, currency: row.currency).description)
      }
      return minor
    }
  }

  private func propose(
    _ kind: MoneyOrderRow.Kind, _ window: Int64, _ reason: String, _ person: String,
    _ amount: @Sendable (ChargeWindowRow) throws -> Int64
  ) async throws -> Int64 {
    let moment = now()
    return try await store.write { db in
      guard let row = try await db.charging.lock([window]).first else {
        throw MoneyRefusal.notFound("window \(window)")
      }
      let minor = try amount(row)
      let order = try await db.orders.propose(
        kind, about: window, called: "window", Money(minor: minor, currency: row.currency),
        reason: reason, by: person, at: moment)
      try await db.charging.add([
        ChargeEventRow(
          windowID: window, at: moment, kind: "\(kind.rawValue)_proposed", minor: minor,
          detail: reason, actor: person)
      ])
      return order
    }
  }

  /// Decides an order of a write-off or refund, and carries it out when it is approved.
  package func decide(
    _ order: Int64, isApproved: Bool, by person: String
  ) async throws -> MoneyOrderRow {
    let moment = now()
    return try await store.write { db in
      let row = try await db.orders.decide(order, isApproved: isApproved, by: person, at: moment) {
        $0 == .writeOff || $0 == .refund
      }
      let window = try row.subjectNumber()
      var batch = ChargeBatch(
        try await db.charging.lock([window]),
        on: try await db.bookingDate(of: moment, in: city.current), at: moment)
      if !isApproved {
        batch.note(
          "\(row.kind.rawValue)_refused", window: window, minor: row.minor, actor: person)
      } else if row.kind == .writeOff {
        try Self.translate { try batch.apply(.writeOff, to: window, actor: person) }
      } else {
        try await refund(row, window, in: &batch, by: person, db)
      }
      try await batch.finish(in: db, denyList: denyList)
      return row
    }
  }

  /// Gives money back that no fare took back: those operators bear it whose rides it was paid for.
  private func refund(
    _ order: MoneyOrderRow, _ window: Int64, in batch: inout ChargeBatch, by person: String,
    _ db: StoreSession
  ) async throws {
    let refunds: [OrderedRefund]
    do {
      refunds = try await batch.orderRefund(
        order.minor, of: window, cause: .goodwill, order: order.id, actor: person,
        detail: order.reason, in: db)
    } catch let refusal as ChargeRefusal {
      throw MoneyRefusal.unfit(refusal.description)
    }
    let sums = try await db.charging.operatorSums(ofWindow: window)
    let parts = Apportionment.split(order.minor, by: sums.isEmpty ? [1] : sums.map(\.minor))
    var postings = zip(sums.isEmpty ? [nil] : sums.map(\.operatorID), parts)
      .filter { $0.1 > 0 }
      .map { name, minor in
        Posting(
          .debit, account: name == nil ? AccountCode.unknownOperator : AccountCode.operators,
          operatorID: name, minor: minor)
      }
    postings.append(Posting(.credit, account: AccountCode.refunds, minor: order.minor))
    let entry = try await db.books.book(
      try Entry(
        kind: .refund, accountingDate: batch.accountingDate,
        fareDay: batch.windows[window]?.fareDay, currency: order.currency,
        memo: "Refund by order \(order.id): \(order.reason)", postings: postings), at: batch.now)
    for refund in refunds {
      batch.note(
        "refund_owed", window: window, minor: refund.minor, actor: person,
        reference: ChargeKey.refund(refund.id).description, entryID: entry)
    }
  }

  private func change(
    _ window: Int64,
    isAlone: Bool = false,
    _ body: @Sendable (inout ChargeBatch, ChargeWindowRow, StoreSession) throws -> Void,
    afterwards: @Sendable (StoreSession) async throws -> Void = { _ in }
  ) async throws -> ChargeWindowRow {
    let moment = now()
    return try await store.write { db in
      try await db.restores.refuseWhileHeld()
      guard let row = try await db.charging.lock([window]).first else {
        throw MoneyRefusal.notFound("window \(window)")
      }
      if isAlone {
        let asked = try await db.charging.asked(ofWindow: window)
        if let why = AskingAlone.refusal(asked, at: moment) { throw MoneyRefusal.unfit(why) }
      }
      var batch = ChargeBatch(
        [row], on: try await db.bookingDate(of: moment, in: city.current), at: moment)
      try Self.translate { try body(&batch, row, db) }
      try await batch.finish(in: db, denyList: denyList)
      try await afterwards(db)
      return batch.windows[window] ?? row
    }
  }

  private static func translate(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let refusal as ChargeRefusal {
      throw MoneyRefusal.unfit(refusal.description)
    }
  }
}
