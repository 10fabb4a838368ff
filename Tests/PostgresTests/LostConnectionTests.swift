import Basics
import DatabaseSupport
import EventLoop
import Glibc
import Postgres
import Programs
import Testing

/// No failed connection leaves a caller waiting, and the pool mends itself.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "PostgreSQL is not installed"))
struct LostConnectionTests {
  /// A pool on a place where nobody is, with a short wait limit.
  private func pool(url: String, seconds: Double) async throws -> PostgresPool {
    var configuration = try PostgresConfiguration(url: url)
    configuration.acquireSecondsMax = seconds
    configuration.connectSecondsMax = seconds
    return PostgresPool(
      configuration: configuration, loop: try await DatabaseServer.shared.loop())
  }

  private func faultAndTime(
    url: String, seconds: Double
  ) async throws -> (PostgresError?, Duration) {
    let pool = try await pool(url: url, seconds: seconds)
    let clock = ContinuousClock()
    let start = clock.now
    let fault = await error { try await pool.transaction { try await $0.query("SELECT 1") } }
    let time = clock.now - start
    await pool.close()
    return (fault, time)
  }

  @Test func aPortWhereNobodyListensIsToldWithItsPlaceAndReason() async throws {
    let (fault, time) = try await faultAndTime(
      url: "postgres://me:secret@127.0.0.1:1/db", seconds: 120)
    #expect(fault?.kind == .connection)
    #expect(fault?.message.contains("me@127.0.0.1:1/db") == true)
    #expect(fault?.message.contains("Connection refused") == true)
    #expect(fault?.description.contains("secret") == false)
    #expect(time < .seconds(600))
  }

  @Test func anAddressThatSwallowsEverythingIsGivenUpInTime() async throws {
    // A listener that never accepts and whose queue is full: connecting hangs, as in a black hole.
    let hole = try #require(BlackHole())
    let (fault, time) = try await faultAndTime(
      url: "postgres://me@127.0.0.1:\(hole.port)/db", seconds: 0.5)
    #expect(fault?.kind == .connection)
    #expect(time < .seconds(600))
  }

  @Test func aHostWithoutAnAddressIsTold() async throws {
    let (fault, time) = try await faultAndTime(
      url: "postgres://me@nowhere.invalid/db", seconds: 1)
    #expect(fault?.kind == .connection)
    #expect(fault?.message.contains("nowhere.invalid") == true)
    #expect(time < .seconds(600))
  }

  @Test func aDatabaseThatIsNotThereIsToldAtOnce() async throws {
    var configuration = try await DatabaseServer.shared.configuration(database: "not_there").patient
    configuration.acquireSecondsMax = 1_200
    let pool = PostgresPool(
      configuration: configuration, loop: try await DatabaseServer.shared.loop())
    let clock = ContinuousClock()
    let start = clock.now
    let fault = await error { try await pool.session { try await $0.query("SELECT 1") } }
    #expect(fault?.sqlState == "3D000")
    #expect(fault?.message.contains("\"not_there\" does not exist") == true)
    #expect(clock.now - start < .seconds(600))
    #expect(await pool.isReachable() == false)
    await pool.close()
  }

  @Test(arguments: ["postgres://host:port/db", "what=ever", "postgres://%zz@h/db"])
  func aURLThatCannotBeReadIsRefused(url: String) {
    #expect(throws: PostgresError.self) { try PostgresConfiguration(url: url) }
  }

