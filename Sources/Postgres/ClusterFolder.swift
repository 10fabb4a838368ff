import Basics
import Glibc

/// The folder of a private cluster: its data, its socket, its log and a lock.
///
/// All calls block.
struct ClusterFolder: Sendable {
  /// Longest path of a Unix socket (`sun_path` less its end mark).
  static let socketPathBytesMax = 107

  let path: String
  let user: ServerUser

  var data: String { path + "/data" }
  /// Where `initdb` works; it becomes `data` when it is whole.
  var unfinishedData: String { path + "/data.new" }
  var log: String { path + "/server.log" }
  /// What the server before said.
  var logBefore: String { log + ".1" }
  /// There while the log is that of a server that took connections.
  private var servedMark: String { path + "/served" }
  private var lockFile: String { path + "/lock" }
  /// Where the server writes its number, and more about itself.
  private var mark: String { data + "/postmaster.pid" }

  /// Makes the folder when it is not there, and checks that the server's user can live in it.
  init(path: String, user: ServerUser) throws(ClusterFault) {
    self.user = user
    self.path = try ClusterFolder.make(path)
    try checkOwner()
    try checkAncestors()
    guard access(self.path, W_OK | X_OK) == 0 else {
      throw .notWritable(folder: self.path, reason: systemMessage())
    }
  }

  /// Checks that the data are there, or may not be seen by this process; makes nothing.
  static func requireData(in path: String) throws(ClusterFault) {
    let data = path + "/data"
    guard access(data + "/PG_VERSION", F_OK) != 0 else { return }
    if errno == ENOENT || errno == ENOTDIR { throw .dataMissing(folder: data) }
  }

