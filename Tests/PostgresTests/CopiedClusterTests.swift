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
      // It may as well be the copy that came first.
      #expect(said.contains("service's own folder") && said.contains("stop the one"), "\(said)")
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

  @Test func whoPerhapsRunsTheServiceIsNotToldAsWhoDoes() {
    let said = ["root", "anna", "kvytok"].map { holder in
      ClusterFault.dataOfOther(
        folder: "/srv/city/postgres", owner: "postgres", user: "anna", isRoot: false,
        holder: holder, isSure: false, mayBeCopy: true
      ).description
    }
    #expect(said[0].contains("run this as root if root runs the service on it"), "\(said)")
    #expect(said[1].contains("run this as postgres (runuser -u postgres"), "\(said)")
    #expect(said[2].contains("run this as kvytok (runuser -u kvytok"), "\(said)")
    #expect(said[1...].allSatisfy { $0.contains(", or as root if root runs it") }, "\(said)")
    #expect(said.allSatisfy { $0.contains("Only where anna runs the service") }, "\(said)")
    #expect(!said.contains { $0.contains("who runs the service on it") }, "\(said)")
  }
}