  @Test func aBackendEndedInTheMiddleOfAStatementEndsItsCallerToo() async throws {
    try await LeasedDatabase.with { pool in
      let task = Task {
        await error {
          try await pool.session { try await $0.query("SELECT pg_sleep(60), 'ended'") }
        }
      }
      try await CancellationTests.waitUntilRunning("'ended'", pool)
      try await pool.session {
        try await $0.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            + "WHERE query LIKE '%''ended''%' AND pid <> pg_backend_pid()")
      }
      let fault = await task.value
      #expect(fault?.kind == .connection)
      #expect(fault?.sqlState == "57P01")
      let one = try await pool.session { try await $0.query("SELECT 1 AS n").only().int4("n") }
      #expect(one == 1)
    }
  }

  @Test func anIdleConnectionThatEndsIsReplacedWithoutAFault() async throws {
    try await LeasedDatabase.with([], connectionsMax: 2) { pool in
      for _ in 0..<10 {
        try await pool.session { first in
          try await pool.session { second in
            let id = try await second.query("SELECT pg_backend_pid() AS id").only().int4("id")
            try await first.query("SELECT pg_terminate_backend($1, 5000)", [.int4(id)])
          }
        }
        // The transaction meets a dead connection at worst before COMMIT, and is tried again.
        let one = try await pool.transaction {
          try await $0.query("SELECT 1 AS n").only().int4("n")
        }
        #expect(one == 1)
      }
    }
  }

  @Test func aConnectionLostInATransactionIsTriedAgainUnlessItWasCommitting() async throws {
    try await LeasedDatabase.with(TransactionTests.migrations) { pool in
      let attempts = Counter()
      try await pool.transaction { connection in
        try await connection.execute("UPDATE account SET amount = amount + 1 WHERE id = 1")
        if await attempts.next() == 0 {
          try await connection.query("SELECT pg_terminate_backend(pg_backend_pid())")
        }
      }
      let amount = try await pool.session {
        try await $0.query("SELECT amount FROM account WHERE id = 1").only().int8("amount")
      }
      #expect(amount == 101)
      #expect(await attempts.value == 2)
      // The end of the backend is part of COMMIT here: a deferred trigger ends it.
      try await pool.session {
        try await $0.script(
          """
          CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
          CREATE CONSTRAINT TRIGGER stop AFTER DELETE ON account DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION stop()
          """)
      }
      let tries = Counter()
      let fault = await error {
        try await pool.transaction { connection in
          _ = await tries.next()
          try await connection.execute("DELETE FROM account WHERE id = 2")
        }
      }
      #expect(fault?.isOutcomeUnknown == true)
      #expect(await tries.value == 1)
    }
  }

  @Test func aServerKilledUnderLoadComesBackAndNobodyHangs() async throws {
    try await OwnCluster.with { cluster, loop in
      var configuration = cluster.configuration().patient
      configuration.connectionsMax = 4
      let pool = PostgresPool(configuration: configuration, loop: loop)
      try await pool.session { try await $0.script("CREATE TABLE mark (n int8)") }
      let stop = Counter()
      let workers = (0..<8).map { worker in
        Task {
          var outcomes: [Bool] = []
          while await stop.value == 0 {
            let fault = await error {
              try await pool.transaction(attemptsMax: 20) {
                try await $0.execute("INSERT INTO mark VALUES ($1)", [.int8(Int64(worker))])
              }
            }
            outcomes.append(fault == nil)
            if let fault {
              #expect(fault.isOutcomeUnknown || fault.kind == .connection, "\(fault)")
            }
          }
          return outcomes
        }
      }
      @Sendable func marks() async throws -> Int64 {
        try await pool.transaction(attemptsMax: 20) {
          try await $0.query("SELECT count(*) AS n FROM mark").only().int8("n")
        }
      }
      while try await marks() == 0 { try await Task.sleep(for: .milliseconds(10)) }
      // One backend dies, and the server restarts all of them.
      let backend = try await pool.session {
        try await $0.query("SELECT pg_backend_pid() AS id").only().int4("id")
      }
      kill(backend, SIGKILL)
      try await Task.sleep(for: .milliseconds(1_500))
      let count = try await marks()
      _ = await stop.next()
      var done = 0
      for worker in workers { done += await worker.value.count { $0 } }
      let later = try await pool.session {
        try await $0.query("SELECT count(*) AS n FROM mark").only().int8("n")
      }
      #expect(count > 0)
      #expect(later >= Int64(done), "what was acknowledged is there")
      await pool.close()
    }
  }

  @Test func aWholeServerKilledAndStartedAgainIsFoundAgain() async throws {
    try await OwnCluster.with { cluster, loop in
      let pool = OwnCluster.patientPool(cluster, loop)
      let hanging = Task {
        await error { try await pool.session { try await $0.query("SELECT pg_sleep(60)") } }
      }
      try await CancellationTests.waitUntilRunning("pg_sleep(60)", pool)
      kill(cluster.processID, SIGKILL)
      let fault = await hanging.value
      #expect(fault?.kind == .connection)
      _ = await cluster.waitForExit()
      #expect(await pool.isReachable() == false)
      let waiting = Task {
        try await pool.transaction(readOnly: true) { try await $0.query("SELECT 1").count }
      }
      await cluster.stop()
      let again = try await OwnCluster.start(folder: cluster.folder, loop: loop)
      #expect(try await waiting.value == 1)
      #expect(await pool.isReachable())
      await pool.close()
      await again.stop()
    }
  }

  @Test func aServerThatStandsStillIsGivenUp() async throws {
    try await OwnCluster.with { cluster, loop in
      var configuration = cluster.configuration().patient
      configuration.graceMilliseconds = 200
      let pool = PostgresPool(configuration: configuration, loop: loop)
      let clock = ContinuousClock()
      try await pool.session { connection in
        let backend = try await connection.query("SELECT pg_backend_pid() AS id").only()
          .int4("id")
        // Not before: what the test itself asks may take long.
        try await connection.limitStatements(milliseconds: 100)
        kill(backend, SIGSTOP)
        let start = clock.now
        let fault = await error { try await connection.query("SELECT 1") }
        #expect(fault?.kind == .timeout)
        // It would stand still for ever; how long the machine takes besides is not the pool's to say.
        #expect(clock.now - start < .seconds(600))
        kill(backend, SIGCONT)
      }
      await pool.close()
    }
  }
}

/// A port that takes no connection and refuses none.
private final class BlackHole {
  let port: UInt16
  private let listener: Int32
  private let fillers: [Int32]

  init?() {
    guard let door = Loopback.listen(waitingMax: 0) else { return nil }
    listener = door.file
    port = door.port
    // Fill its queue.
    fillers = (0..<4).compactMap { _ in Loopback.connect(door.port, isWaiting: false) }
  }

  deinit { for descriptor in fillers + [listener] { close(descriptor) } }
}
