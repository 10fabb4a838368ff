package import Basics

/// A device's signature over the running hash of a session, as it was received.
package struct SignedCheckpoint: Hashable, Sendable {
  /// Requests that it covers.
  package var count: Int64
  /// The running hash after them.
  package var chain: [UInt8]
  package var signature: [UInt8]
  package var receivedAt: Instant

  /// Makes a checkpoint.
  package init(count: Int64, chain: [UInt8], signature: [UInt8], receivedAt: Instant) {
    self.count = count
    self.chain = chain
    self.signature = signature
    self.receivedAt = receivedAt
  }

  /// Whether the signature is a key's over this session, count and hash.
  package func isSigned(in session: SessionID, publicKey: [UInt8]) -> Bool {
    SessionCheckpoint(session: session, count: count, hash: chain)
      .isSigned(signature, publicKey: publicKey)
  }
}

/// What proves a request of a session: the handshake, and the running hash from one place that the
/// device signed to the next.
///
/// The running hash is worked out from digests of the bodies, so the evidence of one tap holds no
/// taps of other requests.
package struct SessionEvidence: Hashable, Sendable {
  /// The device's key that opened the session.
  package var key: EvidenceKey
  /// The key that the service signed the grant with; nil when it was not written down.
  package var servicePublicKey: [UInt8]?
  package var handshake: SignedHandshake
  /// The number of the request that brought the tap.
  package var count: Int64
  /// The running hash after it.
  package var chain: [UInt8]
  /// Its code; only the device and the service can tell whether it is right.
  package var mac: [UInt8]
  /// The last signed checkpoint before the request; nil when the running hash begins at the grant.
  package var start: SignedCheckpoint?
  /// SHA-256 of every body after the start, up to the checkpoint.
  package var bodyDigests: [[UInt8]]
  /// The first signed checkpoint that covers the request; nil when none has come.
  package var checkpoint: SignedCheckpoint?

  /// Puts the evidence together.
  package init(
    key: EvidenceKey, servicePublicKey: [UInt8]?, handshake: SignedHandshake, count: Int64,
    chain: [UInt8], mac: [UInt8], start: SignedCheckpoint?, bodyDigests: [[UInt8]],
    checkpoint: SignedCheckpoint?
  ) {
    self.key = key
    self.servicePublicKey = servicePublicKey
    self.handshake = handshake
    self.count = count
    self.chain = chain
    self.mac = mac
    self.start = start
    self.bodyDigests = bodyDigests
    self.checkpoint = checkpoint
  }

  /// Everything that must hold of it, apart from the content of the body.
  func checks(
    of device: String, body: [UInt8], receivedAt: Instant, trusting own: [UInt8]?,
    service: [UInt8]?
  ) -> [EvidenceCheck] {
    var checks = handshake.checks(
      of: device, publicKey: key.publicKey, servicePublicKey: servicePublicKey ?? service)
    let session = handshake.session
    if let start { checks.append(check("start", start, in: session)) }
    checks.append(chainCheck(body))
    if let checkpoint {
      checks.append(check("checkpoint", checkpoint, in: session))
    } else {
      checks.append(
        EvidenceCheck(
          name: "checkpoint", isGood: false,
          found: "no signed checkpoint has come yet that covers request \(count): until one does,"
            + " only its code speaks for it, and the service could have made that too"))
    }
    checks.append(key.validity(at: receivedAt))
    if let own { checks.append(key.identity(own)) }
    if let service, let told = servicePublicKey {
      checks.append(
        EvidenceCheck(
          name: "service_key", isGood: told == service,
          found: told == service
            ? "the service's key is the one named"
            : "the service's key is not the one named: \(hexText(SHA256Digest.hash(told)))"))
    }
    return checks
  }

  private func check(
    _ name: String, _ signed: SignedCheckpoint, in session: SessionID?
  ) -> EvidenceCheck {
    guard let session else {
      return EvidenceCheck(
        name: name, isGood: false,
        found: "the grant names no session, so the signature over it cannot be checked")
    }
    guard key.isValid(at: signed.receivedAt) else {
      return EvidenceCheck(
        name: name, isGood: false,
        found: "the key was not good when the signature over \(signed.count) requests came, at"
          + " \(signed.receivedAt)")
    }
    let isGood = signed.isSigned(in: session, publicKey: key.publicKey)
    return EvidenceCheck(
      name: name, isGood: isGood,
      found: isGood
        ? "the device signed for \(signed.count) requests of session \(session),"
          + " received at \(signed.receivedAt)"
        : "the signature is not this key's over \(signed.count) requests of session \(session)"
          + " and this running hash")
  }

  /// Works out the running hash from the start to the end.
  private func chainCheck(_ body: [UInt8]) -> EvidenceCheck {
    func bad(_ found: String) -> EvidenceCheck {
      EvidenceCheck(name: "chain", isGood: false, found: found)
    }
    let before = start?.count ?? 0
    let (place, isOverflow) = count.subtractingReportingOverflow(before)
    guard before >= 0, !isOverflow, place >= 1, place <= Int64(bodyDigests.count) else {
      return bad("request \(count) is not among the \(bodyDigests.count) after \(before)")
    }
    guard bodyDigests[Int(place) - 1] == SHA256Digest.hash(body) else {
      return bad("the body is not the one whose SHA-256 stands at request \(count)")
    }
    var hash = start?.chain ?? SHA256Digest.hash(handshake.grant)
    for (index, digest) in bodyDigests.enumerated() {
      hash = SessionChain.link(hash, digest)
      if Int64(index) + 1 == place, hash != chain {
        return bad(
          "the running hash from \(startName) to request \(count) is not the one that came with it")
      }
    }
    guard let checkpoint else {
      return EvidenceCheck(
        name: "chain", isGood: true,
        found: "the running hash from \(startName) leads over request \(count)")
    }
    let (span, isPast) = checkpoint.count.subtractingReportingOverflow(before)
    guard !isPast, span == Int64(bodyDigests.count), checkpoint.chain == hash else {
      return bad(
        "the running hash from request \(count) does not lead to the checkpoint at"
          + " \(checkpoint.count)")
    }
    return EvidenceCheck(
      name: "chain", isGood: true,
      found: "the running hash from \(startName) leads over request \(count) to the checkpoint"
        + " at \(checkpoint.count)")
  }

  private var startName: String {
    start.map { "the checkpoint at \($0.count)" } ?? "the grant"
  }
}

