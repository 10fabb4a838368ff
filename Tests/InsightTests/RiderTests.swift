import Basics
import Insight
import Store
import Tariff
import Testing
import Transit

extension InsightSuite {
  @Suite struct Riders {
    static let anna = "00000000-0000-0000-0000-0000000000a1"
    static let card = "00000000-0000-0000-0000-0000000000c1"

    /// Anna's two rides on the 23rd, one that ended after midnight, one reversed; and a stranger's.
    private static func script() throws -> String {
      let uah = try #require(Currency("UAH"))
      let paid = FareReason(currency: uah, steps: [FareStep(.price, rule: "ride", minor: 800)])
      let lane = try #require(RiderID(anna).map { Lane.of($0) })
      func ride(
        _ rider: String, _ day: String, _ at: String, _ seq: Int, _ charged: String,
        reversed: String = "null", reason: String
      ) -> String {
        """
        insert into ride (fare_day, lane, rider_id, run_id, reversed_run_id, started_at, device_id,
          epoch, seq, riders, category, product, medium, mode, operator_id, route, currency,
          nominal_minor, charged_minor, tariff_version, reason)
        values ('\(day)', \(rider == anna ? lane : 5), '\(rider)', 1, \(reversed), '\(at)', 'V-1', 1,
          \(seq), 1, 'adult', 'ride', 'card', 'bus', 'north', '1', 'UAH', 800, \(charged), 'test-1',
          '\(reason)');
        """
      }
      return """
        insert into rider values ('\(anna)', \(lane), '2026-11-01T00:00Z'),
          ('00000000-0000-0000-0000-0000000000b1', 5, now());
        insert into medium values ('\(card)', '\(anna)', 'card', now());
        insert into boarding (fare_day, lane, rider_id, tapped_at, device_id, epoch, seq, riders,
          vehicle, route, direction, stop, stop_order, source, confidence, off_stop, off_stop_order,
          off_source, off_confidence) values
          ('2026-11-23', \(lane), '\(anna)', now(), 'V-1', 1, 1, 1, '1603', 'bus-1', 0, 'a', 0,
            'door_event', 0.95, 'c', 2, 'next_boarding', 0.8),
          ('2026-11-23', \(lane), '\(anna)', now(), 'V-1', 1, 2, 1, '1604', 'bus-1', 1, null, null,
            'no_visits', 0, null, null, null, null);
        """
          + ride(anna, "2026-11-23", "2026-11-23T06:00Z", 1, "800", reason: paid.json)
          + ride(anna, "2026-11-24", "2026-11-23T21:50Z", 2, "null", reason: "{\"v\":9}")
          + ride(
            anna, "2026-11-23", "2026-11-23T07:00Z", 3, "800", reversed: "2", reason: paid.json)
          + ride(
            "00000000-0000-0000-0000-0000000000b1", "2026-11-23", "2026-11-23T06:00Z", 4, "100",
            reason: paid.json)
    }

