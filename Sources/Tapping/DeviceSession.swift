/// The device's side of a session: makes the headers of its requests and checks the answers.
package struct DeviceSession: Sendable {
  private let keys: SessionKeys
  /// How far the session has come.
  package private(set) var chain: SessionChain
  /// How far it had come before its last request.
  private var before: SessionChain?

  /// Begins after a handshake.
  package init(keys: SessionKeys, chain: SessionChain) {
    self.keys = keys
    self.chain = chain
  }

  /// The headers of the next request, with a checkpoint when a signing key is given.
  ///
  /// A repeat sends the same headers again.
  package mutating func headers(
    for body: [UInt8], _ format: BatchFormat, signing pair: Ed25519KeyPair? = nil
  ) -> SessionHeaders {
    before = chain
    chain = chain.appending(bodyDigest: SHA256Digest.hash(body))
    return SessionHeaders(
      session: chain.session, count: chain.count, chain: chain.hash,
      mac: keys.requestCode(
        session: chain.session, count: chain.count, format: format, chain: chain.hash, body: body),
      checkpoint: pair.map { chain.checkpoint.signed(by: $0) })
  }

  /// Forgets the last request, which the service refused without taking it: the next has its count.
  package mutating func takeBack() {
    if let before { chain = before }
    before = nil
  }

  /// Whether an answer to the last request is the service's own.
  package func isGood(answer body: [UInt8], status: Int, mac: [UInt8]) -> Bool {
    let code = keys.answerCode(
      session: chain.session, count: chain.count, status: status, body: body)
    return constantTimeEquals(code, mac)
  }
}
