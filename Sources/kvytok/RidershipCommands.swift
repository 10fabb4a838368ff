import ArgumentParser
import Basics
import Foundation
import Insight
import Store
import Web

/// Which rides are counted, and how the numbers are written.
struct RidershipOptions: ParsableArguments {
  /// What both commands say of their numbers.
  static let discussion =
    "Nothing is scaled up: riders whose alighting is not known are told beside. Small groups are hidden, and "
    + "the rest rounded to match. At most \(RidershipQuestion.daysMax) days."

  @OptionGroup var choice: RideChoice

  @Option(help: "Last fare day; the same day without it.", transform: Day.argument)
  var to: Day?

  @Option(help: "route_id, or a short name that one route has; all routes without it.")
  var route: String?

  func validate() throws {
    guard RidershipQuestion.days(from: choice.date, to: to ?? choice.date) != nil else {
      throw ValidationError(
        "--to lies before --date, or more than \(RidershipQuestion.daysMax - 1) days after.")
    }
  }

  /// The answer, or the fault that there is none.
  func answer(from options: DatabaseOptions) async throws -> RidershipAnswer {
    var question = RidershipQuestion(days: choice.date...(to ?? choice.date))
    question.route = route
    question.direction = choice.direction
    question.hours = choice.hours
    question.isExact = choice.exact
    let (outcome, hasNetwork) = try await Backbone.with(options) { [question] backbone in
      let city = CityHolder()
      try await city.reload(from: backbone.store)
      let desk = InsightDesk(store: backbone.store, city: city)
      return (try await desk.ridership(question), city.current.feed != nil)
    }
    let named = route ?? ""
    switch outcome {
    case .answer(let answer): return answer
    case .routeUnknown: throw RideChoice.fault(unknown: named, hasNetwork: hasNetwork)
    case .routeAmbiguous(let ids): throw RideChoice.fault(named, isOf: ids)
    case .noSuchDirection: throw RideChoice.fault(noSuchDirectionOf: named)
    case .tooMuch:
      throw CommandFault(
        "These are more boardings than one answer reads. Ask for fewer days, or for one route.",
        exitCode: CommandFault.no)
    }
  }

  /// Writes an answer in the format that is asked for.
  func show(
    _ answer: RidershipAnswer, csv: String, json: [UInt8], table: (RidershipAnswer) -> [String]
  ) {
    switch choice.format {
    case .csv: print(csv, terminator: "")
    case .json: print(String(decoding: json, as: UTF8.self))
    case .table:
      print(([head(answer)] + table(answer) + about(answer)).joined(separator: "\n"))
    }
  }

  private func head(_ answer: RidershipAnswer) -> String {
    let days = answer.days
    return [
      answer.route.map { "\(answer.routeName ?? $0) (\($0))" } ?? "all routes",
      answer.direction.map { "direction \($0)" } ?? "both directions",
      days.lowerBound == days.upperBound
        ? "\(days.lowerBound)" : "\(days.lowerBound) to \(days.upperBound)",
      answer.hours.map { "boarded \($0.lowerBound):00 to \($0.upperBound):00" },
    ].compactMap { $0 }.joined(separator: ", ")
  }

  /// What the numbers leave out.
  private func about(_ answer: RidershipAnswer) -> [String] {
    let ofNumbers =
      "boardings with a stop: \(answer.boardings); without: "
      + "\(answer.unplacedBoardings + answer.boardingsOffLine); "
      + "of no known direction: \(answer.boardingsOfNoDirection); "
      + "alighting not known: \(answer.boardingsWithoutAlighting)"
    var about = [ofNumbers]
    if answer.hasBoardingsOfNoRoute {
      let isAmongOthers = answer.route == nil && answer.operatorID == nil
      about.append(
        "boardings of no known route, all routes: \(answer.boardingsOfNoRoute)"
          + (isAmongOthers ? ", also among those without a stop" : ""))
    }
    return RideChoice.about(
      about, roundedTo: answer.isRounded ? answer.ridersMin : nil,
      by: answer.feeds.map(\.title), daysByOtherFeeds: answer.daysByOtherFeeds,
      missing: answer.missing, waitingDays: answer.waitingDays)
  }
}

/// Riders by pair of stops.
struct OriginDestinationCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "od", abstract: "Shows how many rode from which stop to which.",
    discussion: RidershipOptions.discussion)

  @OptionGroup var rides: RidershipOptions
  @OptionGroup var database: DatabaseOptions

  func run() async throws {
    let answer = try await rides.answer(from: database)
    rides.show(answer, csv: answer.originDestinationCSV, json: answer.originDestinationJSON) {
      var table = TextTable([("from", .left), ("to", .left), ("riders", .right)])
      for row in $0.pairs { table.add([row.fromName, row.toName, String(row.riders)]) }
      return [
        table.text,
        "riders of whom both ends are known: \($0.ridersWithBothEnds); of them in pairs of fewer than "
          + "\($0.ridersMin), not listed: \($0.ridersInSmallPairs)",
      ]
    }
  }
}

/// Boardings and alightings by stop.
struct StopsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stops", abstract: "Shows boardings and alightings by stop, and by hour.",
    discussion: RidershipOptions.discussion
      + " The table has the sums; csv and json have each hour, in which alightings stand with their boardings."
  )

  @OptionGroup var rides: RidershipOptions
  @OptionGroup var database: DatabaseOptions

  func run() async throws {
    let answer = try await rides.answer(from: database)
    rides.show(answer, csv: answer.stopBoardingsCSV, json: answer.stopBoardingsJSON) {
      let few = "<\($0.ridersMin)"
      var table = TextTable([
        ("stop", .left), ("on", .right), ("off", .right), ("on, off not known", .right),
      ])
      for row in $0.stops {
        table.add(
          [row.name]
            + [row.boardings, row.alightings, row.boardingsWithoutAlighting]
            .map { $0.map(String.init) ?? few })
      }
      return [table.text]
    }
  }
}
