import AcquirerSupport
import Basics
import Clearing
import SimulatedAcquirer
import SimulatedCity
import Store
import Synchronization
import Transit

/// Compares the database with the plain books: each ride, each account of the books by currency and
/// sub-account, each balance, each window, each product, each claim and payout.
///
/// What the acquirer took and gave comes from the acquirer's own books. Of the windows' own columns only
/// that is taken which hangs on when who was asked: what fares took back from a payment, and what of a
/// debt that was given up is still given up; both are held against everything else of the day.
struct MoneyChecker {
  let house: BooksHouse
  var books: PlainBooks
  /// Whether nothing is on its way to or from the acquirer any more.
  var isAtRest = false

  /// Whatever differs, each in a sentence that begins with its class.
  func findings() async throws -> [String] {
    let acquirer = try await AcquirerSums(
      house, isAtRest: isAtRest, declined: books.declined)
    return try await waiting() + rides() + balances() + holdings() + windowAmounts()
      + windows(acquirer) + refunds(acquirer) + accounts(acquirer) + orders() + bank() + cardSales()
      + shares() + tables()
  }

  /// Whatever differs of one class, for whoever put something into the plain books that is of it.
  func findings(of what: String, _ acquirer: AcquirerSums) async throws -> [String] {
    switch what {
    case "a ride": try await rides()
    case "windows of a day": try await windowAmounts()
    case "a balance": try await balances()
    case "a product": try await holdings()
    case "a window": try await windows(acquirer)
    case "an account": try await accounts(acquirer)
    case "a claim", "a payout", "a dispute": try await orders()
    case "a share": try await shares()
    case "a remainder at the bank", "a line of the bank": try await bank()
    case "a card sale": try await cardSales()
    default: try await findings()
    }
  }

  /// The lines of a list that one of two has, or has oftener.
  func compare(_ what: String, _ expected: [String], _ found: [String]) -> [String] {
    var counts: [String: Int] = [:]
    for line in expected { counts[line, default: 0] += 1 }
    for line in found { counts[line, default: 0] -= 1 }
    return counts.filter { $0.value != 0 }.sorted { $0.key < $1.key }.map { line, count in
      "\(what), \(count > 0 ? "should be" : "is"): \(line)"
    }
  }

  private func waiting() async throws -> [String] {
    try await house.texts(
      """
      select 'still stale: ' || rider_id || ' ' || fare_day from rider_day_waiting
      union all
      select 'not sorted: batch ' || batch_id from tap_batch
      where sorted_at is null and not isempty(fresh)
      """)
  }

  private func rides() async throws -> [String] {
    let expected = books.people.riders.flatMap { rider in
      let products = books.people.products[rider] ?? []
      return books.people.rides(of: rider).map { ride in
        let words: [String] = [
          "\(rider)", "\(ride.tap.day)", "\(ride.tap.at.microseconds / 1_000_000)",
          ride.tap.device, "\(ride.tap.seq)", ride.category, ride.tap.medium.kind.rawValue,
          ride.operatorID, "\(ride.nominal)", "\(ride.charged)",
          ride.product.map { products[$0].kind.rawValue } ?? "",
        ]
        return words.joined(separator: " ")
      }
    }
    let found = try await house.texts(
      """
      select concat_ws(' ', rider_id, fare_day, extract(epoch from started_at)::int8, device_id,
        seq, category, medium, operator_id, nominal_minor, coalesce(charged_minor::text, 'unknown'),
        case when product in ('week', 'ten rides') then product else '' end)
      from ride where reversed_run_id is null
      """)
    return compare("a ride", expected, found)
  }

  private func balances() async throws -> [String] {
    compare(
      "a balance",
      books.people.deposits.keys.map {
        "\($0) UAH \(books.people.balance(of: $0) ?? 0)"
      },
      try await house.texts(
        """
        select concat_ws(' ', rider_id, currency, balance_minor) from wallet_account
        where closed_at is null
        """))
  }

