import Basics
import Clearing
import HTTPTypes
import Insight
import Store
import Tapping

/// What whoever watches over the fleet asks.
extension Handlers {
  func fleetSilent(_ request: WebRequest) async throws -> Answer {
    let seconds =
      try request.queryInt("seconds", in: 60...86_400).map { Int64($0) }
      ?? InsightDesk.silentSecondsMax
    let silent = try await services.insight.silentDevices(
      at: request.receivedAt, silentSeconds: seconds,
      after: try Self.silentPlace(request, "after"))
    let isCut = silent.count >= InsightDesk.silentMax
    var answer = Answer.json { writer in
      writer.beginObject()
      writer.list("devices", silent) { writer, device in
        writer.member("device", device.device)
        writer.member("vehicle", device.vehicle)
        writer.member("last_contact_at", orNull: device.lastContactAt?.description)
        writer.member("unheard_since_replacement", device.isUnheardReplacement)
        writer.member("vehicle_seen_at", device.vehicleSeenAt.description)
        writer.member("moved_m", Int64(device.movedMetres.rounded()))
      }
      writer.member("next", orNull: isCut ? silent.last.map { $0.place.pageText } : nil)
      writer.endObject()
    }
    if isCut { answer.headers[.kvytokCut] = "device" }
    return answer
  }

  func fleetGaps(_ request: WebRequest) async throws -> Answer {
    let days = try request.queryInt("closed_days", in: 1...366)
    let gaps = try await services.insight.agedGaps(
      device: request.queryText("device"),
      closedSince: days.map { request.receivedAt.adding(seconds: -Int64($0) * 86_400) },
      at: request.receivedAt, after: try Self.gapPlace(request, "after"))
    let isCut = gaps.count >= FleetQueries.linesMax
    var answer = Answer.json { writer in
      writer.beginObject()
      writer.list("gaps", gaps) { writer, aged in
        writer.member("device", aged.gap.device)
        writer.member("epoch", aged.gap.epoch)
        writer.member("first", aged.gap.seqs.lowerBound)
        writer.member("last", aged.gap.seqs.upperBound)
        writer.member("known_since", aged.gap.knownSince.description)
        writer.member("closed_at", orNull: aged.gap.closedAt?.description)
        writer.member("age_seconds", Int64(aged.ageSeconds))
      }
      writer.member("next", orNull: isCut ? gaps.last.map { $0.gap.place.pageText } : nil)
      writer.endObject()
    }
    if isCut { answer.headers[.kvytokCut] = "gap" }
    return answer
  }

  /// The number after which a page begins; nil for the first.
  static func idAfter(_ request: WebRequest, _ parameter: String) throws(Problem) -> Int64? {
    try request.queryInt(parameter, in: 0...Int.max).map { Int64($0) }
  }

  /// The silent validator that a parameter of the query names, as an answer gave it.
  static func silentPlace(
    _ request: WebRequest, _ parameter: String
  ) throws(Problem) -> SilentPlace? {
    guard let text = request.queryText(parameter) else { return nil }
    guard let place = SilentPlace(pageText: text) else {
      throw .badParameter(parameter, "\(text) is not what an answer gave as `next`")
    }
    return place
  }

  /// The hole that a parameter of the query names, as an answer gave it.
  static func gapPlace(
    _ request: WebRequest, _ parameter: String
  ) throws(Problem) -> GapPlace? {
    guard let text = request.queryText(parameter) else { return nil }
    guard let place = GapPlace(pageText: text) else {
      throw .badParameter(parameter, "\(text) is not what an answer gave as `next`")
    }
    return place
  }

  /// A page of conflicts; `next` names the last of them when there are more.
  func fleetConflicts(_ request: WebRequest) async throws -> Answer {
    let limit = try request.queryInt("limit", in: 1...1000) ?? InsightDesk.conflictsMax
    let conflicts = try await services.insight.conflicts(
      device: request.queryText("device"),
      after: try Self.idAfter(request, "after"),
      tokenKey: services.tokenKey, limit: limit)
    return .json { writer in
      writer.beginObject()
      writer.list("conflicts", conflicts) { writer, conflict in
        writer.member("conflict", conflict.row.conflictID)
        writer.member("device", conflict.row.name.device)
        writer.member("epoch", conflict.row.name.epoch)
        writer.member("seq", conflict.row.name.seq)
        writer.member("kept_batch", orNull: conflict.row.keptBatchID)
        writer.member("kept_received_at", orNull: conflict.row.keptReceivedAt?.description)
        writer.key("kept")
        if let kept = conflict.keptContent { writer.raw(kept) } else { writer.null() }
        writer.member("kept_deny_list_version", orNull: conflict.keptDenyList)
        writer.member("other_batch", orNull: conflict.otherBatchID)
        writer.member("other_received_at", conflict.row.otherReceivedAt.description)
        writer.key("other")
        writer.raw(conflict.row.otherContent)
        writer.member("other_deny_list_version", orNull: conflict.otherDenyList)
      }
      writer.member(
        "next", orNull: conflicts.count == limit ? conflicts.last?.row.conflictID : nil)
      writer.endObject()
    }
  }

