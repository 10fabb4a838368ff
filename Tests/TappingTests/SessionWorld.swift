import Basics
import Tapping
import Testing

/// A device, a service and a session between them.
struct SessionWorld {
  let device: Ed25519KeyPair
  let service: Ed25519KeyPair
  let exchange: ExchangeKeyPair
  let proposal: [UInt8]
  let grant: [UInt8]
  let start = Instant(seconds: 1_795_332_540)
  /// The service's side.
  var keys: SessionKeys
  var chain: SessionChain
  /// The device's side.
  var sender: DeviceSession

  static let session = SessionID(high: 0x9091_9293_9495_9697, low: 0x9899_9A9B_9C9D_9E9F)

  init(validSeconds: Int64 = 86_400) throws {
    device = try #require(Ed25519KeyPair(seed: Array(0..<32)))
    service = try #require(Ed25519KeyPair(seed: Array(32..<64)))
    exchange = try #require(ExchangeKeyPair(seed: Array(64..<96)))
    proposal =
      SessionProposal(
        device: "V-0042", exchangeKey: exchange.publicKey, nonce: Array(128..<144), at: start,
        validSeconds: validSeconds
      ).body
    let opened = try SessionHandshake.open(
      proposal: proposal, signature: device.sign(proposal), devicePublicKey: device.publicKey,
      identity: service, exchangeSeed: Array(96..<128), session: Self.session,
      now: start.adding(seconds: 1))
    let accepted = try SessionHandshake.accept(
      grant: opened.body, signature: opened.signature, servicePublicKey: service.publicKey,
      proposal: proposal, exchange: exchange)
    grant = opened.body
    keys = opened.keys
    chain = opened.chain
    sender = DeviceSession(keys: accepted.keys, chain: accepted.chain)
  }

  /// The next request of the device, as it is posted.
  mutating func post(_ text: String, isCheckpoint: Bool = false) -> SessionPost {
    let body = Array(text.utf8)
    return SessionPost(
      headers: sender.headers(for: body, .protobuf, signing: isCheckpoint ? device : nil),
      format: .protobuf, body: body)
  }

  /// What the service does with a request; it keeps the chain when it takes it.
  mutating func receive(_ post: SessionPost, afterSeconds: Int64 = 10) -> Outcome {
    let step = chain.receive(
      post, keys: keys, devicePublicKey: device.publicKey, now: start.adding(seconds: afterSeconds))
    switch step {
    case .next(let next):
      chain = next
      return .next
    case .repeated(let same):
      chain = same
      return .repeated
    case .refused(let fault): return .refused(fault.code)
    }
  }

  enum Outcome: Equatable {
    case next, repeated
    case refused(SessionFault.Code)
  }
}
