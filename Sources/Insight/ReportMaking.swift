package import Basics
import Ledger
package import Store
import Transit

extension ReportName {
  /// Most days that the report is of.
  package var daysMax: Int { self == .daily ? 1 : InsightDesk.reportDaysMax }
  /// Whether its tables may be read on, a page at a time.
  package var hasPages: Bool { !tables.isEmpty }
}

extension InsightDesk {
  /// A report over some fare days, of one operator or all.
  ///
  /// An operator's report has the rows of that operator only; tables whose rows belong to no operator
  /// are left out of it. A page after the first has the tables that go on there.
  package func report(
    _ name: ReportName, days: ClosedRange<Day>, operatorID: String? = nil, page: Int = 0,
    madeAt: Instant
  ) async throws -> Report {
    precondition(
      days.upperBound.number - days.lowerBound.number < name.daysMax, "too many days asked")
    switch name {
    case .daily:
      return try await dailyReport(days.lowerBound, operatorID: operatorID, madeAt: madeAt)
    case .operators:
      return try await operatorsReport(days, operatorID: operatorID, madeAt: madeAt)
    default: break
    }
    let city = city.current
    return try await store.read { db in
      let routes =
        name.tables.contains { $0.query.asksForRoutes }
        ? try await city.routes(on: days, operatorID: operatorID, in: db) : []
      let question = ReportQuestion(
        days: days, zone: city.clock.zone, operatorID: operatorID, routes: routes, page: page,
        madeAt: madeAt)
      let maker = ReportMaker(
        question: question,
        names: try await OperatorNames(on: days.upperBound, of: city, in: db))
      let scope = try await OperatorScope(operatorID, on: days, of: city, in: db)
      let (tables, notes) = try await maker.tables(name.tables, in: db)
      return Report(
        name: name.rawValue, title: name.title, days: days, operatorID: operatorID,
        madeAt: madeAt, tables: tables,
        notes: try await Self.notes(days, scope, in: db) + notes)
    }
  }

  /// A report by the books of a period; nil when it has no figures by accounting date.
  ///
  /// Of a closed period it is what was kept, whatever this program would make of it now; until then it may
  /// still change.
  package func periodReport(
    _ name: ReportName, of period: PeriodRow, operatorID: String? = nil, madeAt: Instant
  ) async throws -> Report? {
    guard name.isKept else { return nil }
    let city = city.current
    let kept = KeptReports(zone: city.clock.zone)
    return try await store.read { db in
      if period.state == .closed,
        let row = try await db.periods.report(name.rawValue, of: period.name)
      {
        let report = try KeptReading.report(name, row.content)
        return operatorID.map { report.scoped(to: $0, of: name) } ?? report
      }
      var report = try await kept.report(
        name, of: period, operatorID: operatorID, madeAt: period.closedAt ?? madeAt,
        asOf: period.state == .closed ? nil : madeAt, in: db)
      guard period.state != .closed else { return report }
      let days = report.days
      let scope = try await OperatorScope(operatorID, on: days, of: city, in: db)
      // What waits of days before it will be booked in it, too.
      let missing = try await Self.notes(
        days, scope, waiting: Day(number: 0)...days.upperBound, in: db)
      let told = Set(report.notes.map(\.key))
      report.notes += missing.filter { !told.contains($0.key) }
      return report
    }
  }

  /// The bytes of a report that was kept when a period was closed; nil when there is none.
  package func keptReport(_ name: ReportName, of period: String) async throws -> [UInt8]? {
    try await store.read { db in
      try await db.periods.report(name.rawValue, of: period)?.content
    }
  }

  /// Months of the books; a month without a row is open.
  package func periods() async throws -> [PeriodRow] {
    try await store.read { db in try await db.periods.list() }
  }
}

extension ReportNote {
  /// Says of a table that it has as many rows as are read at most, what its sums are of, and on which page it
  /// goes on.
  static func cut(_ table: ReportTable, next page: Int? = nil) -> ReportNote {
    let count = Int64(table.rows.count)
    var (ukrainian, english) = ("\(count)", "\(count)")
    if !table.totals.isEmpty {
      ukrainian += "; «Разом» – за всіма"
      english += "; the total is of all of them"
    }
    if let page {
      ukrainian += "; далі – сторінка \(page) (page)"
      english += "; the next are on page \(page)"
    }
    return ReportNote(
      key: "table_cut_\(table.key)", text: cutText(table), count: count, isMissing: true,
      said: Bilingual(uk: ukrainian, en: english))
  }

