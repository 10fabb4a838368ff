import Basics
import EventLoop
import Foundation
import Intake
import Ledger
import Logging
import Postgres
import Store
import Tapping
import Transit

/// What every command on a database stands on: the loop, the connections, the store.
struct Backbone: Sendable {
  /// What a database is opened for.
  enum Use: Sendable {
    /// A service, which makes what is not there yet: a database, the key of the tokens.
    case serving
    /// Bringing the schema forward, of a database that is made where there is none.
    case migrating
    /// Any other command: it finds the database, or ends.
    case asking
  }

  let place: DatabasePlace
  let pool: PostgresPool
  let store: Store
  /// Connections that only devices use: whatever people ask for, taps wait for none of it.
  private let wayInPool: PostgresPool
  /// The store over these.
  var wayIn: Store { Store(pool: wayInPool) }
  private let loop: EventLoop
  private let cluster: ClusterKeeper?

  /// Runs a body on an open database whose schema is the newest, and closes it afterwards.
  static func with<Result: Sendable>(
    _ options: DatabaseOptions, _ body: (Backbone) async throws -> Result
  ) async throws -> Result {
    let place = options.place()
    if place.url == nil, !place.folder.hasCluster { throw place.folder.noService }
    return try await with(place, use: .asking) { backbone in
      try await backbone.requireNewestSchema()
      try await backbone.requireOwnKey()
      return try await body(backbone)
    }
  }

  /// Runs a body on an open database of any schema, and closes it afterwards.
  static func with<Result: Sendable>(
    _ place: DatabasePlace, use: Use, _ body: (Backbone) async throws -> Result
  ) async throws -> Result {
    let backbone = try await open(place, use: use)
    do {
      let result = try await body(backbone)
      await backbone.close()
      return result
    } catch {
      await backbone.close()
      throw explained(error, at: backbone.pool.configuration.place)
    }
  }

  private static func open(_ place: DatabasePlace, use: Use) async throws -> Backbone {
    let loop = EventLoop.start(name: "postgres")
    var cluster: ClusterKeeper?
    do {
      var configuration: PostgresConfiguration
      if let url = place.url {
        configuration = try PostgresConfiguration(url: url)
      } else if use != .serving,
        let running = PrivateCluster.running(folder: place.folder.clusterFolder)
      {
        configuration = running
      } else {
        if use != .asking { try place.folder.requireDatabaseOfKeys() }
        let own = try await ClusterKeeper.start(
          folder: place.folder.clusterFolder, loop: loop, mayInitialize: use != .asking)
        configuration = own.configuration()
        cluster = own
      }
      configuration.applicationName = use == .serving ? "kvytok serve" : "kvytok"
      if use == .serving {
        try await requireDurable(configuration, on: loop)
        if !place.folder.hasTokenKey {
          try await requireKeyless(configuration, keys: place.folder, on: loop)
        }
        _ = try place.folder.tokenKey { SecureRandom.bytes(TokenKey.byteCount) }
      }
      // Who has not the folder of the service reads, and writes nothing that money rests on.
      if let key = try place.folder.tokenKeyOrNil() { SealKey(key).give(to: &configuration) }
      let pool = PostgresPool(configuration: configuration, loop: loop)
      return Backbone(
        place: place, pool: pool, store: Store(pool: pool),
        wayInPool: PostgresPool(configuration: configuration, loop: loop), loop: loop,
        cluster: cluster)
    } catch {
      await cluster?.stop()
      await loop.shutdown()
      if let fault = error as? CommandFault { throw fault }
      throw CommandFault("The database cannot be opened: \(error)")
    }
  }

  /// Checks that the database tells of a commit only when it is on disk: devices forget taps that are acknowledged.
  private static func requireDurable(
    _ configuration: PostgresConfiguration, on loop: EventLoop
  ) async throws {
    let pool = PostgresPool(configuration: configuration, loop: loop)
    let isDurable: Bool
    do {
      isDurable = try await pool.session { connection in try await connection.commitsDurably() }
      await pool.close()
    } catch {
      await pool.close()
      throw explained(error, at: configuration.place)
    }
    guard !isDurable else { return }
    let name = configuration.databaseName ?? "NAME"
    throw CommandFault(
      "The database at \(configuration.place) answers before what it is told is on disk (synchronous_commit = off): "
        + "after a loss of power, taps and money that were acknowledged would be gone. Set it on, where it is off: in "
        + "postgresql.conf, for the user, in the address, or by ALTER DATABASE \(name) SET synchronous_commit = on."
    )
  }

