package import Basics
import Postgres
package import Ridership

extension StoreSession {
  /// Boardings of routes, summed.
  package var loads: LoadTables { LoadTables(connection: connection) }
}

/// Boardings with the same two stops in the same hour.
package struct BoardingGroup: Hashable, Sendable {
  /// Hour by the clock on the wall, 0 to 23.
  package let hour: Int
  /// `stop_id`; nil where it is not known.
  package let stop: String?
  /// Place of the stop in the pattern, from 0; nil without a stop.
  package let stopOrder: Int?
  /// `stop_id`; nil where it is not known.
  package let offStop: String?
  package let offStopOrder: Int?
  /// People.
  package let riders: Int
  /// Whose boardings they are.
  package let whose: SomeRiders
  /// Whether no direction is known, so that they are in both.
  package let isOfNoDirection: Bool

  /// Makes a group.
  package init(
    hour: Int, stop: String?, stopOrder: Int?, offStop: String?, offStopOrder: Int?, riders: Int,
    whose: SomeRiders, isOfNoDirection: Bool = false
  ) {
    self.whose = whose
    self.isOfNoDirection = isOfNoDirection
    self.hour = hour
    self.stop = stop
    self.stopOrder = stopOrder
    self.offStop = offStop
    self.offStopOrder = offStopOrder
    self.riders = riders
  }

  /// Where it stands among others, so that what is made of them does not hang on how they were found.
  fileprivate var place: (Int, Int, Int, String, String, Int) {
    (hour, stopOrder ?? -1, offStopOrder ?? -1, stop ?? "", offStop ?? "", isOfNoDirection ? 1 : 0)
  }

  /// Who boarded.
  package var people: RiderGroup { RiderGroup(people: riders, riders: whose) }
}

/// Boardings of a route on a day.
package struct RouteBoardings: Hashable, Sendable {
  /// `route_id`, of any network.
  package let route: String
  /// With a stop.
  package let placed: RiderGroup
  /// Without one.
  package let unplaced: RiderGroup
}

/// Taps that are not among the boardings yet, of all routes and days.
package struct MissingTaps: Hashable, Sendable {
  /// Taps of batches that wait to be sorted.
  package var unsorted: Int64 = 0
  /// Taps of batches that were set aside, as they could not be sorted.
  package var setAside: Int64 = 0
  /// Taps in quarantine.
  package var quarantined: Int64 = 0
  /// Numbers of taps that never came, though later ones did.
  package var numbers: Int64 = 0

  /// Starts at none.
  package init() {}

  /// Whether none is known to be missing.
  package var isEmpty: Bool { self == MissingTaps() }
}

