package import Foundation
import Synchronization

/// Folders of a test process, each of its own name: removed by the test, or by a later process when this
/// one was killed.
///
/// Nothing in them has to outlive the process, and databases are copied by the hundred: where there is room
/// they lie in memory, where a copy takes a tenth of the processor time.
package enum TemporaryFolder {
  /// Where folders may lie, the quicker one first.
  package static let roots = ["/dev/shm", diskRoot]
  private static let diskRoot = URL(fileURLWithPath: NSTemporaryDirectory()).standardized.path
  /// Least free bytes of the file system in memory: a dozen services, their logs, and as much again.
  private static let memoryBytesMin: UInt = 4 << 30
  private static let prefix = "kvytok-test-"

  private static let count = Atomic(0)
  private static let ofProcess = Mutex<[URL]>([])
  /// Done once, before the first folder.
  private static let abandonedAreRemoved: Void = removeAbandoned()

  /// The root of a folder that is made now.
  package static var root: String {
    abandonedAreRemoved
    return hasRoom(roots[0]) ? roots[0] : diskRoot
  }

  /// Whether a file system has room for many folders, and may be written to.
  private static func hasRoom(_ root: String) -> Bool {
    var status = statvfs()
    return statvfs(root, &status) == 0 && access(root, W_OK | X_OK) == 0
      && UInt(status.f_bavail) * UInt(status.f_frsize) >= memoryBytesMin
  }

  /// Removes what processes left behind that were killed.
  private static func removeAbandoned() {
    for root in roots {
      for name in (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [] {
        guard let process = process(ofFolder: name), kill(process, 0) != 0, errno == ESRCH else {
          continue
        }
        remove("\(root)/\(name)")
      }
    }
  }

  /// The process that made a folder `kvytok-test-PURPOSE-PROCESS-NUMBER`.
  static func process(ofFolder name: String) -> Int32? {
    guard name.hasPrefix(prefix) else { return nil }
    let words = name.dropFirst(prefix.count).split(separator: "-")
    return words.dropLast().last.flatMap { Int32($0) }
  }

  /// Makes an empty folder that other users may pass through.
  package static func make(_ purpose: String, in place: String? = nil) throws -> URL {
    let number = count.wrappingAdd(1, ordering: .relaxed).newValue
    let folder = URL(fileURLWithPath: place ?? root)
      .appendingPathComponent("\(prefix)\(purpose)-\(getpid())-\(number)")
    remove(folder.path)
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
          TemporaryFolder.remove(folder.path)
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
