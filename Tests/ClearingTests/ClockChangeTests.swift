import Basics
import Clearing
import Store
import Tapping
import Tariff
import Testing
import Transit

extension ClearingSuite {
  /// A tap keeps the fare day under which it was sorted, so no tariff may give it another one.
  @Suite struct ClockChangeTests {
    private static let night = testTariff.replacing(
      "timezone: Europe/Kyiv", with: "timezone: UTC"
    ).replacing("day_start: \"04:00\"", with: "day_start: \"00:00\"")

    private static func later(_ text: String, from: String) -> String {
      text.replacing("version: test-1", with: "version: test-2")
        .replacing("from: 2026-01-01", with: "from: \(from)")
    }

    private static func refusal(_ outcome: PublishingOutcome) -> String? {
      guard case .faulty(let faults) = outcome, faults.count == 1 else { return nil }
      return faults[0].message
    }

    /// Half past two in Kyiv is half past midnight by UTC, by which days begin without a network.
    @Test func aFirstTariffTakesNoSortedTapToAnotherDay() async throws {
      try await House.with(tariff: nil) { house in
        try await house.journalSigned([try tap(1, "02:30")])
        try await house.service.drain()
        #expect(try await house.texts("select fare_day::text from tap") == ["2026-11-22"])
        let why = Self.refusal(try await house.offer(testTariff, isReratingOrdered: false))
        #expect(why?.hasPrefix("fare day 2026-11-22 would begin at another moment") == true)
        #expect(why?.contains("(day_start \"00:00\", timezone UTC)") == true)
        #expect(try await house.number("select count(*) from tariff_version") == 0)
        try await house.publish(Self.night, isReratingOrdered: false)
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  800"])
        // From a day to come on another clock harms nobody.
        try await house.publish(
          Self.later(testTariff, from: "2026-11-24"), isReratingOrdered: false)
        let audit = try await house.fullAudit(.journal)
        #expect(audit.isSound && audit.taps == 1, "\(audit.findings)")
      }
    }

    /// Something had to be made first, and meanwhile a tariff was published: the taps were read before it.
    @Test func tapsThatWereReadBeforeATariffAreSortedByItsClock() async throws {
      try await House.with(tariff: nil) { house in
        try await house.journal([try tap(1, "02:30")])
        func sort(again read: ReadBatches?) async throws -> Sorter.Pass {
          let pass = try await house.city.write(to: house.store) { db, city in
            try await Sorter(city: city, tokenKey: house.tokenKey, log: quiet)
              .sort(lane: Lane.of(name: "V-1"), in: db, at: House.noon, again: read)
          }
          for day in pass.daysWithoutPartition {
            try await house.store.ensurePartitions(around: day, daysBack: 0, daysAhead: 0)
          }
          _ = try await house.store.write { db in try await db.sorting.found(pass.newMedia) }
          return pass
        }
        var pass = try await sort(again: nil)
        #expect(pass.isHeldUp && pass.read != nil)
        try await house.publish(testTariff, isReratingOrdered: false)
        for _ in 0..<ClearingService.triesMax where pass.isHeldUp {
          pass = try await sort(again: pass.read)
        }
        #expect(pass.taps == 1)
        #expect(try await house.texts("select fare_day::text from tap") == ["2026-11-21"])
      }
    }

    @Test func anOrderWithAnotherClockIsRefusedBeforeItIsGiven() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "02:30")])
        try await house.service.drain()
        #expect(try await house.texts("select fare_day::text from tap") == ["2026-11-21"])
        let text = Self.later(Self.night, from: "2026-11-20")
        let why = Self.refusal(try await house.offer(text, isReratingOrdered: true))
        #expect(why?.contains("(day_start \"04:00\", timezone Europe/Kyiv)") == true)
        let (first, today) = (try #require(Day("2026-11-20")), try #require(Day("2026-11-23")))
        let source = TariffSource(
          folder: "test", files: [TariffFile(path: TariffSource.mainPath, text: text)])
        let outcome = try await Rerating(store: house.store, city: house.city.current).ask(
          first...today, tariff: source, by: Person(label: "Olena", tokenDigest: [1]),
          at: House.noon)
        guard case .refused(let sentence) = outcome else {
          Issue.record("an order that gives a sorted tap another day was taken: \(outcome)")
          return
        }
        #expect(
          sentence.hasPrefix("The tariff cannot be published: fare day 2026-11-22 would begin"))
      }
    }

    /// The first tariff is for days to come: those before it keep the midnight by which their taps were sorted.
    @Test func daysBeforeTheFirstTariffKeepTheirClock() async throws {
      let text = testTariff.replacing("from: 2026-01-01", with: "from: 2026-11-24")
      try await House.with(tariff: nil) { house in
        try await house.journalSigned([try tap(1, "02:30")])
        try await house.service.drain()
        try await house.publish(text, isReratingOrdered: false)
        try await house.service.drain()
        #expect(try await house.texts("select fare_day::text from tap") == ["2026-11-22"])
        let audit = try await house.fullAudit(.journal)
        #expect(audit.isSound && audit.taps == 1, "\(audit.findings)")
      }
    }

    /// Programs of before sorted taps of such days by the newest clock, which is four o'clock in Kyiv.
    @Test func aTapOfBeforeTheFirstTariffStandsUnderTheDayThatItWasSortedUnder() throws {
      let text = testTariff.replacing("from: 2026-01-01", with: "from: 2026-11-24")
      let source = TariffSource(
        folder: "test", files: [TariffFile(path: TariffSource.mainPath, text: text)])
      let book = try #require(source.load().book)
      let city = City(network: .empty, book: book, feed: nil)
      func days(_ moment: String) throws -> [String] {
        let at = try #require(Instant(iso8601: moment))
        return try ["2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25"].filter {
          city.mayStand(at, on: try #require(Day($0)))
        }
      }
      #expect(try days("2026-11-22T02:30:00+02:00") == ["2026-11-21", "2026-11-22"])
      #expect(try days("2026-11-22T08:00:00+02:00") == ["2026-11-22"])
      #expect(try days("2026-11-25T02:30:00+02:00") == ["2026-11-24"])
    }

    /// The days begin at another moment, and nobody tapped between the two.
    @Test func whereNoTapIsInBetweenAnOrderMayChangeTheClock() async throws {
      try await House.with { house in
        try await house.journalSigned([try tap(1, "08:00")])
        try await house.service.drain()
        try await house.publish(Self.later(Self.night, from: "2026-11-20"))
        try await house.service.drain()
        let audit = try await house.fullAudit(.journal)
        #expect(audit.isSound && audit.taps == 1, "\(audit.findings)")
      }
    }
  }
}
