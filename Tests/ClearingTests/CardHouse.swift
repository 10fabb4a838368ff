import AcquirerSupport
import Basics
import Charging
import Clearing
import Foundation
import Postgres
import SimulatedAcquirer
import Store
import Synchronization
import Tapping
import Testing
import Transit

/// A clearing house that charges bank cards, with an acquirer and a clock of its own.
struct CardHouse: Sendable {
  let house: House
  let clock: TestClock
  let acquirer: InProcessAcquirer
  let clearing: ClearingService
  let charging: ChargingService
  let messages: MessageDesk
  let funding: FundingDesk
  let debts: DebtDesk

  static let secret: [UInt8] = Array("shared".utf8)

  /// The clock starts on 22 November 2026 at 20:00 in Kyiv.
  static func with<Result: Sendable>(
    seed: UInt64 = 1, mood: AcquirerMood = .perfect, byFile: Bool = false,
    tariff: String = testTariff, _ body: @Sendable (CardHouse) async throws -> Result
  ) async throws -> Result {
    try await House.with(tariff: tariff) { house in
      try await body(CardHouse(house, seed: seed, mood: mood, byFile: byFile))
    }
  }

  private init(_ house: House, seed: UInt64, mood: AcquirerMood, byFile: Bool) {
    let clock = TestClock(House.noon.adding(seconds: -57_600))
    let now: @Sendable () -> Instant = { clock.now }
    self.house = house
    self.clock = clock
    acquirer = InProcessAcquirer(seed: seed, mood: mood, clock: clock, capturesByFile: byFile)
    clearing = ClearingService(
      store: house.store, city: house.city, tokenKey: house.tokenKey, log: quiet, now: now)
    charging = ChargingService(
      store: house.store, city: house.city, acquirer: acquirer, log: quiet, now: now)
    messages = MessageDesk(
      store: house.store, city: house.city, secret: Self.secret, now: now)
    funding = FundingDesk(store: house.store, city: house.city, merchant: "city", now: now)
    debts = DebtDesk(store: house.store, city: house.city, now: now)
  }

  /// Rates what came, and does what is due about cards.
  func work() async throws {
    try await clearing.drain()
    try await charging.drain()
  }

  /// Makes the salt of the deny list, so that validators have names for cards.
  func keepDenyList() async throws {
    _ = try await house.store.write { db in
      try await db.denyList.salt(orMakeFrom: { [UInt8](repeating: 9, count: 16) })
    }
  }

  /// Lets the night pass: the fare day is over and its late taps were waited for.
  func nextDay() async throws {
    clock.advance(seconds: 86_400)
    try await work()
  }

  /// The next funding file of the acquirer.
  func fundingFile() -> [UInt8] {
    let day = house.city.current.clock.zone.local(clock.now).day
    return acquirer.books.withLock { $0.funding(on: day, merchant: "city", currency: "UAH") }
  }

  /// Balances of the accounts that are not even: `1120 2400`, debits above zero.
  func balances() async throws -> [String] {
    try await house.texts(
      """
      select account || coalesce('/' || operator_id, '') || ' ' || sum(debit_minor - credit_minor)
      from posting group by account, operator_id
      having sum(debit_minor - credit_minor) <> 0 order by 1
      """)
  }

  /// Windows in order: number, state, amount and what is due.
  func windows() async throws -> [String] {
    try await house.texts(
      """
      select concat_ws(' ', fare_day, number, state, amount_minor, due_minor) from charge_window
      order by fare_day, rider_id, number
      """)
  }

  /// The number of the only window.
  func window() async throws -> Int64 {
    try await house.number("select window_id from charge_window")
  }
}

/// A tap of a bank card on 23 November 2026 (or so many days later), by the clock of Kyiv.
func bankTap(
  _ seq: Int64, _ time: String, card: String = "visa-anna", day: Int = 0, accepted: Bool = true
) throws -> Tap {
  var made = try tap(seq, time, card: card, day: day)
  made.medium = .bank
  if !accepted { made.result = .denied(reason: "deny_list") }
  return made
}

extension DebtDesk {
  /// Takes money at desk 1, each time under a key of its own.
  @discardableResult
  func pay(
    _ window: Int64, minor: Int64?, channel: Channel, by person: String
  ) async throws -> DebtReceipt {
    try await pay(
      window,
      DebtPayment(
        minor: minor, channel: channel, place: "desk 1", reference: "receipt",
        key: UUID().uuidString), by: person)
  }
}
