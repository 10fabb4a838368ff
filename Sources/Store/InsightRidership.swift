package import Basics
import Postgres

/// Boardings of one route and direction with the same two stops in the same hour.
package struct RouteBoardingGroup: Hashable, Sendable {
  /// `route_id`; nil where the network does not know the route.
  package let route: String?
  /// 0 or 1; nil where it is not known.
  package let direction: Int?
  package let group: BoardingGroup
}

extension LoadTables {
  /// Most groups that are read for one answer about the rides of several days and routes.
  package static let groupsMax = 500_000

  /// The boardings of a fare day, in groups, at most so many and one more.
  ///
  /// `routes` are those that count, nil for all; of a direction count those too of which none is known.
  package func boardings(
    routes: [String]?, direction: Int?, day: Day, offsets: WallOffsets, groupsMax: Int
  ) async throws -> [RouteBoardingGroup] {
    let isOfRoutes = routes != nil
    return try await groups(
      Self.groupsSQL(isOfRoutes: isOfRoutes, byRider: false),
      orElse: Self.groupsSQL(isOfRoutes: isOfRoutes, byRider: true),
      [
        .date(day), .texts((routes ?? []).map(Optional.some)),
        .orNull(direction) { .int2(Int16($0)) }, .timestamptz(offsets.changeAt),
        .int8(Int64(offsets.secondsBefore)), .int8(Int64(offsets.secondsAfter)),
        .int8(Int64(groupsMax) + 1),
      ]
    ) { row, whose in
      RouteBoardingGroup(
        route: try row.textOrNil("route"), direction: try row.intOrNil("direction"),
        group: BoardingGroup(
          hour: try row.int("hour"), stop: try row.textOrNil("stop"),
          stopOrder: try row.intOrNil("stop_order"), offStop: try row.textOrNil("off_stop"),
          offStopOrder: try row.intOrNil("off_stop_order"), riders: try row.int("riders"),
          whose: whose))
    }
  }

  /// The question for the boardings of a day; the tests look at how the database answers it.
  ///
  /// Of all routes it names the list too: a statement names each of its parameters.
  package static func groupsSQL(isOfRoutes: Bool, byRider: Bool) -> String {
    let keys = """
      route, direction, mod(floor(date_part('epoch', tapped_at))::int8
          + case when tapped_at < $4 then $5 else $6 end, 86400) / 3600 as hour,
        stop, stop_order, off_stop, off_stop_order
      """
    let boardings = """
      from boarding
      where fare_day = $1 and \(isOfRoutes ? "route = any($2::text[])" : "$2::text[] is not null")
        and ($3::int2 is null or direction = $3 or direction is null)
      """
    guard byRider else {
      return """
        select \(keys), \(sums(byRider: false)) \(boardings)
        group by 1, 2, 3, 4, 5, 6, 7 limit $7
        """
    }
    return """
      select route, direction, hour, stop, stop_order, off_stop, off_stop_order,
        \(sums(byRider: true))
      from (
        select \(keys), rider_id, sum(riders) as riders
        \(boardings)
        group by 1, 2, 3, 4, 5, 6, 7, 8) r
      group by 1, 2, 3, 4, 5, 6, 7 limit $7
      """
  }
}
