package import Basics
package import Charging
import Ledger
import Postgres

extension ChargingTables {
  private static func refund(_ row: PostgresRow) throws -> RefundRow {
    RefundRow(
      id: try row.int8("refund_id"), windowID: try row.int8("window_id"),
      minor: try row.int8("minor"), cause: try row.text("cause"), state: try row.word("state"),
      orderID: try row.int8OrNil("order_id"), paidEntryID: try row.int8OrNil("paid_entry_id"),
      differenceID: try row.int8OrNil("difference_window_id"), fault: try row.textOrNil("fault"))
  }

  private static let refundColumns =
    "refund_id, window_id, minor, cause, state, order_id, paid_entry_id, difference_window_id, fault"

  /// Orders a refund; its number.
  package func addRefund(
    of windowID: Int64, minor: Int64, cause: String, state: RefundRow.State,
    difference: Int64? = nil, order: Int64? = nil, fault: String? = nil, at now: Instant
  ) async throws -> Int64 {
    try await connection.query(
      """
      insert into charge_refund (window_id, minor, cause, state, difference_window_id, order_id,
        created_at, next_at, fault)
      values ($1, $2, $3, $4, $5, $6, $7::timestamptz,
        case when $4 = 'approved' then $7::timestamptz end, $8)
      returning refund_id
      """,
      [
        .int8(windowID), .int8(minor), .text(cause), .text(state.rawValue),
        .orNull(difference, PostgresValue.int8), .orNull(order, PostgresValue.int8),
        .timestamptz(now), .orNull(fault, PostgresValue.text),
      ]
    ).only().int8(0)
  }

  /// The refunds of some windows, in the order in which they were made.
  package func refunds(ofWindows ids: [Int64]) async throws -> [RefundRow] {
    guard !ids.isEmpty else { return [] }
    return try await connection.query(
      """
      select \(Self.refundColumns) from charge_refund where window_id = any($1)
      order by refund_id limit $2
      """, [.int8s(ids.map(Optional.some)), .int8(Int64(Self.listMax))]
    ).map(Self.refund)
  }

  /// Refunds that are to be asked for, or asked for again, locked; others' are left out.
  package func refundsDue(at now: Instant, countMax: Int) async throws -> [RefundRow] {
    let rows = try await connection.query(
      """
      select \(Self.refundColumns) from charge_refund where next_at <= $1
      order by next_at, refund_id limit $2 for update skip locked
      """, [.timestamptz(now), .int8(Int64(countMax))])
    return try rows.map(Self.refund)
  }

  /// The windows that refunds belong to, by the refund's number.
  package func windows(ofRefunds ids: [Int64]) async throws -> [Int64: Int64] {
    guard !ids.isEmpty else { return [:] }
    let rows = try await connection.query(
      "select refund_id, window_id from charge_refund where refund_id = any($1)",
      [.int8s(ids.map(Optional.some))])
    var windows: [Int64: Int64] = [:]
    for row in rows { windows[try row.int8(0)] = try row.int8(1) }
    return windows
  }

  /// Refunds by number, locked.
  package func lockRefunds(_ ids: [Int64]) async throws -> [RefundRow] {
    let rows = try await connection.query(
      """
      select \(Self.refundColumns) from charge_refund where refund_id = any($1)
      order by refund_id for update
      """, [.int8s(ids.map(Optional.some))])
    return try rows.map(Self.refund)
  }

  /// Moves refunds on; `next` is when to ask, nil when nothing is to be asked.
  package func move(
    refunds ids: [Int64], to state: RefundRow.State, next: Instant? = nil,
    reference: String? = nil, fault: String? = nil, at now: Instant
  ) async throws {
    try await connection.execute(
      """
      update charge_refund set state = $2, next_at = $3, reference = coalesce($4, reference),
        fault = $5,
        paid_at = case when $2 = 'paid' then $6 else paid_at end
      where refund_id = any($1)
      """,
      [
        .int8s(ids.map(Optional.some)), .text(state.rawValue),
        .orNull(next, PostgresValue.timestamptz), .orNull(reference, PostgresValue.text),
        .orNull(fault, PostgresValue.text), .timestamptz(now),
      ])
  }

  /// Writes down that the acquirer is asked for refunds, and when it is asked again: after as long as it
  /// has not answered, within the pauses given.
  package func ask(
    refunds ids: [Int64], pauseSecondsMin: Int64, pauseSecondsMax: Int64, at now: Instant
  ) async throws {
    try await connection.execute(
      """
      update charge_refund r set state = 'asking', fault = null, asked_at = a.first,
        next_at = $2 + make_interval(secs => greatest($3, least($4,
          extract(epoch from $2 - a.first)::float8)))
      from (select refund_id, case when state = 'asking' then coalesce(asked_at, $2) else $2 end
        as first from charge_refund where refund_id = any($1)) a
      where r.refund_id = a.refund_id
      """,
      [
        .int8s(ids.map(Optional.some)), .timestamptz(now), .float8(Double(pauseSecondsMin)),
        .float8(Double(pauseSecondsMax)),
      ])
  }

