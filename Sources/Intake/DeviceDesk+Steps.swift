package import Basics
package import Store
package import Tapping

/// The steps of a validator's life after it was registered.
extension DeviceDesk {
  /// Takes a step that needs nothing but who and why: suspend, resume, revoke, end old keys,
  /// cancel a replacement.
  package func step(
    _ event: DeviceEvent, _ id: String, by actor: DeviceActor, at moment: Instant
  ) async throws -> DeviceStepOutcome {
    try await run(event, id, by: actor, at: moment) { db, life, _ in
      switch event {
      case .revoke: _ = try await db.devices.revoke(id, at: moment)
      case .endOldKeys:
        let count = try await db.devices.endKeys(id, isCurrentKept: true, at: moment)
        return Step(detail: "\(count) keys ended")
      case .cancelReplacement: try await db.devices.dropSecret(of: id)
      default: try await db.devices.save(life, of: id, at: moment)
      }
      return Step()
    }
  }

  /// Asks a device for another key; it hears of it by its heartbeat.
  package func orderRotation(
    _ id: String, overlapDays: Int = overlapDays, by actor: DeviceActor, at moment: Instant
  ) async throws -> DeviceStepOutcome {
    try await run(.orderRotation, id, by: actor, at: moment) { db, life, _ in
      try await db.devices.save(life, of: id, overlapDays: overlapDays, at: moment)
      return Step(detail: "overlap \(overlapDays) days")
    }
  }

  /// Lets other hardware take the place of a device: the secret for it.
  ///
  /// The old hardware goes on to post until the new one comes, and what it still holds after that,
  /// in its own epochs.
  package func orderReplacement(
    _ id: String, random: [UInt8], by actor: DeviceActor, at moment: Instant
  ) async throws -> DeviceStepOutcome {
    let secret = Self.secret(random)
    let digest = SHA256Digest.hash(Array(secret.utf8))
    return try await run(.orderReplacement, id, by: actor, at: moment) { db, life, _ in
      try await db.devices.save(life, of: id, at: moment)
      try await db.devices.setSecret(of: id, digest: digest, at: moment)
      return Step(secret: secret)
    }
  }

  /// Makes another key the device's own; its old one goes on to verify for some days.
  ///
  /// The caller has proven that both keys agree. Without `overlapDays` what was ordered holds.
  package func rotate(
    _ id: String, publicKey: [UInt8], overlapDays: Int? = nil, by actor: DeviceActor,
    at moment: Instant
  ) async throws -> DeviceStepOutcome {
    try await run(.rotate, id, key: publicKey, by: actor, at: moment) { db, _, device in
      let days = overlapDays ?? device.rotationOverlapDays ?? Self.overlapDays
      let until = moment.adding(seconds: Int64(days) * 86_400)
      let current = device.keys.first { $0.publicKey == device.publicKey }
      try await db.devices.takeKey(
        id, publicKey, epochsFrom: current?.epochsFrom ?? 0,
        epochFirst: current?.epochFirst ?? 0, at: moment, keepsReplacement: true)
      try await db.devices.overlapOldKeys(id, until: until)
      return Step(detail: "key \(EvidenceKey.name(publicKey)), the old one until \(until)")
    }
  }

  /// Puts a device at a place, or at none, for a time; taps of that time that did not name their
  /// place move, and their days become stale.
  ///
  /// `days` gives the fare days that a span of time may touch. Where fares of riders rest on these taps, the
  /// place changes the past: it goes through the gate.
  package func assign(
    _ id: String, to place: DevicePlace?, from: Instant, until: Instant? = nil,
    days: @escaping @Sendable (Instant, Instant) -> ClosedRange<Day>,
    through gate: PlaceGate, by actor: DeviceActor, at moment: Instant
  ) async throws -> DeviceStepOutcome {
    try await run(.assign, id, by: actor, at: moment) { db, _, _ in
      let tables = db.deviceAssignments
      try await tables.holdSorting(of: id)
      let before = try await tables.find(id)
      let days = days(from, Self.end(of: until, from: from, at: moment))
      let moving = try await tables.riders(
        of: id, into: place?.vehicle, from: from, to: until, days: days,
        countMax: gate.ridersMax + 1)
      let change = PlaceChange(riders: moving.days, isOfVehicles: moving.isOfVehicles)
      var moved = 0
      try await gate.pass(change, db) {
        var assignments = before
        assignments.assign(place, from: from, to: until)
        try await tables.save(assignments, of: id)
        moved = try await tables.replaceTaps(
          of: id, from: from, to: until, days: days, at: moment)
      }
      let name =
        switch place {
        case .vehicle(let vehicle): "vehicle \(vehicle)"
        case .stop(let stop): "stop \(stop)"
        case nil: "nowhere"
        }
      return Step(
        detail: "\(name) from \(from)\(until.map { " until \($0)" } ?? "")"
          + (moved > 0 ? ", \(moved) taps moved" : ""), staleTaps: moved)
    }
  }

  /// Whether taps of riders would move with a place, so that it changes the past.
  package func movesRiders(
    _ id: String, from: Instant, until: Instant?,
    days: @Sendable (Instant, Instant) -> ClosedRange<Day>, at moment: Instant
  ) async throws -> Bool {
    let days = days(from, Self.end(of: until, from: from, at: moment))
    return try await store.read { db in
      let moving = try await db.deviceAssignments.riders(
        of: id, into: nil, from: from, to: until, days: days, countMax: 1)
      return !moving.days.isEmpty
    }
  }