/// Boardings of routes, summed.
package struct LoadTables {
  /// Most routes of one answer.
  package static let routesMax = 10_000

  let connection: PostgresConnection

  /// The boardings of a route in a direction on a fare day, in groups.
  ///
  /// Boardings of which no direction is known, without a stop or at one off the line, are in both.
  /// `offsets` says how far the clock on the wall is from UTC: before a moment of the day, and from
  /// it on.
  package func boardings(
    route: String, direction: Int, day: Day, offsets: WallOffsets
  ) async throws -> [BoardingGroup] {
    let parameters: [PostgresValue] = [
      .date(day), .text(route), .int2(Int16(direction)), .timestamptz(offsets.changeAt),
      .int8(Int64(offsets.secondsBefore)), .int8(Int64(offsets.secondsAfter)),
    ]
    let groups = try await groups(
      Self.boardingsSQL(byRider: false), orElse: Self.boardingsSQL(byRider: true), parameters
    ) { row, whose in
      BoardingGroup(
        hour: try row.int("hour"), stop: try row.textOrNil("stop"),
        stopOrder: try row.intOrNil("stop_order"), offStop: try row.textOrNil("off_stop"),
        offStopOrder: try row.intOrNil("off_stop_order"), riders: try row.int("riders"),
        whose: whose, isOfNoDirection: try row.bool("is_of_no_direction"))
    }
    // The database would put all boardings in order for it, instead of the groups.
    return groups.sorted { $0.place < $1.place }
  }

  /// Groups of boardings with whose they are.
  ///
  /// The first question names only as many boardings of each group as nearly always tell that their riders are not few,
  /// in half the time of the second, which adds up each rider by themselves and is asked where the first does not tell.
  func groups<Group>(
    _ sql: String, orElse exactSQL: String, _ parameters: [PostgresValue],
    _ group: (PostgresRow, SomeRiders) throws -> Group
  ) async throws -> [Group] {
    var groups: [Group] = []
    for row in try await connection.query(sql, parameters) {
      let whose = try Self.whose(row)
      let boardings = try row.int("boardings")
      guard whose.count == SomeRiders.countMax || boardings <= Self.namedMax else {
        return try await connection.query(exactSQL, parameters).map {
          try group($0, try Self.whose($0))
        }
      }
      groups.append(try group(row, whose))
    }
    return groups
  }

  /// Most boardings of a group that are named; hardly anybody rides twice between two stops within an hour.
  static let namedMax = 2 * SomeRiders.countMax

  /// The columns of a group of boardings: how many people, and whose they are.
  static func sums(byRider: Bool) -> String {
    byRider
      ? "sum(riders)::int8 as riders, \(whoseSQL) as rider_ids"
      : "sum(riders)::int8 as riders, count(*) as boardings, (array_agg(rider_id))[1:\(namedMax)] as rider_ids"
  }

  /// Of the riders of a group as many as tell whether they are few; which ones does not matter.
  ///
  /// It is asked of rows of which each is all boardings of one rider: `distinct` would keep PostgreSQL from
  /// hashing the groups, and 15 would sort each of them.
  static let whoseSQL = "(array_agg(rider_id))[1:\(SomeRiders.countMax)]"

  /// The same of those rows for which a condition holds; empty where there is none.
  private static func whoseSQL(where condition: String) -> String {
    "coalesce((array_agg(rider_id) filter (where \(condition)))[1:\(SomeRiders.countMax)], '{}')"
  }

  /// Whose boardings a row is of.
  static func whose(_ row: PostgresRow, _ column: String = "rider_ids") throws -> SomeRiders {
    SomeRiders(
      try row.uuids(column).compactMap { uuid in
        uuid.map { RiderID(high: $0.high, low: $0.low) }
      })
  }

  /// The question for a route's load; the tests look at how the database answers it.
  package static func boardingsSQL(byRider: Bool) -> String {
    let keys = """
      mod(floor(date_part('epoch', tapped_at))::int8
          + case when tapped_at < $4 then $5 else $6 end, 86400) / 3600 as hour,
        stop, stop_order, off_stop, off_stop_order, direction is null as is_of_no_direction
      """
    let boardings = """
      from boarding
      where fare_day = $1 and route = $2
        and (direction = $3 or direction is null)
      """
    guard byRider else {
      return "select \(keys), \(sums(byRider: false)) \(boardings) group by 1, 2, 3, 4, 5, 6"
    }
    return """
      select hour, stop, stop_order, off_stop, off_stop_order, is_of_no_direction,
        \(sums(byRider: true))
      from (
        select \(keys), rider_id, sum(riders) as riders
        \(boardings)
        group by 1, 2, 3, 4, 5, 6, 7) r
      group by 1, 2, 3, 4, 5, 6
      """
  }

  /// Taps that are not among the boardings yet.
  package func missingTaps() async throws -> MissingTaps {
    let row = try await connection.query(
      """
      select coalesce((
          select sum(upper(r) - lower(r)) from tap_batch b, unnest(b.fresh - b.quarantined) r
          where b.sorted_at is null and b.sort_fault is null), 0)::int8 as unsorted, coalesce((
          select sum(taps) from unsorted_tap where is_set_aside), 0)::int8 as set_aside, (
          select count(*) from tap_quarantine where state = 'held') + (
          select count(*) from tap_quarantine where state = 'released' and sorted_at is null)
          as quarantined,
        (select \(WideSums.held("sum(upper(r) - lower(r))")) from device_epoch e, unnest(
          int8multirange(int8range(1, greatest(upper(e.seen), 1))) - e.seen) r
          where not isempty(e.seen)) as numbers
      """
    ).only()
    var missing = MissingTaps()
    missing.unsorted = try row.int8("unsorted")
    missing.setAside = try row.int8("set_aside")
    missing.quarantined = try row.int8("quarantined")
    missing.numbers = try row.int8("numbers")
    return missing
  }

  /// People of a fare day whose boarding names none of some routes.
  package func ofNoRoute(of known: [String], day: Day) async throws -> RiderGroup {
    let row = try await connection.query(
      Self.ofNoRouteSQL, [.date(day), .texts(known.map(Optional.some))]
    ).only()
    return RiderGroup(people: try row.int("riders"), riders: try Self.whose(row))
  }

  /// The question for boardings of no known route; the tests look at how the database answers it.
  ///
  /// A day may have a million boardings, and hardly one of no known route. So the index is not read through: it is
  /// asked for the next route after each, and of those that nobody knows, and of none, the boardings are read.
  package static let ofNoRouteSQL = """
    with recursive named (route) as (
      (select route from boarding where fare_day = $1 and route is not null
        order by route limit 1)
      union all
      select (select b.route from boarding b where b.fare_day = $1 and b.route > n.route
        order by b.route limit 1)
      from named n where n.route is not null),
    lost as (
      select riders, rider_id from boarding where fare_day = $1 and route is null
      union all
      select b.riders, b.rider_id from (
        select n.route from named n
        where n.route is not null and not exists (
          select from unnest($2::text[]) as k(route) where k.route = n.route)) u
      cross join lateral (
        select riders, rider_id from boarding
        where fare_day = $1 and route = u.route offset 0) b)
    select (select coalesce(sum(riders), 0) from lost)::int8 as riders,
      array(select distinct rider_id from lost limit \(SomeRiders.countMax)) as rider_ids
    """

  /// Boardings of every route of a fare day; ``ofNoRoute(of:day:)`` counts those that name none.
  package func routes(on day: Day) async throws -> [RouteBoardings] {
    let rows = try await connection.query(
      Self.routesSQL, [.date(day), .int8(Int64(Self.routesMax))])
    return try rows.map { row in
      RouteBoardings(
        route: try row.text("route"),
        placed: RiderGroup(
          people: try row.int("placed"), riders: try Self.whose(row, "placed_ids")),
        unplaced: RiderGroup(
          people: try row.int("unplaced"), riders: try Self.whose(row, "unplaced_ids")))
    }
  }

  /// The question for the boardings of every route; the tests look at how the database answers it.
  package static let routesSQL = """
    select route, sum(placed)::int8 as placed, sum(unplaced)::int8 as unplaced,
      \(whoseSQL(where: "placed > 0")) as placed_ids,
      \(whoseSQL(where: "unplaced > 0")) as unplaced_ids
    from (
      select route, rider_id,
        coalesce(sum(riders) filter (where stop is not null), 0) as placed,
        coalesce(sum(riders) filter (where stop is null), 0) as unplaced
      from boarding where fare_day = $1 and route is not null
      group by route, rider_id) r
    group by route order by route limit $2
    """
}

/// How far the clock on the wall is from UTC during a day, on which it may change once.
package struct WallOffsets: Hashable, Sendable {
  /// From this moment on `secondsAfter` holds.
  package let changeAt: Instant
  /// Seconds east of UTC.
  package let secondsBefore: Int
  /// Seconds east of UTC.
  package let secondsAfter: Int

  /// The offsets of a fare day.
  package init(day: Day, clock: CityClock) {
    var low = clock.start(of: day)
    var high = clock.start(of: day.adding(days: 1))
    secondsBefore = clock.zone.offsetSeconds(at: low)
    secondsAfter = clock.zone.offsetSeconds(at: high)
    // Clocks change on a full second: the first one that has the offset of the end.
    while secondsBefore != secondsAfter, high.seconds - low.seconds > 1 {
      let middle = Instant(seconds: (low.seconds + high.seconds) / 2)
      if clock.zone.offsetSeconds(at: middle) == secondsBefore {
        low = middle
      } else {
        high = middle
      }
    }
    changeAt = high
  }
}
