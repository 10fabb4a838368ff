import Store
import Tapping

/// Follows every session of a lane of the journal: its handshake, its running hash over all of its
/// requests, and the device's signatures over it.
struct SessionAudit: Sendable {
  private var trails: [SessionID: SessionTrail] = [:]

  /// Batches that no signature covers: since the last checkpoint of each session.
  var uncoveredBatches: Int { trails.values.reduce(0) { $0 + $1.uncoveredBatches } }

  /// Takes the batches of sessions among the next of a lane; what is wrong, each in a sentence.
  mutating func take(
    _ batches: [ProvenBatch], in db: StoreSession
  ) async throws -> [String] {
    var findings: [String] = []
    for proven in batches {
      guard let request = proven.request else { continue }
      if trails[request.session] == nil {
        guard let record = try await db.sessions.find(request.session) else {
          findings.append(
            "batch \(proven.batch.batchID) came in session \(request.session), which is not there")
          continue
        }
        findings += Self.faults(of: record, in: proven)
        trails[request.session] = SessionTrail(
          session: record.id, grant: record.grantBody, publicKey: record.publicKey,
          repeats: try await db.sessions.repeats(of: record.id),
          checkpoints: try await db.sessions.checkpoints(of: record.id))
      }
      let link = SessionLink(
        count: request.count, bodyDigest: proven.bodyDigest, chain: request.chain)
      findings += trails[request.session]?.take(link) ?? []
    }
    return findings
  }

  /// Ends after the last batch of the lane; what is wrong, each in a sentence.
  mutating func finish() -> [String] {
    var findings: [String] = []
    for session in trails.keys.sorted() { findings += trails[session]?.finish() ?? [] }
    return findings
  }

  /// What is wrong with a handshake.
  private static func faults(of record: SessionRecord, in proven: ProvenBatch) -> [String] {
    var faults: [String] = []
    if record.device != proven.batch.device || !proven.publicKeys.contains(record.publicKey) {
      faults.append("session \(record.id): its key is not one of device \(proven.batch.device)")
    }
    if record.handshake.session != record.id {
      faults.append("session \(record.id): its grant names another session")
    }
    // A session from before the key was written down has the device's signatures alone.
    faults += record.handshake
      .checks(
        of: record.device, publicKey: record.publicKey, servicePublicKey: record.servicePublicKey
      )
      .filter { !$0.isGood && !($0.name == "grant" && record.servicePublicKey == nil) }
      .map { "session \(record.id): \($0.found)" }
    return faults
  }
}
