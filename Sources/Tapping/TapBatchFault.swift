/// Why a body was refused whole; nothing of it is stored.
package struct TapBatchFault: Error, Hashable, Sendable {
  /// Which answer the fault deserves.
  package enum Kind: Hashable, Sendable {
    /// Not the format: 400.
    case malformed
    /// Understood, but cannot be: 422.
    case impossible
    /// Past a limit: 413.
    case tooLarge
  }

  package var kind: Kind
  /// Where, as a JSON pointer (RFC 6901): `/taps/3/at`; empty for the body as a whole.
  package var pointer: String
  /// A word for programs: `wrong_type`.
  package var code: String
  /// What would be right, for people; never repeats what the device sent.
  package var message: String

  /// Makes a fault.
  package init(kind: Kind, pointer: String, code: String, message: String) {
    self.kind = kind
    self.pointer = pointer
    self.code = code
    self.message = message
  }
}

extension TapBatchFault: CustomStringConvertible {
  package var description: String {
    "\(pointer.isEmpty ? "body" : pointer): \(message) [\(code)]"
  }
}