  /// Writes down by which entry a refund was paid back that the acquirer did not take.
  package func payBack(refund id: Int64, by entry: Int64, at now: Instant) async throws {
    try await connection.execute(
      "update charge_refund set paid_entry_id = $2, paid_at = $3 where refund_id = $1",
      [.int8(id), .int8(entry), .timestamptz(now)])
  }

  /// Adds what the acquirer kept of refunds; one that is kept whole is settled.
  package func keep(refunds parts: [Int64: Int64]) async throws {
    guard !parts.isEmpty else { return }
    let ids = parts.keys.sorted()
    try await connection.execute(
      """
      update charge_refund r set kept_minor = k.kept,
        state = case when k.kept = r.minor then 'settled' else r.state end
      from unnest($1::int8[], $2::int8[]) as c(refund_id, minor)
      join charge_refund b using (refund_id)
      cross join lateral (select coalesce(b.kept_minor, 0) + c.minor) k (kept)
      where r.refund_id = c.refund_id
      """, [.int8s(ids.map(Optional.some)), .int8s(ids.map { parts[$0] })])
  }

  /// The window of a payment by the acquirer's name of it; the newest when a name stands twice.
  package func window(ofReference reference: String) async throws -> Int64? {
    try await connection.query(
      """
      select window_id from charge_window where reference = $1 order by window_id desc limit 1
      """, [.text(reference)]
    ).onlyOrNil()?.int8(0)
  }

  /// What each operator's rides of a window's day charged, for those who bear a refund.
  package func operatorSums(
    ofWindow id: Int64
  ) async throws -> [(operatorID: String?, minor: Int64)] {
    let rows = try await connection.query(
      """
      select r.operator_id, sum(r.charged_minor)::int8
      from charge_window w join ride r using (lane, rider_id, fare_day, currency)
      where w.window_id = $1 and r.medium in \(Self.chargedMedia)
        and r.reversed_run_id is null and r.charged_minor > 0
      group by r.operator_id order by r.operator_id nulls last
      """, [.int8(id)])
    return try rows.map { (try $0.textOrNil(0), try $0.int8(1)) }
  }
}

/// Minor units of an operator; nil is the one that is not known.
package struct OperatorSum: Sendable, Hashable {
  package let operatorID: String?
  package var minor: Int64

  /// Makes a sum.
  package init(operatorID: String?, minor: Int64) {
    self.operatorID = operatorID
    self.minor = minor
  }
}

extension ChargingTables {
  /// What each operator still bears of a window's refunds that no fare took back, by the books.
  package func goodwillBorne(ofWindow id: Int64) async throws -> [OperatorSum] {
    try await connection.query(
      """
      select p.operator_id, sum(p.debit_minor - p.credit_minor)::int8 as minor
      from (
        select distinct entry_id from charge_event
        where window_id = $1 and kind in ('refund_owed', 'goodwill_set_off')) v
      join posting p using (entry_id)
      where p.account in ($2, $3) group by 1 having sum(p.debit_minor - p.credit_minor) > 0
      order by 1 nulls last
      """, [.int8(id), .text(AccountCode.operators), .text(AccountCode.unknownOperator)]
    ).map {
      OperatorSum(operatorID: try $0.textOrNil(0), minor: try $0.int8(1))
    }
  }
}

/// What needs a second person.
package struct MoneyOrderRow: Sendable, Hashable {
  /// What is ordered.
  package enum Kind: String, Sendable, CaseIterable {
    case writeOff = "write_off"
    case refund, payout, subsidy
    /// What an account of stored value owes is given up.
    case accountWriteOff = "account_write_off"
    /// A balance is put right upwards.
    case accountCredit = "account_credit"
    /// A balance is put right downwards.
    case accountDebit = "account_debit"

    /// Whether the subject is an account of stored value.
    package var isOfAccount: Bool {
      switch self {
      case .accountWriteOff, .accountCredit, .accountDebit: true
      case .writeOff, .refund, .payout, .subsidy: false
      }
    }
  }

  package let id: Int64
  package let kind: Kind
  /// Window, operator, claim, or account of stored value; the rider where there is no account yet.
  package let subject: String
  package let minor: Int64
  package let currency: Currency
  package let reason: String
  package let proposedBy: String
  package let proposedAt: Instant
  /// `approved` or `refused`; nil while it waits.
  package let decision: String?
  package let decidedBy: String?
  /// Of a payout: where the money goes; nil where it was given to the bank before that was written down.
  package let payee: BankAccount?
  /// Of an order about stored value: whose it is.
  package let rider: RiderID?
}

