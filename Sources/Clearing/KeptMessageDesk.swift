package import Basics
package import Store

/// What people do about signed messages of the acquirer that fit nothing here, and about lines of its
/// funding files for captures that it does not pay and that are not owed again by themselves.
///
/// Nothing is booked by it: what such a message is about is put right by its own event (a funding line,
/// a refund, an adjustment), and the message then only says what came of it.
package struct KeptMessageDesk: Sendable {
  /// Longest reason, in bytes.
  package static let reasonBytesMax = 200

  private let store: Store
  private let now: @Sendable () -> Instant

  /// Opens the desk.
  package init(store: Store, now: @escaping @Sendable () -> Instant) {
    self.store = store
    self.now = now
  }

  /// Messages that wait for a person, the oldest first; with those that were looked into, or without.
  package func list(openOnly: Bool) async throws -> [KeptMessage] {
    try await store.read { db in try await db.acquirerMessages.kept(openOnly: openOnly) }
  }

  /// Writes down what became of a message; throws ``MoneyRefusal``.
  package func decide(_ id: String, reason: String, by person: String) async throws {
    guard (1...Self.reasonBytesMax).contains(reason.utf8.count) else {
      throw MoneyRefusal.unfit("a reason has 1 to \(Self.reasonBytesMax) bytes")
    }
    let moment = now()
    let isDecided = try await store.write { db in
      try await db.acquirerMessages.decide(id, reason, by: person, at: moment)
    }
    guard isDecided else { throw MoneyRefusal.notFound("message \(id) that waits for a person") }
  }
}
