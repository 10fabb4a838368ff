import Foundation
import ServiceClient

/// Runs a program to its end.
enum Tool {
  /// What a program says on its standard output; throws with its errors when it fails.
  static func run(
    _ program: String, _ arguments: [String], folder: String? = nil
  ) async throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let absolute = program.contains("/") ? URL(fileURLWithPath: program).path : program
    process.arguments = [absolute] + arguments
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    let status = try await withCheckedThrowingContinuation { continuation in
      process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
      do { try process.run() } catch { continuation.resume(throwing: error) }
    }
    let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    guard status == 0 else {
      throw ProgramFault("\(program) failed: \(said.suffix(600))")
    }
    return String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  }
}
