import Basics
import Ledger
package import Store
import Tapping

/// The reports that are kept when a period is closed: figures of accounting dates only, which no late
/// ride and no new network changes.
package enum KeptReports {
  /// Most items that may have been left open.
  static let openItemsMax = 1000

  /// The reports of a period, each as the JSON that is kept.
  @Sendable
  package static func make(
    _ period: PeriodRow, in db: StoreSession
  ) async throws -> [PeriodReportRow] {
    var rows: [PeriodReportRow] = []
    for name in ReportName.allCases where name.isKept {
      let report = try await report(
        name, of: period, operatorID: nil, madeAt: period.closedAt ?? Instant(microseconds: 0),
        in: db)
      rows.append(row(report))
    }
    rows.append(row(try await balance(of: period, in: db)))
    return rows
  }

  private static func row(_ report: Report) -> PeriodReportRow {
    let content = report.json
    return PeriodReportRow(
      report: report.name, content: content, digest: SHA256Digest.hash(content))
  }

  static func report(
    _ name: ReportName, of period: PeriodRow, operatorID: String?, madeAt: Instant,
    in db: StoreSession
  ) async throws -> Report {
    let days = period.first...period.last
    let question = ReportQuestion(days: days, basis: .accountingDate, operatorID: operatorID)
    let (tables, notes) = try await ReportMaker(question: question, network: nil)
      .tables(name.keptTables, in: db)
    return Report(
      name: name.rawValue, title: name.title, days: days, period: period.name,
      operatorID: operatorID, madeAt: madeAt, tables: tables,
      notes: try await Self.notes(of: period, question, in: db) + notes)
  }

  /// Turnover of each account in the period.
  private static func balance(of period: PeriodRow, in db: StoreSession) async throws -> Report {
    let days = period.first...period.last
    let figures = ["account", "operator", "debit_minor", "credit_minor", "currency"]
    let columns = figures.compactMap(ReportFigures.find).map {
      ReportColumn($0.key, $0.header, $0.kind, meaning: $0.meaning)
    }
    guard let month = AccountingPeriod(name: period.name) else {
      preconditionFailure("\(period.name) is no month")
    }
    let balance = try await db.periods.trialBalance(of: month)
    let rows = balance.rows.map { row -> [ReportCell] in
      [
        .text(row.key.account), row.key.operatorID.map(ReportCell.text) ?? .none,
        .money(Money(minor: row.sums.debitMinor, currency: row.key.currency)),
        .money(Money(minor: row.sums.creditMinor, currency: row.key.currency)),
        .text(row.key.currency.code),
      ]
    }
    let question = ReportQuestion(days: days, basis: .accountingDate)
    return Report(
      name: "trial-balance", title: Bilingual(uk: "Обороти", en: "Turnover"), days: days,
      period: period.name, operatorID: nil, madeAt: period.closedAt ?? Instant(microseconds: 0),
      tables: [
        ReportTable(
          key: "accounts", title: Bilingual(uk: "Рахунки", en: "Accounts"), columns: columns,
          rows: rows, totals: ReportMaker.totals(of: rows, columns))
      ], notes: try await notes(of: period, question, in: db))
  }

  /// What was left open when the period was closed, and the tariffs of its rides.
  private static func notes(
    of period: PeriodRow, _ question: ReportQuestion, in db: StoreSession
  ) async throws -> [ReportNote] {
    let versions = try await db.reports.tariffVersions(
      days: question.days, basis: .accountingDate, operatorID: question.operatorID)
    let state = Bilingual(
      uk: period.state == .closed ? "Період закрито" : "Період ще відкрито",
      en: period.state == .closed ? "The period is closed" : "The period is still open")
    var notes = [
      ReportNote(
        key: "period_open", text: state, count: period.state == .closed ? 0 : 1, isMissing: true),
      ReportNote(
        key: "tariff_versions", text: Bilingual(uk: "Версії тарифу", en: "Tariff versions"),
        count: Int64(versions.count), isMissing: false, names: versions),
    ]
    for item in try items(period.openItems) {
      notes.append(
        ReportNote(
          key: "left_open_\(item.kind)" + (item.currency.map { "_\($0)" } ?? ""),
          text: Bilingual(
            uk: "Лишено відкритим: \(item.kind)", en: "Left open: \(item.kind)"),
          count: item.count, isMissing: true))
    }
    return notes
  }

  private static func items(
    _ json: String
  ) throws(JSONFault) -> [(kind: String, count: Int64, currency: String?)] {
    var reader = JSONReader(Array(json.utf8))
    var items: [(kind: String, count: Int64, currency: String?)] = []
    try reader.beginArray()
    while try reader.nextElement() {
      var item: (kind: String, count: Int64, currency: String?) = ("", 0, nil)
      try reader.beginObject()
      while let key = try reader.nextKey() {
        switch key {
        case "kind": item.kind = try reader.string()
        case "count": item.count = try reader.int64()
        case "currency": item.currency = try reader.string()
        default: try reader.skipValue()
        }
      }
      if items.count < openItemsMax { items.append(item) }
    }
    return items
  }
}
