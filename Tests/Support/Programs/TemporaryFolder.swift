package import Foundation
import Synchronization

/// Folders of a test process, each of its own name.
package enum TemporaryFolder {
  private static let count = Atomic(0)
  private static let ofProcess = Mutex<[URL]>([])

  /// Makes an empty folder that other users may pass through.
  package static func make(_ purpose: String) throws -> URL {
    let number = count.wrappingAdd(1, ordering: .relaxed).newValue
    let folder = URL(fileURLWithPath: NSTemporaryDirectory())
      .appendingPathComponent("kvytok-test-\(purpose)-\(getpid())-\(number)")
    try? FileManager.default.removeItem(at: folder)
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o755])
    return folder
  }

  /// Makes a folder for all tests of the process, which is removed when the process ends.
  package static func makeForProcess(_ purpose: String) throws -> URL {
    let folder = try make(purpose)
    let isFirst = ofProcess.withLock { folders in
      folders.append(folder)
      return folders.count == 1
    }
    if isFirst {
      atexit {
        for folder in TemporaryFolder.ofProcess.withLock({ $0 }) {
          try? FileManager.default.removeItem(at: folder)
        }
      }
    }
    return folder
  }

  /// Copies all that a folder holds into another one, with owners and rights.
  package static func copy(_ source: URL, into folder: URL) async throws {
    let end = try await RunningProgram.run(
      URL(fileURLWithPath: "/bin/cp"), ["--archive", source.path + "/.", folder.path])
    guard end.exitCode == 0 else { throw NotCopied(errors: end.errors) }
  }

  /// Why a folder was not copied.
  struct NotCopied: Error { let errors: String }
}
