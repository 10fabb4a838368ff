import Basics
import Postgres

extension StoreSession {
  /// Sums of rides, kept by the runs that change them.
  package var rideSums: RideSumTables { RideSumTables(connection: connection) }
}

/// Sums of rides, kept by the runs that change them: what reports are added up from.
package struct RideSumTables {
  let connection: PostgresConnection

  /// Adds what a run of a lane changes.
  package func add(_ sums: RideSumChanges, lane: Int16) async throws {
    let rows = sums.changes.filter { !$0.value.isNothing }.sorted { $0.key < $1.key }
    guard !rows.isEmpty else { return }
    func texts(_ path: KeyPath<RideSumKey, String>) -> PostgresValue {
      .texts(rows.map { $0.key[keyPath: path] })
    }
    func numbers(_ path: KeyPath<RideSumChange, Int64>) -> PostgresValue {
      .int8s(rows.map { $0.value[keyPath: path] })
    }
    try await connection.execute(
      """
      insert into ride_sum as s (fare_day, accounting_date, lane, operator_id, route, mode,
        category, product, medium, currency, tariff_version, rides, riders, free_rides,
        reduced_rides, unknown_rides, late_rides, nominal_minor, charged_minor, concession_rides,
        free_people, reduced_people, concession_minor)
      select d, a, $1, o, r, m, c, p, k, u, v, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, n12
      from unnest($2::date[], $3::date[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::text[], $11::text[], $12::int8[], $13::int8[], $14::int8[],
        $15::int8[], $16::int8[], $17::int8[], $18::int8[], $19::int8[], $20::int8[],
        $21::int8[], $22::int8[], $23::int8[])
        as t(d, a, o, r, m, c, p, k, u, v, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, n12)
      on conflict (fare_day, accounting_date, lane, operator_id, route, mode, category, product,
        medium, currency, tariff_version) do update set
        rides = s.rides + excluded.rides, riders = s.riders + excluded.riders,
        free_rides = s.free_rides + excluded.free_rides,
        reduced_rides = s.reduced_rides + excluded.reduced_rides,
        unknown_rides = s.unknown_rides + excluded.unknown_rides,
        late_rides = s.late_rides + excluded.late_rides,
        nominal_minor = s.nominal_minor + excluded.nominal_minor,
        charged_minor = s.charged_minor + excluded.charged_minor,
        concession_rides = s.concession_rides + excluded.concession_rides,
        free_people = s.free_people + excluded.free_people,
        reduced_people = s.reduced_people + excluded.reduced_people,
        concession_minor = s.concession_minor + excluded.concession_minor
      """,
      [
        .int2(lane), .dates(rows.map { $0.key.fareDay }),
        .dates(rows.map { $0.key.accountingDate }),
        texts(\.operatorID), texts(\.route), texts(\.mode), texts(\.category), texts(\.product),
        texts(\.medium), texts(\.currency), texts(\.tariffVersion), numbers(\.rides),
        numbers(\.riders), numbers(\.freeRides), numbers(\.reducedRides), numbers(\.unknownRides),
        numbers(\.lateRides), numbers(\.nominalMinor), numbers(\.chargedMinor),
        numbers(\.concessionRides), numbers(\.freePeople), numbers(\.reducedPeople),
        numbers(\.concessionMinor),
      ])
  }
}
