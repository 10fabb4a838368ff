import Glibc

/// The user under which the server runs.
struct ServerUser: Sendable, Equatable {
  let name: String
  let userID: UInt32
  let groupID: UInt32
  /// This process is root and has to become that user for it.
  let isOther: Bool

  /// Whom root takes, the first that exists.
  static let candidates = ["postgres", "nobody"]

  /// This process's own user, or for root one that may do little.
  static func choose() throws(ClusterFault) -> ServerUser {
    let own = geteuid()
    guard own == 0 else {
      return ServerUser(name: name(ofUser: own), userID: own, groupID: getegid(), isOther: false)
    }
    for candidate in candidates {
      guard let entry = getpwnam(candidate)?.pointee, entry.pw_uid != 0 else { continue }
      return ServerUser(
        name: candidate, userID: entry.pw_uid, groupID: entry.pw_gid, isOther: true)
    }
    throw .noUser(names: candidates)
  }

  /// A user's name; its number when it has none.
  static func name(ofUser id: UInt32) -> String {
    guard let name = getpwuid(id)?.pointee.pw_name else { return String(id) }
    return String(cString: name)
  }

  /// Whether a user of that number is known here.
  static func isKnown(_ id: UInt32) -> Bool { getpwuid(id) != nil }

  static let setpriv = "/usr/bin/setpriv"

  /// Arguments of `setpriv` that run a program as this user and end it with the thread that
  /// started it.
  func arguments(
    signalAtParentsDeath signal: String, _ program: String, _ arguments: [String]
  ) -> [String] {
    let identity =
      isOther ? ["--reuid=\(userID)", "--regid=\(groupID)", "--clear-groups"] : []
    return identity + ["--pdeathsig", signal, program] + arguments
  }

  /// Whether this user may pass through a folder.
  func canPass(_ status: stat) -> Bool {
    if status.st_uid == userID { return status.st_mode & S_IXUSR != 0 }
    if status.st_gid == groupID { return status.st_mode & S_IXGRP != 0 }
    return status.st_mode & S_IXOTH != 0
  }
}
