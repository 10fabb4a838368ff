import Basics
package import EventLoop
import Glibc
import Synchronization

/// How the private server is set up.
package struct ClusterSettings: Sendable {
  /// Without, a crash of the machine loses data: for tests only.
  package var isDurable = true
  /// Memory of the server's cache; nil is an eighth of the machine's, 128 to 4,096.
  package var sharedBuffersMegabytes: Int?
  /// Log kept between two checkpoints, about.
  package var walMegabytesMax = 4_096
  package var connectionsMax = 100
  /// Places in the table of locks, for each connection.
  ///
  /// Every partition of a day is some objects with its indexes, and a statement that names no day locks all of
  /// them. With 100 connections the table has 204,800 places and takes about 55 MB.
  package var locksPerConnection = 2_048
  /// Names the socket; there is no network port.
  package var port = 5_432
  /// Folder of `postgres` and `initdb`; nil looks where distributions put them.
  package var binFolder: String?

  /// The settings of a service.
  package init() {}

  /// As `-c name=value`.
  func arguments(socketFolder: String) -> [String] {
    let memoryMegabytes =
      sysconf(Int32(_SC_PHYS_PAGES)) / 1_024 * sysconf(Int32(_SC_PAGESIZE)) / 1_024
    let shared = sharedBuffersMegabytes ?? min(4_096, max(128, memoryMegabytes / 8))
    let durable = isDurable ? "on" : "off"
    let settings = [
      "listen_addresses=", "unix_socket_directories=\(socketFolder)",
      "unix_socket_permissions=0700", "port=\(port)", "max_connections=\(connectionsMax)",
      "max_locks_per_transaction=\(locksPerConnection)",
      "shared_buffers=\(shared)MB", "effective_cache_size=\(max(shared, memoryMegabytes / 2))MB",
      "work_mem=16MB", "maintenance_work_mem=128MB", "max_wal_size=\(walMegabytesMax)MB",
      // Files of the log are used again, also after a quiet night: to make one of 16 MB while
      // commits wait for it takes longer than all else that they wait for.
      "min_wal_size=\(max(80, walMegabytesMax / 4))MB",
      "fsync=\(durable)", "full_page_writes=\(durable)",
      // Solid-state disks, and statements too short for a compiler.
      "random_page_cost=1.1", "jit=off", "TimeZone=UTC", "log_timezone=UTC",
      // Faults of statements are told to the caller; parameters may be tokens and stay out.
      "log_min_messages=log", "log_checkpoints=off", "log_parameter_max_length_on_error=0",
    ]
    return settings.flatMap { ["-c", $0] }
  }
}

