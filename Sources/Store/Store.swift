package import Postgres

/// The database of Kvytok: it is reached only inside the brackets ``write(_:)`` and ``read(_:)``.
package final class Store: Sendable {
  let pool: PostgresPool

  /// Opens the store over a pool; the schema is the newest.
  package init(pool: PostgresPool) { self.pool = pool }

  /// Runs a body in one transaction that changes something; tried again after a deadlock.
  ///
  /// The body may run more than once, so it changes nothing but the database. It throws
  /// ``StoreFault`` for whatever the database did, and the body's own errors as they are.
  package func write<Result: Sendable>(
    patience: StorePatience = .short, _ body: @Sendable (StoreSession) async throws -> Result
  ) async throws -> Result {
    do {
      return try await pool.transaction { connection in
        try await patience.begin(connection)
        return try await body(StoreSession(connection: connection))
      }
    } catch let error as PostgresError {
      throw StoreFault(error)
    }
  }

  /// Runs a body that only reads, on one unchanging picture of the database.
  package func read<Result: Sendable>(
    patience: StorePatience = .short, _ body: @Sendable (StoreSession) async throws -> Result
  ) async throws -> Result {
    do {
      return try await pool.transaction(.repeatableRead, readOnly: true) { connection in
        try await patience.begin(connection)
        return try await body(StoreSession(connection: connection))
      }
    } catch let error as PostgresError {
      throw StoreFault(error)
    }
  }

  /// Announces on a channel, outside of any transaction.
  package func announce(_ channel: StoreChannel, _ payload: String = "") async throws {
    do {
      try await pool.session { connection in
        try await StoreSession(connection: connection).announce(channel, payload)
      }
    } catch let error as PostgresError {
      throw StoreFault(error)
    }
  }

  /// What is announced on a channel, from now on; never ends by itself.
  ///
  /// An empty name stands for "look at the tables": listening began, or went on after a lost
  /// connection, and what was announced meanwhile is not known.
  package func announcements(_ channel: StoreChannel) -> AsyncStream<String> {
    let notifications = pool.listen(channel.rawValue)
    return AsyncStream { continuation in
      let task = Task {
        for await notification in notifications {
          continuation.yield(notification.isResumption ? "" : notification.payload)
        }
        continuation.finish()
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }

  /// How many wait for a connection now.
  package func waitersCount() async -> Int { await pool.waitersCount() }

  /// Whether the database answers now.
  package func isReachable() async -> Bool { await pool.isReachable() }
}

/// How long each statement of a bracket may take.
package enum StorePatience: Sendable {
  /// As long as somebody waits for an answer: the limit of the connection.
  case short
  /// As long as it takes to go through all that was ever booked, as a proof and the close of a month do.
  case long

  /// Limit of a statement that goes through all that was ever booked.
  package static let longHoursMax = 12

  func begin(_ connection: PostgresConnection) async throws {
    guard self == .long else { return }
    try await connection.limitStatements(milliseconds: Self.longHoursMax * 3_600_000)
  }
}

/// What is announced when a transaction commits, by channel of NOTIFY.
package enum StoreChannel: String, Sendable, CaseIterable {
  /// New rows in `tap_batch`.
  case journal = "kvytok_journal"
  /// New rows in `position`.
  case positions = "kvytok_positions"
  /// A device was enrolled, activated or revoked; the payload is its id.
  case devices = "kvytok_devices"
  /// Another network is the newest.
  case network = "kvytok_network"
  /// Another tariff version was published.
  case tariffs = "kvytok_tariffs"
  /// The deny list has another version; the payload is its number.
  case denyList = "kvytok_deny_list"
  /// Nothing happened: whoever announced it measures how long it is under way.
  case echo = "kvytok_echo"
}

/// The database inside a bracket, which is one transaction; of no use after the bracket.
package struct StoreSession {
  let connection: PostgresConnection

  /// Announces on a channel, when the transaction commits.
  package func announce(_ channel: StoreChannel, _ payload: String = "") async throws {
    try await connection.execute(
      "select pg_notify($1, $2)", [.text(channel.rawValue), .text(payload)])
  }
}

@available(*, unavailable)
extension StoreSession: Sendable {}

/// What the database did instead of what was asked.
package struct StoreFault: Error, Sendable, Equatable, CustomStringConvertible {
  /// What a caller can do about it.
  package enum Kind: Sendable, Equatable {
    /// The database is away, busy or restarting: the same call may do later.
    case unavailable
    /// The database refused a statement: the same call will fail again.
    case refused
    /// A row or a call is not what the program takes it for: a bug, or a foreign hand.
    case damaged
  }

  package let kind: Kind
  /// What happened, for people; never holds a token or key.
  package let description: String
  /// The five characters of the SQL standard; nil when the server said nothing.
  package let sqlState: String?
  /// The connection was lost during COMMIT: the transaction may have happened, or not.
  package let isOutcomeUnknown: Bool

  /// Makes a fault that the program found by itself.
  package init(kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
    sqlState = nil
    isOutcomeUnknown = false
  }

  init(_ error: PostgresError) {
    kind =
      switch error.kind {
      case .connection, .timeout, .poolExhausted, .closed: .unavailable
      case .server: StoreFault.kind(ofState: error.sqlState ?? "")
      case .decoding, .usage: .damaged
      }
    // The server's detail may quote a row, and with it what must not reach a log.
    description = error.message
    sqlState = error.sqlState
    isOutcomeUnknown = error.isOutcomeUnknown
  }

  /// Classes 08 (connection), 40 (rolled back), 53 (resources) and 57 (operator) pass by themselves.
  private static func kind(ofState state: String) -> Kind {
    ["08", "40", "53", "57"].contains(String(state.prefix(2))) ? .unavailable : .refused
  }
}
