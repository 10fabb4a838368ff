import Glibc
import Programs
import Synchronization

/// The folder of a test process's cluster, which is removed at its end.
///
/// Databases are made and dropped by the hundred: in memory a copy of a template is three times as fast.
enum TemporaryCluster {
  private static let prefix = "kvytok-test-"

  private struct AtExit {
    var server: Int32 = 0
    var folder = ""
  }

  private static let atExit = Mutex(AtExit())

  /// An empty folder that carries the number of this process.
  static func makeFolder() throws -> String {
    let folder = "\(TemporaryFolder.root)/\(prefix)\(getpid())"
    removeFolder(folder)
    guard mkdir(folder, 0o755) == 0 else {
      throw TemporaryClusterFault(message: "\(folder): \(String(cString: strerror(errno)))")
    }
    return folder + "/cluster"
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
