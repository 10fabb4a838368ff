import ArgumentParser
import Basics
import Foundation
import Insight
import Store

/// Reports for accountants.
struct ReportCommand: AsyncParsableCommand {
  /// Reports by name.
  enum Name: String, CaseIterable, ExpressibleByArgument {
    case daily, operators
  }

  /// How a report is written.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case table, csv, json
  }

  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Prints a report of a fare day or several.",
    discussion: """
      daily: rides and revenue by operator and mode, and by category
      operators: rides, revenue and what the books owe, by operator and day (--to for several days)
      """)

  @Argument(help: "\(Name.allCases.map(\.rawValue).joined(separator: " or ")).")
  var name: Name

  @Option(help: "Fare day.", transform: Day.argument)
  var date: Day

  @Option(help: "Last fare day, for operators.", transform: Day.argument)
  var to: Day?

  @Option(help: "Only this operator (agency_id of the feed).")
  var `operator`: String?

  @Option(help: "table, csv or json.")
  var format: Format = .table

  @Option(help: ArgumentHelp("A file to write to, instead of standard output.", valueName: "file"))
  var out: String?

  @Option(name: .customLong("lang"), help: "en or uk.", transform: Language.argument)
  var language: Language = .english

  @OptionGroup var database: DatabaseOptions

  func validate() throws {
    if let to {
      guard name == .operators else {
        throw ValidationError("--to goes with operators only; daily is of one day.")
      }
      guard to >= date, to.number - date.number < InsightDesk.reportDaysMax else {
        throw ValidationError(
          "--to lies before --date, or more than \(InsightDesk.reportDaysMax) days after.")
      }
    }
  }

  func run() async throws {
    let (report, zone) = try await Backbone.with(database) { backbone in
      let city = CityHolder()
      try await city.reload(from: backbone.store)
      let desk = InsightDesk(store: backbone.store, city: city)
      let report =
        switch name {
        case .daily: try await desk.dailyReport(date, operatorID: `operator`, madeAt: .now)
        case .operators:
          try await desk.operatorsReport(
            date...(to ?? date), operatorID: `operator`, madeAt: .now)
        }
      return (report, city.current.clock.zone)
    }
    let text =
      switch format {
      case .table: report.text(in: language, zone: zone)
      case .csv: report.csv
      case .json: String(decoding: report.json, as: UTF8.self) + "\n"
      }
    guard let out else {
      print(text, terminator: "")
      return
    }
    do {
      try text.write(toFile: out, atomically: true, encoding: .utf8)
    } catch {
      throw CommandFault("\(out) cannot be written: \(error.localizedDescription)")
    }
  }
}
