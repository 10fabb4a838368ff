import Basics
import Tariff
import Testing
import Transit

/// Versions, currencies and rides that lie across them.
struct VersionTests {
  private func book(old: String = "", new: String = "") throws -> TariffBook {
    func version(
      _ name: String, _ effective: String, _ currency: String, _ price: String, _ tapping: String
    ) -> String {
      """
      version: \(name)
      effective: \(effective)
      currency: \(currency)
      timezone: Europe/Kyiv
      day_start: "04:00"
      categories: [adult]
      fares: [{name: metro, price: \(price)}]
      tapping: {\(tapping)}
      """
    }
    let text =
      version("old", "{from: 2025-01-01, until: 2025-12-31}", "UAH", "8.00", old) + "\n---\n"
      + version("new", "{from: 2026-01-01}", "EUR", "1.00", new)
    let source = TariffSource(folder: "t", files: [TariffFile(path: "tariff.yaml", text: text)])
    let reading = source.load()
    return try #require(reading.book, "\(reading.faults)")
  }

  private func tap(_ text: String, _ kind: TapKind, ref: Int) throws -> FareTap {
    FareTap(
      ref: ref, at: try #require(Instant(iso8601: text)), kind: kind, medium: .card,
      category: "adult", stop: kind == .off ? "B" : "A")
  }

  /// Versions whose days begin at some hour, each with the days on which it is in force.
  private func book(_ versions: [(String, String)]) throws -> TariffBook {
    let texts = versions.map { effective, start in
      """
      version: v\(effective.filter(\.isNumber))
      effective: \(effective)
      currency: UAH
      timezone: Europe/Kyiv
      day_start: "\(start)"
      categories: [adult]
      fares: [{name: metro, price: 8.00}]
      """
    }
    let file = TariffFile(path: "tariff.yaml", text: texts.joined(separator: "\n---\n"))
    let reading = TariffSource(folder: "t", files: [file]).load()
    return try #require(reading.book, "\(reading.faults)")
  }

  /// A tap is sorted under its fare day once, so no later version may say that it is of another one.
  @Test func whatIsPublishedForDaysToComeGivesNoMomentAnotherDay() throws {
    let first = [
      ("{from: 2026-01-01, until: 2026-02-28}", "00:00"),
      ("{from: 2026-03-01, until: 2026-05-31}", "04:00"),
    ]
    for book in [try book(first), try book(first + [("{from: 2026-07-01}", "00:00")])] {
      for (moment, day) in [
        // Before the first version, where the clock changes, and in days without a version.
        ("2025-12-31T02:00:00+02:00", "2025-12-31"), ("2026-03-01T02:00:00+02:00", "2026-02-28"),
        ("2026-06-15T02:00:00+03:00", "2026-06-14"),
      ] {
        let at = try #require(Instant(iso8601: moment))
        #expect(book.fareDay(of: at) == Day(day), "\(moment)")
      }
    }
  }

  @Test func daysBeforeTheFirstVersionHaveTheClockOfTheNetwork() throws {
    let book = try book([("{from: 2026-01-01}", "04:00")])
    let zone = try #require(TimeZoneTable(name: "Asia/Tokyo"))
    let tokyo = CityClock(zone: zone, fareDayStartSeconds: 0)
    for (moment, day) in [
      ("2025-12-30T16:00:00Z", "2025-12-31"), ("2025-12-31T16:00:00Z", "2025-12-31"),
      ("2026-01-01T01:59:59Z", "2025-12-31"), ("2026-01-01T02:00:00Z", "2026-01-01"),
    ] {
      let at = try #require(Instant(iso8601: moment))
      #expect(book.fareDay(of: at, before: tokyo) == Day(day), "\(moment)")
    }
  }

