package import Basics

/// What proves that a device sent the bytes of a batch.
///
/// One case for each way of proving; each has its own checks and its own members in the file.
package enum EvidenceProof: Hashable, Sendable {
  /// A signature over the body, by the key of the device at that time.
  case ed25519(signature: [UInt8], key: EvidenceKey)
  /// A request of a session, whose running hash the device signed.
  case session(SessionEvidence)

  /// The word for the way of proving.
  package var kind: String {
    switch self {
    case .ed25519: "ed25519"
    case .session: "session"
    }
  }

  /// The device's key.
  package var key: EvidenceKey {
    switch self {
    case .ed25519(_, let key): key
    case .session(let evidence): evidence.key
    }
  }
}

/// A public key of a device with the time in which it was good.
package struct EvidenceKey: Hashable, Sendable {
  package var publicKey: [UInt8]
  /// When the service wrote it down, by the clock of then.
  package var validFrom: Instant
  /// First moment at which it no longer verified anything new; nil while it does.
  package var validTo: Instant?
  /// Why it ended, in a word: `rotated`, `replaced`, `revoked`.
  package var endReason: String?

  /// Makes a key.
  package init(
    publicKey: [UInt8], validFrom: Instant, validTo: Instant? = nil, endReason: String? = nil
  ) {
    self.publicKey = publicKey
    self.validFrom = validFrom
    self.validTo = validTo
    self.endReason = endReason
  }

  /// SHA-256 of the key, by which people compare it.
  package var fingerprint: String { hexText(SHA256Digest.hash(publicKey)) }

  /// Whether it was good at a moment: it had not ended.
  ///
  /// Its beginning is not judged, as it is not when taps are taken in: what it signed was checked with it on
  /// receipt, so it was known by then, also where a clock that was set back says otherwise.
  package func isValid(at moment: Instant) -> Bool {
    validTo.map { moment < $0 } ?? true
  }

  /// Whether it was good when something was received, as a check.
  func validity(at moment: Instant) -> EvidenceCheck {
    let span = "\(validFrom) to \(validTo?.description ?? "now")"
    let clock =
      moment < validFrom
      ? "; the clock that wrote it down was ahead of the one at the receipt" : ""
    return EvidenceCheck(
      name: "validity", isGood: isValid(at: moment),
      found: isValid(at: moment)
        ? "the key was good on receipt at \(moment): \(span)\(clock)"
        : "the key was not good on receipt at \(moment): \(span)")
  }

  /// Whether it is a key known from elsewhere, as a check.
  func identity(_ named: [UInt8]) -> EvidenceCheck {
    EvidenceCheck(
      name: "key", isGood: named == publicKey,
      found: named == publicKey
        ? "the key is the one named" : "the key is not the one named: \(fingerprint)")
  }
}

/// Which deny list a file says, beside the signed bytes, that the validator used.
package enum NamedDenyList: Hashable, Sendable {
  /// Nothing is said: files from before it was.
  case unnamed
  /// This one; nil says that the body names none.
  case version(Int64?)
}

