package import Basics
package import Charging
import Ledger
import Postgres

extension StatementTables {
  /// Most days between a funding file and its money.
  private static let fundingDaysMax = 15

  /// What the books expect of some names, and of what people at desks wrote.
  ///
  /// It is locked where a line changes it. Funding files count when they were taken not too long before
  /// or after the days.
  package func expected(
    _ names: Set<StatementName>, words: Set<String>, days: ClosedRange<Day>, in currency: Currency
  ) async throws -> [ExpectedMoney] {
    let asked = names.sorted { ($0.subject.rawValue, $0.number) < ($1.subject.rawValue, $1.number) }
    try await lock(asked)
    let rows = try await connection.query(
      """
      with asked as (select * from unnest($2::text[], $3::int8[]) as a (subject, number)),
      paid (name, adjustment_id) as (
        select n, adjustment_id from adjustment, unnest(string_to_array(pays, ' ')) n
        where state = 'approved'),
      known (subject, id, number, currency, minor, operator_id, words, state, entry_id) as (
        \(Self.givenSQL) union all \(Self.receivedSQL) union all \(Self.fundingSQL))
      select k.subject, k.id, k.number, k.minor, k.operator_id, k.words, k.state, k.entry_id,
        l.line_id
      from known k left join statement_line l
        on l.subject = k.subject and l.subject_id = k.id and l.currency = k.currency
      where k.currency = $1 order by k.subject, k.id
      """,
      [
        .text(currency.code), .texts(asked.map { Optional($0.subject.rawValue) }),
        .int8s(asked.map { Optional($0.number) }),
        .texts(words.sorted().map(Optional.some)),
        .date(days.lowerBound.adding(days: -Self.fundingDaysMax)),
        .date(days.upperBound.adding(days: Self.fundingDaysMax)),
      ])
    return try rows.map { row in
      let state: ExpectedMoney.State
      if let line = try row.int8OrNil("line_id") {
        state = .over("is the money of statement line \(line)")
      } else if let entry = try row.int8OrNil("entry_id") {
        state = .booked(entry: entry)
      } else {
        let word = try row.text("state")
        state = word == "owed" ? .owed : .over("is \(word)")
      }
      return ExpectedMoney(
        subject: try row.word("subject"), id: try row.int8("id"), number: try row.int8("number"),
        minor: try row.int8("minor"), operatorID: try row.textOrNil("operator_id"),
        words: try row.textsOrNil("words")?.compactMap { $0 } ?? [], state: state)
    }
  }

  /// Who confirms a payout or claim by hand, asks for a refund again, or pays a transfer otherwise, waits.
  private func lock(_ names: [StatementName]) async throws {
    for (subjects, table, key) in [
      ([.payout, .payoutReturn], "payout", "payout_id"),
      ([.claim], "subsidy_claim", "claim_id"), ([.refund], "charge_refund", "refund_id"),
      ([.transfer], "wallet_movement", "movement_id"),
      ([.productTransfer], "product_holding", "holding_id"),
    ] as [(Set<StatementSubject>, String, String)] {
      let numbers = names.filter { subjects.contains($0.subject) }.map(\.number)
      guard !numbers.isEmpty else { continue }
      _ = try await connection.query(
        "select \(key) from \(table) where \(key) = any($1) order by 1 for update",
        [.int8s(numbers.map(Optional.some))])
    }
  }

  /// What goes out, and payouts that come back.
  private static let givenSQL = """
    select a.subject, p.payout_id, a.number, p.currency,
      case a.subject when 'payout' then -p.minor else p.minor end, p.operator_id, null::text[],
      case when p.state = 'sent' and a.subject = 'payout'
        or p.state = 'paid' and a.subject = 'payout_return' then 'owed' else p.state end,
      case when p.state = 'paid' and a.subject = 'payout' then p.paid_entry_id end
    from asked a join payout p on p.payout_id = a.number
    where a.subject in ('payout', 'payout_return')
    union all
    select 'transfer', m.movement_id, m.movement_id, w.currency, m.amount_minor, null,
      array[m.reference], coalesce('paid by adjustment ' || p.adjustment_id, 'owed'), null
    from wallet_movement m join wallet_account w using (account_id)
    left join paid p on p.name = 'T' || m.movement_id
    where m.kind = 'refund' and m.channel = 'bank' and (m.reference = any($4)
      or m.movement_id in (select number from asked where subject = 'transfer'))
    union all
    select a.subject, h.holding_id, a.number, h.currency, -h.refunded_minor, null, null,
      coalesce('paid by adjustment ' || p.adjustment_id, 'owed'), null
    from asked a join product_holding h on h.holding_id = a.number
    left join paid p on p.name = 'H' || h.holding_id
    where a.subject = 'product_transfer' and h.refunded_minor > 0 and exists (
      select from posting p
      where p.entry_id = h.refund_entry_id and p.account = '\(AccountCode.refunds)')
    union all
    select a.subject, r.refund_id, a.number, w.currency, -r.minor, null, null,
      case when r.paid_entry_id is not null then 'paid back already'
        when r.state = 'failed' then 'owed' else r.state end, null
    from asked a join charge_refund r on r.refund_id = a.number join charge_window w using (window_id)
    where a.subject = 'refund'
    """

