import Basics

extension JSONWriter {
  /// Writes a proof as a value.
  mutating func evidenceProof(_ proof: EvidenceProof) {
    beginObject()
    member("kind", proof.kind)
    evidenceKey(proof.key)
    switch proof {
    case .ed25519(let signature, _): base64("signature", signature)
    case .session(let evidence): session(evidence)
    }
    endObject()
  }

  private mutating func evidenceKey(_ own: EvidenceKey) {
    base64("public_key", own.publicKey)
    member("public_key_sha256", own.fingerprint)
    member("key_valid_from", own.validFrom.description)
    key("key_valid_to")
    if let end = own.validTo { value(end.description) } else { null() }
    key("key_end_reason")
    if let reason = own.endReason { value(reason) } else { null() }
  }

  private mutating func session(_ evidence: SessionEvidence) {
    key("service_key")
    if let key = evidence.servicePublicKey {
      value(Base64.encode(key, .standard))
    } else {
      null()
    }
    base64("proposal", evidence.handshake.proposal)
    base64("proposal_signature", evidence.handshake.proposalSignature)
    base64("grant", evidence.handshake.grant)
    base64("grant_signature", evidence.handshake.grantSignature)
    member("count", evidence.count)
    base64("chain", evidence.chain)
    base64("mac", evidence.mac)
    checkpoint("start", evidence.start)
    key("body_digests")
    beginArray()
    for digest in evidence.bodyDigests { value(Base64.encode(digest, .standard)) }
    endArray()
    checkpoint("checkpoint", evidence.checkpoint)
  }

  private mutating func checkpoint(_ name: String, _ signed: SignedCheckpoint?) {
    key(name)
    guard let signed else {
      null()
      return
    }
    beginObject()
    member("count", signed.count)
    base64("chain", signed.chain)
    base64("signature", signed.signature)
    member("received_at", signed.receivedAt.description)
    endObject()
  }

  private mutating func base64(_ name: String, _ bytes: [UInt8]) {
    member(name, Base64.encode(bytes, .standard))
  }
}

/// The members of a proof while it is read.
struct EvidenceProofDraft {
  private var texts: [String: String] = [:]
  private var count: Int64?
  private var digests: [String]?
  private var start: CheckpointDraft?
  private var checkpoint: CheckpointDraft?

  /// Reads a proof as a value.
  mutating func read(_ reader: inout JSONReader) throws(JSONFault) {
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "kind", "public_key", "key_valid_from", "key_valid_to", "key_end_reason", "signature",
        "service_key", "proposal", "proposal_signature", "grant", "grant_signature", "chain",
        "mac":
        texts[key] = try reader.stringOrNil()
      case "count": count = try reader.int64()
      case "start": start = try CheckpointDraft.readOrNil(&reader)
      case "checkpoint": checkpoint = try CheckpointDraft.readOrNil(&reader)
      case "body_digests":
        var values: [String] = []
        try reader.beginArray()
        while try reader.nextElement() { values.append(try reader.string()) }
        digests = values
      default: try reader.skipValue()
      }
    }
  }

  /// The proof; nil when a member is missing or is not what it should be.
  var proof: EvidenceProof? {
    guard let publicKey = bytes("public_key"),
      let from = texts["key_valid_from"].flatMap({ Instant(iso8601: $0) })
    else { return nil }
    // An end that cannot be read is not the same as none.
    let end = texts["key_valid_to"].flatMap { Instant(iso8601: $0) }
    guard (end == nil) == (texts["key_valid_to"] == nil) else { return nil }
    let key = EvidenceKey(
      publicKey: publicKey, validFrom: from, validTo: end, endReason: texts["key_end_reason"])
    switch texts["kind"] {
    case "ed25519": return bytes("signature").map { .ed25519(signature: $0, key: key) }
    case "session": return session(key).map { .session($0) }
    default: return nil
    }
  }

  private func session(_ key: EvidenceKey) -> SessionEvidence? {
    guard let proposal = bytes("proposal"), let asked = bytes("proposal_signature"),
      let grant = bytes("grant"), let granted = bytes("grant_signature"), let count,
      let chain = bytes("chain"), let mac = bytes("mac"), let digests
    else { return nil }
    let bodyDigests = digests.compactMap { Base64.decode($0, .standard) }
    guard bodyDigests.count == digests.count, start.isReadable, checkpoint.isReadable else {
      return nil
    }
    let serviceKey = bytes("service_key")
    guard (serviceKey == nil) == (texts["service_key"] == nil) else { return nil }
    return SessionEvidence(
      key: key, servicePublicKey: serviceKey,
      handshake: SignedHandshake(
        proposal: proposal, proposalSignature: asked, grant: grant, grantSignature: granted),
      count: count, chain: chain, mac: mac, start: start?.signed, bodyDigests: bodyDigests,
      checkpoint: checkpoint?.signed)
  }

  private func bytes(_ name: String) -> [UInt8]? {
    texts[name].flatMap { Base64.decode($0, .standard) }
  }
}

/// The members of a checkpoint while it is read.
private struct CheckpointDraft {
  private var texts: [String: String] = [:]
  private var count: Int64?

  static func readOrNil(
    _ reader: inout JSONReader
  ) throws(JSONFault) -> CheckpointDraft? {
    if reader.takeNull() { return nil }
    var draft = CheckpointDraft()
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "count": draft.count = try reader.int64()
      case "chain", "signature", "received_at": draft.texts[key] = try reader.string()
      default: try reader.skipValue()
      }
    }
    return draft
  }

  /// The checkpoint; nil when a member is missing or is not what it should be.
  var signed: SignedCheckpoint? {
    guard let count, let chain = texts["chain"].flatMap({ Base64.decode($0, .standard) }),
      let signature = texts["signature"].flatMap({ Base64.decode($0, .standard) }),
      let receivedAt = texts["received_at"].flatMap({ Instant(iso8601: $0) })
    else { return nil }
    return SignedCheckpoint(
      count: count, chain: chain, signature: signature, receivedAt: receivedAt)
  }
}

extension CheckpointDraft? {
  /// Whether it is absent, or all there.
  fileprivate var isReadable: Bool { map { $0.signed != nil } ?? true }
}
