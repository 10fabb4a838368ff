import ArgumentParser
import Basics
import Foundation
import Insight
import Store
import Web

/// The load of a route by stop.
struct LoadCommand: AsyncParsableCommand {
  /// How a load is written.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case table, csv, json
  }

  /// Length of the longest bar of the chart.
  static let barCharactersMax = 40

  static let configuration = CommandConfiguration(
    commandName: "load", abstract: "Shows boardings, alightings and load of a route by stop.",
    discussion: "A group too small to be shown is written as <5, and the rest rounded to match.")

  @Option(help: "route_id, or a short name that one route has.")
  var route: String

  @Option(help: "Fare day.", transform: Day.argument)
  var date: Day

  @Option(help: "0 or 1; both without it.")
  var direction: Int?

  @Option(help: "A span of hours: 7-9 is 7:00 to 9:00.")
  var hours: String?

  @Option(help: "table, csv or json.")
  var format: Format = .table

  @Flag(help: "Shows small groups too; for whoever may see single riders.")
  var exact = false

  @OptionGroup var database: DatabaseOptions

  func validate() throws {
    if let direction, !(0...1).contains(direction) {
      throw ValidationError("--direction is 0 or 1.")
    }
    if let hours, RouteLoadQuestion.hours(hours) == nil {
      throw ValidationError("\(hours) is not a span of hours; write 7-9 for 7:00 to 9:00.")
    }
  }

  func run() async throws {
    let directions = direction.map { [$0] } ?? [0, 1]
    let outcomes = try await Backbone.with(database) { backbone in
      let city = CityHolder()
      try await city.reload(from: backbone.store)
      let desk = InsightDesk(store: backbone.store, city: city)
      var outcomes: [RouteLoadOutcome] = []
      for direction in directions {
        var question = RouteLoadQuestion(route: route, day: date, direction: direction)
        question.hours = hours.flatMap(RouteLoadQuestion.hours)
        question.isExact = exact
        outcomes.append(try await desk.routeLoad(question))
      }
      return outcomes
    }
    var isAnswered = false
    for outcome in outcomes {
      switch outcome {
      case .answer(let answer):
        isAnswered = true
        show(answer)
      case .routeUnknown:
        throw CommandFault(
          "The network has no route \(route). See `kvytok network show`.",
          exitCode: CommandFault.no)
      case .routeAmbiguous(let ids):
        throw CommandFault(
          "Several routes are called \(route): use one of \(ids.joined(separator: ", ")).",
          exitCode: CommandFault.no)
      case .noSuchDirection: continue
      }
    }
    guard isAnswered else {
      throw CommandFault(
        "Route \(route) has no timetable in this direction.", exitCode: CommandFault.no)
    }
  }

  private func show(_ answer: RouteLoadAnswer) {
    switch format {
    case .csv: print(answer.csv, terminator: "")
    case .json: print(String(decoding: answer.json, as: UTF8.self))
    case .table: print(chart(answer))
    }
  }

  private func chart(_ answer: RouteLoadAnswer) -> String {
    let few = "<\(answer.ridersMin)"
    let highest = max(answer.stops.map { $0.load ?? 0 }.max() ?? 0, 1)
    var table = TextTable([
      ("", .right), ("stop", .left), ("on", .right), ("off", .right), ("load", .right),
      ("", .left),
    ])
    for (index, row) in answer.stops.enumerated() {
      let width = max(row.load ?? 0, 0) * Self.barCharactersMax / highest
      table.add([
        String(index + 1), row.name, row.boardings.map(String.init) ?? few,
        row.alightings.map(String.init) ?? few, row.load.map(String.init) ?? few,
        String(repeating: "█", count: width),
      ])
    }
    var lines = [
      "\(answer.routeName) (\(answer.route)), direction \(answer.direction), \(answer.day)"
        + (answer.hours.map { ", \($0.lowerBound):00 to \($0.upperBound):00" } ?? ""),
      table.text,
      "boardings with a stop: \(answer.boardings); without: \(answer.unplacedBoardings); "
        + "off the line: \(answer.boardingsOffLine); "
        + "of no known direction: \(answer.boardingsOfNoDirection); "
        + "alighting not known: \(answer.boardingsWithoutAlighting)",
    ]
    if answer.isRounded {
      lines.append("small groups are hidden, the rest rounded to multiples of \(answer.ridersMin)")
    }
    if answer.hasBoardingsOfNoRoute {
      lines.append("boardings of no known route, all routes: \(answer.boardingsOfNoRoute)")
    }
    if let feed = answer.feed { lines.append("by network \(feed.title)") }
    if answer.daysByOtherFeeds > 0 {
      lines.append("days of vehicles placed by another network: \(answer.daysByOtherFeeds)")
    }
    let missing = answer.missing
    if !missing.isEmpty {
      lines.append(
        "of all routes and days are missing: \(missing.unsorted) taps not sorted yet, "
          + "\(missing.setAside) set aside, "
          + "\(missing.quarantined) in quarantine, \(missing.numbers) numbers that did not come")
    }
    if answer.waitingDays > 0 {
      lines.append("\(answer.waitingDays) days of vehicles and riders are still worked out")
    }
    return lines.joined(separator: "\n")
  }
}
