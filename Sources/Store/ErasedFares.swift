package import Basics
import Postgres

/// What a fare day of an erased rider costs more or less than what was settled before the erasure.
package struct ErasedFareRow: Sendable, Hashable {
  package let rider: RiderID
  package let fareDay: Day
  package let currency: Currency
  /// Whether stored value paid for the rides; else the acquirer did.
  package let isStoredValue: Bool
  /// Minor units; below zero when the rides cost less.
  package let minor: Int64
}

extension RiderMoveTables {
  /// Those of some riders who were erased.
  package func erased(among riders: Set<RiderID>) async throws -> Set<RiderID> {
    guard !riders.isEmpty else { return [] }
    let rows = try await connection.query(
      "select rider_id from rider where erased_at is not null and rider_id = any($1)",
      [.identifiers(riders.sorted().map(Optional.some))])
    return Set(try rows.map { try $0.identifier(0) })
  }

  /// What rider-days of erased riders cost more or less than was paid for them, and was given up since.
  package func differences(ofErased days: [RiderDay], lane: Int16) async throws -> [ErasedFareRow] {
    let rows = try await connection.query(
      """
      with asked as (select * from unnest($1::uuid[], $2::date[]) as d(rider_id, fare_day)),
      sums as (
        select d.rider_id, d.fare_day, r.currency, r.medium in \(WalletTables.media) as is_stored_value,
          r.charged_minor as minor
        from asked d join ride r on r.lane = $3 and r.rider_id = d.rider_id
          and r.fare_day = d.fare_day and r.reversed_run_id is null and r.charged_minor is not null
        union all
        select d.rider_id, d.fare_day, a.currency, true, -w.paid_minor
        from asked d join wallet_account a using (rider_id)
        join wallet_day w on w.account_id = a.account_id and w.fare_day = d.fare_day
        union all
        select d.rider_id, d.fare_day, w.currency, false, -w.amount_minor
        from asked d join charge_window w on w.lane = $3 and w.rider_id = d.rider_id
          and w.fare_day = d.fare_day
        union all
        select d.rider_id, d.fare_day, e.currency, e.is_stored_value, -e.minor
        from asked d join erased_fare e on e.lane = $3 and e.rider_id = d.rider_id
          and e.fare_day = d.fare_day)
      select rider_id, fare_day, currency, is_stored_value, sum(minor)::int8 as minor from sums
      group by 1, 2, 3, 4 having sum(minor) <> 0 order by 2, 3, 1, 4
      """,
      [
        .identifiers(days.map { Optional($0.rider) }), .dates(days.map { Optional($0.fareDay) }),
        .int2(lane),
      ])
    return try rows.map { row in
      ErasedFareRow(
        rider: try row.identifier("rider_id"), fareDay: try row.date("fare_day"),
        currency: try row.currency("currency"), isStoredValue: try row.bool("is_stored_value"),
        minor: try row.int8("minor"))
    }
  }

  /// Writes down what was booked of erased riders' days.
  package func add(
    _ rows: [(fare: ErasedFareRow, entryID: Int64)], at moment: Instant
  ) async throws {
    guard !rows.isEmpty else { return }
    let fares = rows.map(\.fare)
    try await connection.execute(
      """
      insert into erased_fare (lane, rider_id, fare_day, currency, is_stored_value, minor, entry_id,
        booked_at)
      select *, $8::timestamptz from unnest($1::int2[], $2::uuid[], $3::date[], $4::text[], $5::bool[], $6::int8[],
        $7::int8[])
      """,
      [
        .int2s(fares.map { Optional(Lane.of($0.rider)) }),
        .identifiers(fares.map { Optional($0.rider) }), .dates(fares.map { Optional($0.fareDay) }),
        .texts(fares.map { Optional($0.currency.code) }),
        .bools(fares.map { Optional($0.isStoredValue) }), .int8s(fares.map { Optional($0.minor) }),
        .int8s(rows.map { Optional($0.entryID) }), .timestamptz(moment),
      ])
  }
}
