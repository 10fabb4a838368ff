import AcquirerSupport
import Basics
import Clearing
import SimulatedAcquirer
import SimulatedCity
import Store
import Synchronization
import Transit

/// Works everything out from scratch and compares it with what the service keeps: every ride's fare,
/// every balance, every charge window and its money at the acquirer, every account.
///
/// Expected fares come from the taps as they were made, by arithmetic of its own. Everything else is worked
/// out from sums of them, of the windows' own lists, and of the acquirer's books, and shares no code with
/// the rooms that it checks.
struct BooksChecker {
  let house: BooksHouse
  let world: BooksWorld
  /// Whether nothing is on its way to or from the acquirer any more.
  var isAtRest = false
  /// Whether the program's own audit of the whole ledger belongs to it.
  var isAudited = true
  private let rides: [RiderID: [PlainRide]]

  init(
    _ house: BooksHouse, _ world: BooksWorld, isAtRest: Bool = false, isAudited: Bool = true
  ) {
    self.house = house
    self.world = world
    self.isAtRest = isAtRest
    self.isAudited = isAudited
    rides = Dictionary(
      uniqueKeysWithValues: world.model.riders.map { ($0, world.model.rides(of: $0)) })
  }

  /// Whatever differs, each in a sentence.
  func findings() async throws -> [String] {
    let acquirer = try await AcquirerSums(
      house, isAtRest: isAtRest, declined: world.funded.declined)
    var findings = world.findings
    findings += house.filed.withLock { $0.faults }
    findings += try await waiting() + rideFindings() + balanceFindings() + pastFindings()
    findings += try await windowFindings() + moneyFindings(acquirer) + acquirerFindings()
    findings += try await accountFindings(acquirer) + passFindings()
    if isAudited { findings += try await auditFindings() }
    return try await findings + TapStateCheck.findings(house)
  }

