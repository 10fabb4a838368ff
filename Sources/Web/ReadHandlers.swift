import Basics
import Clearing
import HTTPTypes
package import Insight
import Intake
import Ledger
import Store
import Tapping
import Tariff
import Transit

/// What programs read: reports, books, loads, vehicles.
extension Handlers {
  /// Most taps of one answer of the audit; past them the asker goes on with `after`.
  static let auditTapsMax = 500_000

  /// The operator whose numbers a caller gets: the one of their token, else the one asked for.
  static func operatorID(_ request: WebRequest) throws(Problem) -> String? {
    let asked = request.queryText("operator")
    guard let own = request.caller?.operatorID else { return asked }
    guard asked == nil || asked == own else { throw .forbidden }
    return own
  }

  /// The format asked for: by `format`, else by `Accept`.
  static func format(_ request: WebRequest) throws(Problem) -> String {
    if let format = request.queryText("format") {
      guard ["json", "csv"].contains(format) else {
        throw .badParameter("format", "\(format) is neither json nor csv")
      }
      return format
    }
    guard let type = request.preferredType(["application/json", "text/csv"]) else {
      throw Problem(
        .notAcceptable, "not_acceptable", "Accept application/json or text/csv.")
    }
    return type == "text/csv" ? "csv" : "json"
  }

  static func csv(_ text: String, name: String) -> Answer {
    var answer = Answer(
      contentType: "text/csv; charset=utf-8; header=present", body: Array(text.utf8))
    answer.headers[.contentDisposition] = "attachment; filename=\"\(name).csv\""
    return answer
  }

  func trialBalance(_ request: WebRequest) async throws -> Answer {
    let date = try request.queryDay("date")
    let balance = try await services.store.read { db in
      try await db.books.trialBalance(through: date)
    }
    let totals = try balance.totals()
    return .json { writer in
      writer.beginObject()
      writer.member("through", orNull: date?.description)
      writer.member("accounts", objects: balance.rows) { writer, row in
        writer.member("account", row.key.account)
        writer.member(
          "name", orNull: ChartOfAccounts.standard.find(row.key.account)?.name[request.language])
        writer.member("operator", orNull: row.key.operatorID)
        writer.sides(row.sums, row.key.currency)
      }
      writer.member("totals", objects: totals) { writer, total in
        writer.sides(total.sums, total.currency)
        if let difference = total.sums.differenceMinor {
          writer.member("difference_minor", difference)
        }
      }
      writer.member("balanced", totals.allSatisfy { $0.sums.differenceMinor == 0 })
      writer.endObject()
    }
  }

  func routeLoad(_ request: WebRequest) async throws -> Answer {
    let format = try Handlers.format(request)
    guard let day = try request.queryDay("date") else {
      throw Problem.badParameter("date", "it is missing; add &date=2026-11-22")
    }
    guard let direction = try request.queryInt("direction", in: 0...1) else {
      throw Problem.badParameter("direction", "it is missing; add &direction=0")
    }
    var question = RouteLoadQuestion(
      route: try request.requireQuery("route"), day: day, direction: direction)
    question.hours = try Handlers.hours(request)
    question.operatorID = request.caller?.operatorID
    let answer = try await load(question)
    return format == "csv"
      ? Handlers.csv(answer.csv, name: "load-\(day)-\(direction)") : .json(answer.json)
  }

  /// The load, or the problem that there is none.
  func load(_ question: RouteLoadQuestion) async throws -> RouteLoadAnswer {
    switch try await services.insight.routeLoad(question) {
    case .answer(let answer): return answer
    case .routeUnknown: throw Problem.routeUnknown(question.route)
    case .routeAmbiguous(let ids): throw Problem.routeAmbiguous(question.route, ids)
    case .noSuchDirection: throw Problem.directionUnknown(question.route, question.direction)
    }
  }

  /// Where vehicles are, and when they come: for the map, and as GTFS-Realtime.
  func vehicleAnswer(_ request: WebRequest) async throws -> Answer {
    let protobuf = "application/x-protobuf"
    return switch request.endpoint {
    case .vehiclePositions:
      Answer(contentType: protobuf, body: try await services.vehicles.found().feed)
    case .vehiclePositionsJSON: .json(try await services.vehicles.found().feedJSON)
    case .tripUpdates: Answer(contentType: protobuf, body: try await services.tripFeed.found())
    case .tripUpdatesJSON: .json(try await services.tripFeedJSON.found())
    default: .json(try await services.vehicles.found().json)
    }
  }

  func auditTaps(_ request: WebRequest) async throws -> Answer {
    let device = try request.requireQuery("device")
    guard let epoch = Int64(try request.requireQuery("epoch")), epoch >= 0 else {
      throw Problem.badParameter("epoch", "it is a whole number, 0 or above")
    }
    let after = try request.queryInt("after", in: -1...Int.max) ?? -1
    var lines: [UInt8] = []
    var count = 0
    var next: Int64? = Int64(after)
    while let last = next, count < Handlers.auditTapsMax {
      var page = try await services.insight.tapAudit(device: device, epoch: epoch, after: last)
      let reasons = try await services.unpairedTaps.reasons(
        of: Set(page.taps.compactMap(\.dayWithoutRide)))
      for index in page.taps.indices where page.taps[index].dayWithoutRide != nil {
        let name = TapName(device: device, epoch: epoch, seq: page.taps[index].seq)
        page.taps[index].noRide = reasons[name]?.rawValue
      }
      lines += page.lines
      count += page.taps.count
      next = page.next
    }
    if count == 0, try await services.desk.file(of: device, at: request.receivedAt) == nil {
      throw Problem(DeviceLifeRefusal.deviceUnknown)
    }
    var answer = Answer(contentType: "application/x-ndjson", body: lines)
    if let next { answer.headers[.kvytokNext] = String(next) }
    return answer
  }
}

