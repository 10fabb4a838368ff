import Basics

/// The keys of a session: one proves the device's requests, the other the service's answers.
package struct SessionKeys: Sendable {
  private let root: SecretBytes
  private let requests: KeyedHMAC
  private let answers: KeyedHMAC

  /// Derives the keys from the shared secret of an exchange and the grant that both sides saw.
  init(shared: SecretBytes, grantBody: [UInt8]) {
    self.init(
      checked: HKDFSHA256.extract(salt: SHA256Digest.hash(grantBody), secret: shared.bytes))
  }

  /// Restores the keys from `secret`; nil when it has not 32 bytes.
  package init?(secret: [UInt8]) {
    guard secret.count == SHA256Digest.byteCount else { return nil }
    self.init(checked: secret)
  }

  private init(checked secret: [UInt8]) {
    root = SecretBytes(secret)
    let key = { (purpose: String) in
      KeyedHMAC(
        key: HKDFSHA256.expand(
          key: secret, purpose: Array(purpose.utf8), byteCount: SHA256Digest.byteCount))
    }
    requests = key("kvytok-session 1 requests")
    answers = key("kvytok-session 1 answers")
  }

  /// 32 bytes from which the keys can be made again; to be kept sealed, and never logged.
  package var secret: [UInt8] { root.bytes }

  /// The code of a request: over its head and its posted bytes.
  package func requestCode(
    session: SessionID, count: Int64, format: BatchFormat, chain: [UInt8], body: [UInt8]
  ) -> [UInt8] {
    requests.code(
      SessionText.lines("kvytok-request 1", session, count, format.rawValue, chain), body)
  }

  /// The code of an answer, which proves to the device that the service has its taps.
  package func answerCode(
    session: SessionID, count: Int64, status: Int, body: [UInt8]
  ) -> [UInt8] {
    answers.code(SessionText.lines("kvytok-answer 1", session, count, String(status), nil), body)
  }
}

extension SessionKeys: CustomStringConvertible, CustomReflectable {
  package var description: String { "the keys of a session" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The texts of a session that codes and signatures stand over.
enum SessionText {
  /// Title, session, count, a word and the base64 of a hash, each on its line.
  static func lines(
    _ title: StaticString, _ session: SessionID, _ count: Int64, _ word: String?, _ hash: [UInt8]?
  ) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(160)
    text.append(
      contentsOf: UnsafeBufferPointer(start: title.utf8Start, count: title.utf8CodeUnitCount))
    text.append(0x0A)
    text.append(contentsOf: session.description.utf8)
    text.append(0x0A)
    text.append(contentsOf: String(count).utf8)
    text.append(0x0A)
    if let word {
      text.append(contentsOf: word.utf8)
      text.append(0x0A)
    }
    if let hash {
      Base64.append(hash, .standard, to: &text)
      text.append(0x0A)
    }
    return text
  }
}

/// A device's signature over everything that a session carried up to a request.
package struct SessionCheckpoint: Hashable, Sendable {
  package var session: SessionID
  /// Requests that it covers.
  package var count: Int64
  /// The running hash after them.
  package var hash: [UInt8]

  /// Makes a checkpoint.
  package init(session: SessionID, count: Int64, hash: [UInt8]) {
    self.session = session
    self.count = count
    self.hash = hash
  }

  /// What the device signs.
  package var message: [UInt8] {
    SessionText.lines("kvytok-checkpoint 1", session, count, nil, hash)
  }

  /// The device's signature.
  package func signed(by keys: Ed25519KeyPair) -> [UInt8] { keys.sign(message) }

  /// Whether a signature is the device's over this checkpoint.
  package func isSigned(_ signature: [UInt8], publicKey: [UInt8]) -> Bool {
    Ed25519.verify(publicKey: publicKey, signature: signature, message: message)
  }
}
