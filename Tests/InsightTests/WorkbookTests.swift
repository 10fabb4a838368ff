import Basics
import Foundation
import Insight
import Programs
import Testing

/// What Kvytok writes as a workbook is read by a reader that others use.
@Suite struct WorkbookTests {
  static let python = ProcessInfo.processInfo.environment["KVYTOK_PYTHON"]
  static var isThere: Bool {
    python.map { FileManager.default.isExecutableFile(atPath: $0) } ?? false
  }

  @Test func sheetsHaveNamesThatExcelTakes() {
    let long = String(repeating: "Довга назва ", count: 4)
    #expect(
      SheetNames.of(["Books: what is left", "books what is left", "a/b\\c [d]*?", "'", long, long])
        == [
          "Books what is left", "books what is left 2", "a b c d", "–",
          "Довга назва Довга назва Довга н", "Довга назва Довга назва Довга 2",
        ])
  }

  private static func report() throws -> Report {
    let uah = try #require(Currency("UAH"))
    let jpy = try #require(Currency("JPY"))
    func row(_ name: String, _ count: Int64, _ money: Money) -> [ReportCell] {
      [
        .text(name), .count(count), .money(money), .text(money.currency.code), .date(today),
        .moment(noon),
      ]
    }
    let rows = [
      row("north", 3, Money(minor: 123_456_789, currency: uah)),
      row("=HYPERLINK(\"http://x\")", 4, Money(minor: -5, currency: uah)),
      row("south", 5, Money(minor: 700, currency: jpy)),
    ]
    let columns = [
      ReportColumn("operator", Bilingual(uk: "Перевізник", en: "Operator"), .text),
      ReportColumn("rides", Bilingual(uk: "Поїздок", en: "Rides"), .count),
      ReportColumn("charged_minor", Bilingual(uk: "До сплати", en: "Charged"), .money),
      ReportColumn("currency", Bilingual(uk: "Валюта", en: "Currency"), .text),
      ReportColumn("fare_day", Bilingual(uk: "День", en: "Day"), .date),
      ReportColumn("paid_at", Bilingual(uk: "Виплачено", en: "Paid"), .moment),
    ]
    func total(_ count: Int64, _ money: Money) -> [ReportCell] {
      [
        .label("total", Bilingual(uk: "Разом", en: "Total")), .count(count), .money(money),
        .text(money.currency.code), .text(""), .text(""),
      ]
    }
    return Report(
      name: "operators", title: Bilingual(uk: "Звіт", en: "Report"), days: today...today,
      operatorID: nil, madeAt: noon,
      tables: [
        ReportTable(
          key: "operators", title: Bilingual(uk: "Перевізники", en: "Operators"),
          columns: columns, rows: rows,
          totals: [
            total(5, Money(minor: 700, currency: jpy)),
            total(7, Money(minor: 123_456_784, currency: uah)),
          ])
      ],
      notes: [
        ReportNote(
          key: "rider_days_stale", text: Bilingual(uk: "Не тарифіковано", en: "Not rated"),
          count: 3, isMissing: true),
        ReportNote(
          key: "tariff_versions", text: Bilingual(uk: "Версії", en: "Versions"), count: 1,
          isMissing: false, names: ["t-1"]),
      ])
  }

  @Test(.enabled(if: WorkbookTests.isThere, "`make test` installs the reader"))
  func theTotalOfRowsThatTheSheetDoesNotHaveIsNoSumOfThoseItHas() async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(
      "workbook-part-test-\(ProcessInfo.processInfo.processIdentifier).xlsx")
    defer { try? FileManager.default.removeItem(at: file) }
    var report = try Self.report()
    report.tables[0].isPart = true
    try Data(try report.workbook(in: .english)).write(to: file)
    let script = """
      import sys
      from openpyxl import load_workbook
      sheet = load_workbook(sys.argv[1])['Operators']
      print([(c.data_type, c.value) for c in sheet[6]][1:3])
      """
    let read = try await RunningProgram.run(
      URL(fileURLWithPath: try #require(Self.python)), ["-c", script, file.path])
    #expect(read.output == "[('n', 7), ('n', 1234567.84)]\n", "\(read.errors)")
  }

  @Test func aWorkbookIsAnArchiveAndLeavesNoFileBehind() async throws {
    func files() throws -> Set<String> {
      Set(
        try FileManager.default.contentsOfDirectory(atPath: NSTemporaryDirectory())
          .filter { $0.hasPrefix("kvytok-workbook-") })
    }
    let before = try files()
    let bytes = try Self.report().workbook(in: .ukrainian)
    #expect(bytes.prefix(2) == [0x50, 0x4B])
    // Other tests may be writing workbooks now: theirs go away, one that was left behind would not.
    var left = try files().subtracting(before)
    for _ in 0..<300 where !left.isEmpty {
      try await Task.sleep(for: .milliseconds(100))
      left.formIntersection(try files())
    }
    #expect(left.isEmpty)
  }

  @Test(.enabled(if: WorkbookTests.isThere, "`make test` installs the reader"))
  func anotherReaderFindsTypedCellsAndSumsThatAreTheSumsOfTheRows() async throws {
    let script = """
      import sys, datetime
      from openpyxl import load_workbook
      path = sys.argv[1]
      formulas, values = load_workbook(path), load_workbook(path, data_only=True)
      print([s.title for s in formulas])
      sheet, cached = formulas['Operators'], values['Operators']
      print(sheet.freeze_panes, [c.value for c in sheet[1]], sheet['A1'].font.bold)
      row = sheet[2]
      assert [c.data_type for c in row] == ['s', 'n', 'n', 's', 'd', 'd'], row
      print([c.value for c in row], row[2].number_format)
      assert sheet['A3'].data_type == 's' and sheet['A3'].value.startswith('=HYPERLINK')
      for number in (5, 6):
          code = sheet.cell(number, 4).value
          for column in (2, 3):
              cell = sheet.cell(number, column)
              assert cell.data_type == 'f', cell.value
              assert cell.value.startswith('=SUMIF(D2:D4,"%s",' % code), cell.value
              own = sum(cached.cell(r, column).value for r in (2, 3, 4)
                if cached.cell(r, 4).value == code)
              assert abs(cached.cell(number, column).value - own) < 0.001, (code, column)
      about = {r[0].value: r[1].value for r in values['About'].iter_rows(min_row=2)}
      print(about['Not rated'], about['Versions'], about['Made at'], about['From'])
      print([c.value for c in values['What the figures mean'][2]])
      """
    let folder = FileManager.default.temporaryDirectory
    let file = folder.appendingPathComponent(
      "workbook-test-\(ProcessInfo.processInfo.processIdentifier).xlsx")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(try Self.report().workbook(in: .english)).write(to: file)
    let read = try await RunningProgram.run(
      URL(fileURLWithPath: try #require(Self.python)), ["-c", script, file.path])
    #expect(read.exitCode == 0, "\(read.errors)")
    #expect(
      read.output == """
        ['Operators', 'About', 'What the figures mean']
        A2 ['Operator', 'Rides', 'Charged', 'Currency', 'Day', 'Paid'] True
        ['north', 3, 1234567.89, 'UAH', datetime.datetime(2026, 11, 23, 0, 0), datetime.datetime(2026, 11, 23, 10, 0)] #,##0.00
        3 t-1 2026-11-23 10:00:00 2026-11-23 00:00:00
        ['Operators', 'Operator', "The operator's code in the network (agency_id)."]

        """)
  }
}