/// A PostgreSQL server of our own, made when its folder is empty, that ends with this process.
///
/// It listens on a Unix socket only, in a folder that no other user can enter.
package final class PrivateCluster: Sendable {
  /// Owner of everything in it.
  package static let userName = "kvytok"
  /// The database that is made with it.
  package static let databaseName = "kvytok"

  /// Longest wait for a server of an earlier run to end, in seconds.
  static let strayServerSecondsMax = 20
  /// Longest start; recovery after a crash may take long.
  static let startSecondsMax = 300
  /// Longest fast shutdown; then the server is stopped without a checkpoint.
  static let stopSecondsMax = 30
  /// Time between two looks at something that has no event.
  static let lookMilliseconds = 5

  /// Absolute path of the folder.
  package let folder: String
  /// Folder of the socket.
  package let socketFolder: String
  private let logFile: String
  private let port: Int
  private let lock: FolderLock
  private let server: ChildProcess

  /// The server's process.
  package var processID: Int32 { server.processID }

  private init(
    folder: ClusterFolder, socketFolder: String, port: Int, lock: FolderLock, server: ChildProcess
  ) {
    self.folder = folder.path
    logFile = folder.log
    self.socketFolder = socketFolder
    self.port = port
    self.lock = lock
    self.server = server
  }

  /// Whether PostgreSQL and what it needs are on this machine.
  package static var isPossible: Bool {
    let found = try? PostgresInstallation.find(dataFolder: "", dataVersion: nil, binFolder: nil)
    return found != nil && access(ServerUser.setpriv, X_OK) == 0
  }

  /// Makes the cluster when the folder is empty and it `mayInitialize`, and starts it.
  ///
  /// The server gets a signal to stop when the loop's thread ends, however that comes about.
  package static func start(
    folder path: String, loop: EventLoop, settings: ClusterSettings = ClusterSettings(),
    mayInitialize: Bool = true
  ) async throws(ClusterFault) -> PrivateCluster {
    if !mayInitialize {
      // Before anything is made: a folder that is not mounted may be put into its place later.
      try await blocking { () throws(ClusterFault) in try ClusterFolder.requireData(in: path) }
    }
    let prepared = try await blocking { () throws(ClusterFault) in
      let folder = try ClusterFolder(path: path, user: try ServerUser.choose())
      guard access(ServerUser.setpriv, X_OK) == 0 else {
        throw .toolMissing(name: "setpriv", package: "util-linux")
      }
      let lock = FolderLock(try folder.lock())
      try folder.requireNoOtherService()
      return (folder: folder, lock: lock)
    }
    let folder = prepared.folder
    try await waitForStrayServer(of: folder)
    let installation = try await blocking { () throws(ClusterFault) in
      folder.removeStaleMark()
      return try PostgresInstallation.find(
        dataFolder: folder.data, dataVersion: folder.dataVersion, binFolder: settings.binFolder)
    }
    if folder.dataVersion == nil {
      guard mayInitialize else { throw .dataMissing(folder: folder.data) }
      try await initialize(folder, installation, isDurable: settings.isDurable, loop: loop)
    }
    let socketFolder = try await blocking { () throws(ClusterFault) in
      try folder.makeSocketFolder(port: settings.port)
    }
    let server = try await startServer(
      folder, installation, settings.arguments(socketFolder: socketFolder), loop: loop)
    folder.markServed()
    let cluster = PrivateCluster(
      folder: folder, socketFolder: socketFolder, port: settings.port, lock: prepared.lock,
      server: server)
    do {
      try await cluster.makeDatabase(loop: loop)
    } catch {
      await cluster.stop()
      throw error
    }
    return cluster
  }

  /// How to reach a database of the cluster.
  package func configuration(database: String = databaseName) -> PostgresConfiguration {
    PostgresConfiguration(
      socketFolder: socketFolder, port: port, user: PrivateCluster.userName, database: database)
  }

  /// Whether the server runs.
  package var isRunning: Bool { server.isRunning }

  /// Lines of the server's last words.
  static let lastWordsLinesMax = 8

  /// What the server said last.
  package var lastWords: String {
    tail(textOfFile(logFile, isOfEnd: true) ?? "", lines: Self.lastWordsLinesMax)
  }

  /// Waits until the server ends, by `stop` or by itself; how it ended.
  package func waitForExit() async -> ExitStatus { await server.waitForExit() }

  /// Stops the server: open transactions are rolled back, and all is written to disk.
  package func stop() async {
    // Fast shutdown, then without a checkpoint, then by force.
    let steps = [(SIGINT, PrivateCluster.stopSecondsMax), (SIGQUIT, 5), (SIGKILL, 5)]
    for (signal, seconds) in steps where server.isRunning {
      server.send(signal: signal)
      await PrivateCluster.wait(seconds: seconds) { !self.server.isRunning }
    }
    lock.release()
  }

  // MARK: Steps of the start

  /// Runs what blocks on a thread of its own.
  private static func blocking<Result: Sendable>(
    _ body: @escaping @Sendable () throws(ClusterFault) -> Result
  ) async throws(ClusterFault) -> Result {
    let result = await onOwnThread { Swift.Result(catching: body) }
    guard let result else { throw .notStarted(log: "the system gives no thread") }
    return try result.get()
  }

  /// Looks again and again until something is so, within a time; false when it never was.
  @discardableResult
  private static func wait(
    seconds: Int, until isSo: @escaping @Sendable () -> Bool
  ) async -> Bool {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    while clock.now < end {
      if await onOwnThread(isSo) ?? false { return true }
      // A cancelled task may not sleep, and must still not spin.
      await Task { try? await Task.sleep(for: .milliseconds(lookMilliseconds)) }.value
    }
    return isSo()
  }

  /// The server of a process that was killed takes a moment to shut down.
  private static func waitForStrayServer(of folder: ClusterFolder) async throws(ClusterFault) {
    let isGone = await wait(seconds: strayServerSecondsMax) { folder.runningServer == nil }
    if !isGone, let processID = folder.runningServer {
      // One that was just starting had not written yet whose it is.
      try await blocking { () throws(ClusterFault) in try folder.requireNoOtherService() }
      throw .heldByServer(processID: processID, folder: folder.path)
    }
  }

  private static func run(
    _ folder: ClusterFolder, signal: String, _ program: String, _ arguments: [String],
    loop: EventLoop
  ) async throws(ClusterFault) -> ChildProcess {
    folder.keepLog()
    do {
      return try await ChildProcess.start(
        ServerUser.setpriv,
        folder.user.arguments(signalAtParentsDeath: signal, program, arguments),
        environment: ["PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"], outputFile: folder.log, on: loop)
    } catch {
      throw .notStarted(log: error.description)
    }
  }

  private static func initialize(
    _ folder: ClusterFolder, _ installation: PostgresInstallation, isDurable: Bool,
    loop: EventLoop
  ) async throws(ClusterFault) {
    try await blocking { removeFolder(folder.unfinishedData) }
    let initdb = try await run(
      folder, signal: "KILL", installation.initdb,
      [
        "--pgdata=\(folder.unfinishedData)", "--username=\(userName)", "--auth=trust",
        // Texts stand in the order of their bytes either way; by C they are compared as bytes.
        "--encoding=UTF8", "--locale=C.UTF-8", "--lc-collate=C", "--data-checksums",
      ] + (isDurable ? [] : ["--no-sync"]), loop: loop)
    let status = await initdb.waitForExit()
    guard status.isSuccess else {
      throw .notInitialized(log: tail(textOfFile(folder.log) ?? "\(status)", lines: 3))
    }
    try await blocking { () throws(ClusterFault) in
      // An empty folder may have been made beforehand.
      rmdir(folder.data)
      guard rename(folder.unfinishedData, folder.data) == 0 else {
        throw .notWritable(folder: folder.data, reason: systemMessage())
      }
      // What `initdb` said is no server's.
      unlink(folder.log)
    }
  }

  private static func startServer(
    _ folder: ClusterFolder, _ installation: PostgresInstallation, _ settings: [String],
    loop: EventLoop
  ) async throws(ClusterFault) -> ChildProcess {
    let server = try await run(
      folder, signal: "INT", installation.postgres, ["-D", folder.data] + settings, loop: loop)
    let isOver = await wait(seconds: startSecondsMax) {
      !server.isRunning || folder.isReady(processID: server.processID)
    }
    let log = tail(textOfFile(folder.log) ?? "", lines: 4)
    guard server.isRunning else { throw .notStarted(log: log) }
    guard isOver else {
      server.send(signal: SIGQUIT)
      throw .startTooSlow(seconds: startSecondsMax, log: log)
    }
    return server
  }

  private func makeDatabase(loop: EventLoop) async throws(ClusterFault) {
    let link = PostgresLink(configuration: configuration(database: "postgres"), loop: loop)
    do {
      try await link.open()
      let lease = await link.beginLease(nil)
      let name = PrivateCluster.databaseName
      let found = PostgresStatement(
        "SELECT 1 FROM pg_database WHERE datname = $1", [.text(name)])
      if try await link.run([found], lease: lease)[0].isEmpty {
        _ = try await link.perform(.script("CREATE DATABASE \(name)"), lease: lease)
      }
      await link.close(PostgresError(kind: .closed, message: "the database is there"))
    } catch {
      await link.close(PostgresError(kind: .closed, message: "the database is not there"))
      throw .noDatabase(
        error as? PostgresError ?? PostgresError(kind: .connection, message: "\(error)"))
    }
  }
}

/// The lock on a folder; gone with the object at the latest.
private final class FolderLock: Sendable {
  private let file: Int32
  private let isHeld = Atomic(true)

  init(_ file: Int32) { self.file = file }

  deinit { release() }

  func release() {
    guard isHeld.exchange(false, ordering: .relaxed) else { return }
    // A child that was forked just now and has not run its program yet holds the file too, and with
    // it the lock: closing alone would leave the folder locked until then.
    flock(file, LOCK_UN)
    close(file)
  }
}
