import Basics
import Foundation
import Glibc
import Postgres
import Programs
import Testing

/// What was acknowledged is there once, whatever broke in between: a real service and a real
/// PostgreSQL are killed, stopped, starved and cut off while validators post.
///
/// `KVYTOK_FAULTS_SHARE` (1 by default) scales how often; the seed is in each failure.
@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized,
  .timeLimit(.minutes(Backlog.minutesMax)))
struct FaultTests {
  static let seed = ProcessInfo.processInfo.environment["KVYTOK_SEED"].flatMap(UInt64.init) ?? 20_26

  /// How often something is done: `count` in CI.
  static func times(_ count: Int) -> Int {
    let text = ProcessInfo.processInfo.environment["KVYTOK_FAULTS_SHARE"]
    return max(1, Int(Double(count) * (text.flatMap(Double.init) ?? 1)))
  }

  /// How long a database stands still each time.
  ///
  /// Once longer than a statement may take (30 s), so that what was given up for lost is written after all,
  /// beside its repeat; `make faults` has it longer both times.
  private static let standstillSeconds: [Int] = {
    let text = ProcessInfo.processInfo.environment["KVYTOK_STANDSTILL_SECONDS"]
    return text.flatMap(Int.init).map { [$0, $0] } ?? [35, 15]
  }()

  @Test func aServiceKilledAHundredTimesLosesNothing() async throws {
    try await FaultWorld.withDatabaseApart(seed: Self.seed) { phoenix, fleet, _ in
      try await fleet.post(to: [phoenix.url]) {
        var chance = SeededGenerator(seed: Self.seed)
        for _ in 0..<Self.times(100) {
          try await Task.sleep(for: .milliseconds(chance.integer(in: 5...250)))
          try await phoenix.killAndStart()
        }
      }
      #expect(fleet.unheardCount > 0, "no post was in the way of a kill")
    }
  }

  @Test func aPostgreSQLKilledThirtyTimesLosesNothing() async throws {
    try await FaultWorld.with(seed: Self.seed) { phoenix, fleet in
      try await fleet.post(to: [phoenix.url]) {
        var chance = SeededGenerator(seed: Self.seed)
        for _ in 0..<Self.times(30) {
          try await Task.sleep(for: .milliseconds(chance.integer(in: 20...400)))
          let before = fleet.acknowledgedCount
          let killed = try #require(
            try await eventually { () -> Int32? in
              phoenix.serverProcess.flatMap { kill($0, SIGKILL) == 0 ? $0 : nil }
            })
          _ = try await eventually {
            phoenix.serverProcess != killed && fleet.acknowledgedCount > before ? true : nil
          }
        }
      }
      #expect(fleet.statuses[503, default: 0] > 0, "no post met a database that was away")
      #expect(phoenix.service.program.isRunning)
    }
  }

  @Test func aServiceAndItsPostgreSQLKilledTogetherLoseNothing() async throws {
    try await FaultWorld.with(seed: Self.seed) { phoenix, fleet in
      try await fleet.post(to: [phoenix.url]) {
        var chance = SeededGenerator(seed: Self.seed)
        for _ in 0..<Self.times(10) {
          try await Task.sleep(for: .milliseconds(chance.integer(in: 20...300)))
          if let server = phoenix.serverProcess { kill(server, SIGKILL) }
          try await phoenix.killAndStart()
        }
      }
    }
  }

  @Test func aDatabaseThatStandsStillDelaysAndLosesNothing() async throws {
    try await FaultWorld.with(seed: Self.seed) { phoenix, fleet in
      try await fleet.post(to: [phoenix.url]) {
        for seconds in Self.standstillSeconds.prefix(Self.times(2)) {
          try await Task.sleep(for: .milliseconds(300))
          let stopped = phoenix.serverProcesses
          for process in stopped { kill(process, SIGSTOP) }
          try await Task.sleep(for: .seconds(seconds))
          for process in stopped { kill(process, SIGCONT) }
        }
        try await Task.sleep(for: .milliseconds(500))
      }
      #expect(
        fleet.unheardCount + fleet.statuses[503, default: 0] > 0, "nobody noticed the standstill")
    }
  }

  @Test(.enabled(if: SmallDisk.isPossible, "skipped: may not mount a file system"))
  func aFullDiskRefusesAndLosesNothing() async throws {
    try await SmallDisk.with(megabytes: 320) { disk in
      let data = disk.appendingPathComponent("data")
      try FileManager.default.createDirectory(
        at: data, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
      try await FaultWorld.with(seed: Self.seed, data: data) { phoenix, fleet in
        try await fleet.post(to: [phoenix.url]) {
          let ballast = try SmallDisk.fill(disk)
          // Where PostgreSQL ended over it, each refusal takes as long as a service waits for one.
          let refused = try await eventually(withinSeconds: 600) {
            fleet.statuses[503, default: 0] > 20 ? true : nil
          }
          #expect(refused == true, "nothing was refused on a full disk: \(fleet.statuses)")
          try FileManager.default.removeItem(at: ballast)
          let before = fleet.acknowledgedCount
          let goesOn = try await eventually(withinSeconds: 600) {
            fleet.acknowledgedCount > before + 100 ? true : nil
          }
          #expect(goesOn == true, "the service did not go on with room on the disk")
        }
      }
    }
  }

  @Test func twoServicesOnOneDatabaseStoreEachTapOnce() async throws {
    try await FaultWorld.withDatabaseApart(seed: Self.seed) { phoenix, fleet, databaseURL in
      let data = phoenix.service.data
      let other = try await KvytokService(data: data, databaseURL: databaseURL)
      do {
        try await fleet.post(to: [phoenix.url, other.url]) {
          var chance = SeededGenerator(seed: Self.seed)
          for _ in 0..<Self.times(6) {
            try await Task.sleep(for: .milliseconds(chance.integer(in: 100...600)))
            try await phoenix.killAndStart()
          }
        }
      } catch {
        _ = try? await other.stop()
        throw error
      }
      try await other.stop()
    }
  }
}
