import Basics
import Clearing
import Store
import Tapping
import Tariff
import Testing
import Transit

extension House {
  /// What operators got and gave by sharing, minor units, where it is not even.
  func apportioned() async throws -> [String] {
    try await texts(
      """
      select operator_id || ' ' || sum(credit_minor - debit_minor) from posting
      join entry using (entry_id) where kind = 'apportionment' group by operator_id
      having sum(credit_minor - debit_minor) <> 0 order by 1
      """)
  }

  /// The same once all that waits to be shared is shared.
  func shares() async throws -> [String] {
    let sharing = OperatorSharing(store: store, city: city, now: { House.noon })
    while try await sharing.pass() > 0 {}
    return try await apportioned()
  }
}

extension ClearingSuite {
  /// A rule by which operators share is a rule of the tariff: a new one holds for its days like a price.
  @Suite struct SharingRuleTests {
    static let files = [
      "agency.txt": """
      agency_id,agency_name,agency_url,agency_timezone
      tram,Tram,https://tram.example,Europe/Kyiv
      bus,Bus,https://bus.example,Europe/Kyiv
      """,
      "stops.txt": """
      stop_id,stop_name,stop_lat,stop_lon
      a,Rynok,49.23,28.46
      b,Vokzal,49.24,28.47
      """,
      "routes.txt": """
      route_id,agency_id,route_short_name,route_long_name,route_type
      r1,tram,1,,0
      r2,bus,2,,3
      """,
      "trips.txt": "route_id,service_id,trip_id\nr1,all,t1\nr2,all,t2\n",
      "calendar.txt": """
      service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date
      all,1,1,1,1,1,1,1,20260101,20261231
      """,
      "stop_times.txt": """
      trip_id,arrival_time,departure_time,stop_id,stop_sequence
      t1,08:00:00,08:00:00,a,1
      t1,08:05:00,08:05:00,b,2
      t2,08:00:00,08:00:00,a,1
      t2,08:05:00,08:05:00,b,2
      """,
    ]

    /// A version of the tests' tariff from 22 November on: the same prices, shared by a rule.
    private func version(_ number: Int, from day: Int, _ rule: String) -> String {
      testTariff.replacing("test-1", with: "test-\(number)")
        .replacing("from: 2026-01-01", with: "from: 2026-11-\(day)")
        .replacing("currency: UAH", with: "currency: UAH\napportionment: \(rule)")
    }

