import Foundation
import Postgres
import Programs
import ServiceClient
import Testing

@Suite struct CommandTests {
  @Test func theVersionAndTheHelpAreSaidOnStandardOutput() async throws {
    let version = try await Command.run(["--version"])
    #expect(version.exitCode == 0)
    #expect(version.output.split(separator: ".").count == 3)
    for arguments in [
      ["--help"], ["serve", "--help"], ["tariff", "price", "--help"], ["help", "device"],
    ] {
      let help = try await Command.run(arguments)
      #expect(help.exitCode == 0 && help.output.contains("USAGE: kvytok"), "\(arguments)")
    }
  }

  @Test(arguments: [
    ["nothing"], ["serve", "--port", "x"], ["serve", "--port", "70000"],
    ["serve", "--roles", "web,cook"], ["serve", "--trusted-proxy", "10.0.0.0/0"],
    ["report", "weekly", "--date", "2026-11-22"],
    ["report", "daily", "--date", "22.11.2026"], ["load", "--route", "1"],
    ["token", "create", "x", "--role", "king"], ["token", "create", "x", "--role", "rider"],
    ["token", "create", "", "--role", "accountant"],
    ["token", "create", "  \t", "--role", "accountant"],
    ["token", "create", "a\u{1B}[31mred", "--role", "accountant"],
    ["token", "create", "\u{3164}", "--role", "admin"],
    ["token", "create", "Olena\u{200B}", "--role", "accountant"],
    ["token", "create", "clock", "--role", "accountant"],
    ["device", "revoke", "V1", "--by", ""], ["deny-list", "add", "YW5uYQ", "--by", " "],
    [
      "wallet", "top-up", "YW5uYQ", "5", "--currency", "UAH", "--channel", "cash", "--key", "k",
      "--reason", "test", "--by", "\u{200B}\u{1B}[2J",
    ],
    [
      "wallet", "top-up", "YW5uYQ", "5", "--currency", "UAH", "--channel", "cash", "--key", "k",
      "--reason", " ",
    ],
    ["token", "create", String(repeating: "x", count: 101), "--role", "accountant"],
    ["device", "enroll"],
  ])
  func aCommandWrittenWronglyEndsWithTwo(_ arguments: [String]) async throws {
    let end = try await Command.run(arguments)
    #expect(end.exitCode == 2, "\(arguments): \(end.errors)")
    #expect(end.output.isEmpty && !end.errors.isEmpty)
  }

  @Test(arguments: [
    ["network", "show"], ["ledger", "verify"], ["device", "list"], ["rider", "show", "x"],
    ["taps", "states"], ["taps", "stuck"], ["rate", "list"],
    // A blank reason is none, where none is needed.
    ["device", "revoke", "V1", "--reason", " "],
  ])
  func aCommandWithoutItsServiceSaysWhatToDo(_ arguments: [String]) async throws {
    let folder = try TemporaryFolder.make("none").appendingPathComponent("nothing").path
    let end = try await Command.run(arguments + ["--data", folder])
    #expect(end.exitCode == 3)
    #expect(end.errors.contains("There is no service in \(folder)"), "\(end.errors)")
    let url = "postgres://nobody@127.0.0.1:1/none"
    let away = try await Command.run(arguments + ["--database-url", url])
    #expect(away.exitCode == 3 && away.errors.contains("127.0.0.1:1"), "\(away.errors)")
    // The place and the question once, and no question of libpq's.
    #expect(away.errors.components(separatedBy: "127.0.0.1:1/none").count == 2, "\(away.errors)")
    #expect(away.errors.components(separatedBy: "?").count == 2, "\(away.errors)")
  }

  @Test func aTariffIsCheckedAndTriedWithoutADatabase() async throws {
    let sound = try await Command.run(["tariff", "check", Command.tariff.path])
    #expect(sound.exitCode == 0, "\(sound.output)")
    let folder = try TemporaryFolder.make("tariff")
    defer { try? FileManager.default.removeItem(at: folder) }
    try "version: [".write(
      to: folder.appendingPathComponent("tariff.yaml"), atomically: true, encoding: .utf8)
    let broken = try await Command.run(["tariff", "check", folder.path])
    #expect(broken.exitCode == 1)
    #expect(broken.output.contains("tariff.yaml:2: error:"), "\(broken.output)")
    let taps = folder.appendingPathComponent("taps.csv")
    try """
    case,category,media,tap_time,kind,mode
    a,adult,card,2026-11-22T08:00:00+02:00,single,bus
    """.write(to: taps, atomically: true, encoding: .utf8)
    let priced = try await Command.run([
      "tariff", "price", "--tariff", Command.tariff.path, "--taps", taps.path,
    ])
    #expect(priced.exitCode == 0, "\(priced.errors)")
    let lines = priced.output.split(separator: "\n")
    #expect(lines.first == "case,category,ride,charged,total,nominal,reason")
    #expect(lines.count == 2 && lines[1].hasPrefix("a,adult,1,"))
  }
}

