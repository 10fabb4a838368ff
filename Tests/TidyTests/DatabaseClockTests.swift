import Foundation
import Testing

/// The product tells the time to the database, and never asks it: then a clock of the database that jumps
/// changes nothing, and a clock of the service does so only where it is handed in.
@Suite struct DatabaseClockTests {
  /// Who asks all the same, how often, and why it does no harm.
  static let named: [String: (count: Int, why: String)] = [
    "Sources/Store/ChargingWindows.swift": (1, "woken_at, which nothing reads: for people"),
    "Sources/Store/Schema/whole.sql": (3, "woken_at"),
    "Sources/Store/Migrations/0022-woken-days.sql": (3, "woken_at"),
    "Sources/Store/Migrations/0067-phones-that-were-missed.sql": (2, "woken_at"),
    "Sources/Store/Migrations/0027-stored-value.sql": (1, "since when days wait, once"),
    "Sources/Postgres/Migrator.swift": (1, "when a migration ran: nothing reads it"),
    "Sources/Store/InsightStatus.swift": (1, "the doctor and the guard of clocks compare the two"),
  ]

  private let tree = SourceTree()

  @Test func noStatementAsksTheDatabaseForTheTime() throws {
    var found: [String: Int] = [:]
    for path in tree.swiftFiles(in: ["Sources"]) + tree.files(in: "Sources", ending: ".sql") {
      let count = try Self.questions(in: try tree.text(path), isSwift: path.hasSuffix(".swift"))
      if count > 0 { found[path] = count }
    }
    for path in Set(found.keys).union(Self.named.keys).sorted() {
      let (count, known) = (found[path, default: 0], Self.named[path]?.count ?? 0)
      #expect(
        count == known,
        "\(path) asks the database for the time \(count) times, \(known) are known: pass an Instant in"
      )
    }
  }

  @Test(arguments: [
    ("let sql = \"select now()\"", 1), ("let sql = \"select NOW ( )\"", 1),
    ("let moment = now()", 0), ("let sql = \"update t set at = current_timestamp\"", 1),
    ("let sql = \"\"\"\n  select 'now'::timestamptz, clock_timestamp()\n  \"\"\"", 2),
    ("let sql = \"values (localtimestamp, $1)\"; let moment = now()", 1),
    ("let time = LocalTime(day: day, secondOfDay: 0)", 0),
  ]) func whoAsksIsSeen(_ text: String, _ count: Int) throws {
    #expect(try Self.questions(in: text, isSwift: true) == count)
  }

  @Test func aSchemaThatAsksIsSeen() throws {
    let text = "create table t (at timestamptz default now(), day date default current_date);"
    #expect(try Self.questions(in: text, isSwift: false) == 2)
  }

  /// How often a text asks: of Swift what stands in strings counts, for `now()` there is the clock that
  /// was passed in.
  private static func questions(in text: String, isSwift: Bool) throws -> Int {
    let words = try NSRegularExpression(pattern: Self.words, options: .caseInsensitive)
    func count(_ text: String) -> Int {
      words.numberOfMatches(in: text, range: NSRange(text.startIndex..., in: text))
    }
    let all = count(text)
    guard isSwift, all > 0 else { return all }
    return all - count(BareSource(text).lines.joined(separator: "\n"))
  }

  private static let words =
    #"\b(?:now|(?:clock|statement|transaction)_timestamp|timeofday)\s*\(\s*\)"#
    + #"|\bcurrent_(?:timestamp|date|time)\b|\blocaltime(?:stamp)?\b|'(?:now|today|yesterday|tomorrow)'"#
}
