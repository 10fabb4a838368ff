/// Stands where swift-crypto does in the house. No fuzzer has a key, so every key is refused here, and
/// the C of another's curve need not be built and watched.
public enum Curve25519 {
  /// What is said of every key.
  public struct NoKey: Error {}

  /// A signature or a public key as bytes.
  public enum Signing {
    public struct PublicKey {
      public let rawRepresentation: [UInt8]
      public init(rawRepresentation: [UInt8]) throws { throw NoKey() }
      public func isValidSignature(_ signature: [UInt8], for message: [UInt8]) -> Bool { false }
    }

    public struct PrivateKey {
      public let publicKey: PublicKey
      public init(rawRepresentation: [UInt8]) throws { throw NoKey() }
      public func signature(for message: [UInt8]) throws -> [UInt8] { throw NoKey() }
    }
  }

  /// An exchange of keys.
  public enum KeyAgreement {
    public struct PublicKey {
      public let rawRepresentation: [UInt8]
      public init(rawRepresentation: [UInt8]) throws { throw NoKey() }
    }

    public struct PrivateKey {
      public let publicKey: PublicKey
      public init(rawRepresentation: [UInt8]) throws { throw NoKey() }
      public func sharedSecretFromKeyAgreement(with other: PublicKey) throws -> [UInt8] {
        throw NoKey()
      }
    }
  }
}
