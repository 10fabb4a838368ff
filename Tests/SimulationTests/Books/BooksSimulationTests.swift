import AcquirerSupport
import Basics
import Clearing
import DatabaseSupport
import Foundation
import Ledger
import SimulatedAcquirer
import Store
import Synchronization
import Tapping
import Testing

/// Weeks of a city by seed: people ride, taps come late, twice and in no order, the acquirer declines,
/// is silent and answers twice, or works by daily files alone that come late, twice, cut off and with lines about
/// nothing; tariffs and proofs change what was rated, riders are merged and erased, a month is closed, and
/// processes end anywhere, before what they were asked for is done and after it.
///
/// At the end of each week a checker that
/// stands apart works out every fare, balance, window and account from scratch.
///
/// `KVYTOK_BOOK_SEEDS` says how many seeds (2), `KVYTOK_SEED` which is the first (1).
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct BooksSimulationTests {
  private static func number(_ name: String, else standard: UInt64) -> UInt64 {
    ProcessInfo.processInfo.environment[name].flatMap(UInt64.init) ?? standard
  }

  @Test func weeksOfBooksAreWhatTheTapsComeTo() async throws {
    let first = Self.number("KVYTOK_SEED", else: 1)
    let count = Self.number("KVYTOK_BOOK_SEEDS", else: 2)
    var happened: [String: Int] = [:]
    for seed in first..<first + count {
      let plan = BooksPlan(seed: seed)
      let workers = [1, 2, 4][Int(seed % 3)]
      let (findings, counts) = try await BooksHouse.with(
        plan, workers: workers, crashEvery: 150, isByFile: seed.isMultiple(of: 2)
      ) { house in
        var weeks = BooksWeeks(house: house, plan: plan)
        try await weeks.run(3)
        return (weeks.findings, weeks.world.counts)
      }
      #expect(findings.isEmpty, "seed \(seed): \(findings.prefix(6).joined(separator: "; "))")
      happened.merge(counts, uniquingKeysWith: +)
    }
    guard first == 1, count >= 2 else { return }
    // What the weeks were to bring about did happen.
    for what in [
      "late", "repeated", "tariff", "top_up", "proof", "product", "stop", "link", "merge", "erased",
      "closed", "declined", "refunded", "captured", "crash", "asked again", "clearing file",
      "capture not honoured", "file cut off", "file twice", "file late", "file changed",
      "unknown reference", "line in another currency", "payment paid twice",
    ] {
      #expect(happened[what, default: 0] > 0, "no \(what) in \(count) seeds")
    }
    print("simulated books: seeds \(first) to \(first + count - 1), \(happened)")
  }

  @Test func manyWorkersGiveTheSameBooksAsOne() async throws {
    let plan = BooksPlan(seed: 52, mood: .perfect)
    func books(_ workers: Int) async throws -> [String] {
      try await BooksHouse.with(plan, workers: workers, crashEvery: nil, isInStep: true) { house in
        var weeks = BooksWeeks(house: house, plan: plan)
        // What one week leaves two are made of: whatever is wrong then is wrong at the end.
        try await weeks.run(2, checkedEvery: 14)
        #expect(weeks.findings.isEmpty, "\(workers) workers: \(weeks.findings.prefix(6))")
        return try await house.texts(BooksWeeks.everything)
      }
    }
    let one = try await books(1)
    #expect(one.count > 300)
    for count in [2, 4] {
      let many = try await books(count)
      let (left, right) = (Set(one).subtracting(many), Set(many).subtracting(one))
      #expect(
        left.isEmpty && right.isEmpty && one.count == many.count,
        "by one: \(left.sorted().prefix(3)), by \(count): \(right.sorted().prefix(3))")
    }
  }

  @Test(arguments: PlantedBookBug.allCases)
  func aPlantedBugIsFound(_ bug: PlantedBookBug) async throws {
    for seed in UInt64(1)...3 {
      let plan = BooksPlan(seed: seed)
      let isFound = try await BooksHouse.with(plan, workers: 1, crashEvery: nil) { house in
        if bug == .keepsCredits { try await house.script(BooksWeeks.keepingCredits) }
        var weeks = BooksWeeks(house: house, plan: plan, bug: bug)
        try await weeks.run(bug.weeks)
        return weeks.findings.contains { bug.isFound(by: $0) }
      }
      if isFound { return }
    }
    Issue.record("\(bug) was not found in 3 cities")
  }
}

/// The weeks of a seed, with a check at the end of each.
struct BooksWeeks {
  let house: BooksHouse
  var world: BooksWorld
  private(set) var findings: [String] = []
  private var closed: [String] = []
  private let isPlanted: Bool

  init(house: BooksHouse, plan: BooksPlan, bug: PlantedBookBug? = nil) {
    self.house = house
    isPlanted = bug != nil
    world = BooksWorld(house: house, plan: plan, bug: bug)
  }