  @Test func aRideOverTheChangeOfCurrencyIsRatedByTheTariffOfItsBeginning() throws {
    let book = try book()
    let last = try #require(Day("2025-12-31"))
    let evening = book.rate(
      day: last, state: .empty, taps: [try tap("2026-01-01T03:50:00+02:00", .on, ref: 0)])
    #expect(evening.rides.isEmpty)
    #expect(evening.state.hasOpenRide)
    let stored = try #require(RiderState(bytes: evening.state.bytes))
    let taps = [
      try tap("2026-01-01T04:10:00+02:00", .off, ref: 7),
      try tap("2026-01-01T08:00:00+02:00", .on, ref: 8),
      try tap("2026-01-01T08:20:00+02:00", .off, ref: 9),
    ]
    let morning = book.rate(day: last.adding(days: 1), state: stored, taps: taps.reversed())
    #expect(morning.rides.map(\.currency.code) == ["UAH", "EUR"])
    #expect(morning.rides.map(\.chargedMinor) == [800, 100])
    #expect(morning.rides.map(\.boardRef) == [RatedRide.carriedRef, 8])
    #expect(morning.rides.map(\.alightRef) == [7, 9])
    #expect(!morning.state.hasOpenRide)
  }

  @Test(arguments: [[String](), ["08:00"]])
  func aRideThatBeganUnderTheOldVersionIsGivenUpByIt(singles: [String]) throws {
    let book = try book(old: "limit: 2 h, incomplete: unknown", new: "limit: 2 h, incomplete: 8.90")
    let last = try #require(Day("2025-12-31"))
    let evening = book.rate(
      day: last, state: .empty, taps: [try tap("2026-01-01T03:50:00+02:00", .on, ref: 0)])
    #expect(evening.state.hasOpenRide)
    let taps = try singles.map { try tap("2026-01-01T\($0):00+02:00", .single, ref: 4) }
    let morning = book.rate(day: last.adding(days: 1), state: evening.state, taps: taps)
    #expect(morning.rides.map(\.chargedMinor) == [nil] + singles.map { _ in 100 })
    #expect(morning.rides.map(\.currency.code) == ["UAH"] + singles.map { _ in "EUR" })
    #expect(morning.rides.map(\.version) == ["old"] + singles.map { _ in "new" })
    #expect(!morning.state.hasOpenRide)
  }

  @Test func aRideOverTheChangeGoesOnByTheLimitOfTheOldVersion() throws {
    let book = try book(old: "limit: 30 h, incomplete: 7.00", new: "limit: 1 h, incomplete: 2.00")
    let last = try #require(Day("2025-12-31"))
    let evening = book.rate(
      day: last, state: .empty, taps: [try tap("2025-12-31T23:50:00+02:00", .on, ref: 0)])
    let next = book.rate(
      day: last.adding(days: 1), state: evening.state,
      taps: [try tap("2026-01-01T08:00:00+02:00", .single, ref: 1)])
    #expect(next.rides.map(\.chargedMinor) == [100])
    let open = try #require(RiderState(bytes: next.state.bytes))
    #expect(open.hasOpenRide)
    // On the second day it is ended within the old limit, or given up at the old price.
    let ended = book.rate(
      day: last.adding(days: 2), state: open,
      taps: [try tap("2026-01-02T05:00:00+02:00", .off, ref: 2)])
    #expect(ended.rides.map(\.chargedMinor) == [800])
    #expect(ended.rides.map(\.currency.code) == ["UAH"])
    let givenUp = book.rate(day: last.adding(days: 2), state: open, taps: [])
    #expect(givenUp.rides.map(\.chargedMinor) == [700])
    #expect(givenUp.rides.map(\.version) == ["old"])
    #expect(!givenUp.state.hasOpenRide)
  }

