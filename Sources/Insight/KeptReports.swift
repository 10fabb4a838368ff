package import Basics
import Ledger
package import Store
import Tapping

/// The reports that are kept when a period is closed: figures of accounting dates only, which no late
/// ride and no new network changes.
package struct KeptReports: Sendable {
  /// Most items that may have been left open.
  static let openItemsMax = 1000

  /// Where the clock of the city stands: a period ends at midnight there.
  let zone: TimeZoneTable

  /// Makes the reports by the clock of a city.
  package init(zone: TimeZoneTable) { self.zone = zone }

  /// The reports of a period, each as the JSON that is kept.
  @Sendable
  package func make(
    _ period: PeriodRow, in db: StoreSession
  ) async throws -> [PeriodReportRow] {
    var rows: [PeriodReportRow] = []
    let versions = try await db.reports.tariffVersions(
      days: period.first...period.last, basis: .accountingDate, operatorID: nil,
      isOfRidesAlone: true)
    for name in ReportName.allCases where name.isKept {
      let report = try await report(
        name, of: period, operatorID: nil, madeAt: period.closedAt ?? Instant(microseconds: 0),
        in: db)
      rows.append(Self.row(report, versions))
    }
    rows.append(Self.row(try await balance(of: period, in: db), versions))
    return rows
  }

  private static func row(_ report: Report, _ versionsOfRides: [String]) -> PeriodReportRow {
    let content = report.json
    let named = Array(versionsOfRides.prefix(ReportTables.versionsMax))
    return PeriodReportRow(
      report: report.name, content: content, digest: SHA256Digest.hash(content),
      earlier: report.earlier(versionsOfRides: named).map(\.json))
  }

  /// A report of a period; while its days last it is asked as of a moment, and a kept one is of their end.
  func report(
    _ name: ReportName, of period: PeriodRow, operatorID: String?, madeAt: Instant,
    asOf moment: Instant? = nil, in db: StoreSession
  ) async throws -> Report {
    let days = period.first...period.last
    let question = ReportQuestion(
      days: days, zone: zone, basis: .accountingDate, operatorID: operatorID, madeAt: moment)
    let (tables, notes) = try await ReportMaker(question: question, names: nil)
      .tables(name.keptTables, in: db)
    return Report(
      name: name.rawValue, title: name.title, days: days, period: period.name,
      operatorID: operatorID, madeAt: madeAt, tables: tables,
      notes: try await Self.notes(of: period, question, in: db) + notes)
  }

  /// Turnover of each account in the period, with its balances before and after it.
  private func balance(of period: PeriodRow, in db: StoreSession) async throws -> Report {
    let days = period.first...period.last
    let columns = Self.balanceFigures.compactMap(ReportFigures.find).map {
      ReportColumn($0.key, $0.header, $0.kind, meaning: $0.meaning)
    }
    guard let month = AccountingPeriod(name: period.name) else {
      preconditionFailure("\(period.name) is no month")
    }
    let before = try await db.books.trialBalance(through: period.first.adding(days: -1))
    let turnover = try await db.periods.trialBalance(of: month)
    let after = try await db.books.trialBalance(through: period.last)
    let rows = Set((before.rows + after.rows).map(\.key)).sorted().compactMap { key in
      Self.row(key, before: before[key], turnover: turnover[key], after: after[key])
    }
    let question = ReportQuestion(days: days, zone: zone, basis: .accountingDate)
    return Report(
      name: "trial-balance",
      title: Bilingual(uk: "Оборотно-сальдова відомість", en: "Trial balance"), days: days,
      period: period.name, operatorID: nil, madeAt: period.closedAt ?? Instant(microseconds: 0),
      tables: [
        ReportTable(
          key: "accounts", title: Bilingual(uk: "Рахунки", en: "Accounts"), columns: columns,
          rows: rows, totals: ReportMaker.totals(of: rows, columns))
      ], notes: try await Self.notes(of: period, question, in: db))
  }

  private static let balanceFigures = [
    "account", "operator", "opening_debit_minor", "opening_credit_minor", "debit_minor",
    "credit_minor", "closing_debit_minor", "closing_credit_minor", "currency",
  ]

  /// The line of an account; nil for one that was settled before the period and did not move.
  private static func row(
    _ key: TrialBalance.Key, before: SideSums, turnover: SideSums, after: SideSums
  ) -> [ReportCell]? {
    let opening = before.debitMinor - before.creditMinor
    let closing = after.debitMinor - after.creditMinor
    let amounts = [
      max(0, opening), max(0, -opening), turnover.debitMinor, turnover.creditMinor,
      max(0, closing), max(0, -closing),
    ]
    guard amounts.contains(where: { $0 != 0 }) else { return nil }
    return [.text(key.account), key.operatorID.map(ReportCell.text) ?? .none]
      + amounts.map { .money(Money(minor: $0, currency: key.currency)) }
      + [.text(key.currency.code)]
  }

  /// What was left open when the period was closed, and the tariffs of its rides.
  private static func notes(
    of period: PeriodRow, _ question: ReportQuestion, in db: StoreSession
  ) async throws -> [ReportNote] {
    let versions = try await db.reports.tariffVersions(
      days: question.days, basis: .accountingDate, operatorID: question.operatorID)
    let open = note("period_open", count: period.state == .closed ? 0 : 1)
    return try [open] + ReportNote.versions(versions)
      + items(period.openItems).map { item in
        note(
          leftOpen + item.kind + (item.currency.map { "_\($0)" } ?? ""), count: item.count)
      }
  }

  /// A note of a period by its name.
  static func note(
    _ key: String, count: Int64, names: [String]? = nil, form: ReportNote.Form = .truth
  ) -> ReportNote {
    let text =
      switch key {
      case "period_open":
        Bilingual(
          uk: "Стан періоду", en: "State of the period")
      case "tariff_versions": Bilingual(uk: "Версії тарифу", en: "Tariff versions")
      case ReportNote.versionsCut: ReportNote.versionsCutText
      default:
        Bilingual(
          uk: "Лишено відкритим: \(key.replacing(leftOpen, with: ""))",
          en: "Left open: \(key.replacing(leftOpen, with: ""))")
      }
    // To people it would be a count of something.
    let isState = key == "period_open"
    let state =
      count == 0
      ? Bilingual(uk: "закрито", en: "closed") : Bilingual(uk: "відкрито", en: "open")
    return ReportNote(
      key: key, text: text, count: count, isMissing: key != "tariff_versions", names: names,
      said: isState ? state : nil, form: isState ? form : .count)
  }

  /// How notes of what was left open begin.
  private static let leftOpen = "left_open_"

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
