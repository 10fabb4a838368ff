package import Basics
import Ledger
import Postgres

/// Days of a route on which it was one operator's.
package struct RouteDays: Sendable, Equatable {
  package let days: ClosedRange<Day>
  /// As the network of the days names it.
  package let routeID: String
  package let operatorID: String

  /// Names the days of a route.
  package init(days: ClosedRange<Day>, routeID: String, operatorID: String) {
    self.days = days
    self.routeID = routeID
    self.operatorID = operatorID
  }
}

/// What a report asks about.
package struct ReportQuestion: Sendable {
  /// By which day rows are chosen.
  package enum Basis: String, Sendable {
    /// The day of the rides.
    case fareDay = "fare_day"
    /// The day on which it counts in the books.
    case accountingDate = "accounting_date"
  }

  package let days: ClosedRange<Day>
  package let basis: Basis
  /// When the first of the days begins, by the clock of the city.
  package let start: Instant
  /// When the last of the days ends, by the clock of the city.
  package let end: Instant
  /// Until when what happened is told: the end of the days, or the moment of the report while they last.
  package let until: Instant
  /// The day on which an age is told: the last of the days, or that of the report while they last.
  let agesOn: Day
  /// When each of the days begins, by the clock of the city.
  let dayStarts: [Instant]
  /// `agency_id`; nil is all.
  package let operatorID: String?
  /// Whose routes were whose, on each of the days by the network of then; of one operator: its own.
  package let routes: [RouteDays]
  /// Which page of its tables, from 0.
  package let page: Int

  /// Asks about some days by the clock of a city, of one operator or all; without a moment as if they were
  /// over.
  package init(
    days: ClosedRange<Day>, zone: TimeZoneTable, basis: Basis = .fareDay,
    operatorID: String? = nil, routes: [RouteDays] = [], page: Int = 0, madeAt: Instant? = nil
  ) {
    precondition((0...ReportTables.pageMax).contains(page), "no page \(page) is read")
    self.days = days
    self.page = page
    start = zone.instant(of: LocalTime(day: days.lowerBound, secondOfDay: 0))
    end = zone.instant(of: LocalTime(day: days.upperBound.adding(days: 1), secondOfDay: 0))
    until = min(end, madeAt ?? end)
    agesOn = min(days.upperBound, zone.local(until).day)
    dayStarts = (days.lowerBound.number...days.upperBound.number).map { number in
      zone.instant(of: LocalTime(day: Day(number: number), secondOfDay: 0))
    }
    self.basis = basis
    self.operatorID = operatorID
    self.routes = routes
  }
}

/// What a figure of a report is.
package enum ReportFigureKind: String, Sendable {
  case text, count, money, date, moment
}

/// A figure of a report, as a query gives it.
package enum ReportFigure: Sendable, Equatable {
  case none
  case text(String)
  case count(Int64)
  /// Minor units; the currency is in the same row.
  case money(Int64, currency: String)
  case date(Day)
  case moment(Instant)
}

/// A page of a query's rows.
package struct ReportPage: Sendable {
  package let rows: [[ReportFigure]]
  /// Sums over all rows, however many they are, in the order in which they were asked for; a row for each currency,
  /// or one of a query without.
  package let sums: [(currency: String, sums: [Int64])]

  /// Makes a page.
  package init(rows: [[ReportFigure]], sums: [(currency: String, sums: [Int64])]) {
    self.rows = rows
    self.sums = sums
  }
}

/// The queries of the reports, each with its table's figures by name.
///
/// `$1` and `$2` are the days, `$3` the operator or null, `$4` the most rows, `$5` to `$8` routes,
/// their operators, and the first and last days on which they were theirs; `{day}` is the column that the days are of, `{start}` the moment at which the first
/// of them begins, `{end}` that at which the last of them ends, `{starts}` the moments at which each of them
/// begins, `{today}` the day on which ages are told. An operator's rows are all that is found when one is given.
package enum ReportQuery: String, Sendable, CaseIterable {
  case lateRides, lateDevices
  case debtOperators, debtAges, debtWindows, debtStoredValue, debtRecoveries
  case subsidyRides, subsidyClaims
  case refunds, refundPostings, chargebacks
  case withoutCaps, withoutCapsProducts
  case devices, registers
  case ladder, remainders, acquirerRecords, operatorBooks, bank, bankRemainders
  case periodOperators, periodDays, periodCategories, periodOperatorCategories
  case periodLadder, periodBooks
  case periodBank, periodBankRemainders, periodBankLate

  /// Whether it asks whose routes were whose.
  package var asksForRoutes: Bool { self == .devices || self == .lateDevices }

  /// The statement.
  package var sql: String {
    switch self {
    case .lateRides: Self.lateRidesSQL
    case .lateDevices: Self.lateDevicesSQL
    case .debtOperators: Self.debtOperatorsSQL
    case .debtAges: Self.debtAgesSQL
    case .debtWindows: Self.debtWindowsSQL
    case .debtStoredValue: Self.debtStoredValueSQL
    case .debtRecoveries: Self.debtRecoveriesSQL
    case .subsidyRides: Self.subsidyRidesSQL
    case .subsidyClaims: Self.subsidyClaimsSQL
    case .refunds: Self.refundsSQL
    case .refundPostings: Self.refundPostingsSQL
    case .chargebacks: Self.chargebacksSQL
    case .withoutCaps: Self.withoutCapsSQL(by: "operator_id, category")
    case .withoutCapsProducts: Self.withoutCapsSQL(by: "operator_id, product")
    case .devices: Self.devicesSQL
    case .registers: Self.registersSQL
    case .ladder: Self.ladderSQL
    case .remainders: Self.remaindersSQL
    case .acquirerRecords: Self.acquirerRecordsSQL
    case .operatorBooks: Self.operatorBooksSQL
    case .bank: Self.bankSQL(isKept: false)
    case .bankRemainders: Self.bankRemaindersSQL(isKept: false)
    case .periodOperators: Self.periodOperatorsSQL
    case .periodDays: Self.periodDaysSQL
    case .periodCategories: Self.periodCategoriesSQL
    case .periodOperatorCategories: Self.periodOperatorCategoriesSQL
    case .periodLadder: Self.periodLadderSQL
    case .periodBooks: Self.periodBooksSQL
    case .periodBank: Self.bankSQL(isKept: true)
    case .periodBankRemainders: Self.bankRemaindersSQL(isKept: true)
    case .periodBankLate: Self.periodBankLateSQL
    }
  }
}

