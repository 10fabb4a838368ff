import Basics
package import EventLoop
import Glibc
package import Postgres
import Programs

/// A database of its own for a suite of tests, on one private cluster per test process.
///
/// The first use of a list of migrations makes a template with them applied; each lease is a copy
/// of it, which takes about a tenth of a second.
package enum LeasedDatabase {
  /// Whether PostgreSQL is on this machine; for `.enabled(if:)`.
  package static var isAvailable: Bool { PrivateCluster.isPossible }

  /// Runs the body with a pool on a fresh, migrated database, and drops it afterwards.
  package static func with<Result: Sendable>(
    _ migrations: [Migration] = [], connectionsMax: Int = 4,
    _ body: @Sendable (PostgresPool) async throws -> Result
  ) async throws -> Result {
    try await with(migrations, adjusting: { $0.connectionsMax = connectionsMax }, body)
  }

  /// The same with other settings of the pool: limits that a test wants to reach.
  package static func with<Result: Sendable>(
    _ migrations: [Migration] = [], adjusting: (inout PostgresConfiguration) -> Void,
    _ body: @Sendable (PostgresPool) async throws -> Result
  ) async throws -> Result {
    let lease = try await DatabaseServer.shared.lease(migrations)
    var configuration = lease.configuration
    adjusting(&configuration)
    let pool = PostgresPool(configuration: configuration, loop: lease.loop)
    do {
      let result = try await body(pool)
      await pool.close()
      await DatabaseServer.shared.drop(lease)
      return result
    } catch {
      await pool.close()
      await DatabaseServer.shared.drop(lease)
      throw error
    }
  }
}

extension PostgresConfiguration {
  /// The same for a test that looks at other things: what has to wait for a busy machine has not failed.
  package var patient: Self {
    var copy = self
    copy.connectSecondsMax = 60
    copy.acquireSecondsMax = 300
    // Who holds a lock while a test looks at those who wait for it is idle all that time.
    copy.statementMillisecondsMax = 300_000
    copy.idleInTransactionMillisecondsMax = 600_000
    copy.graceMilliseconds = 60_000
    copy.cancelMilliseconds = 60_000
    return copy
  }
}

/// A database lent to a test.
package struct DatabaseLease: Sendable {
  package let name: String
  package let configuration: PostgresConfiguration
  package let loop: EventLoop
}

/// The one cluster of this test process; it ends and is removed with the process.
package actor DatabaseServer {
  package static let shared = DatabaseServer()

  /// Most databases lent at a time: all tests of a run start at once, and each would wait for all.
  ///
  /// More than the machine has cores: many tests wait for something most of their time.
  private static let leasesMax = 20

  /// Databases that are dropped together: each drop makes a checkpoint, and only the first has much
  /// to write.
  private static let dropsAtOnce = 10

  /// A key of the tests, as the program brings its own: rows of money are stamped with it.
  private static let settings = ["kvytok.seal_key": String(repeating: "36", count: 128)]

  private struct Running: Sendable {
    let cluster: PrivateCluster
    let pool: PostgresPool
    let loop: EventLoop
  }

  private var running: Task<Running, any Error>?
  private var templates: [String: Task<String, any Error>] = [:]
  private var nextName = 1
  private let turns = Turns(DatabaseServer.leasesMax)
  private var used: [String] = []
  private var isDropping = false

  /// A loop for tests that need one of their own kind of pool.
  package func loop() async throws -> EventLoop { try await server().loop }

  /// Where the databases of the cluster are.
  package func configuration(database: String = "postgres") async throws -> PostgresConfiguration {
    try await server().cluster.configuration(database: database)
  }

  /// A fresh database with migrations applied.
  package func lease(_ migrations: [Migration]) async throws -> DatabaseLease {
    await turns.take()
    do {
      return try await lend(migrations)
    } catch {
      await turns.give()
      throw error
    }
  }

  private func lend(_ migrations: [Migration]) async throws -> DatabaseLease {
    let server = try await server()
    let template = try await template(migrations, server)
    let name = "lease_\(nextName)"
    nextName += 1
    // Two copies of one template at the same moment are fine; a connection to it is not, and
    // there is none after the migrations.
    try await server.pool.session {
      // By files, for that takes half of what writing the copy into the log does.
      try await $0.execute("CREATE DATABASE \(name) TEMPLATE \(template) STRATEGY file_copy")
    }
    var configuration = server.cluster.configuration(database: name)
    configuration.sessionSettings = Self.settings
    return DatabaseLease(name: name, configuration: configuration.patient, loop: server.loop)
  }

  /// Takes a database back; it is removed a little later, and nobody waits for that.
  package func drop(_ lease: DatabaseLease) async {
    await turns.give()
    used.append(lease.name)
    guard used.count >= Self.dropsAtOnce, !isDropping else { return }
    isDropping = true
    Task { await dropUsed() }
  }

  /// Removes the databases that were used, with all connections to them.
  private func dropUsed() async {
    while used.count >= Self.dropsAtOnce, let server = try? await running?.value {
      let names = used
      used = []
      _ = try? await server.pool.session { connection in
        for name in names {
          try await connection.execute("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
        }
      }
    }
    isDropping = false
  }

  private func server() async throws -> Running {
    if let running { return try await running.value }
    let task = Task {
      let folder = try TemporaryCluster.makeFolder()
      let loop = EventLoop.start(name: "test database")
      var settings = ClusterSettings()
      settings.isDurable = false
      settings.sharedBuffersMegabytes = 128
      settings.connectionsMax = 400
      let cluster = try await PrivateCluster.start(
        folder: folder, loop: loop, settings: settings)
      TemporaryCluster.endAtExit(server: cluster.processID, folder: folder)
      var configuration = cluster.configuration(database: "postgres").patient
      // Many tests begin at once, and each waits for its copy, however long all of them take.
      configuration.statementMillisecondsMax = 0
      configuration.connectionsMax = 4
      configuration.acquireSecondsMax = 600
      return Running(
        cluster: cluster, pool: PostgresPool(configuration: configuration, loop: loop), loop: loop)
    }
    running = task
    return try await task.value
  }

  /// The template with these migrations, made once.
  private func template(_ migrations: [Migration], _ server: Running) async throws -> String {
    guard !migrations.isEmpty else { return "template0" }
    let words = migrations.map { $0.name + "\0" + $0.sql }.joined(separator: "\0")
    let name = "template_" + String(stableHash(words.utf8), radix: 36)
    if let made = templates[name] { return try await made.value }
    let task = Task {
      try await server.pool.session {
        try await $0.execute("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
        try await $0.execute("CREATE DATABASE \(name) TEMPLATE template0")
      }
      var configuration = server.cluster.configuration(database: name)
      configuration.sessionSettings = Self.settings
      let pool = PostgresPool(configuration: configuration.patient, loop: server.loop)
      do {
        try await Migrator(migrations: migrations).run(pool)
      } catch {
        await pool.close()
        throw error
      }
      await pool.close()
      try await Self.waitUntilNobodyIs(in: name, server.pool)
      return name
    }
    templates[name] = task
    do {
      return try await task.value
    } catch {
      // The next test makes it anew, rather than fail with this one.
      templates[name] = nil
      throw error
    }
  }

  /// A backend goes a moment after its connection, and the server waits only five seconds for it when
  /// it copies.
  private static func waitUntilNobodyIs(in name: String, _ pool: PostgresPool) async throws {
    while try await pool.session({
      try await $0.query(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = $1", [.text(name)]
      ).only().int8(0) > 0
    }) {
      try await Task.sleep(for: .milliseconds(10))
    }
  }
}