  private func holdings() async throws -> [String] {
    let expected = books.people.products.flatMap { rider, products in
      products.map {
        "\($0.number) \(rider) \($0.kind.rawValue) \($0.firstDay) \($0.recognised) \($0.refunded)"
      }
    }
    let found = try await house.texts(
      """
      select concat_ws(' ', holding_id, rider_id, product, granted_day, recognised_minor,
        refunded_minor) from product_holding
      """)
    return compare("a product", expected, found)
      + compare(
        "a day of products", books.recognised,
        try await house.texts(
          "select concat_ws(' ', fare_day, product, amount_minor) from product_recognition"))
  }

  /// What was ridden with bank cards by rider and day, against what the windows are closed over.
  private func windowAmounts() async throws -> [String] {
    let closed = try await house.number(
      "select coalesce(max(fare_day) - date '1970-01-01', 0)::int8 from charge_day")
    let accountless = Set(try await house.texts(WindowChecks.accountless))
    var expected: [String] = []
    for (rider, settled) in books.people.settled {
      expected += settled.charged.filter { $0.value != 0 }.map { "\(rider) \($0.key) \($0.value)" }
    }
    for rider in books.people.riders
    where !accountless.contains("\(rider)") && !books.people.erased.contains(rider) {
      let rides = books.people.rides(of: rider)
        .filter { $0.tap.medium.isCharged && $0.tap.day.number <= closed }
      for (day, rides) in Dictionary(grouping: rides, by: \.tap.day) {
        let minor = rides.reduce(0) { $0 + $1.charged }
        if minor != 0 { expected.append("\(rider) \(day) \(minor)") }
      }
    }
    return compare(
      "windows of a day", expected,
      try await house.texts(
        """
        select concat_ws(' ', rider_id, fare_day, sum(amount_minor)) from charge_window
        group by rider_id, fare_day having sum(amount_minor) <> 0
        """))
  }

  /// Each window against the acquirer's books and what people did about it.
  private func windows(_ acquirer: AcquirerSums) async throws -> [String] {
    var findings: [String] = []
    for row in acquirer.windows {
      let acts = books.windows[row.number] ?? PlainWindowActs()
      let captured =
        acquirer.captured[row.number, default: 0] + acts.paidAtDesk + acts.paidAfterWriteOff
      if row.captured != captured {
        findings.append("a window: \(row.number) has \(row.captured) instead of \(captured)")
      }
      if row.refunded != acts.goodwill + row.takenBack {
        findings.append("a window: \(row.number) gave \(row.refunded) back")
      }
      if row.desk != acts.paidAtDesk + acts.paidAfterWriteOff {
        findings.append("a window: of \(row.number) desks took \(row.desk)")
      }
      if row.goodwill != acts.goodwill - acts.setOff {
        findings.append("a window: of \(row.number) \(row.goodwill) are goodwill")
      }
      let lost = books.disputes.filter { $0.stage == "lost" && $0.reference == row.reference }
        .reduce(0) { $0 + $1.minor }
      if row.lost != lost - acts.lossSetOff {
        findings.append("a window: of \(row.number) \(row.lost) are lost")
      }
      // No acquirer is asked for what a desk took.
      if row.asked > acquirer.captured[row.number, default: 0] {
        findings.append("a window: of \(row.number) the acquirer is asked for \(row.asked)")
      }
      // What was given up is taken off by fares that fall, and by nothing else.
      let offset = acts.writtenOff - acts.paidAfterWriteOff - row.writtenOff
      if offset < 0 || offset > max(0, row.offset) {
        findings.append("a window: of \(row.number) \(row.writtenOff) are given up")
      }
    }
    for (what, sql) in WindowChecks.always {
      findings += try await house.texts(sql).map { "\(what): \($0)" }
    }
    return try await findings + days()
  }

