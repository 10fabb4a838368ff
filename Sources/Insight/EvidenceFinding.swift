package import Basics
package import Store
package import Tapping

/// Finding what proves a tap.
extension InsightDesk {
  /// A tap with the batch it came in, and what proves it; nil when no batch brought it.
  ///
  /// With a conflict it is the evidence of the content that came second under the number. Batches of before
  /// conflicts were kept with their proof are not there.
  package func evidence(
    of name: TapName, conflict: Int64? = nil, at now: Instant
  ) async throws -> TapEvidence? {
    try await store.read { db in
      guard let batch = try await Self.batch(of: name, conflict, in: db) else { return nil }
      guard let format = BatchFormat(rawValue: batch.format) else {
        throw StoreFault(
          kind: .damaged, "batch \(batch.batchID) is in the format \(batch.format)")
      }
      let keys = try await db.devices.keys(of: [name.device])
      let register = try await db.devices.register(
        RegisterKey(device: name.device, epoch: name.epoch))
      let proof =
        if let request = batch.request {
          EvidenceProof.session(
            try await Self.evidence(of: request, in: batch, keys: keys, db))
        } else {
          Self.signature(of: batch, keys: keys)
        }
      return TapEvidence(
        device: name.device, epoch: name.epoch, seq: name.seq, batchID: batch.batchID,
        receivedAt: batch.receivedAt, format: format, body: batch.body,
        bodyDigest: batch.bodyDigest, proof: proof,
        register: SequenceRanges(register?.seen ?? []), exportedAt: now)
    }
  }

  /// The batch that brought a tap first, or the content of a conflict.
  private static func batch(
    of name: TapName, _ conflict: Int64?, in db: StoreSession
  ) async throws -> SignedBatch? {
    guard let conflict else { return try await db.evidence.batch(of: name) }
    guard let found = try await db.evidence.batches(ofConflict: conflict, of: name) else {
      return nil
    }
    return found.batches.first { batch in
      let taps = (try? StoredBody(bytes: batch.body, format: batch.format).decode())?.taps ?? []
      return taps.contains { $0.seq == name.seq && $0.contentHash.bytes == found.otherDigest }
    }
  }

  /// Which key it was is not written down: a device has few, and the signature tells.
  private static func signature(
    of batch: SignedBatch, keys: [DeviceKeyRecord]
  ) -> EvidenceProof {
    let own =
      keys.first {
        Ed25519.verify(
          publicKey: $0.publicKey, signature: batch.signature, message: batch.body)
      } ?? keys.first
    return .ed25519(
      signature: batch.signature,
      key: own.map(EvidenceKey.init) ?? .unknown([], at: batch.receivedAt))
  }

  /// The handshake, and the running hash over the request, from signature to signature.
  private static func evidence(
    of request: BatchRequest, in batch: SignedBatch, keys: [DeviceKeyRecord], _ db: StoreSession
  ) async throws -> SessionEvidence {
    guard let record = try await db.sessions.find(request.session) else {
      throw StoreFault(
        kind: .damaged,
        "batch \(batch.batchID) came in session \(request.session), which is not there")
    }
    let checkpoints = try await db.sessions.checkpoints(of: record.id)
    let repeats = try await db.sessions.repeats(of: record.id)
    let own = SessionLink(
      count: request.count, bodyDigest: batch.bodyDigest, chain: request.chain)
    // What brought nothing new is known already, so the journal is not searched for it.
    let apart = Set(repeats.map(\.count))
    var first = (checkpoints.last { $0.count < request.count }?.count ?? 0) + 1
    while first < request.count, apart.contains(first) { first += 1 }
    var last = checkpoints.first { $0.count >= request.count }?.count ?? .max
    while last > request.count, apart.contains(last) { last -= 1 }
    let stored = try await db.sessions.links(
      of: record, around: (batch.batchID, request.count), among: first...last)
    let path = SessionPath(
      over: own, links: stored.filter { $0 != own } + repeats, checkpoints: checkpoints)
    return SessionEvidence(
      key: keys.first { $0.publicKey == record.publicKey }.map(EvidenceKey.init)
        ?? .unknown(record.publicKey, at: batch.receivedAt),
      servicePublicKey: record.servicePublicKey, handshake: record.handshake,
      count: request.count, chain: request.chain, mac: request.mac, start: path.start,
      bodyDigests: path.bodyDigests, checkpoint: path.checkpoint)
  }
}

extension EvidenceKey {
  fileprivate init(_ record: DeviceKeyRecord) {
    self.init(
      publicKey: record.publicKey, validFrom: record.validFrom, validTo: record.acceptedUntil,
      endReason: record.endReason)
  }

  /// A key that the device's list does not have; it proves nothing.
  fileprivate static func unknown(_ publicKey: [UInt8], at moment: Instant) -> EvidenceKey {
    EvidenceKey(publicKey: publicKey, validFrom: moment, validTo: moment, endReason: "unknown")
  }
}