  /// The lines of a list that only one of two has.
  func compare(_ what: String, expected: [String], found: [String]) -> [String] {
    let (ours, theirs) = (Set(expected), Set(found))
    return ours.subtracting(theirs).sorted().map { "\(what), should be: \($0)" }
      + theirs.subtracting(ours).sorted().map { "\(what), is: \($0)" }
      + (expected.count == found.count
        ? [] : ["\(what): \(found.count) instead of \(expected.count)"])
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

  private func rideFindings() async throws -> [String] {
    let expected = rides.flatMap { rider, rides in
      rides.map { ride in
        [
          "\(rider)", "\(ride.tap.day)", "\(ride.tap.at.microseconds / 1_000_000)",
          ride.tap.device, "\(ride.tap.seq)", ride.category, ride.tap.medium.kind.rawValue,
          ride.operatorID, "\(ride.nominal)", "\(ride.charged)",
        ].joined(separator: " ")
      }
    }
    let found = try await house.texts(
      """
      select concat_ws(' ', rider_id, fare_day, extract(epoch from started_at)::int8, device_id,
        seq, category, medium, operator_id, nominal_minor,
        coalesce(charged_minor::text, 'unknown'))
      from ride where reversed_run_id is null
      """)
    return compare("a ride", expected: expected, found: found)
  }

  private func balanceFindings() async throws -> [String] {
    let expected = world.model.deposits.keys.map {
      "\($0) \(world.model.balance(of: $0))"
    }
    return compare(
      "a balance", expected: expected,
      found: try await house.texts(
        "select rider_id || ' ' || balance_minor from wallet_account where closed_at is null"))
  }

  private func pastFindings() async throws -> [String] {
    var findings: [String] = []
    for past in world.pastBalances {
      let found = try await house.wallets.balance(of: past.rider, in: world.currency, at: past.at)
      if found != past.minor {
        findings.append(
          "the balance of \(past.rider) at \(past.at) was \(past.minor), is told as "
            + "\(found.map { "\($0)" } ?? "none")")
      }
    }
    return findings
  }

  /// What charged media rode for, by rider and day, against what their windows come to.
  private func windowFindings() async throws -> [String] {
    let closed = try await house.number(
      "select coalesce(max(fare_day) - date '1970-01-01', 0)::int8 from charge_day")
    // A phone that the acquirer never took for good, and whose account nobody knows, is not asked.
    let accountless = Set(try await house.texts(WindowChecks.accountless))
    var findings: [String] = []
    var expected = world.model.settled.flatMap { rider, settled in
      settled.charged.filter { $0.value != 0 }.map { "\(rider) \($0.key) \($0.value)" }
    }
    for (rider, rides) in rides
    where !accountless.contains("\(rider)") && !world.model.erased.contains(rider) {
      let days = Dictionary(
        grouping: rides.filter { $0.tap.medium.isCharged && $0.tap.day.number <= closed },
        by: \.tap.day)
      for (day, rides) in days {
        let minor = rides.reduce(0) { $0 + $1.charged }
        if minor != 0 { expected.append("\(rider) \(day) \(minor)") }
      }
    }
    findings += compare(
      "windows of a day", expected: expected,
      found: try await house.texts(
        """
        select concat_ws(' ', rider_id, fare_day, sum(amount_minor)) from charge_window
        group by rider_id, fare_day having sum(amount_minor) <> 0
        """))
    for (what, sql) in WindowChecks.always + (isAtRest ? WindowChecks.atRest : []) {
      findings += try await house.texts(sql).map { "\(what): \($0)" }
    }
    return findings
  }

  /// What of each window the acquirer took, less what it does not pay, and what of it came.
  private func moneyFindings(_ acquirer: AcquirerSums) async throws -> [String] {
    let paid = AcquirerSums.byWindow(world.funded.paid)
    let expected = Set(acquirer.captured.keys).union(paid.keys).map {
      "\($0) \(acquirer.captured[$0] ?? 0) \(paid[$0] ?? 0)"
    }.filter { !$0.hasSuffix(" 0 0") }
    return compare(
      "money of a window", expected: expected,
      found: try await house.texts(
        """
        select concat_ws(' ', window_id, captured_minor, settled_minor) from charge_window
        where captured_minor <> 0 or settled_minor <> 0
        """))
  }

  /// Our captures and refunds against the books of the acquirer.
  ///
  /// What it took and we have not heard of yet is on its way.
  private func acquirerFindings() async throws -> [String] {
    let (taken, given) = house.atAcquirer
    let theirs = Set(taken.map { "\($0.key) \($0.value)" })
    let ours = Set(
      try await house.texts(
        """
        select 'w' || window_id || '-' || attempt || ' ' || minor from charge_event
        where kind = 'captured'
        """))
    let theirRefunds = Set(given.map { "\($0.key) \($0.value)" })
    let ourRefunds = Set(
      try await house.texts(
        "select 'r' || refund_id || ' ' || minor from charge_refund where state in ('paid', 'settled')"
      ))
    let asking = Set(
      try await house.texts(
        """
        select 'w' || window_id || '-' || attempt || ' ' || due_minor from charge_window
        where state in ('authorising', 'authorised', 'capturing')
        union all
        select 'r' || refund_id || ' ' || minor from charge_refund where state = 'asking'
        """))
    let onItsWay = isAtRest ? [] : asking
    return ours.subtracting(theirs).map { "captured here only: \($0)" }
      + theirs.subtracting(ours).subtracting(onItsWay).map { "captured there only: \($0)" }
      + ourRefunds.subtracting(theirRefunds).map { "refunded here only: \($0)" }
      + theirRefunds.subtracting(ourRefunds).subtracting(onItsWay)
      .map { "refunded there only: \($0)" }
  }

  /// The trial balance, by currency and account.
  private func accountFindings(_ acquirer: AcquirerSums) async throws -> [String] {
    let all = rides.values.joined()
    let charged = all.reduce(0) { $0 + $1.charged }
    let paid = world.model.riders.reduce(0) { $0 + world.model.paid(by: $1) }
    let held = world.model.deposits.keys.reduce(0) { $0 + world.model.balance(of: $1) }
    func sum(_ minors: some Collection<Int64>) -> Int64 { minors.reduce(0, +) }
    let (funded, captured) = (world.funded, sum(acquirer.captured.values))
    var expected: [String: Int64] = [
      "1200": charged - paid - world.model.givenUp - captured
        - (try await house.number(
          "select coalesce(sum(offset_minor + written_off_minor), 0)::int8 from charge_window")),
      "1110": world.model.cashMinor, "2200": -held,
      "1120": captured - sum(acquirer.refundsGiven.values) - sum(funded.paid.values)
        + sum(funded.kept.values),
      "1100": funded.bank["UAH"] ?? 0, "7100": funded.fees["UAH"] ?? 0,
      "2290": -(funded.unmatched["UAH"] ?? 0),
    ]
    let recognised = try await house.number(
      "select coalesce(sum(recognised_minor), 0)::int8 from product_holding")
    expected["2210"] = recognised - world.model.soldMinor
    // With what is earned by passes that nobody rode on, whose operator is not known (2190).
    expected["2100"] = -charged - recognised
    for (account, sql) in WindowChecks.accounts { expected[account] = try await house.number(sql) }
    expected["7200", default: 0] += world.model.givenUp
    var lines = expected.filter { $0.value != 0 }.map { "UAH \($0.key) \($0.value)" }
    // What came in another currency than its file is of belongs to nothing.
    for (currency, minor) in funded.bank where currency != "UAH" && minor != 0 {
      lines += [
        "\(currency) 1100 \(minor)", "\(currency) 2290 \(-(funded.unmatched[currency] ?? 0))",
      ]
    }
    let found = try await house.texts(
      """
      select concat_ws(' ', currency, account, sum(debit_minor - credit_minor)) from (
        select currency, case account when '2190' then '2100' else account end as account,
          debit_minor, credit_minor
        from posting join entry using (entry_id)) p
      group by currency, account having sum(debit_minor - credit_minor) <> 0
      """)
    let operators = Dictionary(grouping: all, by: \.operatorID)
    return compare(
      "an account", expected: lines, found: found)
      + compare(
        "what is owed to an operator for fares",
        expected: operators.compactMap { name, rides in
          let minor = rides.reduce(0) { $0 + $1.charged }
          return minor == 0 ? nil : "\(name) \(minor)"
        },
        found: try await house.texts(
          """
          select operator_id || ' ' || sum(credit_minor - debit_minor) from posting
          join entry using (entry_id) where account = '2100' and kind = 'fares'
          group by operator_id having sum(credit_minor - debit_minor) <> 0
          """))
  }

  /// How many rides each carnet carried on the days that were earned.
  private func passFindings() async throws -> [String] {
    let last = world.recognisedThrough ?? CityCalendar.day(-1)
    let expected = world.model.purchases.flatMap { rider, products in
      products.indices.map { place in
        let used = (rides[rider] ?? []).count { $0.product == place && $0.tap.day <= last }
        return "\(products[place].number) \(rider) \(used)"
      }
    }
    return compare(
      "a carnet", expected: expected,
      found: try await house.texts(
        "select concat_ws(' ', holding_id, rider_id, rides_used) from product_holding"))
  }

  private func auditFindings() async throws -> [String] {
    let audit = try await LedgerAuditor(
      store: house.store, city: house.city.current, tokenKey: house.tokenKey
    ).run(.journal)
    let unsigned =
      audit.batches > 0 && audit.batchesWithoutSignature == 0
      ? [] : ["\(audit.batchesWithoutSignature) of \(audit.batches) batches have no signature"]
    return unsigned + audit.findings.map { "ledger verify: \($0)" }
  }
}

/// What must hold of windows and accounts, in SQL that the program has none of.
enum WindowChecks {
  /// Riders with phones alone, of none of which it is known what it pays from.
  static let accountless = """
    select m.rider_id::text from medium m left join (
      select distinct medium_id from charge_event where kind = 'card_good') g using (medium_id)
    group by m.rider_id having bool_or(m.kind = 'phone') and not bool_or(m.kind = 'bank'
      or m.kind = 'phone' and (g.medium_id is not null or m.account_reference is not null))
    """

