package import Basics
import Ridership
package import Store
package import Transit

/// A question for the load of a route.
package struct RouteLoadQuestion: Sendable, Equatable {
  /// `route_id`, or a short name that one route has.
  package var route: String
  package var day: Day
  /// 0 or 1.
  package var direction: Int
  /// First hour and the hour after the last, 0 to 24; nil is the whole day.
  package var hours: Range<Int>?
  /// Whether small groups are shown as they are; by default they are hidden.
  package var isExact = false
  /// `agency_id` whose routes the asker may see; nil is all.
  package var operatorID: String?

  /// Asks for a whole day with small groups hidden.
  package init(route: String, day: Day, direction: Int) {
    self.route = route
    self.day = day
    self.direction = direction
  }
}

/// What became of a question for the load of a route.
package enum RouteLoadOutcome: Sendable, Equatable {
  case answer(RouteLoadAnswer)
  /// The network has no such route, or none that the asker may see.
  case routeUnknown
  /// Several routes have the short name: their ids.
  case routeAmbiguous([String])
  /// The route has no timetable in this direction.
  case noSuchDirection
}

/// Boardings, alightings and load of a route in one direction, as they may be shown.
///
/// A number that is nil stands for a group too small to be shown.
package struct RouteLoadAnswer: Sendable, Equatable {
  /// A stop of the line.
  package struct StopRow: Sendable, Equatable {
    /// `stop_id`.
    package let stop: String
    package let name: String
    package let boardings: Int?
    package let alightings: Int?
    /// Riders on board when leaving, of those whose alighting is known.
    package let load: Int?
  }

  /// `route_id`.
  package let route: String
  package let routeName: String
  package let longName: String
  package let mode: Mode
  package let operatorID: String?
  package let day: Day
  package let direction: Int
  package let hours: Range<Int>?
  package let stops: [StopRow]
  /// Boardings with a stop of the line.
  package let boardings: Int
  /// Of them, those whose alighting is not known: missing in alightings and load.
  package let boardingsWithoutAlighting: Int
  /// Boardings of the route whose stop is not known: missing everywhere.
  package let unplacedBoardings: Int
  /// Boardings at a stop that the line does not have: missing everywhere.
  package let boardingsOffLine: Int
  /// Boardings with a stop by hour of the day by the clock on the wall, 24 of them, whatever hours
  /// were asked for.
  package let hourly: [Int?]
  /// Whether all numbers are rounded to multiples of `ridersMin`.
  package let isRounded: Bool
  /// Smallest group that is shown; 1 when all are.
  package let ridersMin: Int
  /// Boardings of the route of no known direction, in both: among those off the line or without a stop.
  package let boardingsOfNoDirection: Int
  /// Boardings of the day whose route is not known, of all routes and hours: missing everywhere.
  package let boardingsOfNoRoute: Int
  /// Whether there are any, also too few to be told.
  package let hasBoardingsOfNoRoute: Bool
  /// The network that has the line, by which the boardings of the day stand; nil without one.
  package let feed: FeedRecord?
  /// Vehicle-days of the day whose boardings stand by another network: they may be off the line, or of no
  /// route, though they were neither.
  package let daysByOtherFeeds: Int
  /// Vehicle-days and rider-days of the day that are still worked out.
  package let waitingDays: Int
  /// Taps that are not among the boardings yet, of all routes and days.
  package let missing: MissingTaps

  /// Whether nothing is known that would still change the numbers, or that they leave out.
  package var isComplete: Bool {
    waitingDays == 0 && missing.isEmpty && !hasBoardingsOfNoRoute && daysByOtherFeeds == 0
  }

  /// The stop after which most riders are on board; nil when nobody is, or it may not be shown.
  package var busiest: StopRow? {
    stops.filter { ($0.load ?? 0) > 0 }.max { ($0.load ?? 0) < ($1.load ?? 0) }
  }
}

extension InsightDesk {
  /// The load of a route, by the network by which the boardings of the day stand.
  package func routeLoad(_ question: RouteLoadQuestion) async throws -> RouteLoadOutcome {
    let now = city.current
    return try await store.read { db in
      let day = try await DayNetwork(on: question.day, of: now, in: db)
      let network = day.city.network
      let named = routes(named: question.route, in: network, operatorID: question.operatorID)
      guard let route = named.first else { return .routeUnknown }
      guard named.count == 1 else {
        return .routeAmbiguous(named.map { network.routes[$0].id })
      }
      let patterns = network.routePatterns(ofRoute: route)
        .filter { $0.direction == question.direction }
      guard !patterns.isEmpty else { return .noSuchDirection }
      let groups = try await db.loads.boardings(
        route: network.routes[route].id, direction: question.direction, day: question.day,
        offsets: WallOffsets(day: question.day, clock: now.clock))
      let ofNoRoute = try await db.loads.ofNoRoute(
        of: network.routes.map(\.id), day: question.day)
      let backlog = try await db.standing.backlog(days: question.day...question.day)
      let profile = LoadProfile(
        line: LineOrder(patterns: patterns), groups: groups, ofNoRoute: ofNoRoute,
        question: question)
      return .answer(
        profile.answer(
          route: route, day: day, waitingDays: backlog.vehicleDays + backlog.travelDays,
          missing: try await db.loads.missingTaps()))
    }
  }