  mutating func run(_ weeks: Int, checkedEvery days: Int = 7) async throws {
    try await world.open()
    for day in 0..<7 * weeks {
      try await world.live(day)
      if day == 17 { try await closeOctober() }
      // What was planted is looked for each day, so that nobody plays on after it was found.
      if isPlanted || day % days == days - 1, try await !check(isAtRest: false) { return }
    }
    try await world.rest(after: 7 * weeks - 1)
    _ = try await check(isAtRest: true)
    try await countWhatHappened()
  }

  /// Whether nothing was found.
  private mutating func check(isAtRest: Bool) async throws -> Bool {
    findings += try await BooksChecker(
      house, world, isAtRest: isAtRest, isAudited: isAtRest || !isPlanted
    ).findings()
    if !closed.isEmpty, try await house.texts(Self.october) != closed {
      findings.append("October was closed and is not as it was")
    }
    // What was planted is expected: only what nobody expects has to be looked into.
    if !findings.isEmpty, !isPlanted {
      for line in try await BooksEvidence.lines(findings, house) { print(line) }
    }
    return findings.isEmpty
  }

  private mutating func closeOctober() async throws {
    let now = house.clock.now
    let closing = PeriodClosing(
      store: house.store, city: house.city.current, reporting: Self.reporting)
    let isKnown: @Sendable (ClosingOutcome) -> Bool = {
      if case .alreadyClosed = $0 { true } else { false }
    }
    let outcome = try await world.have("closing", again: .answered(isKnown)) {
      try await closing.close("2026-10", by: "olena", isOpenAllowed: true, at: now)
    }
    guard case .closed = outcome else {
      findings.append("October was not closed: \(outcome)")
      return
    }
    closed = try await house.texts(Self.october)
    world.count("closed")
  }

  /// What the database knows of that the weeks were to bring about.
  private mutating func countWhatHappened() async throws {
    for (what, sql) in [
      ("declined", "select count(*) from charge_event where kind = 'declined'"),
      ("captured", "select count(*) from charge_event where kind = 'captured'"),
      ("refunded", "select count(*) from charge_refund where state in ('paid', 'settled')"),
    ] where try await house.number(sql) > 0 {
      world.count(what)
    }
    if house.crashes > 0 { world.count("crash") }
    if !world.funded.declined.isEmpty { world.count("capture not honoured") }
    if house.filed.withLock({ !$0.files.isEmpty }) { world.count("clearing file") }
  }

  /// Stands for the reports that are kept of a closed month: its turnover.
  static let reporting: PeriodReporting = { row, db in
    guard let period = AccountingPeriod(row) else { return [] }
    let balance = try await db.periods.trialBalance(of: period)
    let lines = balance.rows.map {
      "\($0.key.account) \($0.sums.debitMinor) \($0.sums.creditMinor)"
    }
    let bytes = Array(lines.joined(separator: "\n").utf8)
    return [PeriodReportRow(report: "turnover", content: bytes, digest: SHA256Digest.hash(bytes))]
  }

  /// All that is kept of October, byte by byte.
  static let october = """
    select e::text from entry e where accounting_date < '2026-11-01'
    union all select p::text from posting p join entry e using (entry_id)
      where accounting_date < '2026-11-01'
    union all select s::text from entry_seal s join entry e using (entry_id)
      where accounting_date < '2026-11-01'
    union all select c.run_id::text || c.accounting_date || c.rides_added || c.rides_reversed
      from clearing_run c where accounting_date < '2026-11-01'
    union all select s::text from ride_sum s where accounting_date < '2026-11-01'
    union all select t::text from period_tree t union all select r::text from period_report r
    union all select a::text from accounting_period a where state = 'closed'
    order by 1
    """

  /// The bug that a credit window is never made.
  static let keepingCredits = """
    create function no_credits() returns trigger language plpgsql as $$
    begin
      if new.amount_minor < 0 then return null; end if;
      return new;
    end $$;
    create trigger no_credits before insert on charge_window
      for each row execute function no_credits();
    """

  /// All that settling leaves, in an order that does not hang on who did it.
  static let everything = """
    select * from (
      select concat_ws(' ', 'ride', rider_id, fare_day, started_at, device_id, seq, category,
        product, nominal_minor, charged_minor, reason) as line
      from ride where reversed_run_id is null
      union all
      select concat_ws(' ', 'day', rider_id, fare_day, encode(state_after, 'hex'), tariff_version)
      from fare_day
      union all
      select concat_ws(' ', 'account', account, operator_id, category,
        sum(debit_minor - credit_minor))
      from posting group by account, operator_id, category
      union all
      select concat_ws(' ', 'windows', rider_id, fare_day, sum(amount_minor),
        sum(captured_minor - refunded_minor), sum(due_minor))
      from charge_window group by rider_id, fare_day
      union all
      select concat_ws(' ', 'stored value', rider_id, balance_minor, closed_at)
      from wallet_account
      union all
      select concat_ws(' ', 'product', rider_id, product, granted_day, recognised_minor)
      from product_holding
      union all
      select concat_ws(' ', 'sum', fare_day, operator_id, route, category, product, medium,
        sum(rides), sum(nominal_minor), sum(charged_minor))
      from ride_sum group by fare_day, operator_id, route, category, product, medium
      having sum(rides) <> 0) x order by line
    """
}
