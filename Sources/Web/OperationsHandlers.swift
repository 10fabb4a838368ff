import Basics
import HTTPTypes

/// What whoever runs the service asks for.
extension Handlers {
  /// The process lives: nothing else is looked at, so that a database that is away kills nobody.
  func health() -> Answer { .text("ok\n") }

  /// Whether requests can be answered, and what to do when not.
  func readiness(_ request: WebRequest) async throws -> Answer {
    let checks = try await services.readiness.found()
    let isReady = checks.allSatisfy { $0.fault == nil || !$0.isNeeded }
    var answer = Answer.json(isReady ? .ok : .serviceUnavailable) { writer in
      writer.beginObject()
      writer.member("ready", isReady)
      writer.member("checks", objects: checks) { writer, check in
        writer.member("name", check.name)
        writer.member("ok", check.fault == nil)
        if let fault = check.fault { writer.member("what_to_do", fault) }
        writer.member("needed", check.isNeeded)
      }
      writer.endObject()
    }
    if !isReady { answer.headers[.retryAfter] = "2" }
    return answer
  }

  func metrics() -> Answer {
    Answer(
      contentType: "text/plain; version=0.0.4; charset=utf-8",
      body: Array(services.registry.text().utf8))
  }

  func openAPI() -> Answer {
    Answer(contentType: "application/yaml", body: services.assets.openAPI)
  }

  func asset(_ request: WebRequest) throws(Problem) -> Answer {
    let name =
      request.endpoint == .asset
      ? try request.parameter("name")
      : try request.parameter("library") + "/" + request.parameter("file")
    guard let answer = services.assets.answer(name, known: request.headers[.ifNoneMatch]) else {
      throw .notFound(request.target)
    }
    return answer
  }
}

/// One thing that is looked at before requests are sent here.
package struct ReadinessCheck: Sendable {
  package let name: String
  /// What is wrong and what to do; nil when it holds.
  package let fault: String?
  /// Whether nothing can be answered without it; else it is only said.
  package let isNeeded: Bool

  /// Makes a check.
  package init(_ name: String, fault: String?, isNeeded: Bool = true) {
    self.name = name
    self.fault = fault
    self.isNeeded = isNeeded
  }
}
