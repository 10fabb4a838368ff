import Basics
import Clearing
import HTTPTypes
import Store

/// What persons say about the stops of taps.
extension Handlers {
  func stopAnswer(_ request: WebRequest) async throws -> Answer {
    switch request.endpoint {
    case .stopCorrect, .stopWithdraw: try await stopCorrect(request)
    case .stopApprove, .stopRefuse: try await stopDecide(request)
    default: try await stopCorrections(request)
    }
  }

  /// A page of corrections; `next` is the number after which the next page begins.
  private func stopCorrections(_ request: WebRequest) async throws -> Answer {
    let limit =
      try request.queryInt("limit", in: 1...StopCorrectionTables.pageMax)
      ?? StopCorrectionTables.pageMax
    var state: StopCorrectionState?
    if let word = request.queryText("state") {
      state = StopCorrectionState(rawValue: word)
      guard state != nil else {
        let known = StopCorrectionState.allCases.map(\.rawValue).joined(separator: ", ")
        throw Problem.badParameter("state", "\(word) is none of \(known)")
      }
    }
    let before = try request.queryInt("before", in: 0...Int.max).map { Int64($0) }
    let rows = try await services.stopCorrections.list(
      state: state, device: request.queryText("device"), before: before, limit: limit)
    return .json { writer in
      writer.beginObject()
      writer.list("corrections", rows) { writer, row in writer.members(of: row) }
      writer.member("next", orNull: rows.count == limit ? rows.last?.id : nil)
      writer.endObject()
    }
  }

  private func stopCorrect(_ request: WebRequest) async throws -> Answer {
    let order = try Self.correction(request, isWithdrawal: request.endpoint == .stopWithdraw)
    return Self.answer(
      try await services.stopCorrections.correct(
        order.name, to: order.stop, isOffRoute: order.isOffRoute, reason: order.reason,
        by: try Self.bearer(request), at: request.receivedAt))
  }

  private func stopDecide(_ request: WebRequest) async throws -> Answer {
    let text = try request.parameter("id")
    guard let id = Int64(text) else {
      throw Problem(
        .notFound, "correction_unknown", "There is no correction \(text.prefix(40)).")
    }
    return Self.answer(
      try await services.stopCorrections.decide(
        id, isApproved: request.endpoint == .stopApprove, by: try Self.bearer(request),
        at: request.receivedAt))
  }

  private static func answer(_ row: StopCorrectionRow) -> Answer {
    .json(row.state == .requested ? .accepted : .ok) { writer in
      writer.beginObject()
      writer.members(of: row)
      writer.endObject()
    }
  }

  private static func correction(
    _ request: WebRequest, isWithdrawal: Bool
  ) throws(Problem) -> (name: TapName, stop: String?, isOffRoute: Bool, reason: String) {
    var texts: [String: String] = [:]
    var numbers: [String: Int64] = [:]
    var isOffRoute = false
    try request.readObject { reader, key throws(JSONFault) in
      switch key {
      case "device", "reason": texts[key] = try reader.string()
      case "epoch", "seq": numbers[key] = try reader.int64()
      case "stop" where !isWithdrawal: texts[key] = try reader.string()
      case "off_route" where !isWithdrawal: isOffRoute = try reader.bool()
      default: return false
      }
      return true
    }
    guard let device = texts["device"] else { throw .missingMember("device") }
    guard let epoch = numbers["epoch"] else { throw .missingMember("epoch") }
    guard let seq = numbers["seq"] else { throw .missingMember("seq") }
    guard let reason = texts["reason"] else { throw .missingMember("reason") }
    guard isWithdrawal || texts["stop"] != nil else { throw .missingMember("stop") }
    return (
      TapName(device: device, epoch: epoch, seq: seq), texts["stop"], isOffRoute, reason
    )
  }
}

extension JSONWriter {
  fileprivate mutating func members(of row: StopCorrectionRow) {
    member("correction", row.id)
    member("device", row.tap.device)
    member("epoch", row.tap.epoch)
    member("seq", row.tap.seq)
    member("fare_day", row.fareDay.description)
    member("from_stop", orNull: row.fromStop)
    member("stop", orNull: row.stop)
    member("off_route", row.isOffRoute)
    member("reason", row.reason)
    member("change_minor", row.changeMinor)
    member("state", row.state.rawValue)
    member("requested_by", row.requestedBy.label)
    member("requested_at", row.requestedAt.description)
    member("decided_by", orNull: row.decidedBy?.label)
    member("decided_at", orNull: row.decidedAt?.description)
  }
}
