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
