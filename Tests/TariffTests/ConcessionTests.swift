import Basics
import Tariff
import Testing
import Transit

/// A worked case of a rider with a category: what the last of the rides says of the category.
struct ConcessionCase: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var category: String
  /// Rides of the day: time and people.
  var rides: [(at: String, riders: Int)]
  var companions: String?
  /// What the last ride is charged, and its step about the category: code, minor units, people.
  var charged: Int64
  var step: String?

  init(
    _ name: String, _ category: String, _ rides: [(at: String, riders: Int)],
    companions: String? = nil, pays charged: Int64, _ step: String?
  ) {
    testDescription = name
    self.category = category
    self.rides = rides
    self.companions = companions
    self.charged = charged
    self.step = step
  }
}

/// 8.00 a ride; pensioners free, students half, pupils 3.00 by their own price, tourists as adults; a
/// free transfer, and at most 12.00 a day.
private func book(companions: String?) throws -> TariffBook {
  let text = """
    tariff: test
    version: test-1
    effective: {from: 2026-01-01}
    currency: UAH
    timezone: Europe/Kyiv
    categories:
      adult: {}
      pensioner: {free: true, as: adult}
      student: {pays: 50%, as: adult}
      pupil: {}
      tourist: {as: adult}
    fares: [{name: ride, price: {pupil: 3.00, others: 8.00}}]
    transfers: [{name: transfer, within: 30 min, end: inside, pays: free}]
    caps: [{name: day cap, per: day, amount: 12.00}]
    \(companions.map { "companions: {as: \($0)}" } ?? "")
    """
  let source = TariffSource(
    folder: "test", files: [TariffFile(path: TariffSource.mainPath, text: text)])
  let reading = source.load()
  return try #require(reading.book, "\(reading.faults)")
}

private let one = [(at: "08:00", riders: 1)]
private let two = [(at: "08:00", riders: 2)]
private let transfer = [(at: "08:00", riders: 1), (at: "08:20", riders: 1)]
private let day = ["08:00", "10:00", "12:00", "14:00"].map { (at: $0, riders: 1) }

private let cases = [
  ConcessionCase("an adult pays the full price", "adult", one, pays: 800, nil),
  ConcessionCase("a pensioner rides free", "pensioner", one, pays: 0, "free_category 800 -"),
  ConcessionCase(
    "a pensioner rides free after a ride too", "pensioner", transfer, pays: 0,
    "free_category 800 -"),
  ConcessionCase("a student pays half", "student", one, pays: 400, "reduced_category 400 1"),
  ConcessionCase(
    "a pupil has a price of their own", "pupil", one, pays: 300, "reduced_category 500 1"),
  ConcessionCase("a tourist pays the full price", "tourist", one, pays: 800, nil),
  ConcessionCase("an adult's free transfer is none", "adult", transfer, pays: 0, nil),
  ConcessionCase("a student's free transfer is none", "student", transfer, pays: 0, nil),
  ConcessionCase("an adult's capped ride is none", "adult", day, pays: 0, nil),
  ConcessionCase("a student's capped ride is none", "student", day, pays: 0, nil),
  ConcessionCase(
    "a pensioner rides free, the adult with them pays", "pensioner", two, companions: "adult",
    pays: 800, "free_category 800 -"),
  ConcessionCase(
    "a student pays half, the adult with them the full price", "student", two, companions: "adult",
    pays: 1200, "reduced_category 400 1"),
  ConcessionCase(
    "two people pay by the pupil's price", "pupil", two, pays: 600, "reduced_category 1000 2"),
  ConcessionCase(
    "a student's transfer is free, and whoever comes along pays half", "student",
    [(at: "08:00", riders: 1), (at: "08:20", riders: 2)], pays: 400, "reduced_category 400 1"),
  ConcessionCase(
    "an adult with a pupil's companion price is no concession of adults", "adult", two,
    companions: "pupil", pays: 1100, nil),
]

