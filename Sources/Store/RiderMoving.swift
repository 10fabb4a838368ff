package import Basics
import Postgres

extension StoreSession {
  /// What carries everything of a rider to another, or to nobody.
  package var riderMoves: RiderMoveTables { RiderMoveTables(connection: connection) }
}

/// What is booked of rides that no longer are their rider's.
package struct ReversedSum: Sendable, Equatable {
  package let operatorID: String?
  package let currency: Currency
  package let fareDay: Day
  package let category: String
  /// Minor units; 0 for rides without a known fare.
  package let minor: Int64
  package let rides: Int
}

/// What carries everything of a rider to another, or to nobody.
///
/// Nobody sorts or rates meanwhile: the caller holds the lanes.
package struct RiderMoveTables {
  let connection: PostgresConnection

  /// Fare days of a rider that have taps, rides or products.
  package func days(of rider: RiderID) async throws -> [Day] {
    let rows = try await connection.query(
      "select fare_day from fare_day where lane = $1 and rider_id = $2 order by 1",
      [.int2(Lane.of(rider)), .identifier(rider)])
    return try rows.map { try $0.date(0) }
  }

  /// The standing rides of a rider, summed as the books sum them.
  package func standingSums(of rider: RiderID) async throws -> [ReversedSum] {
    let rows = try await connection.query(
      """
      select operator_id, currency, fare_day, category,
        coalesce(sum(charged_minor), 0)::int8 as minor, count(*) as rides
      from ride where lane = $1 and rider_id = $2 and reversed_run_id is null
      group by 1, 2, 3, 4 order by 3, 2, 1, 4
      """, [.int2(Lane.of(rider)), .identifier(rider)])
    return try rows.map { row in
      ReversedSum(
        operatorID: try row.textOrNil("operator_id"), currency: try row.currency("currency"),
        fareDay: try row.date("fare_day"), category: try row.text("category"),
        minor: try row.int8("minor"), rides: try row.int("rides"))
    }
  }

  /// Reverses all standing rides of a rider in a run; how many.
  package func reverseAll(of rider: RiderID, runID: Int64) async throws -> Int {
    try await connection.execute(
      """
      update ride set reversed_run_id = $3
      where lane = $1 and rider_id = $2 and reversed_run_id is null
      """, [.int2(Lane.of(rider)), .identifier(rider), .int8(runID)])
  }

  /// Gives the taps, boardings, fare days, media, proofs, products and tokens of a rider to another,
  /// whose days then wait for a rating; the number of taps.
  ///
  /// Proofs of the same category and first day stay as the other has them.
  package func give(
    _ rider: RiderID, to other: RiderID, days: [Day], around span: ClosedRange<Day>, at: Instant
  ) async throws -> Int {
    let pair: [PostgresValue] = [.identifier(rider), .identifier(other)]
    let lanes: [PostgresValue] = [.int2(Lane.of(rider)), .int2(Lane.of(other))]
    let span = PostgresValue.dates(Self.all(days, span))
    let moved = try await connection.execute(
      """
      update tap t set rider_id = $2, lane = $4 from unnest($5::date[]) d
      where t.fare_day = d and t.lane = $3 and t.rider_id = $1
      """, pair + lanes + [span])
    try await connection.execute(
      """
      update boarding b set rider_id = $2, lane = $4 from unnest($5::date[]) d
      where b.fare_day = d and b.lane = $3 and b.rider_id = $1
      """, pair + lanes + [span])
    try await connection.execute(
      """
      with gone as (delete from travel_day where lane = $3 and rider_id = $1 returning fare_day)
      insert into travel_day (lane, rider_id, fare_day, stale_since)
      select $4, $2, fare_day, $5 from gone
      on conflict (lane, rider_id, fare_day) do update
        set stale_since = least(travel_day.stale_since, excluded.stale_since)
      """, pair + lanes + [.timestamptz(at)])
    try await connection.execute(
      "delete from fare_day where lane = $2 and rider_id = $1", [pair[0], lanes[0]])
    try await connection.execute("update medium set rider_id = $2 where rider_id = $1", pair)
    try await connection.execute(
      """
      insert into entitlement (rider_id, category, valid_from, valid_to, proof, recorded_at,
        proof_kind, proof_digest)
      select $2, category, valid_from, valid_to, proof, recorded_at, proof_kind, proof_digest
      from entitlement where rider_id = $1 on conflict do nothing
      """, pair)
    try await connection.execute("delete from entitlement where rider_id = $1", [pair[0]])
    try await connection.execute(
      "update product_holding set rider_id = $2, lane = $3 where rider_id = $1",
      pair + [lanes[1]])
    try await connection.execute(
      "update access_token set rider_id = $2 where rider_id = $1", pair)
    try await connection.execute(
      "update rider set merged_into = $2 where rider_id = $1", pair)
    return moved
  }

  /// Puts nobody in the place of a rider: another number everywhere, and nothing that a person or a
  /// card could be found by.
  ///
  /// `nobody` is in the same lane, so that no rating changes. The medium of a tap becomes a number
  /// that no token leads to, one for each medium. Riders who were merged into this one go too.
  package func erase(
    _ rider: RiderID, as nobody: RiderID, days: [Day], around span: ClosedRange<Day>, at: Instant
  ) async throws {
    precondition(Lane.of(rider) == Lane.of(nobody), "an erased rider stays in its lane")
    let pair: [PostgresValue] = [.identifier(rider), .identifier(nobody)]
    let lane = PostgresValue.int2(Lane.of(rider))
    let span = PostgresValue.dates(Self.all(days, span))
    try await connection.execute(
      """
      insert into rider (rider_id, lane, first_seen_at, erased_at)
      select $2, lane, first_seen_at, $3 from rider where rider_id = $1
      """, pair + [.timestamptz(at)])
    try await connection.execute(
      """
      with strange as materialized (
        select medium_id, gen_random_uuid() as other from medium where rider_id = $1)
      update tap t set rider_id = $2,
        medium_id = coalesce(
          (select other from strange s where s.medium_id = t.medium_id), $2)
      from unnest($4::date[]) d where t.fare_day = d and t.lane = $3 and t.rider_id = $1
      """, pair + [lane, span])
    try await connection.execute(
      """
      update boarding b set rider_id = $2 from unnest($4::date[]) d
      where b.fare_day = d and b.lane = $3 and b.rider_id = $1
      """, pair + [lane, span])
    for table in ["ride", "fare_day", "travel_day"] {
      try await connection.execute(
        "update \(table) set rider_id = $2 where lane = $3 and rider_id = $1", pair + [lane])
    }
    try await connection.execute(
      """
      update entitlement set rider_id = $2, proof = null, proof_kind = null, proof_digest = null
      where rider_id = $1
      """, pair)
    for table in ["product_holding", "wallet_account"] {
      try await connection.execute(
        "update \(table) set rider_id = $2 where rider_id = $1", pair)
    }
    try await forget(rider, nobody)
  }

  /// Takes away what a person could be found by: media, tokens, reasons, and numbers of before.
  private func forget(_ rider: RiderID, _ nobody: RiderID) async throws {
    let numbers = try await connection.query(
      """
      with recursive way as (
        select $1::uuid as rider_id
        union select r.rider_id from way w join rider r on r.merged_into = w.rider_id)
      select rider_id from way
      """, [.identifier(rider)]
    ).map { row -> RiderID? in try row.identifier(0) }
    let all = PostgresValue.identifiers(numbers)
    try await connection.execute(
      """
      update rider_event set rider_id = $2, reason = 'erased', detail = '' where rider_id = any($1)
      """, [all, .identifier(nobody)])
    for table in ["medium", "access_token", "rider"] {
      try await connection.execute("delete from \(table) where rider_id = any($1)", [all])
    }
  }

  /// Days that rows are looked for on: those that are known, and those around a rider's life.
  private static func all(_ days: [Day], _ span: ClosedRange<Day>) -> [Day?] {
    let around = (span.lowerBound.number...span.upperBound.number).map(Day.init(number:))
    return Set(days).union(around).sorted().map(Optional.some)
  }
}
