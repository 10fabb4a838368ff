import Basics
import DatabaseSupport
import Intake
import Logging
import Postgres
import Store
import Tapping
import Testing
import Transit

/// All tests of the room need a PostgreSQL on this machine.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
enum IntakeSuite {}

/// The moment at which tests happen.
let noon = Instant(seconds: 1_795_348_800)

let quiet = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

extension CommitLimits {
  /// The limits of the house, for devices that post many batches side by side.
  static var roomy: CommitLimits {
    var limits = CommitLimits()
    limits.perDeviceMax = 1000
    return limits
  }
}

/// A service over a fresh database, and validators that hold their keys.
struct World: Sendable {
  let store: Store
  let pool: PostgresPool
  let gate: DeviceGate
  let sessions: SessionDesk
  let desk: DeviceDesk
  let service: IntakeService

  /// The secret of all services of the tests that share a database.
  static let secret = SessionSecret([UInt8](repeating: 3, count: 32))

  init(
    pool: PostgresPool, queue: CommitLimits = .roomy, proofs: ProofDesk = ProofDesk(),
    remembering: DirectoryLimits = DirectoryLimits()
  ) throws {
    self.pool = pool
    store = Store(pool: pool)
    gate = DeviceGate(store: store, proofs: proofs, remembering: remembering, log: quiet)
    desk = DeviceDesk(store: store, gate: gate, log: quiet)
    guard let tokenKey = TokenKey([UInt8](repeating: 5, count: 32)) else { throw NoKey() }
    guard let secret = Self.secret else { throw NoKey() }
    sessions = SessionDesk(store: store, secret: secret, log: quiet)
    service = IntakeService(
      store: store, gate: gate, tokenKey: tokenKey,
      sessions: sessions, queue: queue, log: quiet,
      facts: { AnswerFacts(serverTime: noon, tariffVersion: "2026-11", denyListVersion: 18) })
  }

  struct NoKey: Error {}

  /// Runs a body with a world of its own.
  static func with<Result: Sendable>(
    queue: CommitLimits = .roomy, proofs: ProofDesk = ProofDesk(),
    remembering: DirectoryLimits = DirectoryLimits(),
    _ body: @Sendable (World) async throws -> Result
  ) async throws -> Result {
    try await LeasedDatabase.with(try SchemaMigrations.all()) { pool in
      try await body(try World(pool: pool, queue: queue, proofs: proofs, remembering: remembering))
    }
  }

  /// Enrolls and activates a validator.
  func validator(_ id: String = "V-0042", seed: String? = nil) async throws -> Validator {
    let validator = try Validator(id, seed: seed)
    let enrolled = try await desk.enroll(
      id, vehicle: nil, random: [UInt8](repeating: 9, count: 24), at: noon)
    guard case .enrolled(let secret) = enrolled,
      case .activated = await desk.activate(
        id, secret: secret, publicKey: validator.keys.publicKey, at: noon)
    else { throw NotActive() }
    return validator
  }

  struct NotActive: Error {}

  /// Posts a body as a device would.
  func post(
    _ body: [UInt8], from validator: Validator, signature: [UInt8]? = nil, at moment: Instant = noon
  ) async -> IntakeOutcome {
    await service.accept(
      body: body, deviceHeader: validator.id,
      signatureHeader: Base64.encode(signature ?? validator.keys.sign(body), .standard),
      receivedAt: moment)
  }

  /// Posts taps, and expects them to be stored.
  func send(
    _ taps: [Tap], epoch: Int64 = 3, from validator: Validator
  ) async throws -> TapBatchAnswer {
    try await post(validator.body(taps, epoch: epoch), from: validator).answer()
  }

  /// The register of a device's epoch.
  func register(_ device: String = "V-0042", epoch: Int64 = 3) async throws -> EpochRegister? {
    let registers = try await store.read { try await $0.devices.registers(of: [device]) }
    return registers.first { $0.epoch == epoch }
  }

  /// One number that a query gives.
  func number(_ sql: String) async throws -> Int64 {
    try await pool.session { try await $0.query(sql).only().int8(0) }
  }

  /// The first column of what a query gives, as texts.
  func texts(_ sql: String) async throws -> [String] {
    try await pool.session { try await $0.query(sql).map { try $0.text(0) } }
  }

  /// Whether a transaction waits for another one, by now or at most two minutes later.
  func isWaited() async throws -> Bool {
    for _ in 0..<1_200 {
      let waiting = try await number(
        """
        select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'
        """)
      if waiting > 0 { return true }
      try await Task.sleep(for: .milliseconds(100))
    }
    return false
  }

  func run(_ sql: String) async throws {
    _ = try await pool.session { try await $0.script(sql) }
  }

  /// All taps of the journal by (device, epoch, number), each as often as a batch brought it first.
  func journal() async throws -> [JournalTap: [Tap]] {
    let rows = try await pool.session { connection in
      try await connection.query("select device_id, epoch, fresh, body, format from tap_batch").map
      {
        (
          try $0.text(0), try $0.int8(1), try $0.int8multirange(2),
          StoredBody(bytes: try $0.bytea(3), format: try $0.text(4))
        )
      }
    }
    var taps: [JournalTap: [Tap]] = [:]
    for (device, epoch, fresh, body) in rows {
      let numbers = SequenceRanges(fresh)
      for tap in try body.decode().taps where numbers.contains(tap.seq) {
        taps[JournalTap(device: device, epoch: epoch, seq: tap.seq), default: []].append(tap)
      }
    }
    return taps
  }
}

/// Names a tap of the journal.
struct JournalTap: Hashable {
  let device: String
  let epoch: Int64
  let seq: Int64
}

/// A device with its key.
struct Validator: Sendable {
  let id: String
  let keys: Ed25519KeyPair

  init(_ id: String, seed: String? = nil) throws {
    self.id = id
    guard let keys = Ed25519KeyPair(seed: SHA256Digest.hash(Array((seed ?? id).utf8))) else {
      throw World.NoKey()
    }
    self.keys = keys
  }

  func body(_ taps: [Tap], epoch: Int64 = 3, sentAt: Instant = noon) -> [UInt8] {
    TapBatchJSON.encode(TapBatch(device: id, epoch: epoch, sentAt: sentAt, taps: taps))
  }
}

/// A tap that can be told from others by its number.
func tap(
  _ seq: Int64, at: Instant? = nil, token: String = "04a1b2c3", riders: Int = 1,
  route: String = "15"
) -> Tap {
  Tap(
    seq: seq, at: at ?? noon.adding(seconds: seq - 100_000), kind: .single, medium: .card,
    token: Array(token.utf8), riders: riders, vehicle: "1603", route: route, direction: 0,
    coordinate: Coordinate(latitude: 56.951, longitude: 24.113))
}

extension IntakeOutcome {
  struct Refused: Error { let refusal: IntakeRefusal }
  struct Answered: Error { let answer: TapBatchAnswer }

  func answer() throws -> TapBatchAnswer {
    switch self {
    case .answer(let answer): return answer
    case .refusal(let refusal): throw Refused(refusal: refusal)
    }
  }

  func refusal() throws -> IntakeRefusal {
    switch self {
    case .answer(let answer): throw Answered(answer: answer)
    case .refusal(let refusal): return refusal
    }
  }
}
