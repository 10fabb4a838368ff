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
        #expect(said.contains("run this as postgres"), "\(said)")
        #expect(!said.contains("chown") && !said.contains("Start it"), "\(said)")
      }
      #expect(try await service.run(["report", "daily", "--date", "2026-11-20"]).exitCode == 0)
    }
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

  static func run(_ arguments: [String]) async throws -> RunningProgram.End {
    try await RunningProgram.run(
      setpriv,
      ["--reuid=nobody", "--regid=nogroup", "--clear-groups", Command.path.path] + arguments,
      withinSeconds: 600)
  }
}
