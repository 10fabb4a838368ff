import ArgumentParser
import Basics
import Foundation
import Insight
import Store
import Web

/// The load of a route by stop.
struct LoadCommand: AsyncParsableCommand {
  /// Length of the longest bar of the chart.
  static let barCharactersMax = 40

  static let configuration = CommandConfiguration(
    commandName: "load", abstract: "Shows boardings, alightings and load of a route by stop.",
    discussion: "A group too small to be shown is written as <5, and the rest rounded to match.")

  @Option(help: "route_id, or a short name that one route has.")
  var route: String

  @OptionGroup var choice: RideChoice
  @OptionGroup var database: DatabaseOptions

  func run() async throws {
    let directions = choice.direction.map { [$0] } ?? [0, 1]
    let (outcomes, hasNetwork) = try await Backbone.with(database) { backbone in
      let city = CityHolder()
      try await city.reload(from: backbone.store)
      let desk = InsightDesk(store: backbone.store, city: city)
      var outcomes: [RouteLoadOutcome] = []
      for direction in directions {
        var question = RouteLoadQuestion(route: route, day: choice.date, direction: direction)
        question.hours = choice.hours
        question.isExact = choice.exact
        outcomes.append(try await desk.routeLoad(question))
      }
      return (outcomes, city.current.feed != nil)
    }
    var isAnswered = false
    for outcome in outcomes {
      switch outcome {
      case .answer(let answer):
        isAnswered = true
        show(answer)
      case .routeUnknown: throw RideChoice.fault(unknown: route, hasNetwork: hasNetwork)
      case .routeAmbiguous(let ids): throw RideChoice.fault(route, isOf: ids)
      case .noSuchDirection: continue
      }
    }
    guard isAnswered else { throw RideChoice.fault(noSuchDirectionOf: route) }
  }

  private func show(_ answer: RouteLoadAnswer) {
    switch choice.format {
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
    let head =
      "\(answer.routeName) (\(answer.route)), direction \(answer.direction), \(answer.day)"
      + (answer.hours.map { ", \($0.lowerBound):00 to \($0.upperBound):00" } ?? "")
    var about = [
      "boardings with a stop: \(answer.boardings); without: \(answer.unplacedBoardings); "
        + "off the line: \(answer.boardingsOffLine); "
        + "of no known direction: \(answer.boardingsOfNoDirection); "
        + "alighting not known: \(answer.boardingsWithoutAlighting)"
    ]
    if answer.hasBoardingsOfNoRoute {
      about.append("boardings of no known route, all routes: \(answer.boardingsOfNoRoute)")
    }
    about = RideChoice.about(
      about, roundedTo: answer.isRounded ? answer.ridersMin : nil,
      by: [answer.feed?.title].compactMap { $0 }, daysByOtherFeeds: answer.daysByOtherFeeds,
      missing: answer.missing, waitingDays: answer.waitingDays)
    return ([head, table.text] + about).joined(separator: "\n")
  }
}
