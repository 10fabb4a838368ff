#if SWIFT_CRYPTO
  import Crypto

  /// The proofs of a message by swift-crypto.
  enum SwiftCryptoProofs {
    static func all(of message: [UInt8]) throws -> [(String, SignaturesCommand.Verify)] {
      [
        ("ed25519_swift_crypto", try ed25519(message)), ("p256_swift_crypto", try p256(message)),
        ("hmac_sha256_swift_crypto", hmac(message)),
      ]
    }

    private static func ed25519(_ message: [UInt8]) throws -> SignaturesCommand.Verify {
      let pair = Curve25519.Signing.PrivateKey()
      let (raw, signature) = (pair.publicKey.rawRepresentation, try pair.signature(for: message))
      return {
        (try? Curve25519.Signing.PublicKey(rawRepresentation: raw))?
          .isValidSignature(signature, for: message) ?? false
      }
    }

    private static func p256(_ message: [UInt8]) throws -> SignaturesCommand.Verify {
      let pair = P256.Signing.PrivateKey()
      let (raw, signature) = (pair.publicKey.x963Representation, try pair.signature(for: message))
      return {
        (try? P256.Signing.PublicKey(x963Representation: raw))?
          .isValidSignature(signature, for: message) ?? false
      }
    }

    private static func hmac(_ message: [UInt8]) -> SignaturesCommand.Verify {
      let key = SymmetricKey(data: [UInt8](repeating: 9, count: 32))
      let code = HMAC<SHA256>.authenticationCode(for: message, using: key)
      return { HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: message, using: key) }
    }
  }
#endif
