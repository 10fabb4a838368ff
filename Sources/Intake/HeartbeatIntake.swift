package import Basics
package import Logging
import Metrics
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
  private let store: Store
  private let gate: DeviceGate
  private let log: Logger
  private let committer: GroupCommitter<HeartbeatRecord, Bool>
  private let count = Counter(label: "kvytok_heartbeats_total")

  /// Makes an intake over a store.
  package init(
    store: Store, gate: DeviceGate, log: Logger, queue: CommitLimits = CommitLimits()
  ) {
    self.store = store
    self.gate = gate
    self.log = log
    let timer = CommitMeter(kind: "heartbeats")
    committer = GroupCommitter(
      limits: queue, bytesCount: { _ in 256 },
      commit: { group in
        try await timer.measure(itemsCount: group.count) {
          let latencies = try await store.write { db in
            try await Self.save(group, in: db)
          }
          DenyListMeter.record(latencies)
        }
        return group.map { _ in true }
      })
  }

  private static func save(
    _ group: [HeartbeatRecord], in db: StoreSession
  ) async throws -> [Double] {
    var newest: [String: HeartbeatRecord] = [:]
    for record in group
    where newest[record.beat.device].map({ $0.beat.sentAt < record.beat.sentAt }) ?? true {
      newest[record.beat.device] = record
    }
    try await db.deviceLives.save(Array(newest.values))
    return try await db.denyList.note(
      newest.values.compactMap { record in
        record.beat.denyListVersion.map { version in
          DenyListSighting(
            device: record.beat.device, version: version, at: record.receivedAt,
            source: .heartbeat)
        }
      })
  }

  /// Takes in one signed body; returns when it is durable or refused.
  package func accept(
    body: [UInt8], deviceHeader: String?, signatureHeader: String?, receivedAt: Instant
  ) async -> HeartbeatOutcome {
    do throws(IntakeRefusal) {
      guard body.count <= DeviceHeartbeat.bodyBytesMax else {
        throw .bodyTooLarge(bytesMax: DeviceHeartbeat.bodyBytesMax)
      }
      let admitted = try await gate.admit(
        body, deviceHeader: deviceHeader, signatureHeader: signatureHeader, at: receivedAt)
      let beat: DeviceHeartbeat
      do {
        beat = try DeviceHeartbeat(json: body)
      } catch {
        throw IntakeRefusal(
          .malformed, code: "malformed", pointer: error.pointer, message: error.message)
      }
      guard beat.device == admitted.device.id else { throw .otherDevice() }
      try await keep(HeartbeatRecord(beat: beat, receivedAt: receivedAt))
      count.increment()
      return .answer(
        HeartbeatAnswer(
          wantsKey: admitted.device.rotationDueSince != nil,
          place: try await place(of: beat.device, at: receivedAt)))
    } catch {
      return .refusal(error)
    }
  }

  private func keep(_ record: HeartbeatRecord) async throws(IntakeRefusal) {
    switch await committer.submit(record) {
    case .answered: return
    case .full: throw .queueFull
    case .unavailable: throw .databaseAway
    case .failed(let error):
      log.error(
        "a heartbeat could not be stored",
        metadata: ["device": "\(record.beat.device)", "error": "\(error)"])
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

/// Measures how long versions of the deny list take to the devices.
enum DenyListMeter {
  private static let timer = Timer(label: "kvytok_deny_list_propagation_seconds")

  static func record(_ seconds: [Double]) {
    for latency in seconds { timer.recordSeconds(latency) }
  }
}