  @Test(arguments: [[Int](), [1], [2], [1, 2]])
  func aRideWithoutALimitIsGivenUpAfterTheNextFareDay(rated days: [Int]) throws {
    let book = try book(new: "incomplete: 3.00")
    let first = try #require(Day("2026-05-14"))
    var day = book.rate(
      day: first, state: .empty, taps: [try tap("2026-05-14T08:00:00+03:00", .on, ref: 0)])
    #expect(day.state.hasOpenRide)
    // Whichever of the days are rated, the ride is given up once, and nothing stays open.
    var rides: [RatedRide] = []
    for offset in days {
      day = book.rate(day: first.adding(days: offset), state: day.state, taps: [])
      rides += day.rides
      #expect(!day.state.hasOpenRide)
    }
    rides += book.close(day.state).rides
    #expect(rides.map(\.chargedMinor) == [300])
  }

  @Test func onlyATapOffOfItsVehicleEndsARideOverTheChange() throws {
    let book = try book(old: "same_vehicle: yes", new: "same_vehicle: yes")
    let last = try #require(Day("2025-12-31"))
    var on = try tap("2026-01-01T03:50:00+02:00", .on, ref: 0)
    on.vehicle = "7"
    var other = try tap("2026-01-01T04:05:00+02:00", .off, ref: 1)
    other.vehicle = "8"
    var own = try tap("2026-01-01T04:10:00+02:00", .off, ref: 2)
    own.vehicle = "7"
    let evening = book.rate(day: last, state: .empty, taps: [on])
    let morning = book.rate(day: last.adding(days: 1), state: evening.state, taps: [own, other])
    #expect(morning.rides.map(\.chargedMinor) == [800])
    #expect(morning.rides.map(\.alightRef) == [2])
    #expect(morning.unpaired.map(\.reason) == [.otherVehicle])
  }

  @Test func aDoubledTapOverTheChangeIsOfTheOldVersion() throws {
    let passBack = "pass_back: {within: 5 min}, incomplete: 7.00"
    let book = try book(old: passBack, new: passBack)
    let last = try #require(Day("2025-12-31"))
    func boarding(_ at: String, ref: Int) throws -> FareTap {
      var tap = try tap(at, .on, ref: ref)
      tap.vehicle = "7"
      return tap
    }
    var off = try tap("2026-01-01T04:10:00+02:00", .off, ref: 2)
    off.vehicle = "7"
    let evening = book.rate(
      day: last, state: .empty, taps: [try boarding("2026-01-01T03:58:00+02:00", ref: 0)])
    let morning = book.rate(
      day: last.adding(days: 1), state: evening.state,
      taps: [try boarding("2026-01-01T04:01:00+02:00", ref: 1), off])
    #expect(morning.rides.map(\.chargedMinor) == [800, 0])
    #expect(morning.rides.map(\.alightRef) == [2, nil])
    #expect(morning.rides.map(\.version) == ["old", "old"])
    // Five minutes later it is a boarding of its own, and the old version gives its ride up.
    let later = book.rate(
      day: last.adding(days: 1), state: evening.state,
      taps: [try boarding("2026-01-01T04:03:00+02:00", ref: 1), off])
    #expect(later.rides.map(\.version) == ["old", "new"])
    #expect(later.rides.first?.chargedMinor == 700)
  }

  @Test func aRideNobodyEndsIsGivenUpWhenNoTapIsAwaited() throws {
    let book = try book()
    let last = try #require(Day("2025-12-30"))
    let evening = book.rate(
      day: last, state: .empty, taps: [try tap("2025-12-30T23:50:00+02:00", .on, ref: 0)])
    #expect(evening.state.hasOpenRide)
    let closed = book.close(evening.state)
    #expect(closed.rides.map(\.chargedMinor) == [800])
    #expect(!closed.state.hasOpenRide)
  }

  @Test func aDayWithoutATariffHasNoFare() throws {
    let book = try book()
    let day = try #require(Day("2024-05-14"))
    let rated = book.rate(
      day: day, state: .empty, taps: [try tap("2024-05-14T08:00:00+03:00", .single, ref: 3)])
    #expect(rated.rides.map(\.chargedMinor) == [nil])
    #expect(rated.rides[0].reason.sentence(in: .english).contains("no tariff is in force"))
  }
}
