package import Basics
package import Logging
package import Store
package import Tapping

/// What became of a validator that was to be registered.
package enum EnrollmentOutcome: Sendable, Equatable {
  /// The one-time secret, which is shown now and never again.
  case enrolled(secret: String)
  /// The id is not one a device may have.
  case badID
  /// The name of the vehicle is empty or too long.
  case badVehicle
  /// The device works with a key; revoke it first.
  case isActive
}

/// What became of a device that came with its secret and key.
package enum ActivationOutcome: Sendable {
  case activated(DeviceRecord)
  case refusal(IntakeRefusal)
}

/// Who does something to a validator, and why; kept with the event.
package struct DeviceActor: Sendable, Equatable {
  package let name: String
  package let reason: String?

  /// Names who acts; an empty reason is none.
  package init(_ name: String, reason: String? = nil) {
    self.name = name
    self.reason = reason.flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
  }

  /// The device itself.
  package static let device = DeviceActor("device")
  /// Who is not named.
  package static let unnamed = DeviceActor("kvytok")
}

/// What became of a step of a validator's life.
package enum DeviceStepOutcome: Sendable, Equatable {
  /// It is done; a secret is shown now and never again.
  case done(secret: String? = nil, staleTaps: Int = 0)
  /// It was so before.
  case already
  case refused(DeviceLifeRefusal)
}

/// A validator and the registers of its counters.
package struct DeviceStanding: Sendable, Equatable {
  /// Most holes that are told of it in an answer; all of them stand in the list of holes.
  package static let gapsToldMax = 1000

  package let device: DeviceRecord
  /// By epoch, the oldest first.
  package let registers: [EpochRegister]
  /// Where it is mounted at the moment of the question.
  package var place: DevicePlace?
  package var heartbeat: HeartbeatRecord?
  /// When it was last heard of, by a batch, a heartbeat or a position; nil when never, or not since it was
  /// activated in the place of other hardware.
  package var lastSeenAt: Instant?

  /// Whether it took the place of other hardware, and was not heard of since.
  package var isUnheardReplacement: Bool { device.epochsFrom > 0 && lastSeenAt == nil }
  /// Taps stored, the impossible ones included.
  package var tapsStored: Int64 { registers.reduce(0) { $0 + $1.tapsStored } }
  package var conflicts: Int64 { registers.reduce(0) { $0 + $1.conflicts } }
  /// Holes in its numbers, by epoch.
  package var gaps: [DeviceGap] {
    registers.flatMap { register in
      SequenceRanges(register.seen).gaps().map { gap in
        DeviceGap(device: device.id, epoch: register.epoch, seqs: gap)
      }
    }
  }
}

extension DeviceStanding {
  /// Numbers that never came, in all its epochs; past what 64 bits hold it stays there.
  package var numbersMissing: Int64 {
    gaps.reduce(0) { saturatingSum($0, $1.seqs.upperBound - $1.seqs.lowerBound + 1) }
  }
}

/// Numbers of a device that were never seen while later ones were.
package struct DeviceGap: Sendable, Equatable {
  package let device: String
  package let epoch: Int64
  package let seqs: ClosedRange<Int64>

  /// Makes a gap.
  package init(device: String, epoch: Int64, seqs: ClosedRange<Int64>) {
    self.device = device
    self.epoch = epoch
    self.seqs = seqs
  }
}

