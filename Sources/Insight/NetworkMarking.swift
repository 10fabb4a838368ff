package import Basics
package import Store

/// Has all vehicle-days that a network holds for placed anew by it, where it came before any of them was
/// rated, piece by piece.
///
/// There are no fares of before that could change, so there is no order; what is rated from then on is rated
/// by the network in force. A piece is one transaction that keeps how far it came: a restart goes on from there.
package struct NetworkMarking: Sendable {
  /// Most vehicle-days that a piece marks.
  package static let vehicleDaysPerPieceMax = 1_000
  /// Setting with how far the marking came; empty when there is none to do.
  package static let setting = "network_marking_place"

  private let store: Store

  /// Makes the use case.
  package init(store: Store) {
    self.store = store
  }

  /// Begins anew, in the transaction that makes a network the newest.
  package static func begin(in db: StoreSession) async throws {
    try await db.settings.set(setting, to: ReratingPlace.vehicles(lane: 0, after: nil).text)
  }

  /// Marks the next vehicle-days as stale; 0 when there are none, or another process works at it.
  package func piece(at now: Instant) async throws -> Int {
    try await store.write { db in
      guard let text = try await db.settings.lock(Self.setting), !text.isEmpty else { return 0 }
      guard case .vehicles(var lane, var after) = ReratingPlace(text: text) else {
        throw StoreFault(kind: .damaged, "the setting \(Self.setting) is \"\(text)\"")
      }
      let first = try await db.feeds.newest()?.firstDay
      var rest = Self.vehicleDaysPerPieceMax
      while rest > 0, lane < Lane.count {
        let days = try await db.placedAnew.vehicleDays(
          lane: lane, from: first, after: after, countMax: rest)
        try await db.sorting.markStale(vehicleDays: Set(days), at: now)
        rest -= days.count
        after = days.last
        if rest > 0 { (lane, after) = (lane + 1, nil) }
      }
      let isDone = lane == Lane.count
      try await db.settings.set(
        Self.setting,
        to: isDone ? "" : ReratingPlace.vehicles(lane: lane, after: after).text)
      return 1
    }
  }
}
