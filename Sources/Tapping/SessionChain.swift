package import Basics

/// A request of a session as it was posted.
package struct SessionPost: Sendable {
  package var headers: SessionHeaders
  package var format: BatchFormat
  /// The posted bytes.
  package var body: [UInt8]

  /// Makes a request.
  package init(headers: SessionHeaders, format: BatchFormat, body: [UInt8]) {
    self.headers = headers
    self.format = format
    self.body = body
  }
}

/// What a request does to its session.
package enum SessionStep: Sendable {
  /// The next request: store its taps, and keep this chain once they are durable.
  case next(SessionChain)
  /// The last request once more, because its answer was lost: answer it again. The chain differs
  /// from before only when this repeat brought a checkpoint.
  case repeated(SessionChain)
  /// Not taken.
  case refused(SessionFault)
}

/// How far a session has come: a state machine that takes one request after the other.
///
/// H₀ is the SHA-256 of the grant; Hₙ the SHA-256 of Hₙ₋₁ and the SHA-256 of the n-th posted body.
/// A device's signature over Hₙ therefore stands for all bodies up to it, in their order.
package struct SessionChain: Hashable, Sendable {
  package let session: SessionID
  /// The session ends here.
  package let until: Instant
  /// Requests taken.
  package private(set) var count: Int64
  /// The running hash, 32 bytes.
  package private(set) var hash: [UInt8]
  /// SHA-256 of the last posted body; nil before the first.
  package private(set) var lastDigest: [UInt8]?
  /// Requests that signed checkpoints cover.
  package private(set) var coveredCount: Int64
  /// When the first request came that no checkpoint covers; nil when all are covered.
  package private(set) var uncoveredSince: Instant?

  /// Begins at the grant.
  init(grantBody: [UInt8], _ grant: SessionGrant) {
    session = grant.session
    until = grant.until
    count = 0
    hash = SHA256Digest.hash(grantBody)
    coveredCount = 0
  }

  /// Goes on where the journal stands.
  package init(
    session: SessionID, until: Instant, count: Int64, hash: [UInt8], lastDigest: [UInt8]?,
    coveredCount: Int64, uncoveredSince: Instant?
  ) {
    precondition(hash.count == SHA256Digest.byteCount, "a running hash has 32 bytes")
    self.session = session
    self.until = until
    self.count = count
    self.hash = hash
    self.lastDigest = lastDigest
    self.coveredCount = coveredCount
    self.uncoveredSince = uncoveredSince
  }

  /// The running hash one body further.
  package static func link(_ hash: [UInt8], _ bodyDigest: [UInt8]) -> [UInt8] {
    SHA256Digest.hash(hash + bodyDigest)
  }

  /// The checkpoint that a device may sign now.
  package var checkpoint: SessionCheckpoint {
    SessionCheckpoint(session: session, count: count, hash: hash)
  }

  /// The chain one body further, as the device keeps it.
  package func appending(bodyDigest: [UInt8]) -> SessionChain {
    var next = self
    next.count += 1
    next.hash = Self.link(hash, bodyDigest)
    next.lastDigest = bodyDigest
    return next
  }

  /// Takes a request; the caller keeps the chain of the step once the taps are durable.
  package func receive(
    _ post: SessionPost, keys: SessionKeys, devicePublicKey: [UInt8], now: Instant
  ) -> SessionStep {
    do throws(SessionFault) {
      return try take(post, keys, devicePublicKey, now)
    } catch {
      return .refused(error)
    }
  }

  private func take(
    _ post: SessionPost, _ keys: SessionKeys, _ publicKey: [UInt8], _ now: Instant
  ) throws(SessionFault) -> SessionStep {
    let headers = post.headers
    guard headers.session == session else {
      throw SessionFault(.sessionUnknown, "no session has this name; propose a new one")
    }
    let code = keys.requestCode(
      session: session, count: headers.count, format: post.format, chain: headers.chain,
      body: post.body)
    guard constantTimeEquals(code, headers.mac) else {
      throw SessionFault(
        .macWrong, "Kvytok-Mac is not the code of these bytes by the session's key")
    }
    guard isOpen(to: headers, now) else {
      throw SessionFault(.sessionExpired, "the session ended at \(until); propose a new one")
    }
    let digest = SHA256Digest.hash(post.body)
    let isRepeat = headers.count == count
    var chain = self
    if isRepeat {
      guard let lastDigest, constantTimeEquals(digest, lastDigest) else {
        throw SessionFault(
          .countReused, "request \(count) had another body; propose a new session, and send both")
      }
    } else {
      try expectNext(headers.count)
      chain = appending(bodyDigest: digest)
    }
    guard constantTimeEquals(headers.chain, chain.hash) else {
      throw SessionFault(
        .chainWrong, "Kvytok-Chain is not the hash of all bodies of this session; propose a new one"
      )
    }
    try chain.cover(headers.checkpoint, publicKey, now)
    return isRepeat ? .repeated(chain) : .next(chain)
  }

  /// Whether the session still takes such a request; after its end only what closes it.
  private func isOpen(to headers: SessionHeaders, _ now: Instant) -> Bool {
    if now < until { return true }
    return headers.checkpoint != nil
      && now < until.adding(seconds: SessionLimits.closingSecondsMax)
  }

  private func expectNext(_ number: Int64) throws(SessionFault) {
    guard number >= count else {
      throw SessionFault(
        .countBehind, "request \(count) was taken already; only the last one may be repeated")
    }
    guard number == count + 1 else {
      throw SessionFault(
        .countAhead,
        "request \(count + 1) comes next; propose a new session, and send in it what"
          + " was not acknowledged")
    }
  }

  /// Notes a checkpoint, or how long there was none.
  private mutating func cover(
    _ signature: [UInt8]?, _ publicKey: [UInt8], _ now: Instant
  ) throws(SessionFault) {
    guard let signature else {
      guard count > coveredCount else { return }
      // Where the clock was set back since, the time begins anew: it would else not end for as long.
      let since = min(uncoveredSince ?? now, now)
      uncoveredSince = since
      guard count - coveredCount <= SessionLimits.uncoveredCountMax,
        now < since.adding(seconds: SessionLimits.uncoveredSecondsMax)
      else {
        throw SessionFault(
          .checkpointDue,
          "send this request again with a Kvytok-Checkpoint: no signature covers"
            + " the requests since \(coveredCount)")
      }
      return
    }
    guard checkpoint.isSigned(signature, publicKey: publicKey) else {
      throw SessionFault(
        .checkpointWrong,
        "Kvytok-Checkpoint is not this device's signature over this session,"
          + " count and hash")
    }
    coveredCount = count
    uncoveredSince = nil
  }
}
