package import Basics
package import Logging
package import Metrics
package import Store
package import Tapping

/// What a device is told in answer to its heartbeat.
package struct HeartbeatAnswer: Sendable, Equatable {
  /// Whether the service would like another key from the device.
  package let wantsKey: Bool
  package let place: DevicePlace?
}

/// What became of a heartbeat.
package enum HeartbeatOutcome: Sendable {
  case answer(HeartbeatAnswer)
  case refusal(IntakeRefusal)
}

/// Takes in heartbeats: the newest of each device is kept.
package final class HeartbeatIntake: Sendable {
  private struct Incoming: Sendable {
    let record: HeartbeatRecord
    /// The key that the signature was checked with.
    let publicKey: [UInt8]
  }

  private let store: Store
  private let gate: DeviceGate
  private let log: Logger
  private let committer: GroupCommitter<Incoming, Bool>
  private let shares: DeviceShares
  private let count = Counter(label: "kvytok_heartbeats_total")
  private let wrongTimes = Counter(label: "kvytok_heartbeats_time_wrong_total")

  /// Makes an intake over a store.
  package init(
    store: Store, gate: DeviceGate, factory: any MetricsFactory, log: Logger,
    queue: CommitLimits = CommitLimits()
  ) {
    self.store = store
    self.gate = gate
    self.log = log
    shares = DeviceShares(countMax: queue.perDeviceMax)
    let timer = CommitMeter(kind: "heartbeats")
    let meter = DenyListMeter(factory)
    committer = GroupCommitter(
      limits: queue, bytesCount: { _ in 256 },
      commit: { group in
        try await timer.measure(itemsCount: group.count) {
          let (isGood, latencies) = try await store.write { db in
            try await Self.save(group, in: db)
          }
          meter.record(latencies)
          return isGood
        }
      })
  }

  /// Keeps the newest of each device; of each, whether its device may still tell of itself with its key, and
  /// how long the deny list took to those that name another one.
  private static func save(
    _ group: [Incoming], in db: StoreSession
  ) async throws -> (isGood: [Bool], latencies: [Double]) {
    guard let moment = group.map(\.record.receivedAt).min() else { return ([], []) }
    let devices = Array(Set(group.map(\.record.beat.device)))
    try await db.devices.holdHardware(of: devices)
    let keys = try await db.devices.keysInPlace(of: devices, at: moment)
    let isGood = group.map { keys[$0.record.beat.device]?.contains($0.publicKey) == true }
    var newest: [String: HeartbeatRecord] = [:]
    for (incoming, isGood) in zip(group, isGood) where isGood {
      let record = incoming.record
      if newest[record.beat.device].map({ $0.beat.sentAt < record.beat.sentAt }) ?? true {
        newest[record.beat.device] = record
      }
    }
    try await db.deviceLives.save(Array(newest.values))
    let latencies = try await db.denyList.note(
      newest.values.compactMap { record in
        record.beat.denyListVersion.map { version in
          DenyListSighting(
            device: record.beat.device, version: version, at: record.receivedAt,
            source: .heartbeat)
        }
      })
    return (isGood, latencies)
  }

  /// Takes in one signed body; returns when it is durable or refused.
  package func accept(
    body: [UInt8], deviceHeader: String?, signatureHeader: String?, receivedAt: Instant
  ) async -> HeartbeatOutcome {
    do throws(IntakeRefusal) {
      guard body.count <= DeviceHeartbeat.bodyBytesMax else {
        throw .bodyTooLarge(bytesMax: DeviceHeartbeat.bodyBytesMax)
      }
      let admitted = try await gate.admitInPlace(
        body, deviceHeader: deviceHeader, signatureHeader: signatureHeader, at: receivedAt)
      let beat: DeviceHeartbeat
      do {
        beat = try DeviceHeartbeat(json: body)
      } catch {
        throw IntakeRefusal(
          .malformed, code: "malformed", pointer: error.pointer, message: error.message)
      }
      guard beat.device == admitted.device.id else { throw .otherDevice() }
      guard SignedQuestion.isOfNow(beat.sentAt, at: receivedAt) else {
        wrongTimes.increment()
        throw .heartbeatNotOfNow(beat.sentAt, now: receivedAt)
      }
      try await keep(
        Incoming(
          record: HeartbeatRecord(beat: beat, receivedAt: receivedAt),
          publicKey: admitted.publicKey))
      count.increment()
      return .answer(
        HeartbeatAnswer(
          wantsKey: admitted.device.rotationDueSince != nil,
          place: try await place(of: beat.device, at: receivedAt)))
    } catch {
      return .refusal(error)
    }
  }

  private func keep(_ incoming: Incoming) async throws(IntakeRefusal) {
    let device = incoming.record.beat.device
    guard shares.enter(device) else { throw .tooManyOfDevice }
    defer { shares.leave(device) }
    switch await committer.submit(incoming) {
    case .answered(true): return
    case .answered(false):
      try await gate.changedMeanwhile(
        device, publicKey: incoming.publicKey, at: incoming.record.receivedAt)
    case .full: throw .queueFull
    case .unavailable: throw .databaseAway
    case .failed(let error):
      log.error(
        "a heartbeat could not be stored",
        metadata: ["device": "\(device)", "error": "\(error)"])
      throw .couldNotStore
    }
  }

  private func place(
    of id: String, at moment: Instant
  ) async throws(IntakeRefusal) -> DevicePlace? {
    do {
      return try await store.read { db in
        try await db.deviceAssignments.find(id).place(at: moment)
      }
    } catch {
      log.warning("a place could not be looked up", metadata: ["device": "\(id)"])
      throw .databaseAway
    }
  }
}

extension IntakeRefusal {
  /// A heartbeat of another time says nothing of now: it is an old one, or the clock is wrong.
  fileprivate static func heartbeatNotOfNow(_ sentAt: Instant, now: Instant) -> IntakeRefusal {
    IntakeRefusal(
      .unknown, code: "time_wrong", pointer: "/sent_at",
      message:
        "sent_at is \(sentAt), and it is \(now) here: make it anew with the time of here, at most "
        + "\(SignedQuestion.clockSecondsMax) s from it")
  }
}

/// Measures how long versions of the deny list take to the devices.
struct DenyListMeter: Sendable {
  private let timer: Timer

  init(_ factory: any MetricsFactory) {
    timer = Timer(label: "kvytok_deny_list_propagation_seconds", factory: factory)
  }

  func record(_ seconds: [Double]) {
    for latency in seconds { timer.recordSeconds(latency) }
  }
}
