package import Basics
import Postgres

extension StoreSession {
  /// Denied taps that a merge or an erasure by an earlier program left with the number of before.
  package var strayTaps: StrayTapTables { StrayTapTables(connection: connection) }
}

/// Denied taps of a medium that stand under a rider who is another by now, or nobody.
package struct StrayTaps: Sendable, Equatable {
  package let lane: Int16
  package let rider: RiderID
  package let medium: MediumID
  package let days: [Day]
  /// Who the rider was merged into; nil where there is no rider of the number any more.
  package let kept: RiderID?
}

/// Denied taps that a merge or an erasure by an earlier program left with the number of before.
///
/// Those looked for taps on the rider's fare days alone, and a denied tap makes none. An accepted one was never left.
package struct StrayTapTables {
  let connection: PostgresConnection

  /// All of them, for which it goes through every tap; or those of some riders.
  package func list(of riders: Set<RiderID>? = nil) async throws -> [StrayTaps] {
    let rows = try await connection.query(
      """
      with recursive way as (
        select rider_id as gone, merged_into as kept from rider where merged_into is not null
        union all
        select w.gone, r.merged_into from way w join rider r on r.rider_id = w.kept
        where r.merged_into is not null),
      last as (
        select w.gone, w.kept from way w join rider r on r.rider_id = w.kept
        where r.merged_into is null)
      select t.lane, t.rider_id, t.medium_id, array_agg(distinct t.fare_day order by t.fare_day),
        l.kept
      from tap t left join rider r on r.rider_id = t.rider_id left join last l on l.gone = t.rider_id
      where not t.accepted and (r.rider_id is null or l.gone is not null)
        \(riders == nil ? "" : "and t.rider_id = any($1)")
      group by t.lane, t.rider_id, t.medium_id, l.kept order by 2, 3
      """, riders.map { [.identifiers($0.sorted().map(Optional.some))] } ?? [])
    return try rows.map { row in
      StrayTaps(
        lane: try row.int2(0), rider: try row.identifier(1), medium: try row.identifier(2),
        days: try row.dates(3).compactMap { $0 }, kept: try row.identifierOrNil(4))
    }
  }

  /// Founds nobody in a lane, for taps whose rider was erased before.
  package func found(nobody: RiderID, at now: Instant) async throws {
    try await connection.execute(
      "insert into rider (rider_id, lane, first_seen_at, erased_at) values ($1, $2, $3, $3)",
      [.identifier(nobody), .int2(Lane.of(nobody)), .timestamptz(now)])
  }

  /// Gives taps to a rider, and another name of their medium where one is given; how many.
  package func give(
    _ taps: StrayTaps, to rider: RiderID, as medium: MediumID? = nil
  ) async throws -> Int {
    try await connection.execute(
      """
      update tap t set rider_id = $5, lane = $6, medium_id = $7 from unnest($4::date[]) d
      where t.fare_day = d and t.lane = $1 and t.rider_id = $2 and t.medium_id = $3
        and not t.accepted
      """,
      [
        .int2(taps.lane), .identifier(taps.rider), .identifier(taps.medium),
        .dates(taps.days.map(Optional.some)), .identifier(rider), .int2(Lane.of(rider)),
        .identifier(medium ?? taps.medium),
      ])
  }
}