extension ReportTables {
  /// The rows of a query with the figures asked for: a page of them, each of `countMax` at most.
  package func rows(
    _ query: ReportQuery, _ question: ReportQuestion,
    figures: [(name: String, kind: ReportFigureKind)], countMax: Int = groupsMax
  ) async throws -> [[ReportFigure]] {
    let skipped = question.page * countMax
    let rows = try await ask(query, question, limit: skipped + countMax) { report in
      "select * from \(report) offset \(skipped)"
    }
    return try Self.figures(figures, of: rows)
  }

  /// A page of the rows of a query, and the sums of some figures over all of its rows: what is found is found once.
  package func page(
    _ query: ReportQuery, _ question: ReportQuestion,
    figures: [(name: String, kind: ReportFigureKind)], sumsOf names: [String], byCurrency: Bool,
    countMax: Int = groupsMax
  ) async throws -> ReportPage {
    let code = byCurrency ? "coalesce(currency, '')::text" : "''"
    // Of missing numbers there may be more than 64 bits count; of money there are not.
    let sums = names.map { "\(WideSums.held("sum(\($0))")) as \($0)" }
    let told = (["code"] + names).map { name in
      "case when report_place = report_first then array(select \(name) from sums order by code) end as sums_of_\(name)"
    }
    let rows = try await ask(query, question, limit: nil) { report in
      """
      select * from (with report as materialized (select * from \(report)),
        sums as (select \((["\(code) as code"] + sums).joined(separator: ", ")) from report group by 1),
        page as (
          select *, row_number() over () as report_place, \(question.page * countMax) + 1 as report_first
          from report)
      select page.*, \(told.joined(separator: ", ")) from page
      where report_place between report_first and report_first + \(countMax) - 1) as page
      order by report_place
      """
    }
    guard let first = rows.first else { return ReportPage(rows: [], sums: []) }
    let codes = try first.texts("sums_of_code").map { $0 ?? "" }
    let columns = try names.map { try first.int8s("sums_of_\($0)").map { $0 ?? 0 } }
    return ReportPage(
      rows: try Self.figures(figures, of: rows),
      sums: codes.indices.map { place in (codes[place], columns.map { $0[place] }) })
  }

  private static func figures(
    _ figures: [(name: String, kind: ReportFigureKind)], of rows: PostgresRows
  ) throws -> [[ReportFigure]] {
    try rows.map { row in
      try figures.map { name, kind in
        guard try !row.isNull(name) else { return .none }
        switch kind {
        case .text: return .text(try row.text(name))
        case .count: return .count(try row.int8(name))
        case .money: return .money(try row.int8(name), currency: try row.text("currency"))
        case .date: return .date(try row.date(name))
        case .moment: return .moment(try row.timestamptz(name))
        }
      }
    }
  }

  /// What a selection from a query gives; without a limit from all of its rows.
  private func ask(
    _ query: ReportQuery, _ question: ReportQuestion, limit: Int?,
    selection: (_ report: String) -> String
  ) async throws -> PostgresRows {
    let point = try await StatementTables(connection: connection).point(
      through: question.days.upperBound)
    let starts = question.dayStarts.map { "'\($0.iso8601(offsetSeconds: 0))'" }
      .joined(separator: ", ")
    let sql = query.sql.replacing("{day}", with: question.basis.rawValue)
      .replacing("{point}", with: point)
      .replacing("{starts}", with: "array[\(starts)]::timestamptz[]")
      .replacing("{start}", with: "timestamptz '\(question.start.iso8601(offsetSeconds: 0))'")
      .replacing("{end}", with: "timestamptz '\(question.end.iso8601(offsetSeconds: 0))'")
      .replacing("{today}", with: "date '\(question.agesOn)'")
      .replacing("{until}", with: "timestamptz '\(question.until.iso8601(offsetSeconds: 0))'")
    return try await connection.query(
      """
      with asked as (select $1::date, $2::date, $3::text, $4::int8, $5::text[], $6::text[],
        $7::date[], $8::date[])
      \(selection("(\(sql)) as report"))
      """,
      [
        .date(question.days.lowerBound), .date(question.days.upperBound),
        .orNull(question.operatorID, PostgresValue.text),
        .orNull(limit) { .int8(Int64($0)) },
        .texts(question.routes.map { Optional($0.routeID) }),
        .texts(question.routes.map { Optional($0.operatorID) }),
        .dates(question.routes.map { Optional($0.days.lowerBound) }),
        .dates(question.routes.map { Optional($0.days.upperBound) }),
      ])
  }
}
