package import Basics

/// A report as a value: what it is about, its tables, and what is missing from it.
package struct Report: Sendable, Equatable {
  /// Name by which it is asked for: `daily`.
  package var name: String
  package var title: Bilingual
  package var days: ClosedRange<Day>
  /// The period of the books it is about, when its days are accounting dates; nil for fare days.
  package var period: String?
  /// `agency_id` of the operator it is about; nil is all.
  package var operatorID: String?
  package var madeAt: Instant
  package var tables: [ReportTable]
  /// What a reader must know, and what is missing.
  package var notes: [ReportNote]

  /// Makes a report.
  package init(
    name: String, title: Bilingual, days: ClosedRange<Day>, period: String? = nil,
    operatorID: String?, madeAt: Instant, tables: [ReportTable], notes: [ReportNote]
  ) {
    self.name = name
    self.title = title
    self.days = days
    self.period = period
    self.operatorID = operatorID
    self.madeAt = madeAt
    self.tables = tables
    self.notes = notes
  }

  /// Whether anything is missing that will still change the numbers.
  package var isComplete: Bool { !notes.contains { $0.isMissing && $0.count > 0 } }
}

/// A table of a report: columns of one kind each.
package struct ReportTable: Sendable, Equatable {
  /// Name for programs: `operators`.
  package var key: String
  package var title: Bilingual
  /// What its sheet in a workbook is called, where the title is too long for one.
  package var sheet: Bilingual?
  package var columns: [ReportColumn]
  package var rows: [[ReportCell]]
  /// Sums by currency, one row each, as wide as the rows.
  package var totals: [[ReportCell]]
  /// Whether there are, or may be, more rows than these: the sums are of all of them then, or left out.
  package var isPart: Bool

  /// Makes a table; rows and sums are as wide as the columns.
  package init(
    key: String, title: Bilingual, sheet: Bilingual? = nil, columns: [ReportColumn],
    rows: [[ReportCell]], totals: [[ReportCell]], isPart: Bool = false
  ) {
    precondition(
      (rows + totals).allSatisfy { $0.count == columns.count }, "a row is as wide as the table")
    self.key = key
    self.title = title
    self.sheet = sheet
    self.columns = columns
    self.rows = rows
    self.totals = totals
    self.isPart = isPart
  }
}

/// A column of a table.
package struct ReportColumn: Sendable, Equatable {
  /// What its cells are.
  package enum Kind: String, Sendable {
    case text, count, money, date, moment

    /// Whether its cells stand to the right.
    package var isNumber: Bool { self == .count || self == .money }
  }

  /// Name for programs: `charged_minor`.
  package var key: String
  package var header: Bilingual
  package var kind: Kind
  /// What its figures mean, in a sentence; nil where the header says it all.
  package var meaning: Bilingual?

  /// Makes a column.
  package init(_ key: String, _ header: Bilingual, _ kind: Kind, meaning: Bilingual? = nil) {
    self.key = key
    self.header = header
    self.kind = kind
    self.meaning = meaning ?? ReportFigures.find(key)?.meaning
  }
}

/// A cell of a table.
package enum ReportCell: Sendable, Equatable {
  /// Nothing is known, or nothing belongs here.
  case none
  case text(String)
  /// A word for programs and what people read instead.
  case label(String, Bilingual)
  case count(Int64)
  case money(Money)
  case date(Day)
  case moment(Instant)
}

/// A note below the tables.
package struct ReportNote: Sendable, Equatable {
  /// What its count is.
  package enum Form: Sendable {
    case count
    /// 1 for yes and 0 for no: programs get true or false, and in CSV the word.
    case truth
    /// The same as earlier programs kept it: JSON has the number.
    case keptTruth
  }

  /// Name for programs: `rider_days_stale`.
  package var key: String
  package var text: Bilingual
  package var count: Int64
  /// Whether the count is of what is missing, so that more than 0 makes the report provisional.
  package var isMissing: Bool
  /// What is counted, where it has names: programs get a list then, also an empty one.
  package var names: [String]?
  /// What people read instead of the count; nil where the count says it.
  package var said: Bilingual?
  package var form: Form

  /// Makes a note.
  package init(
    key: String, text: Bilingual, count: Int64, isMissing: Bool, names: [String]? = nil,
    said: Bilingual? = nil, form: Form = .count
  ) {
    self.key = key
    self.text = text
    self.count = count
    self.isMissing = isMissing
    self.names = names
    self.said = said
    self.form = form
  }

  /// The names in a line; nil where there are none, and the count says it.
  package func line(separator: String = ", ") -> String? {
    names.flatMap { $0.isEmpty ? nil : $0.joined(separator: separator) }
  }

  /// What people read of it beside its text; nil where that is the count.
  package func words(in language: Language) -> String? {
    line() ?? said?[language] ?? (isNameless ? Self.noNames[language] : nil)
  }

  /// Whether what is counted has names, and there are none: a count of nothing would read as one of them.
  private var isNameless: Bool { count == 0 && (names ?? []).isEmpty && key == Self.versionsKey }

  private static let noNames = Bilingual(uk: "немає", en: "none")
  static let versionsKey = "tariff_versions"

  /// What programs read of it in CSV: names, the word of a truth, else the count.
  var plain: String {
    if let names = line(separator: " ") { return names }
    if isNameless { return "" }
    return form == .count ? String(count) : said?.english ?? String(count)
  }
}
