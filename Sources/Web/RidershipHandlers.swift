import Basics
import HTTPTypes
package import Insight
import Store
import Transit

/// Rides by pair of stops, and boardings and alightings by stop, for planners' own programs.
extension Handlers {
  /// Answers what planners ask about riders.
  func ridershipAnswer(_ request: WebRequest) async throws -> Answer {
    switch request.endpoint {
    case .routeLoad: try await routeLoad(request)
    case .routeBoardings: try await routeBoardings(request)
    case .originDestination: try await originDestination(request)
    case .stopBoardings: try await stopBoardings(request)
    default: throw Problem.notFound(request.target)
    }
  }

  private func routeBoardings(_ request: WebRequest) async throws -> Answer {
    guard let day = try request.queryDay("date") else {
      throw Problem.badParameter("date", "it is missing; add ?date=2026-11-22")
    }
    return .json(
      try await services.insight.routes(on: day, operatorID: request.caller?.operatorID).json)
  }

  private func originDestination(_ request: WebRequest) async throws -> Answer {
    let format = try Handlers.format(request)
    let answer = try await ridership(request)
    return format == "csv"
      ? Handlers.csv(answer.originDestinationCSV, name: "od-\(answer.daysText)")
      : .json(answer.originDestinationJSON)
  }

  private func stopBoardings(_ request: WebRequest) async throws -> Answer {
    let format = try Handlers.format(request)
    let answer = try await ridership(request)
    return format == "csv"
      ? Handlers.csv(answer.stopBoardingsCSV, name: "stops-\(answer.daysText)")
      : .json(answer.stopBoardingsJSON)
  }

  private func ridership(_ request: WebRequest) async throws -> RidershipAnswer {
    guard let first = try request.queryDay("date") else {
      throw Problem.badParameter("date", "it is missing; add ?date=2026-11-22")
    }
    guard
      let days = RidershipQuestion.days(from: first, to: try request.queryDay("to") ?? first)
    else {
      throw Problem.badParameter(
        "to", "it lies before `date`, or more than \(RidershipQuestion.daysMax - 1) days after")
    }
    var question = RidershipQuestion(days: days)
    question.route = request.queryText("route")
    question.direction = try request.queryInt("direction", in: 0...1)
    question.hours = try Handlers.hours(request)
    question.operatorID = request.caller?.operatorID
    switch try await services.insight.ridership(question) {
    case .answer(let answer): return answer
    case .routeUnknown: throw Problem.routeUnknown(question.route ?? "")
    case .routeAmbiguous(let ids):
      throw Problem.routeAmbiguous(question.route ?? "", ids)
    case .noSuchDirection:
      throw Problem.directionUnknown(question.route ?? "", question.direction ?? 0)
    case .tooMuch:
      throw Problem(
        .unprocessableContent, "ridership_too_much",
        "These are more boardings than one answer reads. Ask for fewer days, or for one route.")
    }
  }

  /// The span of hours asked for.
  static func hours(_ request: WebRequest) throws(Problem) -> Range<Int>? {
    guard let text = request.queryText("hours") else { return nil }
    guard let hours = RouteLoadQuestion.hours(text) else {
      throw .badParameter(
        "hours", "\(text) is not a span of hours; write 7-9 for 7:00 to 9:00")
    }
    return hours
  }
}

extension Problem {
  static func routeUnknown(_ route: String) -> Problem {
    Problem(.notFound, "route_unknown", "The network has no route \(route).")
  }

  static func routeAmbiguous(_ route: String, _ ids: [String]) -> Problem {
    Problem(
      .unprocessableContent, "route_ambiguous",
      "Several routes are called \(route): use one of \(ids.joined(separator: ", ")).")
  }

  static func directionUnknown(_ route: String, _ direction: Int) -> Problem {
    Problem(
      .notFound, "direction_unknown",
      "Route \(route) has no timetable in direction \(direction).")
  }
}

extension RoutesOfDay {
  /// The routes as JSON; a group too small to be shown is null.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("boardings_without_route", boardingsOfNoRoute)
    writer.member("all_have_routes", !hasBoardingsOfNoRoute)
    writer.member("smallest_group_shown", ridersMin)
    writer.member("feed", orNull: feed?.id)
    writer.member("days_by_other_feeds", daysByOtherFeeds)
    writer.member("routes", objects: routes) { writer, route in
      writer.member("route", route.id)
      writer.member("route_name", route.name)
      writer.member("mode", route.mode.rawValue)
      writer.member("operator", orNull: route.operatorID)
      writer.member("boardings", orNull: route.boardings)
      writer.member("boardings_without_stop", orNull: route.unplaced)
    }
    writer.endObject()
    return writer.bytes
  }
}

extension RidershipAnswer {
  /// The days as they stand in names of files.
  fileprivate var daysText: String {
    days.lowerBound == days.upperBound
      ? "\(days.lowerBound)" : "\(days.lowerBound)-\(days.upperBound)"
  }

  /// Riders by pair of stops as JSON.
  package var originDestinationJSON: [UInt8] {
    json { writer in
      writer.member("riders", ridersWithBothEnds)
      writer.member("riders_in_small_pairs", ridersInSmallPairs)
      writer.member("pairs", objects: pairs) { writer, row in
        writer.member("stop", row.from)
        writer.member("name", row.fromName)
        writer.member("to_stop", row.to)
        writer.member("to_name", row.toName)
        writer.member("riders", row.riders)
      }
    }
  }

