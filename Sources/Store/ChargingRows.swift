package import Basics
package import Charging
import Postgres

/// A charge window with what it belongs to.
package struct ChargeWindowRow: Sendable, Hashable {
  package let id: Int64
  package let rider: RiderID
  /// The card that is asked.
  package let medium: MediumID
  package let fareDay: Day
  /// 0 is the day itself, further ones are differences.
  package let number: Int
  package let currency: Currency
  package let closedAt: Instant
  package var window: ChargeWindow
}

/// A line of the list of all that happened to windows and cards.
package struct ChargeEventRow: Sendable, Hashable {
  package var windowID: Int64?
  package var medium: MediumID?
  package var at: Instant
  package var kind: String
  package var attempt: Int32
  package var minor: Int64
  package var reference: String?
  package var detail: String?
  /// Of money that a desk took: which one, and what names the operation once.
  package var place: String?
  package var key: String?
  /// `clock`, `acquirer`, `tap`, or the label of a person's token.
  package var actor: String
  package var entryID: Int64?

  /// Makes a line; what is not known is nil.
  package init(
    windowID: Int64? = nil, medium: MediumID? = nil, at: Instant, kind: String,
    attempt: Int32 = 0, minor: Int64 = 0, reference: String? = nil, detail: String? = nil,
    actor: String, entryID: Int64? = nil
  ) {
    self.windowID = windowID
    self.medium = medium
    self.at = at
    self.kind = kind
    self.attempt = attempt
    self.minor = minor
    self.reference = reference
    self.detail = detail
    self.actor = actor
    self.entryID = entryID
  }
}

/// A bank card's standing by its name.
package struct CardStandingRow: Sendable, Hashable {
  package let medium: MediumID
  package var standing: CardStanding

  /// Makes a row.
  package init(medium: MediumID, standing: CardStanding) {
    self.medium = medium
    self.standing = standing
  }
}

/// Money that goes back to a card.
package struct RefundRow: Sendable, Hashable {
  /// How far a refund is.
  package enum State: String, Sendable, CaseIterable {
    case awaiting, refused, approved, asking, paid, settled, failed
  }

  package let id: Int64
  package let windowID: Int64
  package let minor: Int64
  package let cause: String
  package let state: State
  package let orderID: Int64?
  /// Of a failed one: the entry by which a desk or the bank paid it back; nil while nobody did.
  package let paidEntryID: Int64?
  /// The difference window whose money it is; nil of one that no fare took back.
  package let differenceID: Int64?
  /// Of a failed one: why.
  package let fault: String?
}

/// Where the token of a card stands in the journal.
package struct TokenPlace: Sendable, Hashable {
  package let medium: MediumID
  package let tap: TapName
  package let batchID: Int64
}

enum ChargeColumns {
  static let names = """
    w.window_id, w.rider_id, w.medium_id, w.fare_day, w.number, w.currency, w.state,
    w.amount_minor, w.due_minor, w.captured_minor, w.settled_minor, w.refunded_minor,
    w.charged_back_minor, w.lost_minor, w.desk_minor, w.desk_refunded_minor, w.goodwill_minor,
    w.offset_minor, w.written_off_minor, w.attempt, w.tries, w.next_at, w.asked_at, w.asked_by, w.reference,
    w.declined_at, w.decline_code, w.recovered_at, w.recovered_by, w.closed_at
    """

  static func row(_ row: PostgresRow) throws -> ChargeWindowRow {
    var kept = ChargeWindow.Kept(state: try row.word("state"))
    kept.amountMinor = try row.int8("amount_minor")
    kept.dueMinor = try row.int8("due_minor")
    kept.capturedMinor = try row.int8("captured_minor")
    kept.settledMinor = try row.int8("settled_minor")
    kept.refundedMinor = try row.int8("refunded_minor")
    kept.chargedBackMinor = try row.int8("charged_back_minor")
    kept.lostMinor = try row.int8OrNil("lost_minor") ?? 0
    kept.deskMinor = try row.int8OrNil("desk_minor") ?? 0
    kept.deskRefundedMinor = try row.int8OrNil("desk_refunded_minor") ?? 0
    kept.goodwillMinor = try row.int8OrNil("goodwill_minor") ?? 0
    kept.offsetMinor = try row.int8("offset_minor")
    kept.writtenOffMinor = try row.int8("written_off_minor")
    kept.attempt = try row.int4("attempt")
    kept.tries = try row.int4("tries")
    kept.nextAt = try row.timestamptzOrNil("next_at")
    kept.askedAt = try row.timestamptzOrNil("asked_at")
    kept.askedBy = try row.textOrNil("asked_by").flatMap(Asker.init(rawValue:))
    kept.reference = try row.textOrNil("reference")
    kept.declinedAt = try row.timestamptzOrNil("declined_at")
    kept.declineCode = try row.textOrNil("decline_code")
    kept.recoveredAt = try row.timestamptzOrNil("recovered_at")
    kept.recoveredBy = try row.textOrNil("recovered_by").flatMap(Asker.init(rawValue:))
    let id = try row.int8("window_id")
    guard let window = ChargeWindow(kept) else {
      throw StoreFault(kind: .damaged, "the sums of charge window \(id) do not hold")
    }
    return ChargeWindowRow(
      id: id, rider: try row.identifier("rider_id"), medium: try row.identifier("medium_id"),
      fareDay: try row.date("fare_day"), number: try row.int("number"),
      currency: try row.currency("currency"), closedAt: try row.timestamptz("closed_at"),
      window: window)
  }
}