  /// Reaches a database before a key is made for it.
  ///
  /// A key without one is taken for that of a city whose database is lost, and one beside a database that was filled
  /// with another only stands in the way of that.
  private static func requireKeyless(
    _ configuration: PostgresConfiguration, keys folder: DataFolder, on loop: EventLoop
  ) async throws {
    let pool = PostgresPool(configuration: configuration, loop: loop)
    let known: String?
    do {
      if try await isFilled(pool) {
        known = try await Store(pool: pool).read { db in
          try await db.settings.find(tokenKeySetting)
        }
      } else {
        try folder.requireNoServiceKey(besideEmpty: configuration.place)
        known = nil
      }
      await pool.close()
    } catch {
      await pool.close()
      throw explained(error, at: configuration.place)
    }
    guard known == nil else {
      throw CommandFault(
        "This database was filled with a key that is not in \(folder.path)/keys, and none was made: with another "
          + "every card would become another rider. Restore it, or copy it from the other service processes."
      )
    }
  }

  private static func isFilled(_ pool: PostgresPool) async throws -> Bool {
    try await pool.session { connection in
      try await connection.query("select to_regclass('setting') is not null").only().bool(0)
    }
  }

  private func close() async {
    await wayInPool.close()
    await pool.close()
    await cluster?.stop()
    await loop.shutdown()
  }

  /// Whether the server is a private one that this process started.
  var hasOwnCluster: Bool { cluster != nil }

  /// Starts a private server again whenever it ends, until the task is cancelled.
  func keepCluster(log: Logger) async {
    await cluster?.run { event in
      switch event {
      case .ended(let status, let lastWords):
        log.error(
          "the private PostgreSQL ended; it is started again",
          metadata: ["end": "\(status)", "said": "\(lastWords)"])
      case .startedAgain: log.notice("the private PostgreSQL runs again")
      case .notStarted(let fault):
        log.error("the private PostgreSQL does not start", metadata: ["fault": "\(fault)"])
      }
    }
  }

  /// Brings the schema and the chart of accounts to the newest; the names of the steps applied.
  func migrate() async throws -> [String] {
    if try await Self.isFilled(pool) {
      try await requireOwnKey()
    } else {
      try place.folder.requireNoServiceKey(besideEmpty: pool.configuration.place)
    }
    let applied = try await Store.migrate(pool)
    try await store.write { db in try await db.books.save(ChartOfAccounts.standard) }
    return applied
  }

  private func requireNewestSchema() async throws {
    if let missing = try await MissingSteps.find(pool, of: SchemaMigrations.all()) {
      throw CommandFault("The schema \(missing.found). \(missing.whatToDo)")
    }
  }

  /// Checks that the key of the folder, where it has one, is that of the database: with another one
  /// rows of money would get stamps that prove nothing.
  private func requireOwnKey() async throws {
    guard let key = try place.folder.tokenKeyOrNil() else { return }
    let known = try await store.read { db in try await db.settings.find(Self.tokenKeySetting) }
    guard known == nil || known == hexText(key.fingerprint) else { throw foreignKey }
  }

  private static let tokenKeySetting = "token_key_fingerprint"

  private var foreignKey: CommandFault {
    CommandFault(
      "The key in \(place.folder.path)/keys is not the one that this database was filled "
        + "with: every card would become another rider. Restore the key that belongs to it.")
  }

  /// The error with what to do about it, when it is the database's.
  private static func explained(_ error: any Error, at place: String) -> any Error {
    switch error {
    case let fault as PostgresError where fault.kind == .connection:
      CommandFault(
        "The database does not answer at \(place): "
          + "\(reason(fault.message, at: place)). Is it running, and is this its place?"
      )
    case let fault as StoreFault where fault.sqlState == PostgresError.queryCanceled:
      CommandFault(
        "The database took longer for one statement than it may: \(fault.description). It is busy, or "
          + "asked for more than it can tell at once; try again later, or for fewer days.")
    case let fault as StoreFault where fault.isOutcomeUnknown:
      CommandFault(
        "The database went away at the last moment: whether it was stored is not known. Look for it before "
          + "you do it again. (\(fault.description))")
    case let fault as StoreFault where fault.kind == .unavailable:
      CommandFault("The database does not answer: \(fault.description). Is it running?")
    default: error
    }
  }

