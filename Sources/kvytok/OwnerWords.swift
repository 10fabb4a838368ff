import Foundation

/// Whose a file or folder is, in words, for a person who may not use it.
enum OwnerWords {
  /// Whether something of a path is there, or may be: only the system's "no such file" says that it is not.
  static func mayBeThere(_ path: String) -> Bool {
    access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR)
  }

  /// Why a folder cannot be made, by the system's word for the first part that hinders it; what it takes to ask
  /// is taken away again.
  static func whyNotMade(_ path: String) -> String {
    var made = ""
    var new: [String] = []
    defer { for folder in new.reversed() { rmdir(folder) } }
    for part in path.split(separator: "/") {
      made += "/" + part
      if mkdir(made, 0o700) == 0 {
        new.append(made)
      } else if errno != EEXIST {
        return "\(made): \(String(cString: strerror(errno)))"
      }
    }
    return "\(path): \(String(cString: strerror(ENOTDIR)))"
  }

  /// Why a file cannot be read; nil when it can.
  static func whyNotRead(_ path: String) -> String? {
    guard access(path, R_OK) == 0 else {
      return errno == EACCES ? refusal(path, verb: "read") : String(cString: strerror(errno))
    }
    var isFolder = ObjCBool(false)
    let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    return isThere && isFolder.boolValue ? "it is a folder" : nil
  }

  /// The fault of a command that was given a file which it cannot read.
  static func unreadable(_ path: String, exitCode: Int32 = CommandFault.couldNotRun) -> CommandFault
  {
    CommandFault(
      "\(path) cannot be read: \(whyNotRead(path) ?? "it is no file").", exitCode: exitCode)
  }

  /// That a path may not be used, by whom, and whose it or the folder before it is.
  static func refusal(_ path: String, verb: String) -> String {
    // A folder that is closed hides what is in it: the door is named then.
    var shown = path
    while access(shown, F_OK) != 0, let slash = shown.lastIndex(of: "/"), slash != shown.startIndex
    {
      shown = String(shown[..<slash])
    }
    let facts = (try? FileManager.default.attributesOfItem(atPath: shown)) ?? [:]
    let owner = facts[.ownerAccountName] as? String ?? "another user"
    let mode = String(facts[.posixPermissions] as? Int ?? 0, radix: 8)
    return "\(path) may not be \(verb) by \(NSUserName()): \(shown) belongs to \(owner), "
      + "mode \(mode); run this as \(owner)" + (owner == "root" ? "" : " or as root")
  }
}
