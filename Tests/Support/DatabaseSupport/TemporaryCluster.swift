import Glibc
import Synchronization

/// The folder of a test process's cluster: removed at its end, or by a later process when it was
/// killed.
///
/// Nothing in it has to outlive the process, and databases are made and dropped by the hundred: where
/// there is room it lies in memory, which makes a copy of a template three times as fast.
enum TemporaryCluster {
  private static let memoryRoot = "/dev/shm"
  private static let diskRoot = "/tmp"
  /// Least free bytes of the file system in memory: ten databases, their log, and as much again.
  private static let memoryBytesMin: UInt = 4 << 30
  private static let prefix = "kvytok-test-"

  private struct AtExit {
    var server: Int32 = 0
    var folder = ""
  }

  private static let atExit = Mutex(AtExit())

  /// An empty folder that carries the number of this process.
  static func makeFolder() throws -> String {
    for root in [memoryRoot, diskRoot] { removeAbandoned(in: root) }
    let root = hasRoom(memoryRoot) ? memoryRoot : diskRoot
    let folder = "\(root)/\(prefix)\(getpid())"
    removeFolder(folder)
    guard mkdir(folder, 0o755) == 0 else {
      throw TemporaryClusterFault(message: "\(folder): \(String(cString: strerror(errno)))")
    }
    return folder + "/cluster"
  }

  /// Whether a file system has room for a cluster, and may be written to.
  private static func hasRoom(_ root: String) -> Bool {
    var status = statvfs()
    return statvfs(root, &status) == 0 && access(root, W_OK | X_OK) == 0
      && UInt(status.f_bavail) * UInt(status.f_frsize) >= memoryBytesMin
  }

  /// Ends the server and removes its folder when this process exits.
  ///
  /// There is nothing to save, so the server is told to drop everything at once.
  static func endAtExit(server: Int32, folder: String) {
    atExit.withLock {
      $0.server = server
      $0.folder = folder
    }
    atexit {
      TemporaryCluster.atExit.withLock { last in
        guard last.server > 0 else { return }
        kill(last.server, SIGQUIT)
        for _ in 0..<200 where kill(last.server, 0) == 0 {
          var status: Int32 = 0
          if waitpid(last.server, &status, WNOHANG) != 0 { break }
          usleep(10_000)
        }
        TemporaryCluster.removeFolder(String(last.folder.dropLast("/cluster".utf8.count)))
      }
    }
  }

  /// Removes what processes left behind that were killed.
  private static func removeAbandoned(in root: String) {
    for name in names(in: root) where name.hasPrefix(prefix) {
      guard let process = Int32(name.dropFirst(prefix.count)), process != getpid(),
        kill(process, 0) != 0, errno == ESRCH
      else { continue }
      removeFolder("\(root)/\(name)")
    }
  }

  private static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  private static func removeFolder(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      unlink(path)
      return
    }
    for name in names(in: path) { removeFolder(path + "/" + name) }
    rmdir(path)
  }
}

/// Why there is no folder for a cluster.
struct TemporaryClusterFault: Error, CustomStringConvertible {
  let message: String
  var description: String { "no folder for a test cluster: \(message)" }
}
