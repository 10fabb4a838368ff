import Basics
package import Tapping

/// The secret of the service from which its identity and its half of every session follow.
///
/// No key of a session is kept anywhere: it is worked out anew from the handshake and this secret,
/// by any process that holds it, also after a restart.
package struct SessionSecret: Sendable {
  /// Bytes of the secret.
  package static let byteCount = 32
  private let key: KeyedHMAC
  /// The pair with which the service signs grants.
  package let identity: Ed25519KeyPair

  /// Makes it from 32 bytes; nil when there are more or fewer.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    let key = KeyedHMAC(key: bytes)
    guard let identity = Ed25519KeyPair(seed: key.code(Array("kvytok identity 1".utf8))) else {
      return nil
    }
    self.key = key
    self.identity = identity
  }

  /// The name of the session that answers a proposal: unpredictable, and the same each time.
  func sessionID(proposal: [UInt8]) -> SessionID {
    let code = key.code(Array("kvytok session 1\n".utf8) + SHA256Digest.hash(proposal))
    let number = { (bytes: ArraySlice<UInt8>) in bytes.reduce(0) { $0 << 8 | UInt64($1) } }
    return SessionID(high: number(code[0..<8]), low: number(code[8..<16]))
  }

  /// The seed of the service's exchange key in a session: as unpredictable as the secret.
  func exchangeSeed(_ session: SessionID, proposal: [UInt8]) -> [UInt8] {
    key.code(
      Array("kvytok exchange 1\n\(session)\n".utf8) + SHA256Digest.hash(proposal))
  }
}
