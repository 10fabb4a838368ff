package import Basics
package import Charging
package import Ledger
import Postgres

/// Windows of a fare day counted by state.
package struct WindowSumRow: Sendable, Hashable {
  package let fareDay: Day
  /// A state of a window, or `open` while the day is not closed.
  package let state: String
  package let currency: Currency
  package let windows: Int64
  package let amountMinor: Int64
  package let dueMinor: Int64
}

extension ChargingTables {
  /// Most rows of a list.
  package static let listMax = 1000

  /// The charge windows of fare days by state; those of days not closed yet are a view of the rides.
  package func sums(from first: Day, to last: Day) async throws -> [WindowSumRow] {
    let rows = try await connection.query(
      """
      select fare_day, state, currency, count(*)::int8 as windows,
        sum(amount_minor)::int8 as amount_minor, sum(due_minor)::int8 as due_minor
      from charge_window where fare_day between $1 and $2 group by 1, 2, 3
      union all
      select fare_day, 'open', currency, count(distinct (lane, rider_id))::int8,
        sum(charged_minor)::int8, sum(charged_minor)::int8
      from ride where fare_day between $1 and $2 and medium in \(Self.chargedMedia)
        and reversed_run_id is null and charged_minor is not null
        and fare_day > coalesce((select max(fare_day) from charge_day), '0001-01-01')
      group by 1, 2, 3 order by 1, 2, 3
      """, [.date(first), .date(last)])
    return try rows.map { row in
      WindowSumRow(
        fareDay: try row.date("fare_day"), state: try row.text("state"),
        currency: try row.currency("currency"), windows: try row.int8("windows"),
        amountMinor: try row.int8("amount_minor"), dueMinor: try row.int8("due_minor"))
    }
  }

  /// A window; nil when there is none.
  package func find(_ id: Int64) async throws -> ChargeWindowRow? {
    try await connection.query(
      "select \(ChargeColumns.names) from charge_window w where window_id = $1", [.int8(id)]
    ).onlyOrNil().map(ChargeColumns.row)
  }

  /// The windows of a rider, the newest first.
  package func windows(of rider: RiderID) async throws -> [ChargeWindowRow] {
    try await connection.query(
      """
      select \(ChargeColumns.names) from charge_window w where lane = $1 and rider_id = $2
      order by fare_day desc, number desc limit $3
      """, [.int2(Lane.of(rider)), .identifier(rider), .int8(Int64(Self.listMax))]
    ).map(ChargeColumns.row)
  }

  /// What happened to a window, its card included, in order.
  package func events(ofWindow id: Int64) async throws -> [ChargeEventRow] {
    try await connection.query(
      """
      select \(Self.eventColumns) from charge_event
      where window_id = $1 or (window_id is null and medium_id =
        (select medium_id from charge_window where window_id = $1))
      order by event_id limit $2
      """, [.int8(id), .int8(Int64(Self.listMax))]
    ).map(Self.event)
  }

  /// How often the bank was asked about a window at somebody's wish of late, and whether it declined for good.
  package func asked(ofWindow id: Int64) async throws -> AskedByHand {
    let moments = try await connection.query(
      """
      select at from charge_event where window_id = $1 and kind = 'asked' and detail = 'by rider'
      order by event_id desc limit $2
      """, [.int8(id), .int8(Int64(AskingAlone.perDayMax))]
    ).map { try $0.timestamptz(0) }
    let declined = try await connection.query(
      """
      select coalesce(detail like '%, final', false) from charge_event
      where window_id = $1 and kind = 'declined' order by event_id desc limit 1
      """, [.int8(id)]
    ).onlyOrNil()
    return AskedByHand(
      moments: moments, isLastDeclineFinal: try declined?.bool(0) ?? false)
  }

  /// Money that a desk took under a key; nil when there is none.
  package func payment(key: String) async throws -> ChargeEventRow? {
    try await connection.query(
      "select \(Self.eventColumns) from charge_event where idempotency_key = $1", [.text(key)]
    ).onlyOrNil().map(Self.event)
  }

  private static let eventColumns = """
    window_id, medium_id, at, kind, attempt, minor, reference, detail, actor, entry_id, place,
    idempotency_key
    """

