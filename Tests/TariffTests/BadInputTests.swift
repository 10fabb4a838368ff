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
      rules: "fares: [{name: \"a\\0\", price: 1}]", line: 5, says: "a zero character"),
    Wrong(
      rules: "prices: {\(String(repeating: "p", count: 256)): 1}\nfares: [{name: a, price: 1}]",
      line: 5, says: "a key has at most 255 bytes"),
    Wrong(
      rules: "version: \(String(repeating: "v", count: 256))\nfares: [{name: a, price: 1}]",
      line: 1, says: "\"version\" has 1 to 255 bytes"),
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

  @Test(arguments: [
    // A transfer that leads back to where it began, and a category that is priced as itself.
    Wrong(
      rules:
        "services: {a: {mode: bus}, b: {mode: tram}}\nfares: [{name: f, price: 1}]\ntransfers:\n"
        + "- {name: t, within: 30 min, extends: always, pairs: [{from: a, to: b, pays: free}, {from: b, to: a, pays: free}]}",
      line: 8, says: "go round for ever"),
    Wrong(
      rules:
        "fares: [{name: f, price: 1}]\ncaps: [{name: c, per: {product: none such}, amount: 1}]",
      line: 6, says: "no product \"none such\""),
    Wrong(
      rules: "fares: [{name: f, price: {by: farthest_zone, 1: 2}}]", line: 5,
      says: "from the middle outwards"),
    Wrong(
      rules: "fares: [{name: f, price: 1}]\ncaps: [{name: c, per: day, zone_sets: [{zones: [1]}]}]",
      line: 6, says: "needs the key \"amount\""),
    Wrong(
      rules: "fares: [{name: f, price: 1}]\nproducts: [{name: p, valid: {months: 0}}]", line: 6,
      says: "from 1 to 120"),
    Wrong(
      rules: "fares: [{name: f, price: 1}]\nsurcharges: [{name: s, amount: -2}]", line: 6,
      says: "not below zero"),
    Wrong(
      rules: "fares: [{name: f, price: 1}]\nholidays: [2023-02-29]", line: 6,
      says: "is a date such as"),
    Wrong(
      rules: "fares: [{name: f, price: 1}]\ncaps:\n- {name: c, per: day, amount: 5}\n"
        + "- {name: c, per: week, amount: 9}", line: 8, says: "two rules are called \"c\""),
    Wrong(
      rules: "fares: [{name: f, price: 1}]\ntimes: {t: [{from: \"07:00\", after: \"08:00\"}]}",
      line: 6, says: "\"from\" or \"after\", not both"),
    Wrong(
      rules: "fares: [{name: f, price: \"12,50\"}]", line: 5, says: "a point and not a comma"),
    Wrong(rules: "fares:\n\t- {name: f, price: 1}", line: 6, says: "with spaces, not tabs"),
    Wrong(
      rules: "fares: [{name: f, price: 1}]\n"
        + "products: [{name: p, trips: 3, covers: 2.50, valid: {days: 1}}]", line: 6,
      says: "leave one of the two out"),
  ])
  private func moreFaultsAreNamedWithTheirLine(_ wrong: Wrong) {
    let faults = read(head + wrong.rules).faults
    let found = faults.contains { $0.line == wrong.line && $0.message.contains(wrong.says) }
    #expect(found, "\(faults.map(\.description))")
  }

  @Test(arguments: [
    "fares: [{name: f, price: 1}]\ncaps: [{name: c, per: day, amount: 5.00 EUR}]",
    "fares: [{name: f, price: {adult: -1}}]",
    "fares: [{name: f, price: 1}, {name: g, when: {mod: bus}, price: 1}]",
  ])
  func whatFollowsFromAFaultIsNotToldAsAnother(_ rules: String) {
    let faults = read(head + rules).faults.filter {
      !$0.message.contains("has no") || !$0.isWarning
    }
    #expect(faults.count == 1, "\(faults.map(\.description))")
  }

  @Test func categoriesPricedAsEachOtherInACircleAreRefused() {
    let text = """
      effective: {from: 2024-01-01}
      currency: UAH
      timezone: Europe/Kyiv
      categories:
        adult: {as: pupil}
        pupil: {as: adult}
      fares: [{name: f, price: 1}]
      """
    let faults = read(text).faults
    #expect(faults.contains { $0.line == 5 && $0.message.contains("in a circle") })
  }

  @Test func aHolidayFileIsReadAndItsFaultsHaveTheLineOfTheFile() {
    let rules = head + "holidays: holidays.yaml\nfares: [{name: a, price: 1}]"
    let good = read(rules, files: [TariffFile(path: "holidays.yaml", text: "- 2024-05-15\n")])
    #expect(good.book != nil)
    let bad = read(
      rules, files: [TariffFile(path: "holidays.yaml", text: "- 2024-05-15\n- 2023-02-29\n")])
    #expect(bad.book == nil)
    #expect(bad.faults.first?.message.contains("holidays.yaml:2") == true)
  }

  @Test func the29thOfFebruaryIsADayLikeAnyOther() throws {
    let text =
      head + """
        fares: [{name: a, price: 10}]
        caps: [{name: day, per: day, amount: 15}, {name: year, per: year, amount: 40}]
        products: [{name: month, valid: {months: 1}}, {name: card, valid: {days: 366}}]
        """
    let cases = """
      - case: leap day
        rides:
        - {at: "2024-02-28 23:59", mode: bus, pays: 10}
        - {at: "2024-02-29 00:00", mode: bus, pays: 10}
        - {at: "2024-02-29 23:59", mode: bus, pays: 5}
        - {at: "2024-03-01 00:00", mode: bus, pays: 10}
        - {at: "2024-03-02 00:00", mode: bus, pays: 5, because: year}
        - {at: "2024-03-03 00:00", mode: bus, pays: 0}
        - {at: "2025-01-01 00:00", mode: bus, pays: 10}
      - case: a month from the leap day
        buys: [{product: month, at: "2024-02-29 12:00"}]
        rides:
        - {at: "2024-03-28 23:59", mode: bus, pays: 0}
        - {at: "2024-03-29 00:00", mode: bus, pays: 10}
      """
    let check = TariffSource(
      folder: "leap",
      files: [
        TariffFile(path: "tariff.yaml", text: text),
        TariffFile(path: "cases/leap.yaml", text: cases),
      ]
    ).check()
    #expect(check.isGood, "\(check.text)")
  }

  @Test func theHourThatComesTwiceInAutumnIsTwoHours() throws {
    // 27 October 2024: at 04:00 summer time the clocks of Kyiv go back to 03:00.
    let text =
      head + """
        times: {night: [{from: "03:00", before: "04:00"}]}
        fares: [{name: a, price: {by: time, night: 20, others: 10}}]
        transfers: [{name: t, within: 45 min, pays: free}]
        """
    let cases = """
      - case: both hours are night, and an hour lies between them
        rides:
        - {at: "2024-10-27T02:59:59+03:00", mode: bus, pays: 10}
        - {at: "2024-10-27T03:50:00+03:00", mode: bus, pays: 20}
        - {at: "2024-10-27T03:30:00+02:00", mode: bus, pays: 0}
        - {at: "2024-10-27T03:50:00+02:00", mode: bus, pays: 20}
        - {at: "2024-10-27T04:40:00+02:00", mode: bus, pays: 10}
      """
    let check = TariffSource(
      folder: "autumn",
      files: [
        TariffFile(path: "tariff.yaml", text: text),
        TariffFile(path: "cases/autumn.yaml", text: cases),
      ]
    ).check()
    #expect(check.isGood, "\(check.text)")
  }

  @Test func twoVersionsInForceOnOneDayAreRefused() {
    let one = head + "version: a\nfares: [{name: a, price: 1}]\n"
    let reading = read(
      one + "---\n" + one.replacingOccurrences(of: "version: a", with: "version: b"))
    #expect(reading.book == nil)
    let fault = reading.faults.first { $0.message.contains("in force on 2024-01-01") }
    #expect(fault?.file == "tariff.yaml" && fault?.line == 8)
  }

  @Test func tenMegabytesAreRefusedAtOnce() {
    let reading = read(String(repeating: "# a long comment\n", count: 700_000))
    #expect(reading.faults.first?.message.contains("at most 1048576") == true)
    #expect(reading.faults.first?.line == 1 && reading.faults.first?.file == "tariff.yaml")
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

  @Test(arguments: [
    Wrong(
      rules: "transfers:\n- {name: t, within: 30 min}\n- {name: u, when: {mode: bus}, within: 1 h}",
      line: 8, says: "transfer \"u\" is never reached: \"t\" above takes all its rides"),
    Wrong(
      rules: "chains: [{name: c, within: 30 min}]\ntransfers: [{name: t, within: 1 h}]",
      line: 7, says: "transfer \"t\" is never reached: chain \"c\" takes all its rides"),
    Wrong(
      rules: "chains:\n- {name: c, when: {mode: [bus, tram]}, within: 30 min}\n"
        + "- {name: d, when: {mode: tram}, within: 1 h}",
      line: 8, says: "chain \"d\" is never reached"),
    Wrong(
      rules: "caps: [{name: c, per: day, levels: [{amount: 10}, {when: {mode: bus}, amount: 20}]}]",
      line: 6, says: "level 2 of cap \"c\" is never reached: level 1 takes"),
    Wrong(
      rules: "caps: [{name: c, per: day, zone_sets: [{zones: [1, 2, 3], amount: 9}, "
        + "{zones: [1, 2], amount: 5}]}]",
      line: 6, says: "zone set 2 of cap \"c\" is never reached: zone set 1 takes"),
  ])
  private func whatStandsBehindARuleThatTakesAllIsAWarning(_ wrong: Wrong) {
    let reading = read(head + "fares: [{name: f, price: 1}]\n" + wrong.rules)
    #expect(reading.book != nil)
    let found = reading.faults.contains { $0.line == wrong.line && $0.message.contains(wrong.says) }
    #expect(found, "\(reading.faults.map(\.description))")
  }

  @Test(arguments: [
    ("{by: medium, card: 1.50}", 1), ("{by: medium, card: 1.50, others: 2}", 0), ("unknown", 1),
    ("{by: medium, card: 1.50, others: unknown}", 1), ("{adult: 1, pupil: 2}", 0),
    ("{adult: 1}", 1), ("{adult: {by: medium, card: 1.50}, pupil: 2}", 1),
    ("{sum: [1, {by: mode, bus: 1}]}", 1), ("1.50", 0),
  ])
  func aSupplementThatIsNotSaidForAllIsAWarning(_ supplement: String, _ count: Int) {
    let reading = read(
      head + "fares: [{name: f, price: 1}]\n"
        + "transfers: [{name: t, within: 1 h, pays: {supplement: \(supplement)}}]")
    #expect(reading.book != nil)
    let doubts = reading.faults.filter {
      $0.line == 6 && $0.isWarning && $0.message.contains("the supplement has no price")
    }
    #expect(doubts.count == count, "\(reading.faults.map(\.description))")
  }

  @Test(arguments: [
    ("km", "", 1), ("stop", "{limit: 1 h}", 1), ("zone_passed", "{incomplete: dearest}", 1),
    ("km", "{incomplete: 30}", 0), ("km", "{incomplete: unknown}", 0), ("person", "", 0),
  ])
  func aPriceByLengthThatSaysNothingOfAMissingTapOffIsAWarning(
    _ unit: String, _ tapping: String, _ count: Int
  ) {
    let rules = "fares: [{name: f, price: {per: \(unit), amount: 1}}]"
    let reading = read(head + rules + (tapping.isEmpty ? "" : "\ntapping: \(tapping)"))
    #expect(reading.book != nil)
    let doubts = reading.faults.filter { $0.line == 5 && $0.message.contains("no price by length") }
    #expect(doubts.count == count && doubts.allSatisfy(\.isWarning), "\(reading.faults)")
  }

  /// A table whose ends are words has no entry, and would price no ride.
  @Test(arguments: ["S1", "{}", "{stop: []}", "[S1]"])
  func anEndThatNamesNothingIsAFault(_ end: String) {
    let rules = """
      fares:
      - name: f
        price:
          by: ends
          look_up: [stop]
          table:
          - {from: {stop: S1}, to: {stop: S2}, price: 1}
          - {from: {stop: S1}, to: \(end), price: 2}
      """
    let source = TariffSource(
      folder: "tried", files: [TariffFile(path: "tariff.yaml", text: head + rules)])
    for isPublished in [false, true] {
      let reading = source.load(isPublished: isPublished)
      #expect((reading.book == nil) == !isPublished)
      let faults = reading.faults.filter { $0.message.hasPrefix("an end is a map") }
      #expect(faults.map(\.line) == [12] && faults.map(\.isWarning) == [isPublished])
    }
  }

  @Test func aTransferThatAnotherOnlySeemsToTakeIsNoWarning() {
    let reading = read(
      head + "fares: [{name: f, price: 1}]\ntransfers:\n"
        + "- {name: t, when: {mode: bus}, ended_by: {route: 9}, within: 30 min}\n"
        + "- {name: u, when: {mode: bus, route: 9}, within: 1 h}\n"
        + "- {name: v, when: {medium: card}, within: 1 h}")
    #expect(!reading.faults.contains { $0.message.contains("never reached") })
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
