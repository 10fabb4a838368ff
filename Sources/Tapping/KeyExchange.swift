import CLibSodium

/// One side's key of an exchange by X25519 (RFC 7748), used once.
package struct ExchangeKeyPair: Sendable {
  /// Bytes of a public key and of a seed.
  package static let byteCount = 32
  private let seed: SecretBytes
  /// 32 bytes for the other side.
  package let publicKey: [UInt8]

  /// Makes the pair of 32 unpredictable bytes; nil when there are more or fewer.
  package init?(seed: [UInt8]) {
    guard seed.count == Self.byteCount else { return nil }
    Sodium.begin()
    var publicKey = [UInt8](repeating: 0, count: Self.byteCount)
    let done = crypto_scalarmult_base(&publicKey, seed)
    precondition(done == 0, "libsodium makes no key of 32 bytes")
    self.seed = SecretBytes(seed)
    self.publicKey = publicKey
  }

  /// The 32 bytes that both sides find; nil for a key of the other side that would make them known.
  ///
  /// RFC 7748, section 6.1: a public key of small order leads to zeros, which libsodium refuses in a
  /// time that tells nothing of them.
  func sharedSecret(with other: [UInt8]) -> SecretBytes? {
    guard other.count == Self.byteCount else { return nil }
    var secret = [UInt8](repeating: 0, count: Self.byteCount)
    guard crypto_scalarmult(&secret, seed.bytes, other) == 0 else { return nil }
    return SecretBytes(secret)
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
