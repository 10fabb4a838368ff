import Basics
import HTTPTypes
import Intake
import Store
import Tapping
import Transit

/// The deny list, for those who look after it.
extension Handlers {
  /// Most media of one request.
  static let denyListMediaMax = 1000

  /// Why media are on the list, the newest first.
  func denyListEntries(_ request: WebRequest) async throws -> Answer {
    var medium: MediumID?
    if let text = request.queryText("medium") {
      guard let id = MediumID(text) else {
        throw Problem.badParameter("medium", "\(text) is not the UUID of a medium")
      }
      medium = id
    }
    let isHistory = try request.queryFlag("history")
    let limit =
      try request.queryInt("limit", in: 1...DenyListQueries.causesMax)
      ?? DenyListQueries.causesMax
    let wanted = medium
    let (head, causes) = try await services.store.read { db in
      (
        try await db.denyList.head(),
        try await db.denyList.causes(medium: wanted, holdingOnly: !isHistory, limit: limit)
      )
    }
    return .json { writer in
      writer.beginObject()
      writer.member("version", head.version)
      writer.member("count", head.count)
      writer.list("entries", causes) { writer, cause in
        writer.member("medium", cause.medium.description)
        writer.member("kind", cause.kind.rawValue)
        writer.member("reason", cause.reason)
        writer.member("note", orNull: cause.note)
        writer.member("denied_at", cause.deniedAt.description)
        writer.member("denied_by", cause.deniedBy)
        writer.member("lifted_at", orNull: cause.liftedAt?.description)
        writer.member("lifted_by", orNull: cause.liftedBy)
      }
      writer.endObject()
    }
  }

  func denyListAdd(_ request: WebRequest) async throws -> Answer {
    let order = try Self.denyOrder(request)
    guard let reason = order.reason else { throw Problem.missingMember("reason") }
    let by = Self.name(of: request.caller)
    let version = try await services.store.write { db in
      try await db.denyList.deny(
        media: order.media, reason: reason, note: order.note, by: by, at: request.receivedAt)
    }
    return try await denyListChanged(to: version)
  }

  func denyListLift(_ request: WebRequest) async throws -> Answer {
    let order = try Self.denyOrder(request)
    let by = Self.name(of: request.caller)
    let version = try await services.store.write { db in
      try await db.denyList.allow(
        media: order.media, reason: order.reason, note: order.note, by: by,
        at: request.receivedAt)
    }
    return try await denyListChanged(to: version)
  }

  private func denyListChanged(to version: Int64) async throws -> Answer {
    services.denyList.invalidate()
    _ = try await services.denyList.current(from: services.store)
    return .json { writer in
      writer.beginObject()
      writer.member("version", version)
      writer.endObject()
    }
  }

  private struct DenyOrder: Sendable {
    var media: [MediumID] = []
    var reason: String?
    var note: String?
  }

  private static func denyOrder(_ request: WebRequest) throws(Problem) -> DenyOrder {
    var order = DenyOrder()
    try request.readObject { reader, key throws(JSONFault) in
      switch key {
      case "media":
        try reader.beginArray()
        while try reader.nextElement() {
          let text = try reader.string()
          guard let medium = MediumID(text) else {
            throw reader.fault("\(text) is not the UUID of a medium")
          }
          order.media.append(medium)
        }
      case "reason": order.reason = try reader.stringOrNil()
      case "note": order.note = try reader.stringOrNil()
      default: return false
      }
      return true
    }
    guard (1...denyListMediaMax).contains(order.media.count) else {
      throw Problem(
        .unprocessableContent, "media_count", "Name 1 to \(denyListMediaMax) media.",
        pointer: "/media")
    }
    if let reason = order.reason, !DenyListQueries.isReason(reason) {
      throw Problem(
        .unprocessableContent, "bad_reason",
        "A reason is a word of 1 to 32 small letters and _, such as debt or lost.",
        pointer: "/reason")
    }
    if let note = order.note, note.utf8.count > QuarantineDecision.reasonBytesMax {
      throw Problem(
        .unprocessableContent, "note_too_long",
        "A note has at most \(QuarantineDecision.reasonBytesMax) bytes.", pointer: "/note")
    }
    return order
  }

  /// A page of validators that do not hold the newest list yet; `next` names the last of them when there are more.
  func denyListBehind(_ request: WebRequest) async throws -> Answer {
    let limitMax = DenyListQueries.behindMax
    let limit = try request.queryInt("limit", in: 1...limitMax) ?? limitMax
    let after = request.queryText("after") ?? ""
    let (head, devices) = try await services.store.read { db in
      (try await db.denyList.head(), try await db.denyList.behind(after: after, limit: limit))
    }
    return .json { writer in
      writer.beginObject()
      writer.member("version", head.version)
      writer.list("devices", devices) { writer, device in
        writer.member("device", device.device)
        writer.member("held_version", orNull: device.heldVersion)
        writer.member("held_since", orNull: device.heldSince?.description)
        writer.member("last_seen_at", orNull: device.lastSeenAt?.description)
      }
      writer.member("next", orNull: devices.count == limit ? devices.last?.device : nil)
      writer.endObject()
    }
  }

  /// The newest versions, and how fast they reached the validators.
  func denyListVersions(_ request: WebRequest) async throws -> Answer {
    let limit = try request.queryInt("limit", in: 1...100) ?? 20
    let versions = try await services.store.read { db in
      try await db.denyList.versions(limit: limit)
    }
    return .json { writer in
      writer.beginObject()
      writer.list("versions", versions) { writer, version in
        writer.member("version", version.version)
        writer.member("made_at", version.madeAt.description)
        writer.member("added", version.added)
        writer.member("removed", version.removed)
        writer.member("devices_reached", version.devicesReached)
        writer.member("devices_active", version.devicesActive)
        writer.member("latency_p50_seconds", orNull: version.latencyP50)
        writer.member("latency_p95_seconds", orNull: version.latencyP95)
        writer.member("latency_max_seconds", orNull: version.latencyMax)
      }
      writer.endObject()
    }
  }

  /// Whether the medium of a tap was on the list that its validator used, and on the newest one of then.
  func tapListing(_ request: WebRequest) async throws -> Answer {
    let name = TapName(
      device: try request.requireQuery("device"),
      epoch: try Self.number(request, "epoch"), seq: try Self.number(request, "seq"))
    let found = try await services.store.read { db in try await db.tapAudit.listing(of: name) }
    guard let found else {
      throw Problem(
        .notFound, "tap_unknown",
        "No tap \(name.seq) of epoch \(name.epoch) of device \(name.device) has reached a rider.")
    }
    return .json { writer in
      writer.beginObject()
      writer.member("at", found.at.description)
      writer.member("medium", found.medium.rawValue)
      writer.member("accepted", found.isAccepted)
      writer.member("deny_reason", orNull: found.denyReason)
      writer.member("newest_known", found.isNewestKnown)
      writer.denyList("used", found.used)
      writer.denyList("newest", found.newest)
      writer.endObject()
    }
  }
}

extension JSONWriter {
  /// A version of the deny list, and whether the medium was on it.
  fileprivate mutating func denyList(_ name: String, _ list: TapListing.List?) {
    key(name)
    guard let list else {
      null()
      return
    }
    beginObject()
    member("version", list.version)
    member("made_at", orNull: list.madeAt?.description)
    key("listed")
    if let isListed = list.isListed { value(isListed) } else { null() }
    endObject()
  }
}