/// A handshake as it went over the wire, signed by both sides.
package struct SignedHandshake: Hashable, Sendable {
  /// The proposal's body and the device's signature over it.
  package var proposal: [UInt8]
  package var proposalSignature: [UInt8]
  /// The grant's body and the service's signature over it.
  package var grant: [UInt8]
  package var grantSignature: [UInt8]

  /// Puts a handshake together.
  package init(
    proposal: [UInt8], proposalSignature: [UInt8], grant: [UInt8], grantSignature: [UInt8]
  ) {
    self.proposal = proposal
    self.proposalSignature = proposalSignature
    self.grant = grant
    self.grantSignature = grantSignature
  }

  /// The session's name; nil when the grant cannot be read.
  package var session: SessionID? { (try? SessionGrant(body: grant))?.session }

  /// Whether the device signed the proposal, the service the grant, and both speak of one session.
  package func checks(
    of device: String, publicKey: [UInt8], servicePublicKey: [UInt8]?
  ) -> [EvidenceCheck] {
    let isProposed = Ed25519.verify(
      publicKey: publicKey, signature: proposalSignature, message: proposal)
    return [
      EvidenceCheck(
        name: "proposal", isGood: isProposed,
        found: isProposed
          ? "the device signed the proposal of the session"
          : "the proposal's signature is not this key's over these bytes"),
      grantCheck(servicePublicKey), agreement(of: device),
    ]
  }

  private func grantCheck(_ servicePublicKey: [UInt8]?) -> EvidenceCheck {
    guard let servicePublicKey else {
      return EvidenceCheck(
        name: "grant", isGood: false,
        found: "the key that the service signed the grant with was not written down; name it")
    }
    let isGranted = Ed25519.verify(
      publicKey: servicePublicKey, signature: grantSignature, message: grant)
    return EvidenceCheck(
      name: "grant", isGood: isGranted,
      found: isGranted
        ? "the service signed the grant of the session"
        : "the grant's signature is not the service's key's over these bytes")
  }

  private func agreement(of device: String) -> EvidenceCheck {
    guard let granted = try? SessionGrant(body: grant),
      let asked = try? SessionProposal(body: proposal)
    else {
      return EvidenceCheck(
        name: "handshake", isGood: false, found: "the proposal or the grant cannot be read")
    }
    guard granted.device == device, asked.device == device else {
      return EvidenceCheck(
        name: "handshake", isGood: false, found: "the session is not one of device \(device)")
    }
    let isAnswer = constantTimeEquals(granted.proposalDigest, SHA256Digest.hash(proposal))
    return EvidenceCheck(
      name: "handshake", isGood: isAnswer,
      found: isAnswer
        ? "the grant answers this proposal of device \(device), until \(granted.until)"
        : "the grant answers another proposal")
  }
}