  /// A day gives away what it takes back, and owes nothing to a rider but what a bank took back.
  private func days() async throws -> [String] {
    try await house.texts(
      """
      with refund as (
        select window_id, coalesce(sum(minor) filter (where cause = 'rerated'), 0) as minor,
          coalesce(sum(minor) filter (where cause = 'goodwill'), 0) as goodwill
        from charge_refund group by 1),
      lost as (
        select window_id, sum(minor) as lost from chargeback where stage = 'lost' group by 1)
      select concat_ws(' ', 'windows of a day: given away is not taken off', rider_id, fare_day)
      from charge_window left join refund using (window_id) left join lost using (window_id)
      group by rider_id, fare_day
      having sum(offset_minor) + sum(coalesce(minor, 0))
        + sum(coalesce(goodwill, 0) - coalesce(goodwill_minor, 0))
        + sum(coalesce(lost, 0) - coalesce(lost_minor, 0)) <> 0
      \(isAtRest ? Self.atRest : "")
      """)
  }

  /// A credit is kept only where nothing of the day is left to give: a bank took it back before, or it
  /// was given back.
  private static let atRest = """
    union all
    select concat_ws(' ', 'windows of a day: a credit is kept', rider_id, fare_day)
    from charge_window group by rider_id, fare_day
    having sum(due_minor) < 0 and (
      sum(captured_minor - refunded_minor - charged_back_minor) > 0 or sum(goodwill_minor) > 0
      or sum(lost_minor) > 0)
    union all
    select concat_ws(' ', 'still on its way', window_id, state) from charge_window
    where state in ('closed', 'authorising', 'authorised', 'capturing')
    union all
    select concat_ws(' ', 'still on its way: refund', refund_id, state) from charge_refund
    where state in ('approved', 'asking')
    """

  private func refunds(_ acquirer: AcquirerSums) async throws -> [String] {
    compare(
      "a refund", acquirer.refundsGiven.map { "\($0.key) \($0.value)" },
      try await house.texts(
        """
        select 'r' || refund_id || ' ' || minor from charge_refund where state in ('paid', 'settled')
        """))
  }

  /// The trial balance, by currency, account, operator and category.
  private func accounts(_ acquirer: AcquirerSums) async throws -> [String] {
    var sums = books.balances()
    let acts = books.windows.values
    let captured = acquirer.captured.values.reduce(0, +)
    let takenBack = acquirer.windows.reduce(0) { $0 + $1.takenBack }
    let writtenOff = acquirer.windows.reduce(0) { $0 + $1.writtenOff }
    let given = acquirer.refundsGiven.values.reduce(0, +)
    sums[.acquirer, default: 0] += captured - given
    sums[.toBePaid, default: 0] += given - takenBack
    sums[.writtenOff, default: 0] += writtenOff
    sums[.riders, default: 0] +=
      takenBack - captured - writtenOff
      - acts.reduce(0) { $0 + $1.paidAtDesk + $1.paidAfterWriteOff }
    let found = try await house.texts(
      """
      select concat_ws(' ', currency, name, minor) from (
        select e.currency, p.account || case
          when p.account in ('2100', '2150') then '/' || coalesce(p.operator_id, '')
          when p.account = '1300' then '/' || p.operator_id || ' ' || p.category else '' end as name,
          sum(p.debit_minor - p.credit_minor) as minor
        from posting p join entry e using (entry_id) group by 1, 2) x
      where minor <> 0
      """)
    return compare(
      "an account", sums.filter { $0.value != 0 }.map { "UAH \($0.key) \($0.value)" }, found)
  }

  private func orders() async throws -> [String] {
    compare(
      "a claim", books.claims.map { "\($0.number) \($0.state) \($0.minor)" },
      try await house.texts(
        """
        select concat_ws(' ', claim_id, c.state, sum(l.minor)) from subsidy_claim c
        join subsidy_line l using (claim_id) group by claim_id, c.state
        """))
      + compare(
        "a payout",
        books.payouts.map { "\($0.order) \($0.operatorID) \($0.minor) \($0.state)" },
        try await house.texts(
          "select concat_ws(' ', order_id, operator_id, minor, state) from payout"))
      + compare(
        "a dispute",
        (books.disputes + books.disputedTopUps)
          .filter(\.isKnown)
          .map { "\($0.name) \($0.minor) \($0.stage)" },
        try await house.texts("select concat_ws(' ', case_id, minor, stage) from chargeback"))
  }

