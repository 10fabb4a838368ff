import Basics
import HTTPTypes
import Insight
import Ledger
import Store
import Transit

/// Reports over HTTP, in the format that is asked for.
extension Handlers {
  /// How a report may be written.
  private enum ReportFormat: String, CaseIterable {
    case json, csv, xlsx

    var mediaType: String {
      switch self {
      case .json: "application/json"
      case .csv: "text/csv"
      case .xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
      }
    }
  }

  func report(_ request: WebRequest) async throws -> Answer {
    guard let name = ReportName(rawValue: try request.parameter("name")) else {
      throw Problem(
        .notFound, "report_unknown",
        "The reports are \(ReportName.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    let format = try Handlers.reportFormat(request)
    let operatorID = try await knownOperator(request)
    let page = try request.queryInt("page", in: 0...ReportTables.pageMax) ?? 0
    let report: Report
    if let month = request.queryText("period") {
      guard page == 0 else { throw Problem.badParameter("page", "it goes with `date`") }
      let row = try await period(month, of: name)
      // The bytes that were kept are given as they are, to who may see all operators.
      if format == .json, operatorID == nil, row.state == .closed,
        let kept = try await services.insight.keptReport(name, of: month)
      {
        return .json(kept)
      }
      guard
        let made = try await services.insight.periodReport(
          name, of: row, operatorID: operatorID, madeAt: request.receivedAt)
      else { throw Handlers.noPeriod(name) }
      report = made
    } else {
      guard page == 0 || name.hasPages else {
        throw Problem.badParameter("page", "\(name.rawValue) has one")
      }
      report = try await services.insight.report(
        name, days: try Handlers.reportDays(request, name), operatorID: operatorID, page: page,
        madeAt: request.receivedAt)
    }
    switch format {
    case .json: return .json(report.json)
    case .csv: return Handlers.csv(report.csv, name: report.fileName)
    case .xlsx:
      let zone = services.city.current.clock.zone
      var answer = Answer(
        contentType: format.mediaType,
        body: try report.workbook(in: request.language, zone: zone))
      answer.headers[.contentDisposition] = "attachment; filename=\"\(report.fileName).xlsx\""
      return answer
    }
  }

  /// The operator whose numbers a caller gets; one that is asked for has to be known.
  func knownOperator(_ request: WebRequest) async throws -> String? {
    guard let id = try Handlers.operatorID(request) else { return nil }
    let city = services.city
    guard request.caller?.operatorID == nil, city.current.knowledge(ofOperator: id) == .unknown
    else { return id }
    // Another process may have published it, or it left the network and has its figures of before.
    try await city.reload(from: services.store)
    if city.current.knowledge(ofOperator: id) != .unknown { return id }
    let isKnown = try await services.store.read { db in try await db.operatorMoney.isKnown(id) }
    guard isKnown else {
      throw Problem.badParameter(
        "operator", "there is no operator \(id); the network has \(city.current.operatorsTold)")
    }
    return id
  }

  private func period(_ month: String, of name: ReportName) async throws -> PeriodRow {
    guard name.isKept else { throw Handlers.noPeriod(name) }
    guard let row = try await services.insight.periods().first(where: { $0.name == month }) else {
      throw Problem(.notFound, "period_unknown", "Nothing is booked in \(month).")
    }
    return row
  }

  private static func noPeriod(_ name: ReportName) -> Problem {
    .badParameter("period", "\(name.rawValue) has no figures by accounting date; use `date`")
  }

  /// The fare days asked for, `date` to `to`.
  static func reportDays(
    _ request: WebRequest, _ name: ReportName
  ) throws -> ClosedRange<Day> {
    guard let day = try request.queryDay("date") else {
      throw Problem.badParameter("date", "it is missing; add ?date=2026-11-22")
    }
    return try reportDays(from: day, to: try request.queryDay("to"), of: name)
  }

  /// The fare days of a report, as many as it may be of; one where no last one is asked for.
  static func reportDays(
    from day: Day, to asked: Day?, of name: ReportName
  ) throws(Problem) -> ClosedRange<Day> {
    let last = asked ?? day
    guard name.daysMax > 1 || last == day else {
      throw Problem.badParameter("to", "it does not go with \(name.rawValue), which is of one day")
    }
    guard last >= day, last.number - day.number < name.daysMax else {
      throw Problem.badParameter(
        "to", "it lies before `date`, or more than \(name.daysMax - 1) days after")
    }
    return day...last
  }

  private static func reportFormat(_ request: WebRequest) throws(Problem) -> ReportFormat {
    if let text = request.queryText("format") {
      guard let format = ReportFormat(rawValue: text) else {
        throw .badParameter("format", "\(text) is none of json, csv and xlsx")
      }
      return format
    }
    let types = ReportFormat.allCases.map(\.mediaType)
    guard let type = request.preferredType(types),
      let format = ReportFormat.allCases.first(where: { $0.mediaType == type })
    else {
      throw Problem(
        .notAcceptable, "not_acceptable", "Accept \(types.joined(separator: " or ")).")
    }
    return format
  }
}

extension Report {
  /// A name for a file of it, without an ending: files of two operators, or of two pages, are told apart.
  fileprivate var fileName: String {
    let days =
      period
      ?? (days.lowerBound == days.upperBound
        ? "\(days.lowerBound)" : "\(days.lowerBound)-\(days.upperBound)")
    // Whatever a feed calls its operators: it stands in a header.
    let own = operatorID.map { id in
      "-" + id.unicodeScalars.map { isPlain($0) ? String($0) : "_" }.joined()
    }
    let page = notes.first { $0.key == "page" }.map { "-page-\($0.count)" }
    return "\(name)-\(days)" + (own ?? "") + (page ?? "")
  }

  private func isPlain(_ letter: Unicode.Scalar) -> Bool {
    switch letter {
    case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".": true
    default: false
    }
  }
}
