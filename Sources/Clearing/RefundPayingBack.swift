import Basics
import Charging
package import Store

/// Money that a desk gave for a refund which the acquirer did not take.
package struct PaidBackReceipt: Sendable {
  /// The window whose payment it is a refund of.
  package let window: ChargeWindowRow
  /// The money as it was given.
  package let payment: ChargeEventRow
  /// Whether the same payment was made before: nothing moved this time.
  package let isRepeated: Bool
}

extension DebtDesk {
  /// The kind of its event in the list of a window.
  static let paidBackKind = "refund_paid_back"

  /// Pays a failed refund back in cash: whole, once by its key, and not when the bank paid it before.
  ///
  /// Whoever takes a statement of the bank at this moment waits, or is waited for: the refund is held.
  package func payBack(
    _ refund: Int64, _ payment: DebtPayment, by person: String
  ) async throws -> PaidBackReceipt {
    try payment.check()
    guard payment.channel == .cash, payment.minor == nil else {
      throw MoneyRefusal.unfit("a desk pays a refund back in cash, and whole")
    }
    let moment = now()
    return try await WalletDesk.onceByKey {
      try await store.write { db in
        let found = try await db.charging.windows(ofRefunds: [refund])[refund]
        guard let window = found, let row = try await db.charging.lock([window]).first,
          let owed = try await db.charging.lockRefunds([refund]).first
        else { throw MoneyRefusal.notFound("refund \(refund)") }
        let name = ChargeKey.refund(refund).description
        if let before = try await db.charging.payment(key: payment.key) {
          guard before.kind == Self.paidBackKind, before.detail == name,
            before.place == payment.place, before.reference == payment.reference
          else { throw RiderRefusal.keyReused }
          return PaidBackReceipt(window: row, payment: before, isRepeated: true)
        }
        try Self.check(owed)
        var batch = ChargeBatch(
          [row], on: try await db.bookingDate(of: moment, in: city.current), at: moment)
        try batch.book(
          .refundPaidInCash, owed.minor, window: window, kind: Self.paidBackKind, actor: person,
          reference: payment.reference, detail: name, givenAs: payment)
        try await batch.finish(in: db, denyList: denyList)
        guard let given = try await db.charging.payment(key: payment.key),
          let entry = given.entryID
        else { preconditionFailure("money that was given is not in the list") }
        try await db.charging.payBack(refund: refund, by: entry, at: moment)
        return PaidBackReceipt(window: row, payment: given, isRepeated: false)
      }
    }
  }

  private static func check(_ refund: RefundRow) throws(MoneyRefusal) {
    guard refund.state == .failed else {
      throw .unfit(
        "refund \(refund.id) is \(refund.state.rawValue); a desk pays back only one that the acquirer "
          + "did not take (failed)")
    }
    if let entry = refund.paidEntryID {
      throw .unfit("refund \(refund.id) was paid back before, by entry \(entry)")
    }
  }
}
