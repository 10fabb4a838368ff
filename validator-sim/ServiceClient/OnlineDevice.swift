package import Basics
package import Tapping

/// A validator that is always online: it posts tap by tap in a session.
package struct OnlineDevice: Sendable {
  package let device: SignedDevice
  private var session: DeviceSession
  /// The headers of the last request, for its repeat.
  private var lastHeaders: [(String, String)] = []
  /// Requests since the last checkpoint.
  package private(set) var uncoveredCount = 0
  /// When the session ends.
  package let until: Instant

  /// What a validator brings to open a session; `nonce` is 16 and `exchangeSeed` 32 unpredictable
  /// bytes, used once.
  package struct Opening: Sendable {
    package let proposal: [UInt8]
    private let exchange: ExchangeKeyPair

    /// Makes a proposal.
    package init(
      device: String, now: Instant, nonce: [UInt8], exchangeSeed: [UInt8],
      validSeconds: Int64 = SessionLimits.validSecondsMax
    ) {
      guard let exchange = ExchangeKeyPair(seed: exchangeSeed) else {
        preconditionFailure("an exchange needs 32 unpredictable bytes")
      }
      self.exchange = exchange
      proposal =
        SessionProposal(
          device: device, exchangeKey: exchange.publicKey, nonce: nonce,
          at: Instant(seconds: now.seconds), validSeconds: validSeconds
        ).body
    }

    fileprivate func accept(
      _ answer: ServiceAnswer, servicePublicKey: [UInt8]
    ) throws -> (until: Instant, session: DeviceSession) {
      guard
        let signature = answer.header("kvytok-signature").flatMap({ Base64.decode($0, .standard) })
      else {
        throw ServiceFault.unreadable(
          request: "POST /v1/sessions", message: "it has no Kvytok-Signature")
      }
      do {
        let accepted = try SessionHandshake.accept(
          grant: answer.body, signature: signature, servicePublicKey: servicePublicKey,
          proposal: proposal, exchange: exchange)
        return (
          accepted.grant.until, DeviceSession(keys: accepted.keys, chain: accepted.chain)
        )
      } catch {
        throw ServiceFault.unreadable(request: "POST /v1/sessions", message: error.message)
      }
    }
  }

  /// Opens a session; `servicePublicKey` is what the validator was given when it was enrolled.
  package init(
    _ device: SignedDevice, _ opening: Opening, servicePublicKey: [UInt8],
    with client: ServiceClient
  ) async throws {
    let headers = [
      ("content-type", "text/plain"), ("kvytok-device", device.id),
      ("kvytok-signature", Base64.encode(device.sign(opening.proposal), .standard)),
    ]
    let answer = try await client.send(
      "POST", "/v1/sessions", headers: headers, body: opening.proposal)
    guard answer.status == 200 || answer.status == 201 else {
      throw ServiceFault.refused(
        request: "POST /v1/sessions of \(device.id)", status: answer.status, body: answer.text)
    }
    self.device = device
    (until, session) = try opening.accept(answer, servicePublicKey: servicePublicKey)
  }

  /// The headers of the next request; a repeat sends the same ones again.
  package mutating func headers(
    for body: [UInt8], _ format: BatchFormat, isCheckpoint: Bool = false
  ) -> [(String, String)] {
    let headers = session.headers(
      for: body, format, signing: isCheckpoint ? device.signingKeys : nil)
    uncoveredCount = isCheckpoint ? 0 : uncoveredCount + 1
    lastHeaders = format.headerFields + headers.fields.map { ($0.name, $0.value) }
    return lastHeaders
  }

  /// The headers of the last request once more, with a checkpoint: when the service says that one is due.
  package mutating func checkpointHeaders() -> [(String, String)] {
    let signature = session.chain.checkpoint.signed(by: device.signingKeys)
    lastHeaders.removeAll { $0.0 == SessionHeaders.Name.checkpoint }
    lastHeaders.append((SessionHeaders.Name.checkpoint, Base64.encode(signature, .standard)))
    uncoveredCount = 0
    return lastHeaders
  }

  /// Whether an answer to the last request is the service's own.
  package func isGood(_ answer: ServiceAnswer) -> Bool {
    isGood(
      answer: answer.body, status: answer.status, code: answer.header(SessionHeaders.Name.mac))
  }

  /// The same, of the parts of an answer; `code` is the header that proves it.
  package func isGood(answer: [UInt8], status: Int, code: String?) -> Bool {
    guard let mac = code.flatMap({ Base64.decode($0, .standard) }) else { return false }
    return session.isGood(answer: answer, status: status, mac: mac)
  }

  /// Posts a batch as the next request of the session, and again until it is answered.
  package mutating func postTaps(
    body: [UInt8], _ format: BatchFormat, isCheckpoint: Bool = false, with client: ServiceClient
  ) async throws -> (answer: TapBatchAnswer, attempts: Int) {
    _ = headers(for: body, format, isCheckpoint: isCheckpoint)
    return try await repeatTaps(body: body, format, with: client)
  }

  /// Posts the last request of the session once more, as after a lost answer.
  package func repeatTaps(
    body: [UInt8], _ format: BatchFormat, with client: ServiceClient
  ) async throws -> (answer: TapBatchAnswer, attempts: Int) {
    let answer = try await client.send(
      "POST", "/v1/tap-batches", headers: lastHeaders, body: body)
    guard answer.status == 200 else {
      throw ServiceFault.refused(
        request: "POST /v1/tap-batches of \(device.id) in a session", status: answer.status,
        body: answer.text)
    }
    guard isGood(answer) else {
      throw ServiceFault.unreadable(
        request: "POST /v1/tap-batches of \(device.id) in a session",
        message: "its Kvytok-Mac is missing or not the service's")
    }
    return (try SignedDevice.read(answer, format, of: device.id), answer.attempts)
  }
}
