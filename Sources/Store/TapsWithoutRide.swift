package import Basics
import Postgres

extension StoreSession {
  /// Taps off that ended no ride.
  package var tapsWithoutRide: TapWithoutRideTables {
    TapWithoutRideTables(connection: connection)
  }
}

/// Taps off that ended no ride: nothing is written down about them, they are those that no ride names.
package struct TapWithoutRideTables {
  /// Most taps of one answer.
  package static let tapsMax = 1000

  let connection: PostgresConnection

  /// Those of a rider on fare days that are rated, in order of time.
  package func list(
    of rider: RiderID, days: ClosedRange<Day>
  ) async throws -> [TapRow] {
    let rows = try await connection.query(
      """
      select \(RatingTables.tapColumns) from tap t
      join fare_day f on f.lane = t.lane and f.rider_id = t.rider_id and f.fare_day = t.fare_day
      where t.lane = $1 and t.rider_id = $2 and t.fare_day between $3 and $4
        and f.stale_since is null and f.rated_at is not null and \(TapParcelTables.hasArrived)
        and \(Self.endsNoRide)
      order by t.tapped_at, t.device_id, t.epoch, t.seq limit $5
      """,
      [
        .int2(Lane.of(rider)), .identifier(rider), .date(days.lowerBound),
        .date(days.upperBound), .int8(Int64(Self.tapsMax)),
      ])
    return try rows.map { row in try RatingTables.tap(row) }
  }

  /// Holds for a tap `t` off that no ride of its rider's day ends with.
  static let endsNoRide = """
    t.kind = 'off' and t.accepted and not exists (
      select from ride o where o.lane = t.lane and o.rider_id = t.rider_id
        and o.fare_day = t.fare_day and o.off_device_id = t.device_id and o.off_epoch = t.epoch
        and o.off_seq = t.seq and o.reversed_run_id is null)
    """
}
