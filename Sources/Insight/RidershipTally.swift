import Basics
import Ridership
import Store
import Transit

/// Groups of boardings of several days on their way into an answer.
struct RidershipTally {
  /// A route in a direction.
  private struct LineName: Hashable {
    let route: String?
    let direction: Int?
  }

  private let question: RidershipQuestion
  private var counts = RideCounts()
  private var names: [String: String] = [:]
  private var network = Network.empty
  private var feedID: Int64?
  /// Lines of the network that were asked for; nil where it has no such line.
  private var lines: [LineName: LineOrder?] = [:]
  /// The lines that rides were counted on; two where they are more.
  private var countedLines: Set<LineOrder> = []
  private var route: (id: String, name: String, operatorID: String?)?
  private var hasDirection = false
  private var feeds: [FeedRecord] = []
  private var daysByOtherFeeds = 0
  private var ofNoRoute = RiderGroup()

  /// Starts at nothing.
  init(question: RidershipQuestion) { self.question = question }

  /// Goes on to a day by its network; whether anything on it can be meant.
  ///
  /// `route` is the place of the route that is asked for, if it has it.
  mutating func goOn(by day: DayNetwork, route index: Int?) -> Bool {
    let city = day.city
    if let feed = city.feed, !feeds.contains(feed) { feeds.append(feed) }
    daysByOtherFeeds += day.othersCount
    if city.feed?.id != feedID || lines.isEmpty {
      nameStops()
      (network, feedID, lines) = (city.network, city.feed?.id, [:])
    }
    guard question.route != nil else { return true }
    guard let index else { return false }
    let about = network.routes[index]
    route = (about.id, about.name, network.operatorID(ofRoute: index))
    if let direction = question.direction {
      guard network.mainPattern(route: index, direction: direction) != nil else { return false }
    }
    hasDirection = true
    return true
  }

  /// Why there is no answer; nil when there is one.
  var refusal: RidershipOutcome? {
    guard question.route != nil else { return nil }
    guard route != nil else { return .routeUnknown }
    return hasDirection ? nil : .noSuchDirection
  }

  /// Counts the people of a day whose boarding names no known route.
  ///
  /// Where all routes are asked for they are among the groups too: without a stop, or off the line.
  mutating func addOfNoRoute(_ group: RiderGroup) { ofNoRoute.add(group) }

  /// Counts the groups of a day.
  mutating func add(_ groups: [RouteBoardingGroup]) {
    let byLine = Dictionary(grouping: groups) {
      LineName(route: $0.route, direction: $0.direction)
    }
    for (name, groups) in byLine {
      let grouped = GroupedRides(
        groups.map(\.group), route: name.route ?? "", direction: name.direction ?? 0)
      let line = line(name)
      if let line, countedLines.count < 2 { countedLines.insert(line) }
      counts.add(
        grouped.rides, unplaced: grouped.unplaced, unplacedRiders: grouped.unplacedRiders,
        line: line, hours: HourBand(question.hours), zone: .utc,
        hasDirection: name.direction != nil, hasRoute: !isBesideNoRoute || isKnown(name.route))
    }
  }

  /// Whether the boardings of no known route are told beside others that have them among them.
  private var isBesideNoRoute: Bool {
    question.route == nil && question.operatorID == nil && question.hours == nil
  }

  private func isKnown(_ route: String?) -> Bool {
    route.flatMap(network.routeIndex(id:)) != nil
  }

  private mutating func line(_ name: LineName) -> LineOrder? {
    if let known = lines[name] { return known }
    var line: LineOrder?
    if let id = name.route, let direction = name.direction, let route = network.routeIndex(id: id) {
      let patterns = network.routePatterns(ofRoute: route).filter { $0.direction == direction }
      if !patterns.isEmpty { line = LineOrder(patterns: patterns) }
    }
    lines[name] = .some(line)
    return line
  }

  /// Names the stops counted so far by the network that the last days had.
  private mutating func nameStops() {
    for stop in counts.stops.keys where network.stopIndex(id: stop) != nil {
      names[stop] = network.stopName(id: stop)
    }
  }

  /// What was counted, as it may be shown.
  consuming func answer(waitingDays: Int, missing: MissingTaps) -> RidershipAnswer {
    nameStops()
    let names = names
    func name(_ stop: String) -> String { names[stop] ?? stop }
    let cells = question.isExact ? SmallCells(ridersMin: 1) : SmallCells()
    // Of one line the order of the stops tells something, as in its load.
    let shown = cells.protect(
      counts, along: countedLines.count == 1 ? countedLines.first : nil)
    return RidershipAnswer(
      route: route?.id, routeName: route?.name,
      operatorID: route?.operatorID ?? question.operatorID,
      days: question.days, direction: question.direction, hours: question.hours,
      pairs: shown.pairs.map { row in
        RidershipAnswer.PairRow(
          from: row.pair.from, fromName: name(row.pair.from), to: row.pair.to,
          toName: name(row.pair.to), riders: row.riders)
      }, ridersInSmallPairs: shown.ridersInSmallPairs,
      ridersWithBothEnds: shown.ridersWithBothEnds,
      stops: shown.stops.map { row in
        RidershipAnswer.StopRow(
          stop: row.stop, name: name(row.stop), boardings: row.boardings,
          alightings: row.alightings, boardingsWithoutAlighting: row.boardingsWithoutAlighting,
          hourlyBoardings: row.hourlyBoardings, hourlyAlightings: row.hourlyAlightings)
      }.sorted { ($0.name, $0.stop) < ($1.name, $1.stop) }, boardings: shown.boardings,
      boardingsWithoutAlighting: shown.boardingsWithoutAlighting,
      unplacedBoardings: shown.unplacedBoardings, boardingsOffLine: shown.boardingsOffLine,
      isRounded: shown.isRounded, ridersMin: shown.ridersMin,
      boardingsOfNoDirection: cells.boardingsOfNoDirection(counts),
      // In a direction they are not all among the others.
      boardingsOfNoRoute: isBesideNoRoute && question.direction == nil
        ? cells.boardingsOfNoRoute(counts) : cells.rounded(ofNoRoute),
      hasBoardingsOfNoRoute: ofNoRoute.people > 0,
      feeds: feeds,
      daysByOtherFeeds: daysByOtherFeeds, waitingDays: waitingDays, missing: missing)
  }
}
