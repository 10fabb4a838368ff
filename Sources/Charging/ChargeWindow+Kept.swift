package import Basics

extension ChargeWindow {
  /// The columns of a window as they are kept, in one value.
  package struct Kept: Sendable {
    package var state: State
    package var amountMinor: Int64 = 0
    package var dueMinor: Int64 = 0
    package var capturedMinor: Int64 = 0
    package var settledMinor: Int64 = 0
    package var refundedMinor: Int64 = 0
    package var chargedBackMinor: Int64 = 0
    package var lostMinor: Int64 = 0
    package var deskMinor: Int64 = 0
    package var deskRefundedMinor: Int64 = 0
    package var goodwillMinor: Int64 = 0
    package var offsetMinor: Int64 = 0
    package var writtenOffMinor: Int64 = 0
    package var attempt: Int32 = 0
    package var tries: Int32 = 0
    package var nextAt: Instant?
    package var askedAt: Instant?
    package var askedBy: Asker?
    package var reference: String?
    package var declinedAt: Instant?
    package var declineCode: String?
    package var recoveredAt: Instant?
    package var recoveredBy: Asker?

    /// Starts with zeros.
    package init(state: State) { self.state = state }
  }

  /// Makes a window from its columns; nil when their sums do not hold.
  package init?(_ kept: Kept) {
    self.init(closing: kept.amountMinor, at: Instant(seconds: 0))
    state = kept.state
    dueMinor = kept.dueMinor
    capturedMinor = kept.capturedMinor
    settledMinor = kept.settledMinor
    refundedMinor = kept.refundedMinor
    chargedBackMinor = kept.chargedBackMinor
    lostMinor = kept.lostMinor
    deskMinor = kept.deskMinor
    deskRefundedMinor = kept.deskRefundedMinor
    goodwillMinor = kept.goodwillMinor
    offsetMinor = kept.offsetMinor
    writtenOffMinor = kept.writtenOffMinor
    attempt = kept.attempt
    tries = kept.tries
    nextAt = kept.nextAt
    askedAt = kept.askedAt
    askedBy = kept.askedBy
    reference = kept.reference
    declinedAt = kept.declinedAt
    declineCode = kept.declineCode
    recoveredAt = kept.recoveredAt
    recoveredBy = kept.recoveredBy
    guard isSound else { return nil }
  }
}
