package import Foundation
import Synchronization

/// Folders of a test process, each of its own name.
package enum TemporaryFolder {
  private static let count = Atomic(0)

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
}
