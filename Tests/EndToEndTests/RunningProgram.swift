import Foundation
import Synchronization

/// A program that a test started: its output goes to files, and nobody waits on a thread for it.
final class RunningProgram: Sendable {
  /// What a program left behind.
  struct End: Sendable {
    let exitCode: Int32
    let output: String
    let errors: String
  }

  private let process: Mutex<Process>
  private let exits: AsyncStream<Int32>
  let processID: Int32
  let folder: URL

  /// Starts a program.
  init(
    _ executable: URL, _ arguments: [String], environment: [String: String] = [:]
  ) throws {
    folder = try TemporaryFolder.make("program")
    for name in ["out", "err"] {
      _ = FileManager.default.createFile(
        atPath: folder.appendingPathComponent(name).path, contents: nil)
    }
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    var variables = ProcessInfo.processInfo.environment
    for (name, value) in environment { variables[name] = value }
    process.environment = variables
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(
      forWritingTo: folder.appendingPathComponent("out"))
    process.standardError = try FileHandle(forWritingTo: folder.appendingPathComponent("err"))
    let (exits, exit) = AsyncStream.makeStream(of: Int32.self)
    self.exits = exits
    process.terminationHandler = { ended in
      exit.yield(ended.terminationReason == .exit ? ended.terminationStatus : -1)
      exit.finish()
    }
    try process.run()
    processID = process.processIdentifier
    self.process = Mutex(process)
  }

  deinit {
    process.withLock { if $0.isRunning { kill(processID, SIGKILL) } }
    try? FileManager.default.removeItem(at: folder)
  }

  var isRunning: Bool { process.withLock { $0.isRunning } }

  /// What it wrote to standard output so far.
  var output: String { text("out") }
  /// What it wrote to standard error so far.
  var errors: String { text("err") }

  private func text(_ name: String) -> String {
    (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)) ?? ""
  }

  func signal(_ signal: Int32) { kill(processID, signal) }

  /// Waits for its end; it is killed when it takes longer than a bound.
  func end(withinSeconds seconds: Double = 60) async -> End {
    let guardian = Task {
      try await Task.sleep(for: .seconds(seconds))
      kill(processID, SIGKILL)
    }
    var code: Int32 = -1
    for await exit in exits { code = exit }
    guardian.cancel()
    return End(exitCode: code, output: output, errors: errors)
  }
}

/// Looks again and again until something is there, within a bound.
func eventually<Found: Sendable>(
  withinSeconds seconds: Double = 60, _ look: () async throws -> Found?
) async throws -> Found? {
  let clock = ContinuousClock()
  let end = clock.now + .seconds(seconds)
  while clock.now < end {
    if let found = try await look() { return found }
    try await Task.sleep(for: .milliseconds(50))
  }
  return try await look()
}

/// Folders of a test process, each of its own name.
enum TemporaryFolder {
  private static let count = Atomic(0)

  /// Makes an empty folder that other users may pass through.
  static func make(_ purpose: String) throws -> URL {
    let number = count.wrappingAdd(1, ordering: .relaxed).newValue
    let folder = URL(fileURLWithPath: NSTemporaryDirectory())
      .appendingPathComponent("kvytok-test-\(purpose)-\(getpid())-\(number)")
    try? FileManager.default.removeItem(at: folder)
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o755])
    return folder
  }
}
