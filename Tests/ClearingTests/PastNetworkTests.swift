import Basics
import Clearing
import Store
import Tapping
import Tariff
import Testing
import Transit

extension ClearingSuite {
  /// Days that were rated by one network, while another one is in force.
  @Suite struct PastNetworkTests {
    private static let olena = ReratingTests.olena
    private static let day = Day(number: 20_779)

    /// 8.00, and 12.00 for who boards in zone 2.
    private static let byZone = testTariff.replacing(
      "  - {name: ride, price: {adult: 8.00}}",
      with: "  - {name: far, when: {any_zone: 2}, price: 12.00}\n  - {name: ride, price: 8.00}")

    /// A line 1 from VALLEY, in a zone, to HILL in zone 2.
    private static func feed(valley zone: String) -> [String: String] {
      [
        "agency.txt": """
        agency_id,agency_name,agency_url,agency_timezone
        t,Tram,https://t.example,Europe/Kyiv
        """,
        "stops.txt": """
        stop_id,stop_name,stop_lat,stop_lon,zone_id
        VALLEY,Valley,49.23,28.46,\(zone)
        HILL,Hill,49.24,28.47,2
        """,
        "routes.txt": """
        route_id,agency_id,route_short_name,route_long_name,route_type
        r1,t,1,,3
        """,
        "trips.txt": "route_id,service_id,trip_id\nr1,all,t1\n",
        "calendar.txt": """
        service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date
        all,1,1,1,1,1,1,1,20260101,20261231
        """,
        "stop_times.txt": """
        trip_id,arrival_time,departure_time,stop_id,stop_sequence
        t1,08:00:00,08:00:00,VALLEY,1
        t1,08:05:00,08:05:00,HILL,2
        """,
      ]
    }

    private static func valley(_ seq: Int64, _ time: String) throws -> Tap {
      var tap = try tap(seq, time)
      tap.route = "1"
      tap.stop = "VALLEY"
      return tap
    }

    /// Two rides of 8.00 by a network in which VALLEY is in zone 1; the one in force has it in zone 2.
    private static func withTwoNetworks(
      _ body: @Sendable (House) async throws -> Void
    ) async throws {
      try await House.with(tariff: byZone) { house in
        try await house.importFeed(feed(valley: "1"), named: "one", stopsCount: 2)
        try await house.journal([try valley(1, "08:00"), try valley(2, "12:00")])
        try await house.service.drain()
        try #require(try await charged(house) == 1600)
        try await house.importFeed(feed(valley: "2"), named: "two", stopsCount: 2)
        try await body(house)
      }
    }

    private static func charged(_ house: House) async throws -> Int64 {
      try await house.number(
        "select coalesce(sum(charged_minor), 0)::int8 from ride where reversed_run_id is null")
    }

    /// The sums of both sides of a draft that asks 10.00 where 8.00 are asked.
    private static func whatIf(_ house: House) async throws -> [Int64] {
      let source = ReratingTests.source(
        byZone.replacing("test-1", with: "test-2").replacing("price: 8.00", with: "price: 10.00"))
      let draft = try #require(source.load().book?.versions.first)
      let answer = try #require(
        try await WhatIfReplay(store: house.store, city: house.city.current)
          .run(draft: draft, over: day...day))
      let lines = answer.comparison.lines.filter { $0.group == "category" }
      return [lines.reduce(0) { $0 + $1.nowMinor }, lines.reduce(0) { $0 + $1.draftMinor }]
    }

    @Test func aWhatIfComparesByTheNetworkThatRatedTheDay() async throws {
      try await Self.withTwoNetworks { house in
        #expect(try await Self.whatIf(house) == [1600, 2000])
        // A day that waits for its rating will be rated by the network in force.
        try await house.script("update fare_day set stale_since = now(), stale_cause = 'order'")
        #expect(try await Self.whatIf(house) == [2400, 2400])
        try await house.service.drain()
        #expect(try await Self.charged(house) == 2400)
        #expect(try await Self.whatIf(house) == [2400, 2400])
      }
    }

    @Test func whatRatingAnewShowsIsWhatItBooksByTheNetworkInForce() async throws {
      try await Self.withTwoNetworks { house in
        let rerating = ReratingTests.rerating(house)
        let period = Self.day...Self.day
        let preview = try await rerating.preview(period).get()
        #expect(preview.operators.map(\.beforeMinor) == [1600])
        #expect(preview.operators.map(\.afterMinor) == [2400])
        let order = try await ReratingTests.worked(
          try await rerating.ask(period, by: Self.olena, at: House.noon), house)
        #expect(order.state == .done && order.changeMinor == 800)
        try await house.service.drain()
        #expect(try await Self.charged(house) == 2400)
        let audit = try await house.audit()
        #expect(audit.isSound, "\(audit.findings)")
      }
    }

