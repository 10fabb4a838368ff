import Basics
import HTTPTypes
import Intake
import Store
import Tapping
import Tariff

/// What validators ask and tell about themselves.
extension Handlers {
  /// Most epochs that a validator is told of: its newest.
  private static let ownEpochsMax = 100
  /// Most holes of each that it is told of, the oldest first.
  private static let ownMissingMax = SequenceRanges.missingRangesMax

  /// What a validator asks about itself; it signs the path with its query and the time, for there is no body.
  func deviceSelf(_ request: WebRequest) async throws -> Answer {
    let admitted = try await signedTarget(request)
    let device = admitted.device
    let (registers, assignments) = try await services.store.read { db in
      (
        try await db.devices.registers(of: [device.id], limit: Self.ownEpochsMax),
        try await db.deviceAssignments.find(device.id)
      )
    }
    let facts = services.facts()
    let holding = assignments.entries.first { $0.holds(at: request.receivedAt) }
    let next = nextTariff(after: request.receivedAt)
    return .json { writer in
      writer.beginObject()
      writer.member("device", device.id)
      writer.member("vehicle", orNull: holding?.place.vehicle)
      writer.member("stop", orNull: holding?.place.stop)
      writer.member("assigned_until", orNull: holding?.to?.description)
      writer.member("state", device.state.rawValue)
      writer.member("server_time", facts.serverTime.description)
      writer.member("tariff_version", orNull: facts.tariffVersion)
      writer.member("next_tariff_version", orNull: next?.version)
      writer.member("next_tariff_from", orNull: next?.from.description)
      writer.member("deny_list_version", orNull: facts.denyListVersion)
      writer.member("epoch_from", admitted.key.epochFirst)
      writer.member("wants_key", device.rotationDueSince != nil)
      writer.member("epochs", objects: registers) { writer, register in
        writer.member("epoch", register.epoch)
        writer.member("taps_stored", register.tapsStored)
        writer.key("missing")
        writer.ranges(SequenceRanges(register.seen).gaps(countMax: Self.ownMissingMax))
      }
      writer.endObject()
    }
  }

  private func nextTariff(after moment: Instant) -> (version: String, from: Day)? {
    let city = services.city.current
    let today = city.fareDay(of: moment)
    return city.book?.versions.first { $0.firstDay > today }.map { ($0.version, $0.firstDay) }
  }

  /// The sender of a request without a body, who signs the path with its query and the time.
  func signedTarget(
    _ request: WebRequest
  ) async throws(IntakeRefusal) -> DeviceGate.Admitted {
    try await services.gate.admitQuestion(
      request.target, timeHeader: request.headers[.kvytokTime],
      deviceHeader: request.headers[.kvytokDevice],
      signatureHeader: request.headers[.kvytokSignature], at: request.receivedAt)
  }

  func deviceHeartbeat(_ request: WebRequest) async throws -> Answer {
    let outcome = await services.heartbeats.accept(
      body: request.body, deviceHeader: request.headers[.kvytokDevice],
      signatureHeader: request.headers[.kvytokSignature], receivedAt: request.receivedAt)
    switch outcome {
    case .refusal(let refusal): throw Problem(refusal)
    case .answer(let answer):
      let facts = services.facts()
      return .json { writer in
        writer.beginObject()
        writer.member("server_time", facts.serverTime.description)
        writer.member("tariff_version", orNull: facts.tariffVersion)
        writer.member("deny_list_version", orNull: facts.denyListVersion)
        writer.member("vehicle", orNull: answer.place?.vehicle)
        writer.member("stop", orNull: answer.place?.stop)
        writer.member("wants_key", answer.wantsKey)
        writer.endObject()
      }
    }
  }