  /// A tap with the signed batch it came in: a file that stands for itself.
  func evidence(_ request: WebRequest) async throws -> Answer {
    let name = TapName(
      device: try request.requireQuery("device"),
      epoch: try Self.number(request, "epoch"), seq: try Self.number(request, "seq"))
    let conflict =
      request.queryText("conflict") == nil ? nil : try Self.number(request, "conflict")
    guard
      let evidence = try await services.insight.evidence(
        of: name, conflict: conflict, at: request.receivedAt)
    else {
      let content = conflict.map { " with the other content of conflict \($0)" } ?? ""
      throw Problem(
        .notFound, "tap_unknown",
        "No batch of device \(name.device) brought tap \(name.seq) of epoch \(name.epoch)\(content)."
      )
    }
    return .json(evidence.json)
  }

  static func number(_ request: WebRequest, _ name: String) throws(Problem) -> Int64 {
    _ = try request.requireQuery(name)
    return Int64(try request.queryInt(name, in: 0...Int.max) ?? 0)
  }
}

extension TapName {
  /// How an answer names it where its next page begins after it.
  var pageText: String { "\(device)/\(epoch)/\(seq)" }
}

/// Impossible taps, and what persons decide about them.
extension Handlers {
  /// A page of taps; `next` names the last of them when there are more.
  func quarantineList(_ request: WebRequest) async throws -> Answer {
    let limit =
      try request.queryInt("limit", in: 1...QuarantineQueries.pageMax)
      ?? QuarantineQueries.pageMax
    let word = request.queryText("state") ?? QuarantineState.held.rawValue
    let state = QuarantineState(rawValue: word)
    guard state != nil || word == "all" else {
      throw Problem.badParameter("state", "\(word) is none of held, released, discarded, all")
    }
    let taps = try await services.quarantine.list(
      state: state, device: request.queryText("device"), after: try Self.tapName(request, "after"),
      limit: limit)
    return .json { writer in
      writer.beginObject()
      writer.list("taps", taps) { writer, tap in writer.members(of: tap) }
      writer.member(
        "next",
        orNull: taps.count == limit ? taps.last.map { $0.name.pageText } : nil)
      writer.endObject()
    }
  }

  /// The tap that a parameter of the query names, as an answer gave it.
  static func tapName(
    _ request: WebRequest, _ parameter: String
  ) throws(Problem) -> TapName? {
    guard let text = request.queryText(parameter) else { return nil }
    let parts = text.split(separator: "/")
    guard parts.count == 3, let epoch = Int64(parts[1]), let seq = Int64(parts[2]) else {
      throw .badParameter(parameter, "\(text) is not device/epoch/seq as an answer gave it")
    }
    return TapName(device: String(parts[0]), epoch: epoch, seq: seq)
  }

  func quarantineRelease(_ request: WebRequest) async throws -> Answer {
    let order = try Self.order(request)
    let tap = try await services.quarantine.release(
      order.name, correction: order.correction, by: Self.name(of: request.caller),
      reason: order.reason, at: request.receivedAt)
    return .json { writer in
      writer.beginObject()
      writer.members(of: tap)
      writer.endObject()
    }
  }

  func quarantineDiscard(_ request: WebRequest) async throws -> Answer {
    let order = try Self.order(request)
    let tap = try await discard(order, by: Self.name(of: request.caller), at: request.receivedAt)
    return .json { writer in
      writer.beginObject()
      writer.members(of: tap)
      writer.endObject()
    }
  }

  /// Turns a tap down, as JSON or a form asks for it.
  func discard(
    _ order: QuarantineOrder, by: String, at moment: Instant
  ) async throws -> QuarantineRecord {
    guard order.correction == TapCorrection() else {
      throw Problem(
        .unprocessableContent, "nothing_to_correct",
        "A tap that is discarded takes no correction: leave at and riders out.")
    }
    return try await services.quarantine.discard(
      order.name, by: by, reason: order.reason, at: moment)
  }

  private static func order(_ request: WebRequest) throws(Problem) -> QuarantineOrder {
    var texts: [String: String] = [:]
    var numbers: [String: Int64] = [:]
    var correction = TapCorrection()
    try request.readObject { reader, key throws(JSONFault) in
      switch key {
      case "device", "reason": texts[key] = try reader.string()
      case "epoch", "seq": numbers[key] = try reader.int64()
      case "at": if !reader.takeNull() { correction.at = try reader.instant() }
      case "riders":
        correction.riders = try reader.int64OrNil().map { Int(clamping: $0) }
      default: return false
      }
      return true
    }
    guard let device = texts["device"] else { throw .missingMember("device") }
    guard let epoch = numbers["epoch"] else { throw .missingMember("epoch") }
    guard let seq = numbers["seq"] else { throw .missingMember("seq") }
    guard let reason = texts["reason"] else { throw .missingMember("reason") }
    return QuarantineOrder(
      name: TapName(device: device, epoch: epoch, seq: seq), correction: correction,
      reason: reason)
  }
}

/// What a person wants done about an impossible tap, and why.
struct QuarantineOrder {
  let name: TapName
  let correction: TapCorrection
  let reason: String
}

extension JSONWriter {
  fileprivate mutating func members(of tap: QuarantineRecord) {
    member("device", tap.name.device)
    member("epoch", tap.name.epoch)
    member("seq", tap.name.seq)
    member("code", tap.code)
    member("message", tap.message)
    key("content")
    raw(tap.content)
    member("received_at", tap.receivedAt.description)
    member("state", tap.state.rawValue)
    member("decided_at", orNull: tap.decidedAt?.description)
    member("decided_by", orNull: tap.decidedBy)
    member("reason", orNull: tap.reason)
    member("corrected_at", orNull: tap.correction.at?.description)
    member("corrected_riders", orNull: tap.correction.riders.map { Int64($0) })
    member("sorted_at", orNull: tap.sortedAt?.description)
  }
}
