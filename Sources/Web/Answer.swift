import Basics
package import HTTPTypes

/// What goes back to the caller, before it becomes bytes on a wire.
package struct Answer: Sendable {
  package var status: HTTPResponse.Status
  package var contentType: String
  package var body: [UInt8]
  /// Further header fields.
  package var headers: HTTPFields = [:]

  /// Makes an answer.
  package init(_ status: HTTPResponse.Status = .ok, contentType: String, body: [UInt8]) {
    self.status = status
    self.contentType = contentType
    self.body = body
  }

  /// An answer in JSON.
  package static func json(_ body: [UInt8], _ status: HTTPResponse.Status = .ok) -> Answer {
    Answer(status, contentType: "application/json", body: body)
  }

  /// An answer in JSON, written by a closure.
  static func json(
    _ status: HTTPResponse.Status = .ok, _ write: (inout JSONWriter) throws -> Void
  ) rethrows -> Answer {
    var writer = JSONWriter()
    try write(&writer)
    return .json(writer.bytes, status)
  }

  /// A page.
  static func page(_ html: String, _ status: HTTPResponse.Status = .ok) -> Answer {
    Answer(status, contentType: "text/html; charset=utf-8", body: Array(html.utf8))
  }

  /// A text without form.
  static func text(_ text: String, _ status: HTTPResponse.Status = .ok) -> Answer {
    Answer(status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
  }

  /// Sends the browser to another page, to be asked for with GET.
  static func redirect(to path: String) -> Answer {
    var answer = Answer(.seeOther, contentType: "text/plain; charset=utf-8", body: [])
    answer.headers[.location] = path
    return answer
  }

  /// A problem as `application/problem+json`.
  static func problem(_ problem: Problem) -> Answer {
    var answer = Answer(
      problem.status, contentType: "application/problem+json", body: problem.json)
    answer.addHeaders(of: problem)
    return answer
  }

  /// Adds the header fields that a problem of this kind must have.
  mutating func addHeaders(of problem: Problem) {
    if let seconds = problem.retryAfterSeconds { headers[.retryAfter] = String(seconds) }
    if problem.status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
    if !problem.allow.isEmpty {
      headers[.allow] = problem.allow.map(\.rawValue).joined(separator: ", ")
    }
  }
}
