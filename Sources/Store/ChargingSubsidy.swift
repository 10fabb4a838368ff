package import Basics
package import Charging
import Postgres

/// A line of a subsidy claim.
package struct SubsidyLine: Sendable, Hashable {
  package let operatorID: String
  package let category: String
  /// Rides claimed less those taken back.
  package let rides: Int64
  package let minor: Int64
}

/// A claim against the city.
package struct SubsidyClaimRow: Sendable, Hashable {
  package let id: Int64
  package let firstDay: Day
  package let lastDay: Day
  package let currency: Currency
  package let state: String
  package let orderID: Int64?
}

/// A ride of a claim with the tap that proves it.
package struct SubsidyEvidence: Sendable, Hashable {
  package let fareDay: Day
  package let operatorID: String
  package let category: String
  package let riders: Int
  package let minor: Int64
  package let isTakenBack: Bool
  package let tap: TapName
  package let startedAt: Instant
  package let route: String?
}

extension SubsidyEvidence {
  /// Heads of the columns of the evidence as a table.
  package static let columns = [
    "fare_day", "operator", "category", "riders", "amount_minor", "taken_back", "device", "epoch",
    "seq", "started_at", "route",
  ]

  /// The ride as a line of that table, which may be opened by a spreadsheet.
  package var cells: [String] {
    [
      fareDay.description, CSVWriter.cell(operatorID), CSVWriter.cell(category), String(riders),
      String(minor), isTakenBack ? "yes" : "no", CSVWriter.cell(tap.device), String(tap.epoch),
      String(tap.seq), startedAt.iso8601(offsetSeconds: 0), CSVWriter.cell(route ?? ""),
    ]
  }
}

extension StoreSession {
  /// What the city pays for concessions.
  package var subsidies: SubsidyTables { SubsidyTables(connection: connection) }
}