  /// Says which page of its tables a report is; nil of the first.
  static func page(_ page: Int) -> ReportNote? {
    guard page > 0 else { return nil }
    return ReportNote(
      key: "page",
      text: Bilingual(
        uk: "Сторінка таблиць, що довші за одну", en: "Page of the tables that have more than one"),
      count: Int64(page), isMissing: true)
  }

  /// What is said of a table that is cut.
  static func cutText(_ table: ReportTable) -> Bilingual {
    Bilingual(
      uk: "«\(table.title.ukrainian)» обрізано після стількох рядків",
      en: "“\(table.title.english)” is cut after so many rows")
  }
}

extension ReportNote {
  /// Key of the note on tariffs that are not all named.
  static let versionsCut = "tariff_versions_cut"

  /// Names the tariffs, and says where there are more than are named.
  static func versions(_ names: [String]) -> [ReportNote] {
    let named = Array(names.prefix(ReportTables.versionsMax))
    let note = ReportNote(
      key: "tariff_versions", text: Bilingual(uk: "Версії тарифу", en: "Tariff versions"),
      count: Int64(named.count), isMissing: false, names: named)
    guard names.count > named.count else { return [note] }
    return [
      note,
      ReportNote(
        key: versionsCut, text: versionsCutText, count: Int64(named.count), isMissing: true),
    ]
  }

  /// What is said where more tariffs held than are named.
  static let versionsCutText = Bilingual(
    uk: "Версій тарифу більше, ніж названо; названо", en: "More tariff versions than named; named")
}

/// Makes the tables of a report from their definitions.
struct ReportMaker {
  let question: ReportQuestion
  /// Gives names to operators; without it there are codes only.
  let names: OperatorNames?

  /// The tables that the asker may see, and notes on what was left out.
  func tables(
    _ definitions: [ReportTableDefinition], in db: StoreSession
  ) async throws -> ([ReportTable], [ReportNote]) {
    let dayCount = question.days.upperBound.number - question.days.lowerBound.number + 1
    var tables: [ReportTable] = []
    var notes = [ReportNote.page(question.page)].compactMap(\.self)
    for definition in definitions {
      if definition.isOfHouse, question.operatorID != nil { continue }
      if let daysMax = definition.daysMax, dayCount > daysMax {
        notes.append(
          ReportNote(
            key: "table_left_out_\(definition.key)",
            text: Bilingual(
              uk: "Таблиці «\(definition.title.ukrainian)» тут немає",
              en: "The table “\(definition.title.english)” is left out"),
            count: Int64(daysMax), isMissing: true,
            said: Bilingual(
              uk: "її складають щонайбільше за стільки днів: \(daysMax)",
              en: "it is made for at most \(daysMax) days")))
        continue
      }
      let table = try await self.table(definition, in: db)
      if question.page > 0, table.rows.isEmpty { continue }
      if table.rows.count >= rowsMax(definition) {
        let hasNext = question.basis == .fareDay && question.page < ReportTables.pageMax
        notes.append(ReportNote.cut(table, next: hasNext ? question.page + 1 : nil))
      }
      tables.append(table)
    }
    return (tables, notes)
  }

  /// Most rows of a table: a month keeps those of operators whole, for their own reports come of them.
  private func rowsMax(_ definition: ReportTableDefinition) -> Int {
    question.basis == .accountingDate && !definition.isOfHouse
      ? ReportTables.keptRowsMax : ReportTables.groupsMax
  }

  private func table(
    _ definition: ReportTableDefinition, in db: StoreSession
  ) async throws -> ReportTable {
    let words = definition.figures.map { key in
      guard let words = ReportFigures.find(key) else {
        preconditionFailure("\(definition.key) shows \(key), which is no figure")
      }
      return words
    }
    let page = try await page(definition, words, in: db)
    var columns: [ReportColumn] = []
    for word in words {
      columns.append(definition.column(word))
      if word.key == "operator", names != nil, let name = ReportFigures.find("operator_name") {
        columns.append(ReportColumn(name.key, name.header, .text, meaning: name.meaning))
      }
    }
    let cells = page.rows.map { row in
      zip(words, row).flatMap { word, figure in
        self.cells(word.key, figure).map { definition.cell($0, of: word.key) }
      }
    }
    var table = ReportTable(
      key: definition.key, title: definition.title, sheet: definition.sheet, columns: columns,
      rows: cells, totals: [], isPart: question.page > 0 || cells.count >= rowsMax(definition))
    guard !definition.isUnsummed, !cells.isEmpty else { return table }
    table.totals =
      table.isPart ? Self.totals(of: page, columns) : Self.totals(of: cells, columns)
    return table
  }

