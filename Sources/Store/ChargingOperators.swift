package import Basics
package import Charging
import Postgres

/// A bank-card or other ride with what is needed to share its money among operators.
package struct SharedRide: Sendable, Hashable {
  package let lane: Int16
  package let rider: RiderID
  package let fareDay: Day
  package let currency: Currency
  package let tariffVersion: String
  /// Nil where nobody knows who carried the rider.
  package let operatorID: String?
  package let nominalMinor: Int64
  package let chargedMinor: Int64
  package let reasonJSON: String
  /// Metres between where the rider got on and off, by the stops known; nil when not known.
  package let fromStop: String?
  package let toStop: String?
}

/// One operator's share of a rider's day.
package struct OperatorShareRow: Sendable, Hashable {
  package let lane: Int16
  package let rider: RiderID
  package let fareDay: Day
  package let currency: Currency
  package let operatorID: String
  package let ownMinor: Int64
  package let shareMinor: Int64
  package let rule: String

  /// Makes a row.
  package init(
    lane: Int16, rider: RiderID, fareDay: Day, currency: Currency, operatorID: String,
    ownMinor: Int64, shareMinor: Int64, rule: String
  ) {
    self.lane = lane
    self.rider = rider
    self.fareDay = fareDay
    self.currency = currency
    self.operatorID = operatorID
    self.ownMinor = ownMinor
    self.shareMinor = shareMinor
    self.rule = rule
  }
}

/// What an operator is owed, and what it is made of; minor units.
package struct OperatorClaimRow: Sendable, Hashable {
  package let operatorID: String
  package let currency: Currency
  /// Fares of its own rides, re-ratings included.
  package let faresMinor: Int64
  /// What sharing gave to it, or took.
  package let sharedMinor: Int64
  /// Compensation claimed from the city.
  package let subsidyMinor: Int64
  /// Refunds that it bears; below zero.
  package let refundsMinor: Int64
  /// Everything else that was booked.
  package let otherMinor: Int64
  /// Paid out, or on its way; below zero.
  package let paidMinor: Int64

  /// What is owed now.
  package var balanceMinor: Int64 {
    faresMinor + sharedMinor + subsidyMinor + refundsMinor + otherMinor + paidMinor
  }
}

/// A payout to an operator.
package struct PayoutRow: Sendable, Hashable {
  package let id: Int64
  package let operatorID: String
  package let currency: Currency
  package let minor: Int64
  package let throughDate: Day
  package let state: String
  package let orderID: Int64
  package let messageID: String?
  /// Where it goes, as it was proposed; nil where it was given to the bank before that was written down.
  package let account: BankAccount?
}

/// Where an operator wants its money, and who wrote that down.
package struct OperatorAccountRow: Sendable, Hashable {
  package let operatorID: String
  package let account: BankAccount
  package let changedBy: String
  package let changedAt: Instant
}

extension StoreSession {
  /// What operators are owed and paid.
  package var operatorMoney: OperatorTables { OperatorTables(connection: connection) }
}

