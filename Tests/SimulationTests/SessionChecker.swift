import Foundation
import Postgres
import Tapping

/// What lies in the database of the sessions of one fleet, as plain rows.
struct StoredSessions: Sendable {
  /// A batch of the journal.
  struct Batch: Sendable {
    let life: FleetChecker.Life
    let body: [UInt8]
    let bodyDigest: [UInt8]
    let signature: [UInt8]?
    let link: Link?
  }

  /// A request of a session.
  struct Link: Sendable {
    let session: String
    let count: Int64
    let bodyDigest: [UInt8]
    let chain: [UInt8]
  }

  struct Session: Sendable {
    let id: String
    let device: String
    let publicKey: [UInt8]
    let grant: [UInt8]
  }

  let batches: [Batch]
  let repeats: [Link]
  /// Signatures over the running hash.
  let checkpoints: [(session: String, count: Int64, signature: [UInt8])]
  let sessions: [Session]

  init(of seed: UInt64, pool: PostgresPool) async throws {
    let mine = "device_id like 'S\(seed)-%'"
    let own = "session_id in (select session_id from device_session where \(mine))"
    batches = try await pool.patiently { connection in
      try await connection.query(
        """
        select device_id, body, body_digest, signature, session_id::text,
          coalesce(request_count, 0), coalesce(chain, ''), epoch from tap_batch where \(mine)
        """
      ).map { row in
        Batch(
          life: .init(device: try row.text(0), epoch: try row.int8(7)), body: try row.bytea(1),
          bodyDigest: try row.bytea(2), signature: try row.byteaOrNil(3),
          link: try row.textOrNil(4).map {
            Link(
              session: $0, count: try row.int8(5), bodyDigest: try row.bytea(2),
              chain: try row.bytea(6))
          })
      }
    }
    repeats = try await pool.patiently { connection in
      try await connection.query(
        "select session_id::text, request_count, body_digest, chain from session_repeat where \(own)"
      ).map {
        Link(
          session: try $0.text(0), count: try $0.int8(1), bodyDigest: try $0.bytea(2),
          chain: try $0.bytea(3))
      }
    }
    checkpoints = try await pool.patiently { connection in
      try await connection.query(
        "select session_id::text, request_count, signature from session_checkpoint where \(own)"
      ).map { (try $0.text(0), try $0.int8(1), try $0.bytea(2)) }
    }
    sessions = try await pool.patiently { connection in
      try await connection.query(
        "select session_id::text, device_id, public_key, grant_body from device_session where \(mine)"
      ).map {
        Session(
          id: try $0.text(0), device: try $0.text(1), publicKey: try $0.bytea(2),
          grant: try $0.bytea(3))
      }
    }
  }
}

/// Whether every batch is proven by a key of its device: by a signature of its own, or by the running
/// hash of its session up to a signed checkpoint.
///
/// It stands apart: of the service it uses SHA-256 and Ed25519 alone, and writes the texts that are
/// signed by itself.
struct SessionChecker {
  /// Every key of the hardware that recorded a life: no other may prove its taps.
  let publicKeys: [FleetChecker.Life: [[UInt8]]]
  /// Requests of sessions for which the device heard that its checkpoint is kept.
  let covered: [String: Int64]

  func faults(in stored: StoredSessions) -> [String] {
    let known = Dictionary(uniqueKeysWithValues: stored.sessions.map { ($0.id, $0) })
    var faults = stored.batches.flatMap { batch -> [String] in
      let name = "a batch of \(batch.life.device), epoch \(batch.life.epoch),"
      guard SHA256Digest.hash(batch.body) == batch.bodyDigest else {
        return ["\(name) has another digest than its body"]
      }
      let keys = publicKeys[batch.life] ?? []
      if let link = batch.link {
        let isOwn = known[link.session].map { keys.contains($0.publicKey) }
        return isOwn == true ? [] : ["\(name) came in a session of other hardware"]
      }
      let isSigned = batch.signature.map { signature in
        keys.contains {
          Ed25519.verify(publicKey: $0, signature: signature, message: batch.body)
        }
      }
      return isSigned == true ? [] : ["\(name) is not signed by a key of its hardware"]
    }
    let links = Dictionary(
      grouping: stored.batches.compactMap(\.link) + stored.repeats, by: \.session)
    let checkpoints = Dictionary(grouping: stored.checkpoints, by: \.session)
    for session in Set(links.keys).union(covered.keys).sorted() {
      guard let own = known[session] else {
        faults.append("session \(session) is not there")
        continue
      }
      guard
        publicKeys.contains(where: { life, keys in
          life.device == own.device && keys.contains(own.publicKey)
        })
      else {
        faults.append("session \(session) was opened by no key of \(own.device)")
        continue
      }
      faults += self.faults(of: own, links[session] ?? [], checkpoints[session] ?? [])
    }
    return faults
  }

  private func faults(
    of session: StoredSessions.Session, _ links: [StoredSessions.Link],
    _ checkpoints: [(session: String, count: Int64, signature: [UInt8])]
  ) -> [String] {
    let last = checkpoints.map(\.count).max() ?? 0
    var faults: [String] = []
    if last < covered[session.id] ?? 0 {
      faults.append("session \(session.id) has lost its checkpoint at \(covered[session.id] ?? 0)")
    }
    let byCount = Dictionary(grouping: links, by: \.count)
    var hash = SHA256Digest.hash(session.grant)
    var count: Int64 = 0
    // A request that came twice may stand twice, but never with another body.
    while let next = byCount[count + 1], let link = next.first {
      hash = SHA256Digest.hash(hash + link.bodyDigest)
      count += 1
      for other in next where other.bodyDigest != link.bodyDigest || other.chain != hash {
        faults.append("session \(session.id): request \(count) is not what its hash says")
      }
      for checkpoint in checkpoints where checkpoint.count == count {
        let text =
          "kvytok-checkpoint 1\n\(session.id)\n\(count)\n"
          + "\(Data(hash).base64EncodedString())\n"
        let isSigned = Ed25519.verify(
          publicKey: session.publicKey, signature: checkpoint.signature, message: Array(text.utf8))
        if !isSigned { faults.append("session \(session.id): checkpoint \(count) is not signed") }
      }
    }
    // Whatever lies behind a hole has no evidence, and neither has what a checkpoint names there.
    if count < last || links.contains(where: { $0.count > count }) {
      faults.append("session \(session.id): request \(count + 1) is missing before others")
    }
    return faults
  }
}
