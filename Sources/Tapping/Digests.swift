package import Basics
import CLibCrypto
package import Transit

/// SHA-256 (FIPS 180-4) by libcrypto.
package enum SHA256Digest {
  /// Bytes of a digest.
  package static let byteCount = 32

  /// Fetched once: looking an algorithm up costs more than hashing a tap.
  nonisolated(unsafe) fileprivate static let algorithm: OpaquePointer? =
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
  /// The 32 bytes of the code; with a key that is used again, `KeyedHMAC` is faster.
  package static func code(key: [UInt8], message: [UInt8]) -> [UInt8] {
    KeyedHMAC(key: key).code(message)
  }
}

/// A key made ready for HMAC with SHA-256, so that its own blocks are hashed once.
package final class KeyedHMAC: @unchecked Sendable {
  // Set once, then only copied from: that is what makes them safe to share. They are plain memory: what
  // libcrypto's newer functions allocate for each message takes longer than to hash a token.
  private let inner: SHA256_CTX
  private let outer: SHA256_CTX
  private static let blockBytes = 64

  /// Makes a key ready.
  package init(key: [UInt8]) {
    var block = key.count > Self.blockBytes ? SHA256Digest.hash(key) : key
    block += [UInt8](repeating: 0, count: Self.blockBytes - block.count)
    inner = Self.begun(with: block.map { $0 ^ 0x36 })
    outer = Self.begun(with: block.map { $0 ^ 0x5C })
  }

  /// A digest that has taken its first block.
  private static func begun(with block: [UInt8]) -> SHA256_CTX {
    var digest = SHA256_CTX()
    guard SHA256_Init(&digest) == 1, SHA256_Update(&digest, block, block.count) == 1 else {
      preconditionFailure("libcrypto has no SHA-256")
    }
    return digest
  }

  /// The 32 bytes of the code of a message.
  package func code(_ message: [UInt8]) -> [UInt8] { code(message, []) }

  /// The 32 bytes of the code of a message in two pieces.
  package func code(_ message: [UInt8], _ rest: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: SHA256Digest.byteCount) { out, count in
      var digest = inner
      let isHashed =
        SHA256_Update(&digest, message, message.count) == 1
        && SHA256_Update(&digest, rest, rest.count) == 1
        && SHA256_Final(out.baseAddress, &digest) == 1
      digest = outer
      let isDone =
        isHashed && SHA256_Update(&digest, out.baseAddress, SHA256Digest.byteCount) == 1
        && SHA256_Final(out.baseAddress, &digest) == 1
      precondition(isDone, "libcrypto could not finish an HMAC")
      count = SHA256Digest.byteCount
    }
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
    MediumID(digest: key.code(Self.prefix(of: kind), token))
  }

  /// Made once: a city taps millions of times a day.
  private static let cardPrefix = bytes(of: .card)
  private static let bankPrefix = bytes(of: .bank)
  private static let phonePrefix = bytes(of: .phone)
  private static let qrPrefix = bytes(of: .qr)

  private static func bytes(of kind: MediumKind) -> [UInt8] { Array(kind.rawValue.utf8) + [0] }

  private static func prefix(of kind: MediumKind) -> [UInt8] {
    switch kind {
    case .card: cardPrefix
    case .bank: bankPrefix
    case .phone: phonePrefix
    case .qr: qrPrefix
    }
  }

  /// 32 bytes for another purpose; a purpose holds no zero byte, so no medium has the same.
  package func derived(for purpose: String) -> [UInt8] { key.code(Array(purpose.utf8)) }
}
