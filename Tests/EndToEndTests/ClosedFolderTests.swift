import Foundation
import Postgres
import Programs
import ServiceClient
import Testing

/// A folder or key that the user may not use is told so, and is not taken for one that is gone.
@Suite(
  .enabled(if: PrivateCluster.isPossible && OtherUser.isPossible, "skipped: nobody may not run it"),
  .serialized, .serverTurn)
struct ClosedFolderTests {
  @Test func anotherUserIsToldWhoToBeAndToGiveNothingAway() async throws {
    try await KvytokService.with { service in
      for arguments in [["report", "daily", "--date", "2026-11-20"], ["doctor"]] {
        let end = try await OtherUser.run(arguments + ["--data", service.data.path])
        #expect(end.exitCode != 0)
        let said = end.output + end.errors
        #expect(said.contains("belongs to postgres, and this runs as nobody"), "\(said)")
        // The server's data are postgres's; keys and lock are root's, who runs the service.
        #expect(said.contains("run this as root, who runs the service on it"), "\(said)")
        #expect(!said.contains("chown") && !said.contains("Start it"), "\(said)")
      }
      #expect(try await service.run(["report", "daily", "--date", "2026-11-20"]).exitCode == 0)
    }
  }

  @Test func theUserOfTheServerIsToldWhoRunsTheService() async throws {
    let data = try await KvytokService.preparedData("lock")
    defer { try? FileManager.default.removeItem(at: data) }
    let lock = data.appendingPathComponent("postgres/lock").path
    try #require(FileManager.default.createFile(atPath: lock, contents: nil))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: lock)
    let end = try await OtherUser.run(
      ["report", "daily", "--date", "2026-11-20", "--data", data.path], as: "postgres")
    #expect(end.exitCode != 0)
    #expect(
      end.errors.contains("\(lock) belongs to root, and this runs as postgres"), "\(end.errors)")
    #expect(end.errors.contains("run this as root"), "\(end.errors)")
  }

  /// As by `cp -r`: the lock is of whoever copied, where it is seen at all.
  @Test(arguments: [0o700, 0o755])
  func theServicesOwnUserIsToldTheCureOfACopyThatIsAllOfRoot(_ mode: Int) async throws {
    let data = try await KvytokService.preparedData("copied")
    defer { try? FileManager.default.removeItem(at: data) }
    let cluster = data.appendingPathComponent("postgres").path
    try await Self.give(cluster, to: "root")
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: cluster)
    try #require(FileManager.default.createFile(atPath: cluster + "/lock", contents: nil))
    let said = try await Self.saidToNobody(data)
    #expect(said.contains("\(cluster) belongs to root, and this runs as nobody"), "\(said)")
    #expect(said.contains("root if root runs the service on it"), "\(said)")
    #expect(said.contains("Only where nobody runs the service"), "\(said)")
    #expect(said.contains("chown -R nobody \(cluster)"), "\(said)")
    #expect(!said.contains("leave the folder as it is"), "\(said)")
  }

  @Test func whoOwnsTheFolderAboveIsNotToldToRunTheServiceOfRoot() async throws {
    let data = try await KvytokService.preparedData("above")
    defer { try? FileManager.default.removeItem(at: data) }
    #expect(chown(data.path, try #require(getpwnam("nobody")).pointee.pw_uid, UInt32.max) == 0)
    let said = try await Self.saidToNobody(data)
    #expect(said.contains("belongs to postgres, and this runs as nobody; run this as"), "\(said)")
    #expect(said.contains("or as root if root runs it"), "\(said)")
    #expect(!said.contains("who runs the service on it"), "\(said)")
  }

  /// The service of a user of its own, as in the unit of the handbook.
  @Test func dataAndFolderOfOneUserAreThoseOfTheirServiceAlsoWhereTheLockIsNotSeen() async throws {
    let data = try await KvytokService.preparedData("unit")
    defer { try? FileManager.default.removeItem(at: data) }
    try await Self.give(data.path, to: "daemon")
    let said = try await Self.saidToNobody(data)
    #expect(said.contains("belongs to daemon, and this runs as nobody"), "\(said)")
    #expect(said.contains("run this as daemon (runuser"), "\(said)")
    #expect(said.contains("leave the folder as it is"), "\(said)")
    #expect(!said.contains("chown") && !said.contains("as root"), "\(said)")
  }

  /// `chown -R` does not go through a link: who gets such a copy has all but the data, which are the first one's.
  @Test func aCopyWhoseDataAreALinkDoesNotTellToTakeThoseOfTheFirst() async throws {
    let data = try await KvytokService.preparedData("linked")
    let volume = try TemporaryFolder.make("volume")
    defer { for folder in [data, volume] { try? FileManager.default.removeItem(at: folder) } }
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: volume.path)
    let cluster = data.appendingPathComponent("postgres").path
    try FileManager.default.moveItem(atPath: cluster + "/data", toPath: volume.path + "/pg")
    #expect(symlink(volume.path + "/pg", cluster + "/data") == 0)
    try #require(FileManager.default.createFile(atPath: cluster + "/lock", contents: nil))
    try await Self.give(data.path, to: "nobody")
    let said = try await Self.saidToNobody(data)
    #expect(said.contains("data leads to \(volume.path)/pg, which belongs to postgres"), "\(said)")
    #expect(said.contains("a copy without data of its own: leave them as they are"), "\(said)")
    #expect(said.contains("Only where none has"), "\(said)")
    #expect(!said.contains("who runs the service on it"), "\(said)")
  }

  /// Another user's process shows nobody where it stands: who it is of says that it is not theirs.
  @Test func aCopyOfAnotherUsersFolderInUseIsNotHeldByTheServerOfTheFirst() async throws {
    let copy = try await KvytokService.preparedData("hot")
    defer { try? FileManager.default.removeItem(at: copy) }
    try await KvytokService.with { service in
      let mark = "postgres/data/postmaster.pid"
      try FileManager.default.copyItem(
        at: service.data.appendingPathComponent(mark), to: copy.appendingPathComponent(mark))
      try await Self.give(copy.path, to: "nobody")
      let end = try await OtherUser.run([
        "report", "daily", "--date", "2026-11-20", "--data", copy.path,
      ])
      #expect(end.exitCode == 0 && !end.errors.contains("kill"), "\(end.errors)")
      #expect(try await service.run(["report", "daily", "--date", "2026-11-20"]).exitCode == 0)
    }
  }

  private static func give(_ folder: String, to user: String) async throws {
    let end = try await RunningProgram.run(
      URL(fileURLWithPath: "/bin/chown"), ["-R", "\(user):", folder])
    #expect(end.exitCode == 0, "\(end.errors)")
  }

  /// What a command says to a user who runs no service.
  private static func saidToNobody(_ data: URL) async throws -> String {
    let end = try await OtherUser.run(
      ["report", "daily", "--date", "2026-11-20", "--data", data.path])
    #expect(end.exitCode != 0)
    return end.errors
  }

  @Test func aKeyThatMayNotBeReadIsNotToldAsLost() async throws {
    let data = try await KvytokService.preparedData("closed")
    defer { try? FileManager.default.removeItem(at: data) }
    let doctor = try await OtherUser.run(["doctor", "--data", data.path])
    #expect(doctor.output.contains("the key of the tokens cannot be used"), "\(doctor.output)")
    let words =
      "keys/token-hmac.key may not be read by nobody: \(data.path)/keys belongs to root, mode 700"
    #expect(doctor.output.contains(words), "\(doctor.output)")
    #expect(!doctor.output.contains("restore it"), "\(doctor.output)")
  }
}

/// A user who may do little, as whom root runs commands.
private enum OtherUser {
  static let setpriv = URL(fileURLWithPath: "/usr/bin/setpriv")

  /// Whether this is root, and the way to the command is open to others.
  static var isPossible: Bool {
    guard geteuid() == 0, FileManager.default.isExecutableFile(atPath: setpriv.path) else {
      return false
    }
    var folder = Command.path
    while folder.path != "/" {
      let facts = try? FileManager.default.attributesOfItem(atPath: folder.path)
      guard let mode = facts?[.posixPermissions] as? Int, mode & 0o001 != 0 else { return false }
      folder.deleteLastPathComponent()
    }
    return true
  }

  static func run(
    _ arguments: [String], as user: String = "nobody"
  ) async throws -> RunningProgram.End {
    let group = user == "nobody" ? "nogroup" : user
    return try await RunningProgram.run(
      setpriv,
      ["--reuid=\(user)", "--regid=\(group)", "--clear-groups", Command.path.path] + arguments,
      withinSeconds: 600)
  }
}
