package import Basics
import CLibXlsxWriter
import Foundation

/// Why a workbook could not be written.
package struct WorkbookFault: Error, Sendable, CustomStringConvertible {
  package let description: String
}

extension Report {
  /// The report as a workbook of Excel: a sheet for each table, one about it, one of meanings.
  ///
  /// Sums are formulas, with their values beside them for readers that do not count.
  package func workbook(in language: Language, zone: TimeZoneTable = .utc) throws -> [UInt8] {
    let placeholder = String(repeating: "X", count: 6)
    var template = Array("\(NSTemporaryDirectory())/kvytok-workbook-\(placeholder)".utf8CString)
    // The library writes to a path; the file is this process's alone and goes away with the call.
    let file = mkstemp(&template)
    guard file >= 0 else { throw WorkbookFault(description: "no temporary file can be made") }
    close(file)
    let path = String(
      decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { unlink(path) }
    guard let book = workbook_new(path) else {
      throw WorkbookFault(description: "a workbook cannot be begun")
    }
    // The time of the report and not of its writing: a kept one has the same bytes for ever.
    var properties = lxw_doc_properties()
    properties.created = time_t(max(madeAt.seconds, 1))
    workbook_set_properties(book, &properties)
    let writer = WorkbookWriter(book: book, language: language, zone: zone)
    let titles =
      tables.map { $0.sheet ?? $0.title } + [WorkbookWriter.about, WorkbookWriter.meanings]
    let names = SheetNames.of(titles.map { $0[language] })
    for (table, name) in zip(tables, names) { writer.add(table, writer.sheet(name)) }
    writer.addAbout(self, writer.sheet(names[tables.count]))
    writer.addMeanings(of: self, names, writer.sheet(names[tables.count + 1]))
    let code = workbook_close(book)
    guard code == LXW_NO_ERROR, let data = FileManager.default.contents(atPath: path) else {
      throw WorkbookFault(description: "the workbook cannot be written (\(code.rawValue))")
    }
    return Array(data)
  }
}

/// Writes sheets of one workbook.
private struct WorkbookWriter {
  typealias Sheet = UnsafeMutablePointer<lxw_worksheet>
  private typealias Format = UnsafeMutablePointer<lxw_format>

  static let about = Bilingual(uk: "Про звіт", en: "About")
  static let meanings = Bilingual(uk: "Що означають числа", en: "What the figures mean")
  private static let columnWidth = 18.0
  private static let textWidth = 60.0

  let book: UnsafeMutablePointer<lxw_workbook>
  let language: Language
  let zone: TimeZoneTable

  func add(_ table: ReportTable, _ sheet: Sheet) {
    let head = format { format_set_bold($0) }
    for (column, words) in table.columns.enumerated() {
      worksheet_write_string(sheet, 0, UInt16(column), words.header[language], head)
    }
    worksheet_freeze_panes(sheet, 1, 0)
    let last = UInt16(max(table.columns.count - 1, 0))
    worksheet_set_column(sheet, 0, last, Self.columnWidth, nil)
    let formats = Formats(plain: { self.format($0) })
    for (row, cells) in table.rows.enumerated() {
      for (column, cell) in cells.enumerated() {
        write(cell, sheet, UInt32(row + 1), UInt16(column), formats)
      }
    }
    let bold = Formats(plain: { code in
      self.format {
        format_set_bold($0)
        if let code { format_set_num_format($0, code) }
      }
    })
    for (index, cells) in table.totals.enumerated() {
      let row = UInt32(table.rows.count + 1 + index)
      for (column, cell) in cells.enumerated() {
        guard let formula = formula(table, column, cells) else {
          write(cell, sheet, row, UInt16(column), bold)
          continue
        }
        worksheet_write_formula_num(
          sheet, row, UInt16(column), formula, bold.of(cell), cell.number ?? 0)
      }
    }
  }

  /// The sum of a column over the rows of a total's currency; nil where there is nothing to sum, or more than
  /// the sheet has.
  private func formula(_ table: ReportTable, _ column: Int, _ total: [ReportCell]) -> String? {
    guard !table.isPart, !table.rows.isEmpty, total[column].number != nil else { return nil }
    let last = table.rows.count + 1
    let letter = Self.letter(column)
    guard let place = table.columns.firstIndex(where: { $0.key == "currency" }) else {
      return "=SUM(\(letter)2:\(letter)\(last))"
    }
    let key = Self.letter(place)
    return
      "=SUMIF(\(key)2:\(key)\(last),\"\(total[place].plain)\",\(letter)2:\(letter)\(last))"
  }

  func addAbout(_ report: Report, _ sheet: Sheet) {
    worksheet_set_column(sheet, 0, 0, Self.textWidth, nil)
    worksheet_set_column(sheet, 1, 1, Self.columnWidth, nil)
    let bold = format { format_set_bold($0) }
    worksheet_write_string(sheet, 0, 0, report.heading(in: language), bold)
    let made = Bilingual(uk: "Складено", en: "Made at")[language]
    worksheet_write_string(sheet, 1, 0, made, nil)
    let formats = Formats(plain: { self.format($0) })
    write(.moment(report.madeAt), sheet, 1, 1, formats)
    for (column, day) in [report.days.lowerBound, report.days.upperBound].enumerated() {
      let words = column == 0 ? Bilingual(uk: "Від", en: "From") : Bilingual(uk: "До", en: "To")
      worksheet_write_string(sheet, UInt32(2 + column), 0, words[language], nil)
      write(.date(day), sheet, UInt32(2 + column), 1, formats)
    }
    for (index, note) in report.notes.enumerated() {
      let row = UInt32(4 + index)
      worksheet_write_string(sheet, row, 0, note.text[language], nil)
      if let words = note.words(in: language) {
        worksheet_write_string(sheet, row, 1, words, nil)
      } else {
        worksheet_write_number(sheet, row, 1, Double(note.count), nil)
      }
    }
    addEnd(of: report, sheet, row: UInt32(4 + report.notes.count))
  }