/// A tariff of rules, whose first lines are its categories beside adults.
private func ruleBook(_ rules: String) throws -> TariffBook {
  let lines = rules.split(separator: "\n").map(String.init)
  let words = ["fares:", "tickets:", "tapping:", "prices:", "companions:", "caps:", "zones:"]
  let head = lines.prefix { line in !words.contains { line.hasPrefix($0) } }
  let products = """
    products:
    - {name: pension card, when: {mode: none}, valid: {days: 2}}
    - {name: regional, valid: {days: 1}, covers: {adult: 2.50, pupil: 1.25, others: 0}}
    - {name: month, when: {mode: none}, valid: {days: 30}, price: {adult: 350.00, pupil: 90.00}}

    """
  // A tariff without pupils may not name them.
  let named =
    head.contains { $0.hasPrefix("pupil:") }
    ? products : products.replacing(", pupil: 1.25", with: "").replacing(", pupil: 90.00", with: "")
  let text =
    """
    tariff: test
    effective: {from: 2026-01-01}
    currency: UAH
    timezone: Europe/Kyiv
    categories:
      adult: {}

    """ + head.map { "  " + $0 + "\n" }.joined() + named
    + lines.dropFirst(head.count).joined(separator: "\n") + "\n"
  let reading = TariffSource(
    folder: "test", files: [TariffFile(path: TariffSource.mainPath, text: text)]
  ).load()
  return try #require(reading.book, "\(reading.faults)\n\(text)")
}

/// The last of a rider's rides of a day in zone 1, one each hour from eight o'clock on.
private func lastRide(
  _ category: String, _ rules: String, buys products: [String] = [], kind: TapKind = .single,
  rides count: Int = 1, riders: Int = 1
) throws -> RatedRide {
  let start = try #require(Instant(iso8601: "2026-11-22T08:00:00+02:00"))
  let rider = PricedRider(
    name: "x", category: category,
    taps: (0..<count).map { index in
      FareTap(
        ref: index, at: start.adding(seconds: Int64(index) * 3600), kind: kind, medium: .card,
        riders: riders, category: category, mode: .bus, zone: "1")
    },
    purchases: products.map { FarePurchase(product: $0, at: start.adding(seconds: -3600)) })
  return try #require(PriceTable.rides(of: rider, book: ruleBook(rules)).last)
}

/// What the reason of a ride says of categories: code, category and minor units.
private func concessions(_ ride: RatedRide) -> [String] {
  ride.reason.steps.filter { [.freeCategory, .reducedCategory].contains($0.code) }
    .map { "\($0.code.rawValue) \($0.rule) \($0.minor ?? -1)" }
}

/// What a category took off is in the reason of a ride, and only that.
@Suite struct ConcessionTests {
  @Test(arguments: cases) func theReasonTellsWhatTheCategoryTookOff(_ row: ConcessionCase) throws {
    let book = try book(companions: row.companions)
    let rider = PricedRider(
      name: "x", category: row.category,
      taps: try row.rides.enumerated().map { index, ride in
        var tap = FareTap(
          ref: index, at: try #require(Instant(iso8601: "2026-11-22T\(ride.at):00+02:00")),
          kind: .single, medium: .card, category: row.category, mode: .bus)
        tap.riders = ride.riders
        return tap
      })
    let last = try #require(PriceTable.rides(of: rider, book: book).last)
    #expect(last.chargedMinor == row.charged)
    let steps = last.reason.steps.filter { [.freeCategory, .reducedCategory].contains($0.code) }
    let found = steps.map { step in
      "\(step.code.rawValue) \(step.minor ?? -1) \(step.number.map(String.init) ?? "-")"
    }
    #expect(found == [row.step].compactMap { $0 }, "\(last.reason)")
  }

