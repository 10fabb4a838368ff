package import Basics
package import Ledger
import Postgres

extension StoreSession {
  /// Corrections of the books by two people.
  package var adjustments: AdjustmentTables { AdjustmentTables(connection: connection) }
}

/// A person's correction of the books, before another person has decided on it and after.
package struct AdjustmentRow: Sendable, Equatable {
  /// Where it stands.
  package enum State: String, Sendable, CaseIterable {
    case requested, approved, refused
  }

  package let number: Int64
  package let requestedBy: String
  package let requestedAt: Instant
  package let reason: String
  package let currency: Currency
  package let fareDay: Day?
  package let state: State
  package let decidedBy: String?
  package let decisionReason: String?
  package let entryNumber: Int64?
  package let postings: [Posting]
  /// What it pays of the money that riders are owed, by its names: `T12`.
  package let pays: [String]
}

/// What approved corrections that pay nothing by name put on an account and took from it, in minor units.
package struct UnnamedAdjustments: Sendable, Equatable {
  /// Most of them that are named.
  package static let takersMax = 10

  package let putMinor: Int64
  package let takenMinor: Int64
  /// Those that took, the first ones.
  package let takers: [Int64]
}

/// Corrections of the books by two people.
package struct AdjustmentTables {
  /// Most corrections listed at once.
  package static let pageMax = 1000

  let connection: PostgresConnection

  /// Asks for a correction; its number.
  package func request(
    _ postings: [Posting], pays: [String], currency: Currency, fareDay: Day?, reason: String,
    by person: String, at now: Instant
  ) async throws -> Int64 {
    let number = try await connection.query(
      """
      insert into adjustment (requested_at, requested_by, reason, currency, fare_day, pays)
      values ($1, $2, $3, $4, $5, nullif($6, '')) returning adjustment_id
      """,
      [
        .timestamptz(now), .text(person), .text(reason), .text(currency.code),
        .orNull(fareDay, PostgresValue.date), .text(pays.joined(separator: " ")),
      ]
    ).only().int8(0)
    try await connection.execute(
      """
      insert into adjustment_line (adjustment_id, line, account, operator_id, category,
        debit_minor, credit_minor)
      select $1, n, a, o, c, d, k
      from unnest($2::text[], $3::text[], $4::text[], $5::int8[], $6::int8[])
        with ordinality as p(a, o, c, d, k, n)
      """,
      [
        .int8(number), .texts(postings.map { Optional($0.account) }),
        .texts(postings.map(\.operatorID)), .texts(postings.map(\.category)),
        .int8s(postings.map { Optional($0.debitMinor) }),
        .int8s(postings.map { Optional($0.creditMinor) }),
      ])
    return number
  }

  /// A correction, held for this transaction alone; nil when there is none of that number.
  package func lock(_ number: Int64) async throws -> AdjustmentRow? {
    _ = try await connection.query(
      "select from adjustment where adjustment_id = $1 for update", [.int8(number)])
    return try await list(number: number).first
  }

  /// Corrections, the newest first; of one number when it is given, and only those that wait when asked so.
  package func list(
    number: Int64? = nil, waitingOnly: Bool = false, after last: Int64? = nil
  ) async throws -> [AdjustmentRow] {
    let rows = try await connection.query(
      """
      select a.adjustment_id, a.requested_by, a.requested_at, a.reason, a.currency, a.fare_day,
        a.state, a.decided_by, a.decision_reason, a.entry_id, a.pays,
        array_agg(l.account order by l.line) as accounts,
        array_agg(l.operator_id order by l.line) as operators,
        array_agg(l.category order by l.line) as categories,
        array_agg(l.debit_minor order by l.line) as debits,
        array_agg(l.credit_minor order by l.line) as credits
      from adjustment a join adjustment_line l using (adjustment_id)
      where ($1::int8 is null or adjustment_id = $1) and (not $2 or a.state = 'requested')
        and ($4::int8 is null or adjustment_id < $4)
      group by a.adjustment_id order by a.adjustment_id desc limit $3
      """,
      [
        .orNull(number, PostgresValue.int8), .bool(waitingOnly), .int8(Int64(Self.pageMax)),
        .orNull(last, PostgresValue.int8),
      ])
    return try rows.map { row in
      AdjustmentRow(
        number: try row.int8("adjustment_id"), requestedBy: try row.text("requested_by"),
        requestedAt: try row.timestamptz("requested_at"), reason: try row.text("reason"),
        currency: try row.currency("currency"), fareDay: try row.dateOrNil("fare_day"),
        state: try row.word("state"), decidedBy: try row.textOrNil("decided_by"),
        decisionReason: try row.textOrNil("decision_reason"),
        entryNumber: try row.int8OrNil("entry_id"), postings: try BookTables.postings(row),
        pays: (try row.textOrNil("pays") ?? "").split(separator: " ").map(String.init))
    }
  }

  /// Whether anything was ever booked in a currency.
  package func isBooked(_ currency: Currency) async throws -> Bool {
    try await connection.query(
      "select exists (select from posting_sum where currency = $1)", [.text(currency.code)]
    ).only().bool(0)
  }

  /// What approved corrections that pay nothing by name put on an account and took from it; nobody else asks
  /// until the transaction ends.
  package func unnamed(
    on account: String, in currency: Currency
  ) async throws -> UnnamedAdjustments {
    _ = try await connection.query(
      """
      select from adjustment where state = 'approved' and pays is null and currency = $1
      order by adjustment_id for update
      """, [.text(currency.code)])
    let row = try await connection.query(
      """
      select coalesce(sum(minor) filter (where minor > 0), 0)::int8 as put,
        coalesce(-sum(minor) filter (where minor < 0), 0)::int8 as taken,
        (array_agg(adjustment_id order by adjustment_id) filter (where minor < 0))[:$3::int4] as takers
      from (
        select adjustment_id, sum(l.credit_minor - l.debit_minor) as minor
        from adjustment a join adjustment_line l using (adjustment_id)
        where a.state = 'approved' and a.pays is null and a.currency = $1 and l.account = $2
        group by 1) t
      """, [.text(currency.code), .text(account), .int4(Int32(UnnamedAdjustments.takersMax))]
    ).only()
    return UnnamedAdjustments(
      putMinor: try row.int8("put"), takenMinor: try row.int8("taken"),
      takers: try row.int8sOrNil("takers")?.compactMap { $0 } ?? [])
  }

  /// Writes down a decision; `entry` is the number of what was booked.
  package func decide(
    _ number: Int64, _ state: AdjustmentRow.State, entry: Int64?, reason: String?,
    by person: String, at now: Instant
  ) async throws {
    try await connection.execute(
      """
      update adjustment set state = $2, entry_id = $3, decision_reason = $4, decided_by = $5,
        decided_at = $6
      where adjustment_id = $1
      """,
      [
        .int8(number), .text(state.rawValue), .orNull(entry, PostgresValue.int8),
        .orNull(reason, PostgresValue.text), .text(person), .timestamptz(now),
      ])
  }
}
