import Basics
import Clearing
import Store
import Tapping
import Testing
import Transit

extension ClearingSuite {
  /// Reports over months are made of sums that sorting keeps: they are what counting anew would give.
  @Suite struct TapSumTests {
    /// Kept sums that are not those of the taps, each as a line; both sides are named.
    private static func differences(_ house: House) async throws -> [String] {
      try await house.texts(
        """
        with counted_days as (
          select fare_day, count(*) filter (where accepted) as accepted,
            count(*) filter (where not accepted) as denied,
            count(*) filter (where accepted and kind = 'off') as alightings,
            count(*) filter (where accepted and medium in ('card', 'qr')) as stored_value
          from tap group by 1),
        kept_days as (
          select fare_day, sum(accepted) as accepted, sum(denied) as denied,
            sum(alightings) as alightings, sum(stored_value) as stored_value
          from tap_sum group by 1),
        counted_devices as (
          select t.fare_day, t.device_id, coalesce('id of ' || t.route, '') as route,
            count(*) filter (where accepted) as accepted,
            count(*) filter (where not accepted) as denied,
            count(*) filter (where accepted and is_late) as late_accepted,
            count(*) filter (where not accepted and is_late) as late_denied,
            max(received_at) filter (where is_late) as last_late_at,
            max(floor(extract(epoch from received_at)) - floor(extract(epoch from tapped_at)))
              filter (where is_late) as latest_seconds
          from tap t, lateral (
            select received_at >= (fare_day + 2)::timestamp at time zone 'UTC' as is_late) l
          group by 1, 2, 3),
        kept_devices as (
          select fare_day, device_id, case route when '' then '' else 'id of 15' end as route,
            accepted, denied, late_accepted, late_denied, last_late_at, latest_seconds
          from device_day)
        select concat_ws(' ', 'day', coalesce(k.fare_day, c.fare_day), k, c)
        from kept_days k full join counted_days c using (fare_day)
        where (k.accepted, k.denied, k.alightings, k.stored_value)
          is distinct from (c.accepted, c.denied, c.alightings, c.stored_value)
        union all
        select concat_ws(' ', 'device', k, c)
        from kept_devices k full join counted_devices c using (fare_day, device_id, route)
        where (k.accepted, k.denied, k.late_accepted, k.late_denied, k.last_late_at,
            k.latest_seconds)
          is distinct from (c.accepted, c.denied, c.late_accepted, c.late_denied, c.last_late_at,
            c.latest_seconds)
        """)
    }

    @Test(arguments: [1, 2] as [UInt64])
    func theKeptSumsOfTapsAreThoseOfTheTaps(seed: UInt64) async throws {
      try await House.with { house in
        var chance = SeededGenerator(seed: seed)
        for (device, tap) in try OrderTests.world(seed: 80 + seed).shuffled(using: &chance) {
          var tap = tap
          if chance.chance(0.2) { tap.kind = .off }
          if chance.chance(0.2) { tap.result = .denied(reason: "unknown card") }
          if chance.chance(0.2) { tap.route = nil }
          tap.medium = MediumKind.allCases[Int(tap.seq) % MediumKind.allCases.count]
          try await house.journal(
            [tap], device: device,
            receivedAt: House.noon.adding(seconds: Int64(chance.integer(in: 0...400_000))))
          if chance.chance(0.1) { try await house.service.pass() }
        }
        try await house.service.drain()
        #expect(try await Self.differences(house) == [], "seed \(seed)")
        let late = try await house.number(
          "select sum(late_accepted + late_denied)::int8 from device_day")
        #expect(late > 20 && late < 120)
        #expect(try await house.number("select sum(alightings)::int8 from tap_sum") > 5)
      }
    }

    @Test func aRouteIsKeptByTheNameThatTheNetworkGivesIt() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        let ride = try await house.texts("select route from ride")
        #expect(ride.count == 1)
        #expect(try await house.texts("select route from device_day") == ride)
      }
    }

    /// What the reports rest on: they look for taps without a ride only among days that are stale and
    /// those with an open ride.
    @Test(arguments: [1, 2] as [UInt64])
    func everyBoardingOfARatedDayHasItsRideButForOneThatIsOpen(seed: UInt64) async throws {
      try await House.with(tariff: tapOffTariff) { house in
        var chance = SeededGenerator(seed: seed)
        for (device, tap) in try OrderTests.world(seed: 90 + seed).shuffled(using: &chance) {
          var tap = tap
          tap.kind = chance.chance(0.4) ? .off : .on
          try await house.journal([tap], device: device)
          if chance.chance(0.1) { try await house.service.pass() }
        }
        try await house.service.drain()
        let alone = """
          select count(*) from tap t join fare_day f using (lane, rider_id, fare_day)
          where t.accepted and t.kind <> 'off' and not exists (
            select from ride r where r.lane = t.lane and r.rider_id = t.rider_id
              and r.fare_day between t.fare_day and t.fare_day + 1 and r.device_id = t.device_id
              and r.epoch = t.epoch and r.seq = t.seq and r.reversed_run_id is null)
          """
        #expect(try await house.number(alone + " and not f.open_ride") == 0, "seed \(seed)")
        #expect(try await house.number("select count(*) from ride") > 40)
      }
    }
  }
}

/// Taps on and off, with a most time for a ride, after which it is given up.
private let tapOffTariff = testTariff.replacing(
  "fares:", with: "tapping: {limit: 3 h, incomplete: 8.00}\nfares:")
