import Basics
import Charging
import Store

/// Money of desks and shops that comes and goes by bank card: each payment and refund with the acquirer's
/// own name of it, by which its funding files pay it.
///
/// A terminal or a web shop gives that name (the retrieval reference number of the slip), so the desk
/// says it, and it stands once. Money goes back to the card that paid, so a refund names its payment.
enum CardSales {
  /// Longest name of the acquirer, in bytes: what a line of a funding file can hold.
  static let referenceBytesMax = 64

  /// Writes a payment down that was just booked.
  static func take(
    _ money: Money, reference: String?, for subject: AcquirerSaleRow.Subject, entry: Int64,
    on day: BookingDay, in db: StoreSession
  ) async throws {
    try await add(
      AcquirerSaleRow(
        .payment, reference: try known(reference), of: subject, on: day.happened, money,
        entryID: entry), in: db)
  }

  /// Writes a refund down that was just booked, against the payment that is held.
  static func give(
    _ money: Money, reference: String?, of paid: PaidByCard, entry: Int64, on day: BookingDay,
    in db: StoreSession
  ) async throws {
    guard paid.sale.money.currency == money.currency else {
      throw RiderRefusal.paidInOtherCurrency(paid.sale.money.currency)
    }
    let left = paid.sale.money.minor - paid.returnedMinor
    guard money.minor <= left else {
      throw RiderRefusal.moreThanPaid(left: Money(minor: left, currency: money.currency))
    }
    try await add(
      AcquirerSaleRow(
        .refund, reference: try known(reference), paymentID: paid.sale.id, of: paid.sale.subject,
        on: day.happened, money, entryID: entry), in: db)
  }

  /// The top-up of a rider that a refund names, held.
  static func topUp(
    _ reference: String?, of rider: RiderID, in db: StoreSession
  ) async throws -> PaidByCard {
    guard let reference else {
      throw RiderRefusal.missing("The payment (the acquirer's reference of the top-up)")
    }
    guard let paid = try await db.acquirerSales.lockTopUp(reference: reference),
      paid.rider == rider
    else { throw RiderRefusal.unknownCardPayment(reference) }
    return paid
  }

  /// The acquirer's name of an operation, if it can be one.
  static func known(_ reference: String?) throws(RiderRefusal) -> String {
    guard let reference, (1...referenceBytesMax).contains(reference.utf8.count) else {
      throw .missing("The acquirer's reference")
    }
    return reference
  }

  private static func add(_ sale: AcquirerSaleRow, in db: StoreSession) async throws {
    if let window = try await db.charging.window(ofReference: sale.reference) {
      throw RiderRefusal.referenceUsed(sale.reference, by: "charge window \(window)")
    }
    guard try await !db.acquirerSales.add(sale) else { return }
    let other = try await db.acquirerSales.find(sale.kind, reference: sale.reference)
    throw RiderRefusal.referenceUsed(
      sale.reference,
      by: other.map { "a \($0.kind.rawValue) of \($0.money) on \($0.soldOn)" } ?? "another one")
  }
}
