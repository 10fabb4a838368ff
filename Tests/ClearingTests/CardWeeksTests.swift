import AcquirerSupport
import Basics
import Charging
import Clearing
import SimulatedAcquirer
import Store
import Synchronization
import Tapping
import Testing

extension ClearingSuite {
  /// Weeks of cards and an acquirer that declines, is silent, answers twice, late and in any order,
  /// by seed; then everything is worked out anew from the rides and from the acquirer's own books.
  @Suite struct CardWeeks {
    @Test(arguments: [1, 2, 3] as [UInt64]) func everyKopiykaIsWhereItBelongs(
      seed: UInt64
    ) async throws {
      let mood = AcquirerMood(
        declines: 0.3, silences: 0.15, repeats: 0.4, delays: 0.2, delaySecondsMax: 30_000)
      try await CardHouse.with(seed: seed, mood: mood) { house in
        try await house.keepDenyList()
        var world = CardWorld(seed: seed, house: house)
        for day in 0..<15 { try await world.live(day) }
        try await world.rest()
        let findings = try await CardAudit(house: house).findings()
        #expect(findings == [])
        #expect(world.rides > 100)
        // What the weeks were to bring about did happen.
        for kind in [
          "declined", "captured", "no_answer", "refund_paid", "settled", "card_denied",
          "card_allowed", "offset",
        ] {
          let count = try await house.house.number(
            "select count(*) from charge_event where kind = '\(kind)'")
          #expect(count > 0, "no \(kind) with seed \(seed)")
        }
        let early = try await house.house.number(
          """
          select count(*) from charge_event
          where kind = 'captured' and detail = 'by its funding'
          """)
        #expect(early > 0, "every answer came before its money with seed \(seed)")
        let audit = try await house.house.audit()
        #expect(audit.isSound, "\(audit.findings)")
        try await expectKeptSums(house)
      }
    }

    /// Late taps, retries, refunds, a mended tariff and funding files have been.
    private func expectKeptSums(_ house: CardHouse) async throws {
      #expect(try await keptSumsThatDiffer(house.house) == [])
      let rows = try await house.house.number("select count(*) from charge_sum")
      #expect(rows > 30)
      try await house.house.store.write { db in try await db.charging.foldSums(over: 1) }
      #expect(try await house.house.number("select count(*) from charge_sum") < rows)
      #expect(try await keptSumsThatDiffer(house.house) == [])
      let audit = try await house.house.audit()
      #expect(audit.isSound, "\(audit.findings)")
    }
  }
}

/// Kept sums of charge windows and of the acquirer's lines that are not what counting anew gives.
private func keptSumsThatDiffer(_ house: House) async throws -> [String] {
  try await house.texts(
    """
    with counted as (
      select fare_day, currency, count(*) as n, sum(amount_minor) as amount,
        sum(case when captured_minor > 0 or state in ('authorised', 'capturing') then 1 else 0 end)
          as promised_n,
        sum(case when state in ('authorised', 'capturing') then captured_minor + due_minor
          else captured_minor end) as promised,
        sum(sign(captured_minor)) as captured_n, sum(captured_minor) as captured,
        sum(sign(settled_minor)) as settled_n, sum(settled_minor) as settled,
        sum(sign(captured_minor - settled_minor)) as open_n
      from charge_window group by 1, 2),
    kept as (
      select fare_day, currency, sum(windows) as n, sum(amount_minor) as amount,
        sum(authorised_windows) as promised_n, sum(authorised_minor) as promised,
        sum(captured_windows) as captured_n, sum(captured_minor) as captured,
        sum(settled_windows) as settled_n, sum(settled_minor) as settled,
        sum(unsettled_windows) as open_n
      from charge_sum group by 1, 2),
    lines as (
      select coalesce((select fare_day from charge_window w where w.window_id = r.window_id),
          value_date) as fare_day, category, kind, currency, count(*) as n,
        sum(gross_minor) as gross, sum(fee_minor) as fee
      from acquirer_record r group by 1, 2, 3, 4),
    kept_lines as (
      select fare_day, category, kind, currency, sum(records) as n, sum(gross_minor) as gross,
        sum(fee_minor) as fee
      from acquirer_sum group by 1, 2, 3, 4)
    select concat_ws(' ', 'windows', fare_day, k.n, k.amount, k.promised_n, k.promised,
      k.captured_n, k.captured, k.settled_n, k.settled, k.open_n, 'are', c.n, c.amount,
      c.promised_n, c.promised, c.captured_n, c.captured, c.settled_n, c.settled, c.open_n)
    from kept k full join counted c using (fare_day, currency)
    where row(k.n, k.amount, k.promised_n, k.promised, k.captured_n, k.captured, k.settled_n,
        k.settled, k.open_n)
      is distinct from row(c.n, c.amount, c.promised_n, c.promised, c.captured_n, c.captured,
        c.settled_n, c.settled, c.open_n)
    union all
    select concat_ws(' ', 'lines', fare_day, category, kind, k.n, k.gross, k.fee, 'are', c.n,
      c.gross, c.fee)
    from kept_lines k full join lines c using (fare_day, category, kind, currency)
    where row(k.n, k.gross, k.fee) is distinct from row(c.n, c.gross, c.fee)
    """)
}
/// Riders, validators, staff and the acquirer of some weeks.
private struct CardWorld {
  let house: CardHouse
  private var chance: SeededGenerator
  private var nextSeq: Int64 = 1
  private var late: [(day: Int, taps: [Tap])] = []
  private(set) var rides = 0

