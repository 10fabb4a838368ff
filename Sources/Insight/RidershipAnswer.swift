package import Basics
import Ridership
package import Store
import Transit

/// A question for rides by pair of stops, and for boardings and alightings by stop.
package struct RidershipQuestion: Sendable, Equatable {
  /// Most fare days of one question.
  package static let daysMax = 31

  package var days: ClosedRange<Day>
  /// `route_id`, or a short name that one route has; nil is all routes.
  package var route: String?
  /// 0 or 1; nil is both.
  package var direction: Int?
  /// First hour and the hour after the last, 0 to 24; nil is the whole day.
  package var hours: Range<Int>?
  /// Whether small groups are shown as they are; by default they are hidden.
  package var isExact = false
  /// `agency_id` whose routes the asker may see; nil is all.
  package var operatorID: String?

  /// Asks for all routes and hours with small groups hidden.
  package init(days: ClosedRange<Day>) { self.days = days }

  /// The days from one to another; nil when they are none, or more than ``daysMax``.
  package static func days(from first: Day, to last: Day) -> ClosedRange<Day>? {
    first <= last && last.number - first.number < daysMax ? first...last : nil
  }
}

/// What became of a question for rides.
package enum RidershipOutcome: Sendable, Equatable {
  case answer(RidershipAnswer)
  /// The network of none of the days has such a route, or none that the asker may see.
  case routeUnknown
  /// Several routes have the short name: their ids.
  case routeAmbiguous([String])
  /// The route has no timetable in this direction.
  case noSuchDirection
  /// More groups of boardings than one answer reads.
  case tooMuch
}

/// Rides by pair of stops, and boardings and alightings by stop, as they may be shown.
///
/// A number that is nil stands for a group too small to be shown. What the numbers leave out is told as a
/// load tells it, by the same names.
package struct RidershipAnswer: Sendable, Equatable {
  /// Riders from one stop to another, no small group.
  package struct PairRow: Sendable, Equatable {
    /// `stop_id`.
    package let from: String
    package let fromName: String
    /// `stop_id`.
    package let to: String
    package let toName: String
    package let riders: Int
  }

  /// What happened at a stop.
  package struct StopRow: Sendable, Equatable {
    /// `stop_id`.
    package let stop: String
    package let name: String
    package let boardings: Int?
    package let alightings: Int?
    /// Of the boardings, those whose alighting is not known.
    package let boardingsWithoutAlighting: Int?
    /// By hour of the boarding by the clock on the wall, 24 of them.
    package let hourlyBoardings: [Int?]
    /// As the boardings of these riders: nobody knows when they got off.
    package let hourlyAlightings: [Int?]
  }

  /// `route_id`; nil is all routes.
  package let route: String?
  package let routeName: String?
  /// `agency_id` of the route, or whose routes the asker sees; nil is all.
  package let operatorID: String?
  package let days: ClosedRange<Day>
  /// 0 or 1; nil is both.
  package let direction: Int?
  package let hours: Range<Int>?
  /// The largest first; those too small to be shown are not among them.
  package let pairs: [PairRow]
  /// Riders of the pairs that are not listed.
  package let ridersInSmallPairs: Int
  /// Riders of whom both ends are known.
  package let ridersWithBothEnds: Int
  /// By name.
  package let stops: [StopRow]
  /// Boardings with a stop of their line.
  package let boardings: Int
  /// Of them, those whose alighting is not known: in no pair.
  package let boardingsWithoutAlighting: Int
  /// Boardings whose stop is not known: missing everywhere.
  package let unplacedBoardings: Int
  /// Boardings at a stop that their line does not have: missing everywhere.
  package let boardingsOffLine: Int
  /// Whether all numbers are rounded to multiples of `ridersMin`.
  package let isRounded: Bool
  /// Smallest group that is shown; 1 when all are.
  package let ridersMin: Int
  /// Boardings of no known direction: among those off the line or without a stop.
  package let boardingsOfNoDirection: Int
  /// Boardings of the days whose route is not known, of all routes and hours: missing everywhere.
  ///
  /// Where neither a route nor an operator is asked for, those of the hours are also among the boardings without a
  /// stop or off the line.
  package let boardingsOfNoRoute: Int
  /// Whether there are any, also too few to be told.
  package let hasBoardingsOfNoRoute: Bool
  /// The networks by which the boardings of the days stand, in the order of the days.
  package let feeds: [FeedRecord]
  /// Vehicle-days whose boardings stand by another network than their day is shown by.
  package let daysByOtherFeeds: Int
  /// Vehicle-days and rider-days of the days that are still worked out.
  package let waitingDays: Int
  /// Taps that are not among the boardings yet, of all routes and days.
  package let missing: MissingTaps

  /// Whether nothing is known that would still change the numbers, or that they leave out.
  package var isComplete: Bool {
    waitingDays == 0 && missing.isEmpty && !hasBoardingsOfNoRoute && daysByOtherFeeds == 0
  }
}

extension InsightDesk {
  /// Rides by pair of stops, and boardings and alightings by stop, of some fare days.
  ///
  /// Each day is counted by the network by which its boardings stand.
  package func ridership(
    _ question: RidershipQuestion, groupsMax: Int = LoadTables.groupsMax
  ) async throws -> RidershipOutcome {
    let (first, last) = (question.days.lowerBound, question.days.upperBound)
    precondition(
      RidershipQuestion.days(from: first, to: last) != nil, "more days asked than one answer has")
    let now = city.current
    return try await store.read { db in
      var tally = RidershipTally(question: question)
      var groupsLeft = groupsMax
      for day in (first.number...last.number).map(Day.init(number:)) {
        let then = try await DayNetwork(on: day, of: now, in: db)
        let city = then.city
        let named = question.route.map {
          routes(named: $0, in: city.network, operatorID: question.operatorID)
        }
        if let named, named.count > 1 {
          return .routeAmbiguous(named.map { city.network.routes[$0].id })
        }
        tally.addOfNoRoute(
          try await db.loads.ofNoRoute(of: city.network.routes.map(\.id), day: day))
        guard tally.goOn(by: then, route: named?.first) else { continue }
        let groups = try await db.loads.boardings(
          routes: routeIDs(named, in: city.network, operatorID: question.operatorID),
          direction: question.direction, day: day,
          offsets: WallOffsets(day: day, clock: now.clock), groupsMax: groupsLeft)
        groupsLeft -= groups.count
        guard groupsLeft >= 0 else { return .tooMuch }
        tally.add(groups)
      }
      if let refusal = tally.refusal { return refusal }
      let backlog = try await db.standing.backlog(days: question.days)
      return .answer(
        tally.answer(
          waitingDays: backlog.vehicleDays + backlog.travelDays,
          missing: try await db.loads.missingTaps()))
    }
  }

  /// The routes whose boardings count: the one that is asked for, else those the asker may see; nil is all,
  /// and those that no network knows.
  private func routeIDs(_ named: [Int]?, in network: Network, operatorID: String?) -> [String]? {
    if let named { return named.map { network.routes[$0].id } }
    guard operatorID != nil else { return nil }
    return network.routes.indices.filter { mayShow($0, network, operatorID) }
      .map { network.routes[$0].id }
  }
}
