/// Why the private PostgreSQL does not run, and what to do about it.
package enum ClusterFault: Error, Sendable, Equatable {
  /// No PostgreSQL was found.
  case notInstalled(searched: [String])
  /// The data were made by another major version than any that is installed.
  case wrongVersion(folder: String, data: String, installed: [String])
  /// `setpriv` is missing; without it the server would outlive this process.
  case toolMissing(name: String, package: String)
  /// PostgreSQL refuses to run as root, and there is nobody else.
  case noUser(names: [String])
  /// Another process of this program uses the folder.
  case heldByProgram(processID: Int32, folder: String)
  /// A server of an earlier run uses the folder and does not end.
  case heldByServer(processID: Int32, folder: String)
  /// The data are those of a service with another folder, which runs.
  case dataOfOtherService(folder: String, socketFolder: String)
  /// Another server has the socket of this port.
  case socketTaken(path: String, processID: Int32)
  /// The path of the socket is longer than the system takes.
  case socketPathTooLong(path: String, bytesMax: Int)
  /// The server's user cannot pass through a folder above the data.
  case notTraversable(folder: String, user: String)
  /// The folder cannot be made or written.
  case notWritable(folder: String, reason: String)
  /// The folder belongs to somebody else, and holds no data.
  case wrongOwner(folder: String, owner: String, expected: String)
  /// The data belong to somebody else than the server would run as; who gave them away would take them from their
  /// own server. The holder is who runs the service on them, where that is known: not always the owner, for root's
  /// server runs as another; or who perhaps does. They may be a copy where nothing but the owner speaks against who
  /// runs this, and do not lie behind a link.
  case dataOfOther(
    folder: String, owner: String, user: String, isRoot: Bool, holder: String?, isSure: Bool,
    mayBeCopy: Bool)
  /// The data lie behind a link and belong to somebody else than the server would run as, and nothing but that speaks
  /// against who runs this: the folder may be a copy whose link leads to the data of another service.
  case linkedDataOfOther(link: String, folder: String, owner: String, user: String)
  /// The data that were or should be there are not, and nothing may be made in their place.
  case dataMissing(folder: String)
  /// The data are a link to a folder without any, where none can be made.
  case linkToNoData(folder: String)
  /// The folder holds other things than a cluster.
  case notACluster(folder: String)
  /// `initdb` failed; the end of what it said.
  case notInitialized(log: String)
  /// The server ended instead of starting; the end of what it said.
  case notStarted(log: String)
  /// The server takes longer than the limit to start.
  case startTooSlow(seconds: Int, log: String)
  /// The server runs and its database could not be made.
  case noDatabase(PostgresError)
}

extension ClusterFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notInstalled(let searched):
      "PostgreSQL is not installed (looked in \(searched.joined(separator: ", "))); "
        + "install it (apt install postgresql), or give --database-url"
    case .wrongVersion(let folder, let data, let installed):
      "\(folder) was made by PostgreSQL \(data), installed is \(installed.joined(separator: ", ")); "
        + "install PostgreSQL \(data), or move the data with pg_upgrade"
    case .toolMissing(let name, let package):
      "\(name) is missing; install it (apt install \(package))"
    case .noUser(let names):
      "PostgreSQL refuses to run as root, and there is no user "
        + names.joined(separator: " or ") + "; make one, or run as another user than root"
    case .heldByProgram(let processID, let folder):
      "\(folder) is in use by process \(processID); stop it first"
    case .heldByServer(let processID, let folder):
      "\(folder) is in use by a PostgreSQL server, process \(processID), that does not end; "
        + "stop it (kill -INT \(processID))"
    case .dataOfOtherService(let folder, let socketFolder):
      "\(folder) leads to the data of the service whose socket is in \(socketFolder); nothing may be done on them "
        + "from here. A copy of it with data of its own: cp -aL, while that service is stopped. Where this is the "
        + "service's own folder, a copy is served on its data: stop the one of that socket first"
    case .socketTaken(let path, let processID):
      "the socket \(path) is taken by process \(processID); stop it, or use another port"
    case .socketPathTooLong(let path, let bytesMax):
      "the socket \(path) has \(path.utf8.count) bytes, the system takes \(bytesMax); "
        + "use a data folder with a shorter path"
    case .notTraversable(let folder, let user):
      "user \(user), under which PostgreSQL runs, cannot pass through \(folder); "
        + "allow it (chmod o+x \(folder)), or use another data folder"
    case .notWritable(let folder, let reason): "\(folder) cannot be written: \(reason)"
    case .wrongOwner(let folder, let owner, let expected):
      "\(folder) belongs to \(owner), PostgreSQL runs as \(expected); "
        + "change it (chown -R \(expected) \(folder)), or use another data folder"
    case .dataOfOther(
      let folder, let owner, let user, let isRoot, let holder, let isSure, let mayBeCopy):
      "\(folder) belongs to \(owner), and "
        + (isRoot
          ? "as root PostgreSQL would run as \(user); run this as \(Self.asUser(holder ?? owner)), "
            + "and leave the folder as it is"
          : "this runs as \(user)" + Self.way(of: user, toDataOf: owner, holder, isSure: isSure))
        + (mayBeCopy
          ? ". Only where \(isRoot ? "root" : user) runs the service, and the folder was copied or came from "
            + "another machine: chown -R \(user) \(folder)" : "")
    case .linkedDataOfOther(let link, let folder, let owner, let user):
      "\(link) leads to \(folder), which belongs to \(owner), and PostgreSQL would run as \(user). Where a service of "
        + "another folder has its data there, this is a copy without data of its own: leave them as they are, and "
        + "copy anew (cp -aL, while that service is stopped). Only where none has, and the data were copied or came "
        + "from another machine: chown -R \(user) \(folder)"
    case .dataMissing(let folder):
      "\(folder) is gone, or was never there; nothing was made in its place. Mount or restore it"
    case .linkToNoData(let folder):
      "\(folder) is a link to a folder without PostgreSQL data; mount what it leads to. Where there never were data: "
        + "take the link away, start the service, and move the data there when it has stopped"
    case .notACluster(let folder):
      "\(folder) is not empty and holds no PostgreSQL data; use another data folder"
    case .notInitialized(let log): "initdb failed: \(log)"
    case .notStarted(let log): "PostgreSQL did not start: \(log)"
    case .startTooSlow(let seconds, let log):
      "PostgreSQL did not start within \(seconds) s: \(log)"
    case .noDatabase(let error): "PostgreSQL runs, but has no database for us: \(error)"
    }
  }

  /// Whom to be, for data of another one, when this is not root.
  private static func way(
    of user: String, toDataOf owner: String, _ holder: String?, isSure: Bool
  ) -> String {
    if let holder, isSure {
      guard holder != user else { return ", who runs the service on it" }
      let name = holder == "root" ? "root, who runs the service on it" : asUser(holder)
      return "; run this as \(name), and leave the folder as it is"
    }
    let name = holder == user ? owner : holder ?? owner
    return name == "root"
      ? "; run this as root if root runs the service on it"
      : "; run this as \(asUser(name)), or as root if root runs it"
  }

  private static func asUser(_ name: String) -> String {
    "\(name) (runuser -u \(name) -- kvytok ...)"
  }
}