  init(seed: UInt64, house: CardHouse) {
    self.house = house
    chance = SeededGenerator(seed: seed &* 77)
  }

  /// A day in six steps: taps, some of them days late; messages; people at desks; a funding file.
  mutating func live(_ day: Int) async throws {
    for step in 0..<6 {
      try await post(day, step)
      try await deliverMessages()
      try await house.work()
      house.clock.advance(seconds: 14_400)
    }
    try await visitDesk()
    if day == 7 {
      try await house.house.publish(
        testTariff.replacing2("adult: 8.00", "adult: 6.50").replacing2("test-1", "test-2")
          .replacing2("from: 2026-01-01", "from: 2026-11-25"), at: house.clock.now)
    }
    if day % 2 == 1 {
      _ = try await house.funding.take(house.fundingFile(), name: "funding-\(day).csv")
    }
  }

  private mutating func post(_ day: Int, _ step: Int) async throws {
    var taps: [Tap] = []
    for card in 0..<8 where chance.chance(0.25) {
      let minute = chance.integer(in: 0...59)
      taps.append(
        try bankTap(
          nextSeq, "\(padded(6 + step * 2, 2)):\(padded(minute, 2))", card: "card-\(card)",
          day: day, accepted: chance.chance(0.95)))
      nextSeq += 1
      rides += 1
    }
    guard !taps.isEmpty else { return }
    if chance.chance(0.3) {
      late.append((day + chance.integer(in: 1...3), taps))
    } else {
      try await house.house.journal(taps, receivedAt: house.clock.now)
    }
    for index in late.indices.reversed() where late[index].day <= day {
      try await house.house.journal(late[index].taps, receivedAt: house.clock.now)
      late.remove(at: index)
    }
  }

  private mutating func deliverMessages() async throws {
    var messages = house.acquirer.dueMessages()
    messages.shuffle(using: &chance)
    for message in messages { _ = try await house.messages.take(message) }
  }

  private mutating func visitDesk() async throws {
    let debts = try await house.house.store.read { db in try await db.charging.debts() }
    if let debt = debts.first, debt.window.isAtRest, chance.chance(0.4) {
      _ = try await house.debts.pay(debt.id, minor: nil, channel: .cash, by: "olena")
    }
    if let debt = debts.last, debt.window.state == .debt, debts.count > 1 {
      let order = try await house.debts.proposeWriteOff(debt.id, reason: "test", by: "olena")
      _ = try await house.debts.decide(order, isApproved: chance.chance(0.8), by: "taras")
    }
    let paid = try await house.house.texts(
      """
      select window_id::text from charge_window
      where captured_minor - refunded_minor - charged_back_minor > 300 and reference is not null
      order by window_id desc limit 3
      """)
    if let window = paid.last.flatMap({ Int64($0) }), chance.chance(0.5) {
      let order = try await house.debts.proposeRefund(
        window, minor: Int64(chance.integer(in: 1...300)), reason: "test", by: "olena")
      _ = try await house.debts.decide(order, isApproved: true, by: "taras")
    }
  }

  /// Lets all that is late arrive, and asks until nothing is on its way.
  mutating func rest() async throws {
    for (_, taps) in late { try await house.house.journal(taps, receivedAt: house.clock.now) }
    late = []
    for _ in 0..<6 {
      house.clock.advance(seconds: 43_200)
      try await deliverMessages()
      try await house.work()
    }
    for _ in 0..<4 {
      house.clock.advance(seconds: ChargeWindow.pauseSecondsMax)
      try await house.work()
    }
  }
}

extension String {
  fileprivate func replacing2(_ part: String, _ other: String) -> String {
    guard let range = firstRange(of: part) else { return self }
    return self[..<range.lowerBound] + other + self[range.upperBound...]
  }
}

/// Works everything out anew: windows from rides, columns from the list of events, balances from
/// both, and all of it against the acquirer's own books.
private struct CardAudit {
  let house: CardHouse

  func findings() async throws -> [String] {
    var findings: [String] = []
    findings += try await list("a rider-day whose windows are not its rides", windowsAgainstRides)
    findings += try await list("a window that is not its events", windowsAgainstEvents)
    findings += try await list("an entry that is not its events", entriesAgainstEvents)
    findings += try await list("a window still on its way", onTheirWay)
    findings += try await list("a line of funding that matches nothing", unmatchedLines)
    findings += try await list("a card whose list is not its standing", denyList)
    findings += try await list("a card whose standing is not what it owes", standings)
    for (account, sql) in balances {
      let booked = try await number(
        "select coalesce(sum(debit_minor - credit_minor), 0)::int8 from posting where account = '\(account)'"
      )
      let expected = try await number(sql)
      if booked != expected { findings.append("\(account): booked \(booked), should \(expected)") }
    }
    return findings + (try await againstAcquirer())
  }

