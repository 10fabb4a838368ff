package import Basics
import Store
import Tapping

/// A request of a session that its code proves.
struct ProvenSession: Sendable {
  let live: LiveSession
  let headers: SessionHeaders
  /// The session after this request, to be kept once its taps are durable.
  let chain: SessionChain
}

/// Who sent a post, and what proves it.
///
/// An object, because it is handed on from closure to closure with all that it holds.
final class ProvenSender: Sendable {
  let device: String
  /// The key that the post, or its session, was signed with.
  let key: DeviceKeyRecord
  let proof: BatchProof
  let session: ProvenSession?

  init(device: String, key: DeviceKeyRecord, proof: BatchProof, session: ProvenSession?) {
    self.device = device
    self.key = key
    self.proof = proof
    self.session = session
  }

  var publicKey: [UInt8] { key.publicKey }
}

extension IntakeService {
  /// What is remembered of the device that a post is said to be from.
  func memory(of post: TapPost) -> DeviceDirectory.Memory {
    guard let headers = post.session else {
      return gate.known(post.device ?? "", at: post.receivedAt)
    }
    guard let live = sessions?.known(headers.session) else { return .nothing }
    return gate.known(live.device, at: post.receivedAt)
  }

  /// The sender of a post, by what is remembered here; nil when the database has to be asked.
  func known(_ post: TapPost) throws(IntakeRefusal) -> ProvenSender? {
    guard post.body.count <= TapLimits.bodyBytesMax else {
      throw .bodyTooLarge(bytesMax: TapLimits.bodyBytesMax)
    }
    if let headers = post.session {
      guard let live = sessions?.known(headers.session),
        case .device(let device) = gate.known(live.device, at: post.receivedAt)
      else { return nil }
      return try proveSession(post, headers, live, device, isFinal: false)
    }
    let claim = try gate.claim(device: post.device, signature: post.signature)
    switch gate.known(claim.device, at: post.receivedAt) {
    case .nothing: return nil
    case .nobody: return try sender(post, claim, nil)
    case .device(let device): return try sender(post, claim, device)
    }
  }

  /// The sender of a post, by what the database knows.
  func found(_ post: TapPost) async throws(IntakeRefusal) -> ProvenSender {
    guard let headers = post.session else {
      let claim = try gate.claim(device: post.device, signature: post.signature)
      return try sender(post, claim, try await gate.find(claim.device, at: post.receivedAt))
    }
    guard let sessions else { throw .sessionUnknown }
    // Where only the device was forgotten, which happens each minute, its session's keys need not be worked out anew.
    if let live = sessions.known(headers.session),
      let device = try await gate.find(live.device, at: post.receivedAt),
      let sender = try proveSession(post, headers, live, device, isFinal: false)
    {
      return sender
    }
    guard let live = try await sessions.load(headers.session),
      let device = try await gate.find(live.device, at: post.receivedAt),
      let sender = try proveSession(post, headers, live, device, isFinal: true)
    else { throw .sessionUnknown }
    return sender
  }

  /// A device that has its share of what waits to be stored is told so before its proof is looked at.
  private func expectRoom(for device: String) throws(IntakeRefusal) {
    guard !shares.isFull(device) else { throw .tooManyOfDevice }
  }

  private func sender(
    _ post: TapPost, _ claim: DeviceGate.Claim, _ device: DeviceRecord?
  ) throws(IntakeRefusal) -> ProvenSender {
    try expectRoom(for: claim.device)
    let admitted = try gate.admit(
      post.body, claim, device: device, at: post.receivedAt)
    return ProvenSender(
      device: admitted.device.id, key: admitted.key,
      proof: .signature(admitted.signature), session: nil)
  }

  /// The sender of a request of a session; nil when another process may have gone on with it, so
  /// that the database has to be asked.
  ///
  /// What is asked and still does not fit is refused.
  private func proveSession(
    _ post: TapPost, _ headers: SessionHeaders, _ live: LiveSession, _ device: DeviceRecord,
    isFinal: Bool
  ) throws(IntakeRefusal) -> ProvenSender? {
    if let named = post.device, named != live.device { throw .otherDevice() }
    guard let key = device.keys.first(where: { $0.publicKey == live.publicKey }) else {
      throw IntakeRefusal(
        SessionFault(.sessionUnknown, "the device has another key by now; propose a new session"))
    }
    guard device.state == .active else { throw DeviceGate.mayNotPost(device.state) }
    guard key.isAccepted(at: post.receivedAt) else { throw DeviceGate.keyEnded(key) }
    try expectRoom(for: live.device)
    let step = live.chain.receive(
      SessionPost(headers: headers, format: post.format, body: post.body), keys: live.keys,
      devicePublicKey: live.publicKey, now: post.receivedAt)
    switch step {
    case .refused(let fault):
      guard !isFinal, fault.kind == .outOfOrder else { throw IntakeRefusal(fault) }
      return nil
    case .next(let chain), .repeated(let chain):
      let standing = SessionStanding(
        session: chain.session, count: chain.count, hash: chain.hash,
        lastDigest: chain.lastDigest ?? [], coveredCount: chain.coveredCount,
        uncoveredSince: chain.uncoveredSince)
      let request = SessionRequest(
        session: chain.session, count: chain.count, mac: headers.mac, standing: standing,
        checkpoint: headers.checkpoint)
      return ProvenSender(
        device: live.device, key: key, proof: .session(request),
        session: ProvenSession(live: live, headers: headers, chain: chain))
    }
  }

  /// The key by which devices know the grants of this service; nil when it opens no sessions.
  package var servicePublicKey: [UInt8]? { sessions?.servicePublicKey }

  /// Opens a session for the device that signed a proposal.
  package func openSession(
    _ proposal: [UInt8], deviceHeader: String?, signatureHeader: String?, at moment: Instant
  ) async throws(IntakeRefusal) -> SessionAnswer {
    guard let sessions else {
      throw IntakeRefusal(
        .forbidden, code: "sessions_off", message: "this service opens no sessions")
    }
    guard proposal.count <= SessionLimits.handshakeBytesMax else {
      throw .bodyTooLarge(bytesMax: SessionLimits.handshakeBytesMax)
    }
    let admitted = try await gate.admit(
      proposal, deviceHeader: deviceHeader, signatureHeader: signatureHeader, at: moment)
    return try await sessions.open(
      proposal, signature: admitted.signature, device: admitted.device, at: moment)
  }
}
