package import Basics
package import Store

/// What became of a person's wish to accept a finding, or of a decision on it.
package enum AcceptanceOutcome: Sendable, Equatable {
  /// It waits for another person; what the proof says of the row.
  case requested(Int64, finding: String)
  /// The proof names it as accepted from now on.
  case accepted
  /// The other person did not agree.
  case refused
  /// The proof finds nothing about the row.
  case nothingFound
  /// The row is another one than it was when it was asked for.
  case changedSince
  /// There is no such table, or nothing of that number.
  case unknown
  /// Somebody has decided on it before.
  case decided(AcceptedFindingRow.State)
  /// Who asked for it may not decide on it.
  case ownRequest
  /// A person's name or the reason is empty.
  case nameless
}

/// Accepting what the proof finds about a row of money: one person asks, giving the reason, and another
/// one agrees.
///
/// What is accepted is the row and its digests as they are. Both people stand in a row that is sealed
/// like any row of money, and in each proof afterwards; a further change of the row is found again.
package struct FindingAcceptance: Sendable {
  private let store: Store

  /// Makes the use case.
  package init(store: Store) { self.store = store }

  /// Asks for what is found about a row to be accepted; nothing changes yet.
  package func request(
    table: String, key: String, reason: String, by person: String, at now: Instant
  ) async throws -> AcceptanceOutcome {
    guard !SecondPerson.isBlank(person), !SecondPerson.isBlank(reason) else { return .nameless }
    // An acceptance that was written by hand is not put right by another one.
    guard let table = MoneyTable(rawValue: table), table != .acceptedFinding else {
      return .unknown
    }
    return try await store.write { db in
      let row = try await db.acceptedFindings.examine(table, key)
      guard row.isFinding else { return .nothingFound }
      let number = try await db.acceptedFindings.request(
        table, key, row, reason: reason, by: person, at: now)
      return .requested(number, finding: row.words)
    }
  }

  /// Accepts a finding, or refuses to.
  package func decide(
    _ number: Int64, isAccepted: Bool, by person: String, at now: Instant
  ) async throws -> AcceptanceOutcome {
    guard !SecondPerson.isBlank(person) else { return .nameless }
    return try await store.write { db in
      guard let row = try await db.acceptedFindings.lock(number),
        let table = MoneyTable(rawValue: row.table)
      else { return .unknown }
      guard row.state == .requested else { return .decided(row.state) }
      guard !SecondPerson.isSame(row.requestedBy, person) else { return .ownRequest }
      guard isAccepted else {
        try await db.acceptedFindings.decide(number, .refused, by: person, at: now)
        return .refused
      }
      let examined = try await db.acceptedFindings.examine(table, row.rowKey)
      guard examined.isAs(row.examined) else { return .changedSince }
      try await db.acceptedFindings.decide(number, .approved, by: person, at: now)
      return .accepted
    }
  }
}

extension AcceptedFindingRow {
  /// What was accepted, by whom and why, in a sentence.
  package var sentence: String {
    "\(table) \(rowKey) \(finding): accepted by \(decidedBy ?? "nobody")"
      + (decidedAt.map { " at \($0)" } ?? "") + ", asked by \(requestedBy): \(reason)"
  }
}
