import Basics
import Clearing
import HTTPTypes
import Intake
import Store
import Tapping

/// The lives of validators, for those who look after them.
extension Handlers {
  func deviceStep(_ request: WebRequest, _ event: DeviceEvent) async throws -> Answer {
    let id = try request.parameter("id")
    return try Self.answer(
      try await services.desk.step(event, id, by: Self.actor(request), at: request.receivedAt),
      of: id, state: event)
  }

  func deviceRotate(_ request: WebRequest) async throws -> Answer {
    let id = try request.parameter("id")
    let days =
      try request.queryInt("overlap_days", in: 0...DeviceDesk.overlapDaysMax)
      ?? DeviceDesk.overlapDays
    return try Self.answer(
      try await services.desk.orderRotation(
        id, overlapDays: days, by: Self.actor(request), at: request.receivedAt), of: id)
  }

  func deviceReplace(_ request: WebRequest) async throws -> Answer {
    let id = try request.parameter("id")
    return try Self.answer(
      try await services.desk.orderReplacement(
        id, random: services.randomBytes(DeviceDesk.secretRandomBytesCount),
        by: Self.actor(request), at: request.receivedAt), of: id)
  }

  func deviceAssign(_ request: WebRequest) async throws -> Answer {
    let id = try request.parameter("id")
    var names: [String: String] = [:]
    var times: [String: Instant] = [:]
    try request.readObject { reader, key throws(JSONFault) in
      switch key {
      case "vehicle", "stop", "reason": names[key] = try reader.stringOrNil()
      case "from", "until": if !reader.takeNull() { times[key] = try reader.instant() }
      default: return false
      }
      return true
    }
    let place = try Self.place(vehicle: names["vehicle"], stop: names["stop"])
    let from = times["from"] ?? request.receivedAt
    if let until = times["until"], until <= from {
      throw Problem(
        .unprocessableContent, "span_empty", "until must be later than from.", pointer: "/until")
    }
    let (city, isChecked) = try await cityKnowing(place)
    let actor = Self.actor(request, reason: names["reason"])
    let until = times["until"]
    let outcome = try await services.pastChanges.change(
      .place(of: id, place, from: from, until: until), by: try Self.bearer(request),
      at: request.receivedAt
    ) { gate in
      try await services.desk.assign(
        id, to: place, from: from, until: until,
        days: { city.fareDay(of: $0)...city.fareDay(of: $1) }, through: PlaceGate(gate),
        by: actor, at: request.receivedAt)
    }
    switch outcome {
    case .waits(let row): return Self.waits(row)
    case .done(let step):
      return try Self.answer(step, of: id, warning: isChecked ? nil : Self.stopNotChecked)
    }
  }

  private static let stopNotChecked =
    "No network is imported yet, so nobody could say whether it has this stop."

  /// The city, when it has the stop of a place; and whether it could say so.
  ///
  /// A stop that is misspelt would take the place of the right one on every tap.
  private func cityKnowing(_ place: DevicePlace?) async throws -> (city: City, isChecked: Bool) {
    // Another process may have imported a network of which this one did not hear yet.
    if services.city.current.knowledge(of: place) != .known {
      try await services.city.reload(from: services.store)
    }
    let city = services.city.current
    switch city.knowledge(of: place) {
    case .known: return (city, true)
    case .unchecked: return (city, false)
    case .unknown:
      throw Problem(
        .unprocessableContent, "stop_unknown",
        "Neither the network nor a tariff has a stop \(place?.stop ?? "") (stop_id); import the network "
          + "of a new stop first.", pointer: "/stop")
    }
  }

  static func badPlaceName(_ member: String) -> Problem {
    Problem(
      .unprocessableContent, "bad_name",
      "A name has 1 to \(TapLimits.textBytesMax) bytes.", pointer: "/\(member)")
  }

  private static func place(vehicle: String?, stop: String?) throws -> DevicePlace? {
    for (name, text) in [("vehicle", vehicle), ("stop", stop)] {
      guard let text else { continue }
      guard DevicePlace.isGoodName(text) else { throw badPlaceName(name) }
    }
    switch (vehicle, stop) {
    case (let vehicle?, nil): return .vehicle(vehicle)
    case (nil, let stop?): return .stop(stop)
    case (nil, nil): return nil
    case (.some, .some):
      throw Problem(
        .unprocessableContent, "two_places", "A device is in a vehicle or at a stop, not both.",
        pointer: "/stop")
    }
  }

  func deviceShow(_ request: WebRequest) async throws -> Answer {
    let id = try request.parameter("id")
    guard let file = try await services.desk.file(of: id, at: request.receivedAt) else {
      throw Problem(DeviceLifeRefusal.deviceUnknown)
    }
    return .json { writer in writer.deviceFile(file) }
  }

  /// Who asks, for the record.
  static func actor(_ request: WebRequest, reason: String? = nil) -> DeviceActor {
    DeviceActor(name(of: request.caller), reason: reason ?? request.queryText("reason"))
  }

  static func name(of caller: AccessGrant?) -> String {
    caller.map { "\($0.label) (\($0.role.rawValue))" } ?? "nobody"
  }