@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct HinderedStartTests {
  @Test func aPortThatIsTakenIsSaidToBe() async throws {
    try await KvytokService.with { service in
      let port = try #require(service.url.split(separator: ":").last.map(String.init))
      let data = try TemporaryFolder.make("data")
      defer { try? FileManager.default.removeItem(at: data) }
      let end = try await Command.run(["serve", "--data", data.path, "--port", port])
      #expect(end.exitCode == 3)
      #expect(end.errors.contains("is taken by another process"), "\(end.errors)")
      #expect(end.output.isEmpty)
    }
  }

  @Test func aFolderThatAnotherServiceHoldsIsLeftAlone() async throws {
    try await KvytokService.with { service in
      let end = try await Command.run(["serve", "--data", service.data.path, "--port", "0"])
      #expect(end.exitCode == 3)
      #expect(end.errors.contains("\(service.program.processID)"), "\(end.errors)")
      // By the same settings the port is taken as well, and another would not help.
      let port = try #require(service.url.split(separator: ":").last.map(String.init))
      let same = try await Command.run(["serve", "--data", service.data.path, "--port", port])
      #expect(same.exitCode == 3)
      #expect(
        same.errors.contains("by the service that runs on \(service.data.path)"), "\(same.errors)")
      #expect(!same.errors.contains("--data"), "\(same.errors)")
      #expect(!same.errors.contains("Choose another with --port"), "\(same.errors)")
      #expect(try await service.client.send("GET", "/readyz").status == 200)
    }
  }

  @Test func aTariffWithFaultsStopsTheStart() async throws {
    let data = try TemporaryFolder.make("data")
    defer { try? FileManager.default.removeItem(at: data) }
    let tariff = try TemporaryFolder.make("tariff")
    defer { try? FileManager.default.removeItem(at: tariff) }
    try "version: 7".write(
      to: tariff.appendingPathComponent("tariff.yaml"), atomically: true, encoding: .utf8)
    let end = try await Command.run([
      "serve", "--data", data.path, "--port", "0", "--tariff", tariff.path,
    ])
    #expect(end.exitCode == 1)
    #expect(end.errors.contains("tariff.yaml:"), "\(end.errors)")
  }

  /// What a setting was to be and is not would otherwise be taken for done.
  @Test(arguments: [
    (#"{"port": "18997"}"#, "port is to be number"),
    (#"{"acquirer_files": "yes"}"#, "true or false"),
    (#"{"acquirer_url": 7}"#, "acquirer_url is to be text"), (#"{"prot": 1}"#, "no setting prot"),
    // Shorter than a tap may come late.
    (#"{"position_days": 400}"#, "kept 407 to"), (#"{"position_days": "x"}"#, "is to be number"),
    ("[]", "no JSON object"), (nil, "KVYTOK_PORT") as (String?, String),
  ])
  func aSettingThatCannotBeReadStopsTheStart(_ file: String?, _ words: String) async throws {
    let data = try TemporaryFolder.make("data")
    defer { try? FileManager.default.removeItem(at: data) }
    var arguments = ["serve", "--data", data.path]
    var environment: [String: String] = [:]
    if let file {
      let path = data.appendingPathComponent("settings.json")
      try Data(file.utf8).write(to: path)
      arguments += ["--config", path.path]
    } else {
      environment["KVYTOK_PORT"] = "1899x"
    }
    let end = try await RunningProgram.start(Command.path, arguments, environment: environment)
      .end()
    #expect(end.exitCode == 2)
    #expect(
      end.errors.lowercased().contains(file == nil ? "port is a number" : words.lowercased()),
      "\(end.errors)")
  }

  @Test func aCommandMakesNoDatabaseInAFolderThatWasNamedByMistake() async throws {
    let folder = try TemporaryFolder.make("mistake")
    defer { try? FileManager.default.removeItem(at: folder) }
    for arguments in [["report", "daily", "--date", "2026-11-20"], ["doctor"]] {
      let end = try await Command.run(arguments + ["--data", folder.path])
      #expect(end.exitCode != 0)
      #expect((end.output + end.errors).contains("There is no service in"), "\(end.errors)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
  }

  @Test(.enabled(if: SmallDisk.isPossible, "skipped: may not mount a file system"))
  func theDoctorWantsRoomForThePrivateDatabaseOnlyWhereItLies() async throws {
    try await SmallDisk.with(megabytes: 3_072) { disk in
      let own = try await Command.run(["doctor", "--data", disk.path])
      #expect(own.output.contains("disk: Make room: below 8192 MiB"), "\(own.output)")
      // A URL that cannot be read: nobody is waited for.
      let apart = try await Command.run([
        "doctor", "--data", disk.path, "--database-url", "postgres://host:port/db",
      ])
      #expect(apart.output.contains("MiB free"), "\(apart.output)\(apart.errors)")
      #expect(!apart.output.contains("Make room"), "\(apart.output)")
    }
    try await SmallDisk.with(megabytes: 1_024) { disk in
      let apart = try await Command.run([
        "doctor", "--data", disk.path, "--database-url", "postgres://host:port/db",
      ])
      #expect(apart.output.contains("disk: Make room: below 2048 MiB"), "\(apart.output)")
    }
  }

  @Test func theDoctorSaysWhatToDo() async throws {
    try await KvytokService.with { service in
      let end = try await service.run(["doctor"])
      #expect(end.exitCode == 1)
      #expect(end.output.contains("network: Import one: kvytok network import"))
      #expect(!end.output.contains("tariff: "))
      #expect(end.output.contains("every batch can be read"))
      try await LedgerCommandTests.asOwner(
        service,
        """
        insert into tap_batch (lane, device_id, epoch, seqs, fresh, received_at, sent_at, body, signature,
          body_digest, sort_fault)
        values (1, 'V-1', 1, '{[30,35)}', '{[30,35)}', now(), now(), '', '', '', 'cut off')
        """)
      let broken = try await service.run(["doctor"]).output
      #expect(broken.contains("5 taps in 1 batches are set aside; the oldest, batch "), "\(broken)")
      #expect(broken.contains(" of V-1 of ") && broken.contains(": cut off"), "\(broken)")
      #expect(broken.contains("journal: Was the program put back to an older one?"), "\(broken)")
    }
  }
}