extension HTTPField.Name {
  static let kvytokNext = HTTPField.Name("Kvytok-Next") ?? .origin
  /// Kinds of rows of which there may be more than the answer lists.
  static let kvytokCut = HTTPField.Name("Kvytok-Cut") ?? .origin
}

extension Answer {
  /// Says of which kinds there may be more than are listed: those of which the list is cut.
  func cut(_ kinds: (String, isCut: Bool)...) -> Answer {
    let cut = kinds.filter(\.isCut).map(\.0)
    guard !cut.isEmpty else { return self }
    var answer = self
    answer.headers[.kvytokCut] = cut.joined(separator: ", ")
    return answer
  }
}

extension JSONWriter {
  fileprivate mutating func sides(_ sums: SideSums, _ currency: Currency) {
    member("currency", currency.code)
    member("debit_minor", sums.debitMinor)
    member("credit_minor", sums.creditMinor)
  }

  /// Writes a member that may be null.
  mutating func member(_ name: String, orNull number: (some BinaryInteger)?) {
    key(name)
    if let number { value(number) } else { null() }
  }
}

extension RouteLoadQuestion {
  /// Reads `7-9`, from 7:00 to 9:00; nil when it is no span within a day.
  package static func hours(_ text: String) -> Range<Int>? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let first = parts[0], let last = parts[1], (0...23).contains(first),
      (first + 1...24).contains(last)
    else { return nil }
    return first..<last
  }
}

extension RouteLoadAnswer {
  /// The load as JSON; a group too small to be shown is null.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("route", route)
    writer.member("route_name", routeName)
    writer.member("mode", mode.rawValue)
    writer.member("operator", orNull: operatorID)
    writer.member("date", day.description)
    writer.member("direction", direction)
    writer.member("hours", orNull: hours.map { "\($0.lowerBound)-\($0.upperBound)" })
    writer.member("boardings", boardings)
    writer.member("boardings_without_alighting", boardingsWithoutAlighting)
    writer.member("boardings_without_stop", unplacedBoardings)
    writer.member("boardings_off_line", boardingsOffLine)
    writer.member("boardings_without_direction", boardingsOfNoDirection)
    writer.member("boardings_without_route", boardingsOfNoRoute)
    writer.member("rounded", isRounded)
    writer.member("smallest_group_shown", ridersMin)
    writer.member("feed", orNull: feed?.id)
    writer.member("days_by_other_feeds", daysByOtherFeeds)
    writer.member("days_still_worked_out", waitingDays)
    writer.member("complete", isComplete)
    for (name, count) in missing.byName { writer.member(name, count) }
    writer.member("stops", objects: stops.enumerated()) { writer, stop in
      let row = stop.element
      writer.member("order", stop.offset)
      writer.member("stop", row.stop)
      writer.member("name", row.name)
      writer.member("boardings", orNull: row.boardings)
      writer.member("alightings", orNull: row.alightings)
      writer.member("load", orNull: row.load)
    }
    writer.member("hourly_boardings", counts: hourly)
    writer.endObject()
    return writer.bytes
  }

  /// The stops as CSV; a group too small to be shown is empty.
  ///
  /// At the end come rows whose order is `about`: what is missing from the numbers, its name in the place of the
  /// stop.
  package var csv: String {
    var writer = CSVWriter()
    writer.row(["order", "stop", "name", "boardings", "alightings", "load"])
    for (order, row) in stops.enumerated() {
      writer.row([
        String(order), CSVWriter.cell(row.stop), CSVWriter.cell(row.name),
        row.boardings.map(String.init) ?? "",
        row.alightings.map(String.init) ?? "", row.load.map(String.init) ?? "",
      ])
    }
    let about: [(String, String)] = [
      ("boardings", String(boardings)),
      ("boardings_without_alighting", String(boardingsWithoutAlighting)),
      ("boardings_without_stop", String(unplacedBoardings)),
      ("boardings_off_line", String(boardingsOffLine)),
      ("boardings_without_direction", String(boardingsOfNoDirection)),
      ("boardings_without_route", String(boardingsOfNoRoute)),
      ("rounded", isRounded ? "true" : "false"),
      ("feed", feed.map { String($0.id) } ?? ""),
      ("days_by_other_feeds", String(daysByOtherFeeds)),
      ("days_still_worked_out", String(waitingDays)),
      ("complete", isComplete ? "true" : "false"),
    ]
    for (name, value) in about { writer.row(["about", name, value, "", "", ""]) }
    for (name, count) in missing.byName {
      writer.row(["about", name, String(count), "", "", ""])
    }
    return writer.text
  }
}