    @Test func aCorrectedStopCountsAllThatIsBookedBecauseOfIt() async throws {
      try await Self.withTwoNetworks { house in
        try await house.store.write { db in
          try await db.settings.set(Rerating.limitSetting, to: "799")
        }
        // Both rides of the day are rated by the network in force then, and not the corrected one alone.
        let row = try await house.stopDesk.correct(
          TapName(device: "V-1", epoch: 1, seq: 1), to: "HILL", reason: "told us", by: Self.olena,
          at: House.noon)
        #expect(row.changeMinor == 800 && row.state == .requested)
        _ = try await house.stopDesk.decide(
          row.id, isApproved: true, by: ReratingTests.petro, at: House.noon)
        try await house.service.drain()
        #expect(try await Self.charged(house) == 1600 + row.changeMinor)
        let audit = try await house.audit()
        #expect(audit.isSound, "\(audit.findings)")
      }
    }

    @Test func aDayHasTheNetworkImportedLastOfThoseThatHoldFromThenOn() {
      let day = { (number: Int) in Day(number: 20_000 + number) }
      let terms = [(3, day(20)), (2, day(10)), (1, nil)].map {
        NetworkTerm(feedID: $0.0, firstDay: $0.1)
      }
      let city = City(network: .empty, book: nil, feed: nil, terms: terms)
      let feeds = [9, 10, 19, 20].map { city.feedID(on: day($0)) }
      #expect(feeds == [1, 2, 2, 3])
      #expect(city.days(of: day(5)...day(30), onFeed: 2) == day(5)...day(19))
      #expect(city.days(of: day(5)...day(30), onFeed: 3) == day(5)...day(30))
      #expect(city.days(of: day(20)...day(30), onFeed: 2) == nil)
      #expect(city.days(of: day(5)...day(30), onFeed: 9) == nil)
      let later = City(network: .empty, book: nil, feed: nil, terms: [terms[0]])
      #expect(later.feedID(on: day(19)) == nil, "before the first network there is none")
    }

    @Test func aFareThatBecomesUnknownIsNoFareOfNothing() async throws {
      let inZones = testTariff.replacing(
        "  - {name: ride, price: {adult: 8.00}}",
        with: "  - {name: ride, when: {any_zone: [1, 2]}, price: 8.00}")
      try await House.with(tariff: inZones) { house in
        try await house.importFeed(Self.feed(valley: "1"), named: "one", stopsCount: 2)
        try await house.journal([try Self.valley(1, "08:00"), try Self.valley(2, "12:00")])
        try await house.service.drain()
        try #require(try await Self.charged(house) == 1600)
        try await house.importFeed(Self.feed(valley: "7"), named: "two", stopsCount: 2)
        let preview = try await ReratingTests.preview(house)
        #expect(preview.operators.map(\.afterMinor) == [0])
        #expect(preview.operators.map(\.withoutFareBefore) == [0])
        #expect(preview.operators.map(\.withoutFareAfter) == [2])
        #expect(preview.changeMinor == 1600)
        let kept = try RatingPreview(kept: String(decoding: preview.json, as: UTF8.self))
        #expect(kept.operators == preview.operators)
      }
    }

    @Test func whyATapEndedNoRideDoesNotChangeWithTheNetwork() async throws {
      let onAndOff = Self.byZone + "\ntapping: {limit: 1 h, same_vehicle: yes}\n"
      try await House.with(tariff: onAndOff) { house in
        try await house.importFeed(Self.feed(valley: "1"), named: "one", stopsCount: 2)
        var taps = try ["06:00", "07:00", "08:30"].enumerated().map {
          try Self.valley(Int64($0 + 1), $1)
        }
        taps[0].kind = .off
        taps[1].kind = .on
        taps[2].kind = .off
        try await house.journal(taps)
        try await house.service.drain()
        let desk = UnpairedTapDesk(store: house.store, city: house.city)
        func reasons() async throws -> [UnpairedReason?] {
          try await desk.taps(of: StaleCauseTests.anna(house), days: Self.day...Self.day)
            .map(\.reason)
        }
        #expect(try await reasons() == [.noBoarding, .tooLate])
        try await house.importFeed(Self.feed(valley: "2"), named: "two", stopsCount: 2)
        #expect(try await reasons() == [.noBoarding, .tooLate])
      }
    }

    @Test func theFirstAndTheLastRatedDayAreKnownWithoutLookingThroughAll() async throws {
      let onAndOff = Self.byZone + "\ntapping: {limit: 2 h, incomplete: 5.00}\n"
      try await House.with(tariff: onAndOff) { house in
        func span() async throws -> ClosedRange<Day>? {
          try await house.store.read { db in try await db.rating.ratedSpan() }
        }
        #expect(try await span() == nil)
        // A day with nothing but a tap off, and one whose ride is given up on the day after.
        var (off, on) = (try tap(1, "08:00", day: -3), try tap(2, "03:30", day: 0))
        off.kind = .off
        on.kind = .on
        try await house.journal([off, on])
        try await StaleCauseTests.later(72, house).drain()
        let days = try await house.texts(
          "select min(fare_day) || ' ' || max(fare_day) from fare_day where rated_at is not null")
        #expect(days == ["2026-11-19 2026-11-22"])
        let found = try #require(try await span())
        #expect(["\(found.lowerBound) \(found.upperBound)"] == days)
      }
    }
  }
}
