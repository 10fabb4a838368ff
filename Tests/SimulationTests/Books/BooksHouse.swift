import AcquirerSupport
import Acquiring
import Basics
import Charging
import Clearing
import DatabaseSupport
import Intake
import Ledger
import Logging
import Postgres
import SimulatedAcquirer
import SimulatedCity
import Store
import Synchronization
import Tapping
import Transit

/// A clearing house on a fresh database, whose processes end anywhere and are started anew.
final class BooksHouse: Sendable {
  let store: Store
  let pool: PostgresPool
  let city = CityHolder()
  let clock: TestClock
  /// The acquirer that is asked over HTTP.
  let acquirer: InProcessAcquirer
  /// Whether the acquirer is told by files alone.
  let isByFile: Bool
  /// The acquirer that is told by files.
  let filed: Mutex<AcquirerByFile>
  let tokenKey: TokenKey
  /// How many processes do the work.
  let workerCount: Int
  /// Whether nobody charges before all is rated: what is charged first and given back later then does
  /// not hang on who was faster.
  private let isInStep: Bool
  /// The service's way in, and the keys of the validators.
  let intake: IntakeService
  private let desk: DeviceDesk
  private let ended = Mutex(0)
  private let turns = Mutex(0)
  private let log = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }

  /// What PostgreSQL says when the plan of crashes ends a process.
  private static let crashState = "KV001"
  /// Most crashes one after the other; then it is no crash.
  private static let crashesMax = 200

  /// One of so many times a worker that is done is started once more.
  private static let startedAnewEvery = 5

  struct NoKey: Error {}

  /// Runs a body with the house of a plan.
  static func with<Result: Sendable>(
    _ plan: BooksPlan, workers: Int, crashEvery: Int?, isInStep: Bool = false,
    isByFile: Bool = false, _ body: @Sendable (BooksHouse) async throws -> Result
  ) async throws -> Result {
    try await with(
      seed: plan.seed, mood: plan.mood, workers: workers, crashEvery: crashEvery,
      isInStep: isInStep, isByFile: isByFile, body)
  }

  /// Runs a body with a house of its own, in which a process ends at about every so many statements.
  static func with<Result: Sendable>(
    seed: UInt64, mood: AcquirerMood, workers: Int, crashEvery: Int?, isInStep: Bool = false,
    isByFile: Bool = false, _ body: @Sendable (BooksHouse) async throws -> Result
  ) async throws -> Result {
    try await LeasedDatabase.with(
      try SchemaMigrations.all(), connectionsMax: 4 + 4 * workers
    ) { pool in
      let house = try BooksHouse(
        pool: pool, seed: seed, mood: mood, workers: workers, isInStep: isInStep,
        isByFile: isByFile)
      try await house.prepare(seed)
      if let crashEvery { try await house.planCrashes(every: crashEvery, seed: seed) }
      return try await body(house)
    }
  }

  private init(
    pool: PostgresPool, seed: UInt64, mood: AcquirerMood, workers: Int, isInStep: Bool,
    isByFile: Bool
  ) throws {
    self.pool = pool
    store = Store(pool: pool)
    workerCount = workers
    self.isInStep = isInStep
    clock = TestClock(CityCalendar.utc(CityCalendar.start, hour: 2))
    acquirer = InProcessAcquirer(seed: seed, mood: mood, clock: clock)
    self.isByFile = isByFile
    filed = Mutex(AcquirerByFile(seed: seed, declines: mood.declines))
    guard let key = TokenKey([UInt8](repeating: 5, count: 32)) else { throw NoKey() }
    tokenKey = key
    let gate = DeviceGate(store: store, log: log)
    desk = DeviceDesk(store: store, gate: gate, log: log)
    let clock = clock
    intake = IntakeService(
      store: store, gate: gate, tokenKey: key, log: log,
      facts: { AnswerFacts(serverTime: clock.now) })
  }

  /// The key pair of a validator.
  static func keys(of device: String) -> Ed25519KeyPair {
    guard let keys = Ed25519KeyPair(seed: SHA256Digest.hash(Array(device.utf8))) else {
      preconditionFailure("a digest is a seed")
    }
    return keys
  }

  /// Posts a signed batch as the validator does, until it is acknowledged, with so many taps set aside
  /// as impossible.
  func post(
    _ body: [UInt8], of device: String, rejected: Int = 0, isRepeated: Bool = false
  ) async throws {
    let signature = Base64.encode(Self.keys(of: device).sign(body), .standard)
    for _ in 0..<Self.crashesMax {
      let outcome = await intake.accept(
        body: body, deviceHeader: device, signatureHeader: signature, receivedAt: clock.now)
      switch outcome {
      case .answer(let answer):
        guard isRepeated || answer.rejected.count == rejected, answer.conflicts.isEmpty else {
          throw NotTaken(why: "\(answer)")
        }
        return
      case .refusal(let refusal) where refusal.kind == .unavailable: ended.withLock { $0 += 1 }
      case .refusal(let refusal): throw NotTaken(why: refusal.code)
      }
    }
    throw NotTaken(why: "asked \(Self.crashesMax) times")
  }

  struct NotTaken: Error { let why: String }

  private func prepare(_ seed: UInt64) async throws {
    let zip = CityFeed(seed: seed).zip()
    let now = clock.now
    try await store.write { db in
      try await db.books.save(.standard)
      _ = try await db.denyList.salt(orMakeFrom: { [UInt8](repeating: 9, count: 16) })
      _ = try await db.feeds.save(
        name: "city", digest: SHA256Digest.hash(zip), archive: zip, at: now)
    }
    for number in 1...4 {
      let device = "V-\(number)"
      let enrolled = try await desk.enroll(
        device, vehicle: nil, random: [UInt8](repeating: 9, count: 24), at: now)
      guard case .enrolled(let secret) = enrolled,
        case .activated = await desk.activate(
          device, secret: secret, publicKey: Self.keys(of: device).publicKey, at: now)
      else { throw NotTaken(why: "\(device) is not enrolled") }
    }
    try await script(
      """
      insert into wallet_rule values ('UAH', 0, 500, now(), 'test');
      """)
  }

  /// Lets statements fail that change anything, as if the process had ended there: with everything
  /// that its transaction had done.
  private func planCrashes(every count: Int, seed: UInt64) async throws {
    let tables = [
      "ride", "entry", "posting", "clearing_run", "fare_day", "medium", "rider", "ride_sum",
      "wallet_account", "wallet_movement", "wallet_day", "product_holding", "charge_day",
      "charge_window", "charge_event", "charge_refund", "charge_day_waiting", "card_standing",
      "acquirer_record", "acquirer_message", "entry_seal", "accounting_period", "period_tree",
      "tariff_version", "rider_event", "entitlement", "tap_batch", "device_epoch",
      "tap_quarantine", "money_order", "product_recognition", "acquirer_file", "chargeback",
      "payout", "payment_message", "subsidy_claim", "subsidy_ride", "subsidy_line",
      "operator_share", "acquirer_sale", "bank_statement", "statement_line", "tap", "tap_parcel",
      "tap_sum", "product_recount", "rerating_order", "charge_sum", "acquirer_sum", "clearing_line",
      "posting_sum", "capture_sum", "ride_day_sum", "operator_account", "bank_point",
      "card_denial", "medium_denial", "device_day",
    ]
    // Who makes clearing files writes down how far it is.
    let triggers = (tables + (isByFile ? ["setting", "acquirer_file_refused"] : [])).map {
      """
      create trigger zz_crash after insert or update or delete on \($0)
        for each statement execute function crash_here();
      """
    }
    try await script(
      """
      create sequence crash_tick start \(seed % 1000 + 1);
      create function crash_here() returns trigger language plpgsql as $$
      begin
        if hashint8(nextval('crash_tick')) % \(count) = 0 then
          raise exception 'the process ended here' using errcode = '\(Self.crashState)';
        end if;
        return null;
      end $$;
      \(triggers.joined(separator: "\n"))
      """)
  }

  /// Does something at a desk until it is done: who does not know whether it was asks again.
  func insist<Result: Sendable>(
    _ body: @Sendable () async throws -> Result
  ) async throws -> Result {
    for _ in 0..<Self.crashesMax {
      do {
        return try await body()
      } catch let fault as StoreFault where fault.sqlState == Self.crashState {
        ended.withLock { $0 += 1 }
      }
    }
    return try await body()
  }

  /// How often a process ended so far.
  var crashes: Int { ended.withLock { $0 } }

  /// Lets all workers do what there is to do; one that ends is started anew.
  func work() async throws {
    if isInStep {
      try await together { try await $0.clearing().drain() }
      try await together { try await $0.charging().drain() }
      try await together { try await $0.giveFiles() }
    } else {
      try await together {
        try await $0.clearing().drain()
        try await $0.charging().drain()
        try await $0.giveFiles()
      }
    }
  }

  /// Makes the clearing files of the day and gives them to the acquirer, as the service does.
  private func giveFiles() async throws {
    guard isByFile else { return }
    let desk = ClearingFileDesk(service: charging(), merchant: "city")
    _ = try await ClearingFileSchedule(
      store: store, city: city, desk: desk, from: Self.filesFrom, now: now
    ).makeDue()
    _ = try await desk.giveOut { file in self.filed.withLock { $0.take(file.bytes) } }
  }

  /// Second of the day from which on clearing files are made.
  private static let filesFrom = 6 * 3600

  /// What the acquirer took and gave back in all, by key, as its own books have it.
  var atAcquirer: (taken: [String: Int64], given: [String: Int64]) {
    guard !isByFile else {
      return filed.withLock { ($0.payments.mapValues(\.minor), $0.refunds.mapValues(\.minor)) }
    }
    let (payments, refunds) = acquirer.books.withLock { ($0.allPayments, $0.allRefunds) }
    let taken = payments.filter(\.isCaptured).map { ($0.key, $0.minor) }
    return (
      Dictionary(uniqueKeysWithValues: taken),
      Dictionary(uniqueKeysWithValues: refunds.map { ($0.key, $0.minor) })
    )
  }

  private func together(
    _ work: @escaping @Sendable (BooksHouse) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<workerCount {
        group.addTask {
          try await self.insist { try await work(self) }
        }
      }
      try await group.waitForAll()
    }
    // A worker stops when others hold all that there is; and one that ended after its last transaction
    // is started anew, and finds nothing left.
    let turn = turns.withLock { turns in
      turns += 1
      return turns
    }
    guard workerCount > 1 || turn % Self.startedAnewEvery == 0 else { return }
    try await insist { try await work(self) }
  }

  /// A process that has just been started and knows nothing but the database.
  private func clearing() -> ClearingService {
    ClearingService(store: store, city: city, tokenKey: tokenKey, log: log, now: now)
  }

  private func charging() -> ChargingService {
    let asked: any Acquirer = isByFile ? FileAcquirer() : acquirer
    return ChargingService(store: store, city: city, acquirer: asked, log: log, now: now)
  }

  var riders: RiderDesk { RiderDesk(store: store, city: city, tokenKey: tokenKey) }
  var wallets: WalletDesk { WalletDesk(store: store, city: city) }
  var products: ProductDesk { ProductDesk(store: store, city: city) }

  /// The clock of the simulated city, as desks ask for it.
  private var now: @Sendable () -> Instant {
    let clock = clock
    return { clock.now }
  }

  var messages: MessageDesk { MessageDesk(store: store, city: city, secret: [1], now: now) }
  var funding: FundingDesk { FundingDesk(store: store, city: city, merchant: "city", now: now) }
  var debts: DebtDesk { DebtDesk(store: store, city: city, now: now) }
  var walletOrders: WalletOrderDesk { WalletOrderDesk(store: store, city: city, now: now) }
  var payouts: PayoutDesk { PayoutDesk(store: store, city: city, now: now) }
  var statements: StatementDesk { StatementDesk(store: store, city: city, now: now) }
  var subsidies: SubsidyDesk { SubsidyDesk(store: store, city: city, now: now) }

  /// Where orders of all kinds are decided.
  var moneyOrders: MoneyOrders {
    MoneyOrders(
      store: store, debts: debts, payouts: payouts, subsidies: subsidies, wallets: walletOrders)
  }

  var quarantine: QuarantineDesk { QuarantineDesk(store: store, log: log) }

  var recognition: RevenueRecognition {
    RevenueRecognition(store: store, city: city, log: log)
  }

  func mediumID(_ medium: CityMedium) -> MediumID {
    tokenKey.mediumID(kind: medium.kind, token: Array(medium.word.utf8))
  }

  func texts(_ sql: String) async throws -> [String] {
    try await pool.session { db in try await db.query(sql).map { try $0.text(0) } }
  }

  func number(_ sql: String) async throws -> Int64 {
    try await pool.session { db in try await db.query(sql).only().int8(0) }
  }

  func script(_ sql: String) async throws {
    _ = try await pool.session { db in try await db.script(sql) }
  }
}
