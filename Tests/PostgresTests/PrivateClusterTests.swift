import Basics
import DatabaseSupport
import EventLoop
import Foundation
import Glibc
import Postgres
import Programs
import Testing

@Suite(
  .enabled(if: LeasedDatabase.isAvailable, "PostgreSQL is not installed"), .timeLimit(.minutes(60)))
struct PrivateClusterTests {
  /// Whether a process runs; one that has ended and was not asked about by its parent does not.
  private func isAlive(_ processID: Int32) -> Bool {
    let status = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8)
    return status.map { !$0.contains(") Z ") } ?? false
  }

  private func waitUntilGone(_ processID: Int32) async throws -> Bool {
    for _ in 0..<1_000 {
      if !isAlive(processID) { return true }
      try await Task.sleep(for: .milliseconds(100))
    }
    return false
  }

  /// Starts a cluster once the server before has ended: on a busy machine that takes longer than a start waits.
  private func startWhenFree(_ folder: String, _ loop: EventLoop) async throws -> PrivateCluster {
    for _ in 0..<20 {
      do {
        return try await OwnCluster.start(folder: folder, loop: loop)
      } catch ClusterFault.heldByServer {
        continue
      }
    }
    return try await OwnCluster.start(folder: folder, loop: loop)
  }

  private func fault(folder: String, _ settings: ClusterSettings = OwnCluster.settings) async
    -> ClusterFault?
  {
    let loop = EventLoop.start(name: "fault")
    var fault: ClusterFault?
    do throws(ClusterFault) {
      let cluster = try await PrivateCluster.start(
        folder: folder, loop: loop, settings: settings)
      await cluster.stop()
    } catch {
      fault = error
    }
    await loop.shutdown()
    return fault
  }

  private func count(_ cluster: PrivateCluster, _ loop: EventLoop) async throws -> Int {
    let pool = OwnCluster.patientPool(cluster, loop)
    let count = try await pool.session { try await $0.query("SELECT FROM kept").count }
    await pool.close()
    return count
  }

  @Test func whatAServerSaidBeforeItEndedIsToldAndStaysThroughTheNextStart() async throws {
    try await OwnCluster.with { cluster, loop in
      await cluster.stop()
      #expect(cluster.lastWords.contains("database system is shut down"), "\(cluster.lastWords)")
      let second = try await OwnCluster.start(folder: cluster.folder, loop: loop)
      let kept = try String(contentsOfFile: cluster.folder + "/server.log.1", encoding: .utf8)
      #expect(kept.contains("database system is shut down"), "\(kept)")
      await second.stop()
    }
  }

  @Test func whatAServerSaidStaysThroughAttemptsToStartThatFail() async throws {
    try await OwnCluster.with { cluster, loop in
      await cluster.stop()
      var broken = OwnCluster.settings
      broken.connectionsMax = -1
      for _ in 0..<2 {
        guard case .notStarted = await fault(folder: cluster.folder, broken) else {
          Issue.record("a server started with a setting that does not exist")
          return
        }
      }
      let second = try await OwnCluster.start(folder: cluster.folder, loop: loop)
      let kept = try String(contentsOfFile: cluster.folder + "/server.log.1", encoding: .utf8)
      #expect(kept.contains("database system is shut down"), "\(kept)")
      await second.stop()
    }
  }

  /// Programs of before there was a mark left none.
  @Test func whatAServerSaidThatIsNotMarkedStaysOnce() async throws {
    try await OwnCluster.with { cluster, loop in
      #expect(!FileManager.default.fileExists(atPath: cluster.folder + "/server.log.1"))
      await cluster.stop()
      try FileManager.default.removeItem(atPath: cluster.folder + "/served")
      let second = try await OwnCluster.start(folder: cluster.folder, loop: loop)
      let kept = try String(contentsOfFile: cluster.folder + "/server.log.1", encoding: .utf8)
      #expect(kept.contains("database system is shut down"), "\(kept)")
      await second.stop()
    }
  }

  @Test func aSecondStartFindsTheDataAlsoAfterAKill() async throws {
    try await OwnCluster.with { cluster, loop in
      let pool = OwnCluster.patientPool(cluster, loop)
      try await pool.session {
        try await $0.script("CREATE TABLE kept AS SELECT 1 AS n; CHECKPOINT")
      }
      await pool.close()
      await cluster.stop()
      #expect(!isAlive(cluster.processID))
      let second = try await OwnCluster.start(folder: cluster.folder, loop: loop)
      #expect(try await count(second, loop) == 1)
      kill(second.processID, SIGKILL)
      let status = await second.waitForExit()
      #expect(status.signal == SIGKILL)
      await second.stop()
      let third = try await OwnCluster.start(folder: cluster.folder, loop: loop)
      #expect(try await count(third, loop) == 1)
      await third.stop()
    }
  }

  @Test func itListensOnItsSocketOnlyAndAsASimpleUser() async throws {
    try await OwnCluster.with { cluster, loop in
      let pool = OwnCluster.patientPool(cluster, loop)
      let row = try await pool.session {
        try await $0.query(
          "SELECT current_setting('listen_addresses') AS addresses, current_database()::text AS db"
        ).only()
      }
      await pool.close()
      #expect(try row.text("addresses") == "")
      #expect(try row.text("db") == PrivateCluster.databaseName)
      var status = stat()
      #expect(stat("/proc/\(cluster.processID)", &status) == 0)
      #expect(status.st_uid != 0)
      #expect(stat(cluster.socketFolder, &status) == 0)
      #expect(status.st_mode & 0o777 == 0o700)
    }
  }

  @Test func aFolderInUseIsRefusedWithItsUser() async throws {
    try await OwnCluster.with { cluster, _ in
      let fault = await fault(folder: cluster.folder)
      #expect(fault == .heldByProgram(processID: getpid(), folder: cluster.folder))
      #expect(fault?.description.contains("in use by process \(getpid())") == true)
    }
  }

  @Test func aMissingPostgreSQLIsToldWithWhatToDo() async throws {
    try await OwnCluster.withFolder { folder in
      var settings = OwnCluster.settings
      settings.binFolder = "/nowhere/15/bin"
      let fault = await fault(folder: folder, settings)
      #expect(fault == .notInstalled(searched: ["/nowhere/15/bin"]))
      #expect(fault?.description.contains("apt install postgresql") == true)
    }
  }

  @Test func dataOfAnotherVersionAreLeftAlone() async throws {
    try await OwnCluster.with { cluster, _ in
      await cluster.stop()
      try "9\n".write(
        toFile: cluster.folder + "/data/PG_VERSION", atomically: false, encoding: .utf8)
      guard case .wrongVersion(_, "9", let installed) = await fault(folder: cluster.folder) else {
        Issue.record("the version was not looked at")
        return
      }
      #expect(!installed.isEmpty)
    }
  }

  @Test func otherThingsInTheFolderAreLeftAlone() async throws {
    try await OwnCluster.with { cluster, _ in
      await cluster.stop()
      #expect(unlink(cluster.folder + "/data/PG_VERSION") == 0)
      #expect(await fault(folder: cluster.folder) == .notACluster(folder: cluster.folder + "/data"))
    }
  }

  @Test func aFileInPlaceOfTheFolderIsTold() async throws {
    try await OwnCluster.withFolder { folder in
      try "file".write(toFile: folder, atomically: false, encoding: .utf8)
      guard case .notWritable(folder, _) = await fault(folder: folder) else {
        Issue.record("a file was taken for a folder")
        return
      }
    }
  }

  @Test(.enabled(if: geteuid() == 0, "only root gives folders away"))
  func aFolderOfSomebodyElseIsRefusedAndNamed() async throws {
    try await OwnCluster.withFolder { folder in
      #expect(mkdir(folder, 0o755) == 0)
      try "mine".write(toFile: folder + "/notes", atomically: false, encoding: .utf8)
      let fault = await fault(folder: folder)
      guard case .wrongOwner(folder, "root", let expected) = fault else {
        Issue.record("\(String(describing: fault))")
        return
      }
      #expect(fault?.description.contains("chown -R \(expected) \(folder)") == true)
    }
  }

  /// Whoever gave the data away would take them from the server that uses them.
  @Test(.enabled(if: geteuid() == 0, "only root gives folders away"))
  func dataOfSomebodyElseAreNeverGivenAway() async throws {
    try await OwnCluster.with { cluster, _ in
      await cluster.stop()
      let service = String(cluster.folder.dropLast("/cluster".count))
      for path in [service, cluster.folder, cluster.folder + "/lock"] {
        #expect(chown(path, 1, 1) == 0)
      }
      let fault = await fault(folder: cluster.folder)
      guard case .dataOfOther(cluster.folder, let owner, _, true, let holder, true, false) = fault
      else {
        Issue.record("\(String(describing: fault))")
        return
      }
      #expect(holder == owner)
      let said = fault?.description ?? ""
      #expect(said.contains("run this as \(owner)") && !said.contains("chown"), "\(said)")
      #expect(!said.contains("or as root"), "\(said)")
    }
  }

  /// The server's user has another number on each machine.
  @Test(.enabled(if: geteuid() == 0, "only root gives folders away"))
  func dataOfSomebodyElseInAFolderOfRootMayHaveComeFromAnotherMachine() async throws {
    try await OwnCluster.with { cluster, _ in
      await cluster.stop()
      #expect(chown(cluster.folder, 1, 1) == 0)
      let fault = await fault(folder: cluster.folder)
      guard
        case .dataOfOther(cluster.folder, let owner, let user, true, nil, false, true) = fault
      else {
        Issue.record("\(String(describing: fault))")
        return
      }
      let said = fault?.description ?? ""
      #expect(said.contains("run this as \(owner)"), "\(said)")
      #expect(said.contains("Only where root runs the service"), "\(said)")
      #expect(said.contains("chown -R \(user) \(cluster.folder)"), "\(said)")
    }
  }

  @Test func whoRunsTheServiceIsToldTheCureOfACopy() {
    let folder = "/var/lib/kvytok/postgres"
    let own = ClusterFault.dataOfOther(
      folder: folder, owner: "root", user: "kvytok", isRoot: false, holder: "kvytok",
      isSure: true, mayBeCopy: true
    ).description
    #expect(own.contains("this runs as kvytok, who runs the service on it"), "\(own)")
    #expect(own.contains("chown -R kvytok \(folder)") && !own.contains("run this as"), "\(own)")
    let copied = ClusterFault.dataOfOther(
      folder: folder, owner: "root", user: "kvytok", isRoot: false, holder: "root",
      isSure: true, mayBeCopy: true
    ).description
    #expect(copied.contains("run this as root"), "\(copied)")
    #expect(copied.contains("Only where kvytok runs the service"), "\(copied)")
    #expect(copied.contains("chown -R kvytok \(folder)"), "\(copied)")
  }

  /// 65533 is nobody's number.
  @Test(
    .enabled(if: geteuid() == 0, "only root gives folders away"), arguments: [UInt32(0), 65_533])
  func restoredDataOfRootOrOfNobodyAreToldWithTheirCure(_ owner: UInt32) async throws {
    try await OwnCluster.with { cluster, loop in
      await cluster.stop()
      var server = stat()
      #expect(stat(cluster.folder, &server) == 0)
      for folder in [cluster.folder, cluster.folder + "/data"] {
        #expect(chown(folder, owner, owner) == 0)
        let fault = await fault(folder: cluster.folder)
        guard case .wrongOwner(folder, _, let expected) = fault else {
          Issue.record("\(String(describing: fault))")
          return
        }
        #expect(fault?.description.contains("chown -R \(expected) \(folder)") == true)
        #expect(chown(folder, server.st_uid, server.st_gid) == 0)
      }
      let again = try await OwnCluster.start(folder: cluster.folder, loop: loop)
      await again.stop()
    }
  }

  @Test func dataBehindALinkAreUsedAndMissedWhereTheyAreGone() async throws {
    try await OwnCluster.with { cluster, loop in
      await cluster.stop()
      let data = cluster.folder + "/data"
      let volume = cluster.folder + "-volume"
      #expect(rename(data, volume) == 0)
      #expect(symlink(volume, data) == 0)
      let again = try await OwnCluster.start(folder: cluster.folder, loop: loop)
      #expect(PrivateCluster.running(folder: cluster.folder) != nil)
      // A copy of the folder has the link too, and not the server.
      let copy = cluster.folder + "-copy"
      #expect(mkdir(copy, 0o755) == 0 && mkdir(copy + "/socket", 0o700) == 0)
      #expect(symlink(volume, copy + "/data") == 0)
      #expect(PrivateCluster.running(folder: copy) == nil)
      await again.stop()
      #expect(rename(volume, volume + "-away") == 0)
      #expect(await fault(folder: cluster.folder) == .dataMissing(folder: data))
    }
  }

  /// `initdb` would work on the disk of the folder, and its data could not take the place of the link.
  @Test func aLinkToAnEmptyVolumeIsToldBeforeDataAreMade() async throws {
    try await OwnCluster.with { cluster, _ in
      await cluster.stop()
      let data = cluster.folder + "/data"
      let volume = cluster.folder + "-volume"
      #expect(rename(data, volume) == 0)
      var server = stat()
      #expect(stat(volume, &server) == 0)
      let empty = cluster.folder + "-empty"
      #expect(mkdir(empty, 0o700) == 0 && chown(empty, server.st_uid, server.st_gid) == 0)
      #expect(symlink(empty, data) == 0)
      #expect(await fault(folder: cluster.folder) == .linkToNoData(folder: data))
      #expect(access(cluster.folder + "/data.new", F_OK) != 0)
    }
  }

  @Test(.enabled(if: geteuid() == 0, "only root can reach where the server cannot"))
  func aFolderBehindAClosedDoorIsToldWithTheDoor() async throws {
    try await OwnCluster.withFolder { folder in
      let door = String(folder.dropLast("/cluster".count))
      chmod(door, 0o700)
      let fault = await fault(folder: folder)
      #expect(fault == .notTraversable(folder: door, user: "postgres"))
      #expect(fault?.description.contains("chmod o+x \(door)") == true)
    }
  }

  @Test func aDeepFolderGetsAShortSocket() async throws {
    try await OwnCluster.withFolder { folder in
      let deep = folder + "/" + [String](repeating: "deeper", count: 20).joined(separator: "/")
      let loop = EventLoop.start(name: "deep")
      let cluster = try await OwnCluster.start(folder: deep, loop: loop)
      #expect(cluster.socketFolder.hasPrefix("/tmp/kvytok-"))
      let pool = OwnCluster.patientPool(cluster, loop)
      #expect(await pool.isReachable())
      await pool.close()
      await cluster.stop()
      await loop.shutdown()
      TemporaryFolder.remove(cluster.socketFolder)
    }
  }

  @Test func aTakenSocketIsToldWithItsHolder() async throws {
    try await OwnCluster.with { cluster, loop in
      // A second cluster whose socket folder is the first one's, as with a link.
      let other = cluster.folder + "-other"
      let first = try await OwnCluster.start(folder: other, loop: loop)
      await first.stop()
      let mark = "/.s.PGSQL.5432.lock"
      let text = try String(contentsOfFile: cluster.socketFolder + mark, encoding: .utf8)
      try text.replacingOccurrences(of: cluster.socketFolder, with: other + "/socket").write(
        toFile: other + "/socket" + mark, atomically: false, encoding: .utf8)
      let fault = await fault(folder: other)
      #expect(
        fault
          == .socketTaken(
            path: other + "/socket/.s.PGSQL.5432", processID: cluster.processID))
      // One's own mark is not: after a power cut its number may be that of any server.
      try text.replacingOccurrences(of: cluster.folder + "/", with: other + "/").write(
        toFile: other + "/socket" + mark, atomically: false, encoding: .utf8)
      let again = try await OwnCluster.start(folder: other, loop: loop)
      #expect(again.isRunning && cluster.isRunning)
      await again.stop()
    }
  }

  @Test func anInterruptedBeginningIsBegunAgain() async throws {
    try await OwnCluster.with { cluster, loop in
      await cluster.stop()
      // As after a kill during initdb: unfinished data, none finished.
      #expect(rename(cluster.folder + "/data", cluster.folder + "/data.new") == 0)
      let again = try await OwnCluster.start(folder: cluster.folder, loop: loop)
      let pool = OwnCluster.patientPool(again, loop)
      #expect(await pool.isReachable())
      await pool.close()
      await again.stop()
      #expect(access(cluster.folder + "/data.new", F_OK) != 0)
    }
  }

  @Test func theServerEndsWithTheLoopThatStartedIt() async throws {
    try await OwnCluster.withFolder { folder in
      let loop = EventLoop.start(name: "short")
      let cluster = try await OwnCluster.start(folder: folder, loop: loop)
      await loop.shutdown()
      #expect(try await waitUntilGone(cluster.processID))
    }
  }

  @Test func theServerEndsWhenItsParentIsKilled() async throws {
    try await OwnCluster.withFolder { folder in
      await #expect(processExitsWith: .signal(SIGKILL)) { [folder = folder as String] in
        let loop = EventLoop.start(name: "parent")
        let cluster = try await OwnCluster.start(folder: folder, loop: loop)
        try "\(cluster.processID)".write(
          toFile: folder + "/id", atomically: false, encoding: .utf8)
        kill(getpid(), SIGKILL)
      }
      let text = try String(contentsOfFile: folder + "/id", encoding: .utf8)
      let processID = try #require(Int32(text))
      // The next start waits for it, whether or not it is gone already.
      let loop = EventLoop.start(name: "next")
      let next = try await startWhenFree(folder, loop)
      #expect(!isAlive(processID))
      await next.stop()
      await loop.shutdown()
    }
  }
}