  /// A device gives another key: signed with the one it has, and with the new one.
  func deviceKeys(_ request: WebRequest) async throws -> Answer {
    let admitted = try await services.gate.admitInPlace(
      request.body, deviceHeader: request.headers[.kvytokDevice],
      signatureHeader: request.headers[.kvytokSignature], at: request.receivedAt)
    var texts: [String: String] = [:]
    try request.readObject { reader, name throws(JSONFault) in
      guard ["device", "public_key", "proof"].contains(name) else { return false }
      texts[name] = try reader.string()
      return true
    }
    for name in ["device", "public_key", "proof"] where texts[name] == nil {
      throw Problem.missingMember(name)
    }
    let device = admitted.device
    guard texts["device"] == device.id else {
      throw Problem(
        .unprocessableContent, "device_mismatch",
        "The body must name the device of the header Kvytok-Device.", pointer: "/device")
    }
    guard let key = texts["public_key"].flatMap({ Base64.decode($0, .standard) }),
      key.count == Ed25519.keyByteCount
    else {
      throw Problem(
        .badRequest, "key_malformed",
        "public_key is the base64 of the 32 bytes of an Ed25519 key.", pointer: "/public_key")
    }
    guard let proof = texts["proof"].flatMap({ Base64.decode($0, .standard) }),
      Ed25519.verify(
        publicKey: key, signature: proof,
        message: KeyRotationProof.message(device: device.id, publicKey: key))
    else {
      throw Problem(
        .unprocessableContent, "proof_wrong",
        "proof is not the new key's signature over kvytok-key:<device>:<public_key>.",
        pointer: "/proof")
    }
    // The key that leaves may not call another one in while it is only in overlap.
    guard admitted.publicKey == device.publicKey || key == device.publicKey else {
      throw Problem(
        .conflict, "key_not_current",
        "Sign with the key in use: this one is in overlap only, after a rotation.")
    }
    return try Self.answer(
      try await services.desk.rotate(
        device.id, publicKey: key, by: .device, at: request.receivedAt), of: device.id)
  }

  /// The deny list, whole or since a version, as JSON or bytes; 304 when there is nothing new.
  func denyListFetch(_ request: WebRequest) async throws -> Answer {
    let admitted = try await signedTarget(request)
    let since = try request.queryInt("since", in: 0...Int.max).map { Int64($0) }
    let types = ["application/json", "application/octet-stream"]
    guard let type = request.preferredType(types) else {
      throw Problem(
        .notAcceptable, "not_acceptable", "Accept \(types.joined(separator: " or ")).")
    }
    let whole = try await services.denyList.current(from: services.store)
    let file = try await services.denyList.file(since: since, from: services.store)
    let version = file?.version ?? whole.version
    let named = request.headers[.ifNoneMatch].map(DenyListTag.all) ?? []
    // What is sent now may not arrive: a device holds what it names itself.
    if let held = (named.map(\.version) + [since].compactMap { $0 }).max() {
      try await note(held, heldBy: admitted.device.id, at: request.receivedAt)
    }
    let tag = DenyListTag(
      version: version, since: file?.since ?? 0, format: type == types[0] ? "json" : "bin")
    let isKnown = named.contains(tag)
    guard let file, !isKnown else {
      var answer = Answer(.notModified, contentType: type, body: [])
      answer.headers[.eTag] = tag.text
      return answer
    }
    var answer = Answer(contentType: type, body: tag.format == "json" ? file.json : file.binary)
    answer.headers[.eTag] = tag.text
    answer.headers[.cacheControl] = "private, no-cache"
    return answer
  }

  private func note(_ version: Int64, heldBy device: String, at moment: Instant) async throws {
    guard version > 0 else { return }
    let sighting = DenyListSighting(
      device: device, version: version, at: moment, source: .fetch)
    // Most devices ask for what they have: the read is cheaper than a row that is there.
    let isKnown = try await services.store.read { db in
      try await db.denyList.sightings(of: device, limit: 1).first.map { $0.version >= version }
        ?? false
    }
    guard !isKnown else { return }
    let latencies = try await services.store.write { db in
      try await db.denyList.note([sighting])
    }
    services.denyList.record(latencies)
  }
}

extension JSONWriter {
  /// Writes a number that may be null.
  mutating func member(_ name: String, orNull number: Int64?) {
    key(name)
    if let number { value(number) } else { null() }
  }

  /// Writes a number that may be null.
  mutating func member(_ name: String, orNull number: Double?) {
    key(name)
    if let number { value(number) } else { null() }
  }
}
