import Foundation
import Postgres
import Programs
import ServiceClient
import Testing

@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct RestoreCommandTests {
  private static func command(_ arguments: [String], _ data: URL) async throws
    -> RunningProgram.End
  {
    try await Command.run(arguments + ["--data", data.path])
  }

  @Test func aRestoredDatabaseIsMadeFitBeforeItIsServed() async throws {
    let data = try await KvytokService.preparedData("restored")
    defer { try? FileManager.default.removeItem(at: data) }
    let service = try await KvytokService(data: data)
    let person = try await service.person("olena", role: "admin")
    let accountant = try await service.person("marko")
    let early = try await service.run(["restored", "--as", person])
    #expect(early.exitCode == 1 && early.errors.contains("stop it first"), "\(early.errors)")
    try await service.stop()
    let refused = try await Self.command(["restored", "--as", accountant], data)
    #expect(refused.exitCode == 1 && refused.errors.contains("an admin of the city"))
    let done = try await Self.command(["restored", "--as", person], data)
    #expect(done.exitCode == 0, "\(done.errors)")
    #expect(done.output.contains("moved ahead by 1000000"))
    #expect(done.output.contains("tokens: 3 hold"), "\(done.output)")
    #expect(done.output.contains("the last fare day closed is none"), "\(done.output)")
    #expect(done.output.contains("0 of these windows are authorised"), "\(done.output)")
    #expect(done.output.contains("kvytok restored release --as FILE"))
    let looked = try await Self.command(["doctor"], data)
    #expect(looked.output.contains("kvytok restored release --as FILE"), "\(looked.output)")
    let export = try await Self.command(["acquirer", "export"], data)
    #expect(export.exitCode == 1 && export.errors.contains("Charging is held"), "\(export.errors)")
    let again = try await Self.command(["acquirer", "export", "--again", "1"], data)
    #expect(again.exitCode == 1 && again.errors.contains("Charging is held"), "\(again.errors)")
    let notHis = try await Self.command(["restored", "release", "--as", accountant], data)
    #expect(notHis.exitCode == 1 && notHis.errors.contains("an admin of the city"))
    let released = try await Self.command(["restored", "release", "--as", person], data)
    #expect(released.exitCode == 0, "\(released.errors)")
    let twice = try await Self.command(["restored", "release", "--as", person], data)
    #expect(twice.exitCode == 1 && twice.errors.contains("Nothing is held"))
    let wrong = try await Self.command(["restored", "--ahead", "0"], data)
    #expect(wrong.exitCode == 2)
  }

  @Test func theSchemaIsNotChangedUnderARunningServiceAndTheNewestIsNoFault() async throws {
    try await KvytokService.with { service in
      let newest = try await service.run(["migrate"])
      #expect(newest.exitCode == 0 && newest.errors.contains("The schema is the newest"))
      // As of an older service: the last step was not applied yet.
      try await LedgerCommandTests.asOwner(
        service,
        "delete from schema_migration where name = (select max(name) from schema_migration)")
      let refused = try await service.run(["migrate"])
      #expect(refused.exitCode == 1 && refused.errors.contains("--while-serving"))
      #expect(refused.errors.contains("The schema lacks "), "\(refused.errors)")
    }
  }

  @Test func aServiceWhoseKeyIsLostStartsWithAnotherOne() async throws {
    let data = try await KvytokService.preparedData("keyless")
    defer { try? FileManager.default.removeItem(at: data) }
    let service = try await KvytokService(data: data)
    let person = try await service.person("olena", role: "admin")
    try await service.stop()
    let key = data.appendingPathComponent("keys/session.key")
    try FileManager.default.removeItem(at: key)
    let fault = await #expect(throws: ServiceDidNotStart.self) {
      _ = try await KvytokService(data: data)
    }
    #expect(fault?.errors.contains("kvytok device new-service-key") == true)
    // No new file stands in the way of the lost one.
    #expect(!FileManager.default.fileExists(atPath: key.path))
    let looked = try await Self.command(["doctor"], data)
    #expect(looked.exitCode == 1 && looked.output.contains("new-service-key"), "\(looked.output)")
    let made = try await Self.command(["device", "new-service-key", "--as", person], data)
    #expect(made.exitCode == 0 && made.output.contains("another key"), "\(made.errors)")
    let again = try await KvytokService(data: data)
    try await again.stop()
  }
}