extension StoreSession {
  /// Orders that need a second person.
  package var orders: OrderTables { OrderTables(connection: connection) }
}

/// Orders that need a second person: proposed by one, decided by another.
package struct OrderTables {
  /// Most orders of a list.
  package static let listMax = 500

  let connection: PostgresConnection

  private static let rows = """
    select order_id, kind, subject, minor, currency, reason, proposed_by, proposed_at, decision,
      decided_by, account_name, account_iban, account_bic, rider_id
    from money_order left join lateral (
      select account_name, account_iban, account_bic from payout
      where payout.order_id = money_order.order_id limit 1) p on true
    left join lateral (
      select rider_id from wallet_account
      where account_id = case when money_order.kind in ('account_write_off', 'account_credit',
        'account_debit') and money_order.subject ~ '^[0-9]{1,18}$'
        then money_order.subject::bigint end) a on true
    """

  private static func order(_ row: PostgresRow) throws -> MoneyOrderRow {
    let kind: MoneyOrderRow.Kind = try row.word("kind")
    let subject = try row.text("subject")
    // An order about what a rider without an account owes names the rider.
    let named = kind.isOfAccount ? RiderID(subject) : nil
    return MoneyOrderRow(
      id: try row.int8("order_id"), kind: kind, subject: subject,
      minor: try row.int8("minor"), currency: try row.currency("currency"),
      reason: try row.text("reason"), proposedBy: try row.text("proposed_by"),
      proposedAt: try row.timestamptz("proposed_at"),
      decision: try row.textOrNil("decision"), decidedBy: try row.textOrNil("decided_by"),
      payee: try BankAccount(payout: row), rider: try row.identifierOrNil("rider_id") ?? named)
  }

  /// Proposes an order; its number.
  package func propose(
    _ kind: MoneyOrderRow.Kind, subject: String, minor: Int64, currency: Currency,
    reason: String, by person: String, at now: Instant
  ) async throws -> Int64 {
    try await connection.query(
      """
      insert into money_order (kind, subject, minor, currency, reason, proposed_by, proposed_at)
      values ($1, $2, $3, $4, $5, $6, $7) returning order_id
      """,
      [
        .text(kind.rawValue), .text(subject), .int8(minor), .text(currency.code), .text(reason),
        .text(person), .timestamptz(now),
      ]
    ).only().int8(0)
  }

  /// An order, locked; nil when there is none.
  package func lock(_ id: Int64) async throws -> MoneyOrderRow? {
    try await connection.query(
      "\(Self.rows) where order_id = $1 for update of money_order", [.int8(id)]
    ).onlyOrNil().map(Self.order)
  }

  /// An order; nil when there is none.
  package func find(_ id: Int64) async throws -> MoneyOrderRow? {
    try await connection.query(
      "\(Self.rows) where order_id = $1", [.int8(id)]
    ).onlyOrNil().map(Self.order)
  }

  /// Whether something waits for a decision already; in a currency, where it may be about several.
  package func isWaiting(
    _ kind: MoneyOrderRow.Kind, subject: String, in currency: Currency? = nil
  ) async throws -> Bool {
    try await connection.query(
      """
      select exists (select from money_order
        where kind = $1 and subject = $2 and decision is null and ($3::text is null or currency = $3))
      """,
      [
        .text(kind.rawValue), .text(subject), .orNull(currency?.code, PostgresValue.text),
      ]
    ).only().bool(0)
  }

  /// The orders of some numbers, by number.
  package func find(_ ids: [Int64]) async throws -> [Int64: MoneyOrderRow] {
    let rows = try await connection.query(
      "\(Self.rows) where order_id = any($1)", [.int8s(ids)]
    ).map(Self.order)
    return Dictionary(rows.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Writes a decision down; the table refuses that of the person who proposed.
  package func decide(
    _ id: Int64, _ decision: String, by person: String, at now: Instant
  ) async throws {
    try await connection.execute(
      """
      update money_order set decision = $2, decided_by = $3, decided_at = $4
      where order_id = $1 and decision is null
      """, [.int8(id), .text(decision), .text(person), .timestamptz(now)])
  }

  /// Orders, the newest first; only those that wait when asked so.
  package func list(
    waitingOnly: Bool, after last: Int64? = nil, limit: Int = listMax
  ) async throws -> [MoneyOrderRow] {
    try await connection.query(
      """
      \(Self.rows) where (not $1 or decision is null) and ($3::int8 is null or order_id < $3)
      order by order_id desc limit $2
      """,
      [
        .bool(waitingOnly), .int8(Int64(min(limit, Self.listMax))),
        .orNull(last, PostgresValue.int8),
      ]
    ).map(Self.order)
  }
}
