import DatabaseSupport
import Foundation
import Glibc
import Postgres
import Programs
import Testing

/// What is done on a copy leaves the first one's server alone, and tells nobody to end it.
@Suite(
  .enabled(if: LeasedDatabase.isAvailable, "PostgreSQL is not installed"), .timeLimit(.minutes(60)))
struct CopiedClusterTests {
  @Test func aCopyWhoseDataAreALinkIsToldBesideTheServerOfTheFirst() async throws {
    try await OwnCluster.with { cluster, loop in
      await cluster.stop()
      let volume = cluster.folder + "-volume"
      #expect(rename(cluster.folder + "/data", volume) == 0)
      #expect(symlink(volume, cluster.folder + "/data") == 0)
      let first = try await OwnCluster.start(folder: cluster.folder, loop: loop)
      let copy = cluster.folder + "-copy"
      var server = stat()
      #expect(stat(cluster.folder, &server) == 0)
      #expect(mkdir(copy, 0o700) == 0 && chown(copy, server.st_uid, server.st_gid) == 0)
      #expect(symlink(volume, copy + "/data") == 0)
      let expected = ClusterFault.dataOfOtherService(
        folder: copy + "/data", socketFolder: first.socketFolder)
      await #expect(throws: expected) {
        try await OwnCluster.start(folder: copy, loop: loop)
      }
      let said = expected.description
      #expect(said.contains("cp -aL") && !said.contains("kill"), "\(said)")
      #expect(first.isRunning)
      await first.stop()
    }
  }

  /// Such a copy holds the numbers of the first one's server, which lives.
  @Test func aCopyOfAFolderInUseStartsBesideTheServerOfTheFirst() async throws {
    try await OwnCluster.with { cluster, loop in
      await cluster.stop()
      let copy = cluster.folder + "-copy"
      #expect(mkdir(copy, 0o700) == 0)
      try await TemporaryFolder.copy(
        URL(fileURLWithPath: cluster.folder), into: URL(fileURLWithPath: copy))
      let first = try await OwnCluster.start(folder: cluster.folder, loop: loop)
      for mark in ["/data/postmaster.pid", "/socket/.s.PGSQL.5432.lock"] {
        try FileManager.default.copyItem(atPath: cluster.folder + mark, toPath: copy + mark)
      }
      let second = try await OwnCluster.start(folder: copy, loop: loop)
      #expect(first.isRunning && second.isRunning)
      await second.stop()
      await first.stop()
    }
  }
}