  private static func event(_ row: PostgresRow) throws -> ChargeEventRow {
    var event = ChargeEventRow(
      windowID: try row.int8OrNil("window_id"), medium: try row.identifierOrNil("medium_id"),
      at: try row.timestamptz("at"), kind: try row.text("kind"),
      attempt: try row.int4("attempt"), minor: try row.int8("minor"),
      reference: try row.textOrNil("reference"), detail: try row.textOrNil("detail"),
      actor: try row.text("actor"), entryID: try row.int8OrNil("entry_id"))
    event.place = try row.textOrNil("place")
    event.key = try row.textOrNil("idempotency_key")
    return event
  }

  /// The charge windows of a rider's fare days in order.
  package func windows(
    of rider: RiderID, days: ClosedRange<Day>, countMax: Int = listMax
  ) async throws -> [ChargeWindowRow] {
    try await connection.query(
      """
      select \(ChargeColumns.names) from charge_window w
      where w.lane = $1 and w.rider_id = $2 and w.fare_day between $3 and $4
      order by w.fare_day, w.currency, w.number limit $5
      """,
      [
        .int2(Lane.of(rider)), .identifier(rider), .date(days.lowerBound), .date(days.upperBound),
        .int8(Int64(countMax)),
      ]
    ).map(ChargeColumns.row)
  }

  /// What desks took of some windows, by their numbers; those of which they took nothing are not in it.
  package func paidAtDesks(ofWindows ids: [Int64]) async throws -> [Int64: Int64] {
    guard !ids.isEmpty else { return [:] }
    let rows = try await connection.query(
      """
      select window_id, sum(minor)::int8 as minor from charge_event
      where window_id = any($1) and kind = 'paid_at_desk' group by 1
      """, [.int8s(ids.map(Optional.some))])
    return Dictionary(
      uniqueKeysWithValues: try rows.map { (try $0.int8("window_id"), try $0.int8("minor")) })
  }

  /// What the rides of a rider come to on fare days whose windows are not closed yet, by day: days from before the
  /// first that was closed never are.
  package func notClosed(
    of rider: RiderID, days: ClosedRange<Day>
  ) async throws -> [(fareDay: Day, sum: Money)] {
    let rows = try await connection.query(
      """
      select r.fare_day, r.currency, sum(r.charged_minor)::int8 as minor from ride r
      where r.lane = $1 and r.rider_id = $2 and r.fare_day between $3 and $4
        and r.medium in \(Self.chargedMedia) and r.reversed_run_id is null
        and r.charged_minor is not null
        and r.fare_day > coalesce((select max(fare_day) from charge_day), '-infinity')
        and not exists (select from charge_window w where w.lane = r.lane
          and w.rider_id = r.rider_id and w.fare_day = r.fare_day and w.currency = r.currency)
      group by 1, 2 order by 1, 2
      """,
      [
        .int2(Lane.of(rider)), .identifier(rider), .date(days.lowerBound), .date(days.upperBound),
      ])
    return try rows.map { row in
      (
        try row.date("fare_day"),
        Money(minor: try row.int8("minor"), currency: try row.currency("currency"))
      )
    }
  }

  /// What is owed after a decline, the oldest first; after a window, whatever became of that one since.
  package func debts(
    after window: Int64? = nil, countMax: Int = listMax
  ) async throws -> [ChargeWindowRow] {
    try await connection.query(
      """
      select \(ChargeColumns.names) from charge_window w
      where due_minor > 0 and declined_at is not null
        and ($2::int8 is null or (declined_at, window_id) > (
          select p.declined_at, p.window_id from charge_window p where p.window_id = $2))
      order by declined_at, window_id limit $1
      """, [.int8(Int64(countMax)), .orNull(window, PostgresValue.int8)]
    ).map(ChargeColumns.row)
  }
}

extension BookTables {
  /// Books one entry; its number.
  package func book(_ entry: Entry, at now: Instant) async throws -> Int64 {
    try await add([entry], at: now)
    return try await connection.query(
      "select currval(pg_get_serial_sequence('entry', 'entry_id'))"
    ).only().int8(0)
  }
}
