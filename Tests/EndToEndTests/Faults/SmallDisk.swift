import Foundation
import Glibc
import Programs

/// A file system with little room, for a test of what happens when it is full.
enum SmallDisk {
  /// Whether this process may mount one.
  static let isPossible: Bool = {
    guard geteuid() == 0, let folder = try? TemporaryFolder.make("mount") else { return false }
    defer { try? FileManager.default.removeItem(at: folder) }
    guard mount("tmpfs", folder.path, "tmpfs", 0, "size=1m") == 0 else { return false }
    return umount(folder.path) == 0
  }()

  /// Why there is no such file system.
  struct NoDisk: Error { let message: String }

  /// Runs a body with a file system of so many megabytes.
  static func with(megabytes: Int, _ body: (URL) async throws -> Void) async throws {
    let folder = try TemporaryFolder.make("small-disk")
    guard mount("tmpfs", folder.path, "tmpfs", 0, "size=\(megabytes)m,mode=755") == 0 else {
      throw NoDisk(message: String(cString: strerror(errno)))
    }
    defer {
      umount2(folder.path, Int32(MNT_DETACH))
      try? FileManager.default.removeItem(at: folder)
    }
    try await body(folder)
  }

  /// Takes all the room that is left; removing the file gives it back.
  static func fill(_ disk: URL) throws -> URL {
    let ballast = disk.appendingPathComponent("ballast")
    let file = open(ballast.path, O_WRONLY | O_CREAT, 0o600)
    guard file >= 0 else { throw NoDisk(message: String(cString: strerror(errno))) }
    defer { close(file) }
    for size in [1 << 20, 1 << 12] {
      let block = [UInt8](repeating: 0x6B, count: size)
      while write(file, block, size) == size {}
    }
    return ballast
  }
}
