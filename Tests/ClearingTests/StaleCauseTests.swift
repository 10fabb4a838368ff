import Basics
import Clearing
import Postgres
import Store
import Tapping
import Testing
import Transit
import Wallet

extension ClearingSuite {
  /// What makes a rider-day stale is kept with the run that booked the difference, and no day is rated
  /// anew that need not be.
  @Suite struct StaleCauseTests {
    /// A service whose clock stands so many hours after noon.
    static func later(_ hours: Int64, _ house: House) -> ClearingService {
      ClearingService(
        store: house.store, city: house.city, tokenKey: house.tokenKey, log: quiet,
        now: { House.noon.adding(seconds: hours * 3600) })
    }

    static func causes(_ house: House) async throws -> [String] {
      try await house.texts(
        """
        select concat_ws(' ', cause, sum(rider_days), sum(rides_added), sum(rides_reversed))
        from clearing_run_cause group by cause order by cause
        """)
    }

    static func anna(_ house: House) -> RiderID {
      let medium = house.tokenKey.mediumID(kind: .card, token: Array("anna".utf8))
      return RiderID(high: medium.high, low: medium.low)
    }

    @Test func aTapOfTodayAndALateOneAreToldApart() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00", day: 1), try tap(2, "09:00")])
        try await house.service.drain()
        #expect(try await Self.causes(house) == ["late_tap 1 1 0", "tap 1 1 0"])
        #expect(
          try await house.number("select count(*) from fare_day where stale_cause is not null") == 0
        )
      }
    }

    @Test func anEntitlementThatComesAndGoesIsNamed() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00", day: 1)])
        try await house.service.drain()
        let rider = Self.anna(house)
        let day = try #require(Day(year: 2026, month: 11, day: 23))
        let proven = ProvenDays(category: "pensioner", first: day, last: nil)
        let marked = try await house.riders.addProof(
          proven, kind: nil, number: nil, note: nil, of: rider, isReplacing: false, by: desk)
        #expect(marked == 1)
        let shown = try await house.texts("select stale_cause || ' ' || stale_reason from fare_day")
        #expect(shown == ["entitlement category pensioner was proven"])
        try await house.service.drain()
        #expect(try await house.owed() == [])
        _ = try await house.riders.withdrawProof(
          of: "pensioner", from: day, rider: rider, by: desk)
        let withdrawn = try await house.texts(
          "select stale_cause || ' ' || stale_reason from fare_day")
        #expect(withdrawn == ["entitlement the proof of pensioner was withdrawn"])
        try await house.service.drain()
        #expect(try await Self.causes(house) == ["entitlement 2 2 2", "tap 1 1 0"])
        #expect(try await house.owed() == ["2190  800"])
        #expect(try await house.audit().isSound)
      }
    }

    /// 8.00, and 12.00 for who boards at HILL.
    static let byStop = testTariff.replacing(
      "  - {name: ride, price: {adult: 8.00}}",
      with: "  - {name: hill, when: {stop: [HILL]}, price: 12.00}\n  - {name: ride, price: 8.00}")

    @Test func aStopThatIsFoundLaterChangesTheFareWhereTheTariffAsksForStops() async throws {
      for (tariff, charged) in [(testTariff, "800"), (Self.byStop, "1200")] {
        try await House.with(tariff: tariff) { house in
          try await house.journal([try tap(1, "08:00", day: 1)])
          try await house.service.drain()
          #expect(try await house.texts("select charged_minor::text from ride") == ["800"])
          try await house.script(
            """
            insert into boarding (fare_day, lane, rider_id, tapped_at, device_id, epoch, seq, riders,
              stop, source, confidence)
            select fare_day, lane, rider_id, tapped_at, device_id, epoch, seq, riders, 'HILL',
              'position', 0.9 from tap
            """)
          let day = RiderDay(
            rider: Self.anna(house),
            fareDay: try #require(Day(year: 2026, month: 11, day: 23)))
          try await house.store.write { db in
            try await db.rating.markPlaced([day], at: House.noon)
          }
          try await house.service.drain()
          #expect(
            try await house.texts(
              "select charged_minor::text from ride where reversed_run_id is null") == [charged])
          #expect(try await house.owed() == ["2190  \(charged)"])
          #expect(try await house.audit().isSound)
        }
      }
    }

    /// 8.00 a ride, at most 24.00 a week from Monday on.
    static let weekly = testTariff.replacing(
      "  - {name: day cap, per: day, amount: {adult: 24.00}}",
      with: "  - {name: week cap, per: week, amount: {adult: 24.00}}")

    @Test func aChangedDayRatesTheDaysAfterItAsFarAsTheStateDiffers() async throws {
      try await House.with(tariff: Self.weekly) { house in
        // 16 November 2026 is a Monday. Monday to Thursday, then Monday and Tuesday a week later.
        let days = [-6, -5, -4, -3, 1, 2]
        try await house.journal(
          try days.enumerated().map { try tap(Int64($0 + 1), "08:00", day: $1) })
        try await Self.later(48, house).drain()
        #expect(
          try await house.texts(
            "select charged_minor::text from ride where reversed_run_id is null order by started_at"
          )
            == ["800", "800", "800", "0", "800", "800"])
        // A late ride on Tuesday: the cap is reached a day earlier, and Wednesday becomes free.
        try await house.journal([try tap(9, "18:00", day: -5)])
        try await Self.later(72, house).drain()
        #expect(
          try await house.texts(
            "select charged_minor::text from ride where reversed_run_id is null order by started_at"
          )
            == ["800", "800", "800", "0", "0", "800", "800"])
        let rated = try await house.texts(
          """
          select fare_day::text from fare_day
          where rated_at = (select max(rated_at) from fare_day) order by 1
          """)
        // Tuesday ends with 24.00 instead of 16.00, so Wednesday is rated anew; it ends with 24.00 as
        // before, so Thursday is not, and neither is the week after.
        #expect(rated == ["2026-11-17", "2026-11-18"])
        #expect(try await house.audit().isSound)
      }
    }

    /// 8.00 a ride, at most 24.00 a month.
    static let monthly = testTariff.replacing(
      "  - {name: day cap, per: day, amount: {adult: 24.00}}",
      with: "  - {name: month cap, per: month, amount: {adult: 24.00}}")

    @Test func aLateTapEarlyInAMonthRatesTheMonthAnewAsFarAsItsStateDiffers() async throws {
      try await House.with(tariff: Self.monthly) { house in
        // The 3rd, 5th, 9th and 20th of November, and the 1st of December.
        let days = [-19, -17, -13, -2, 9]
        let charged = """
          select fare_day || ' ' || charged_minor from ride where reversed_run_id is null
          order by started_at
          """
        try await house.journal(
          try days.enumerated().map { try tap(Int64($0 + 1), "08:00", day: $1) },
          receivedAt: House.noon.adding(seconds: 9 * 86_400))
        try await Self.later(9 * 24, house).drain()
        #expect(
          try await house.texts(charged) == [
            "2026-11-03 800", "2026-11-05 800", "2026-11-09 800", "2026-11-20 0", "2026-12-01 800",
          ])
        // A ride of the evening of the 3rd comes in December: the cap is reached on the 5th.
        try await house.journal(
          [try tap(9, "18:00", day: days[0])], receivedAt: House.noon.adding(seconds: 10 * 86_400))
        try await Self.later(10 * 24, house).drain()
        #expect(
          try await house.texts(charged) == [
            "2026-11-03 800", "2026-11-03 800", "2026-11-05 800", "2026-11-09 0", "2026-11-20 0",
            "2026-12-01 800",
          ])
        // The 9th ends with 24.00 as before: neither the 20th nor the month after is touched.
        #expect(
          try await house.texts(
            """
            select fare_day::text from fare_day
            where rated_at = (select max(rated_at) from fare_day) order by 1
            """) == ["2026-11-03", "2026-11-05", "2026-11-09"])
        #expect(
          try await house.texts(
            "select fare_day::text from ride where reversed_run_id is not null order by 1")
            == ["2026-11-09"])
        #expect(try await house.owed() == ["2190  3200"])
        #expect(try await house.audit().isSound)
      }
    }
  }
}
