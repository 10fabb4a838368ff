import Basics
import Store

/// Reads a kept report, so that all of its formats show what was kept and nothing else.
///
/// Headings and meanings are this program's; the tables, their columns and figures are those of the kept
/// bytes, also where this program would make others.
struct KeptReading {
  private let name: ReportName
  private var report: Report
  private var sums: [[ReportCell]]?

  /// The report of a name whose bytes were kept.
  static func report(_ name: ReportName, _ content: [UInt8]) throws(StoreFault) -> Report {
    var reading = KeptReading(name: name)
    do {
      return try reading.read(content)
    } catch {
      throw StoreFault(
        kind: .damaged, "the kept report \(name.rawValue): \(error.pointer) \(error.message)")
    }
  }

  private init(name: ReportName) {
    self.name = name
    let never = Day(number: 0)
    report = Report(
      name: name.rawValue, title: name.title, days: never...never, operatorID: nil,
      madeAt: Instant(microseconds: 0), tables: [], notes: [])
  }

  private mutating func read(_ content: [UInt8]) throws(JSONFault) -> Report {
    var reader = JSONReader(content)
    var (first, last): (Day?, Day?)
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "report", "operator", "complete": try reader.skipValue()
      case "from": first = Day(try reader.string())
      case "to": last = Day(try reader.string())
      case "period": report.period = try reader.string()
      case "made_at": report.madeAt = try reader.instant()
      case "totals": try totals(&reader)
      case "completeness": try notes(&reader)
      default: try table(key, &reader)
      }
    }
    try reader.finish()
    guard let first, let last, first <= last else { throw reader.fault("lacks its days") }
    report.days = first...last
    return report
  }

  private mutating func table(_ key: String, _ reader: inout JSONReader) throws(JSONFault) {
    let definition = name.keptTables.first { $0.key == key }
    let rows = try Self.rows(&reader)
    let keys = rows.first.map { $0.map(\.key) } ?? definition?.figures ?? []
    let columns = keys.map { key in
      let words = ReportFigures.find(key)
      if let words, let definition { return definition.column(words) }
      let isText = rows.first?.first { $0.key == key }?.value.isText ?? true
      return ReportColumn(
        key, words?.header ?? Bilingual(uk: key, en: key), words?.kind ?? (isText ? .text : .count))
    }
    var cells: [[ReportCell]] = []
    for row in rows {
      guard row.map(\.key) == keys else { throw reader.fault("has rows of several kinds") }
      let own = try Self.cells(row, columns, reader)
      cells.append(zip(own, keys).map { cell, key in definition?.cell(cell, of: key) ?? cell })
    }
    let isUnsummed = definition?.isUnsummed ?? true
    report.tables.append(
      ReportTable(
        key: key, title: definition?.title ?? Bilingual(uk: key, en: key),
        sheet: definition?.sheet, columns: columns, rows: cells,
        totals: isUnsummed ? [] : ReportMaker.totals(of: cells, columns)))
  }

  /// The sums of the first table, as they were kept.
  private mutating func totals(_ reader: inout JSONReader) throws(JSONFault) {
    let rows = try Self.rows(&reader)
    guard let table = report.tables.first else { return }
    var cells: [[ReportCell]] = []
    for row in rows {
      guard row.map(\.key) == table.columns.map(\.key) else {
        throw reader.fault("has other columns than its table")
      }
      var sum: [ReportCell] = []
      for (place, member) in row.enumerated() {
        if case .text(let text) = member.value {
          sum.append(place == 0 && text == "total" ? ReportMaker.total : .text(text))
        } else {
          sum.append(try Self.cell(member, of: row, table.columns[place].kind, reader))
        }
      }
      cells.append(sum)
    }
    report.tables[0].totals = cells
  }

  private mutating func notes(_ reader: inout JSONReader) throws(JSONFault) {
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if reader.next == .bool {
        report.notes.append(KeptReports.note(key, count: try reader.bool() ? 1 : 0))
        continue
      }
      guard reader.next == .array else {
        // Earlier programs kept the number 0 where there was no version, and one for whether the period was open; what
        // was kept stays.
        report.notes.append(note(key, count: try reader.int64(), names: nil))
        continue
      }
      var names: [String] = []
      try reader.beginArray()
      while try reader.nextElement() { names.append(try reader.string()) }
      report.notes.append(note(key, count: Int64(names.count), names: names))
    }
  }

  private mutating func note(_ key: String, count: Int64, names: [String]?) -> ReportNote {
    if let place = report.tables.firstIndex(where: { key == "table_cut_\($0.key)" }) {
      report.tables[place].dropSumsOfPart()
      return ReportNote.cut(report.tables[place])
    }
    return KeptReports.note(key, count: count, names: names, form: .keptTruth)
  }
}

