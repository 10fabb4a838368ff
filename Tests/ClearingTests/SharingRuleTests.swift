import Basics
import Clearing
import Store
import Tapping
import Testing

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

    private func shares(_ house: House) async throws -> [String] {
      let sharing = OperatorSharing(store: house.store, city: house.city, now: { House.noon })
      while try await sharing.pass() > 0 {}
      return try await house.texts(
        """
        select operator_id || ' ' || sum(credit_minor - debit_minor) from posting
        join entry using (entry_id) where kind = 'apportionment' group by operator_id
        having sum(credit_minor - debit_minor) <> 0 order by 1
        """)
    }

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
        #expect(try await shares(house) == [])
        try await house.publish(version(2, from: 22, "equal"))
        try await house.service.drain()
        #expect(try await shares(house) == ["bus 400", "tram -400"])
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
        #expect(try await shares(house) == ["bus 400", "tram -400"])
        try await house.publish(version(2, from: 22, "equal"))
        try await house.service.drain()
        #expect(try await shares(house) == ["bus 400", "tram -400"])
        #expect(
          try await house.number("select count(*) from ride where reversed_run_id is not null") == 0
        )
        #expect(try await house.audit().isSound)
      }
    }
  }
}
