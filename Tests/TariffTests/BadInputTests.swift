import Basics
import Foundation
import Tariff
import Testing

/// A tariff that is whole, for tests to break.
private let head = """
  effective: {from: 2024-01-01}
  currency: UAH
  timezone: Europe/Kyiv
  categories: {adult: {}, pupil: {}}

  """

private func read(_ text: String, files: [TariffFile] = []) -> TariffReading {
  TariffSource(
    folder: "tried", files: [TariffFile(path: "tariff.yaml", text: text)] + files
  ).load()
}

private struct Wrong: Sendable, CustomTestStringConvertible {
  var rules: String
  var line: Int
  var says: String
  var testDescription: String { says }
}

/// Tariffs that officials get wrong: each fault is named with its line.
struct BadInputTests {
  @Test(arguments: [
    Wrong(rules: "fares: [{name: a, price: -1}]", line: 5, says: "not below zero"),
    Wrong(rules: "fares: [{name: a, price: 1.234}]", line: 5, says: "at most 2 decimals"),
    Wrong(rules: "fares: [{name: a, price: twelve}]", line: 5, says: "is no amount"),
    Wrong(rules: "fares: [{name: a, prise: 1}]", line: 5, says: "did you mean \"price\"?"),
    Wrong(rules: "fares: [{name: a, price: {by: colour}}]", line: 5, says: "it is one of"),
    Wrong(rules: "fares: [{name: a, when: {mod: bus}, price: 1}]", line: 5, says: "\"mode\""),
    Wrong(
      rules: "fares: [{name: a, price: 1}]\ncaps:\n- {name: c, per: day, amount: 5.00 EUR}",
      line: 7, says: "the amount is in EUR; this tariff is in UAH"),
    Wrong(
      rules: "zones: [1, 2]\nfares: [{name: a, when: {zone: 7}, price: 1}]", line: 6,
      says: "no stop is in zone \"7\""),
    Wrong(
      rules: "prices: {a: \"@b\", b: \"@a\"}\nfares: [{name: a, price: \"@a\"}]", line: 5,
      says: "in a circle: a → b → a"),
    Wrong(
      rules: "holidays: holidays.yaml\nfares: [{name: a, price: 1}]", line: 5,
      says: "no file \"holidays.yaml\""),
    Wrong(
      rules: "fares: [{name: a, price: {adult: 1, veteran: 2}}]", line: 5,
      says: "no category \"veteran\""),
    Wrong(rules: "caps: []", line: 1, says: "prices nothing"),
    Wrong(
      rules: "fares: [{name: a, when: {time: rush}, price: 1}]", line: 5, says: "no time \"rush\""),
    Wrong(
      rules: "fares:\n- name: a\n  price: {by: distance, bands: [{under: 5, price: 1}, "
        + "{under: 3, price: 2}]}", line: 7, says: "never reached"),
    Wrong(
      rules: "fares: [{name: a, price: 1}]\ntransfers: [{name: t}]", line: 6,
      says: "needs the key \"within\""),
    Wrong(
      rules: "fares: [{name: a, price: 1}]\ntransfers: [{name: t, within: soon}]", line: 6,
      says: "30 min, 2 h or 7 days"),
    Wrong(rules: "fares: [{name: a, price: 1}]\nday_start: \"25:00\"", line: 6, says: "\"04:00\""),
    Wrong(rules: "fares: [{name: a, price: 1", line: 6, says: "not YAML"),
    Wrong(rules: "fares: [{name: a, name: b, price: 1}]", line: 5, says: "stands twice"),
    Wrong(
      rules: "fares: [{name: a, price: 1}]\nexceptions:\n", line: 6, says: "unknown key"),
  ])
  private func aFaultIsNamedWithItsLine(_ wrong: Wrong) {
    let reading = read(head + wrong.rules)
    #expect(reading.book == nil)
    let found = reading.faults.contains { $0.line == wrong.line && $0.message.contains(wrong.says) }
    #expect(found, "\(reading.faults.map(\.description))")
  }

  @Test func twoVersionsInForceOnOneDayAreRefused() {
    let one = head + "version: a\nfares: [{name: a, price: 1}]\n"
    let reading = read(
      one + "---\n" + one.replacingOccurrences(of: "version: a", with: "version: b"))
    #expect(reading.book == nil)
    #expect(reading.faults.contains { $0.message.contains("in force on 2024-01-01") })
  }

  @Test func tenMegabytesAreRefusedAtOnce() {
    let reading = read(String(repeating: "# a long comment\n", count: 700_000))
    #expect(reading.faults.first?.message.contains("at most 1048576") == true)
  }

  @Test func anchorsThatExplodeAreStopped() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      let row = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(row)]\n"
    }
    let reading = read(text)
    #expect(reading.faults.first?.message.contains("once anchors are written out") == true)
  }

  @Test(arguments: ["[", "- ", "{a: ", "? "])
  func nestingWithoutEndIsStopped(_ opening: String) {
    let reading = read(String(repeating: opening, count: 100_000))
    #expect(reading.book == nil)
    #expect(!reading.faults.isEmpty)
  }

  @Test func aRuleThatIsNeverReachedIsAWarning() {
    let reading = read(
      head + "fares:\n- {name: all, price: 1}\n- {name: bus, when: {mode: bus}, price: 2}\n")
    #expect(reading.book != nil)
    #expect(reading.faults.map(\.isWarning) == [true])
    #expect(reading.faults.first?.line == 7)
  }

  @Test func aTransferThatGoesRoundForEverIsAWarning() {
    let reading = read(
      head + "fares: [{name: all, price: 1}]\n"
        + "transfers: [{name: t, within: 30 min, extends: always, pays: free}]\n")
    #expect(reading.faults.contains { $0.isWarning && $0.message.contains("go round for ever") })
  }

  @Test func brokenTapsAreNamedWithTheirLine() throws {
    let book = try #require(read(head + "fares: [{name: a, price: 1}]").book)
    let table = "case,category,media,tap_time,kind\na,adult,card,2024-05-14T08:00:00+03:00,single\n"
    #expect(throws: TariffFault.self) {
      try PriceTable.price(taps: Array((table + "b,adult,card,yesterday,on\n").utf8), book: book)
    }
    let fault = #expect(throws: TariffFault.self) {
      try PriceTable.price(
        taps: Array((table + "b,adult,card,2024-05-14T08:00:00Z,hop\n").utf8), book: book)
    }
    #expect(fault?.line == 3)
  }

  @Test func anUnknownProductIsAFaultAndNeverASilentZero() throws {
    let book = try #require(read(head + "fares: [{name: a, price: 1}]").book)
    let taps = "case,category,media,tap_time,kind\na,adult,card,2024-05-14T08:00:00+03:00,single\n"
    let products = "case,category,product,bought_at\na,adult,moon,2024-05-14T07:00:00+03:00\n"
    let fault = #expect(throws: TariffFault.self) {
      try PriceTable.price(
        taps: Array(taps.utf8), book: book,
        beside: PriceTable.Supplements(products: Array(products.utf8)))
    }
    #expect(fault?.message.contains("moon") == true)
  }
}
