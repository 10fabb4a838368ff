package import Basics
package import Logging
package import Store
import Tapping

/// What became of a validator that was to be registered.
package enum EnrollmentOutcome: Sendable, Equatable {
  /// The one-time secret, which is shown now and never again.
  case enrolled(secret: String)
  /// The id is not one a device may have.
  case badID
  /// The device works with a key; revoke it first.
  case isActive
}

/// What became of a device that came with its secret and key.
package enum ActivationOutcome: Sendable {
  case activated(DeviceRecord)
  case refusal(IntakeRefusal)
}

/// A validator and the registers of its counters.
package struct DeviceStanding: Sendable, Equatable {
  package let device: DeviceRecord
  /// By epoch, the oldest first.
  package let registers: [EpochRegister]

  /// When it was last heard of; nil when never.
  package var lastSeenAt: Instant? { registers.map(\.lastReceivedAt).max() }
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

/// Registers validators and watches over them.
package struct DeviceDesk: Sendable {
  /// Random bytes of a one-time secret.
  package static let secretRandomBytesCount = 24

  private let store: Store
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
    _ id: String, vehicle: String?, random: [UInt8], at moment: Instant
  ) async throws -> EnrollmentOutcome {
    precondition(random.count == Self.secretRandomBytesCount, "a secret is made of 24 random bytes")
    guard DeviceID.isGood(id) else { return .badID }
    let secret = Base64.encode(random, .url)
    let digest = SHA256Digest.hash(Array(secret.utf8))
    let isEnrolled = try await store.write { session in
      switch try await session.devices.findForUpdate(id)?.state {
      case .active, .suspended: return false
      case .enrolled, .revoked, nil: break
      }
      try await session.devices.enroll(id, vehicle: vehicle, secretDigest: digest, at: moment)
      return true
    }
    gate?.forget(id)
    guard isEnrolled else { return .isActive }
    log.info("a device was enrolled", metadata: ["device": "\(id)"])
    return .enrolled(secret: secret)
  }

  /// Gives a device its key, with the secret it was enrolled with.
  ///
  /// The same secret with the same key again is the answer that got lost, and harmless.
  package func activate(
    _ id: String, secret: String, publicKey: [UInt8], at moment: Instant
  ) async -> ActivationOutcome {
    guard publicKey.count == Ed25519.keyByteCount else {
      return .refusal(
        IntakeRefusal(
          .malformed, code: "key_malformed", pointer: "/public_key",
          message: "public_key is the base64 of the 32 bytes of an Ed25519 key"))
    }
    let digest = SHA256Digest.hash(Array(secret.utf8))
    do {
      let outcome = try await store.write { session in
        try await Self.activate(
          id, secretDigest: digest, publicKey: publicKey, at: moment, in: session)
      }
      gate?.forget(id)
      switch outcome {
      case .activated: log.info("a device was activated", metadata: ["device": "\(id)"])
      case .refusal(let refusal):
        log.notice(
          "a device was not activated",
          metadata: ["device": "\(id)", "code": "\(refusal.code)"])
      }
      return outcome
    } catch {
      log.warning(
        "a device could not be activated", metadata: ["device": "\(id)", "error": "\(error)"])
      return .refusal(.databaseAway)
    }
  }

  private static func activate(
    _ id: String, secretDigest: [UInt8], publicKey: [UInt8], at moment: Instant,
    in session: StoreSession
  ) async throws -> ActivationOutcome {
    guard let device = try await session.devices.findForUpdate(id),
      let kept = device.secretDigest, constantTimeEquals(kept, secretDigest)
    else {
      return .refusal(
        IntakeRefusal(
          .unknown, code: "secret_wrong", message: "no device waits for its key with this secret"))
    }
    if device.state == .active, device.publicKey == publicKey { return .activated(device) }
    guard device.state == .enrolled else {
      return .refusal(
        IntakeRefusal(
          .forbidden, code: "secret_used",
          message: "the secret was used before; enroll the device again for another one"))
    }
    try await session.devices.activate(id, publicKey: publicKey, at: moment)
    guard let active = try await session.devices.find(id) else {
      throw StoreFault(kind: .damaged, "a device went away while it was activated")
    }
    return .activated(active)
  }

  /// Ends a device's right to post; false when there is none of that id.
  package func revoke(_ id: String, at moment: Instant) async throws -> Bool {
    let isKnown = try await store.write { session in
      try await session.devices.revoke(id, at: moment)
    }
    gate?.forget(id)
    if isKnown { log.notice("a device was revoked", metadata: ["device": "\(id)"]) }
    return isKnown
  }

  /// Devices in the order of their ids, after one, with their registers.
  package func list(
    after id: String = "", limit: Int = DeviceQueries.pageMax
  ) async throws -> [DeviceStanding] {
    try await store.read { session in
      let devices = try await session.devices.list(after: id, limit: limit)
      let registers = Dictionary(
        grouping: try await session.devices.registers(of: devices.map(\.id)), by: \.device)
      return devices.map { DeviceStanding(device: $0, registers: registers[$0.id] ?? []) }
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
