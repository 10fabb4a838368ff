import CLibSodium

/// Signatures by Ed25519 (RFC 8032) by libsodium, which verifies in half the time of libcrypto.
package enum Ed25519 {
  /// Bytes of a public key and of a seed.
  package static let keyByteCount = 32
  /// Bytes of a signature.
  package static let signatureByteCount = 64

  /// Whether a signature over a message was made with the secret half of a public key.
  ///
  /// A key of small order, for which anybody could sign, and a signature written in another than its
  /// one way are refused.
  package static func verify(publicKey: [UInt8], signature: [UInt8], message: [UInt8]) -> Bool {
    Sodium.begin()
    return signature.count == signatureByteCount && publicKey.count == keyByteCount
      && crypto_sign_verify_detached(signature, message, UInt64(message.count), publicKey) == 0
  }
}

/// The secret and the public half of a device's key.
package struct Ed25519KeyPair: Sendable {
  /// 32 secret bytes.
  package let seed: [UInt8]
  /// 32 bytes that anyone may know.
  package let publicKey: [UInt8]
  /// Both halves, as libsodium wants them.
  private let secretKey: [UInt8]

  /// Makes the pair of a seed of 32 unpredictable bytes; nil when there are more or fewer.
  package init?(seed: [UInt8]) {
    guard seed.count == Ed25519.keyByteCount else { return nil }
    Sodium.begin()
    var publicKey = [UInt8](repeating: 0, count: Ed25519.keyByteCount)
    var secretKey = [UInt8](repeating: 0, count: 2 * Ed25519.keyByteCount)
    let done = crypto_sign_seed_keypair(&publicKey, &secretKey, seed)
    precondition(done == 0, "libsodium makes no key of 32 bytes")
    self.seed = seed
    self.publicKey = publicKey
    self.secretKey = secretKey
  }

  /// The 64 bytes of the signature over a message.
  package func sign(_ message: [UInt8]) -> [UInt8] {
    var signature = [UInt8](repeating: 0, count: Ed25519.signatureByteCount)
    let done = crypto_sign_detached(&signature, nil, message, UInt64(message.count), secretKey)
    precondition(done == 0, "a key that was made can sign")
    return signature
  }
}

extension Ed25519KeyPair: CustomStringConvertible, CustomReflectable {
  package var description: String { "a key pair of Ed25519" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// libsodium, which has to be begun before anything else is asked of it.
enum Sodium {
  private static let isReady = sodium_init() >= 0

  /// Begins it, once, whichever thread is first.
  static func begin() { precondition(isReady, "libsodium cannot be begun") }
}
