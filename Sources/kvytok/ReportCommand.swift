import ArgumentParser
import Basics
import Foundation
import Insight
import Ledger
import Store
import Transit

extension ReportName: ExpressibleByArgument {}

/// Reports for accountants.
struct ReportCommand: AsyncParsableCommand {
  /// How a report is written.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case table, csv, json, xlsx
  }

  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Prints a report of a fare day or several.",
    discussion: ReportName.allCases.map { "\($0.rawValue): \($0.about[.english])" }
      .joined(separator: "\n"))

  @Argument(help: "\(ReportName.allCases.map(\.rawValue).joined(separator: ", ")).")
  var name: ReportName

  @Option(help: "Fare day.", transform: Day.argument)
  var date: Day?

  @Option(help: "Last fare day; the same day without it.", transform: Day.argument)
  var to: Day?

  @Option(help: "A month of the books (2026-11) instead of fare days: by accounting date.")
  var period: String?

  @Option(help: "Only this operator (agency_id of the feed).")
  var `operator`: String?

  @Option(help: "A page after the first (0), of tables that are too long for one.")
  var page: Int = 0

  @Option(help: "table, csv, json or xlsx.")
  var format: Format = .table

  @Option(
    help: ArgumentHelp(
      "A file to write to, instead of standard output; its owner alone may read it.",
      valueName: "file"))
  var out: String?

  @Option(name: .customLong("lang"), help: "en or uk.", transform: Language.argument)
  var language: Language = .english

  @OptionGroup var database: DatabaseOptions

  func validate() throws {
    guard (date == nil) != (period == nil) else {
      throw ValidationError("Name fare days with --date (and --to), or a month with --period.")
    }
    if period != nil, to != nil { throw ValidationError("--to goes with --date.") }
    if period != nil, !name.isKept {
      throw ValidationError("\(name.rawValue) has no figures by accounting date; use --date.")
    }
    guard (0...ReportTables.pageMax).contains(page) else {
      throw ValidationError("--page is a number from 0 to \(ReportTables.pageMax).")
    }
    if page > 0, period != nil || !name.hasPages {
      throw ValidationError("--page goes with --date, and not with daily or operators.")
    }
    if let to, let date {
      guard name.daysMax > 1 || to == date else {
        throw ValidationError("--to does not go with \(name.rawValue): it is of one day.")
      }
      guard to >= date, to.number - date.number < name.daysMax else {
        throw ValidationError(
          "--to lies before --date, or more than \(name.daysMax - 1) days after.")
      }
    }
    if format == .xlsx, out == nil {
      throw ValidationError("A workbook is written to a file: add --out FILE.xlsx.")
    }
  }

  func run() async throws {
    let (report, zone) = try await Backbone.with(database) { backbone in
      let city = CityHolder()
      try await city.reload(from: backbone.store)
      if let `operator` {
        try await OperatorName.check(`operator`, city.current, backbone.store)
      }
      let desk = InsightDesk(store: backbone.store, city: city)
      return (try await make(by: desk), city.current.clock.zone)
    }
    let bytes: [UInt8] =
      switch format {
      case .table: Array(report.text(in: language, zone: zone).utf8)
      case .csv: Array(report.csv.utf8)
      case .json: report.json + [0x0A]
      case .xlsx: try report.workbook(in: language, zone: zone)
      }
    guard let out else {
      print(String(decoding: bytes, as: UTF8.self), terminator: "")
      return
    }
    try DataFolder.write(bytes, to: out)
  }

  private func make(by desk: InsightDesk) async throws -> Report {
    if let date {
      return try await desk.report(
        name, days: date...(to ?? date), operatorID: `operator`, page: page, madeAt: .now)
    }
    if let period, AccountingPeriod(name: period) == nil {
      throw CommandFault(
        "\(period) is no month: write it as 2026-11.", exitCode: CommandFault.usage)
    }
    let months = try await desk.periods()
    guard let row = months.first(where: { $0.name == period }),
      let report = try await desk.periodReport(
        name, of: row, operatorID: `operator`, madeAt: .now)
    else {
      throw CommandFault(
        "Nothing is booked in \(period ?? ""); the months are "
          + "\(months.map(\.name).joined(separator: ", ")).", exitCode: CommandFault.no)
    }
    return report
  }
}
