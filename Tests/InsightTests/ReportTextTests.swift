import Basics
import Insight
import Store
import Tapping
import Testing

@Suite struct ReportTextTests {
  private func report() throws -> Report {
    let uah = try #require(Currency("UAH"))
    func money(_ minor: Int64) -> ReportCell { .money(Money(minor: minor, currency: uah)) }
    return Report(
      name: "daily", title: Bilingual(uk: "Звіт за день", en: "Daily report"), days: today...today,
      operatorID: nil, madeAt: noon,
      tables: [
        ReportTable(
          key: "operators", title: Bilingual(uk: "За перевізниками", en: "By operator"),
          columns: [
            ReportColumn("operator", Bilingual(uk: "Перевізник", en: "Operator"), .text),
            ReportColumn("mode", Bilingual(uk: "Вид", en: "Mode"), .text),
            ReportColumn("charged_minor", Bilingual(uk: "До сплати", en: "Charged"), .money),
          ],
          rows: [
            [
              .text("north, \"N\""), .label("bus", Bilingual(uk: "автобус", en: "bus")),
              money(1250),
            ],
            [.none, .none, money(5)],
          ],
          totals: [[.label("total", Bilingual(uk: "Разом", en: "Total")), .text(""), money(1255)]]),
        ReportTable(
          key: "categories", title: Bilingual(uk: "За категоріями", en: "By category"),
          columns: [ReportColumn("category", Bilingual(uk: "Категорія", en: "Category"), .text)],
          rows: [[.text("adult")]], totals: []),
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

  @Test func aReportSpeaksUkrainian() throws {
    let text = try report().text(in: .ukrainian)
    #expect(
      text == """
        Звіт за день, 2026-11-23

        За перевізниками
        Перевізник  Вид      До сплати
        ──────────────────────────────
        north, "N"  автобус      12.50
        –           –             0.05
        ──────────────────────────────
        Разом                    12.55

        За категоріями
        Категорія
        ─────────
        adult

        Не тарифіковано: 3
        Версії: t-1
        Складено: 2026-11-23T10:00:00Z

        """)
  }

  @Test func aReportSpeaksEnglish() throws {
    let text = try report().text(in: .english)
    #expect(text.contains("Operator    Mode  Charged\n"))
    #expect(text.contains("north, \"N\"  bus     12.50\n"))
    #expect(text.contains("Total               12.55\n"))
    #expect(text.contains("Not rated: 3\nVersions: t-1\n"))
    #expect(!text.unicodeScalars.contains { (0x400...0x4FF).contains($0.value) })
  }

  @Test func momentsAreOfTheCitysClockAndATableWithoutRowsSaysSo() throws {
    var report = try report()
    report.tables = [
      ReportTable(
        key: "devices", title: Bilingual(uk: "Валідатори", en: "Validators"),
        columns: [ReportColumn("received", Bilingual(uk: "Отримано", en: "Received"), .moment)],
        rows: [[.moment(Instant(microseconds: noon.microseconds + 712_043))]], totals: []),
      ReportTable(
        key: "rides", title: Bilingual(uk: "Поїздки", en: "Rides"),
        columns: [ReportColumn("fare_day", Bilingual(uk: "День", en: "Day"), .date)], rows: [],
        totals: []),
    ]
    report.madeAt = Instant(microseconds: noon.microseconds + 953_228)
    let kyiv = try #require(TimeZoneTable(name: "Europe/Kyiv"))
    let text = report.text(in: .english, zone: kyiv)
    #expect(text.contains("\n2026-11-23 12:00:00\n"), "\(text)")
    #expect(text.contains("Rides\nNothing.\n"), "\(text)")
    #expect(text.contains("Made at: 2026-11-23T12:00:00+02:00\n"), "\(text)")
  }

  @Test func aReportAsCSVHasOneHeaderAndNoSums() throws {
    #expect(
      try report().csv == """
        table,operator,mode,charged_minor,charged,category,about,value
        operators,"north, ""N""\",bus,1250,12.50,,,
        operators,,,5,0.05,,,
        categories,,,,,adult,,
        about,,,,,,report,daily
        about,,,,,,from,2026-11-23
        about,,,,,,to,2026-11-23
        about,,,,,,period,
        about,,,,,,operator,
        about,,,,,,made_at,2026-11-23T10:00:00Z
        about,,,,,,complete,false
        about,,,,,,rider_days_stale,3
        about,,,,,,tariff_versions,t-1

        """)
  }

  @Test(arguments: ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
  func aTextThatASpreadsheetWouldTakeForAFormulaIsNone(_ text: String) throws {
    var report = try report()
    report.tables[1].rows = [[.text(text)]]
    report.operatorID = text
    #expect(!report.csv.contains(",\(text)"))
    #expect(report.csv.contains("'" + text))
  }

  @Test func aReportAsJSONKeepsKeysAndMinorUnits() throws {
    #expect(
      String(decoding: try report().json, as: UTF8.self)
        == #"{"report":"daily","from":"2026-11-23","to":"2026-11-23","operator":null,"#
        + #""made_at":"2026-11-23T10:00:00Z","complete":false,"operators":["#
        + #"{"operator":"north, \"N\"","mode":"bus","charged_minor":1250},"#
        + #"{"operator":null,"mode":null,"charged_minor":5}],"categories":[{"category":"adult"}],"#
        + #""totals":[{"operator":"total","mode":"","charged_minor":1255}],"#
        + #""completeness":{"rider_days_stale":3,"tariff_versions":["t-1"]}}"#)
  }

  @Test func namesOfWhichThereAreNoneAreAnEmptyListForPrograms() throws {
    var report = try report()
    report.notes[1].names = []
    report.notes[1].count = 0
    let json = String(decoding: report.json, as: UTF8.self)
    #expect(json.hasSuffix(#""completeness":{"rider_days_stale":3,"tariff_versions":[]}}"#))
    #expect(try self.report().notes[0].names == nil)
    // People read that there are none, and no version that is called 0.
    #expect(report.text(in: .english).contains("\nVersions: none\n"))
    #expect(report.text(in: .ukrainian).contains("\nВерсії: немає\n"))
    #expect(report.csv.hasSuffix("tariff_versions,\n"))
  }

  @Test func eachKindOfAnAcquirersLineHasAWordAlsoOfASale() {
    let kinds = ["capture", "refund", "chargeback", "decline", "billing", "dispute_won"]
    // As the sums of the acquirer's lines name those of a top-up or a sale.
    let ofSales = ["sale", "sale_refund", "sale_chargeback", "sale_decline"]
    for kind in kinds + ofSales {
      let words = ReportWords.find("kind", kind)
      #expect(words != nil && words?.ukrainian != kind, "\(kind)")
      #expect(words?.english.contains("_") == false, "\(kind)")
    }
  }

  @Test func eachStateThatAReportShowsHasAUkrainianWord() {
    let states = DeviceState.allCases.map(\.rawValue) + RefundRow.State.allCases.map(\.rawValue)
    for word in states {
      let words = ReportWords.find("state", word)
      #expect(words != nil && words?.ukrainian != word, "\(word)")
    }
    // Categories of riders are the tariff's own, and stay as they are.
    #expect(ReportWords.find("category", "pensioner") == nil)
    #expect(ReportWords.find("category", "missing_there")?.ukrainian == "немає в еквайра")
  }
}
