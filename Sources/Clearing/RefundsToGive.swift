import Basics
import Charging
import Store

/// A refund that is due, with the window whose payment it gives back.
struct RefundToGive: Sendable {
  let refund: RefundRow
  let window: ChargeWindowRow
}

extension StoreSession {
  /// The refunds that are due and that the acquirer can give, locked with their windows.
  ///
  /// What was paid at a desk the acquirer knows nothing of: such a refund is owed until a desk pays it
  /// back.
  func refundsToGive(at moment: Instant, countMax: Int) async throws -> [RefundToGive] {
    let due = try await charging.refundsDue(at: moment, countMax: countMax)
    let windows = Dictionary(
      uniqueKeysWithValues: try await charging.lock(due.map(\.windowID)).map { ($0.id, $0) })
    let atDesk = due.filter { windows[$0.windowID]?.window.reference == nil }
    try await charging.move(
      refunds: atDesk.map(\.id), to: .failed, fault: "paid at a desk: pay it back there",
      at: moment)
    return due.compactMap { refund in
      guard let window = windows[refund.windowID], window.window.reference != nil else {
        return nil
      }
      return RefundToGive(refund: refund, window: window)
    }
  }
}
