import Crypto

/// Signatures by Ed25519 (RFC 8032) by swift-crypto, which verifies in less time than libcrypto.
package enum Ed25519 {
  /// Bytes of a public key and of a seed.
  package static let keyByteCount = 32
  /// Bytes of a signature.
  package static let signatureByteCount = 64

  /// Whether a signature over a message was made with the secret half of a public key.
  package static func verify(publicKey: [UInt8], signature: [UInt8], message: [UInt8]) -> Bool {
    guard signature.count == signatureByteCount,
      let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey)
    else { return false }
    return key.isValidSignature(signature, for: message)
  }
}

/// The secret and the public half of a device's key.
package struct Ed25519KeyPair: Sendable {
  /// 32 secret bytes.
  package let seed: [UInt8]
  /// 32 bytes that anyone may know.
  package let publicKey: [UInt8]

  /// Makes the pair of a seed of 32 unpredictable bytes; nil when there are more or fewer.
  package init?(seed: [UInt8]) {
    guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else { return nil }
    self.seed = seed
    publicKey = [UInt8](key.publicKey.rawRepresentation)
  }

  /// The 64 bytes of the signature over a message.
  package func sign(_ message: [UInt8]) -> [UInt8] {
    guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed),
      let signature = try? key.signature(for: message)
    else { preconditionFailure("a key that was made can sign") }
    return [UInt8](signature)
  }
}

extension Ed25519KeyPair: CustomStringConvertible, CustomReflectable {
  package var description: String { "a key pair of Ed25519" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
