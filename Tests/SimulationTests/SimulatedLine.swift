import Basics
import Tapping

/// The session of one life of a simulated device: how far it is, and what is not answered; no I/O.
struct SimulatedLine: Sendable {
  /// The key that opened it, which signs its checkpoints also after the device has another.
  let keys: Ed25519KeyPair
  let until: Instant
  private var session: DeviceSession
  private(set) var pending: SimulatedDevice.Post?
  /// Requests that acknowledged checkpoints cover.
  private(set) var coveredCount: Int64 = 0

  init(keys: Ed25519KeyPair, until: Instant, session: DeviceSession) {
    self.keys = keys
    self.until = until
    self.session = session
  }

  var id: SessionID { session.chain.session }

  /// Whether everything that was posted is answered and covered.
  var isCovered: Bool { pending == nil && session.chain.count == coveredCount }

  /// The next request; it stands until it is answered.
  mutating func post(_ batch: TapBatch, isCheckpoint: Bool) -> SimulatedDevice.Post {
    let format = SimulatedDevice.format(of: batch)
    let body = TapBatchWire.encode(batch, format)
    let headers = session.headers(for: body, format, signing: isCheckpoint ? keys : nil)
    let post = SimulatedDevice.Post(
      device: batch.device, epoch: batch.epoch, taps: batch.taps, body: body, format: format,
      keys: keys, session: headers)
    pending = post
    return post
  }

  /// The request that was not answered, once more; with a checkpoint when one is due.
  mutating func repeated(isCheckpoint: Bool) -> SimulatedDevice.Post? {
    if isCheckpoint, pending?.session?.checkpoint == nil {
      pending?.session?.checkpoint = session.chain.checkpoint.signed(by: keys)
    }
    return pending
  }

  /// Notes that a request was answered.
  mutating func hear(_ headers: SessionHeaders) {
    pending = nil
    if headers.checkpoint != nil { coveredCount = headers.count }
  }
}

/// A proposal on its way.
struct SimulatedProposal: Sendable {
  let epoch: Int64
  let keys: Ed25519KeyPair
  let exchange: ExchangeKeyPair
  let body: [UInt8]

  /// Proposes a session; the bytes follow from the chance of a seed.
  init(
    device: String, epoch: Int64, keys: Ed25519KeyPair, at now: Instant,
    _ chance: inout SeededGenerator
  ) {
    self.epoch = epoch
    self.keys = keys
    let bytes = SHA256Digest.hash(Array("\(device) \(chance.next())".utf8))
    guard let exchange = ExchangeKeyPair(seed: bytes) else {
      preconditionFailure("a digest of 32 bytes is a seed")
    }
    self.exchange = exchange
    body =
      SessionProposal(
        device: device, exchangeKey: exchange.publicKey, nonce: Array(bytes.prefix(16)),
        at: Instant(seconds: now.seconds),
        validSeconds: Int64(chance.integer(in: 300...86_400))
      ).body
  }

  /// The session of a grant; nil when the grant is not one to this proposal.
  func line(grant: [UInt8], signature: [UInt8], servicePublicKey: [UInt8]) -> SimulatedLine? {
    guard
      let accepted = try? SessionHandshake.accept(
        grant: grant, signature: signature, servicePublicKey: servicePublicKey, proposal: body,
        exchange: exchange)
    else { return nil }
    return SimulatedLine(
      keys: keys, until: accepted.grant.until,
      session: DeviceSession(keys: accepted.keys, chain: accepted.chain))
  }
}
