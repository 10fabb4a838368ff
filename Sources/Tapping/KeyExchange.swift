import Crypto

/// One side's key of an exchange by X25519 (RFC 7748), used once.
package struct ExchangeKeyPair: Sendable {
  /// Bytes of a public key and of a seed.
  package static let byteCount = 32
  private let seed: SecretBytes
  /// 32 bytes for the other side.
  package let publicKey: [UInt8]

  /// Makes the pair of 32 unpredictable bytes; nil when there are more or fewer.
  package init?(seed: [UInt8]) {
    guard let key = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: seed) else {
      return nil
    }
    self.seed = SecretBytes(seed)
    publicKey = [UInt8](key.publicKey.rawRepresentation)
  }

  /// The 32 bytes that both sides find; nil for a key of the other side that would make them known.
  func sharedSecret(with other: [UInt8]) -> SecretBytes? {
    guard let own = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: seed.bytes),
      let peer = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: other),
      let secret = try? own.sharedSecretFromKeyAgreement(with: peer)
    else { return nil }
    let bytes = secret.withUnsafeBytes { [UInt8]($0) }
    // RFC 7748, section 6.1: a public key of small order leads to zeros, which swift-crypto lets pass.
    // All bytes are looked at, whatever they are, so that the time tells nothing of them.
    guard bytes.reduce(0, |) != 0 else { return nil }
    return SecretBytes(bytes)
  }
}

/// Bytes that must not be seen: they have no description and no mirror.
struct SecretBytes: Sendable, CustomStringConvertible, CustomReflectable {
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var description: String { "secret" }
  var customMirror: Mirror { Mirror(self, children: []) }
}

/// Keys from a secret by HKDF with SHA-256 (RFC 5869).
package enum HKDFSHA256 {
  /// The pseudorandom key of a secret.
  package static func extract(salt: [UInt8], secret: [UInt8]) -> [UInt8] {
    HMACSHA256.code(key: salt, message: secret)
  }

  /// A key of 1 to 255 × 32 bytes for one purpose.
  package static func expand(key: [UInt8], purpose: [UInt8], byteCount: Int) -> [UInt8] {
    precondition((1...255 * SHA256Digest.byteCount).contains(byteCount), "HKDF makes no such key")
    let keyed = KeyedHMAC(key: key)
    var output: [UInt8] = []
    var block: [UInt8] = []
    var number: UInt8 = 0
    while output.count < byteCount {
      number += 1
      block = keyed.code(block + purpose + [number])
      output += block
    }
    return Array(output.prefix(byteCount))
  }
}
