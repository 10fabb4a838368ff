import Basics
import Foundation
import Tariff
import Testing
import Transit

/// The tariffs of the package, as `tariff check` sees them.
struct CheckTests {
  @Test(arguments: Folders.tariffs)
  func eachTariffIsGoodAndItsCasesHold(_ name: String) throws {
    let check = try Folders.source(name).check()
    #expect(check.isGood, "\(check.text)")
    #expect(check.faults.map(\.description) == [])
    #expect(!check.cases.isEmpty)
  }

  @Test func aCaseThatDoesNotHoldIsReportedWithItsLine() throws {
    var source = try Folders.source("riga")
    source.files.append(
      TariffFile(
        path: "cases/wrong.yaml",
        text: """
          - case: too cheap
            day: 2018-11-23
            rides:
              - {at: "07:12", mode: tram, pays: 1.00}
            total: 1.00
          """))
    let check = source.check()
    #expect(!check.isGood)
    let differences = check.cases.flatMap(\.differences)
    #expect(differences.map(\.line) == [4, 1])
    #expect(differences[0].message.contains("pays 1.15 EUR, the case says 1.00 EUR"))
    #expect(check.text.contains("riga/cases/wrong.yaml:4: error:"))
  }

  @Test(arguments: ["nan", "inf", "1e300", "-1", "far"])
  func aCaseOfNoLengthIsReportedWithItsLine(_ km: String) throws {
    var source = try Folders.source("riga")
    let text = """
      - case: far away
        day: 2018-11-23
        rides:
          - {on: "07:12", off: "07:20", mode: tram, km: \(km), pays: 1.15}
      """
    source.files.append(TariffFile(path: "cases/far.yaml", text: text))
    let check = source.check()
    #expect(!check.isGood)
    #expect(
      check.text.contains("riga/cases/far.yaml:4: error: \"km\" is kilometres"), "\(check.text)")
  }

  private let rides = "  day: 2024-05-14\n  rides: [{at: \"08:00\", mode: bus, pays: 10.00}]"

  @Test(
    arguments: [
      ("fares: [{name: a, price: 1}]", "not both: beside tickets no fare counts"),
      ("tapping: {incomplete: end_of_line}", "\"incomplete: end_of_line\" is for \"fares\""),
    ])
  func whatTicketsCannotDoIsAFault(_ rules: String, _ fault: String) {
    let tickets = "\ntickets: [{name: t, price: 2.80}]"
    let check = Feature("x", rules: rules + tickets, rides: rides).check()
    #expect(!check.isGood)
    #expect(check.text.contains(fault), "\(check.text)")
  }

  @Test(arguments: ["fares: [{name: a, price: 1}]", "tapping: {incomplete: end_of_line}"])
  func whatTicketsCannotDoIsReadOnWhereItWasPublished(_ rules: String) throws {
    let text = """
      effective: {from: 2024-01-01}
      currency: UAH
      timezone: Europe/Kyiv
      categories: [adult]
      \(rules)
      tickets: [{name: t, price: 2.80}]
      """
    let source = TariffSource(
      folder: "x", files: [TariffFile(path: TariffSource.mainPath, text: text)])
    let drafted = source.load()
    #expect(drafted.book == nil)
    let reading = source.load(isPublished: true)
    #expect(reading.faults.map(\.message) == drafted.faults.map(\.message))
    #expect(reading.faults.allSatisfy { $0.isWarning })
    let book = try #require(reading.book, "\(reading.faults)")
    let at = try #require(Instant(iso8601: "2024-05-14T08:00:00+03:00"))
    let rider = PricedRider(
      name: "x", category: "adult",
      taps: [FareTap(ref: 0, at: at, kind: .single, medium: .card, category: "adult", mode: .bus)])
    #expect(PriceTable.rides(of: rider, book: book).map(\.chargedMinor) == [280])
  }

  /// Where arrival was published, a ride after it still goes by the boarding: it uses a second trip.
  @Test(arguments: ["from: arrival", "to: arrival"])
  func theTransferOfACarnetRunsFromBoardingToBoarding(_ moment: String) throws {
    func source(_ moment: String) -> TariffSource {
      let text = """
        effective: {from: 2024-01-01}
        currency: UAH
        timezone: Europe/Kyiv
        categories: [adult]
        fares: [{name: f, price: 10}]
        products: [{name: two, trips: 2, valid: {days: 30}, transfer: {within: 30 min, \(moment)}}]
        """
      return TariffSource(
        folder: "x", files: [TariffFile(path: TariffSource.mainPath, text: text)])
    }
    #expect(source("from: departure, to: departure").load().faults == [])
    let drafted = source(moment).load()
    #expect(drafted.book == nil)
    #expect(
      drafted.faults.map(\.description) == [
        "tariff.yaml:6: error: the transfer of a carnet runs from boarding to boarding; leave "
          + "\"from\" and \"to\" out"
      ])
    let reading = source(moment).load(isPublished: true)
    #expect(reading.faults.allSatisfy { $0.isWarning })
    let book = try #require(reading.book, "\(reading.faults)")
    var rider = PricedRider(name: "x", category: "adult")
    for (clock, kind) in [
      ("07:00", TapKind.single), ("08:00", .on), ("08:40", .off), ("08:50", .single),
    ] {
      let at = try #require(Instant(iso8601: "2024-05-14T\(clock):00+03:00"))
      if rider.taps.isEmpty { rider.purchases = [FarePurchase(product: "two", at: at)] }
      rider.taps.append(
        FareTap(
          ref: rider.taps.count, at: at, kind: kind, medium: .card, category: "adult", mode: .bus))
    }
    #expect(PriceTable.rides(of: rider, book: book).map(\.chargedMinor) == [0, 0, 1000])
  }

  @Test func aFareBehindOneOfTheCategoryThatItIsPricedAsIsNeverReached() {
    let rules = """
      fares:
      - {name: adults, when: {category: adult}, price: 10}
      - {name: children, when: {category: child}, price: 5}
      """
    let check = Feature("x", rules: rules, rides: rides).check()
    #expect(check.text.contains("fare \"children\" is never reached"), "\(check.text)")
  }

  @Test(arguments: [("stored_value: {top_up_fee: 2%}", 1), ("stored_value: {}", 0), ("", 0)])
  func aTopUpFeeIsDoubtedSinceTheServiceMakesNoTopUps(_ rule: String, _ count: Int) throws {
    let check = Feature("x", rules: flat + rule, rides: rides).check()
    let version = try #require(check.book?.versions.first, "\(check.text)")
    #expect(version.serviceDoubts.count == count)
    #expect(version.serviceDoubts.allSatisfy { $0.isWarning && $0.message.contains("top_up_fee") })
  }

  /// What a week's cap takes off is never shared with the days on which it was reached.
  @Test(arguments: [
    ("nominal", "week", true), ("equal", "month", true), ("first_ride", "{days: 7}", true),
    ("nominal", "day", false), ("own", "week", false),
  ])
  func aCapLongerThanADayIsDoubtedWhereItsMoneyIsShared(
    _ rule: String, _ period: String, _ isDoubted: Bool
  ) {
    let rules = """
      apportionment: \(rule)
      fares: [{name: ride, price: 8}]
      caps: [{name: most, per: \(period), amount: 24}]
      """
    let check = Feature("x", rules: rules, rides: rides).check()
    let doubts = check.faults.filter { $0.message.contains("shares each fare day by itself") }
    #expect(doubts.map(\.isWarning) == (isDoubted ? [true] : []), "\(check.text)")
    #expect(doubts.allSatisfy { $0.message.hasPrefix("cap \"most\" ") })
  }

  @Test(arguments: [("first_use", 2), ("purchase", 0)])
  func aProofOrABoughtCapThatMayNeverBeginIsDoubted(_ start: String, _ count: Int) throws {
    let text = """
      effective: {from: 2024-01-01}
      currency: UAH
      timezone: Europe/Kyiv
      categories:
        adult: {}
        student: {as: adult, pays: 50%, proof: card, without_proof: adult}
      products: [{name: card, when: {mode: none}, valid: {days: 30, from: \(start)}}]
      fares: [{name: ride, price: 8}]
      caps: [{name: saver, per: {product: card}, amount: 24}]
      """
    let source = TariffSource(
      folder: "x", files: [TariffFile(path: TariffSource.mainPath, text: text)])
    let reading = source.load()
    #expect(reading.book != nil, "\(reading.faults)")
    let doubts = reading.faults.filter { $0.message.contains("which begins with its first ride") }
    #expect(doubts.count == count && doubts.allSatisfy { $0.isWarning }, "\(reading.faults)")
  }

  /// Friday night ends at two o'clock of Saturday, which is Friday's fare day where days begin no earlier.
  @Test(arguments: [
    ("days: friday, from: \"22:00\", before: \"02:00\"", "00:00", true),
    ("days: friday, from: \"22:00\", before: \"02:00\"", "02:00", false),
    ("holidays: excluded, from: \"22:00\", before: \"02:00\"", "00:00", true),
    ("from: \"22:00\", before: \"02:00\"", "00:00", false),
    ("days: friday, from: \"22:00\"", "00:00", false),
  ])
  func aNightOfSomeDaysThatEndsOnTheNextIsDoubted(
    _ span: String, _ start: String, _ isDoubted: Bool
  ) {
    let rules = """
      day_start: "\(start)"
      times: {night: [{\(span)}]}
      fares: [{name: ride, price: {by: time, night: 10, others: 8}}]
      """
    let check = Feature("x", rules: rules, rides: rides).check()
    let doubts = check.faults.filter { $0.message.contains("goes over midnight on some days") }
    #expect(doubts.map(\.isWarning) == (isDoubted ? [true] : []), "\(check.text)")
  }

  @Test func aCaseIsExplainedStepByStep() throws {
    let source = try Folders.source("zelenohrad")
    let name = "free transfer, the thirtieth minute is inside and the next is not"
    let text = try #require(source.explain(name, in: .english))
    #expect(text.contains("free transfer \"transfer\""))
    #expect(text.contains("Total: 27.00 UAH"))
    let ukrainian = try #require(source.explain(name, in: .ukrainian))
    #expect(ukrainian.contains("безкоштовна пересадка"))
    #expect(source.explain("no such case", in: .english) == nil)
  }
}
