import Basics
package import Logging
package import Store
import Synchronization
package import Tapping

/// A session that this process knows.
final class LiveSession: Sendable {
  let device: String
  let publicKey: [UInt8]
  let keys: SessionKeys
  private let held: Mutex<(chain: SessionChain, epoch: Int64?)>

  init(
    device: String, publicKey: [UInt8], keys: SessionKeys, chain: SessionChain, epoch: Int64? = nil
  ) {
    self.device = device
    self.publicKey = publicKey
    self.keys = keys
    held = Mutex((chain: chain, epoch: epoch))
  }

  /// How far it has come, as far as this process knows.
  var chain: SessionChain { held.withLock { $0.chain } }

  /// Keeps a chain whose taps are durable, and the epoch that they are of; an older chain is left out.
  func keep(_ chain: SessionChain, epoch: Int64) {
    held.withLock { held in
      held.epoch = epoch
      let known = held.chain
      guard (chain.count, chain.coveredCount) > (known.count, known.coveredCount) else { return }
      held.chain = chain
    }
  }

  /// Whether its requests are of this epoch; the first that is asked about decides.
  ///
  /// Asked when a request is read, before it is durable: two that come at once are not of two epochs.
  func isOf(epoch: Int64) -> Bool {
    held.withLock { held in
      if held.epoch == nil { held.epoch = epoch }
      return held.epoch == epoch
    }
  }

  /// Forgets the epoch of a refused request, where none was taken: the next one may be of another.
  func giveBack(epoch: Int64) {
    held.withLock { held in
      if held.chain.count == 0, held.epoch == epoch { held.epoch = nil }
    }
  }
}

/// What a device is answered that proposes a session.
package struct SessionAnswer: Sendable {
  /// The grant.
  package let body: [UInt8]
  /// The service's signature over it.
  package let signature: [UInt8]
}

