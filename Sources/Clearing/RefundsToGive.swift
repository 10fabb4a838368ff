import Basics
import Charging
import Store

/// A refund that is due, with the window whose payment it gives back.
struct RefundToGive: Sendable {
  let refund: RefundRow
  let window: ChargeWindowRow
}

/// A refund that was ordered.
struct OrderedRefund: Sendable {
  let id: Int64
  let minor: Int64

  /// Why money goes back.
  enum Cause: String {
    /// Fares fell.
    case rerated
    /// Somebody gives it, though no fare fell.
    case goodwill
  }

  /// What a refund says that the acquirer is not asked for.
  static let atDesk = "paid at a desk: pay it back there"
}

extension ChargeBatch {
  /// Orders money of a window's payment to go back: what the acquirer took from the acquirer, and what a
  /// desk took as a refund of its own, which is owed until a desk pays it back.
  mutating func orderRefund(
    _ minor: Int64, of window: Int64, cause: OrderedRefund.Cause, difference: Int64? = nil,
    order: Int64? = nil, actor: String, detail: String?, in db: StoreSession
  ) async throws -> [OrderedRefund] {
    guard let parts = windows[window]?.window.parts(ofRefund: minor) else {
      throw ChargeRefusal.alreadyKnown
    }
    try apply(
      cause == .goodwill ? .goodwill(minor: minor) : .refund(minor: minor), to: window,
      actor: actor, detail: detail)
    let states: [(minor: Int64, state: RefundRow.State, fault: String?)] = [
      (parts.acquirer, .approved, nil), (parts.desk, .failed, OrderedRefund.atDesk),
    ]
    var refunds: [OrderedRefund] = []
    for part in states where part.minor > 0 {
      let id = try await db.charging.addRefund(
        of: window, minor: part.minor, cause: cause.rawValue, state: part.state,
        difference: difference,
        order: order, fault: part.fault, at: now)
      refunds.append(OrderedRefund(id: id, minor: part.minor))
    }
    return refunds
  }
}

extension StoreSession {
  /// The refunds that are due and that the acquirer can give, locked with their windows.
  ///
  /// A refund of before that names no payment of the acquirer, or gives back more than that took, is owed
  /// until a desk pays it back; it was looked at too.
  func refundsToGive(
    at moment: Instant, countMax: Int
  ) async throws -> (looked: Int, toGive: [RefundToGive]) {
    let due = try await charging.refundsDue(at: moment, countMax: countMax)
    var windows = Dictionary(
      uniqueKeysWithValues: try await charging.lock(due.map(\.windowID)).map { ($0.id, $0) })
    var given: [RefundToGive] = []
    var atDesk: [RefundRow] = []
    for refund in due {
      guard let window = windows[refund.windowID] else { continue }
      if window.window.canBeAskedBack {
        given.append(RefundToGive(refund: refund, window: window))
      } else {
        windows[refund.windowID]?.window.leaveToDesk(refundOf: refund.minor)
        atDesk.append(refund)
      }
    }
    try await charging.move(
      refunds: atDesk.map(\.id), to: .failed, fault: OrderedRefund.atDesk, at: moment)
    try await charging.save(Set(atDesk.map(\.windowID)).sorted().compactMap { windows[$0] })
    return (due.count, given)
  }
}