  /// Boardings and alightings by stop and hour as JSON; a group too small to be shown is null.
  package var stopBoardingsJSON: [UInt8] {
    json { writer in
      writer.member("stops", objects: stops) { writer, row in
        writer.member("stop", row.stop)
        writer.member("name", row.name)
        writer.member("boardings", orNull: row.boardings)
        writer.member("alightings", orNull: row.alightings)
        writer.member("boardings_without_alighting", orNull: row.boardingsWithoutAlighting)
        writer.member("hourly_boardings", counts: row.hourlyBoardings)
        writer.member("hourly_alightings", counts: row.hourlyAlightings)
      }
    }
  }

  /// What was asked and what is missing, and in the middle what was counted.
  private func json(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("route", orNull: route)
    writer.member("route_name", orNull: routeName)
    writer.member("operator", orNull: operatorID)
    writer.member("date", days.lowerBound.description)
    writer.member("to", days.upperBound.description)
    writer.member("direction", orNull: direction)
    writer.member("hours", orNull: hours.map { "\($0.lowerBound)-\($0.upperBound)" })
    for (name, count) in countsByName { writer.member(name, count) }
    writer.member("rounded", isRounded)
    writer.member("smallest_group_shown", ridersMin)
    writer.key("feeds")
    writer.beginArray()
    for feed in feeds { writer.value(feed.id) }
    writer.endArray()
    writer.member("days_by_other_feeds", daysByOtherFeeds)
    writer.member("days_still_worked_out", waitingDays)
    writer.member("complete", isComplete)
    for (name, count) in missing.byName { writer.member(name, count) }
    body(&writer)
    writer.endObject()
    return writer.bytes
  }

  /// What is in the numbers and what they leave out, by the names that a load has.
  private var countsByName: [(String, Int)] {
    [
      ("boardings", boardings), ("boardings_without_alighting", boardingsWithoutAlighting),
      ("boardings_without_stop", unplacedBoardings), ("boardings_off_line", boardingsOffLine),
      ("boardings_without_direction", boardingsOfNoDirection),
      ("boardings_without_route", boardingsOfNoRoute),
    ]
  }

  /// Riders by pair of stops as CSV.
  ///
  /// At the end come rows whose stop is `about`: what is missing from the numbers, by its name.
  package var originDestinationCSV: String {
    var writer = CSVWriter()
    writer.row(["stop", "name", "to_stop", "to_name", "riders"])
    for row in pairs {
      writer.row([
        CSVWriter.cell(row.from), CSVWriter.cell(row.fromName), CSVWriter.cell(row.to),
        CSVWriter.cell(row.toName), String(row.riders),
      ])
    }
    let about =
      [("riders", ridersWithBothEnds), ("riders_in_small_pairs", ridersInSmallPairs)].map {
        ($0.0, String($0.1))
      } + self.about
    for (name, value) in about { writer.row(["about", name, "", "", value]) }
    return writer.text
  }

  /// Boardings and alightings by stop and hour as CSV; a group too small to be shown is empty.
  ///
  /// The hour `all` is the sum of a stop, since rounded hours do not add up to it; hours in which nothing
  /// happened have no row. At the end come rows whose stop is `about`.
  package var stopBoardingsCSV: String {
    func text(_ count: Int?) -> String { count.map(String.init) ?? "" }
    var writer = CSVWriter()
    writer.row([
      "stop", "name", "hour", "boardings", "alightings", "boardings_without_alighting",
    ])
    for row in stops {
      let stop = [CSVWriter.cell(row.stop), CSVWriter.cell(row.name)]
      writer.row(
        stop + [
          "all", text(row.boardings), text(row.alightings), text(row.boardingsWithoutAlighting),
        ])
      for (hour, (on, off)) in zip(row.hourlyBoardings, row.hourlyAlightings).enumerated()
      where on != 0 || off != 0 {
        writer.row(stop + [String(hour), text(on), text(off), ""])
      }
    }
    for (name, value) in about { writer.row(["about", name, "", value, "", ""]) }
    return writer.text
  }

  /// What the numbers leave out, for the end of a CSV.
  private var about: [(String, String)] {
    countsByName.map { ($0.0, String($0.1)) } + [
      ("feeds", feeds.map { String($0.id) }.joined(separator: " ")),
      ("days_by_other_feeds", String(daysByOtherFeeds)),
      ("days_still_worked_out", String(waitingDays)),
      ("complete", isComplete ? "true" : "false"),
    ] + missing.byName.map { ($0.0, String($0.1)) }
  }
}

extension MissingTaps {
  /// Taps that may still come into an answer, by names for programs.
  var byName: [(String, Int64)] {
    [
      ("taps_unsorted", unsorted), ("taps_set_aside", setAside), ("taps_quarantined", quarantined),
      ("tap_numbers_missing", numbers),
    ]
  }
}

extension JSONWriter {
  /// Writes a member that is a list of counts; a group too small to be shown is null.
  mutating func member(_ name: String, counts: [Int?]) {
    key(name)
    beginArray()
    for count in counts { if let count { value(count) } else { null() } }
    endArray()
  }
}
