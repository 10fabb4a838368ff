import ArgumentParser
import Basics
import Insight
import Store
import Web

/// Which rides of a day are counted, and how the numbers are written: what `load`, `od` and `stops` have in common.
struct RideChoice: ParsableArguments {
  /// How counts are written.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case table, csv, json
  }

  @Option(help: "Fare day.", transform: Day.argument)
  var date: Day

  @Option(help: "0 or 1; both without it.")
  var direction: Int?

  @Option(name: .customLong("hours"), help: "A span of hours: 7-9 is boarded from 7:00 to 9:00.")
  var hoursText: String?

  @Option(help: "table, csv or json.")
  var format: Format = .table

  @Flag(help: "Shows small groups too; for whoever may see single riders.")
  var exact = false

  /// First hour and the hour after the last; nil is the whole day.
  var hours: Range<Int>? { hoursText.flatMap(RouteLoadQuestion.hours) }

  func validate() throws {
    if let direction, !(0...1).contains(direction) {
      throw ValidationError("--direction is 0 or 1.")
    }
    if let hoursText, hours == nil {
      throw ValidationError("\(hoursText) is not a span of hours; write 7-9 for 7:00 to 9:00.")
    }
  }

  /// Why there is no answer for a route that was named, by the network that is loaded or without one.
  static func fault(unknown route: String, hasNetwork: Bool) -> CommandFault {
    guard hasNetwork else {
      return CommandFault(
        "No network is loaded, so no route is known. Import one: kvytok network import FEED.zip",
        exitCode: CommandFault.no)
    }
    return CommandFault(
      "The network has no route \(route). See `kvytok network show`.", exitCode: CommandFault.no)
  }

  /// Why there is no answer for a name that several routes have.
  static func fault(_ route: String, isOf ids: [String]) -> CommandFault {
    CommandFault(
      "Several routes are called \(route): use one of \(ids.joined(separator: ", ")).",
      exitCode: CommandFault.no)
  }

  /// Why there is no answer for a direction.
  static func fault(noSuchDirectionOf route: String) -> CommandFault {
    CommandFault(
      "Route \(route) has no timetable in this direction.", exitCode: CommandFault.no)
  }

  /// What the numbers leave out, as people read it, after what a command says of its own.
  static func about(
    _ ofNumbers: [String], roundedTo ridersMin: Int?, by feeds: [String], daysByOtherFeeds: Int,
    missing: MissingTaps, waitingDays: Int
  ) -> [String] {
    var lines = ofNumbers
    if let ridersMin {
      lines.append("small groups are hidden, the rest rounded to multiples of \(ridersMin)")
    }
    if !feeds.isEmpty { lines.append("by network \(feeds.joined(separator: ", "))") }
    if daysByOtherFeeds > 0 {
      lines.append("days of vehicles placed by another network: \(daysByOtherFeeds)")
    }
    if !missing.isEmpty {
      lines.append(
        "of all routes and days are missing: \(missing.unsorted) taps not sorted yet, "
          + "\(missing.setAside) set aside, \(missing.quarantined) in quarantine, "
          + "\(missing.numbers) numbers that did not come")
    }
    if waitingDays > 0 {
      lines.append("\(waitingDays) days of vehicles and riders are still worked out")
    }
    return lines
  }
}
