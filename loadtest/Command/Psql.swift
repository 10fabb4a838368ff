import Foundation
import ServiceClient

/// PostgreSQL's own client, as a program.
struct Psql: Sendable {
  /// Seconds between two looks at what is left: a look takes what it measures some time too.
  static let watchSeconds = 1.0

  /// A URL or `key=value` pairs.
  let database: String

  /// Runs a statement; what it gave, fields apart by `|`.
  @discardableResult
  func run(_ statement: String) async throws -> String { try await run(["--command", statement]) }

  /// Runs the statements of a file.
  @discardableResult
  func run(file: String) async throws -> String { try await run(["--file", file]) }

  /// Runs a statement that gives one number.
  func number(_ statement: String) async throws -> Int64 {
    let text = try await run(statement).trimmingCharacters(in: .whitespacesAndNewlines)
    guard let number = Int64(text) else {
      throw ProgramFault("psql gave \(text.prefix(80)) where a number was expected")
    }
    return number
  }

  /// Waits until a statement gives `t`, looking again and again over one connection.
  func waitUntil(_ statement: String, secondsMax: Double) async throws {
    let process = process([])
    let input = Pipe()
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    input.fileHandleForWriting.write(
      Data("\(statement)\n\\watch \(Self.watchSeconds)\n".utf8))
    let isDone = await withCheckedContinuation { continuation in
      // Reading blocks, so it has a thread of its own.
      Thread {
        let end = Date().addingTimeInterval(secondsMax)
        var text = ""
        while Date() < end {
          let data = output.fileHandleForReading.availableData
          guard !data.isEmpty else { break }
          text = String((text + String(decoding: data, as: UTF8.self)).suffix(1000))
          if text.split(separator: "\n").contains("t") {
            continuation.resume(returning: true)
            return
          }
        }
        continuation.resume(returning: false)
      }.start()
    }
    process.terminate()
    guard isDone else {
      throw ProgramFault("the service was not done after \(Int(secondsMax)) s: \(statement)")
    }
  }

  private func run(_ arguments: [String]) async throws -> String {
    let process = process(arguments)
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    let status = try await withCheckedThrowingContinuation { continuation in
      process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
      do { try process.run() } catch { continuation.resume(throwing: error) }
    }
    let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    guard status == 0 else { throw ProgramFault("psql failed: \(said.suffix(600))") }
    return String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  }

  private func process(_ arguments: [String]) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments =
      [
        "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
        "--set", "ON_ERROR_STOP=1", "--dbname", database,
      ] + arguments
    return process
  }
}
