package import Basics

/// Marks the identifier of a session.
package enum SessionKind {}
/// The name of a session: 16 unpredictable bytes, written as a UUID.
package typealias SessionID = Identifier<SessionKind>

/// What a validator asks for: a session in which it proves its requests by a cheap code.
package struct SessionProposal: Hashable, Sendable {
  package var device: String
  /// 32 bytes of X25519, made for this session.
  package var exchangeKey: [UInt8]
  /// 16 unpredictable bytes.
  package var nonce: [UInt8]
  /// When it was made, by the device's clock.
  package var at: Instant
  /// How long the session is wanted for.
  package var validSeconds: Int64

  /// Makes a proposal.
  package init(
    device: String, exchangeKey: [UInt8], nonce: [UInt8], at: Instant,
    validSeconds: Int64 = SessionLimits.validSecondsMax
  ) {
    self.device = device
    self.exchangeKey = exchangeKey
    self.nonce = nonce
    self.at = at
    self.validSeconds = validSeconds
  }

  /// The body, which the device signs.
  package var body: [UInt8] {
    HandshakeText.write(
      "kvytok-session-proposal 1",
      [
        ("device", device), ("key", Base64.encode(exchangeKey, .standard)),
        ("nonce", Base64.encode(nonce, .standard)), ("at", at.description),
        ("seconds", String(validSeconds)),
      ])
  }

  /// Reads a body, which must be exactly what `body` writes.
  package init(body: [UInt8]) throws(SessionFault) {
    var text = try HandshakeText(body, "kvytok-session-proposal 1")
    device = try text.value("device")
    exchangeKey = try text.bytes("key", ExchangeKeyPair.byteCount)
    nonce = try text.bytes("nonce", SessionLimits.nonceByteCount)
    at = try text.instant("at")
    validSeconds = try text.number("seconds")
    try text.end(self.body, body)
    guard (1...SessionLimits.validSecondsMax).contains(validSeconds) else {
      throw SessionFault(
        .handshakeMalformed, "seconds must be 1 to \(SessionLimits.validSecondsMax)")
    }
  }
}

/// What the service answers to a proposal.
package struct SessionGrant: Hashable, Sendable {
  package var session: SessionID
  package var device: String
  /// 32 bytes of X25519, made for this session.
  package var exchangeKey: [UInt8]
  /// SHA-256 of the proposal's body: so the answer is to this question and no other.
  package var proposalDigest: [UInt8]
  /// The service's time.
  package var at: Instant
  /// The session ends here, by the service's clock.
  package var until: Instant

  /// Makes a grant.
  package init(
    session: SessionID, device: String, exchangeKey: [UInt8], proposalDigest: [UInt8],
    at: Instant, until: Instant
  ) {
    self.session = session
    self.device = device
    self.exchangeKey = exchangeKey
    self.proposalDigest = proposalDigest
    self.at = at
    self.until = until
  }

  /// The body, which the service signs.
  package var body: [UInt8] {
    HandshakeText.write(
      "kvytok-session-grant 1",
      [
        ("session", session.description), ("device", device),
        ("key", Base64.encode(exchangeKey, .standard)),
        ("proposal", Base64.encode(proposalDigest, .standard)), ("at", at.description),
        ("until", until.description),
      ])
  }

  /// Reads a body, which must be exactly what `body` writes.
  package init(body: [UInt8]) throws(SessionFault) {
    var text = try HandshakeText(body, "kvytok-session-grant 1")
    session = try text.session("session")
    device = try text.value("device")
    exchangeKey = try text.bytes("key", ExchangeKeyPair.byteCount)
    proposalDigest = try text.bytes("proposal", SHA256Digest.byteCount)
    at = try text.instant("at")
    until = try text.instant("until")
    try text.end(self.body, body)
  }
}

