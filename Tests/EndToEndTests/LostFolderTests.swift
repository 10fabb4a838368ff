import EventLoop
import Foundation
import Postgres
import Programs
import ServiceClient
import Testing

/// A database that is not where it was is told, and none is made in its place.
@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct LostFolderTests {
  private static func text(_ data: URL, _ name: String) throws -> String {
    try String(contentsOf: data.appendingPathComponent(name), encoding: .utf8)
  }

  @Test(arguments: ["serve", "migrate"])
  func keysWithoutTheirDatabaseAreLeftAloneAndBothWaysOutAreNamed(_ command: String) async throws {
    let data = try await KvytokService.preparedData("keys")
    defer { try? FileManager.default.removeItem(at: data) }
    let key = try Self.text(data, "keys/token-hmac.key")
    let token = try Self.text(data, "admin-token")
    let postgres = data.appendingPathComponent("postgres")
    try FileManager.default.removeItem(at: postgres)
    let more = command == "serve" ? ["--port", "0"] : []
    let end = try await Command.run([command, "--data", data.path] + more)
    #expect(end.exitCode == 3, "\(end.errors)")
    let found = "\(data.path)/keys holds keys of an earlier service"
    #expect(end.errors.contains(found), "\(end.errors)")
    #expect(end.errors.contains("restore the database"), "\(end.errors)")
    #expect(end.errors.contains("take another folder with --data"), "\(end.errors)")
    #expect(!FileManager.default.fileExists(atPath: postgres.path))
    #expect(try Self.text(data, "keys/token-hmac.key") == key)
    #expect(try Self.text(data, "admin-token") == token)
  }

  /// All give one advice: what one of them says is not refused by the next.
  @Test(arguments: [["report", "daily", "--date", "2026-11-20"], ["doctor"]])
  func commandsBesideKeysWithoutTheirDatabaseSayTheSame(_ arguments: [String]) async throws {
    let data = try await KvytokService.preparedData("keys")
    defer { try? FileManager.default.removeItem(at: data) }
    try FileManager.default.removeItem(at: data.appendingPathComponent("postgres"))
    let end = try await Command.run(arguments + ["--data", data.path])
    #expect(end.exitCode != 0)
    let said = end.output + end.errors
    #expect(said.contains("\(data.path)/keys holds keys of an earlier service"), "\(said)")
    #expect(said.contains("restore the database") && !said.contains("kvytok serve"), "\(said)")
  }

  /// As where a volume is not mounted.
  @Test func aCommandMakesNoDatabaseWhereTheFolderOfOneIsEmpty() async throws {
    let data = try await KvytokService.preparedData("unmounted")
    defer { try? FileManager.default.removeItem(at: data) }
    let cluster = data.appendingPathComponent("postgres")
    try FileManager.default.removeItem(at: cluster.appendingPathComponent("data"))
    for arguments in [["report", "daily", "--date", "2026-11-20"], ["doctor"]] {
      let end = try await Command.run(arguments + ["--data", data.path])
      #expect(end.exitCode != 0)
      let said = end.output + end.errors
      #expect(said.contains("\(cluster.path)/data is gone, or was never there"), "\(said)")
    }
    #expect(
      !FileManager.default.fileExists(atPath: cluster.appendingPathComponent("data").path))
  }

  /// A link anywhere on the way makes a backup that holds no database.
  @Test(arguments: ["", "/postgres", "/postgres/data"])
  func theDoctorTellsWhereDataBehindALinkLie(_ place: String) async throws {
    let data = try await KvytokService.preparedData("linked")
    let volume = data.path + "-volume"
    defer { for path in [data.path, volume] { try? FileManager.default.removeItem(atPath: path) } }
    let without = try await Command.run(["doctor", "--data", data.path])
    #expect(!without.output.contains("lie in"), "\(without.output)")
    try FileManager.default.moveItem(atPath: data.path + place, toPath: volume)
    try FileManager.default.createSymbolicLink(
      atPath: data.path + place, withDestinationPath: volume)
    let end = try await Command.run(["doctor", "--data", data.path])
    let real = volume + "/postgres/data".dropFirst(place.count)
    let found = "lie in \(real), which a copy of \(data.path) does not hold"
    #expect(end.output.contains(found), "\(end.output)\(end.errors)")
    // Both are on one disk: one row tells of it.
    let disks = end.output.split(separator: "\n").filter { $0.contains("MiB free") }
    try #require(disks.count == 1, "\(end.output)")
    #expect(disks[0].contains("MiB free where \(real) lies"), "\(end.output)")
  }

  /// Which of two disks is full stands in the row.
  @Test(.enabled(if: LostFolderTests.hasSecondDisk, "there is one disk"))
  func theDoctorTellsTheDiskOfTheDataAndThatOfTheFolder() async throws {
    let data = try await KvytokService.preparedData("disks")
    let other = try #require(TemporaryFolder.roots.first { !data.path.hasPrefix($0) })
    let volume = try TemporaryFolder.make("disk", in: other)
    defer { for folder in [data, volume] { try? FileManager.default.removeItem(at: folder) } }
    let inside = data.appendingPathComponent("postgres/data")
    try await TemporaryFolder.copy(inside, into: volume)
    try FileManager.default.removeItem(at: inside)
    try FileManager.default.createSymbolicLink(at: inside, withDestinationURL: volume)
    let end = try await Command.run(["doctor", "--data", data.path])
    let disks = end.output.split(separator: "\n").filter { $0.contains("MiB free") }
    try #require(disks.count == 2, "\(end.output)\(end.errors)")
    #expect(disks[0].contains("MiB free where \(volume.path) lies"), "\(end.output)")
    #expect(disks[1].contains("MiB free where \(data.path) lies"), "\(end.output)")
  }

  /// Whether memory is a disk beside that of the tests.
  private static var hasSecondDisk: Bool {
    let disks = TemporaryFolder.roots.map { path in
      (try? FileManager.default.attributesOfItem(atPath: path)[.systemNumber]) as? Int
    }
    return disks.allSatisfy { $0 != nil } && disks[0] != disks[1]
      && TemporaryFolder.roots.allSatisfy(FileManager.default.isWritableFile(atPath:))
  }

  /// Who mends what hindered a first start starts again: no key is there that would be taken for an earlier one's.
  @Test func aFirstStartThatFailedLeavesNoKey() async throws {
    let data = try TemporaryFolder.make("first")
    defer { try? FileManager.default.removeItem(at: data) }
    try Data("file".utf8).write(to: data.appendingPathComponent("postgres"))
    let end = try await Command.run(["serve", "--data", data.path, "--port", "0"])
    #expect(end.exitCode == 3 && end.errors.contains("postgres"), "\(end.errors)")
    #expect(!FileManager.default.fileExists(atPath: data.appendingPathComponent("keys").path))
  }

  /// A slip of the pen in the address is mended by leaving it out, or by another address.
  @Test func aFirstStartThatDidNotReachItsDatabaseLeavesNoKey() async throws {
    let data = try TemporaryFolder.make("address")
    defer { try? FileManager.default.removeItem(at: data) }
    let keys = data.appendingPathComponent("keys").path
    let wrong = try await Command.run([
      "serve", "--data", data.path, "--port", "0", "--database-url",
      "postgres://nobody@127.0.0.1:1/none",
    ])
    #expect(wrong.exitCode == 3, "\(wrong.errors)")
    #expect(
      wrong.errors.contains("The database does not answer at nobody@127.0.0.1:1/none"),
      "\(wrong.errors)")
    #expect(!FileManager.default.fileExists(atPath: keys))
    let service = try await KvytokService(data: data)
    #expect(FileManager.default.fileExists(atPath: keys))
    try await service.stop()
  }

  @Test func noOtherKeyIsMadeBesideADatabaseThatHasOne() async throws {
    let data = try await KvytokService.preparedData("lost-key")
    defer { try? FileManager.default.removeItem(at: data) }
    let key = data.appendingPathComponent("keys/token-hmac.key")
    try FileManager.default.removeItem(at: key)
    let end = try await Command.run(["serve", "--data", data.path, "--port", "0"])
    #expect(end.exitCode == 3, "\(end.errors)")
    #expect(
      end.errors.contains("This database was filled with a key that is not in"), "\(end.errors)")
    #expect(!FileManager.default.fileExists(atPath: key.path))
  }

  /// Makes an empty database on the server of a service; its address.
  private static func makeEmptyDatabase(_ service: KvytokService) async throws -> String {
    try await LedgerCommandTests.asOwner(service, "create database nothing")
    let folder = service.data.appendingPathComponent("postgres").path
    let place = try #require(PrivateCluster.running(folder: folder)).place
    // user@host:port/database, the host a folder.
    let user = place.prefix { $0 != "@" }
    let host = place.dropFirst(user.count + 1).prefix { $0 != ":" }
    return "host=\(host) user=\(user) dbname=nothing"
  }

  /// Makes a table that is none of ours.
  private static func makeTable(_ url: String) async throws {
    let loop = EventLoop.start(name: "other")
    let pool = PostgresPool(configuration: try PostgresConfiguration(url: url), loop: loop)
    _ = try await pool.session { db in try await db.script("create table of_others (n int8)") }
    await pool.close()
    await loop.shutdown()
  }

  @Test(arguments: ["serve", "migrate"])
  func anEmptyDatabaseIsNotFilledBesideTheKeysOfACity(_ command: String) async throws {
    try await KvytokService.with { service in
      let url = try await Self.makeEmptyDatabase(service)
      let restored = try TemporaryFolder.make("restored")
      defer { try? FileManager.default.removeItem(at: restored) }
      for name in ["keys", "admin-token"] {
        try FileManager.default.copyItem(
          at: service.data.appendingPathComponent(name),
          to: restored.appendingPathComponent(name))
      }
      let more = command == "serve" ? ["--port", "0"] : []
      let end = try await Command.run(
        [command, "--data", restored.path, "--database-url", url] + more)
      #expect(end.exitCode == 3, "\(end.errors)")
      #expect(
        end.errors.contains(
          "/nothing holds nothing of Kvytok, and \(restored.path)/keys/session.key"))
      #expect(end.errors.contains("Is it the right database?"), "\(end.errors)")
      #expect(try Self.text(restored, "admin-token") == Self.text(service.data, "admin-token"))
      let doctor = try await Command.run([
        "doctor", "--data", restored.path, "--database-url", url,
      ])
      #expect(doctor.output.contains("the database is empty"), "\(doctor.output)")
    }
  }

  @Test func theAdminTokenOfBeforeStaysBesideAnother() async throws {
    let data = try TemporaryFolder.make("token")
    defer { try? FileManager.default.removeItem(at: data) }
    try Data("of before\n".utf8).write(to: data.appendingPathComponent("admin-token"))
    try Data("of the city\n".utf8).write(to: data.appendingPathComponent("admin-token.1"))
    let service = try await KvytokService(data: data)
    #expect(service.adminToken != "of before")
    #expect(try Self.text(data, "admin-token.1") == "of the city\n")
    #expect(try Self.text(data, "admin-token.2") == "of before\n")
    try await service.stop()
  }

  @Test func anEmptyDatabaseIsAskedAboutBeforeItIsFilled() async throws {
    try await KvytokService.with { service in
      let url = try await Self.makeEmptyDatabase(service)
      let empty = try TemporaryFolder.make("elsewhere")
      defer { try? FileManager.default.removeItem(at: empty) }
      let elsewhere = ["--database-url", url, "--data", empty.path]
      let doctor = try await Command.run(["doctor"] + elsewhere)
      #expect(doctor.output.contains("the database is empty"), "\(doctor.output)")
      #expect(doctor.output.contains("Is it the right database?"), "\(doctor.output)")
      let report = try await Command.run(["report", "daily", "--date", "2026-11-20"] + elsewhere)
      #expect(report.exitCode == 3)
      #expect(report.errors.contains("Is it the right database?"), "\(report.errors)")
      let hasty = try await Command.run([
        "serve", "--port", "0", "--data", empty.path, "--database-url",
        "\(url) options='-c synchronous_commit=off'",
      ])
      #expect(hasty.exitCode == 3, "\(hasty.errors)")
      #expect(
        hasty.errors.contains("ALTER DATABASE nothing SET synchronous_commit = on"),
        "\(hasty.errors)")
      #expect(
        !FileManager.default.fileExists(atPath: empty.appendingPathComponent("keys").path))
      try await Self.makeTable(url)
      let other = try await Command.run(["doctor"] + elsewhere)
      #expect(other.output.contains("holds tables of something else"), "\(other.output)")
      #expect(other.output.contains("make a database for it alone"), "\(other.output)")
    }
  }
}
