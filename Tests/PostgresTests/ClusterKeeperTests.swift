import DatabaseSupport
import EventLoop
import Foundation
import Glibc
import Postgres
import Synchronization
import Testing

@Suite(
  .enabled(if: LeasedDatabase.isAvailable, "PostgreSQL is not installed"), .timeLimit(.minutes(10)))
struct ClusterKeeperTests {
  /// What a keeper told, in order.
  private final class Told: Sendable {
    private let events = Mutex<[ClusterKeeper.Event]>([])

    func add(_ event: ClusterKeeper.Event) { events.withLock { $0.append(event) } }

    /// Waits until something was told.
    func wait(for isIt: (ClusterKeeper.Event) -> Bool) async throws -> Bool {
      for _ in 0..<1_200 {
        if events.withLock({ $0 }).contains(where: isIt) { return true }
        try await Task.sleep(for: .milliseconds(100))
      }
      return false
    }
  }

  private func isMissing(_ event: ClusterKeeper.Event, _ data: String) -> Bool {
    if case .notStarted(.dataMissing(data)) = event { return true }
    return false
  }

  private func isStartedAgain(_ event: ClusterKeeper.Event) -> Bool {
    if case .startedAgain = event { return true }
    return false
  }

  private func kill(serverOf data: String) throws {
    let text = try String(contentsOfFile: data + "/postmaster.pid", encoding: .utf8)
    let processID = try #require(Int32(text.prefix { $0.isNumber }))
    #expect(Glibc.kill(processID, SIGKILL) == 0)
  }

  /// Runs a body with a kept server and what its keeper tells.
  private func withKeeper(
    _ body: (_ folder: String, ClusterKeeper, Told, EventLoop) async throws -> Void
  ) async throws {
    try await OwnCluster.with { cluster, loop in
      await cluster.stop()
      let told = Told()
      let keeper = try await ClusterKeeper.start(
        folder: cluster.folder, loop: loop, settings: OwnCluster.settings)
      let running = Task { await keeper.run { told.add($0) } }
      do {
        try await body(cluster.folder, keeper, told, loop)
      } catch {
        await keeper.stop()
        running.cancel()
        throw error
      }
      await keeper.stop()
      running.cancel()
      await running.value
    }
  }

  @Test func aServerThatWasKilledIsStartedAgainWithItsData() async throws {
    try await withKeeper { folder, keeper, told, loop in
      let pool = PostgresPool(configuration: keeper.configuration().patient, loop: loop)
      try await pool.session {
        try await $0.script("CREATE TABLE kept AS SELECT 1 AS n; CHECKPOINT")
      }
      await pool.close()
      try kill(serverOf: folder + "/data")
      #expect(try await told.wait(for: isStartedAgain))
      let again = PostgresPool(configuration: keeper.configuration().patient, loop: loop)
      #expect(try await again.session { try await $0.query("SELECT FROM kept").count } == 1)
      await again.close()
    }
  }

  /// As when a volume is not mounted any more: an empty database in its place would look well.
  @Test(arguments: ["", "/data"])
  func aServerWhoseDataAreGoneIsNotReplacedByAnEmptyOne(_ part: String) async throws {
    try await withKeeper { folder, keeper, told, loop in
      let pool = PostgresPool(configuration: keeper.configuration().patient, loop: loop)
      try await pool.session {
        try await $0.script("CREATE TABLE kept AS SELECT 1 AS n; CHECKPOINT")
      }
      await pool.close()
      let away = folder + "-away"
      #expect(rename(folder + part, away) == 0)
      try kill(serverOf: part.isEmpty ? away + "/data" : away)
      #expect(try await told.wait(for: { isMissing($0, folder + "/data") }))
      for name in ["data", "data.new"] {
        #expect(!FileManager.default.fileExists(atPath: folder + "/" + name), "\(name) was made")
      }
      #expect(ClusterFault.dataMissing(folder: "D/data").description.contains("nothing was made"))
      // An empty mount point is no cluster either.
      if part.isEmpty { rmdir(folder) }
      #expect(rename(away, folder + part) == 0)
      #expect(try await told.wait(for: isStartedAgain))
      let again = PostgresPool(configuration: keeper.configuration().patient, loop: loop)
      #expect(try await again.session { try await $0.query("SELECT FROM kept").count } == 1)
      await again.close()
    }
  }
}

extension PrivateClusterTests {
  @Test func aClusterIsMadeOnlyWhereItMayBe() async throws {
    try await OwnCluster.withFolder { folder in
      let loop = EventLoop.start(name: "may not")
      await #expect(throws: ClusterFault.dataMissing(folder: folder + "/data")) {
        _ = try await PrivateCluster.start(
          folder: folder, loop: loop, settings: OwnCluster.settings, mayInitialize: false)
      }
      #expect(!FileManager.default.fileExists(atPath: folder))
      await loop.shutdown()
    }
  }
}