  static let always = [
    (
      "a window that is not its list",
      """
      select concat_ws(' ', w.window_id, w.state, w.captured_minor, e.captured, w.refunded_minor,
        e.refunded, w.settled_minor, e.settled, w.offset_minor, e.off) from charge_window w
      left join (
        select window_id,
          sum(case kind when 'captured' then minor when 'paid_at_desk' then minor else 0 end)
            - sum(case when kind = 'declined' and entry_id is not null then minor else 0 end)
            as captured,
          sum(case kind when 'refund_ordered' then minor else 0 end) as refunded,
          sum(case kind when 'settled' then minor when 'paid_at_desk' then minor else 0 end)
            as settled,
          sum(case kind when 'offset' then minor when 'given' then -minor else 0 end) as off
        from charge_event group by window_id) e using (window_id)
      where w.captured_minor <> coalesce(e.captured, 0)
        or w.refunded_minor <> coalesce(e.refunded, 0)
        or w.settled_minor <> coalesce(e.settled, 0) or w.offset_minor <> coalesce(e.off, 0)
      """
    ),
    (
      "a window whose refunds are not its own",
      """
      select concat_ws(' ', window_id, refunded_minor, desk_refunded_minor, goodwill_minor, r.minor,
        r.desk, r.goodwill, s.minor)
      from charge_window w cross join lateral (
        select coalesce(sum(minor), 0) as minor,
          coalesce(sum(minor) filter (where cause = 'goodwill'), 0) as goodwill,
          coalesce(sum(minor) filter (where fault = 'paid at a desk: pay it back there'), 0) as desk
        from charge_refund where window_id = w.window_id) r
      cross join lateral (
        select coalesce(sum(minor), 0) as minor from charge_event
        where window_id = w.window_id and kind = 'goodwill_set_off') s
      where w.refunded_minor <> r.minor or coalesce(w.desk_refunded_minor, 0) <> r.desk
        or coalesce(w.goodwill_minor, 0) <> r.goodwill - s.minor
      """
    ),
    (
      "an entry that is not its list",
      """
      select concat_ws(' ', entry_id, e.kind, p.minor, v.minor) from entry e
      join (select entry_id, sum(debit_minor) as minor from posting group by 1) p using (entry_id)
      left join (select entry_id, sum(minor) as minor from charge_event group by 1) v
        using (entry_id)
      where e.kind in ('write_off', 'chargeback') and p.minor <> coalesce(v.minor, 0)
        and not exists (select from wallet_movement m where m.entry_id = e.entry_id)
        and not exists (select from erased_fare f where f.entry_id = e.entry_id)
      union all
      select concat_ws(' ', entry_id, e.kind, p.minor, f.minor) from entry e
      join (select entry_id, sum(debit_minor) as minor from posting group by 1) p using (entry_id)
      join (select entry_id, sum(abs(minor)) as minor from erased_fare group by 1) f using (entry_id)
      where e.kind <> 'write_off' or p.minor <> f.minor
      """
    ),
    (
      "an entry that does not balance",
      """
      select entry_id::text from posting group by entry_id
      having sum(debit_minor) <> sum(credit_minor)
      """
    ),
    (
      "a card that owes and is let on, or the other way round",
      """
      select concat_ws(' ', m.word, s.state, d.owed) from card_standing s
      join (select medium_id, coalesce(account_reference, uuid_send(medium_id)) as word from medium)
        m using (medium_id)
      left join (
        select coalesce(m.account_reference, uuid_send(m.medium_id)) as word,
          sum(w.due_minor) as owed
        from charge_window w join medium m using (medium_id)
        where w.declined_at is not null and w.recovered_at is null group by 1) d using (word)
      where coalesce(d.owed, 0) > 0 and s.state <> 'denied'
        or (s.state = 'denied') <> exists (
          select from card_denial n where n.medium_id = s.medium_id and n.recovered_at is null)
      """
    ),
    (
      "a card whose list is not its standing",
      """
      select concat_ws(' ', m.medium_id, s.state, l.is_denied) from card_standing s
      join medium m using (medium_id) left join deny_list l using (fingerprint)
      where m.fingerprint is null or (s.state = 'denied') <> coalesce(l.is_denied, false)
      """
    ),
    (
      "more than one rider of one payment account",
      """
      select account_reference::text from medium where account_reference is not null
      group by 1 having count(distinct rider_id) > 1
      """
    ),
  ]

  static let atRest = [
    (
      "still on its way",
      """
      select concat_ws(' ', window_id, state) from charge_window
      where state in ('closed', 'authorising', 'authorised', 'capturing', 'netting')
      union all
      select concat_ws(' ', 'refund', refund_id, state) from charge_refund
      where state in ('approved', 'asking')
      """
    )
  ]

  /// What accounts should stand at by the windows.
  static let accounts = [
    (
      "2220",
      """
      select -coalesce(sum(minor), 0)::int8 from charge_refund
      where state in ('approved', 'asking', 'failed')
      """
    ),
    ("7200", "select coalesce(sum(written_off_minor), 0)::int8 from charge_window"),
  ]
}