  /// What libpq says, without the place and the question, which are told once.
  private static func reason(_ message: String, at place: String) -> String {
    var text = message[...]
    let before = "no connection to \(place): "
    if text.hasPrefix(before) { text.removeFirst(before.count) }
    if let question = text.firstRange(of: "Is the server running") {
      text = text[..<question.lowerBound]
    }
    while let last = text.last, last == "." || last.isWhitespace { text.removeLast() }
    return String(text)
  }

  /// The key of the tokens, checked to be the one that the database was filled with.
  func tokenKey(orMakeFrom random: (() -> [UInt8])? = nil) async throws -> TokenKey {
    let key =
      if let random {
        try place.folder.tokenKey(orMakeFrom: random)
      } else {
        try place.folder.tokenKey()
      }
    let print = hexText(key.fingerprint)
    let known = try await store.write { db in
      // Whoever can register a card can name it to validators.
      _ = try await db.denyList.salt(
        orMakeFrom: { SecureRandom.bytes(TokenFingerprint.saltByteCount) })
      return try await db.settings.findOrMake(Self.tokenKeySetting, print)
    }
    guard known == print else { throw foreignKey }
    return key
  }

  private static let serviceKeySetting = "service_public_key"

  /// The key with which the service signs grants, as it is written down; nil before it first served.
  func servicePublicKey() async throws -> [UInt8]? {
    let digits = try await store.read { db in try await db.settings.find(Self.serviceKeySetting) }
    return digits.flatMap(DataFolder.bytes(ofHex:))
  }

  /// The secret of sessions, checked to be the one whose identity the devices of the database know.
  func sessionSecret(orMakeFrom random: @escaping () -> [UInt8]) async throws -> SessionSecret {
    let before = try await store.read { db in try await db.settings.find(Self.serviceKeySetting) }
    // A new file beside a key that devices know would only stand in the way of the lost one.
    let secret =
      before == nil
      ? try place.folder.sessionSecret(orMakeFrom: random) : try place.folder.sessionSecret()
    let print = hexText(secret.identity.publicKey)
    let known = try await store.write { db in
      try await db.settings.findOrMake(Self.serviceKeySetting, print)
    }
    guard known == print else { throw foreignSessionKey }
    return secret
  }

  /// Makes the secret of the folder, a new one where there is none, that of the database; whether it was not.
  ///
  /// Devices know the service by the key before, until they are enrolled again.
  func renewServiceKey(
    by person: String, at moment: Instant, orMakeFrom random: @escaping () -> [UInt8]
  ) async throws -> Bool {
    let secret = try place.folder.sessionSecret(orMakeFrom: random)
    let print = hexText(secret.identity.publicKey)
    return try await store.write { db in
      guard try await db.settings.find(Self.serviceKeySetting) != print else { return false }
      try await db.settings.set(Self.serviceKeySetting, to: print)
      try await db.settings.set("service_key_renewed", to: "\(moment) by \(person)")
      return true
    }
  }

  /// Checks that both keys of the folder are those of the database.
  func requireKeysOfDatabase() async throws {
    try await requireOwnKey()
    let known = try await store.read { db in try await db.settings.find(Self.serviceKeySetting) }
    guard let known else { return }
    let secret = try place.folder.sessionSecret()
    guard known == hexText(secret.identity.publicKey) else { throw foreignSessionKey }
  }

  private var foreignSessionKey: CommandFault {
    CommandFault(
      "The file session.key in \(place.folder.path)/keys is not the one of this database: no "
        + "device would open a session. Restore it, or copy it from the other service processes. Where it "
        + "is lost for good: kvytok device new-service-key")
  }
}

extension TokenKey {
  /// A digest by which the key is known again, and from which it cannot be found.
  fileprivate var fingerprint: [UInt8] {
    mediumID(kind: .card, token: Array("kvytok token key".utf8)).bytes
  }
}

extension Instant {
  /// The moment on the clock of this machine.
  static var now: Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(
      microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }
}
