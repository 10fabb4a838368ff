import Basics
package import HTTPTypes

/// Why a request was not answered as asked: the problem details of RFC 9457.
package struct Problem: Error, Sendable, Equatable {
  /// Status of the answer.
  package let status: HTTPResponse.Status
  /// A stable word for programs: `tap_batch_too_large`.
  package let code: String
  /// What was wrong with this request and what to do about it.
  package let detail: String
  /// Where in the body, as a JSON pointer (RFC 6901).
  package var pointer: String?
  /// Seconds after which another attempt makes sense.
  package var retryAfterSeconds: Int?
  /// Methods that the path knows, for 405.
  package var allow: [HTTPRequest.Method] = []
  /// What else is wrong, one line each (the faults of a feed or of a tariff).
  package var faults: [String] = []

  /// Makes a problem.
  package init(
    _ status: HTTPResponse.Status, _ code: String, _ detail: String, pointer: String? = nil,
    retryAfterSeconds: Int? = nil
  ) {
    self.status = status
    self.code = code
    self.detail = detail
    self.pointer = pointer
    self.retryAfterSeconds = retryAfterSeconds
  }

  /// The same with its detail in a language, where it has words for it.
  func told(in language: Language) -> Problem {
    guard language == .ukrainian, let detail = ToldSentence.ukrainian(of: detail) else {
      return self
    }
    var told = Problem(
      status, code, detail, pointer: pointer, retryAfterSeconds: retryAfterSeconds)
    told.allow = allow
    told.faults = faults
    return told
  }

  /// The problem as `application/problem+json`.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("type", "about:blank")
    writer.member("title", status.reasonPhrase)
    writer.member("status", status.code)
    writer.member("code", code)
    writer.member("detail", detail)
    if let pointer { writer.member("pointer", pointer) }
    if !faults.isEmpty {
      writer.key("faults")
      writer.beginArray()
      for fault in faults { writer.value(fault) }
      writer.endArray()
    }
    writer.endObject()
    return writer.bytes
  }
}

extension Problem {
  static func notFound(_ path: String) -> Problem {
    Problem(.notFound, "not_found", "Nothing is here: \(path). See /openapi.yaml for what is.")
  }

  /// Something that was named by a number or a name.
  static func missing(_ what: String) -> Problem {
    Problem(.notFound, "not_found", "There is no \(what).")
  }

  static func methodNotAllowed(_ allow: [HTTPRequest.Method]) -> Problem {
    var problem = Problem(
      .methodNotAllowed, "method_not_allowed",
      "Use \(allow.map(\.rawValue).joined(separator: " or ")) here.")
    problem.allow = allow
    return problem
  }

  static func tooLarge(bytesMax: Int) -> Problem {
    guard bytesMax > 0 else {
      return Problem(
        .contentTooLarge, "body_not_taken",
        "No body is read here: send the request without one. What it needs stands in its path and its query, "
          + "like ?reason=… for the record; see /openapi.yaml.")
    }
    return Problem(
      .contentTooLarge, "body_too_large",
      "The body may have \(bytesMax) bytes at most; send it in parts.")
  }

  static func unsupported(_ type: String?, _ types: [String]) -> Problem {
    Problem(
      .unsupportedMediaType, "media_type_not_supported",
      "Content-Type is \(type ?? "missing"); send \(types.joined(separator: " or ")).")
  }

  static let unknownCaller = Problem(
    .unauthorized, "not_known",
    "Send `Authorization: Bearer <token>`, or sign in at /login. The token may have expired.")

  static let forbidden = Problem(
    .forbidden, "not_allowed", "The token is valid, but its role may not do this.")

  static func nameless(role: String) -> Problem {
    Problem(
      .forbidden, "token_nameless",
      "This token has no name, and nobody would know later who decided. Ask an admin for another: "
        + "kvytok token create NAME --role \(role)")
  }

  static let unhandled = Problem(
    .internalServerError, "internal_error",
    "Something went wrong here, and it is in the log. Nothing was half done; try again.")

  static func unavailable(_ detail: String) -> Problem {
    Problem(.serviceUnavailable, "unavailable", detail, retryAfterSeconds: 2)
  }

  /// The connection to the database broke while it was told to keep what had been done.
  static let outcomeUnknown = Problem(
    .serviceUnavailable, "outcome_unknown",
    "The database went away at the last moment: whether it was stored is not known. Look for it before you "
      + "send it again.")

  /// The code of a parameter that is not written as it has to be.
  static let badParameterCode = "bad_parameter"

  static func badParameter(_ name: String, _ detail: String) -> Problem {
    Problem(.badRequest, badParameterCode, "Parameter \(name): \(detail)")
  }
}
