import EventLoop
package import Foundation

/// A program that a test started: its output goes to files, and nobody waits on a thread for it.
///
/// It is not a `Process` of Foundation: that one knows of a child's end by a socket which every other child
/// that is started at the same moment may hold open, a database that lives on among them.
package final class RunningProgram: Sendable {
  /// What a program left behind.
  package struct End: Sendable {
    /// Exit code; -1 when a signal ended it.
    package let exitCode: Int32
    package let output: String
    package let errors: String
  }

  private static let loop = EventLoop.start(name: "test programs")

  private let child: ChildProcess
  private let folder: URL

  private init(_ child: ChildProcess, _ folder: URL) {
    self.child = child
    self.folder = folder
  }

  /// Starts a program in the working folder of the tests, with their environment and some more.
  package static func start(
    _ executable: URL, _ arguments: [String], environment: [String: String] = [:]
  ) async throws -> RunningProgram {
    let folder = try TemporaryFolder.make("program")
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    do {
      let child = try await ChildProcess.start(
        executable.path, arguments, environment: variables.map { "\($0)=\($1)" },
        folder: FileManager.default.currentDirectoryPath,
        outputFile: folder.appendingPathComponent("out").path,
        errorsFile: folder.appendingPathComponent("err").path, on: loop)
      return RunningProgram(child, folder)
    } catch {
      try? FileManager.default.removeItem(at: folder)
      throw error
    }
  }

  /// Runs a program to its end; it is killed when it takes longer than a bound.
  package static func run(
    _ executable: URL, _ arguments: [String], withinSeconds seconds: Double = 600
  ) async throws -> End {
    try await start(executable, arguments).end(withinSeconds: seconds)
  }

  deinit {
    child.send(signal: SIGKILL)
    try? FileManager.default.removeItem(at: folder)
  }

  /// The number the system gave.
  package var processID: Int32 { child.processID }
  /// Whether it has not ended yet.
  package var isRunning: Bool { child.isRunning }
  /// What it wrote to standard output so far.
  package var output: String { text("out") }
  /// What it wrote to standard error so far.
  package var errors: String { text("err") }

  private func text(_ name: String) -> String {
    (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)) ?? ""
  }

  /// Sends a signal, unless it has ended.
  package func signal(_ signal: Int32) { child.send(signal: signal) }

  /// Waits for its end; it is killed when it takes longer than a bound.
  package func end(withinSeconds seconds: Double = 600) async -> End {
    let guardian = Task {
      try await Task.sleep(for: .seconds(seconds))
      child.send(signal: SIGKILL)
    }
    let status = await child.waitForExit()
    guardian.cancel()
    return End(
      exitCode: status.signal == 0 ? Int32(truncatingIfNeeded: status.code) : -1, output: output,
      errors: errors)
  }
}