/// Opens sessions, and finds those that are open: here, or opened by another process, or before a
/// restart.
package final class SessionDesk: Sendable {
  /// Most sessions remembered.
  static let sessionsMax = 40_000
  /// Most sessions that a device may open in an hour: each is kept for as long as its taps.
  package static let openedPerHourMax: Int64 = 60

  private let store: Store
  private let secret: SessionSecret
  private let log: Logger
  private let generations = Mutex(
    (young: [SessionID: LiveSession](), old: [SessionID: LiveSession]()))

  /// Makes a desk over the sessions of a store.
  package init(store: Store, secret: SessionSecret, log: Logger) {
    self.store = store
    self.secret = secret
    self.log = log
  }

  /// The key by which devices know the grants of this service.
  package var servicePublicKey: [UInt8] { secret.identity.publicKey }

  /// Opens a session for an active device.
  func open(
    _ proposal: [UInt8], signature: [UInt8], device: DeviceRecord, at now: Instant
  ) async throws(IntakeRefusal) -> SessionAnswer {
    guard let publicKey = device.publicKey, device.state == .active else {
      throw DeviceGate.mayNotPost(device.state)
    }
    let id = secret.sessionID(proposal: proposal)
    let opened: SessionHandshake.Opened
    do {
      opened = try SessionHandshake.open(
        proposal: proposal, signature: signature, devicePublicKey: publicKey,
        identity: secret.identity, exchangeSeed: secret.exchangeSeed(id, proposal: proposal),
        session: id, now: now)
    } catch {
      throw IntakeRefusal(error)
    }
    guard opened.grant.device == device.id else { throw .otherDevice(pointer: "") }
    let record = SessionRecord(
      id: id, device: device.id, publicKey: publicKey, proposal: proposal,
      proposalSignature: signature, grantBody: opened.body, grantSignature: opened.signature,
      openedAt: opened.grant.at, expiresAt: opened.grant.until,
      servicePublicKey: secret.identity.publicKey)
    let kept: SessionRecord?
    do {
      kept = try await store.write { db in
        // The same proposal again: its answer was lost.
        if let known = try await db.sessions.find(id) { return known }
        let count = try await db.sessions.countOpened(
          device: device.id, since: now.adding(seconds: -3600))
        guard count < Self.openedPerHourMax else { return nil }
        try await db.sessions.add(record)
        return record
      }
    } catch {
      log.warning("a session could not be opened", metadata: ["error": "\(error)"])
      throw .databaseAway
    }
    guard let kept else { throw .tooManySessions }
    guard kept == record else {
      return SessionAnswer(body: kept.grantBody, signature: kept.grantSignature)
    }
    remember(
      id,
      LiveSession(
        device: device.id, publicKey: publicKey, keys: opened.keys, chain: opened.chain))
    return SessionAnswer(body: opened.body, signature: opened.signature)
  }

  /// Forgets all sessions: where news were missed, the database may be another one, without the newest of them.
  package func forgetAll() { generations.withLock { $0 = (young: [:], old: [:]) } }

  /// A session that is remembered here.
  func known(_ id: SessionID) -> LiveSession? {
    generations.withLock { $0.young[id] ?? $0.old[id] }
  }

  /// A session as the database has it, with what this process knows of it; nil when there is none.
  func load(_ id: SessionID) async throws(IntakeRefusal) -> LiveSession? {
    let found: (SessionRecord, (standing: SessionStanding, epoch: Int64)?)?
    do {
      found = try await store.read { db in
        guard let record = try await db.sessions.find(id) else { return nil }
        return (record, try await db.sessions.standing(of: record))
      }
    } catch {
      log.warning("a session cannot be looked up", metadata: ["error": "\(error)"])
      throw .databaseAway
    }
    guard let (record, known) = found else { return nil }
    let opened: SessionHandshake.Opened
    do {
      opened = try SessionHandshake.open(
        proposal: record.proposal, signature: record.proposalSignature,
        devicePublicKey: record.publicKey, identity: secret.identity,
        exchangeSeed: secret.exchangeSeed(id, proposal: record.proposal), session: id,
        now: record.openedAt)
    } catch {
      // Another process with another secret opened it: the device can open one here.
      return nil
    }
    guard opened.body == record.grantBody else { return nil }
    let chain = known.map { known in
      let standing = known.standing
      return SessionChain(
        session: id, until: record.expiresAt, count: standing.count, hash: standing.hash,
        lastDigest: standing.lastDigest, coveredCount: standing.coveredCount,
        uncoveredSince: standing.uncoveredSince)
    }
    if let live = self.known(id) {
      if let chain, let known { live.keep(chain, epoch: known.epoch) }
      return live
    }
    let live = LiveSession(
      device: record.device, publicKey: record.publicKey, keys: opened.keys,
      chain: chain ?? opened.chain, epoch: known?.epoch)
    remember(id, live)
    return live
  }

  private func remember(_ id: SessionID, _ live: LiveSession) {
    generations.withLock { generations in
      if generations.young.count >= Self.sessionsMax / 2 {
        generations.old = generations.young
        generations.young = [:]
      }
      generations.young[id] = live
    }
  }
}

extension IntakeRefusal {
  /// The refusal that a fault of a session deserves.
  package init(_ fault: SessionFault) {
    let kind: Kind =
      switch fault.kind {
      case .malformed: .malformed
      case .unknown: .unknown
      case .outOfOrder: .outOfOrder
      }
    self.init(kind, code: fault.code.rawValue, message: fault.message)
  }

  static let sessionUnknown = IntakeRefusal(
    SessionFault(.sessionUnknown, "no session has this name; propose a new one"))

  static let tooManySessions = IntakeRefusal(
    .tooMany, code: "too_many_sessions",
    message: "a device opens at most \(SessionDesk.openedPerHourMax) sessions in an hour",
    retryAfterSeconds: 600)

  static let tooManyOfDevice = IntakeRefusal(
    .tooMany, code: "too_many_requests",
    message: "other posts of this device are not stored yet; send one after the other",
    retryAfterSeconds: 1)
}
