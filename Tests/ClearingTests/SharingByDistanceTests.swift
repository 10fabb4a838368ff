import Basics
import Clearing
import Insight
import Store
import Tapping
import Testing
import Transit

extension ClearingSuite {
  /// A tram carries the rider 9 parts of the way, a bus the last one by free transfer.
  ///
  /// The fare of 8.00 is shared 7.20 to 0.80, whenever it becomes known where the rider got off.
  @Suite struct SharingByDistanceTests {
    private static let files = SharingRuleTests.files.merging([
      "stops.txt": """
      stop_id,stop_name,stop_lat,stop_lon
      a,Rynok,49.00,28.46
      b,Vokzal,49.09,28.46
      c,Zavod,49.10,28.46
      """,
      "stop_times.txt": """
      trip_id,arrival_time,departure_time,stop_id,stop_sequence
      t1,08:00:00,08:00:00,a,1
      t1,08:10:00,08:10:00,b,2
      t2,08:12:00,08:12:00,b,1
      t2,08:15:00,08:15:00,c,2
      """,
    ]) { $1 }

    private static let tariff = testTariff.replacing(
      "currency: UAH", with: "currency: UAH\napportionment: distance")

    private static func with(_ body: @Sendable (House) async throws -> Void) async throws {
      try await House.with(tariff: nil) { house in
        try await house.importFeed(files, named: "two operators", stopsCount: 3)
        try await house.publish(tariff)
        try await body(house)
      }
    }

    private static func taps() throws -> (on: [Tap], off: Tap) {
      var (tram, bus, off) = (try tap(1, "08:00"), try tap(2, "08:12"), try tap(3, "08:15"))
      (tram.route, tram.vehicle, tram.stop) = ("1", "T", "a")
      (bus.route, bus.vehicle, bus.stop) = ("2", "B", "b")
      (off.route, off.vehicle, off.stop, off.kind) = ("2", "B", "c", .off)
      return ([tram, bus], off)
    }

    private static func place(_ house: House) async throws {
      try await PlacingService(
        store: house.store, city: house.city, log: quiet, now: { House.noon }
      ).drain()
    }

    @Test func aDayThatWasSharedBeforeItsStopsWereFoundIsSharedAnew() async throws {
      try await Self.with { house in
        let (on, off) = try Self.taps()
        try await house.journal(on + [off])
        try await house.service.drain()
        #expect(try await house.shares() == ["bus 400", "tram -400"], "no stop is known")
        try await Self.place(house)
        #expect(try await house.shares() == ["bus 80", "tram -80"])
        #expect(try await house.number("select count(*) from share_recount") == 0)
        try await house.expectSound()
      }
    }

    @Test func aDayWhoseStopsAreKnownFirstIsSharedTheSame() async throws {
      try await Self.with { house in
        let (on, off) = try Self.taps()
        try await house.journal(on + [off])
        try await house.service.drain()
        try await Self.place(house)
        #expect(try await house.shares() == ["bus 80", "tram -80"])
        try await house.expectSound()
      }
    }

    /// The tram was boarded five minutes before the fare day on which both rides are rated, so that its stops
    /// stand under the day before.
    @Test(arguments: [true, false])
    func aRideOverTheEndOfTheFareDayIsSharedByItsDistance(isPlacedFirst: Bool) async throws {
      try await Self.with { house in
        var (tram, end) = (try tap(1, "03:55"), try tap(2, "04:05"))
        (tram.route, tram.vehicle, tram.stop, tram.kind) = ("1", "T", "a", .on)
        (end.route, end.vehicle, end.stop, end.kind) = ("1", "T", "b", .off)
        var (bus, off) = (try tap(3, "04:07"), try tap(4, "04:10"))
        (bus.route, bus.vehicle, bus.stop) = ("2", "B", "b")
        (off.route, off.vehicle, off.stop, off.kind) = ("2", "B", "c", .off)
        try await house.journal([tram, end, bus, off])
        try await house.service.drain()
        if !isPlacedFirst {
          #expect(try await house.shares() == ["bus 400", "tram -400"], "no stop is known")
        }
        try await Self.place(house)
        #expect(try await house.number("select count(distinct fare_day) from boarding") == 2)
        #expect(try await house.shares() == ["bus 80", "tram -80"])
        #expect(try await house.number("select count(*) from share_recount") == 0)
        try await house.expectSound()
      }
    }

    /// The tap off comes after the end of the ride was looked for.
    @Test func aTapOffThatComesLaterSharesTheDayAnew() async throws {
      try await Self.with { house in
        let (on, off) = try Self.taps()
        try await house.journal(on)
        try await house.service.drain()
        try await Self.place(house)
        #expect(try await house.shares() == ["bus 400", "tram -400"])
        try await house.journal([off])
        try await house.service.drain()
        try await Self.place(house)
        #expect(
          try await house.texts("select off_stop from boarding order by seq") == ["b", "c"])
        #expect(try await house.shares() == ["bus 80", "tram -80"])
        try await house.expectSound()
      }
    }
  }
}