/// What operators are owed and paid.
package struct OperatorTables {
  /// Most rows of a list.
  package static let listMax = 1000

  let connection: PostgresConnection

  /// Runs whose rider-days were not looked at for shares, the oldest first.
  package func runsNotShared(countMax: Int) async throws -> [Int64] {
    try await connection.query(
      "select run_id from clearing_run where shared_at is null order by run_id limit $1",
      [.int8(Int64(countMax))]
    ).map { try $0.int8(0) }
  }

  /// Marks runs as looked at.
  package func markShared(_ runs: [Int64], at now: Instant) async throws {
    try await connection.execute(
      "update clearing_run set shared_at = $2 where run_id = any($1)",
      [.int8s(runs.map(Optional.some)), .timestamptz(now)])
  }

  /// Asks for riders' days of a lane to be shared anew: where they got on and off is known otherwise, or a
  /// person ordered them to be rated anew.
  package func askRecount(of days: [RiderDay], lane: Int16) async throws {
    guard !days.isEmpty else { return }
    let ordered = days.sorted()
    try await connection.execute(
      """
      insert into share_recount
      select $1, * from unnest($2::uuid[], $3::date[]) on conflict do nothing
      """,
      [
        .int2(lane), .identifiers(ordered.map { Optional($0.rider) }),
        .dates(ordered.map { Optional($0.fareDay) }),
      ])
  }

  /// Asks for riders' days to be shared anew that have a ride of the day before in them, where the ends of
  /// rides of these days or of that one are known otherwise.
  package func askRecountOfCarried(from days: [RiderDay], lane: Int16) async throws {
    let ordered = days.sorted()
    guard let first = ordered.map(\.fareDay).min(), let last = ordered.map(\.fareDay).max() else {
      return
    }
    try await connection.execute(
      """
      insert into share_recount
      select distinct r.lane, r.rider_id, r.fare_day
      from unnest($2::uuid[], $3::date[]) as c(rider_id, fare_day)
      join ride r on r.lane = $1 and r.rider_id = c.rider_id
        and r.fare_day in (c.fare_day, c.fare_day + 1)
      join boarding b on b.fare_day = r.fare_day - 1 and b.device_id = r.device_id
        and b.epoch = r.epoch and b.seq = r.seq
      where r.fare_day between $4::date and $5::date + 1 and r.reversed_run_id is null
        and b.fare_day between $4::date - 1 and $5
      on conflict do nothing
      """,
      [
        .int2(lane), .identifiers(ordered.map { Optional($0.rider) }),
        .dates(ordered.map { Optional($0.fareDay) }), .date(first), .date(last),
      ])
  }

  /// Takes the oldest days that are to be shared anew, at most so many.
  package func takeRecounts(countMax: Int) async throws -> [RiderDay] {
    try await connection.query(
      """
      delete from share_recount where (lane, rider_id, fare_day) in (
        select lane, rider_id, fare_day from share_recount
        order by fare_day, lane, rider_id limit $1)
      returning rider_id, fare_day
      """, [.int8(Int64(countMax))]
    ).map { RiderDay(rider: try $0.identifier(0), fareDay: try $0.date(1)) }
  }

  /// The rides of all rider-days that runs changed, and of some more, where more than one operator
  /// carried the rider under a version of the tariff that shares; in the order of time.
  package func rides(
    changedBy runs: [Int64], and days: [RiderDay], under versions: [String]
  ) async throws -> [SharedRide] {
    guard !versions.isEmpty else { return [] }
    let rows = try await connection.query(
      """
      with changed as materialized (
        select lane, rider_id, fare_day from ride where run_id = any($1)
        union select lane, rider_id, fare_day from ride where reversed_run_id = any($1)
        union select * from unnest($2::int2[], $3::uuid[], $4::date[])),
      shared as (
        select lane, rider_id, fare_day from changed join ride r using (lane, rider_id, fare_day)
        where r.reversed_run_id is null and r.tariff_version = any($5)
        group by lane, rider_id, fare_day having count(distinct r.operator_id) > 1)
      select r.lane, r.rider_id, r.fare_day, r.currency, r.tariff_version, r.operator_id,
        coalesce(r.nominal_minor, 0) as nominal_minor, r.charged_minor, r.reason,
        coalesce(b.stop, o.stop) as from_stop, coalesce(b.off_stop, o.off_stop) as to_stop
      from shared join ride r using (lane, rider_id, fare_day)
      left join boarding b on b.fare_day = r.fare_day and b.device_id = r.device_id
        and b.epoch = r.epoch and b.seq = r.seq
      -- A ride carried over the end of a fare day was boarded on the day before.
      left join boarding o on o.fare_day = r.fare_day - 1 and o.device_id = r.device_id
        and o.epoch = r.epoch and o.seq = r.seq
      -- Rides of unknown operators share nothing, but others are linked to them.
      where r.reversed_run_id is null and r.charged_minor is not null
      order by r.lane, r.rider_id, r.fare_day, r.currency, r.started_at, r.device_id, r.seq
      """, Self.parameters(runs, days) + [.texts(versions.map(Optional.some))])
    return try rows.map { row in
      SharedRide(
        lane: try row.int2("lane"), rider: try row.identifier("rider_id"),
        fareDay: try row.date("fare_day"), currency: try row.currency("currency"),
        tariffVersion: try row.text("tariff_version"),
        operatorID: try row.textOrNil("operator_id"),
        nominalMinor: try row.int8("nominal_minor"), chargedMinor: try row.int8("charged_minor"),
        reasonJSON: try row.text("reason"), fromStop: try row.textOrNil("from_stop"),
        toStop: try row.textOrNil("to_stop"))
    }
  }

  /// Runs, and the lanes, riders and dates of days.
  private static func parameters(_ runs: [Int64], _ days: [RiderDay]) -> [PostgresValue] {
    [
      .int8s(runs.map(Optional.some)), .int2s(days.map { Lane.of($0.rider) }),
      .identifiers(days.map { Optional($0.rider) }), .dates(days.map { Optional($0.fareDay) }),
    ]
  }

  /// Puts new shares in place of those of all rider-days that runs changed, and of some more; the
  /// differences by operator, fare day and currency.
  package func replaceShares(
    changedBy runs: [Int64], and days: [RiderDay], with shares: [OperatorShareRow]
  ) async throws -> [(operatorID: String, fareDay: Day, currency: Currency, minor: Int64)] {
    // Where nothing was ever shared, no ride has to be looked at.
    let removed = try await connection.query(
      """
      with changed as materialized (
        select lane, rider_id, fare_day from ride
        where run_id = any($1) and (select exists (select from operator_share))
        union
        select lane, rider_id, fare_day from ride
        where reversed_run_id = any($1) and (select exists (select from operator_share))
        union select * from unnest($2::int2[], $3::uuid[], $4::date[])),
      gone as (
        delete from operator_share s using changed c
        where s.lane = c.lane and s.rider_id = c.rider_id and s.fare_day = c.fare_day
        returning s.operator_id, s.fare_day, s.currency, s.own_minor - s.share_minor as minor)
      select operator_id, fare_day, currency, sum(minor)::int8 as minor from gone group by 1, 2, 3
      """, Self.parameters(runs, days))
    try await connection.execute(
      """
      insert into operator_share (lane, rider_id, fare_day, currency, operator_id, own_minor,
        share_minor, rule)
      select * from unnest($1::int2[], $2::uuid[], $3::date[], $4::text[], $5::text[], $6::int8[],
        $7::int8[], $8::text[])
      """,
      [
        .int2s(shares.map { Optional($0.lane) }),
        .identifiers(shares.map { Optional($0.rider) }),
        .dates(shares.map { Optional($0.fareDay) }),
        .texts(shares.map { Optional($0.currency.code) }),
        .texts(shares.map { Optional($0.operatorID) }),
        .int8s(shares.map { Optional($0.ownMinor) }),
        .int8s(shares.map { Optional($0.shareMinor) }), .texts(shares.map { Optional($0.rule) }),
      ])
    return try removed.map { row in
      (
        try row.text("operator_id"), try row.date("fare_day"), try row.currency("currency"),
        try row.int8("minor")
      )
    }
  }

  /// Whether anything was ever booked for an operator, rides of it were rated, or an account of it is known.
  package func isKnown(_ operatorID: String) async throws -> Bool {
    try await connection.query(
      """
      select exists (select from posting_sum where operator_id = $1)
        or exists (select from operator_account where operator_id = $1)
        or exists (select from ride_sum where operator_id = $1)
      """, [.text(operatorID)]
    ).only().bool(0)
  }

  /// What each operator is owed by entries up to an accounting date, and what it is made of.
  package func claims(
    through date: Day, operatorID: String?
  ) async throws -> [OperatorClaimRow] {
    let rows = try await connection.query(
      """
      select operator_id, currency,
        coalesce(sum(credit_minor - debit_minor) filter (where kind = 'fares'), 0)::int8 as fares,
        coalesce(sum(credit_minor - debit_minor) filter (where kind = 'apportionment'), 0)::int8
          as shared,
        coalesce(sum(credit_minor - debit_minor) filter (where kind = 'concession'), 0)::int8
          as subsidy,
        coalesce(sum(credit_minor - debit_minor) filter (where kind = 'refund'), 0)::int8
          as refunds,
        coalesce(sum(credit_minor - debit_minor) filter (where kind = 'payout'), 0)::int8 as paid,
        sum(credit_minor - debit_minor)::int8 as balance
      from posting_sum
      where account = '2100' and accounting_date <= $1 and ($2::text is null or operator_id = $2)
      group by operator_id, currency order by operator_id, currency
      """, [.date(date), .orNull(operatorID, PostgresValue.text)])
    return try rows.map { row in
      let parts = try ["fares", "shared", "subsidy", "refunds", "paid"].map { try row.int8($0) }
      return OperatorClaimRow(
        operatorID: try row.text("operator_id"), currency: try row.currency("currency"),
        faresMinor: parts[0], sharedMinor: parts[1], subsidyMinor: parts[2],
        refundsMinor: parts[3], otherMinor: try row.int8("balance") - parts.reduce(0, +),
        paidMinor: parts[4])
    }
  }

  /// Where operators want their money, by operator.
  package func accounts() async throws -> [String: BankAccount] {
    Dictionary(
      uniqueKeysWithValues: try await accounts(of: nil).map { ($0.operatorID, $0.account) })
  }

  /// Where an operator wants its money, or all do, and who wrote that down.
  package func accounts(of name: String?) async throws -> [OperatorAccountRow] {
    try await connection.query(
      """
      select operator_id, name, iban, bic, changed_by, changed_at from operator_account
      where $1::text is null or operator_id = $1 order by operator_id
      """, [.orNull(name, PostgresValue.text)]
    ).map { row in
      OperatorAccountRow(
        operatorID: try row.text("operator_id"),
        account: BankAccount(
          name: try row.text("name"), iban: try row.text("iban"), bic: try row.textOrNil("bic")),
        changedBy: try row.text("changed_by"), changedAt: try row.timestamptz("changed_at"))
    }
  }

  /// Writes down where an operator wants its money.
  package func setAccount(
    _ account: BankAccount, of name: String, by person: String, at now: Instant
  ) async throws {
    try await connection.execute(
      """
      insert into operator_account (operator_id, name, iban, bic, changed_by, changed_at)
      values ($1, $2, $3, $4, $5, $6)
      on conflict (operator_id) do update set name = excluded.name, iban = excluded.iban,
        bic = excluded.bic, changed_by = excluded.changed_by, changed_at = excluded.changed_at
      """,
      [
        .text(name), .text(account.name), .text(account.iban),
        .orNull(account.bic, PostgresValue.text), .text(person), .timestamptz(now),
      ])
  }

  private static func payout(_ row: PostgresRow) throws -> PayoutRow {
    PayoutRow(
      id: try row.int8("payout_id"), operatorID: try row.text("operator_id"),
      currency: try row.currency("currency"), minor: try row.int8("minor"),
      throughDate: try row.date("through_date"), state: try row.text("state"),
      orderID: try row.int8("order_id"), messageID: try row.textOrNil("message_id"),
      account: try BankAccount(payout: row))
  }

  private static let payoutColumns = """
    payout_id, operator_id, currency, minor, through_date, state, order_id, message_id, account_name,
    account_iban, account_bic
    """

  /// Adds a payout to an account that waits for a second person; its number.
  package func addPayout(
    to name: String, _ account: BankAccount, minor: Int64, currency: Currency, through date: Day,
    order: Int64
  ) async throws -> Int64 {
    try await connection.query(
      """
      insert into payout (operator_id, currency, minor, through_date, state, order_id, account_name,
        account_iban, account_bic)
      values ($1, $2, $3, $4, 'awaiting', $5, $6, $7, $8) returning payout_id
      """,
      [
        .text(name), .text(currency.code), .int8(minor), .date(date), .int8(order),
        .text(account.name), .text(account.iban), .orNull(account.bic, PostgresValue.text),
      ]
    ).only().int8(0)
  }

  /// Payouts of a state, or of an order, locked.
  package func lockPayouts(
    state: String? = nil, order: Int64? = nil, message: String? = nil
  ) async throws -> [PayoutRow] {
    try await connection.query(
      """
      select \(Self.payoutColumns) from payout
      where ($1::text is null or state = $1) and ($2::int8 is null or order_id = $2)
        and ($3::text is null or message_id = $3)
      order by payout_id limit \(Self.listMax) for update
      """,
      [
        .orNull(state, PostgresValue.text), .orNull(order, PostgresValue.int8),
        .orNull(message, PostgresValue.text),
      ]
    ).map(Self.payout)
  }

  /// Payouts of an operator or of all, the newest first; at most so many.
  package func payouts(of name: String?, countMax: Int) async throws -> [PayoutRow] {
    try await connection.query(
      """
      select \(Self.payoutColumns) from payout where $1::text is null or operator_id = $1
      order by payout_id desc limit $2
      """, [.orNull(name, PostgresValue.text), .int8(Int64(countMax))]
    ).map(Self.payout)
  }

  /// Whether an operator has a payout that is not given to the bank yet.
  package func hasOpenPayout(_ name: String, currency: Currency) async throws -> Bool {
    try await connection.query(
      """
      select exists (select from payout where operator_id = $1 and currency = $2
        and state in ('awaiting', 'approved'))
      """, [.text(name), .text(currency.code)]
    ).only().bool(0)
  }

  /// Moves payouts on; `paidBy` is the entry by which they are paid.
  package func move(
    payouts ids: [Int64], to state: String, message: String? = nil, paidBy entry: Int64? = nil,
    at now: Instant
  ) async throws {
    try await connection.execute(
      """
      update payout set state = $2, message_id = coalesce($3, message_id),
        sent_at = case when $2 = 'sent' then $4 else sent_at end,
        confirmed_at = case when $2 in ('paid', 'returned') then $4 else confirmed_at end,
        paid_entry_id = coalesce($5, paid_entry_id)
      where payout_id = any($1)
      """,
      [
        .int8s(ids.map(Optional.some)), .text(state), .orNull(message, PostgresValue.text),
        .timestamptz(now), .orNull(entry, PostgresValue.int8),
      ])
  }

  /// Keeps a payment file as it was given out.
  package func addMessage(
    _ order: PaymentOrder, body: String, digest: [UInt8], by person: String
  ) async throws {
    try await connection.execute(
      """
      insert into payment_message (message_id, body, digest, transactions, control_sum_minor,
        currency, created_by, created_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8)
      """,
      [
        .text(order.messageID), .text(body), .bytea(digest),
        .int4(Int32(order.transfers.count)), .int8(order.controlSumMinor),
        .text(order.currency.code), .text(person), .timestamptz(order.createdAt),
      ])
  }

  /// A payment file as it was given out; nil when there is none.
  package func message(_ id: String) async throws -> String? {
    try await connection.query(
      "select body from payment_message where message_id = $1", [.text(id)]
    ).onlyOrNil()?.text(0)
  }
}

extension BankAccount {
  /// The account in the columns of a payout; nil where they are empty.
  init?(payout row: PostgresRow) throws {
    guard let iban = try row.textOrNil("account_iban") else { return nil }
    self.init(
      name: try row.text("account_name"), iban: iban, bic: try row.textOrNil("account_bic"))
  }
}