  /// Whether the figures may still change, and whose clock its times are by.
  private func addEnd(of report: Report, _ sheet: Sheet, row: UInt32) {
    let complete = Bilingual(uk: "Нічого не бракує", en: "Complete")[language]
    let answer =
      report.isComplete ? Bilingual(uk: "так", en: "yes") : Bilingual(uk: "ні", en: "no")
    let clock = Bilingual(uk: "Час за годинником", en: "Times are by the clock of")[language]
    for (place, line) in [(complete, answer[language]), (clock, zone.name)].enumerated() {
      worksheet_write_string(sheet, row + UInt32(place), 0, line.0, nil)
      worksheet_write_string(sheet, row + UInt32(place), 1, line.1, nil)
    }
  }

  /// What the columns mean, by the names of the tables' sheets.
  func addMeanings(of report: Report, _ names: [String], _ sheet: Sheet) {
    worksheet_set_column(sheet, 0, 1, Self.columnWidth, nil)
    worksheet_set_column(sheet, 2, 2, Self.textWidth * 1.5, nil)
    worksheet_freeze_panes(sheet, 1, 0)
    let bold = format { format_set_bold($0) }
    let heads = [
      Bilingual(uk: "Аркуш", en: "Sheet"), Bilingual(uk: "Стовпець", en: "Column"),
      Bilingual(uk: "Значення", en: "Meaning"),
    ]
    for (column, head) in heads.enumerated() {
      worksheet_write_string(sheet, 0, UInt16(column), head[language], bold)
    }
    var row: UInt32 = 1
    for (table, name) in zip(report.tables, names) {
      for column in table.columns {
        worksheet_write_string(sheet, row, 0, name, nil)
        worksheet_write_string(sheet, row, 1, column.header[language], nil)
        worksheet_write_string(sheet, row, 2, (column.meaning ?? column.header)[language], nil)
        row += 1
      }
    }
  }

  /// A sheet of a name that ``SheetNames`` made.
  func sheet(_ name: String) -> Sheet {
    guard let sheet = workbook_add_worksheet(book, name) else {
      preconditionFailure("no sheet can be named \(name)")
    }
    return sheet
  }

  private func format(_ make: (Format) -> Void) -> Format? {
    let format = workbook_add_format(book)
    if let format { make(format) }
    return format
  }

  private func format(_ code: String?) -> Format? {
    format { if let code { format_set_num_format($0, code) } }
  }

  private func write(
    _ cell: ReportCell, _ sheet: Sheet, _ row: UInt32, _ column: UInt16, _ formats: Formats
  ) {
    switch cell {
    case .none: break
    case .text(let text): worksheet_write_string(sheet, row, column, text, formats.of(cell))
    case .label(_, let words):
      worksheet_write_string(sheet, row, column, words[language], formats.of(cell))
    case .count, .money:
      worksheet_write_number(sheet, row, column, cell.number ?? 0, formats.of(cell))
    case .date(let day):
      var date = Self.datetime(day, second: 0)
      worksheet_write_datetime(sheet, row, column, &date, formats.of(cell))
    case .moment(let moment):
      let local = zone.local(moment)
      var date = Self.datetime(local.day, second: local.secondOfDay)
      worksheet_write_datetime(sheet, row, column, &date, formats.of(cell))
    }
  }

  private static func datetime(_ day: Day, second: Int) -> lxw_datetime {
    let civil = day.civil
    return lxw_datetime(
      year: Int32(civil.year), month: Int32(civil.month), day: Int32(civil.day),
      hour: Int32(second / 3600), min: Int32(second / 60 % 60), sec: Double(second % 60))
  }

  /// `A` for 0.
  private static func letter(_ column: Int) -> String {
    let first = column / 26
    let last = String(UnicodeScalar(UInt8(65 + column % 26)))
    return first == 0 ? last : letter(first - 1) + last
  }

  /// The formats of one kind of row, each made once.
  private struct Formats {
    let count: Format?
    let date: Format?
    let moment: Format?
    let text: Format?
    /// By the decimal places of the currency.
    let money: [Int: Format?]

    init(plain: (String?) -> Format?) {
      text = plain(nil)
      count = plain("#,##0")
      date = plain("yyyy-mm-dd")
      moment = plain("yyyy-mm-dd hh:mm:ss")
      money = [0: plain("#,##0"), 2: plain("#,##0.00"), 3: plain("#,##0.000")]
    }

    func of(_ cell: ReportCell) -> Format? {
      switch cell {
      case .none, .text, .label: text
      case .count: count
      case .money(let money): self.money[money.currency.minorDigits] ?? nil
      case .date: date
      case .moment: moment
      }
    }
  }
}

extension ReportCell {
  /// The cell as a number of a sheet, money in major units; nil where it is none.
  fileprivate var number: Double? {
    switch self {
    case .count(let count): Double(count)
    case .money(let money):
      Double(money.minor) / [0: 1.0, 2: 100.0, 3: 1000.0][money.currency.minorDigits, default: 100]
    default: nil
    }
  }
}