  /// Without the card a pensioner pays 15.00 as an adult, and nothing is claimed.
  ///
  /// With it the ride is free, and 15.00 are claimed.
  @Test func aFreeCategoryWithoutItsProofPays() throws {
    let rules = """
      pensioner: {free: true, as: adult, proof: pension card, without_proof: adult}
      fares: [{name: ride, price: 15.00}]
      """
    let without = try lastRide("pensioner", rules)
    #expect(without.chargedMinor == 1500)
    #expect(concessions(without) == [] && without.category == "adult")
    let holding = try lastRide("pensioner", rules, buys: ["pension card"])
    #expect(holding.chargedMinor == 0)
    #expect(concessions(holding) == ["free_category pensioner 1500"])
  }

  /// 15.00 for adults; without the card a student is a pupil and pays 5.00, 10.00 less: a reduction of
  /// pupils and not of students.
  @Test func aReductionIsThatOfTheCategoryThatCounts() throws {
    let rules = """
      student: {free: true, as: adult, proof: pension card, without_proof: pupil}
      pupil: {}
      fares: [{name: ride, price: {adult: 15.00, pupil: 5.00}}]
      """
    let ride = try lastRide("student", rules)
    #expect(ride.chargedMinor == 500)
    // What the city pays for a concession goes by the ride's category.
    #expect(concessions(ride) == ["reduced_category pupil 1000"] && ride.category == "pupil")
  }

  /// Half of a fixed 25.00 is 12.50, half of the dearest 14.00 is 7.00: both 50% less.
  @Test(arguments: [("25.00", Int64(1250)), ("dearest", 700)])
  func aShareIsPaidOfARideWithoutATapOffToo(_ incomplete: String, _ due: Int64) throws {
    let rules = """
      student: {as: adult, pays: 50%}
      tapping: {incomplete: \(incomplete)}
      fares: [{name: ride, price: {by: zones, pairs: [{from: 1, to: 1, price: 8}, {from: 1, to: 2, price: 14}]}}]
      """
    let ride = try lastRide("student", rules, kind: .on)
    #expect(ride.chargedMinor == due)
    #expect(concessions(ride) == ["reduced_category student \(due)"])
  }

  /// The day is before the last of the first period: for two people 14.00 each is the dearest, of one
  /// 20.00; the step of others is not asked.
  @Test func theDearestPriceLooksThroughDatesAndPeople() throws {
    let rules = """
      tapping: {incomplete: dearest}
      prices: {far: {by: zones, pairs: [{from: 1, to: 1, price: 8}, {from: 1, to: 2, price: 14}]}}
      fares:
      - name: ride
        price: {by: date, periods: [{until: 2026-12-31, price: {by: riders, bands: [{up_to: 1, price: 20}, {price: "@far"}]}}]}
      """
    #expect(try lastRide("adult", rules, kind: .on).chargedMinor == 2000)
    #expect(try lastRide("adult", rules, kind: .on, riders: 2).chargedMinor == 2800)
  }

  /// An adult pays 8.00, the student with them half of it; by a table that names adults and pupils a
  /// student pays as adults do: 15.00 and half of 15.00 for the other.
  @Test(arguments: [("8.00", Int64(1200)), ("{adult: 15, pupil: 5}", 2250)])
  func aCompanionPaysTheSharesAndPricesOfTheirCategory(_ price: String, _ due: Int64) throws {
    let rules = """
      pupil: {}
      student: {as: adult, pays: 50%}
      companions: {as: student}
      fares: [{name: ride, price: \(price)}]
      """
    #expect(try lastRide("adult", rules, riders: 2).chargedMinor == due)
    // Of three pupils one pays 5.00, the others 7.50 each.
    let pupils = try lastRide("pupil", rules, riders: 3)
    #expect(pupils.chargedMinor == (price == "8.00" ? 1600 : 2000))
  }

  /// Half of 40.00 is 20.00 a ride; the cap that names pupils lets 30.00 through: 10.00 of the second.
  @Test func aCapThatNamesACategoryHoldsItAndNotTheOneItIsPricedAs() throws {
    let rules = """
      pupil: {as: adult, pays: 50%}
      fares: [{name: ride, price: 40.00}]
      caps: [{name: day, per: day, amount: {adult: 60, pupil: 30}}]
      """
    #expect(try lastRide("pupil", rules, rides: 2).chargedMinor == 1000)
  }

