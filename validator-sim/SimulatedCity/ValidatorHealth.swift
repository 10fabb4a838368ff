package import Basics
package import Tapping

/// How a simulated validator is, as its heartbeats tell: nothing of it is out of order but a clock.
///
/// It follows from the validator's name, so that it is the same whoever plays it.
package struct ValidatorHealth: Sendable, Hashable {
  static let software = "sim-1.0"
  static let configuration = "city-1"
  static let batteryPercents = 45...100
  static let freeMebibytes = 512...4096
  /// How far a clock that is right may be off.
  static let offsetMilliseconds = -400...400

  private let device: String
  private let batteryPercent: Int
  private let freeBytes: Int64
  private let clockOffsetMilliseconds: Int64

  /// How a validator is whose clock is ahead by some seconds; below zero it is behind.
  package init(device: String, clockErrorSeconds: Int = 0) {
    var generator = SeededGenerator(seed: stableHash("health \(device)".utf8))
    self.device = device
    batteryPercent = generator.integer(in: Self.batteryPercents)
    freeBytes = Int64(generator.integer(in: Self.freeMebibytes)) << 20
    clockOffsetMilliseconds =
      Int64(generator.integer(in: Self.offsetMilliseconds)) + Int64(clockErrorSeconds) * 1000
  }

  /// What it tells at a moment, with the versions that it holds and the newest tap that it recorded.
  ///
  /// A clock that is off by more than the service takes is set by what the refusal says: the heartbeat is made with the
  /// right time then, and tells how far the clock had been off.
  package func heartbeat(
    at now: Instant, tariffVersion: String?, denyListVersion: Int64?,
    newest: (epoch: Int64, tap: Tap)? = nil
  ) -> DeviceHeartbeat {
    let own = now.adding(milliseconds: clockOffsetMilliseconds)
    let isTaken = abs(clockOffsetMilliseconds) < SignedQuestion.clockSecondsMax * 1000
    var beat = DeviceHeartbeat(device: device, sentAt: isTaken ? own : now)
    beat.software = Self.software
    beat.configuration = Self.configuration
    beat.tariffVersion = tariffVersion
    beat.denyListVersion = denyListVersion
    beat.lastEpoch = newest?.epoch
    beat.lastSeq = newest?.tap.seq
    beat.lastTapAt = newest?.tap.at
    beat.batteryPercent = batteryPercent
    beat.freeBytes = freeBytes
    beat.clockOffsetMilliseconds = clockOffsetMilliseconds
    return beat
  }
}