  /// Until when taps may be there: a little ahead of our clock, as the clock rule allows.
  private static func end(of until: Instant?, from: Instant, at moment: Instant) -> Instant {
    let horizon = max(moment, from).adding(seconds: 2 * 86_400)
    return max(from, min(until ?? horizon, horizon))
  }

  /// What a step did beside changing where the device stands.
  private struct Step {
    var secret: String?
    var detail: String?
    var staleTaps = 0
  }

  /// Runs a step on the locked device when its life allows it, and writes it down.
  private func run(
    _ event: DeviceEvent, _ id: String, key: [UInt8]? = nil, by actor: DeviceActor,
    at moment: Instant,
    _ body: @Sendable (StoreSession, DeviceLife, DeviceRecord) async throws -> Step
  ) async throws -> DeviceStepOutcome {
    let outcome = try await store.write { db -> DeviceStepOutcome in
      let device = try await db.devices.findForUpdate(id)
      let knowledge = key.flatMap { device?.knowledge(of: $0) } ?? .fresh
      switch DeviceLife.decide(event, on: device?.life, key: knowledge) {
      case .refused(let refusal): return .refused(refusal)
      case .already: return .already
      case .step(let life, _):
        guard let device else { return .refused(.deviceUnknown) }
        let step = try await body(db, life, device)
        try await db.deviceLives.append(
          DeviceEventRecord(
            device: id, at: moment, event: event, by: actor.name, reason: actor.reason,
            detail: step.detail))
        return .done(secret: step.secret, staleTaps: step.staleTaps)
      }
    }
    changed(id)
    if case .done = outcome { note("device: \(event.rawValue)", id) }
    return outcome
  }
}

/// All that is known of one validator.
package struct DeviceFile: Sendable {
  package let standing: DeviceStanding
  package let assignments: DeviceAssignments
  /// Its life, the newest event first.
  package let events: [DeviceEventRecord]
  /// How its clock stood at its newest batches, the newest first.
  package let clock: [ClockOffset]
  package let denyLists: [DenyListSighting]
}

/// Questions about validators.
extension DeviceDesk {
  /// Batches whose clock is told.
  package static let clocksMax = 10
  /// Versions of the deny list that are told.
  package static let denyListsMax = 10

  /// Devices in the order of their ids, after one, with their registers, and their places at a
  /// moment.
  package func list(
    after id: String = "", limit: Int = DeviceQueries.pageMax, at moment: Instant? = nil
  ) async throws -> [DeviceStanding] {
    try await store.read { db in
      try await Self.standings(
        of: try await db.devices.list(after: id, limit: limit), at: moment, in: db)
    }
  }

  /// Devices of which the id, or the place at a moment, holds a text, in the order of their ids, after one.
  package func list(
    holding text: String, after id: String = "", limit: Int = DeviceQueries.pageMax,
    at moment: Instant
  ) async throws -> [DeviceStanding] {
    try await store.read { db in
      try await Self.standings(
        of: try await db.devices.list(holding: text, at: moment, after: id, limit: limit),
        at: moment, in: db)
    }
  }

  private static func standings(
    of devices: [DeviceRecord], at moment: Instant?, in db: StoreSession
  ) async throws -> [DeviceStanding] {
    let ids = devices.map(\.id)
    let registers = Dictionary(
      grouping: try await db.devices.registers(of: ids), by: \.device)
    let places = try await db.deviceAssignments.find(of: ids)
    let beats = try await db.deviceLives.heartbeats(of: ids)
    let contacts = try await db.fleet.lastContacts(of: ids)
    return devices.map { device in
      DeviceStanding(
        device: device, registers: registers[device.id] ?? [],
        place: moment.flatMap { places[device.id]?.place(at: $0) },
        heartbeat: beats[device.id], lastSeenAt: contacts[device.id])
    }
  }

  /// All that is known of a device; nil when there is none of that id.
  package func file(of id: String, at moment: Instant) async throws -> DeviceFile? {
    try await store.read { db in
      guard let device = try await db.devices.find(id) else { return nil }
      let assignments = try await db.deviceAssignments.find(id)
      return DeviceFile(
        standing: DeviceStanding(
          device: device, registers: try await db.devices.registers(of: [id]),
          place: assignments.place(at: moment),
          heartbeat: try await db.deviceLives.heartbeats(of: [id])[id],
          lastSeenAt: try await db.fleet.lastContacts(of: [id])[id]),
        assignments: assignments,
        events: try await db.deviceLives.events(of: id),
        clock: try await db.deviceLives.clock(of: id, countMax: Self.clocksMax).map {
          ClockOffset(sentAt: $0.sentAt, receivedAt: $0.receivedAt)
        },
        denyLists: try await db.denyList.sightings(of: id, limit: Self.denyListsMax))
    }
  }

  /// Holes in the numbers of all devices, by device and epoch, at most a count.
  package func gaps(countMax: Int = 10_000) async throws -> [DeviceGap] {
    var gaps: [DeviceGap] = []
    var last = ""
    while gaps.count < countMax {
      let page = try await list(after: last)
      guard let next = page.last?.device.id else { break }
      gaps += page.flatMap(\.gaps)
      last = next
    }
    return Array(gaps.prefix(countMax))
  }
}