/// What the city pays for concessions.
package struct SubsidyTables {
  let connection: PostgresConnection

  /// Writes a rate down.
  package func set(_ rate: ConcessionRate, by person: String, at now: Instant) async throws {
    try await connection.execute(
      """
      insert into concession_rate (category, operator_id, from_day, to_day, currency, ride_minor,
        changed_by, changed_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8)
      on conflict (category, operator_id, from_day, currency) do update
        set to_day = excluded.to_day, ride_minor = excluded.ride_minor,
          changed_by = excluded.changed_by, changed_at = excluded.changed_at
      """,
      [
        .text(rate.category), .text(rate.operatorID ?? ""), .date(rate.from),
        .orNull(rate.to, PostgresValue.date), .text(rate.currency.code), .int8(rate.rideMinor),
        .text(person), .timestamptz(now),
      ])
  }

  /// All rates.
  package func rates() async throws -> [ConcessionRate] {
    let rows = try await connection.query(
      """
      select category, operator_id, from_day, to_day, currency, ride_minor from concession_rate
      order by category, operator_id, from_day, currency
      """)
    return try rows.map { row in
      let name = try row.text("operator_id")
      return ConcessionRate(
        category: try row.text("category"), operatorID: name.isEmpty ? nil : name,
        from: try row.date("from_day"), to: try row.dateOrNil("to_day"),
        currency: try row.currency("currency"), rideMinor: try row.int8("ride_minor"))
    }
  }

  /// Rides that were claimed before and no longer hold.
  private static let takingBackSQL = """
    insert into subsidy_ride (claim_id, fare_day, lane, ride_id, is_taken_back, operator_id,
      category, riders, minor)
    select $1, s.fare_day, s.lane, s.ride_id, true, s.operator_id, s.category, s.riders, -s.minor
    from subsidy_ride s join subsidy_claim c using (claim_id)
    join ride r on r.fare_day = s.fare_day and r.lane = s.lane and r.ride_id = s.ride_id
    where s.fare_day <= $3 and $2 <= $3 and not s.is_taken_back and s.claim_id <> $1
      and c.currency = $4 and r.reversed_run_id is not null
      and not exists (select from subsidy_ride b where b.fare_day = s.fare_day
        and b.lane = s.lane and b.ride_id = s.ride_id and b.is_taken_back)
    """

  /// Rides of the days, and those of days before that replace what the claim takes back: so the other
  /// statement comes first.
  private static let claimingSQL = """
    insert into subsidy_ride (claim_id, fare_day, lane, ride_id, is_taken_back, operator_id,
      category, riders, minor)
    with taken as materialized (
        select fare_day, lane, ride_id from subsidy_ride where claim_id = $1 and is_taken_back),
      replaced as materialized (
        select o.fare_day, o.device_id, o.epoch, o.seq
        from taken join ride o using (fare_day, lane, ride_id)
        where o.fare_day between (select min(fare_day) from taken)
          and (select max(fare_day) from taken)),
      rides as (
        select * from ride where fare_day between $2 and $3 and reversed_run_id is null
        union all
        -- Another tariff may have moved a ride to the day beside it: no further days are looked through.
        select * from ride
        where fare_day < $2 and reversed_run_id is null
          and fare_day between (select min(fare_day) - 1 from replaced)
            and (select max(fare_day) + 1 from replaced)
          and (device_id, epoch, seq) in (select device_id, epoch, seq from replaced))
    select $1, r.fare_day, r.lane, r.ride_id, false, r.operator_id, r.category, n.people,
      rate.ride_minor * n.people
    from rides r cross join lateral (\(RideConcession.query(of: "r"))) n cross join lateral (
      select c.ride_minor from concession_rate c
      where c.category = r.category and c.operator_id in ('', r.operator_id)
        and c.currency = $4 and r.fare_day >= c.from_day
        and (c.to_day is null or r.fare_day <= c.to_day)
      order by c.operator_id = '', c.from_day desc limit 1) rate
    where r.operator_id is not null and n.people > 0 and r.currency = $4
      and not exists (select from subsidy_ride s where s.fare_day = r.fare_day
        and s.lane = r.lane and s.ride_id = r.ride_id and not s.is_taken_back)
    """

  /// Claims what people rode free or at a lower price because of their category on some fare days and
  /// was not claimed before, each ride at the rate of its day, and takes back what was claimed before
  /// and no longer holds; the number of the claim.
  ///
  /// Where a ride that is taken back was rated anew and still counts, the new one is claimed with it, also
  /// when its day is before the days of the claim: else the city would get back what it owes.
  ///
  /// Full fares, rides that a transfer, a cap or a product made free, and companions who pay by another
  /// category are nothing that the city owes.
  /// Rides of later days that were claimed and no longer hold are left to the claim of their days.
  package func claim(
    from first: Day, to last: Day, currency: Currency, by person: String, at now: Instant
  ) async throws -> Int64 {
    let id = try await connection.query(
      """
      insert into subsidy_claim (first_day, last_day, currency, state, created_by, created_at)
      values ($1, $2, $3, 'awaiting', $4, $5) returning claim_id
      """,
      [.date(first), .date(last), .text(currency.code), .text(person), .timestamptz(now)]
    ).only().int8(0)
    let parameters: [PostgresValue] = [
      .int8(id), .date(first), .date(last), .text(currency.code),
    ]
    try await connection.execute(Self.takingBackSQL, parameters)
    try await connection.execute(Self.claimingSQL, parameters)
    try await connection.execute(
      """
      insert into subsidy_line (claim_id, operator_id, category, rides, minor)
      select claim_id, operator_id, category,
        sum(case when is_taken_back then -1 else 1 end), sum(minor)
      from subsidy_ride where claim_id = $1 group by 1, 2, 3
      """, [.int8(id)])
    return id
  }

  /// A claim that nobody has decided about; nil when there is none.
  package func awaiting(_ currency: Currency) async throws -> Int64? {
    try await connection.query(
      """
      select min(claim_id) from subsidy_claim where state = 'awaiting' and currency = $1
      """, [.text(currency.code)]
    ).only().int8OrNil(0)
  }

  /// The lines of a claim.
  package func lines(_ claim: Int64) async throws -> [SubsidyLine] {
    let rows = try await connection.query(
      """
      select operator_id, category, rides::int8 as rides, minor from subsidy_line
      where claim_id = $1 order by 1, 2
      """, [.int8(claim)])
    return try rows.map { row in
      SubsidyLine(
        operatorID: try row.text("operator_id"), category: try row.text("category"),
        rides: try row.int8("rides"), minor: try row.int8("minor"))
    }
  }

  /// A claim, locked; nil when there is none.
  package func lock(_ claim: Int64) async throws -> SubsidyClaimRow? {
    try await connection.query(
      """
      select claim_id, first_day, last_day, currency, state, order_id from subsidy_claim
      where claim_id = $1 for update
      """, [.int8(claim)]
    ).onlyOrNil().map(Self.claim)
  }

  private static func claim(_ row: PostgresRow) throws -> SubsidyClaimRow {
    SubsidyClaimRow(
      id: try row.int8("claim_id"), firstDay: try row.date("first_day"),
      lastDay: try row.date("last_day"), currency: try row.currency("currency"),
      state: try row.text("state"), orderID: try row.int8OrNil("order_id"))
  }

  /// A claim as it stands; nil when there is none.
  package func find(_ claim: Int64) async throws -> SubsidyClaimRow? {
    try await connection.query(
      """
      select claim_id, first_day, last_day, currency, state, order_id from subsidy_claim
      where claim_id = $1
      """, [.int8(claim)]
    ).onlyOrNil().map(Self.claim)
  }

  /// Claims, the newest first; at most so many.
  package func claims(countMax: Int) async throws -> [SubsidyClaimRow] {
    try await connection.query(
      """
      select claim_id, first_day, last_day, currency, state, order_id from subsidy_claim
      order by claim_id desc limit $1
      """, [.int8(Int64(countMax))]
    ).map(Self.claim)
  }

  /// Moves a claim on.
  package func move(
    _ claim: Int64, to state: String, order: Int64? = nil, paidBy entry: Int64? = nil
  ) async throws {
    try await connection.execute(
      """
      update subsidy_claim set state = $2, order_id = coalesce($3, order_id),
        paid_entry_id = coalesce($4, paid_entry_id)
      where claim_id = $1
      """,
      [
        .int8(claim), .text(state), .orNull(order, PostgresValue.int8),
        .orNull(entry, PostgresValue.int8),
      ])
  }

  /// Lets the rides of a refused claim be claimed again.
  package func release(_ claim: Int64) async throws {
    try await connection.execute("delete from subsidy_ride where claim_id = $1", [.int8(claim)])
  }

  /// How many lines the evidence of a claim has, those that take rides back among them.
  package func evidenceCount(_ claim: Int64) async throws -> Int64 {
    try await connection.query(
      "select count(*) from subsidy_ride where claim_id = $1", [.int8(claim)]
    ).only().int8(0)
  }

  /// The rides of a claim with their taps, after a place in the list; at most a page.
  ///
  /// They are of one operator and category where these are given.
  package func evidence(
    _ claim: Int64, of operatorID: String? = nil, category: String? = nil, offset: Int,
    countMax: Int
  ) async throws -> [SubsidyEvidence] {
    let rows = try await connection.query(
      """
      with page as materialized (
        select * from subsidy_ride
        where claim_id = $1 and ($4::text is null or operator_id = $4)
          and ($5::text is null or category = $5)
        order by fare_day, lane, ride_id, is_taken_back offset $2 limit $3)
      select s.fare_day, s.operator_id, s.category, s.riders, s.minor, s.is_taken_back,
        r.device_id, r.epoch, r.seq, r.started_at, r.route
      from page s join ride r using (fare_day, lane, ride_id)
      -- Rides have no index by their numbers alone: those of the page's days are looked through once.
      where r.fare_day between (select min(fare_day) from page) and (select max(fare_day) from page)
      order by s.fare_day, s.lane, s.ride_id, s.is_taken_back
      """,
      [
        .int8(claim), .int8(Int64(offset)), .int8(Int64(countMax)),
        .orNull(operatorID, PostgresValue.text), .orNull(category, PostgresValue.text),
      ])
    return try rows.map { row in
      SubsidyEvidence(
        fareDay: try row.date("fare_day"), operatorID: try row.text("operator_id"),
        category: try row.text("category"), riders: try row.int("riders"),
        minor: try row.int8("minor"), isTakenBack: try row.bool("is_taken_back"),
        tap: TapName(
          device: try row.text("device_id"), epoch: try row.int8("epoch"),
          seq: try row.int8("seq")),
        startedAt: try row.timestamptz("started_at"), route: try row.textOrNil("route"))
    }
  }
}