  /// What the program says of its own tables.
  private func tables() async throws -> [String] {
    try await house.store.read { db in
      try await db.wallets.findings(countMax: 5) + db.wallets.daysThatDiffer(countMax: 5)
    }
  }
}

/// What the acquirer took and gave, with the windows it belongs to.
struct AcquirerSums {
  /// A window as the service keeps it.
  struct Window {
    let number: Int64
    let captured: Int64
    let refunded: Int64
    /// Ordered to go back to the card because fares fell.
    let takenBack: Int64
    let writtenOff: Int64
    let offset: Int64
    /// Taken by desks.
    let desk: Int64
    /// Given back by the acquirer, asked of it or to be, or lost to a rider's bank.
    let asked: Int64
    /// Given back, and taken back by no fare.
    let goodwill: Int64
    /// Lost in disputes, and taken back by no fare.
    let lost: Int64
    let reference: String
  }

  let windows: [Window]
  /// By window: what the acquirer took, and the service can have heard of.
  let captured: [Int64: Int64]
  /// By the key of the refund.
  let refundsGiven: [String: Int64]

  /// Reads them; of what it took it may have said since, by key, that it does not pay it.
  ///
  /// That the rider owes again, unless some of it was given back: then it waits for a person, and counts as
  /// taken.
  init(
    _ house: BooksHouse, isAtRest: Bool, declined: [String: Int64] = [:]
  ) async throws {
    let (taken, given) = house.atAcquirer
    let onItsWay =
      isAtRest
      ? []
      : Set(
        try await house.texts(
          """
          select 'w' || window_id || '-' || attempt from charge_window
          where state in ('authorising', 'authorised', 'capturing')
          union all select 'r' || refund_id from charge_refund where state = 'asking'
          """))
    let waitingForPerson = Set(
      try await house.texts(
        """
        select key from acquirer_record
        where kind = 'decline' and category = 'not_honoured' and key is not null
        """))
    let known = taken.filter { !onItsWay.contains($0.key) }
    let owedAgain = declined.filter { !waitingForPerson.contains($0.key) }.mapValues { -$0 }
    captured = Self.byWindow(known.merging(owedAgain, uniquingKeysWith: +))
    refundsGiven = given.filter { !onItsWay.contains($0.key) }
    windows = try await house.texts(
      """
      select concat_ws(' ', window_id, captured_minor, refunded_minor, coalesce((
          select sum(minor) from charge_refund r
          where r.window_id = w.window_id and r.cause = 'rerated'), 0),
        written_off_minor, offset_minor, coalesce(desk_minor, 0), charged_back_minor + coalesce((
          select sum(minor) from charge_refund r
          where r.window_id = w.window_id and r.fault is distinct from '\(Self.atDesk)'), 0),
        coalesce(goodwill_minor, 0), coalesce(lost_minor, 0), reference)
      from charge_window w
      """
    ).map { line in
      let texts = line.split(separator: " ")
      let words = texts.map { Int64($0) ?? .min }
      return Window(
        number: words[0], captured: words[1], refunded: words[2], takenBack: words[3],
        writtenOff: words[4], offset: words[5], desk: words[6], asked: words[7],
        goodwill: words[8], lost: words[9], reference: texts.count > 10 ? String(texts[10]) : "")
    }
  }

  /// Amounts of payments by the window they belong to, which their keys name.
  static func byWindow(_ payments: [String: Int64]) -> [Int64: Int64] {
    var sums: [Int64: Int64] = [:]
    for (key, minor) in payments {
      guard let number = key.dropFirst().split(separator: "-").first.flatMap({ Int64($0) }) else {
        continue
      }
      sums[number, default: 0] += minor
    }
    return sums
  }

  private static let atDesk = "paid at a desk: pay it back there"
}
