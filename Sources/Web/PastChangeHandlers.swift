import Basics
import Clearing
import HTTPTypes
import Store

/// What one person may change of the past, and what waits for another one.
extension Handlers {
  /// A change that takes another person: nothing was done.
  static func waits(_ row: PastChangeRow) -> Answer {
    .json(.accepted) { writer in
      writer.beginObject()
      writer.members(of: row)
      writer.member("detail", row.waitingText)
      writer.endObject()
    }
  }

  func pastAnswer(_ request: WebRequest) async throws -> Answer {
    switch request.endpoint {
    case .pastChanges: return try await pastChanges(request)
    case .ratingLimitSet: return try await ratingLimitSet(request)
    default: return try await ratingLimit(request)
    }
  }

  private func pastChanges(_ request: WebRequest) async throws -> Answer {
    let rows = try await services.pastChanges.list(at: request.receivedAt)
    // Where a vehicle was the dispatchers know; who a rider is they need not.
    let isWithRiders = request.caller?.role != .dispatcher
    return .json { writer in
      writer.beginObject()
      writer.list("changes", rows) { writer, row in
        writer.members(of: row, isWithRiders: isWithRiders)
      }
      writer.endObject()
    }
  }

  private func ratingLimit(_ request: WebRequest) async throws -> Answer {
    let limit = try await services.pastChanges.limit(at: request.receivedAt)
    return .json { writer in
      writer.beginObject()
      writer.member("limit_minor", limit.minor)
      for (name, row) in [("set", limit.set), ("waiting", limit.waiting)] {
        writer.key(name)
        guard let row else {
          writer.null()
          continue
        }
        writer.beginObject()
        writer.members(of: row)
        writer.endObject()
      }
      writer.endObject()
    }
  }

  private func ratingLimitSet(_ request: WebRequest) async throws -> Answer {
    var minor: Int64?
    try request.readObject { reader, key throws(JSONFault) in
      guard key == "limit_minor" else { return false }
      minor = try reader.int64()
      return true
    }
    guard let minor else { throw Problem.missingMember("limit_minor") }
    let outcome = try await services.pastChanges.setLimit(
      minor, by: try Self.bearer(request), at: request.receivedAt)
    switch outcome {
    case .done: return try await ratingLimit(request)
    case .waits(let row): return Self.waits(row)
    }
  }
}

extension JSONWriter {
  fileprivate mutating func members(of row: PastChangeRow, isWithRiders: Bool = true) {
    member("change", row.id)
    member("kind", row.kind.rawValue)
    member("what", row.what)
    member("subject", orNull: isWithRiders ? row.subjectID?.description : nil)
    member("into", orNull: isWithRiders ? row.otherID?.description : nil)
    member("state", row.state.rawValue)
    member("change_minor", orNull: row.changeMinor)
    member("requested_by", row.requestedBy.label)
    member("requested_at", row.requestedAt.description)
    member("decided_by", orNull: row.decidedBy?.label)
    member("decided_at", orNull: row.decidedAt?.description)
  }
}
