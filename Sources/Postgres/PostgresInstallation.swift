import Glibc

/// The programs of one installed PostgreSQL.
struct PostgresInstallation: Sendable, Equatable {
  /// Folder of `postgres` and `initdb`.
  let folder: String
  /// Major version: `15`.
  let version: String

  var postgres: String { folder + "/postgres" }
  var initdb: String { folder + "/initdb" }

  /// Where distributions keep their versions, one folder each.
  static let versionFolders = ["/usr/lib/postgresql", "/usr/local/lib/postgresql"]

  /// The newest installation, or the one of the version that made the data.
  static func find(
    dataFolder: String, dataVersion: String?, binFolder: String?
  ) throws(ClusterFault) -> PostgresInstallation {
    let all = binFolder.map { inFolder($0) } ?? installed()
    guard !all.isEmpty else {
      let places = binFolder.map { [$0] } ?? versionFolders + ["PATH"]
      throw .notInstalled(searched: places)
    }
    guard let dataVersion else { return all[0] }
    guard let match = all.first(where: { $0.version == dataVersion }) else {
      throw .wrongVersion(
        folder: dataFolder, data: dataVersion, installed: all.map(\.version))
    }
    return match
  }

  /// All installations, the newest first.
  private static func installed() -> [PostgresInstallation] {
    var all = versionFolders.flatMap { root in
      namesInFolder(root).compactMap { name in
        has(root + "/\(name)/bin")
          ? PostgresInstallation(folder: root + "/\(name)/bin", version: name) : nil
      }
    }
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    for folder in path.split(separator: ":").map(String.init) { all += inFolder(folder) }
    return all.sorted { (Int($0.version) ?? 0) > (Int($1.version) ?? 0) }
  }

  private static func inFolder(_ folder: String) -> [PostgresInstallation] {
    guard has(folder) else { return [] }
    // `pg_config` would say it too, and is often not installed.
    let parts = folder.split(separator: "/").reversed()
    let named = parts.lazy.compactMap { Int($0.drop { !("0"..."9").contains($0) }) }.first
    guard let version = named.map(String.init) ?? versionOfShare(beside: folder) else { return [] }
    return [PostgresInstallation(folder: folder, version: version)]
  }

  /// An installation without its version in the path says it in a file that `initdb` copies.
  private static func versionOfShare(beside folder: String) -> String? {
    for share in ["/../share/postgresql", "/../share"] {
      guard let text = textOfFile(folder + share + "/postgres.bki", bytesMax: 64) else { continue }
      let first = text.split(separator: "\n").first ?? ""
      if first.hasPrefix("# PostgreSQL ") { return String(first.dropFirst(13)) }
    }
    return nil
  }

  private static func has(_ folder: String) -> Bool {
    access(folder + "/postgres", X_OK) == 0 && access(folder + "/initdb", X_OK) == 0
  }
}
