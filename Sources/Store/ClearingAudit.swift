package import Basics
import Postgres

extension StoreSession {
  /// What an audit of the fares reads: whole riders, from their first day on.
  package var audit: AuditTables { AuditTables(connection: connection) }
}

/// A rider's fare day as it stands.
package struct StandingDay: Sendable {
  package let day: RiderDay
  /// Whether it waits for a rating, its first or another.
  package let isStale: Bool
  /// The network by which it was rated last; nil without one.
  package let feedID: Int64?
}

/// What an audit of the fares reads: whole riders, from their first day on.
package struct AuditTables {
  /// Riders read at once.
  package static let ridersPerPageMax = 500

  let connection: PostgresConnection

  /// The next riders of a lane, in the order of their ids.
  package func riders(
    lane: Int16, after rider: RiderID?, countMax: Int = ridersPerPageMax
  ) async throws -> [RiderID] {
    let rows = try await connection.query(
      """
      select rider_id from rider
      where lane = $1 and ($2::uuid is null or rider_id > $2) order by rider_id limit $3
      """,
      [
        .int2(lane), .orNull(rider) { .identifier($0) }, .int8(Int64(countMax)),
      ])
    return try rows.map { try $0.identifier(0) }
  }

  /// The next riders of all lanes who tapped within a period, in the order of their ids; one without an
  /// end goes on for ever.
  package func ridersWithTaps(
    from: Day, through: Day?, after rider: RiderID?, countMax: Int
  ) async throws -> [RiderID] {
    var parameters: [PostgresValue] = [.date(from), .int8(Int64(countMax))]
    var conditions = ""
    if let through {
      parameters.append(.date(through))
      conditions += " and fare_day <= $\(parameters.count)"
    }
    if let rider {
      parameters.append(.identifier(rider))
      conditions += " and rider_id > $\(parameters.count)"
    }
    let rows = try await connection.query(
      "select distinct rider_id from tap where fare_day >= $1\(conditions) order by rider_id limit $2",
      parameters)
    return try rows.map { try $0.identifier(0) }
  }

  /// The fare days of riders within a period in order, with the network by which each stands.
  package func days(
    lane: Int16, riders: [RiderID], within period: ClosedRange<Day>
  ) async throws -> [StandingDay] {
    let rows = try await connection.query(
      """
      select r.rider_id, r.fare_day, r.is_stale as stale, (
          select f.feed_id from fare_day f where f.lane = r.lane and f.rider_id = r.rider_id
            and f.fare_day = r.fare_day) as feed_id
      from rider_day r
      where r.lane = $1 and r.rider_id = any($2) and r.fare_day between $3 and $4
      order by r.rider_id, r.fare_day
      """,
      [
        .int2(lane), .identifiers(riders.map(Optional.some)), .date(period.lowerBound),
        .date(period.upperBound),
      ])
    return try rows.map { row in
      StandingDay(
        day: RiderDay(rider: try row.identifier("rider_id"), fareDay: try row.date("fare_day")),
        isStale: try row.bool("stale"), feedID: try row.int8OrNil("feed_id"))
    }
  }

  /// The fare days of riders from a day on, in order, with the state that stands after each; at most a count.
  package func ratedDays(
    lane: Int16, riders: [RiderID], from day: Day, countMax: Int? = nil
  ) async throws -> [(day: RiderDay, isStale: Bool, stateAfter: [UInt8])] {
    let rows = try await connection.query(
      """
      select rider_id, fare_day, is_stale as stale, state_after from rider_day
      where lane = $1 and rider_id = any($2) and fare_day >= $3 order by rider_id, fare_day
      limit $4
      """,
      [
        .int2(lane), .identifiers(riders.map(Optional.some)), .date(day),
        .orNull(countMax) { .int8(Int64($0)) },
      ])
    return try rows.map { row in
      (
        RiderDay(rider: try row.identifier("rider_id"), fareDay: try row.date("fare_day")),
        try row.bool("stale"), try row.bytea("state_after")
      )
    }
  }

  /// What the nearest fare day before a day left of each rider; riders without one are left out.
  package func states(
    lane: Int16, riders: [RiderID], before day: Day
  ) async throws -> [RiderID: [UInt8]] {
    let rows = try await connection.query(
      """
      select distinct on (rider_id) rider_id, state_after from fare_day
      where lane = $1 and rider_id = any($2) and fare_day < $3
      order by rider_id, fare_day desc
      """, [.int2(lane), .identifiers(riders.map(Optional.some)), .date(day)])
    var states: [RiderID: [UInt8]] = [:]
    for row in rows { states[try row.identifier("rider_id")] = try row.bytea("state_after") }
    return states
  }

  /// Journalled taps that are in no later table: number of unsorted batches, and those set aside.
  package func unsorted() async throws -> (waiting: Int, setAside: Int) {
    let row = try await connection.query(
      """
      select (select count(*) from unsorted_tap where not is_set_aside) as waiting,
        (select count(*) from unsorted_tap where is_set_aside) as set_aside
      """
    ).only()
    return (try row.int("waiting"), try row.int("set_aside"))
  }
}
