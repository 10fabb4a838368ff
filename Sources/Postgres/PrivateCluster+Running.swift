import Glibc

extension PrivateCluster {
  /// How to reach the server of a folder when another process runs it; nil when none takes
  /// connections, or the folder may not be read.
  ///
  /// For commands beside a running service: they use its server and leave it alone. A copy of a folder whose data
  /// are a link leads to the data of the first, and its server is not that of the copy.
  package static func running(folder: String) -> PostgresConfiguration? {
    guard let text = textOfFile(folder + "/data/postmaster.pid") else { return nil }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    // Process, folder, start, port, socket folder, address, memory, status: `pidfile.h` of the
    // server.
    guard lines.count >= 8, lines[7].hasPrefix("ready"), let processID = Int32(lines[0]),
      kill(processID, 0) == 0 || errno == EPERM, let port = Int(lines[3]), !lines[4].isEmpty,
      ClusterFolder.isSocketFolder(String(lines[4]), of: folder)
    else { return nil }
    return PostgresConfiguration(
      socketFolder: String(lines[4]), port: port, user: userName, database: databaseName)
  }

  /// Whether a process of this program holds a folder now.
  package static func isHeld(folder: String) -> Bool {
    let file = open(folder + "/lock", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    return flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }
}
