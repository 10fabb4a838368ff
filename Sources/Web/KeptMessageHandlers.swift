import Basics
import Clearing
import HTTPTypes
import Store

/// Signed messages of the acquirer that fitted nothing here.
extension Handlers {
  /// Answers what is about messages that wait for a person.
  func keptMessageAnswer(_ request: WebRequest) async throws -> Answer {
    switch request.endpoint {
    case .acquirerMessages: try await keptMessages(openOnly: request.queryFlag("open"))
    case .acquirerMessageDecide: try await decideKeptMessage(request)
    default: throw Problem.unhandled
    }
  }

  private func keptMessages(openOnly: Bool) async throws -> Answer {
    let messages = try await services.keptMessages.list(openOnly: openOnly)
    return .json { writer in
      writer.objects(messages) { writer, message in
        writer.member("id", message.id)
        writer.member("type", message.kind)
        writer.member("received_at", message.receivedAt.description)
        writer.member("why", message.why)
        writer.member("body", message.body)
        if let decision = message.decision {
          writer.member("decided_at", decision.at.description)
          writer.member("decided_by", decision.by)
          writer.member("decision", decision.what)
        }
      }
    }
  }

  /// Writes down what became of a message; the answer is those that still wait.
  private func decideKeptMessage(_ request: WebRequest) async throws -> Answer {
    let id = try request.parameter("id")
    var reason: String?
    try request.readObject { (reader: inout JSONReader, key: String) throws(JSONFault) in
      guard key == "reason" else { return false }
      reason = try reader.string()
      return true
    }
    let named = try Self.required(reason, "reason")
    try await answering {
      try await services.keptMessages.decide(id, reason: named, by: Self.label(request))
    }
    return try await keptMessages(openOnly: true)
  }
}