  /// Makes a folder and those above it; its absolute path without links.
  private static func make(_ path: String) throws(ClusterFault) -> String {
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      made += "/" + part
      guard mkdir(made, 0o755) == 0 || errno == EEXIST else {
        throw .notWritable(folder: made, reason: systemMessage())
      }
    }
    guard let real = realpath(path, nil) else {
      throw .notWritable(folder: path, reason: systemMessage())
    }
    defer { free(real) }
    var status = stat()
    guard stat(real, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw .notWritable(folder: path, reason: String(cString: strerror(ENOTDIR)))
    }
    return String(cString: real)
  }

  /// The folder and the data belong to the server's user; root gives an empty one to it.
  private func checkOwner() throws(ClusterFault) {
    guard let status = pathStatus(path) else {
      throw .notWritable(folder: path, reason: systemMessage())
    }
    if status.st_uid != user.userID {
      guard user.isOther, namesInFolder(path).isEmpty else {
        throw wrongOwner(path, status)
      }
      guard chown(path, user.userID, user.groupID) == 0, chmod(path, 0o700) == 0 else {
        throw .notWritable(folder: path, reason: systemMessage())
      }
    }
    // Through a link: the data may lie on a volume of their own.
    var dataStatus = stat()
    guard stat(data, &dataStatus) == 0 else {
      guard errno == ENOENT else { throw .notWritable(folder: data, reason: systemMessage()) }
      guard pathStatus(data) == nil else { throw .dataMissing(folder: data) }
      return
    }
    guard dataStatus.st_uid == user.userID else {
      // Behind a link: `chown -R` does not go through one.
      let real = realpath(data, nil)
      defer { free(real) }
      let place = real.map { String(cString: $0) } ?? data
      throw wrongOwner(place, dataStatus, isLinked: place != data)
    }
    guard textOfFile(data + "/PG_VERSION", bytesMax: 16) == nil else { return }
    // Data are made beside and renamed, which would not be where the link leads.
    if let own = pathStatus(data), own.st_mode & S_IFMT == S_IFLNK {
      throw .linkToNoData(folder: data)
    }
    if !namesInFolder(data).isEmpty { throw .notACluster(folder: data) }
  }

  private func wrongOwner(
    _ path: String, _ status: stat, isLinked: Bool = false
  ) -> ClusterFault {
    let owner = ServerUser.name(ofUser: status.st_uid)
    do throws(ClusterFault) {
      try ClusterFolder.requireData(in: self.path)
    } catch {
      return .wrongOwner(folder: path, owner: owner, expected: user.name)
    }
    let holder = holder(ofDataOf: status.st_uid)
    // A copy from another machine has numbers of there, or is all root's: no server is robbed of it.
    let isNobodys =
      !ServerUser.isKnown(status.st_uid) || (user.isOther && status.st_uid == geteuid())
    guard !isNobodys else {
      let expected = user.isOther ? holder?.name ?? user.name : user.name
      return .wrongOwner(folder: path, owner: owner, expected: expected)
    }
    let isSure = holder?.isSure ?? false
    let isOwnFolder = pathStatus(folderAbove)?.st_uid == geteuid() || holder?.id == geteuid()
    let mayBeCopy = user.isOther ? holder == nil : !isSure || isOwnFolder
    // Lock and folder are beside the link, and tell who made it: not whose service runs on what it leads to.
    guard !isLinked || !mayBeCopy else {
      return .linkedDataOfOther(link: data, folder: path, owner: owner, user: user.name)
    }
    return .dataOfOther(
      folder: path, owner: owner, user: user.name, isRoot: user.isOther, holder: holder?.name,
      isSure: isSure, mayBeCopy: mayBeCopy)
  }

  private var folderAbove: String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "" }

  /// Who runs the service on the folder.
  ///
  /// Whoever made the lock; where that may not be seen or is a number that nobody has here, whoever alone may write
  /// beside the folder, which is a guess, unless the data are theirs, or those of root's server. Nil when neither
  /// tells, or it is root and this is root.
  private func holder(ofDataOf owner: UInt32) -> (name: String, id: UInt32, isSure: Bool)? {
    // No server runs on data of root: a lock that is root's too was copied by root without owners.
    let isCopied = owner == 0 && !user.isOther
    let lock = pathStatus(lockFile).flatMap { isCopied && $0.st_uid == 0 ? nil : $0 }
    let above = pathStatus(folderAbove).flatMap(Self.ofOneWriter)
    let isOfRoot =
      above?.st_uid == 0 && ServerUser.candidates.contains(ServerUser.name(ofUser: owner))
    // The server of anybody but root has the data in their own name.
    let isOfOwner = owner != 0 && above?.st_uid == owner
    let told = [(lock, true), (above, isOfRoot || isOfOwner)]
      .first { $0.0.map { ServerUser.isKnown($0.st_uid) } ?? false }
    guard case (let status?, let isSure)? = told, !(user.isOther && status.st_uid == 0) else {
      return nil
    }
    return (ServerUser.name(ofUser: status.st_uid), status.st_uid, isSure)
  }

  private static func ofOneWriter(_ status: stat) -> stat? {
    status.st_mode & (S_IWGRP | S_IWOTH) == 0 ? status : nil
  }

  private func checkAncestors() throws(ClusterFault) {
    guard user.isOther else { return }
    var ancestor = path
    while let slash = ancestor.lastIndex(of: "/"), slash != ancestor.startIndex {
      ancestor = String(ancestor[..<slash])
      guard let status = pathStatus(ancestor), user.canPass(status) else {
        throw .notTraversable(folder: ancestor, user: user.name)
      }
    }
  }

  /// Major version that made the data; nil when there are none.
  var dataVersion: String? {
    textOfFile(data + "/PG_VERSION", bytesMax: 16).map { String($0.prefix { $0 != "\n" }) }
  }

  /// Puts the log of the server that served aside, for whoever asks why it ended.
  ///
  /// What an attempt to start that failed said goes with the next: else it would push out the cause. Programs from
  /// before there was a mark left none: the log that they left beside the data is of a server.
  func keepLog() {
    let isOfUnmarkedServer = pathStatus(data) != nil && pathStatus(logBefore) == nil
    if unlink(servedMark) == 0 || isOfUnmarkedServer { rename(log, logBefore) } else { unlink(log) }
  }

  /// Marks the log as that of a server that takes connections.
  func markServed() {
    let file = open(servedMark, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    if file >= 0 { close(file) }
  }

  // MARK: Who uses it

  /// Locks the folder for this process until the descriptor is closed or the process ends.
  ///
  /// The server does not inherit the lock: it may still be shutting down when the next start waits
  /// for it.
  func lock() throws(ClusterFault) -> Int32 {
    let file = open(lockFile, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      let reason = systemMessage()
      guard let status = pathStatus(lockFile), status.st_uid != geteuid(), geteuid() != 0 else {
        throw .notWritable(folder: lockFile, reason: reason)
      }
      let owner = ServerUser.name(ofUser: status.st_uid)
      guard ServerUser.isKnown(status.st_uid) else {
        throw .wrongOwner(folder: path, owner: owner, expected: user.name)
      }
      throw .dataOfOther(
        folder: lockFile, owner: owner, user: user.name, isRoot: false, holder: owner,
        isSure: true, mayBeCopy: pathStatus(folderAbove)?.st_uid == geteuid())
    }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      close(file)
      let holder = textOfFile(lockFile, bytesMax: 32) ?? ""
      throw .heldByProgram(
        processID: Int32(holder.prefix { $0.isNumber }) ?? 0, folder: path)
    }
    let text = Array("\(getpid())\n".utf8)
    ftruncate(file, 0)
    _ = write(file, text, text.count)
    return file
  }

  /// The server that uses the data now, or a process it left behind; nil when there is none.
  ///
  /// After a kill of the server itself its processes end one by one, and the next server would not
  /// start beside them. All of them stand in the data folder. The number in a copy of a folder in use is that of the
  /// first one's server, which stands elsewhere.
  var runningServer: Int32? {
    if let processID = firstNumber(ofFile: mark), isServer(processID),
      standsInData(processID) ?? mayUseData(processID)
    {
      return processID
    }
    return namesInFolder("/proc").lazy.compactMap { Int32($0) }
      .first { isServer($0) && standsInData($0) == true }
  }

  /// Whether a process stands in the data; nil where it may not be seen.
  private func standsInData(_ processID: Int32) -> Bool? {
    Self.isSame("/proc/\(processID)/cwd", data)
  }

  /// Whether a server that the mark names may be one of these data, where its folder may not be seen: of another user,
  /// or by root without `CAP_SYS_PTRACE`, as in a container.
  ///
  /// Where it is not known it may: two servers on the same data would destroy them.
  private func mayUseData(_ processID: Int32) -> Bool {
    // A server runs as the owner of its data alone. A process that may not be looked at is shown as root's.
    if let owner = pathStatus("/proc/\(processID)")?.st_uid, owner != 0, owner != user.userID {
      return false
    }
    // In a copy stands where the first one's data are, and there the same mark.
    guard let first = Self.line(1, ofMark: mark), Self.isSame(first, data) == false else {
      return true
    }
    return firstNumber(ofFile: first + "/postmaster.pid") != processID
  }

  /// Whether two paths lead to one folder; nil where one of them leads nowhere.
  private static func isSame(_ one: String, _ other: String) -> Bool? {
    var (first, second) = (stat(), stat())
    guard stat(one, &first) == 0, stat(other, &second) == 0 else { return nil }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }

  /// Checks that no service of another folder runs on the data, as where a link leads to them.
  ///
  /// Its server is not waited for: what came first after an end of it would have the data.
  func requireNoOtherService() throws(ClusterFault) {
    guard runningServer != nil, let socketFolder = Self.socketFolder(inMark: mark),
      pathStatus(socketFolder) != nil, !Self.isSocketFolder(socketFolder, of: path)
    else { return }
    throw .dataOfOtherService(folder: data, socketFolder: socketFolder)
  }

  /// Whether the server's own file says that it takes connections.
  func isReady(processID: Int32) -> Bool {
    guard let text = textOfFile(mark) else { return false }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    // `LOCK_FILE_LINE_PM_STATUS` in the server's `pidfile.h`.
    return lines.count >= 8 && lines[0] == "\(processID)" && lines[7].hasPrefix("ready")
  }

  /// After a crash of the machine the number in `postmaster.pid` may be anybody's, and after a kill
  /// of server and service that of one that has ended and that nobody asked about: the server would
  /// refuse to start beside it.
  func removeStaleMark() {
    if runningServer == nil { unlink(mark) }
  }

  private func isServer(_ processID: Int32) -> Bool {
    guard processID > 1, kill(processID, 0) == 0 || errno == EPERM else { return false }
    // `4711 (postgres) S …`; Z is one that has ended and whom its parent has not asked about.
    let status = textOfFile("/proc/\(processID)/stat", bytesMax: 256) ?? ""
    guard let end = status.lastIndex(of: ")") else { return false }
    let name = status[..<end].drop { $0 != "(" }.dropFirst()
    return (name == "postgres" || name == "postmaster")
      && !status[end...].dropFirst(2).hasPrefix("Z")
  }

  private func firstNumber(ofFile path: String) -> Int32? {
    textOfFile(path, bytesMax: 64).flatMap { Int32($0.prefix { $0.isNumber }) }
  }

  // MARK: The socket

  private static func shortSocketFolder(of path: String) -> String {
    "/tmp/kvytok-" + String(stableHash(path), radix: 36)
  }

  /// The folder of the socket that a file of a server names; nil where it names none.
  private static func socketFolder(inMark file: String) -> String? {
    line(4, ofMark: file)
  }

  /// A line of a file of a server, counted from 0; nil where it is not written yet.
  ///
  /// 1 is where the data are, 4 the folder of the socket: `pidfile.h` of the server counts from 1.
  private static func line(_ index: Int, ofMark file: String) -> String? {
    let lines = textOfFile(file)?.split(separator: "\n", omittingEmptySubsequences: false) ?? []
    return lines.count > index && !lines[index].isEmpty ? String(lines[index]) : nil
  }

  /// Whether sockets of a cluster's folder lie in another folder.
  static func isSocketFolder(_ socketFolder: String, of path: String) -> Bool {
    guard let real = realpath(path, nil) else { return false }
    defer { free(real) }
    let path = String(cString: real)
    if socketFolder == shortSocketFolder(of: path) { return true }
    guard let own = pathStatus(path + "/socket"), let other = pathStatus(socketFolder) else {
      return false
    }
    return own.st_dev == other.st_dev && own.st_ino == other.st_ino
  }

  /// The folder of the socket: inside, or in `/tmp` when the path would be too long.
  func makeSocketFolder(port: Int) throws(ClusterFault) -> String {
    let name = "/.s.PGSQL.\(port)"
    var folder = path + "/socket"
    if (folder + name).utf8.count > ClusterFolder.socketPathBytesMax {
      folder = ClusterFolder.shortSocketFolder(of: path)
    }
    guard (folder + name).utf8.count <= ClusterFolder.socketPathBytesMax else {
      throw .socketPathTooLong(
        path: folder + name, bytesMax: ClusterFolder.socketPathBytesMax)
    }
    if mkdir(folder, 0o700) == 0, user.isOther { chown(folder, user.userID, user.groupID) }
    // Somebody else could have made it, or a link of its name, to read along.
    guard let status = pathStatus(folder), status.st_mode & S_IFMT == S_IFDIR else {
      throw .notWritable(folder: folder, reason: String(cString: strerror(ENOTDIR)))
    }
    guard status.st_uid == user.userID else {
      throw .wrongOwner(
        folder: folder, owner: ServerUser.name(ofUser: status.st_uid), expected: user.name)
    }
    chmod(folder, 0o700)
    let mark = folder + name + ".lock"
    if let holder = firstNumber(ofFile: mark) {
      guard !isServer(holder) || isStale(socketMark: mark, in: folder) else {
        throw .socketTaken(path: folder + name, processID: holder)
      }
      unlink(mark)
    }
    return folder
  }

  /// Whether a mark of the socket is none of the server that has its number.
  private func isStale(socketMark mark: String, in folder: String) -> Bool {
    // What came with a copy names the socket of the first one's server.
    if let named = Self.socketFolder(inMark: mark), Self.isSame(named, folder) != true {
      return true
    }
    // After a crash of the machine the number may be that of any server; of these data none runs.
    guard let served = Self.line(1, ofMark: mark), Self.isSame(served, data) == true else {
      return false
    }
    return runningServer == nil
  }
}