  /// What comes in, and what desks wrote down that came.
  private static let receivedSQL = """
    select a.subject, c.claim_id, a.number, c.currency, (
        select coalesce(sum(l.minor), 0)::int8 from subsidy_line l where l.claim_id = c.claim_id),
      null, null, case c.state when 'approved' then 'owed' else c.state end,
      case when c.state = 'paid' then c.paid_entry_id end
    from asked a join subsidy_claim c on c.claim_id = a.number where a.subject = 'claim'
    union all
    select a.subject, v.event_id, a.number, w.currency, v.minor, null, null, 'booked', v.entry_id
    from asked a join charge_window w on w.window_id = a.number
    join charge_event v on v.window_id = w.window_id
    where a.subject = 'debt' and v.kind = 'paid_at_desk' and v.detail = 'transfer'
      and v.entry_id is not null
    union all
    select 'receipt', m.movement_id, m.movement_id, w.currency, m.amount_minor, null,
      array[m.reference], 'booked', m.entry_id
    from wallet_movement m join wallet_account w using (account_id)
    where m.kind = 'top_up' and m.channel = 'bank' and (m.reference = any($4)
      or m.movement_id in (select number from asked where subject = 'receipt'))
    union all
    select 'sale', h.holding_id, h.holding_id, h.currency, h.price_minor, null,
      array[h.reference], 'booked', h.entry_id
    from product_holding h
    where h.channel = 'bank' and (h.reference = any($4)
      or h.holding_id in (select number from asked where subject = 'sale'))
    """

  /// Funding files: what each booked on 1100 in the currency.
  private static let fundingSQL = """
    select 'funding', f.file_id, f.number, e.currency, (
        select coalesce(sum(p.debit_minor - p.credit_minor), 0)::int8 from posting p
        where p.entry_id = e.entry_id and p.account = '\(AccountCode.bank)'),
      null, array[f.name, f.number::text], 'booked', e.entry_id
    from acquirer_file f
    join lateral (
      select r.entry_id from acquirer_record r
      where r.file_id = f.file_id and r.currency = $1 and r.entry_id is not null limit 1) r on true
    join entry e on e.entry_id = r.entry_id and e.currency = $1
    where f.direction = 'in' and (f.at between $5::date and $6::date
        or f.number in (select number from asked where subject = 'funding'))
    """

  /// What the desks hold in cash by the books.
  package func cashMinor(in currency: Currency) async throws -> Int64 {
    try await connection.query(
      """
      select coalesce(sum(p.debit_minor - p.credit_minor), 0)::int8
      from posting p join entry e using (entry_id) where p.account = $1 and e.currency = $2
      """, [.text(AccountCode.cash), .text(currency.code)]
    ).only().int8(0)
  }

  /// What an approved adjustment of a currency takes out of 2290, above zero, or puts there; nil when
  /// there is none, or it moves nothing there.
  package func adjustedMinor(_ number: Int64, in currency: Currency) async throws -> Int64? {
    try await connection.query(
      """
      select sum(l.debit_minor - l.credit_minor)::int8
      from adjustment a join adjustment_line l using (adjustment_id)
      where a.adjustment_id = $1 and a.state = 'approved' and a.currency = $2 and l.account = $3
      having sum(l.debit_minor - l.credit_minor) <> 0
      """, [.int8(number), .text(currency.code), .text(AccountCode.unmatchedReceipts)]
    ).onlyOrNil()?.int8(0)
  }

  /// Whether a line is the money of something already.
  package func isTaken(
    _ subject: StatementSubject, _ id: Int64, in currency: Currency
  ) async throws -> Bool {
    try await connection.query(
      """
      select exists (select from statement_line
        where subject = $1 and subject_id = $2 and currency = $3)
      """, [.text(subject.rawValue), .int8(id), .text(currency.code)]
    ).only().bool(0)
  }
}