    @Test func aNewRuleOfSharingSharesDaysOfBeforeAnewAtTheSamePrices() async throws {
      try await House.with { house in
        try await house.importFeed(Self.files, named: "two operators", stopsCount: 2)
        // A tram for 8.00, then a bus by free transfer, on 22 November.
        var taps = [try tap(1, "08:00"), try tap(2, "08:10")]
        (taps[0].route, taps[1].route) = ("1", "2")
        try await house.journal(taps)
        try await house.service.drain()
        #expect(
          try await house.texts("select operator_id from ride order by seq") == ["tram", "bus"])
        #expect(try await house.shares() == [])
        try await house.publish(version(2, from: 22, "equal"))
        try await house.service.drain()
        #expect(try await house.shares() == ["bus 400", "tram -400"])
        #expect(
          try await house.texts(
            "select distinct tariff_version from ride where reversed_run_id is null") == ["test-2"])
        // The fares are what they were: nothing is owed more, and nothing less.
        #expect(try await house.number("select sum(charged_minor)::int8 from ride_sum") == 800)
        #expect(try await house.audit().isSound)
        try await house.expectSound()
      }
    }

    @Test func aVersionThatSharesAlikeChangesNoRide() async throws {
      try await House.with(tariff: version(1, from: 20, "equal")) { house in
        try await house.importFeed(Self.files, named: "two operators", stopsCount: 2)
        var taps = [try tap(1, "08:00"), try tap(2, "08:10")]
        (taps[0].route, taps[1].route) = ("1", "2")
        try await house.journal(taps)
        try await house.service.drain()
        #expect(try await house.shares() == ["bus 400", "tram -400"])
        try await house.publish(version(2, from: 22, "equal"))
        try await house.service.drain()
        #expect(try await house.shares() == ["bus 400", "tram -400"])
        #expect(
          try await house.number("select count(*) from ride where reversed_run_id is not null") == 0
        )
        #expect(try await house.audit().isSound)
      }
    }

    /// A tram for 10.00 and a bus for 6.00; a version that shares by a rule.
    private func priced(_ version: String) -> String {
      version.replacing(
        "  - {name: ride, price: {adult: 8.00}}",
        with: """
            - {name: tram, when: {mode: tram}, price: {adult: 10.00}}
            - {name: bus, when: {mode: bus}, price: {adult: 6.00}}
          """)
    }

    /// A bus from 03:50 to 04:10, over the end of the old version's last day; then a tram for 10.00 and a
    /// bus by free transfer, 10 to 6 by `nominal`.
    @Test(arguments: [
      ("own", "nominal", ["bus 375", "tram -375"]), ("equal", "nominal", ["bus 375", "tram -375"]),
      ("nominal", "equal", ["bus 500", "tram -500"]), ("nominal", "first_ride", []),
    ])
    func aRideOfTheOldVersionLeavesTheRestOfTheDayToTheNewRule(
      old: String, new: String, moved: [String]
    ) async throws {
      try await House.with(tariff: priced(version(1, from: 20, old))) { house in
        try await house.importFeed(Self.files, named: "two operators", stopsCount: 2)
        try await house.publish(priced(version(2, from: 22, new)))
        var taps = [
          try tap(1, "03:50"), try tap(2, "04:10"), try tap(3, "08:00"), try tap(4, "08:10"),
        ]
        (taps[0].kind, taps[1].kind) = (.on, .off)
        for (place, route) in ["2", "2", "1", "2"].enumerated() { taps[place].route = route }
        try await house.journal(taps)
        try await house.service.drain()
        #expect(
          try await house.texts(
            """
            select concat_ws(' ', tariff_version, operator_id, charged_minor) from ride
            where reversed_run_id is null and fare_day = '2026-11-22' order by started_at
            """) == ["test-1 bus 600", "test-2 tram 1000", "test-2 bus 0"])
        #expect(try await house.shares() == moved)
        #expect(try await house.audit().isSound)
        try await house.expectSound()
      }
    }

    /// A rider's rides of 22 November by route and time; each route has a vehicle.
    private static func taps(
      _ card: String, from seq: Int64, _ rides: [(route: String, time: String)]
    ) throws -> [Tap] {
      try rides.enumerated().map { place, ride in
        var tap = try tap(seq + Int64(place), ride.time, card: card)
        (tap.route, tap.vehicle) = (ride.route, "T-\(ride.route)")
        return tap
      }
    }

    /// A tram for 8.00 that is tapped twice, and a bus by free transfer.
    ///
    /// For another rider such a day was shared when the second tap broke the link. A third one's bus is linked
    /// to a route that nobody knows.
    @Test func anOrderToRateAnewSharesDaysAnewThoughNoFareChanges() async throws {
      let doubled = [("1", "08:00"), ("1", "08:02"), ("2", "08:10")]
      let tariff = testTariff.replacing(
        "currency: UAH",
        with: "currency: UAH\napportionment: nominal\ntapping: {pass_back: {within: 5 min}}")
      try await House.with(tariff: tariff) { house in
        try await house.importFeed(Self.files, named: "two operators", stopsCount: 2)
        try await house.journal(Self.taps("anna", from: 1, doubled))
        try await house.service.drain()
        #expect(
          try await house.texts(
            "select concat_ws(' ', operator_id, charged_minor) from ride order by seq")
            == ["tram 800", "tram 0", "bus 0"])
        #expect(try await house.shares() == ["bus 400", "tram -400"])
        let unknown = [("1", "08:00"), ("9", "12:00"), ("2", "12:10")]
        try await house.journal(
          Self.taps("borys", from: 4, doubled) + Self.taps("olha", from: 7, unknown))
        try await house.service.drain()
        // As it was left by the earlier program: the tram has all, and nothing is kept of it.
        try await house.script(
          "update clearing_run set shared_at = now() where shared_at is null")
        #expect(try await house.shares() == ["bus 400", "tram -400"])
        try await house.script("update fare_day set stale_since = now(), stale_cause = 'order'")
        try await house.service.drain()
        #expect(try await house.number("select count(*) from share_recount") == 3)
        #expect(try await house.shares() == ["bus 800", "tram -800"])
        #expect(
          try await house.number("select count(*) from ride where reversed_run_id is not null")
            == 0)
        try await house.expectSound()
      }
    }

    /// The ride of before keeps its version and costs more; the tram is shared by another rule.
    @Test func aRideThatKeepsItsRuleDoesNotHideOneThatIsSharedAnew() throws {
      let old = version(1, from: 20, "own").replacing(
        "from: 2026-11-20", with: "from: 2026-11-20, until: 2026-11-21")
      let text = old + "\n---\n" + version(2, from: 22, "nominal")
      let reading = TariffSource(
        folder: "test", files: [TariffFile(path: TariffSource.mainPath, text: text)]
      ).load()
      let book = try #require(reading.book, "\(reading.faults)")
      let rules = SharingRules(book)
      let day = RiderDay(
        rider: RiderID(high: 1, low: 2), fareDay: try #require(Day("2026-11-22")))
      func ride(_ seq: Int64, _ version: String, _ minor: Int64) throws -> RideRow {
        RideRow(
          day: day, startedAt: House.noon.adding(seconds: seq), endedAt: nil,
          boarding: TapName(device: "v1", epoch: 1, seq: seq), alighting: nil, riders: 1,
          category: "adult", product: "ride", mediumKind: .card, mode: .tram, operatorID: "tram",
          route: "r1", currency: try #require(Currency("UAH")), nominalMinor: minor,
          chargedMinor: minor, tariffVersion: version, reasonJSON: "{}")
      }
      let standing = [try ride(1, "test-1", 800), try ride(2, "test-1", 800)]
      let difference = RideDifference(
        standing: standing.enumerated().map { StandingRide(rideID: Int64($0), ride: $1) },
        rated: [try ride(1, "test-1", 900), try ride(2, "test-2", 800)], sharedBy: rules)
      #expect(difference.reversed.count == 2 && difference.added.count == 2)
      #expect(difference.ridesSharedAnew(rules) == 1)
    }
  }
}
