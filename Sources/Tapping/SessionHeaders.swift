import Basics

/// What the headers of a request in a session say.
package struct SessionHeaders: Hashable, Sendable {
  /// Names of the headers, in small letters.
  package enum Name {
    /// The session's name.
    package static let session = "kvytok-session"
    /// The number of the request in its session, from 1.
    package static let count = "kvytok-count"
    /// The running hash after this request.
    package static let chain = "kvytok-chain"
    /// The code over head and body.
    package static let mac = "kvytok-mac"
    /// The signature of a checkpoint at this request.
    package static let checkpoint = "kvytok-checkpoint"
  }

  package var session: SessionID
  /// The number of the request, from 1; a repeat carries the same one.
  package var count: Int64
  /// The running hash after this request, 32 bytes.
  package var chain: [UInt8]
  /// HMAC-SHA-256, 32 bytes.
  package var mac: [UInt8]
  /// Ed25519 over the checkpoint at this request, 64 bytes; nil when it carries none.
  package var checkpoint: [UInt8]?

  /// Makes headers.
  package init(
    session: SessionID, count: Int64, chain: [UInt8], mac: [UInt8], checkpoint: [UInt8]? = nil
  ) {
    self.session = session
    self.count = count
    self.chain = chain
    self.mac = mac
    self.checkpoint = checkpoint
  }

  /// Reads the values of the headers; nil stands for one that is missing.
  package init(
    session: String?, count: String?, chain: String?, mac: String?, checkpoint: String?
  ) throws(SessionFault) {
    guard let session, let count, let chain, let mac else {
      throw SessionFault(
        .headerMissing,
        "a request in a session needs Kvytok-Session, Kvytok-Count, Kvytok-Chain and Kvytok-Mac")
    }
    guard let id = SessionID(session), session.utf8.count == 36 else {
      throw SessionFault(.headerMalformed, "Kvytok-Session must be the UUID of the grant")
    }
    guard let number = Self.count(count) else {
      throw SessionFault(.headerMalformed, "Kvytok-Count must be a whole number from 1")
    }
    self.session = id
    self.count = number
    self.chain = try Self.bytes(chain, "Kvytok-Chain", SHA256Digest.byteCount)
    self.mac = try Self.bytes(mac, "Kvytok-Mac", SHA256Digest.byteCount)
    self.checkpoint =
      if let checkpoint {
        try Self.bytes(checkpoint, "Kvytok-Checkpoint", Ed25519.signatureByteCount)
      } else {
        nil
      }
  }

  /// Names and values, as they are sent.
  package var fields: [(name: String, value: String)] {
    var fields = [
      (Name.session, session.description), (Name.count, String(count)),
      (Name.chain, Base64.encode(chain, .standard)), (Name.mac, Base64.encode(mac, .standard)),
    ]
    if let checkpoint { fields.append((Name.checkpoint, Base64.encode(checkpoint, .standard))) }
    return fields
  }

  /// A number from 1 without sign and leading zeros.
  private static func count(_ text: String) -> Int64? {
    guard let first = text.utf8.first, (0x31...0x39).contains(first) else { return nil }
    return Int64(text)
  }

  private static func bytes(
    _ text: String, _ name: StaticString, _ count: Int
  ) throws(SessionFault) -> [UInt8] {
    guard let bytes = Base64.decode(text, .standard), bytes.count == count else {
      throw SessionFault(.headerMalformed, "\(name) must be the base64 of \(count) bytes")
    }
    return bytes
  }
}
