package import Basics
package import Logging
package import Store
package import Tapping

/// Lets persons decide about impossible taps, and keeps who decided what, when and why.
package struct QuarantineDesk: Sendable {
  private let store: Store
  private let log: Logger

  /// Opens the desk.
  package init(store: Store, log: Logger) {
    self.store = store
    self.log = log
  }

  /// Lets a tap through: it is sorted and rated like one that came late.
  ///
  /// Throws ``QuarantineRefusal``; a tap about which somebody decided before is refused.
  package func release(
    _ name: TapName, correction: TapCorrection = TapCorrection(), by: String, reason: String,
    at now: Instant
  ) async throws -> QuarantineRecord {
    try await decide(name, .released, correction, by: by, reason: reason, at: now) {
      record, db in
      QuarantineDecision.refusesRelease(
        record?.state, code: record?.code ?? "",
        riders: record?.riders, correction: correction, reason: reason,
        isReadable: try await Self.isReadable(name, in: db), now: now)
    }
  }

  /// Turns a tap down: it makes no fare, and stays visible with the reason.
  ///
  /// Throws ``QuarantineRefusal``.
  package func discard(
    _ name: TapName, by: String, reason: String, at now: Instant
  ) async throws -> QuarantineRecord {
    try await decide(name, .discarded, TapCorrection(), by: by, reason: reason, at: now) {
      record, _ in
      QuarantineDecision.refusesDiscard(record?.state, reason: reason)
    }
  }

  /// Taps by name after one, in a state or in any, of a device or of all.
  package func list(
    state: QuarantineState? = .held, device: String? = nil, after name: TapName? = nil,
    limit: Int = QuarantineQueries.pageMax
  ) async throws -> [QuarantineRecord] {
    try await store.read { db in
      try await db.quarantine.list(state: state, device: device, after: name, limit: limit)
    }
  }

  /// A tap, whatever was decided about it; nil when it never was in quarantine.
  package func find(_ name: TapName) async throws -> QuarantineRecord? {
    // Numbers of taps begin at 1.
    guard name.seq > 0 else { return nil }
    let before = TapName(device: name.device, epoch: name.epoch, seq: name.seq - 1)
    return try await list(state: nil, device: name.device, after: before, limit: 1)
      .first { $0.name == name }
  }

  /// How the clocks of the devices stood that sent some taps, by the batches that brought them.
  package func clocks(of names: [TapName]) async throws -> [TapName: ClockOffset] {
    try await store.read { db in
      try await db.evidence.batches(of: names).mapValues { batch in
        ClockOffset(sentAt: batch.sentAt, receivedAt: batch.receivedAt)
      }
    }
  }

  /// Whether this program can read a tap where the journal holds it.
  private static func isReadable(_ name: TapName, in db: StoreSession) async throws -> Bool {
    guard let batch = try await db.evidence.batch(of: name) else { return true }
    let body = StoredBody(bytes: batch.body, format: batch.format)
    return (try? body.decode())?.taps.contains { $0.seq == name.seq } ?? false
  }

  private func decide(
    _ name: TapName, _ state: QuarantineState, _ correction: TapCorrection, by: String,
    reason: String, at now: Instant,
    _ refusal: @Sendable (QuarantineRecord?, StoreSession) async throws -> QuarantineRefusal?
  ) async throws -> QuarantineRecord {
    let decided = try await store.write { db in
      let record = try await db.quarantine.findForUpdate(name)
      if let refusal = try await refusal(record, db) { throw refusal }
      try await db.quarantine.decide(
        name, state, correction: correction, by: by, reason: reason, at: now)
      guard let decided = try await db.quarantine.findForUpdate(name) else {
        throw StoreFault(kind: .damaged, "a tap left quarantine while it was decided about")
      }
      return decided
    }
    log.notice(
      "a tap in quarantine was \(state.rawValue)",
      metadata: [
        "device": "\(name.device)", "epoch": "\(name.epoch)", "seq": "\(name.seq)", "by": "\(by)",
      ])
    return decided
  }
}
