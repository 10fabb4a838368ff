import Foundation
import Glibc
import Programs
import Synchronization

/// The folder of a test process's cluster, which is removed at its end.
///
/// Databases are made and dropped by the hundred: in memory a copy of a template is three times as fast.
enum TemporaryCluster {
  private struct AtExit {
    var server: Int32 = 0
    var folder = ""
  }

  private static let atExit = Mutex(AtExit())

  /// A folder for the cluster within one of the process's own.
  static func makeFolder() throws -> String {
    try TemporaryFolder.make("databases").path + "/cluster"
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
        TemporaryFolder.remove(String(last.folder.dropLast("/cluster".utf8.count)))
      }
    }
  }
}
