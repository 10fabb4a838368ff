import Foundation
import Programs
import ServiceClient
import Testing

/// `kvytok serve` as a process of its own, on a private PostgreSQL of its own.
final class KvytokService: Sendable {
  let data: URL
  private let databaseURL: String?
  private let clock: ServiceClock?
  let program: RunningProgram
  let url: String
  let adminToken: String
  let client: ServiceClient

  /// The folder of a service that was started for the first time and stopped: a copy of it starts in a moment.
  ///
  /// Copies share the keys and the first administrator's token; nobody looks from one at another.
  private static let prepared = MadeOnce { () async throws -> URL in
    let folder = try TemporaryFolder.makeForProcess("prepared")
    let end = try await KvytokService(data: folder).stop()
    guard end.exitCode == 0 else { throw ServiceDidNotStart(errors: end.errors) }
    // A database that was just made has none of these.
    for name in ["server.log", "served", "lock", "socket"] {
      try? FileManager.default.removeItem(at: folder.appendingPathComponent("postgres/\(name)"))
    }
    return folder
  }

  /// Makes a folder as a service leaves it that ran on it for the first time, with the tariff of the invented city.
  static func preparedData(_ purpose: String = "data") async throws -> URL {
    let prepared = try await prepared.value()
    let data = try TemporaryFolder.make(purpose)
    do {
      try await TemporaryFolder.copy(prepared, into: data)
    } catch {
      try? FileManager.default.removeItem(at: data)
      throw error
    }
    return data
  }

  /// Runs a body on a service that holds nothing, and stops the service afterwards.
  static func with<Result: Sendable>(
    _ body: (KvytokService) async throws -> Result
  ) async throws -> Result {
    let data = try await preparedData()
    defer { try? FileManager.default.removeItem(at: data) }
    let service = try await KvytokService(data: data)
    do {
      let result = try await body(service)
      try await service.stop()
      return result
    } catch {
      _ = try? await service.stop()
      throw error
    }
  }

  /// Starts a service on a folder and waits until it is ready; port 0 is any free one, and without
  /// a database it runs its own.
  ///
  /// It lives by a clock of its own when one is given, with the shell's limit of a resource, and with variables of
  /// its environment.
  init(
    data: URL, port: Int = 0, databaseURL: String? = nil, arguments: [String] = [],
    clock: ServiceClock? = nil, ulimit: String? = nil, environment: [String: String] = [:]
  ) async throws {
    self.data = data
    self.databaseURL = databaseURL
    self.clock = clock
    // Taps of tests have fixed days, which grow old.
    program = try await Command.start(
      [
        "serve", "--data", data.path, "--port", "\(port)", "--tariff", Command.tariff.path,
        "--tap-age-days", "36500",
      ]
        + (databaseURL.map { ["--database-url", $0] } ?? []) + arguments, clock: clock,
      ulimit: ulimit, environment: environment)
    let program = program
    let line = try await eventually(withinSeconds: 600) { () -> String? in
      guard program.isRunning || program.output.contains("\n") else {
        throw ServiceDidNotStart(errors: program.errors)
      }
      return program.output.split(separator: "\n").first.map(String.init)
    }
    let words = try #require(line, "\(program.errors)").split(separator: " ").map(String.init)
    try #require(words.count == 4 && words[0] == "kvytok" && words[1] == "ready")
    url = words[2]
    adminToken = try String(
      contentsOf: data.appendingPathComponent("admin-token"), encoding: .utf8
    ).trimmingCharacters(in: .whitespacesAndNewlines)
    client = ServiceClient(base: url, adminToken: adminToken)
  }

  /// Starts a service on the folder of one that was killed: on a busy machine its database takes longer to end
  /// than a start waits.
  static func afterKill(
    data: URL, port: Int = 0, databaseURL: String? = nil
  ) async throws -> KvytokService {
    for _ in 0..<20 {
      do {
        return try await KvytokService(data: data, port: port, databaseURL: databaseURL)
      } catch let fault as ServiceDidNotStart where fault.errors.contains("that does not end") {
        continue
      }
    }
    return try await KvytokService(data: data, port: port, databaseURL: databaseURL)
  }

  /// Stops the service as an operator would.
  @discardableResult
  func stop() async throws -> RunningProgram.End {
    try await client.close()
    program.signal(SIGTERM)
    return await program.end()
  }

  /// Runs a command on the service's database.
  func run(
    _ arguments: [String], environment: [String: String] = [:]
  ) async throws -> RunningProgram.End {
    try await Command.start(
      arguments + ["--data", data.path] + (databaseURL.map { ["--database-url", $0] } ?? []),
      clock: clock, environment: environment
    ).end(withinSeconds: 600)
  }

  /// A file with a new token of a person.
  func person(_ label: String, role: String = "accountant") async throws -> String {
    let made = try await run(["token", "create", label, "--role", role])
    #expect(made.exitCode == 0, "\(made.errors)")
    let token = made.output.split(whereSeparator: \.isWhitespace).last.map(String.init)
    let file = data.appendingPathComponent("\(label).token")
    try #require(token).write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }
}

/// Why a service did not get ready.
struct ServiceDidNotStart: Error {
  let errors: String
}

/// The command as it was built beside the tests.
enum Command {
  static let path: URL = {
    let program = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
    return program.deletingLastPathComponent().appendingPathComponent("kvytok")
  }()

  /// The folder of the package.
  static let package: URL = {
    var folder = URL(fileURLWithPath: #filePath)
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      let map = folder.appendingPathComponent("Package.swift").path
      if FileManager.default.fileExists(atPath: map) { break }
    }
    return folder
  }()

  /// The tariff of the invented city.
  static let tariff = package.appendingPathComponent("tariffs/zelenohrad")

  /// Starts the command, by the machine's clock or another.
  static func start(
    _ arguments: [String], clock: ServiceClock? = nil, ulimit: String? = nil,
    environment: [String: String] = [:]
  ) async throws -> RunningProgram {
    if let ulimit {
      return try await RunningProgram.start(
        URL(fileURLWithPath: "/bin/bash"),
        ["-c", "ulimit \(ulimit) && exec \"$0\" \"$@\"", path.path] + arguments,
        environment: environment)
    }
    if let clock { return try await clock.run(path, arguments) }
    return try await RunningProgram.start(path, arguments, environment: environment)
  }

  /// Runs the command to its end.
  static func run(
    _ arguments: [String], withinSeconds seconds: Double = 600
  ) async throws -> RunningProgram.End {
    try await RunningProgram.run(path, arguments, withinSeconds: seconds)
  }
}
