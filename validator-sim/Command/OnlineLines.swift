import Basics
import ServiceClient
import Synchronization
import Tapping

/// The sessions of the validators that are always online: opened when they are first needed, covered
/// by checkpoints, now and then lost in a restart, and closed at the end of the day.
///
/// A validator posts one request after the other, so its session is in one hand at a time.
final class OnlineLines: Sendable {
  /// Share of posts before which a validator restarts and has lost its session's key.
  static let restartRate = 0.01
  /// Requests after which a validator signs for its session: in the field it would be minutes.
  static let checkpointRequestsMax = 10

  private struct State: Sendable {
    var lines: [Int: OnlineDevice] = [:]
    var chance: SeededGenerator
    var counts = Counts()
  }

  /// What was done.
  struct Counts: Sendable {
    var sessions = 0
    var requests = 0
    var checkpoints = 0
  }

  private let devices: [SignedDevice]
  private let isOnline: [Bool]
  private let servicePublicKey: [UInt8]
  private let client: ServiceClient
  private let state: Mutex<State>

  /// Makes no session yet; `isOnline` says which of the devices have them.
  init(
    devices: [SignedDevice], isOnline: [Bool], servicePublicKey: [UInt8], seed: UInt64,
    client: ServiceClient
  ) {
    self.devices = devices
    self.isOnline = isOnline
    self.servicePublicKey = servicePublicKey
    self.client = client
    state = Mutex(State(chance: SeededGenerator(seed: seed ^ stableHash("sessions".utf8))))
  }

  var counts: Counts { state.withLock { $0.counts } }

  /// Whether a device posts in sessions.
  func has(_ device: Int) -> Bool { isOnline[device] }

  /// Posts a batch as the next request of a device's session, or the last one once more.
  func post(
    _ body: [UInt8], _ format: BatchFormat, of device: Int, isAgain: Bool
  ) async throws -> (answer: TapBatchAnswer, attempts: Int) {
    let isLost = !isAgain && state.withLock { $0.chance.chance(Self.restartRate) }
    var line =
      if !isLost, let known = state.withLock({ $0.lines[device] }) { known } else {
        try await open(device)
      }
    let answer: (answer: TapBatchAnswer, attempts: Int)
    if isAgain {
      answer = try await line.repeatTaps(body: body, format, with: client)
    } else {
      let isCheckpoint = line.uncoveredCount >= Self.checkpointRequestsMax
      answer = try await line.postTaps(
        body: body, format, isCheckpoint: isCheckpoint, with: client)
      state.withLock { state in
        state.counts.requests += 1
        state.counts.checkpoints += isCheckpoint ? 1 : 0
      }
    }
    let kept = line
    state.withLock { $0.lines[device] = kept }
    return answer
  }

  /// Signs for everything that no checkpoint covers yet; `empty` makes a device's empty batch.
  func close(_ empty: (Int) -> TapBatch) async throws {
    for device in state.withLock({ $0.lines.keys.sorted() }) {
      guard var line = state.withLock({ $0.lines[device] }), line.uncoveredCount > 0 else {
        continue
      }
      _ = try await line.postTaps(
        body: TapBatchWire.encode(empty(device), .protobuf), .protobuf, isCheckpoint: true,
        with: client)
      let kept = line
      state.withLock { state in
        state.counts.checkpoints += 1
        state.lines[device] = kept
      }
    }
  }

  private func open(_ device: Int) async throws -> OnlineDevice {
    state.withLock { $0.counts.sessions += 1 }
    let opening = OnlineDevice.Opening(
      device: devices[device].id, now: Edge.now(),
      nonce: SecureRandom.bytes(SessionLimits.nonceByteCount),
      exchangeSeed: SecureRandom.bytes(ExchangeKeyPair.byteCount))
    return try await OnlineDevice(
      devices[device], opening, servicePublicKey: servicePublicKey, with: client)
  }
}