/// Limits of sessions.
package enum SessionLimits {
  /// Longest life of a session: a day.
  package static let validSecondsMax: Int64 = 86_400
  /// Most a device's clock may differ from the service's when it proposes a session.
  package static let clockSecondsMax: Int64 = 600
  /// Bytes of a proposal's nonce.
  package static let nonceByteCount = 16
  /// Most bytes of a proposal or a grant.
  package static let handshakeBytesMax = 1024
  /// Most requests that no signed checkpoint covers.
  package static let uncoveredCountMax: Int64 = 1000
  /// Longest that a request stays without a signed checkpoint.
  package static let uncoveredSecondsMax: Int64 = 900
  /// How long after its end a session still takes a request that closes it by a checkpoint.
  package static let closingSecondsMax: Int64 = 86_400
}

/// Opens sessions: a Diffie-Hellman exchange, signed by both sides.
///
/// The device signs its proposal, the service signs a grant that names the proposal, and both derive
/// the same keys from fresh X25519 keys. Who listens, or later learns the signing keys, cannot find
/// the session's keys; who stands between cannot take either side's place.
package enum SessionHandshake {
  /// A session as the service opened it.
  package struct Opened: Sendable {
    package let grant: SessionGrant
    /// The answer's body.
    package let body: [UInt8]
    /// The service's signature over the body.
    package let signature: [UInt8]
    package let keys: SessionKeys
    package let chain: SessionChain
  }

  /// The service's side: checks a proposal and makes the session.
  ///
  /// `session` is 16 and `exchangeSeed` 32 unpredictable bytes, each used once.
  package static func open(
    proposal body: [UInt8], signature: [UInt8], devicePublicKey: [UInt8],
    identity: Ed25519KeyPair, exchangeSeed: [UInt8], session: SessionID, now: Instant
  ) throws(SessionFault) -> Opened {
    let proposal = try SessionProposal(body: body)
    guard Ed25519.verify(publicKey: devicePublicKey, signature: signature, message: body) else {
      throw SessionFault(
        .handshakeSignatureWrong, "the signature is not one of this device's key over this body")
    }
    let lead = proposal.at.microseconds - now.microseconds
    guard abs(lead) <= SessionLimits.clockSecondsMax * 1_000_000 else {
      throw SessionFault(
        .handshakeClock,
        "the proposal is not of now; it is \(now) here, set the device's clock and sign anew")
    }
    guard let own = ExchangeKeyPair(seed: exchangeSeed) else {
      preconditionFailure("an exchange needs 32 unpredictable bytes")
    }
    // Whole seconds, so that the text is short and the same for all.
    let start = Instant(seconds: now.seconds)
    let grant = SessionGrant(
      session: session, device: proposal.device, exchangeKey: own.publicKey,
      proposalDigest: SHA256Digest.hash(body), at: start,
      until: start.adding(seconds: proposal.validSeconds))
    let answer = grant.body
    guard let shared = own.sharedSecret(with: proposal.exchangeKey) else {
      throw SessionFault(.handshakeKey, "the proposal's key is no good key of X25519")
    }
    return Opened(
      grant: grant, body: answer, signature: identity.sign(answer),
      keys: SessionKeys(shared: shared, grantBody: answer),
      chain: SessionChain(grantBody: answer, grant))
  }

  /// The device's side: checks the grant that answers its proposal.
  ///
  /// `servicePublicKey` is the one that the device was given when it was enrolled.
  package static func accept(
    grant body: [UInt8], signature: [UInt8], servicePublicKey: [UInt8], proposal: [UInt8],
    exchange: ExchangeKeyPair
  ) throws(SessionFault) -> (grant: SessionGrant, keys: SessionKeys, chain: SessionChain) {
    let grant = try SessionGrant(body: body)
    guard Ed25519.verify(publicKey: servicePublicKey, signature: signature, message: body) else {
      throw SessionFault(
        .handshakeSignatureWrong, "the grant is not signed by the service that enrolled this device"
      )
    }
    guard constantTimeEquals(grant.proposalDigest, SHA256Digest.hash(proposal)) else {
      throw SessionFault(.handshakeMalformed, "the grant answers another proposal")
    }
    guard let shared = exchange.sharedSecret(with: grant.exchangeKey) else {
      throw SessionFault(.handshakeKey, "the grant's key is no good key of X25519")
    }
    return (
      grant, SessionKeys(shared: shared, grantBody: body), SessionChain(grantBody: body, grant)
    )
  }
}