/// A tap with the batch it came in and its proof: all that is needed to prove it without a database.
package struct TapEvidence: Hashable, Sendable {
  package var device: String
  package var epoch: Int64
  package var seq: Int64
  package var batchID: Int64
  package var receivedAt: Instant
  /// How to read the body.
  package var format: BatchFormat
  /// The bytes as they came.
  package var body: [UInt8]
  /// SHA-256 of the body, as it was written down on receipt.
  package var bodyDigest: [UInt8]
  /// What is read beside the body; the body says it itself, under its signature.
  package var denyList: NamedDenyList
  package var proof: EvidenceProof
  /// Numbers of this epoch that the service knew when this was written.
  package var register: SequenceRanges
  package var exportedAt: Instant

  /// Puts the evidence together; unless it is named, the deny list is the one of the body.
  package init(
    device: String, epoch: Int64, seq: Int64, batchID: Int64, receivedAt: Instant,
    format: BatchFormat, body: [UInt8], bodyDigest: [UInt8],
    denyList: NamedDenyList? = nil, proof: EvidenceProof, register: SequenceRanges,
    exportedAt: Instant
  ) {
    self.device = device
    self.epoch = epoch
    self.seq = seq
    self.batchID = batchID
    self.receivedAt = receivedAt
    self.format = format
    self.body = body
    self.bodyDigest = bodyDigest
    self.denyList = denyList ?? .unnamed
    self.proof = proof
    self.register = register
    self.exportedAt = exportedAt
    if denyList == nil { self.denyList = .version(batch?.denyListVersion) }
  }

  /// The batch of the body; nil when it cannot be read.
  package var batch: TapBatch? { try? TapBatchWire.decode(body, format) }

  /// The tap in the body: the first of its number.
  package var tap: Tap? { batch?.taps.first { $0.seq == seq } }

  /// How far the device's clock stood from the server's.
  package var clock: ClockOffset? {
    batch.map { ClockOffset(sentAt: $0.sentAt, receivedAt: receivedAt) }
  }
}

/// One thing that must hold of evidence, and whether it does.
package struct EvidenceCheck: Hashable, Sendable {
  /// What is checked, in a word: `signature`.
  package let name: String
  package let isGood: Bool
  /// What was found, for people.
  package let found: String
}

extension TapEvidence {
  /// Everything that must hold; the evidence is good when all of it does.
  ///
  /// Keys that are known from elsewhere are compared with those of the file.
  package func checks(
    trusting key: [UInt8]? = nil, service: [UInt8]? = nil
  ) -> [EvidenceCheck] {
    let digest = SHA256Digest.hash(body)
    let digestCheck = EvidenceCheck(
      name: "digest", isGood: digest == bodyDigest,
      found: digest == bodyDigest
        ? "the body is the one that was received: SHA-256 \(hexText(digest))"
        : "the body has SHA-256 \(hexText(digest)), but \(hexText(bodyDigest)) was received")
    switch proof {
    case .ed25519(let signature, let own):
      let isSigned = Ed25519.verify(
        publicKey: own.publicKey, signature: signature, message: body)
      let signatureCheck = EvidenceCheck(
        name: "signature", isGood: isSigned,
        found: isSigned
          ? "the signature is this key's over these bytes (\(proof.kind))"
          : "the signature is not this key's over these bytes")
      return [digestCheck] + denyListChecks
        + [signatureCheck, contentCheck, own.validity(at: receivedAt)]
        + (key.map { [own.identity($0)] } ?? [])
    case .session(let evidence):
      return [digestCheck] + denyListChecks + [contentCheck]
        + evidence.checks(
          of: device, body: body, receivedAt: receivedAt, trusting: key, service: service)
    }
  }

  /// Whether the deny list that is told beside the body is the one of the body; where one of both is missing, there
  /// is nothing to compare.
  private var denyListChecks: [EvidenceCheck] {
    guard case .version(let named) = denyList, let batch else { return [] }
    func text(_ version: Int64?) -> String { version.map { "version \($0)" } ?? "none" }
    let own = batch.denyListVersion
    return [
      EvidenceCheck(
        name: "deny_list", isGood: named == own,
        found: named == own
          ? "the deny list is the one of the body: \(text(own))"
          : "the body names as deny list \(text(own)), but \(text(named)) is told")
    ]
  }

  private var contentCheck: EvidenceCheck {
    guard let batch else {
      return EvidenceCheck(name: "content", isGood: false, found: "the body is no tap batch")
    }
    let moments = batch.taps.filter { $0.seq == seq }.map { "at \($0.at)" }
    guard batch.device == device, batch.epoch == epoch, !moments.isEmpty else {
      return EvidenceCheck(
        name: "content", isGood: false,
        found: "the body does not hold tap \(seq) of device \(device), epoch \(epoch)")
    }
    return EvidenceCheck(
      name: "content", isGood: true,
      found: "the body holds tap \(seq) of device \(device), epoch \(epoch), "
        + moments.joined(separator: " and "))
  }
}