/// Registers validators and leads them through their lives; every step is written down.
package struct DeviceDesk: Sendable {
  /// Random bytes of a one-time secret.
  package static let secretRandomBytesCount = 24
  /// Seconds that a one-time secret opens anything: 7 days.
  package static let secretSeconds: Int64 = 7 * 86_400
  /// Days that an old key goes on to verify after a rotation, unless told otherwise.
  package static let overlapDays = 30
  /// Most days of an overlap.
  package static let overlapDaysMax = 366
  /// Epochs left free for the old hardware when other hardware takes its place: its counter may have
  /// begun anew where nobody has heard of it yet.
  package static let epochRoom: Int64 = 10

  let store: Store
  private let gate: DeviceGate?
  private let log: Logger

  /// Makes a desk; a gate of the same process hears of changes at once.
  package init(store: Store, gate: DeviceGate? = nil, log: Logger) {
    self.store = store
    self.gate = gate
    self.log = log
  }

  /// Registers a device; one that waits for its key, or was revoked, gets another secret.
  package func enroll(
    _ id: String, vehicle: String?, random: [UInt8], by actor: DeviceActor = .unnamed,
    at moment: Instant
  ) async throws -> EnrollmentOutcome {
    guard DeviceID.isGood(id) else { return .badID }
    guard vehicle.map(DevicePlace.isGoodName) ?? true else { return .badVehicle }
    let secret = Self.secret(random)
    let digest = SHA256Digest.hash(Array(secret.utf8))
    let isEnrolled = try await store.write { db in
      let device = try await db.devices.findForUpdate(id)
      guard case .step = DeviceLife.decide(.enroll, on: device?.life) else { return false }
      try await db.devices.enroll(id, vehicle: vehicle, secretDigest: digest, at: moment)
      try await db.deviceLives.append(
        DeviceEventRecord(
          device: id, at: moment, event: .enroll, by: actor.name, reason: actor.reason,
          detail: vehicle.map { "vehicle \($0)" }))
      return true
    }
    changed(id)
    guard isEnrolled else { return .isActive }
    log.info("a device was enrolled", metadata: ["device": "\(id)"])
    return .enrolled(secret: secret)
  }

  /// Gives a device its key, with the secret it was enrolled with.
  ///
  /// The same secret with the same key again is the answer that got lost, and harmless. A secret of
  /// a replacement gives the new hardware its key and confines the old one to its own epochs.
  package func activate(
    _ id: String, secret: String, publicKey: [UInt8], at moment: Instant
  ) async -> ActivationOutcome {
    guard publicKey.count == Ed25519.keyByteCount else { return .refusal(.keyMalformed) }
    let digest = SHA256Digest.hash(Array(secret.utf8))
    do {
      // Looked at before anything is locked: whoever knows an id can ask.
      let kept = try await keptSecretDigest(of: id)
      guard let kept, constantTimeEquals(kept, digest) else { return .refusal(.secretWrong) }
      let outcome = try await store.write { session in
        try await Self.activate(
          id, secretDigest: digest, publicKey: publicKey, at: moment, in: session)
      }
      changed(id)
      switch outcome {
      case .activated: log.info("a device was activated", metadata: ["device": "\(id)"])
      case .refusal(let refusal):
        log.notice(
          "a device was not activated",
          metadata: ["device": "\(id)", "code": "\(refusal.code)"])
      }
      return outcome
    } catch let refusal as IntakeRefusal {
      return .refusal(refusal)
    } catch {
      log.warning(
        "a device could not be activated", metadata: ["device": "\(id)", "error": "\(error)"])
      return .refusal(.databaseAway)
    }
  }

  /// Looked up in the turns of strangers, who may ask for nothing else all day.
  private func keptSecretDigest(of id: String) async throws -> [UInt8]? {
    let store = store
    guard let proofs = gate?.proofs else {
      return try await store.read { try await $0.devices.find(id) }?.secretDigest
    }
    let found = try await proofs.lookUp(id) {
      () async throws(IntakeRefusal) -> Result<[UInt8]?, any Error> in
      do {
        return .success(try await store.read { try await $0.devices.find(id) }?.secretDigest)
      } catch {
        return .failure(error)
      }
    }
    return try found.get()
  }

  private static func activate(
    _ id: String, secretDigest: [UInt8], publicKey: [UInt8], at moment: Instant,
    in db: StoreSession
  ) async throws -> ActivationOutcome {
    guard let device = try await db.devices.findForUpdate(id),
      let kept = device.secretDigest, constantTimeEquals(kept, secretDigest)
    else { return .refusal(.secretWrong) }
    let outcome = DeviceLife.decide(
      .activate, on: device.life, key: device.knowledge(of: publicKey))
    switch outcome {
    case .already: return .activated(device)
    case .refused(let refusal):
      return .refusal(IntakeRefusal(refusal))
    case .step(_, let actions):
      // A slip of paper lies about for years, and hardware that was ordered may never come.
      guard moment < device.secretSince.adding(seconds: secretSeconds) else {
        return .refusal(IntakeRefusal(.secretExpired))
      }
      let isReplacing = actions.contains(.confineOldKeys)
      guard let epochs = try await Self.epochs(of: device, isReplacing: isReplacing, in: db) else {
        return .refusal(IntakeRefusal(.epochsUsedUp))
      }
      try await db.devices.takeKey(
        id, publicKey, epochsFrom: epochs.from, epochFirst: epochs.first, at: moment)
      if isReplacing { try await db.devices.confineOldKeys(id, epochsBefore: epochs.from) }
      // What came before may have been other hardware: this one has no list until it names one, and was
      // not heard of.
      try await db.denyList.forget(id)
      try await db.deviceLives.forgetContact(of: id)
      let other = isReplacing ? ", other hardware" : ""
      try await db.deviceLives.append(
        DeviceEventRecord(
          device: id, at: moment, event: .activate, by: DeviceActor.device.name,
          detail: "key \(EvidenceKey.name(publicKey))\(other)"
            + (epochs.first > 0 ? ", epochs from \(epochs.first)" : "")))
    }
    guard let active = try await db.devices.find(id) else {
      throw StoreFault(kind: .damaged, "a device went away while it was activated")
    }
    return .activated(active)
  }

  /// The first epoch that a new key signs, and the one at which its counter begins.
  ///
  /// Whoever comes with a key where another one was may be other hardware, whose counter knows nothing of the
  /// numbers that are used up. After a revocation it may be the same as well, and still hold taps. Nil when no
  /// epoch is left that a batch may name.
  private static func epochs(
    of device: DeviceRecord, isReplacing: Bool, in db: StoreSession
  ) async throws -> (from: Int64, first: Int64)? {
    // Hardware that was replaced before its first post has epochs that no register knows.
    let registered = try await db.devices.newestEpoch(of: device.id)
    let known = device.keys.map(\.epochFirst) + [registered].compactMap { $0 }
    guard let newest = known.max() else { return (0, 0) }
    guard newest <= TapLimits.epochMax - epochRoom else { return nil }
    let first = newest + epochRoom
    return (isReplacing ? first : device.keys.map(\.epochsFrom).max() ?? 0, first)
  }

  /// Ends a device's right to post; false when there is none of that id.
  package func revoke(
    _ id: String, by actor: DeviceActor = .unnamed, at moment: Instant
  ) async throws -> Bool {
    try await step(.revoke, id, by: actor, at: moment) != .refused(.deviceUnknown)
  }

  static func secret(_ random: [UInt8]) -> String {
    precondition(random.count == secretRandomBytesCount, "a secret is made of 24 random bytes")
    return Base64.encode(random, .url)
  }

  /// Tells whoever keeps devices in mind that one changed.
  func changed(_ id: String) { gate?.forget(id) }

  func note(_ what: String, _ id: String) {
    log.notice("\(what)", metadata: ["device": "\(id)"])
  }
}

extension EvidenceKey {
  /// By which people tell keys apart: the first 16 digits of the key's SHA-256.
  package static func name(_ publicKey: [UInt8]) -> String {
    String(hexText(SHA256Digest.hash(publicKey)).prefix(16))
  }
}

extension IntakeRefusal {
  init(_ refusal: DeviceLifeRefusal) {
    self.init(.forbidden, code: refusal.rawValue, message: refusal.message)
  }

  static let secretWrong = IntakeRefusal(
    .unknown, code: "secret_wrong", message: "no device waits for its key with this secret")

  static let keyMalformed = IntakeRefusal(
    .malformed, code: "key_malformed", pointer: "/public_key",
    message: "public_key is the base64 of the 32 bytes of an Ed25519 key")
}
