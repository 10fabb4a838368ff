package import Basics
import Postgres

/// How much of a fare day a network placed.
package struct DayPlacing: Hashable, Sendable {
  package let feedID: Int64
  /// Vehicles' days whose boardings stand by it.
  package let vehicleDays: Int
}

extension LoadTables {
  /// By which networks the boardings of a fare day stand; days of vehicles that tell none are in no number.
  package func placings(on day: Day) async throws -> [DayPlacing] {
    let rows = try await connection.query(
      """
      select feed_id, count(*) as vehicle_days from vehicle_day
      where service_day = $1 and feed_id is not null group by feed_id order by feed_id desc
      """, [.date(day)])
    return try rows.map { row in
      DayPlacing(feedID: try row.int8("feed_id"), vehicleDays: try row.int("vehicle_days"))
    }
  }
}
