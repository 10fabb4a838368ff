import Foundation
import ServiceClient

/// A `kvytok serve` of our own, on a free port, with its private database in a temporary folder.
final class StartedService: Sendable {
  /// Seconds until a service has to be ready: initdb and migrations take about two.
  static let readySecondsMax = 60
  /// Seconds until a service that was told to stop has to be gone.
  static let stopSecondsMax = 20

  let url: String
  let adminToken: String
  /// What psql takes as its database; nil when the service's socket was not found.
  let database: String?
  private let process: Process
  private let folder: URL
  /// Whether the folder goes with the service.
  private let isOurs: Bool

  var processID: Int32 { process.processIdentifier }
  /// The folder that commands beside the service are given as `--data`.
  var data: String { folder.appendingPathComponent("data").path }

  /// Starts a service in a folder of its own and waits until it says that it is ready.
  convenience init(program: String?, roles: String, more: [String] = []) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "kvytok-loadtest-\(ProcessInfo.processInfo.processIdentifier)")
    try await self.init(
      program: try Self.program(program), roles: roles, folder: folder, isOurs: true, more: more)
  }

  /// Starts a service in a folder, which goes with it when it `isOurs`.
  init(
    program: URL, roles: String, folder: URL, isOurs: Bool, more: [String] = []
  ) async throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let log = folder.appendingPathComponent("serve.log")
    _ = FileManager.default.createFile(atPath: log.path, contents: nil)
    let data = folder.appendingPathComponent("data").path
    let process = Process()
    process.executableURL = program
    process.arguments =
      [
        "serve", "--port", "0", "--data", data, "--roles", roles, "--log-level", "warning",
      ] + more
    let output = Pipe()
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: log)
    ProgressBar.write("starting \(program.path) in \(folder.path) …\n")
    try process.run()
    let line = await Self.readyLine(output.fileHandleForReading)
    guard let url = line?.split(separator: " ").dropFirst(2).first else {
      process.terminate()
      let said = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
      throw ProgramFault("the service did not become ready:\n\(said.suffix(2000))")
    }
    self.url = String(url)
    self.process = process
    self.folder = folder
    self.isOurs = isOurs
    adminToken = try String(contentsOfFile: data + "/admin-token", encoding: .utf8)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    database = Self.database(data: data)
  }

  /// The program at a path, else the one beside ours.
  static func program(_ path: String?) throws -> URL {
    let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let program =
      path.map { URL(fileURLWithPath: $0) }
      ?? own.deletingLastPathComponent().appendingPathComponent("kvytok")
    guard FileManager.default.isExecutableFile(atPath: program.path) else {
      throw ProgramFault(
        "\(program.path) is not there; build it with `swift build -c release`, or name it with "
          + "--kvytok, or measure a running service with --url")
    }
    return program
  }

  /// Reads the service's output until it says it is ready; nil when it ended or took too long.
  private static func readyLine(_ output: FileHandle) async -> String? {
    await withCheckedContinuation { continuation in
      // Reading blocks, so it has a thread of its own.
      let thread = Thread {
        var text = ""
        let end = Date().addingTimeInterval(Double(readySecondsMax))
        while Date() < end {
          let data = output.availableData
          guard !data.isEmpty else { break }
          text += String(decoding: data, as: UTF8.self)
          let ready = text.split(separator: "\n").first { $0.hasPrefix("kvytok ready ") }
          if let ready, text.hasSuffix("\n") {
            continuation.resume(returning: String(ready))
            return
          }
        }
        continuation.resume(returning: nil)
      }
      thread.start()
    }
  }

  /// The private database's socket, as PostgreSQL notes it in its lock file: line 4 is the port,
  /// line 5 the folder of the socket.
  private static func database(data: String) -> String? {
    guard let names = FileManager.default.enumerator(atPath: data) else { return nil }
    for case let name as String in names where name.hasSuffix("postmaster.pid") {
      guard let text = try? String(contentsOfFile: data + "/" + name, encoding: .utf8) else {
        continue
      }
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      guard lines.count > 4, !lines[4].isEmpty else { continue }
      return "host=\(lines[4]) port=\(lines[3]) user=kvytok dbname=kvytok"
    }
    return nil
  }

  /// Asks the service to stop, waits, and removes its folder.
  func stop() async {
    process.terminate()
    for _ in 0..<(Self.stopSecondsMax * 10) where process.isRunning {
      try? await Task.sleep(for: .milliseconds(100))
    }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    if isOurs { try? FileManager.default.removeItem(at: folder) }
  }
}
