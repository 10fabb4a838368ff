import Basics
package import EventLoop

/// A bounded number of connections to one database, lent for a transaction or a session.
///
/// Connections are made when they are wanted, and made again with growing pauses after the server
/// went away. A caller waits no longer than `acquireSecondsMax` for one.
package final class PostgresPool: Sendable {
  /// Longest wait for leases at the end, in milliseconds.
  static let closeMillisecondsMax: Int64 = 10_000
  /// First pause before a transaction is tried again, in milliseconds; doubled each time.
  static let retryMillisecondsMin = 4
  static let retryMillisecondsMax = 500

  /// Where the database is, and the limits.
  package let configuration: PostgresConfiguration
  private let core: PoolCore
  private let listener: PostgresListener

  /// Makes a pool without a connection; the first caller opens the first.
  package init(configuration: PostgresConfiguration, loop: EventLoop) {
    self.configuration = configuration
    core = PoolCore(configuration: configuration, loop: loop)
    listener = PostgresListener(configuration: configuration, loop: loop)
  }

  /// Runs the body in a transaction: committed when it returns, rolled back when it throws.
  ///
  /// The body is run again, from its beginning, after a serialization failure, a deadlock, or a
  /// connection lost before COMMIT was sent: it must not do anything else that lasts. The error of
  /// a connection lost during COMMIT says `isOutcomeUnknown`. BEGIN travels with the first
  /// statement; a body without statements costs nothing.
  @discardableResult
  package func transaction<Result: Sendable>(
    _ isolation: PostgresIsolation = .readCommitted, readOnly: Bool = false, attemptsMax: Int = 5,
    _ body: @Sendable (PostgresConnection) async throws -> Result
  ) async throws -> Result {
    precondition(attemptsMax > 0, "a transaction is tried at least once")
    let begin = "BEGIN ISOLATION LEVEL \(isolation.rawValue)" + (readOnly ? " READ ONLY" : "")
    var attempt = 1
    while true {
      do {
        return try await attemptTransaction(begin, body)
      } catch let error as PostgresError {
        guard attempt < attemptsMax, isWorthRetrying(error, readOnly: readOnly) else {
          throw error
        }
        try await pause(afterAttempt: attempt)
        attempt += 1
      }
    }
  }

  private func attemptTransaction<Result: Sendable>(
    _ begin: String, _ body: @Sendable (PostgresConnection) async throws -> Result
  ) async throws -> Result {
    let lent = try await core.begin(begin)
    let result: Result
    do {
      result = try await body(PostgresConnection(link: lent.link, lease: lent.lease))
    } catch {
      await core.rollBack(lent)
      throw error
    }
    try await core.commit(lent)
    return result
  }

  private func isWorthRetrying(_ error: PostgresError, readOnly: Bool) -> Bool {
    switch error.kind {
    case .server:
      error.isRetryable || error.isStalePlan
    // A wait for a connection that came to nothing has been long enough already.
    case .connection:
      (readOnly || !error.isOutcomeUnknown) && !error.isFinalForConnecting && !error.isFromPool
    case .timeout, .poolExhausted, .decoding, .closed, .usage: false
    }
  }

  private func pause(afterAttempt attempt: Int) async throws {
    let longest = min(
      PostgresPool.retryMillisecondsMin << min(attempt, 16), PostgresPool.retryMillisecondsMax)
    // Two that collided must not meet again at the same moment.
    var generator = SeededGenerator(seed: UInt64(bitPattern: core.loop.nowNanoseconds))
    try await Task.sleep(for: .milliseconds(generator.integer(in: longest / 2...longest)))
  }

  /// Runs the body with a connection and no transaction around its statements.
  @discardableResult
  package func session<Result: Sendable>(
    _ body: @Sendable (PostgresConnection) async throws -> Result
  ) async throws -> Result {
    let lent = try await core.begin(nil)
    do {
      let result = try await body(PostgresConnection(link: lent.link, lease: lent.lease))
      await core.end(lent)
      return result
    } catch {
      await core.end(lent)
      throw error
    }
  }

  /// The messages of a channel, over a connection of its own that is made again when it is lost.
  ///
  /// The first element, and one after every gap, says `isResumption`: look at the tables then.
  package func listen(_ channel: String) -> AsyncStream<PostgresNotification> {
    listener.listen(channel)
  }

  /// The loop of the connections: a task that prefers it changes no threads around its statements.
  package var executor: EventLoop { core.loop }

  /// How many wait for a connection now.
  package func waitersCount() async -> Int { await core.waitersCount }

  /// Whether the server answers a new connection now; no wait for a free one of the pool.
  package func isReachable() async -> Bool { await core.isReachable() }

  /// Refuses new leases, waits for those given out, and closes all connections.
  package func close() async {
    await listener.close()
    await core.close(afterMilliseconds: PostgresPool.closeMillisecondsMax)
  }
}
