import ArgumentParser
import Basics
import Foundation
import LoadMeasures
import ServiceClient
import Tapping

/// How the peer is run, and what it does with the batches of a load.
struct PeerChoice: ParsableArguments {
  @Option(help: "Processes of uvicorn.")
  var workers = 2

  @Option(help: "Folder of the peer's source.")
  var source = "loadtest/peer"

  @Option(help: "Folder of the peer's virtual environment; made when it is not there.")
  var venv = ".build-tools/peer-venv"

  /// Measures the peer on batches of a shape, on the database server of a service.
  func measure(_ shape: LoadShape, beside subject: ServiceUnderTest) async throws -> PeerReport {
    guard let database = subject.database else {
      throw ProgramFault("the peer needs a database; leave out --url, or give --database-url")
    }
    let python = try await environment()
    let peer = try await PeerProcess(
      python: python, source: source, database: database, workers: workers)
    do {
      let report = try await measure(shape, peer)
      await peer.stop()
      return report
    } catch {
      await peer.stop()
      throw error
    }
  }

  private func measure(
    _ shape: LoadShape, _ peer: PeerProcess
  ) async throws -> PeerReport {
    let lean = LeanClient(host: "127.0.0.1", port: peer.port)
    let now = Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    let preparation = BatchPreparation(
      taps: LoadTaps(
        batchSize: shape.batch, seed: shape.seed, start: now.adding(seconds: -3600)),
      format: .json, sentAt: now, host: "127.0.0.1")
    var devices = (1...shape.devices).map { LoadDevice(id: "P-\($0)", proof: .none) }
    let warmup = await preparation.prepare(
      batchCount: shape.devices, of: &devices, connections: shape.workers)
    let before = try await lean.run(
      warmup.map { BatchSupply($0) }, seconds: 3, batchesPerSecond: nil)
    let offered = shape.rate.map { $0 / Double(shape.batch) }
    let wanted =
      (offered ?? Double(before.acknowledgedBatches) / before.seconds * 2) * shape.seconds
    let prepared = await preparation.prepare(
      batchCount: Int(wanted), of: &devices, connections: shape.workers)
    ProgressBar.write("posting for \(shape.seconds) s over \(shape.workers) connections …\n")
    var yardstick = MachineYardstick()
    try yardstick.look()
    let outcome = try await lean.run(
      prepared.map { BatchSupply($0) }, seconds: shape.seconds, batchesPerSecond: offered)
    if let refusal = before.firstRefusal ?? outcome.firstRefusal {
      ProgressBar.write("the first refusal: \(refusal)\n")
    }
    try yardstick.look()
    var report = PeerReport()
    report.yardstickMicroseconds = yardstick.microseconds
    report.seconds = outcome.seconds
    report.sent = outcome.sentBatches * shape.batch
    report.acknowledged = outcome.acknowledgedBatches * shape.batch
    report.refusedBatches = outcome.refusedBatches
    report.latency = LatencySummary(outcome.latency)
    report.batchSize = shape.batch
    report.workers = workers
    let rows = try await peer.rowsCount()
    report.stored = rows - before.acknowledgedBatches * shape.batch
    return report
  }

  /// Path of a Python that has the peer's packages.
  private func environment() async throws -> String {
    let python = URL(fileURLWithPath: venv).appendingPathComponent("bin/python3").path
    let mark = URL(fileURLWithPath: venv).appendingPathComponent("ready").path
    // What was installed by another list is another peer.
    let list = source + "/requirements.txt"
    guard let wanted = FileManager.default.contents(atPath: list) else {
      throw ProgramFault("\(list) cannot be read")
    }
    if FileManager.default.contents(atPath: mark) == wanted { return python }
    ProgressBar.write("installing the peer's packages into \(venv) …\n")
    _ = try await Tool.run("python3", ["-m", "venv", venv])
    _ = try await Tool.run(
      python,
      [
        "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", list,
      ])
    _ = FileManager.default.createFile(atPath: mark, contents: wanted)
    return python
  }
}

/// The peer as a process of its own, with a database of its own.
private final class PeerProcess: Sendable {
  /// Seconds until it has to answer.
  static let readySecondsMax = 30

  let port: Int
  private let process: Process
  private let database: String

  init(python: String, source: String, database: String, workers: Int) async throws {
    let parts = Dictionary(
      database.split(separator: " ").compactMap { pair -> (String, String)? in
        let sides = pair.split(separator: "=", maxSplits: 1).map(String.init)
        return sides.count == 2 ? (sides[0], sides[1]) : nil
      }, uniquingKeysWith: { first, _ in first })
    guard let host = parts["host"], let databasePort = parts["port"], let user = parts["user"]
    else {
      throw ProgramFault("the peer needs a database as host=… port=… user=…, not \(database)")
    }
    _ = try await Tool.run(
      "psql",
      [
        "--no-psqlrc", "--quiet", "--dbname", database, "--command",
        "drop database if exists loadtest_peer", "--command", "create database loadtest_peer",
      ])
    self.database = "host=\(host) port=\(databasePort) user=\(user) dbname=loadtest_peer"
    let schema = try await Tool.run(
      python, ["-c", "import app; print(app.SCHEMA)"], folder: source)
    _ = try await Tool.run(
      "psql", ["--no-psqlrc", "--quiet", "--dbname", self.database, "--command", schema])
    port = try await Self.freePort(python)
    process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [
      "-m", "uvicorn", "app:app", "--host", "127.0.0.1", "--port", "\(port)", "--workers",
      "\(workers)", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level",
      "warning",
    ]
    process.currentDirectoryURL = URL(fileURLWithPath: source)
    process.environment = ProcessInfo.processInfo.environment.merging(
      [
        "PEER_HOST": host, "PEER_PORT": databasePort, "PEER_USER": user,
        "PEER_DATABASE": "loadtest_peer",
      ]) { $1 }
    process.standardOutput = FileHandle.standardError
    try process.run()
    try await waitUntilReady()
  }

  private static func freePort(_ python: String) async throws -> Int {
    let text = try await Tool.run(
      python,
      [
        "-c",
        "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])",
      ])
    guard let port = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw ProgramFault("no free port was found: \(text)")
    }
    return port
  }

  private func waitUntilReady() async throws {
    let client = ServiceClient(base: "http://127.0.0.1:\(port)", adminToken: nil)
    defer { Task { try? await client.close() } }
    for _ in 0..<(Self.readySecondsMax * 5) {
      if let (answer, _) = try? await client.sendOnce("GET", "/healthz"), answer.status == 200 {
        return
      }
      guard process.isRunning else { break }
      try await Task.sleep(for: .milliseconds(200))
    }
    process.terminate()
    throw ProgramFault("the peer does not answer on port \(port); what it said stands above")
  }

  /// Rows in its table.
  func rowsCount() async throws -> Int {
    let text = try await Tool.run(
      "psql",
      [
        "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--dbname", database,
        "--command", "select count(*) from tap",
      ])
    guard let count = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw ProgramFault("the peer's rows could not be counted: \(text)")
    }
    return count
  }

  func stop() async {
    process.terminate()
    for _ in 0..<100 where process.isRunning { try? await Task.sleep(for: .milliseconds(100)) }
  }
}
