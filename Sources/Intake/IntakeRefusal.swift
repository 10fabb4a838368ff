/// Why a device's post was refused; nothing of it is stored.
package struct IntakeRefusal: Error, Equatable, Sendable {
  /// Which answer the refusal deserves.
  package enum Kind: Sendable, Equatable {
    /// Not the format: 400.
    case malformed
    /// Who posts is not known, or is not who it says: 401.
    case unknown
    /// Known, but may not post: 403.
    case forbidden
    /// Past a limit of size: 413.
    case tooLarge
    /// Understood, but cannot be: 422.
    case impossible
    /// Proven, but not what should come now: 409.
    case outOfOrder
    /// More at once than one device may send: 429.
    case tooMany
    /// The service or its database cannot do it now; the same post may do later: 503.
    case unavailable
  }

  package let kind: Kind
  /// A word for programs: `device_revoked`.
  package let code: String
  /// Where in the body, as a JSON pointer; nil when it is not about the body.
  package let pointer: String?
  /// What is wrong and what would be right, for people; never holds a token or key.
  package let message: String
  /// Seconds after which to try again; nil when trying again does not help.
  package let retryAfterSeconds: Int?

  /// Makes a refusal.
  package init(
    _ kind: Kind, code: String, pointer: String? = nil, message: String,
    retryAfterSeconds: Int? = nil
  ) {
    self.kind = kind
    self.code = code
    self.pointer = pointer
    self.message = message
    self.retryAfterSeconds = retryAfterSeconds
  }
}

extension IntakeRefusal {
  /// Seconds a device waits before it tries again, when the service is full or has no database.
  static let retryAfterSeconds = 2

  static let queueFull = IntakeRefusal(
    .unavailable, code: "intake_full", message: "too much waits to be stored; send it again later",
    retryAfterSeconds: retryAfterSeconds)

  static let tooMuchToProve = IntakeRefusal(
    .unavailable, code: "too_much_to_prove",
    message: "too many posts wait for their signature to be checked; send it again later",
    retryAfterSeconds: retryAfterSeconds)

  static let databaseAway = IntakeRefusal(
    .unavailable, code: "store_unavailable",
    message: "the database does not answer; nothing is lost, send it again later",
    retryAfterSeconds: retryAfterSeconds)

  static let couldNotStore = IntakeRefusal(
    .unavailable, code: "could_not_store",
    message: "the service could not store this and logged why; keep it and send it again later",
    retryAfterSeconds: 60)

  static func bodyTooLarge(bytesMax: Int) -> IntakeRefusal {
    IntakeRefusal(
      .tooLarge, code: "body_too_large", pointer: "",
      message: "a body has at most \(bytesMax) bytes; send less at once")
  }

  static func otherDevice(pointer: String = "/device") -> IntakeRefusal {
    IntakeRefusal(
      .impossible, code: "device_mismatch", pointer: pointer,
      message: "the body must name the device of the header Kvytok-Device")
  }
}