  private func list(_ what: String, _ sql: String) async throws -> [String] {
    try await house.house.texts(sql).map { "\(what): \($0)" }
  }

  private func number(_ sql: String) async throws -> Int64 { try await house.house.number(sql) }

  private let windowsAgainstRides = """
    select concat_ws(' ', rider_id, fare_day, r.minor, w.minor) from (
      select rider_id, fare_day, sum(charged_minor) as minor from ride
      where reversed_run_id is null and medium = 'bank'
        and fare_day <= (select max(fare_day) from charge_day) group by 1, 2) r
    full join (select rider_id, fare_day, sum(amount_minor) as minor from charge_window
      group by 1, 2) w using (rider_id, fare_day)
    where coalesce(r.minor, 0) <> coalesce(w.minor, 0)
    """

  private let windowsAgainstEvents = """
    select concat_ws(' ', w.window_id, w.state, w.captured_minor, e.captured) from charge_window w
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

  private let entriesAgainstEvents = """
    select concat_ws(' ', entry_id, e.kind, p.minor, v.minor) from entry e
    join (select entry_id, sum(debit_minor) as minor from posting group by 1) p using (entry_id)
    left join (select entry_id, sum(minor) as minor from charge_event group by 1) v
      using (entry_id)
    where e.kind in ('payment', 'refund', 'write_off', 'chargeback')
      and p.minor <> coalesce(v.minor, 0)
    """

  private let onTheirWay = """
    select concat_ws(' ', window_id, state) from charge_window
    where state in ('closed', 'authorising', 'authorised', 'capturing', 'netting')
    union all
    select concat_ws(' ', 'refund', refund_id, state) from charge_refund
    where state in ('approved', 'asking')
    """

  private let unmatchedLines = """
    select concat_ws(' ', a.file_id, a.kind, a.reference, a.key, a.gross_minor, a.category,
      w.state, w.attempt, w.reference, a.note)
    from acquirer_record a left join charge_window w using (window_id)
    where a.category <> 'matched'
    """

  private let denyList = """
    select concat_ws(' ', m.medium_id, s.state, l.is_denied) from card_standing s
    join medium m using (medium_id) left join deny_list l using (fingerprint)
    where m.fingerprint is null or (s.state = 'denied') <> coalesce(l.is_denied, false)
    """

  private let standings = """
    select concat_ws(' ', medium_id, s.state, d.owed) from card_standing s
    left join (select medium_id, sum(due_minor) as owed from charge_window
      where declined_at is not null and recovered_at is null group by 1) d using (medium_id)
    where coalesce(d.owed, 0) > 0 and s.state <> 'denied'
      or (s.state = 'denied') <> exists (
        select from card_denial n where n.medium_id = s.medium_id and n.recovered_at is null)
    """

  /// What each account should stand at, from the rides, the windows and the acquirer's records.
  private let balances = [
    (
      "1200",
      """
      select (select coalesce(sum(due_minor), 0) from charge_window)::int8
        + (select coalesce(sum(charged_minor), 0) from ride where reversed_run_id is null
            and fare_day > (select max(fare_day) from charge_day))::int8
      """
    ),
    (
      "1120",
      """
      select (select coalesce(sum(captured_minor - settled_minor), 0) from charge_window)::int8
        - (select coalesce(sum(minor), 0) from charge_refund where state = 'paid')::int8
      """
    ),
    (
      "1100",
      """
      select coalesce(sum(case kind when 'capture' then gross_minor else -gross_minor end
        - fee_minor), 0)::int8 from acquirer_record
      """
    ),
    (
      "1110",
      "select coalesce(sum(minor), 0)::int8 from charge_event where kind = 'paid_at_desk'"
    ),
    (
      "2220",
      """
      select -coalesce(sum(minor), 0)::int8 from charge_refund
      where state in ('approved', 'asking', 'failed')
      """
    ),
    (
      "7200",
      "select coalesce(sum(written_off_minor), 0)::int8 from charge_window"
    ),
    ("2290", "select 0::int8"),
  ]

  /// Our captures and refunds against the books of the acquirer.
  private func againstAcquirer() async throws -> [String] {
    let (payments, refunds) = house.acquirer.books.withLock { ($0.allPayments, $0.allRefunds) }
    let theirs = Set(payments.filter(\.isCaptured).map { "\($0.key) \($0.minor)" })
    let ours = Set(
      try await house.house.texts(
        """
        select 'w' || window_id || '-' || attempt || ' ' || minor from charge_event
        where kind = 'captured'
        """))
    let theirRefunds = Set(refunds.map { "\($0.key) \($0.minor)" })
    let ourRefunds = Set(
      try await house.house.texts(
        "select 'r' || refund_id || ' ' || minor from charge_refund where state in ('paid', 'settled')"
      ))
    return theirs.symmetricDifference(ours).map { "captured by one of two: \($0)" }
      + theirRefunds.symmetricDifference(ourRefunds).map { "refunded by one of two: \($0)" }
  }
}
