import Basics
import Foundation
import Testing
import Web

@Suite struct WordsTests {
  @Test func everyWordIsSaidInBothLanguages() {
    for (name, text) in Texts.all {
      #expect(!text[.ukrainian].isEmpty && !text[.english].isEmpty, "\(name)")
      let cyrillic = text[.ukrainian].unicodeScalars.contains {
        (0x400...0x4FF).contains($0.value)
      }
      #expect(cyrillic || name == "stop_order", "\(name) is not Ukrainian")
      let isLatin = !text[.english].unicodeScalars.contains { (0x400...0x4FF).contains($0.value) }
      #expect(isLatin, "\(name) is not English")
    }
  }

  /// The glossary has one word per thing; these are others for the same.
  @Test func pagesSayTheWordsOfTheGlossary() {
    let others = [
      "наказ", "оплати", "наповненіс", "пристр", "розбіжн", "конфлікт", "виправлення двох",
    ]
    for (name, text) in Texts.all {
      let said = text[.ukrainian].lowercased()
      let found = others.filter { said.contains($0) }
      #expect(found == [], "\(name): \(text[.ukrainian])")
    }
  }

  @Test func templatesSayNothingThatTheCatalogueLacks() throws {
    var said: Set<String> = []
    for (file, text) in try Self.templates() {
      for match in text.matches(of: /\{\{t\.([a-z_]+)\}\}/) {
        said.insert(String(match.1))
        #expect(Texts.all[String(match.1)] != nil, "\(file) says t.\(match.1)")
      }
      // Text of ours between tags, outside of mustaches: words belong into the catalogue.
      let bare = text.replacing(/\{\{[^}]*\}\}/, with: "").replacing(/<[^>]*>/, with: "")
      let words = bare.matches(of: /[A-Za-zА-Яа-яІіЇїЄє]{2,}/).map { String($0.0) }
      #expect(Set(words).subtracting(["Kvytok"]).isEmpty, "\(file) says \(Set(words))")
    }
    #expect(said.count > 50)
  }

  private static func templates() throws -> [(String, String)] {
    let folder = Assets.pageFolder
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".mustache") }
    return try names.map { ($0, try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8)) }
  }

  @Test(
    arguments: [
      (nil, nil, nil, Language.ukrainian), (nil, nil, "en-GB,en;q=0.9", .english),
      (nil, nil, "de, en;q=0.4, uk;q=0.7", .ukrainian), (nil, nil, "fr", .ukrainian),
      (nil, "en", "uk", .english), ("uk", "en", "en", .ukrainian), ("xx", "en", nil, .english),
      (nil, nil, "en;q=0, uk;q=0.1", .ukrainian),
    ] as [(String?, String?, String?, Language)])
  func theReaderIsSpokenToInTheirLanguage(
    _ query: String?, _ cookie: String?, _ header: String?, _ expected: Language
  ) {
    let chosen = Language.chosen(query: query, cookie: cookie, acceptLanguage: header)
    #expect(chosen == expected)
  }

  @Test func numbersAndMoneyAreWrittenAsTheReaderWritesThem() throws {
    let hryvnia = try #require(Currency("UAH"))
    let yen = try #require(Currency("JPY"))
    let ukrainian = People(language: .ukrainian, zone: .utc)
    let english = People(language: .english, zone: .utc)
    #expect(english.number(1234) == "1,234")
    #expect(ukrainian.number(1234) == "1234")
    #expect(ukrainian.number(12_345_678) == "12\u{202F}345\u{202F}678")
    #expect(english.number(Int64.min) == "\u{2212}9,223,372,036,854,775,808")
    #expect(english.money(123_456, hryvnia) == "1,234.56\u{A0}UAH")
    #expect(ukrainian.money(-5, hryvnia) == "\u{2212}0,05\u{A0}UAH")
    #expect(english.money(500, yen) == "500\u{A0}JPY")
    #expect(english.span(seconds: 0.4) == "0\u{A0}s")
    #expect(english.span(seconds: 125) == "2\u{A0}min")
    #expect(ukrainian.span(seconds: 7300) == "2\u{A0}год")
  }

  @Test func timesAreThoseOfTheCityAlsoWhenClocksChange() throws {
    let zone = try #require(TimeZoneTable(name: "Europe/Kyiv"))
    let people = People(language: .english, zone: zone)
    let summer = try #require(Instant(iso8601: "2026-07-01T12:00:00Z"))
    let winter = try #require(Instant(iso8601: "2026-11-22T23:30:00Z"))
    #expect(people.moment(summer) == "1 Jul 2026 15:00:00")
    #expect(people.moment(winter) == "23 Nov 2026 01:30:00")
  }
}