  /// The routes that a person may mean, of those the asker may see.
  func routes(named name: String, in network: Network, operatorID: String?) -> [Int] {
    let found =
      network.resolveRoute(name).map { [$0] }
      ?? network.routes.indices.filter { network.routes[$0].shortName == name }
    return found.filter { mayShow($0, network, operatorID) }
  }

  func mayShow(_ route: Int, _ network: Network, _ operatorID: String?) -> Bool {
    operatorID == nil || network.operatorID(ofRoute: route) == operatorID
  }
}

/// Groups of boardings on their way into a load profile.
private struct LoadProfile {
  let line: LineOrder
  let groups: [BoardingGroup]
  /// People of the day whose boarding names no known route.
  let ofNoRoute: RiderGroup
  let question: RouteLoadQuestion

  func answer(
    route: Int, day: DayNetwork, waitingDays: Int, missing: MissingTaps
  ) -> RouteLoadAnswer {
    let network = day.city.network
    let cells = question.isExact ? SmallCells(ridersMin: 1) : SmallCells()
    let rides = placed
    let counts = counts(of: rides, hours: question.hours, cells)
    let remaining = counts.remaining(of: rides)
    let load = cells.protect(
      RouteLoad(remaining, hours: HourBand(question.hours)), counts: counts)
    let about = network.routes[route]
    return RouteLoadAnswer(
      route: about.id, routeName: about.name, longName: about.longName, mode: about.mode,
      operatorID: network.operatorID(ofRoute: route), day: question.day,
      direction: question.direction, hours: question.hours,
      stops: load.stops.map { stop in
        RouteLoadAnswer.StopRow(
          stop: stop.stop, name: network.stopName(id: stop.stop), boardings: stop.boardings,
          alightings: stop.alightings, load: stop.departureLoad)
      }, boardings: load.boardings,
      boardingsWithoutAlighting: load.boardingsWithoutAlighting,
      unplacedBoardings: load.unplacedBoardings, boardingsOffLine: load.boardingsOffLine,
      hourly: hourly(rides, asked: remaining, cells),
      isRounded: load.isRounded, ridersMin: cells.ridersMin,
      boardingsOfNoDirection: cells.boardingsOfNoDirection(counts),
      boardingsOfNoRoute: cells.rounded(ofNoRoute),
      hasBoardingsOfNoRoute: ofNoRoute.people > 0, feed: day.city.feed,
      daysByOtherFeeds: day.othersCount, waitingDays: waitingDays, missing: missing)
  }

  /// The rides of the whole day, each on its places of the line.
  private var placed: LineRides {
    var placed = LineRides(line: line)
    for hasDirection in [true, false] {
      let grouped = GroupedRides(
        groups.filter { $0.isOfNoDirection != hasDirection }, route: question.route,
        direction: question.direction)
      placed.add(
        grouped.rides, unplaced: grouped.unplaced, unplacedRiders: grouped.unplacedRiders,
        zone: .utc, hasDirection: hasDirection)
    }
    return placed
  }

  /// The rides by stop and hour, few riders counted once.
  private func counts(of rides: LineRides, hours: Range<Int>?, _ cells: SmallCells) -> RideCounts {
    var counts = RideCounts()
    counts.add(rides, hours: HourBand(hours))
    return counts.countingFewOnce(cells, along: line)
  }

  /// Boardings by hour of the whole day; `remaining` are the rides that count in the hours that are asked for.
  ///
  /// These hours are told by what the stops are told by, and the others by the whole day: told by both, an hour would tell what
  /// counts once in one of them. Beside the stops an hour is a sum of cells, also where they are not told by hour.
  private func hourly(
    _ rides: LineRides, asked remaining: LineRides, _ cells: SmallCells
  ) -> [Int?] {
    let told = cells.hourlyBoardings(remaining)
    guard let asked = question.hours else { return told }
    let ofDay = counts(of: rides, hours: nil, cells)
    let others = cells.hourlyBoardings(ofDay.remaining(of: rides))
    return told.indices.map { asked.contains($0) ? told[$0] : others[$0] }
  }
}