  /// Half of 8.00 is 4.00; the pass pays 1.25 for pupils and 2.50 for adults: 2.75 are left.
  @Test func aPassCoversWhatItNamesForTheCategory() throws {
    let rules = """
      pupil: {as: adult, pays: 50%}
      fares: [{name: ride, price: 8.00}]
      """
    let ride = try lastRide("pupil", rules, buys: ["regional"])
    #expect(ride.chargedMinor == 275)
  }

  /// A condition of pupils holds for pupils that are priced as adults, and one of adults does too.
  @Test(arguments: [("pupil", Int64(100)), ("adult", 100), ("tourist", 800)])
  func aConditionHoldsForTheCategoryAndTheOneItIsPricedAs(_ named: String, _ due: Int64) throws {
    let rules = """
      pupil: {as: adult}
      tourist: {}
      fares: [{name: named, when: {category: \(named)}, price: 1.00}, {name: ride, price: 8.00}]
      """
    #expect(try lastRide("pupil", rules).chargedMinor == due)
  }

  /// A price for adults is that of those who are priced as they are: 350.00, for pupils their own 90.00.
  @Test func aProductIsForSaleToThoseWhoArePricedAsItsBuyers() throws {
    let rules = """
      tourist: {as: adult}
      pupil: {as: adult}
      fares: [{name: ride, price: 8.00}]
      """
    let version = try #require(try ruleBook(rules).versions.first)
    let now = try #require(Instant(iso8601: "2026-11-22T08:00:00+02:00"))
    #expect(version.offer(of: "month", to: "tourist", at: now)?.priceMinor == 35_000)
    #expect(version.offer(of: "month", to: "pupil", at: now)?.priceMinor == 9000)
  }

  /// Half of AB's 2.80 and half of ABC's 4.10: 2.05 less in all, of which 1.40 are told before midnight.
  @Test func aTicketOverMidnightTellsItsReductionOnce() throws {
    let rules = """
      student: {as: adult, pays: 50%}
      zones: [A, B, C]
      tickets:
      - {name: AB, zones: [A, B], within: 80 min, price: 2.80}
      - {name: ABC, zones: [A, B, C], within: 90 min, price: 4.10}
      """
    let book = try ruleBook(rules)
    func tap(_ at: String, _ zone: String) throws -> FareTap {
      FareTap(
        ref: 0, at: try #require(Instant(iso8601: at)), kind: .single, medium: .card,
        category: "student", mode: .bus, zone: zone)
    }
    let first = try #require(Day("2026-11-22"))
    let evening = book.rate(
      day: first, state: .empty, taps: [try tap("2026-11-22T23:40:00+02:00", "A")])
    #expect(evening.rides.flatMap(concessions) == ["reduced_category student 140"])
    let stored = try #require(RiderState(bytes: evening.state.bytes))
    #expect(stored == evening.state)
    for state in [evening.state, stored] {
      let morning = book.rate(
        day: first.adding(days: 1), state: state,
        taps: [try tap("2026-11-23T00:10:00+02:00", "C")])
      #expect(morning.rides.map(\.chargedMinor) == [65])
      #expect(morning.rides.flatMap(concessions) == ["reduced_category student 65"])
    }
  }

  @Test func theReasonSaysItInWords() throws {
    let step = FareStep(.reducedCategory, rule: "student", minor: 400, number: 1)
    let uah = try #require(Currency("UAH"))
    let reason = FareReason(currency: uah, steps: [step])
    #expect(reason.sentence(in: .english) == "category \"student\" pays 4.00 UAH less")
    #expect(reason.sentence(in: .ukrainian).contains("категорія «student» платить на"))
    let two = FareReason(
      currency: uah, steps: [FareStep(.reducedCategory, rule: "student", minor: 800, number: 2)])
    #expect(two.sentence(in: .english) == "category \"student\" pays 8.00 UAH less (2 people)")
  }
}