/// Rows and cells as they stand in the text.
extension KeptReading {
  private enum Value {
    case none
    case text(String)
    case number(Int64)

    var isText: Bool { if case .number = self { false } else { true } }
  }

  private typealias Member = (key: String, value: Value)

  private static func rows(_ reader: inout JSONReader) throws(JSONFault) -> [[Member]] {
    var rows: [[Member]] = []
    try reader.beginArray()
    while try reader.nextElement() {
      var row: [Member] = []
      try reader.beginObject()
      while let key = try reader.nextKey() {
        if reader.takeNull() {
          row.append((key, .none))
        } else if reader.next == .number {
          row.append((key, .number(try reader.int64())))
        } else {
          row.append((key, .text(try reader.string())))
        }
      }
      rows.append(row)
    }
    return rows
  }

  private static func cells(
    _ row: [Member], _ columns: [ReportColumn], _ reader: JSONReader
  ) throws(JSONFault) -> [ReportCell] {
    var cells: [ReportCell] = []
    for (member, column) in zip(row, columns) {
      cells.append(try cell(member, of: row, column.kind, reader))
    }
    return cells
  }

  private static func cell(
    _ member: Member, of row: [Member], _ kind: ReportColumn.Kind, _ reader: JSONReader
  ) throws(JSONFault) -> ReportCell {
    var figure: ReportFigure?
    switch (kind, member.value) {
    case (_, .none): figure = ReportFigure.none
    case (.text, .text(let text)): figure = .text(text)
    case (.count, .number(let count)): figure = .count(count)
    case (.money, .number(let minor)):
      guard case .text(let code)? = row.first(where: { $0.key == "currency" })?.value else { break }
      figure = .money(minor, currency: code)
    case (.date, .text(let text)): figure = Day(text).map(ReportFigure.date)
    case (.moment, .text(let text)): figure = Instant(iso8601: text).map(ReportFigure.moment)
    default: break
    }
    guard let figure else { throw reader.fault("\(member.key) is no figure of its kind") }
    return ReportMaker.cell(member.key, figure)
  }
}

extension ReportTable {
  /// Leaves the sums out of a table that was cut, where they are those of its rows: of none but the first of a report sums
  /// were kept, and earlier programs added up what they had read.
  fileprivate mutating func dropSumsOfPart() {
    isPart = true
    if totals == ReportMaker.totals(of: rows, columns) { totals = [] }
  }
}

extension Report {
  /// What of a kept report is one operator's: its rows of the tables that tell operators apart.
  func scoped(to operatorID: String, of name: ReportName) -> Report {
    var scoped = self
    scoped.operatorID = operatorID
    scoped.tables = tables.compactMap { table in
      guard let place = table.columns.firstIndex(where: { $0.key == "operator" }) else {
        return nil
      }
      var own = table
      own.keep { $0[place] == .text(operatorID) }
      return own
    }
    let told = Set(scoped.tables.map(\.key))
    for definition in name.keptTables where !definition.isOfHouse && !told.contains(definition.key)
    {
      scoped.notes.append(
        ReportNote(
          key: "table_not_kept_\(definition.key)",
          text: Bilingual(
            uk: "«\(definition.title.ukrainian)» не збережено при закритті місяця",
            en: "“\(definition.title.english)” was not kept when the month was closed"), count: 1,
          isMissing: false))
    }
    return scoped
  }
}
