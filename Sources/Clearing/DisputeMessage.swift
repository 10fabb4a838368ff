import Charging
import Store

/// A step of a dispute, from a funding file or a signed message.
struct DisputeMessage {
  let caseID: String
  let window: Int64
  let minor: Int64
  let stage: ChargebackStage
  let reason: String?

  static let known = AcquirerMessageTables.known

  /// Applies the step; why it was not taken, nil when it was.
  func apply(
    to batch: inout ChargeBatch, actor: String, in db: StoreSession
  ) async throws -> String? {
    let before = try await db.charging.lockChargeback(caseID)
    let row = DisputeRow(.window(window), minor: minor, stage: stage)
    if let refusal = Self.refusal(of: row, caseID, after: before) { return refusal }
    do {
      // A case whose opening never came is opened with its end.
      if before == nil {
        try batch.apply(
          .disputed(minor: minor), to: window, actor: actor, reference: caseID, detail: reason)
        try batch.book(
          .disputed, minor, window: window, kind: "dispute_booked", actor: actor,
          reference: caseID)
      }
      if stage == .won {
        try batch.apply(.disputeWon(minor: minor), to: window, actor: actor, reference: caseID)
        try batch.book(
          .disputeWon, minor, window: window, kind: "dispute_booked", actor: actor,
          reference: caseID)
      } else if stage == .lost {
        try batch.apply(.disputeLost(minor: minor), to: window, actor: actor, reference: caseID)
      }
    } catch let refusal as ChargeRefusal {
      return "\(refusal)"
    }
    try await db.charging.setChargeback(caseID, row, reason: reason, at: batch.now)
    return nil
  }

  /// Why a step does not follow the one before; nil when it does.
  static func refusal(
    of step: DisputeRow, _ caseID: String, after before: DisputeRow?
  ) -> String? {
    guard let before else { return nil }
    guard before.subject == step.subject, before.minor == step.minor else {
      return "case \(caseID) is about \(before.subject) and \(before.minor)"
    }
    guard before.stage == .opened || step.stage == .opened || step.stage == before.stage else {
      return "case \(caseID) is \(before.stage.rawValue) here"
    }
    return before.stage == .opened && step.stage != .opened ? nil : known
  }
}
