import Basics
import Store

/// How one person proposes an order and another decides it, whatever it is about.
extension OrderTables {
  /// Proposes an order about something that waits for no decision yet; the number of the order.
  ///
  /// `name` is what a refusal calls it, as `window 5`.
  func propose(
    _ kind: MoneyOrderRow.Kind, about subject: Int64, called name: String, _ money: Money,
    reason: String, by person: String, at moment: Instant
  ) async throws -> Int64 {
    guard try await !isWaiting(kind, subject: String(subject)) else {
      throw MoneyRefusal.unfit("\(name) \(subject) waits for a decision already")
    }
    return try await propose(
      kind, subject: String(subject), minor: money.minor, currency: money.currency, reason: reason,
      by: person, at: moment)
  }

  /// Proposes an order about a rider who has no account yet, and who waits for no decision.
  func propose(
    _ kind: MoneyOrderRow.Kind, aboutRider rider: RiderID, _ money: Money, reason: String,
    by person: String, at moment: Instant
  ) async throws -> Int64 {
    guard try await !isWaiting(kind, subject: rider.description, in: money.currency) else {
      throw MoneyRefusal.unfit("rider \(rider) waits for a decision already")
    }
    return try await propose(
      kind, subject: rider.description, minor: money.minor, currency: money.currency,
      reason: reason, by: person, at: moment)
  }

  /// Decides an order that waits; refused for who proposed it, and for an order of another desk.
  func decide(
    _ order: Int64, isApproved: Bool, by person: String, at moment: Instant,
    where isOfDesk: (MoneyOrderRow.Kind) -> Bool
  ) async throws -> MoneyOrderRow {
    guard let row = try await lock(order) else { throw MoneyRefusal.notFound("order \(order)") }
    guard row.decision == nil else {
      throw MoneyRefusal.unfit("order \(order) is \(row.decision ?? "decided") already")
    }
    guard !SecondPerson.isSame(row.proposedBy, person) else { throw MoneyRefusal.samePerson }
    guard isOfDesk(row.kind) else {
      throw MoneyRefusal.unfit("order \(order) is a \(row.kind.rawValue): decide it there")
    }
    try await decide(order, isApproved ? "approved" : "refused", by: person, at: moment)
    return row
  }
}

extension MoneyOrderRow {
  /// The number of the window, the claim or the account that it is about.
  func subjectNumber() throws(MoneyRefusal) -> Int64 {
    guard let number = Int64(subject) else {
      throw .unfit("order \(id) is about \(subject), which is no number")
    }
    return number
  }
}
