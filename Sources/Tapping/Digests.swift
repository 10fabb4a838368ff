package import Basics
import CLibCrypto
package import Transit

/// SHA-256 (FIPS 180-4) by libcrypto.
package enum SHA256Digest {
  /// Bytes of a digest.
  package static let byteCount = 32

  /// Fetched once: looking an algorithm up costs more than hashing a tap.
  nonisolated(unsafe) private static let algorithm: OpaquePointer? =
    EVP_MD_fetch(nil, "SHA256", nil)

  /// The 32 bytes of the digest.
  package static func hash(_ bytes: [UInt8]) -> [UInt8] {
    bytes.withUnsafeBytes { hash($0) }
  }

  /// The 32 bytes of the digest.
  package static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: byteCount) { out, count in
      let done = EVP_Digest(
        bytes.baseAddress, bytes.count, out.baseAddress, nil, algorithm, nil)
      precondition(done == 1, "libcrypto has no SHA-256")
      count = byteCount
    }
  }
}

/// HMAC with SHA-256 (RFC 2104) by libcrypto.
package enum HMACSHA256 {
  fileprivate nonisolated(unsafe) static let algorithm: OpaquePointer? =
    EVP_MAC_fetch(nil, "HMAC", nil)

  /// The 32 bytes of the code; with a key that is used again, `KeyedHMAC` is faster.
  package static func code(key: [UInt8], message: [UInt8]) -> [UInt8] {
    KeyedHMAC(key: key).code(message)
  }
}

/// A key made ready for HMAC with SHA-256, so that its own blocks are hashed once.
package final class KeyedHMAC: @unchecked Sendable {
  // Set once, then only copied from: that is what makes it safe to share.
  private let context: OpaquePointer

  /// Makes a key ready.
  package init(key: [UInt8]) {
    guard let context = EVP_MAC_CTX_new(HMACSHA256.algorithm) else {
      preconditionFailure("libcrypto has no HMAC")
    }
    // libcrypto takes a null key for "the key of before": an empty key needs an address of its own.
    let address = key.isEmpty ? [0] : key
    var name = Array("SHA256".utf8CString)
    let isReady = name.withUnsafeMutableBufferPointer { name in
      let parameters = [
        OSSL_PARAM_construct_utf8_string("digest", name.baseAddress, 0),
        OSSL_PARAM_construct_end(),
      ]
      return EVP_MAC_init(context, address, key.count, parameters) == 1
    }
    precondition(isReady, "libcrypto refused a key for HMAC")
    self.context = context
  }

  deinit { EVP_MAC_CTX_free(context) }

  /// The 32 bytes of the code of a message.
  package func code(_ message: [UInt8]) -> [UInt8] { code(message, []) }

  /// The 32 bytes of the code of a message in two pieces.
  package func code(_ message: [UInt8], _ rest: [UInt8]) -> [UInt8] {
    guard let copy = EVP_MAC_CTX_dup(context) else {
      preconditionFailure("libcrypto could not copy an HMAC")
    }
    defer { EVP_MAC_CTX_free(copy) }
    var code = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
    var count = 0
    let done =
      EVP_MAC_update(copy, message, message.count) == 1
      && EVP_MAC_update(copy, rest, rest.count) == 1
      && EVP_MAC_final(copy, &code, &count, code.count) == 1
    precondition(done && count == code.count, "libcrypto could not finish an HMAC")
    return code
  }
}

/// Whether two lists of bytes are equal, in a time that tells nothing about where they differ.
package func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
  left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
}

/// Unpredictable bytes from the system, for keys and secrets; only the outermost rooms ask for them.
package enum SecureRandom {
  /// A number of bytes, 1 to 4,096.
  package static func bytes(_ count: Int) -> [UInt8] {
    precondition((1...4096).contains(count), "keys and secrets have 1 to 4,096 bytes")
    return [UInt8](unsafeUninitializedCapacity: count) { out, written in
      precondition(RAND_bytes(out.baseAddress, Int32(count)) == 1, "the system gave no chance")
      written = count
    }
  }
}

/// The secret that turns tokens into the names of media, so that no token needs to be kept.
package struct TokenKey: Sendable {
  /// Bytes of the secret.
  package static let byteCount = 32
  private let key: KeyedHMAC

  /// Makes a key from 32 bytes; nil when there are more or fewer.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == TokenKey.byteCount else { return nil }
    key = KeyedHMAC(key: bytes)
  }

  /// The name of a medium: the first 16 bytes of HMAC-SHA-256 over kind, a zero byte and token.
  package func mediumID(kind: MediumKind, token: [UInt8]) -> MediumID {
    var message = Array(kind.rawValue.utf8)
    message.append(0)
    message += token
    return MediumID(digest: key.code(message))
  }
}
