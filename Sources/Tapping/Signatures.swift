import CLibCrypto

/// Signatures by Ed25519 (RFC 8032) by libcrypto.
package enum Ed25519 {
  /// Bytes of a public key and of a seed.
  package static let keyByteCount = 32
  /// Bytes of a signature.
  package static let signatureByteCount = 64

  /// Whether a signature over a message was made with the secret half of a public key.
  package static func verify(publicKey: [UInt8], signature: [UInt8], message: [UInt8]) -> Bool {
    guard publicKey.count == keyByteCount, signature.count == signatureByteCount,
      let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, publicKey, keyByteCount)
    else { return false }
    defer { EVP_PKEY_free(key) }
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    let isGood =
      EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1
      && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    // A refused signature leaves its reason in the thread's queue, where it would pile up.
    if !isGood { ERR_clear_error() }
    return isGood
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
    guard seed.count == Ed25519.keyByteCount,
      let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count)
    else { return nil }
    defer { EVP_PKEY_free(key) }
    var count = Ed25519.keyByteCount
    var publicKey = [UInt8](repeating: 0, count: count)
    guard EVP_PKEY_get_raw_public_key(key, &publicKey, &count) == 1 else { return nil }
    self.seed = seed
    self.publicKey = publicKey
  }

  /// The 64 bytes of the signature over a message.
  package func sign(_ message: [UInt8]) -> [UInt8] {
    let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count)
    defer { EVP_PKEY_free(key) }
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    var count = Ed25519.signatureByteCount
    var signature = [UInt8](repeating: 0, count: count)
    let isDone =
      EVP_DigestSignInit(context, nil, nil, nil, key) == 1
      && EVP_DigestSign(context, &signature, &count, message, message.count) == 1
    precondition(isDone && count == signature.count, "libcrypto could not sign")
    return signature
  }
}

extension Ed25519KeyPair: CustomStringConvertible, CustomReflectable {
  package var description: String { "a key pair of Ed25519" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