  private func page(
    _ definition: ReportTableDefinition, _ words: [ReportFigureWords], in db: StoreSession
  ) async throws -> ReportPage {
    let figures = words.map { ($0.key, ReportFigureKind(rawValue: $0.kind.rawValue) ?? .text) }
    guard !definition.isUnsummed else {
      let rows = try await db.reports.rows(
        definition.query, question, figures: figures, countMax: rowsMax(definition))
      return ReportPage(rows: rows, sums: [])
    }
    return try await db.reports.page(
      definition.query, question, figures: figures,
      sumsOf: words.filter(\.isSummed).map(\.key),
      byCurrency: words.contains { $0.key == "currency" }, countMax: rowsMax(definition))
  }

  /// The sums over all rows of a query, of which a page was read, as the table shows them.
  private static func totals(of page: ReportPage, _ columns: [ReportColumn]) -> [[ReportCell]] {
    let keys = columns.map(\.key).filter { ReportFigures.find($0)?.isSummed == true }
    return page.sums.map { code, sums in
      columns.enumerated().map { place, column in
        if column.key == "currency" { return .text(code) }
        if place == 0 { return Self.total }
        guard let sum = keys.firstIndex(of: column.key) else { return .text("") }
        return Self.sum(sums[sum], column.kind, currency: code)
      }
    }
  }

  /// A figure as a cell, with the words that people read.
  static func cell(_ key: String, _ figure: ReportFigure) -> ReportCell {
    switch figure {
    case .none: .none
    case .text(let text):
      key == "mode"
        ? Mode(rawValue: text).map { .label(text, $0.title) } ?? .text(text)
        : ReportWords.find(key, text).map { .label(text, $0) } ?? .text(text)
    case .count(let count): .count(count)
    case .money(let minor, let code):
      Currency(code).map { .money(Money(minor: minor, currency: $0)) } ?? .none
    case .date(let day): .date(day)
    case .moment(let moment): .moment(moment)
    }
  }

  private func cells(_ key: String, _ figure: ReportFigure) -> [ReportCell] {
    let cell = Self.cell(key, figure)
    guard key == "operator", let names else { return [cell] }
    guard case .text(let id) = cell else { return [cell, .none] }
    return [cell, names.name(of: id).map(ReportCell.text) ?? .none]
  }

  /// What stands before sums.
  static let total = ReportCell.label("total", Bilingual(uk: "Разом", en: "Total"))

  /// Sums of the figures that may be summed, a row for each currency.
  static func totals(of rows: [[ReportCell]], _ columns: [ReportColumn]) -> [[ReportCell]] {
    let place = columns.firstIndex { $0.key == "currency" }
    let codes = place.map { place in Set(rows.map { $0[place].plain }).sorted() } ?? [""]
    guard !rows.isEmpty else { return [] }
    return codes.map { code in
      let own = place.map { place in rows.filter { $0[place].plain == code } } ?? rows
      return columns.indices.map { column in
        if column == place { return .text(code) }
        if column == 0 { return total }
        guard ReportFigures.find(columns[column].key)?.isSummed == true else { return .text("") }
        return sum(own.map { $0[column] }, columns[column].kind, currency: code)
      }
    }
  }

  private static func sum(
    _ cells: [ReportCell], _ kind: ReportColumn.Kind, currency: String
  ) -> ReportCell {
    var total: Int64 = 0
    for cell in cells {
      switch cell {
      // Of missing numbers there may be more than 64 bits count; of money there are not.
      case .count(let count): total = saturatingSum(total, count)
      case .money(let money): total += money.minor
      default: continue
      }
    }
    return sum(total, kind, currency: currency)
  }

  private static func sum(
    _ total: Int64, _ kind: ReportColumn.Kind, currency: String
  ) -> ReportCell {
    guard kind == .money else { return .count(total) }
    return Currency(currency).map { .money(Money(minor: total, currency: $0)) } ?? .none
  }
}
