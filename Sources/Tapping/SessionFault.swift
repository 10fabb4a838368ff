/// Why a session was not opened, or a request of it not taken; nothing of it is stored.
package struct SessionFault: Error, Hashable, Sendable {
  /// Which answer the fault deserves.
  package enum Kind: Hashable, Sendable {
    /// Not the format: 400.
    case malformed
    /// Not proven, or no longer valid: 401. A new session helps.
    case unknown
    /// Proven, but not what should come now: 409.
    case outOfOrder
  }

  /// A word for programs.
  package enum Code: String, Sendable, CaseIterable, Hashable {
    case handshakeMalformed = "handshake_malformed"
    case handshakeSignatureWrong = "handshake_signature_wrong"
    case handshakeClock = "handshake_clock"
    case handshakeKey = "handshake_key"
    case headerMissing = "session_header_missing"
    case headerMalformed = "session_header_malformed"
    case sessionUnknown = "session_unknown"
    case sessionExpired = "session_expired"
    case macWrong = "mac_wrong"
    case countAhead = "count_ahead"
    case countBehind = "count_behind"
    case countReused = "count_reused"
    case chainWrong = "chain_wrong"
    case checkpointWrong = "checkpoint_wrong"
    case checkpointDue = "checkpoint_due"
    case otherEpoch = "session_epoch"
  }

  package var code: Code
  /// What would be right, for people; never repeats a secret.
  package var message: String

  /// Makes a fault.
  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// Which answer the fault deserves.
  package var kind: Kind {
    switch code {
    case .handshakeMalformed, .handshakeKey, .headerMissing, .headerMalformed: .malformed
    case .handshakeSignatureWrong, .handshakeClock, .sessionUnknown, .sessionExpired, .macWrong,
      .checkpointWrong:
      .unknown
    case .countAhead, .countBehind, .countReused, .chainWrong, .checkpointDue, .otherEpoch:
      .outOfOrder
    }
  }
}
