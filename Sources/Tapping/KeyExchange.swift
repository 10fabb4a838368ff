import CLibCrypto

/// One side's key of an exchange by X25519 (RFC 7748), used once.
package struct ExchangeKeyPair: Sendable {
  /// Bytes of a public key and of a seed.
  package static let byteCount = 32
  private let seed: SecretBytes
  /// 32 bytes for the other side.
  package let publicKey: [UInt8]

  /// Makes the pair of 32 unpredictable bytes; nil when there are more or fewer.
  package init?(seed: [UInt8]) {
    guard seed.count == ExchangeKeyPair.byteCount,
      let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nil, seed, seed.count)
    else { return nil }
    defer { EVP_PKEY_free(key) }
    var count = ExchangeKeyPair.byteCount
    var publicKey = [UInt8](repeating: 0, count: count)
    guard EVP_PKEY_get_raw_public_key(key, &publicKey, &count) == 1 else { return nil }
    self.seed = SecretBytes(seed)
    self.publicKey = publicKey
  }

  /// The 32 bytes that both sides find; nil for a key of the other side that would make them known.
  func sharedSecret(with other: [UInt8]) -> SecretBytes? {
    guard other.count == ExchangeKeyPair.byteCount,
      let own = EVP_PKEY_new_raw_private_key(
        EVP_PKEY_X25519, nil, seed.bytes, ExchangeKeyPair.byteCount)
    else { return nil }
    defer { EVP_PKEY_free(own) }
    guard let peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nil, other, other.count),
      let context = EVP_PKEY_CTX_new(own, nil)
    else { return nil }
    defer {
      EVP_PKEY_free(peer)
      EVP_PKEY_CTX_free(context)
    }
    var count = ExchangeKeyPair.byteCount
    var secret = [UInt8](repeating: 0, count: count)
    // libcrypto refuses a secret of zeros, which a public key of small order would lead to.
    let isDone =
      EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, peer) == 1
      && EVP_PKEY_derive(context, &secret, &count) == 1 && count == secret.count
    guard isDone else {
      ERR_clear_error()
      return nil
    }
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