  static func answer(
    _ outcome: DeviceStepOutcome, of id: String, state event: DeviceEvent? = nil,
    warning: String? = nil
  ) throws -> Answer {
    let states: [DeviceEvent: DeviceState] = [
      .revoke: .revoked, .suspend: .suspended, .resume: .active,
    ]
    if case .refused(let refusal) = outcome { throw Problem(refusal) }
    return .json { writer in
      writer.beginObject()
      writer.member("device", id)
      if let state = event.flatMap({ states[$0] }) { writer.member("state", state.rawValue) }
      writer.member("changed", outcome != .already)
      if case .done(let secret, let staleTaps) = outcome {
        if let secret { writer.member("secret", secret) }
        if staleTaps > 0 { writer.member("taps_moved", staleTaps) }
      }
      if let warning { writer.member("warning", warning) }
      writer.endObject()
    }
  }
}

extension JSONWriter {
  /// Writes the members of a device in a list.
  mutating func deviceMembers(_ standing: DeviceStanding) {
    member("device", standing.device.id)
    member("vehicle", orNull: standing.place?.vehicle)
    member("stop", orNull: standing.place?.stop)
    member("state", standing.device.state.rawValue)
    member("enrolled_at", standing.device.enrolledAt.description)
    member("last_seen_at", orNull: standing.lastSeenAt?.description)
    member("unheard_since_replacement", standing.isUnheardReplacement)
    member("taps_stored", standing.tapsStored)
    member("conflicts", standing.conflicts)
    key("missing")
    ranges(standing.gaps.prefix(DeviceStanding.gapsToldMax).map(\.seqs))
    key("heartbeat")
    if let beat = standing.heartbeat { heartbeat(beat) } else { null() }
  }

  private mutating func heartbeat(_ record: HeartbeatRecord) {
    let beat = record.beat
    beginObject()
    member("received_at", record.receivedAt.description)
    member("sent_at", beat.sentAt.description)
    member("offset_ms", record.offsetMicroseconds / 1000)
    member("software", orNull: beat.software)
    member("configuration", orNull: beat.configuration)
    member("tariff_version", orNull: beat.tariffVersion)
    member("deny_list_version", orNull: beat.denyListVersion)
    member("last_epoch", orNull: beat.lastEpoch)
    member("last_seq", orNull: beat.lastSeq)
    member("last_tap_at", orNull: beat.lastTapAt?.description)
    member("battery_percent", orNull: beat.batteryPercent.map { Int64($0) })
    member("free_bytes", orNull: beat.freeBytes)
    member("clock_offset_ms", orNull: beat.clockOffsetMilliseconds)
    endObject()
  }

  fileprivate mutating func deviceFile(_ file: DeviceFile) {
    let device = file.standing.device
    beginObject()
    deviceMembers(file.standing)
    member("replacing_since", orNull: device.replacingSince?.description)
    member("rotation_due_since", orNull: device.rotationDueSince?.description)
    list("keys", device.keys) { writer, key in
      writer.member("public_key", Base64.encode(key.publicKey, .standard))
      writer.member("name", EvidenceKey.name(key.publicKey))
      writer.member("in_use", key.publicKey == device.publicKey)
      writer.member("valid_from", key.validFrom.description)
      writer.member("accepted_until", orNull: key.acceptedUntil?.description)
      writer.member("epochs_from", key.epochsFrom)
      writer.member("epoch_first", key.epochFirst)
      writer.member("epochs_before", orNull: key.epochsBefore)
      writer.member("end_reason", orNull: key.endReason)
    }
    list("assignments", file.assignments.entries) { writer, entry in
      writer.member("vehicle", orNull: entry.place.vehicle)
      writer.member("stop", orNull: entry.place.stop)
      writer.member("from", entry.from.description)
      writer.member("until", orNull: entry.to?.description)
    }
    list("epochs", file.standing.registers) { writer, register in
      writer.member("epoch", register.epoch)
      writer.member("taps_stored", register.tapsStored)
      writer.member("duplicates", register.duplicates)
      writer.member("conflicts", register.conflicts)
      writer.member("quarantined", register.quarantined)
      writer.member("last_received_at", register.lastReceivedAt.description)
    }
    list("clock", file.clock) { writer, offset in
      writer.member("offset_ms", offset.microseconds / 1000)
      writer.member("correction_seconds", offset.correctionSeconds)
    }
    list("deny_lists", file.denyLists) { writer, sighting in
      writer.member("version", sighting.version)
      writer.member("seen_at", sighting.at.description)
      writer.member("source", sighting.source.rawValue)
      writer.member("seconds", orNull: sighting.seconds)
    }
    list("life", file.events) { writer, event in
      writer.member("at", event.at.description)
      writer.member("event", event.event.rawValue)
      writer.member("by", event.by)
      writer.member("reason", orNull: event.reason)
      writer.member("detail", orNull: event.detail)
    }
    endObject()
  }

  /// Writes a list of objects.
  mutating func list<Item>(
    _ name: String, _ items: some Sequence<Item>, _ write: (inout JSONWriter, Item) -> Void
  ) {
    key(name)
    beginArray()
    for item in items {
      beginObject()
      write(&self, item)
      endObject()
    }
    endArray()
  }
}