    @Test func aDayThatIsAboutToChangeIsNamed() async throws {
      let script = try Self.script()
      try await World.with { world in
        try await world.script(script)
        let anna = try #require(RiderID(Self.anna))
        let days = today...today.adding(days: 1)
        #expect(try await world.desk.rides(of: anna, days: days)?.waiting == [])
        // A late tap waits for its rating; so do days of others, and of another time.
        try await world.script(
          """
          insert into fare_day (lane, rider_id, fare_day, stale_since, stale_cause)
          select lane, rider_id, day::date, '2026-11-24T05:00Z', 'late_tap'
          from rider, unnest(array['2026-11-20', '2026-11-23']) as day;
          """)
        let waiting = try #require(try await world.desk.rides(of: anna, days: days)).waiting
        #expect(waiting.map(\.fareDay) == [today] && waiting.map(\.cause) == [.lateTap])
        #expect(
          waiting.first?.sentence(in: .english)
            == "the day 2026-11-23 is still being rated (late taps): rides and fares may change")
        // A tap on whose tap off did not come is no ride yet, and is told.
        try await world.script(
          """
          update fare_day set stale_since = null, stale_cause = null,
            rated_at = '2026-11-24T05:00Z', open_ride = fare_day = '2026-11-23'
          """)
        let open = try #require(try await world.desk.rides(of: anna, days: days)).waiting
        #expect(open.map(\.fareDay) == [today] && open.map(\.rideGoesOn) == [true])
        #expect(
          open.first?.sentence(in: .english)
            == "a ride of 2026-11-23 goes on: its fare is known when it ends, or the tariff gives it up"
        )
      }
    }

    @Test func aRideTellsWhetherItsMediumWasOnTheListOfItsValidator() async throws {
      let script = try Self.script()
      try await World.with { world in
        try await world.script(script)
        let anna = try #require(RiderID(Self.anna))
        func told() async throws -> [Bool?]? {
          try await world.desk.rides(of: anna, days: today...today.adding(days: 1))?.rides
            .map(\.wasListed)
        }
        #expect(try await told() == [nil, nil])
        // The second ride ended after midnight, and its tap belongs to the day before.
        try await world.script(
          """
          update medium set fingerprint = '\\x0102030405060708' where medium_id = '\(Self.card)';
          insert into deny_list_version (version, made_at, added, removed)
          select n, now(), 1, 0 from generate_series(1, 3) n;
          insert into deny_list values ('\\x0102030405060708', true, 2);
          insert into tap (fare_day, lane, rider_id, tapped_at, device_at, device_id, epoch, seq,
            medium_id, kind, medium, riders, accepted, batch_id, received_at, deny_list_version)
          select '2026-11-23', \(Lane.of(anna)), '\(anna)', now(), now(), 'V-1', 1, seq,
            '\(Self.card)', 'single', 'card', 1, true, 1, now(), version
          from (values (1, 3), (2, null)) as t(seq, version);
          """)
        #expect(try await told() == [true, nil])
        try await world.script("update deny_list set is_denied = false")
        #expect(try await told() == [false, nil])
        try await world.script("update tap set deny_list_version = 1 where seq = 1")
        #expect(try await told() == [nil, nil])
        // What was before the last change is known where it was kept.
        try await world.script(
          "insert into deny_list_past values ('\\x0102030405060708', 1, true)")
        #expect(try await told() == [true, nil])
        try await world.script(
          "delete from deny_list_past; update deny_list set first_version = 2")
        #expect(try await told() == [false, nil])
        try await world.script("update deny_list set is_denied = true")
        func listed() async throws -> TapListing {
          let found = try await world.store.read { db in
            try await db.tapAudit.listing(of: TapName(device: "V-1", epoch: 1, seq: 1))
          }
          return try #require(found)
        }
        let listing = try await listed()
        #expect(listing.isAccepted && listing.medium == .card && listing.denyReason == nil)
        // The validator had version 1, and the medium came with the second of three.
        #expect(listing.used?.version == 1 && listing.used?.isListed == false)
        #expect(listing.newest?.version == 3 && listing.newest?.isListed == true)
        #expect(listing.isNewestKnown)
        // What was made between a backup and its restore is gone, and with it which list was the newest.
        try await world.script(
          """
          update tap set deny_list_version = 0 where seq = 1;
          insert into deny_list_version (version, made_at, added, removed) values
            (1000, now() + interval '1 hour', 0, 0), (1001, now() + interval '2 hours', 1, 0);
          """)
        let lost = try await listed()
        #expect(lost.newest == nil && !lost.isNewestKnown)
        #expect(lost.used?.version == 0 && lost.used?.isListed == false)
        // In the line that holds it is known again.
        try await world.script(
          "update deny_list_version set made_at = now() - interval '1 day' where version >= 1000")
        let kept = try await listed()
        #expect(kept.newest?.version == 1001 && kept.isNewestKnown)
      }
    }

    @Test func aRiderSeesTheirRidesWithPlacesAndReasons() async throws {
      let script = try Self.script()
      try await World.with { world in
        try await world.script(script)
        let anna = try #require(RiderID(Self.anna))
        let answer = try #require(
          try await world.desk.rides(of: anna, days: today...today.adding(days: 1)))
        #expect(answer.rides.map(\.tap.seq) == [1, 2])
        #expect(!answer.isCut)
        #expect(answer.charged.map(\.description) == ["8.00 UAH"])
        let first = answer.rides[0]
        #expect(first.route == "bus-1")
        #expect(first.routeName == "1")
        #expect(first.operatorName == "Північ")
        #expect(first.vehicle == "1603")
        #expect(first.boarding?.name == "Harbour")
        #expect(first.boarding?.source == "door_event")
        #expect(first.alighting?.name == "Market")
        #expect(first.alighting?.stop == "c")
        #expect(first.reason(in: .english) == "price \"ride\" 8.00 UAH")
        #expect(first.reason(in: .ukrainian) == "ціна «ride» 8,00 UAH")
      }
    }

    @Test func aRideCarriedOverMidnightKeepsItsBoardingAndAnUnknownFareStaysUnknown() async throws {
      let script = try Self.script()
      try await World.with { world in
        try await world.script(script)
        let anna = try #require(RiderID(Self.anna))
        let tomorrow = today.adding(days: 1)
        let answer = try #require(try await world.desk.rides(of: anna, days: tomorrow...tomorrow))
        let ride = try #require(answer.rides.first)
        #expect(answer.rides.count == 1)
        #expect(ride.vehicle == "1604")
        #expect(ride.boarding?.source == "no_visits")
        #expect(ride.boarding?.stop == nil)
        #expect(ride.boarding?.confidence == nil)
        #expect(ride.alighting == nil)
        #expect(ride.charged == nil)
        #expect(ride.nominal?.minor == 800)
        #expect(ride.reason == nil)
        #expect(!ride.reason(in: .ukrainian).isEmpty)
        #expect(answer.charged.isEmpty)
      }
    }

    /// The validator said trolleybus 2, and the vehicle was seen on bus 1.
    @Test func theLineOfARideIsTheOneThatItsFareWasMadeBy() async throws {
      let script = try Self.script()
      try await World.with { world in
        try await world.script(script)
        let anna = try #require(RiderID(Self.anna))
        func lines() async throws -> [String?] {
          let answer = try #require(try await world.desk.rides(of: anna, days: today...today))
          return answer.rides.flatMap { [$0.route, $0.routeName] }
        }
        func tell(_ change: String) async throws {
          // As if it had been rated so: a ride is changed by nobody.
          try await world.script(
            "set session_replication_role = replica; update ride set \(change); reset session_replication_role"
          )
        }
        try await tell("route = 'trol-2', mode = 'trolleybus'")
        #expect(try await lines() == ["trol-2", "2"])
        // A depot's code is no line that a rider knows: the one of the vehicle says more.
        try await tell("route = '101'")
        #expect(try await lines() == ["bus-1", "1"])
      }
    }

    @Test func aLongListIsCut() async throws {
      let script = try Self.script()
      try await World.with { world in
        try await world.script(script)
        let anna = try #require(RiderID(Self.anna))
        let answer = try #require(
          try await world.desk.rides(of: anna, days: today...today.adding(days: 1), countMax: 1))
        #expect(answer.rides.map(\.tap.seq) == [1])
        #expect(answer.isCut)
      }
    }

    @Test func aNumberThatWasMergedLeadsToTheRidesOfTheOther() async throws {
      let script = try Self.script()
      try await World.with { world in
        try await world.script(script)
        let anna = try #require(RiderID(Self.anna))
        let old = RiderID(high: 0, low: 0xd1)
        try await world.script(
          """
          insert into rider (rider_id, lane, first_seen_at, merged_into)
          values ('\(old)', \(Lane.of(old)), now(), '\(anna)')
          """)
        let rides = try #require(try await world.desk.rides(of: old, days: today...today))
        #expect(rides == (try await world.desk.rides(of: anna, days: today...today)))
        #expect(rides.rider == anna && !rides.rides.isEmpty)
      }
    }

    @Test func aRiderIsFoundByTheirOwnNameAndByWhatTheyTapWith() async throws {
      let script = try Self.script()
      try await World.with { world in
        try await world.script(script)
        let anna = try #require(RiderID(Self.anna))
        let card = try #require(MediumID(Self.card))
        #expect(try await world.desk.rider(named: Self.anna) == anna)
        #expect(try await world.desk.rider(named: Self.card) == anna)
        #expect(try await world.desk.rider(ofAny: [MediumID(high: 1, low: 1), card]) == anna)
        #expect(try await world.desk.rider(ofAny: [MediumID(high: 1, low: 1)]) == nil)
        #expect(try await world.desk.rider(named: "anna") == nil)
        #expect(
          try await world.desk.rides(of: RiderID(high: 1, low: 2), days: today...today) == nil)
        #expect(try await world.desk.media(of: anna).map(\.kind) == ["card"])
      }
    }
  }
}
