import Basics
import Clearing
import DatabaseSupport
import Ledger
import Logging
import Postgres
import Store
import Synchronization
import Tapping
import Tariff
import Testing
import Transit

/// All tests of the room need a PostgreSQL on this machine.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
enum ClearingSuite {}

let quiet = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

/// The tariff of the tests: 8.00 on anything, a free transfer for 30 minutes, at most 24.00 a day,
/// pensioners free; fare days begin at 04:00 in Kyiv.
let testTariff = """
  tariff: test
  version: test-1
  effective: {from: 2026-01-01}
  currency: UAH
  timezone: Europe/Kyiv
  day_start: "04:00"
  categories:
    adult: {title: {uk: дорослий, en: adult}}
    pensioner: {title: {uk: пенсіонер, en: pensioner}, free: true, as: adult}
  fares:
    - {name: ride, price: {adult: 8.00}}
  transfers:
    - name: transfer
      within: 30 min
      end: inside
      pays: free
  caps:
    - {name: day cap, per: day, amount: {adult: 24.00}}
  """

/// A clearing house on a fresh database, with a journal to write into.
struct House: Sendable {
  let store: Store
  let pool: PostgresPool
  let city = CityHolder()
  let tokenKey: TokenKey
  let service: ClearingService

  /// Runs a body with a house of its own; the clock stands at noon of 23 November 2026.
  static func with<Result: Sendable>(
    tariff: String? = testTariff, connectionsMax: Int = 6,
    _ body: @Sendable (House) async throws -> Result
  ) async throws -> Result {
    try await LeasedDatabase.with(
      try SchemaMigrations.all(), connectionsMax: connectionsMax
    ) { pool in
      let house = try House(pool: pool)
      try await house.prepare()
      if let tariff { try await house.publish(tariff) }
      return try await body(house)
    }
  }

  static let noon = Instant(seconds: 1_795_428_000)

  private init(pool: PostgresPool) throws {
    self.pool = pool
    store = Store(pool: pool)
    tokenKey = try #require(TokenKey([UInt8](repeating: 5, count: 32)))
    service = ClearingService(
      store: store, city: city, tokenKey: tokenKey, log: quiet, now: { House.noon })
  }

  /// The chart of accounts, and the devices whose taps come.
  private func prepare() async throws {
    try await store.write { db in try await db.books.save(.standard) }
    _ = try await pool.session { db in
      try await db.script(
        """
        insert into device (device_id, state, enrolled_at)
        select 'V-' || n, 'enrolled', now() from generate_series(1, 9) n;
        """)
    }
  }

  func publish(
    _ text: String, isReratingOrdered: Bool = true, at now: Instant = House.noon
  ) async throws {
    let outcome = try await offer(text, isReratingOrdered: isReratingOrdered, at: now)
    guard case .published = outcome else {
      Issue.record("the test's tariff was not published: \(outcome)")
      return
    }
    try await city.reload(from: store)
  }

  /// Tries to publish a tariff.
  func offer(
    _ text: String, isReratingOrdered: Bool, at now: Instant = House.noon
  ) async throws -> PublishingOutcome {
    let source = TariffSource(
      folder: "test", files: [TariffFile(path: TariffSource.mainPath, text: text)])
    let publishing = TariffPublishing(store: store)
    guard isReratingOrdered else { return try await publishing.publish(source, at: now) }
    var order = ReratingOrder(
      firstDay: Day(number: 0), lastDay: Day(number: 0),
      tariffSource: TariffPublication.text(of: source), preview: "{}", changeMinor: 0,
      needsApproval: false, requestedBy: Person(label: "test", tokenDigest: []), requestedAt: now)
    order.state = .marking
    let outcome = try await publishing.publish(order, at: now)
    if case .published(let versions, _, _) = outcome, let first = versions.map(\.firstDay).min() {
      try await script(
        """
        update fare_day set stale_since = least(stale_since, '\(now)'),
          stale_reason = 'an order of a test', stale_cause = 'tariff' where fare_day >= '\(first)'
        """)
    }
    return outcome
  }

  /// Puts a batch into the journal, as Intake does once it has judged it.
  func journal(
    _ taps: [Tap], device: String = "V-1", receivedAt: Instant = House.noon, body: [UInt8]? = nil
  ) async throws {
    let batch = TapBatch(device: device, epoch: 1, sentAt: receivedAt, taps: taps)
    let bytes = body ?? TapBatchJSON.encode(batch)
    let seqs = SequenceRanges(taps.map { $0.seq..<($0.seq + 1) }).ranges
    _ = try await pool.session { db in
      try await db.execute(
        """
        insert into tap_batch (lane, device_id, epoch, seqs, fresh, received_at, sent_at, body,
          signature, body_digest)
        values ($1, $2, 1, $3, $3, $4, $4, $5, '', '')
        """,
        [
          .int2(Lane.of(name: device)), .text(device), .int8multirange(seqs),
          .timestamptz(receivedAt), .bytea(bytes),
        ])
    }
  }

  /// Every ride that stands, as text, in order: whatever decides what a rider owes.
  func rides() async throws -> [String] {
    try await texts(
      """
      select concat_ws(' ', rider_id, fare_day, started_at at time zone 'UTC', device_id, seq,
        category, product, nominal_minor, charged_minor, reason)
      from ride where reversed_run_id is null
      order by rider_id, started_at, device_id, seq
      """)
  }

  /// What each operator is owed, in minor units.
  func owed() async throws -> [String] {
    try await texts(
      """
      select account || ' ' || coalesce(operator_id, '') || ' ' || sum(credit_minor - debit_minor)
      from posting where account <> '1200' group by account, operator_id
      having sum(credit_minor - debit_minor) <> 0 order by 1
      """)
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

  /// The proof of the books.
  func audit() async throws -> LedgerAudit {
    try await LedgerAuditor(store: store, city: city.current).run()
  }
}

/// A tap of a card on 23 November 2026 (or so many days later), by the clock of Kyiv.
func tap(_ seq: Int64, _ time: String, card: String = "anna", day: Int = 0) throws -> Tap {
  let date = try #require(Day(year: 2026, month: 11, day: 23)).adding(days: day - 1)
  let at = try #require(Instant(iso8601: "\(date)T\(time):00+02:00"))
  return Tap(
    seq: seq, at: at, kind: .single, medium: .card, token: Array(card.utf8), vehicle: "1603",
    route: "15")
}
