import Basics
import Clearing
import Postgres
import Store
import Tapping
import Tariff
import Testing
import Transit

extension ClearingSuite {
  @Suite struct ClearingTests {
    @Test func aTapBecomesARideWithAReasonAndABalancedEntry() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        #expect(try await house.number("select count(*) from tap") == 1)
        let charged = try await house.texts(
          "select charged_minor || ' ' || currency || ' ' || category from ride")
        #expect(charged == ["800 UAH adult"])
        #expect(try await house.owed() == ["2190  800"])
        let json = try await house.texts("select reason from ride")
        let reason = try #require(json.first.flatMap(FareReason.init(json:)))
        #expect(!reason.sentence(in: .ukrainian).isEmpty)
        #expect(!reason.sentence(in: .english).isEmpty)
        let audit = try await house.audit()
        #expect(audit.isSound, "\(audit.findings)")
        #expect(audit.rides == 1 && audit.entries == 1)
      }
    }

    @Test func aTapAfterMidnightBelongsToYesterdaysFareDay() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "03:59"), try tap(2, "04:00", card: "bohdan")])
        try await house.service.drain()
        let days = try await house.texts("select fare_day::text from tap order by seq")
        #expect(days == ["2026-11-21", "2026-11-22"])
      }
    }

    @Test func aRideThatNoLimitEndsIsChargedAfterTheNextFareDay() async throws {
      try await House.with { house in
        var on = try tap(1, "08:00", day: -1)
        on.kind = .on
        try await house.journal([on])
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  800"])
        // Its day and the one after it: once given up, it makes no further days.
        let days = "select fare_day || ' ' || open_ride from fare_day order by fare_day"
        #expect(try await house.texts(days) == ["2026-11-21 true", "2026-11-22 false"])
        try await house.service.drain()
        #expect(try await house.number("select count(*) from fare_day") == 2)
        // The tap that ends it comes late: the ride is another one, for the same money.
        var off = try tap(2, "09:00", day: 0)
        off.kind = .off
        try await house.journal([off])
        try await house.service.drain()
        let rides = "select (ended_at is null)::text from ride where reversed_run_id is null"
        #expect(try await house.texts(rides) == ["false"])
        #expect(try await house.owed() == ["2190  800"])
        #expect(try await house.audit().isSound)
      }
    }

    @Test func aLateTapRatesTheDayAnewAndBooksTheDifference() async throws {
      try await House.with { house in
        // Four rides, hours apart: 8 + 8 + 8 and then the cap.
        try await house.journal([
          try tap(2, "10:00"), try tap(3, "14:00"), try tap(4, "18:00"),
        ])
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  2400"])
        // The first tap of the day comes last: it is charged, and the last ride becomes free.
        try await house.journal([try tap(1, "06:00")])
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  2400"])
        let charged = try await house.texts(
          """
          select charged_minor::text from ride where reversed_run_id is null order by started_at
          """)
        #expect(charged == ["800", "800", "800", "0"])
        // Every ride that changed stands twice: reversed, and anew.
        let reversed = try await house.number(
          "select count(*) from ride where reversed_run_id is not null")
        #expect(reversed >= 1)
        #expect(try await house.number("select count(*) from ride") == 4 + reversed)
        let audit = try await house.audit()
        #expect(audit.isSound, "\(audit.findings)")
      }
    }

    @Test func aRatingThatChangesNothingWritesNothing() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        try await house.script("update fare_day set stale_since = now()")
        try await house.service.drain()
        #expect(try await house.number("select count(*) from ride") == 1)
        #expect(try await house.number("select count(*) from clearing_run") == 1)
        #expect(
          try await house.number("select count(*) from fare_day where stale_since is not null")
            == 0)
      }
    }

    @Test func aProvenCategoryRatesItsDaysAnew() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00"), try tap(2, "08:00", day: 1)])
        try await house.service.drain()
        let medium = house.tokenKey.mediumID(kind: .card, token: Array("anna".utf8))
        let rider = RiderID(high: medium.high, low: medium.low)
        let second = try #require(Day(year: 2026, month: 11, day: 23))
        try await house.store.write { db in
          try await db.rating.add(
            "pensioner", of: rider, from: second, to: nil, proof: "№ 7", at: House.noon)
          try await db.rating.markStale(
            rider: rider, from: second, to: nil, reason: "a category was proven", at: House.noon)
        }
        try await house.service.drain()
        let rides = try await house.texts(
          """
          select fare_day || ' ' || category || ' ' || charged_minor from ride
          where reversed_run_id is null order by fare_day
          """)
        #expect(rides == ["2026-11-22 adult 800", "2026-11-23 pensioner 0"])
        #expect(try await house.owed() == ["2190  800"])
        #expect(try await house.audit().isSound)
      }
    }

    @Test func daysWithoutATariffWaitAndAreRatedOnceItIsPublished() async throws {
      try await House.with(tariff: nil) { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        #expect(try await house.number("select count(*) from tap") == 1)
        #expect(try await house.number("select count(*) from ride") == 0)
        try await house.publish(testTariff)
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  800"])
      }
    }

    @Test func aWorkerThatHasNotHeardOfATariffRatesByItAllTheSame() async throws {
      try await House.with { house in
        let other = CityHolder()
        let deaf = ClearingService(
          store: house.store, city: other, tokenKey: house.tokenKey, log: quiet,
          now: { House.noon })
        try await house.journal([try tap(1, "08:00")])
        try await deaf.drain()
        #expect(try await house.owed() == ["2190  800"])
        #expect(other.current.edition == house.city.current.edition)
      }
    }

    @Test func aTariffPublishedForThePastIsBookedAsADifference() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00"), try tap(2, "08:00", day: 1)])
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  1600"])
        let dearer = testTariff.replacing("version: test-1", with: "version: test-2")
          .replacing("from: 2026-01-01", with: "from: 2026-11-23")
          .replacing("adult: 8.00", with: "adult: 10.00")
        try await house.publish(dearer)
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  1800"])
        #expect(try await house.audit().isSound)
      }
    }

    @Test func aBatchThatCannotBeReadIsSetAsideAndHoldsUpNobody() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")], body: Array("{\"device\":".utf8))
        try await house.journal([try tap(2, "09:00")])
        try await house.service.drain()
        #expect(try await house.number("select count(*) from tap") == 1)
        #expect(
          try await house.number("select count(*) from tap_batch where sort_fault is not null")
            == 1)
        #expect(try await !house.audit().isSound)
      }
    }

    @Test func aTapOfAnAbsurdDateIsSortedWithoutATableOfItsOwn() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00"), try tap(2, "08:00", day: -9000)])
        try await house.service.drain()
        #expect(try await house.number("select count(*) from tap") == 2)
        #expect(try await house.number("select count(*) from tap_other") == 1)
      }
    }

    @Test func aDeniedTapIsKeptAndCostsNothing() async throws {
      try await House.with { house in
        var denied = try tap(1, "08:00")
        denied.result = .denied(reason: "deny_list")
        try await house.journal([denied])
        try await house.service.drain()
        #expect(try await house.number("select count(*) from tap where not accepted") == 1)
        #expect(try await house.number("select count(*) from ride") == 0)
      }
    }

    @Test func aClockProvenAnHourAheadIsMovedBack() async throws {
      try await House.with { house in
        let sentAt = House.noon.adding(seconds: 3600)
        let batch = TapBatch(
          device: "V-1", epoch: 1, sentAt: sentAt, taps: [try tap(1, "08:00")])
        try await house.journal(batch.taps, body: TapBatchJSON.encode(batch))
        try await house.script(
          "update tap_batch set sent_at = sent_at + interval '1 hour'")
        try await house.service.drain()
        let times = try await house.texts(
          "select to_char(tapped_at at time zone 'Europe/Kyiv', 'HH24:MI') || ' ' || "
            + "to_char(device_at at time zone 'Europe/Kyiv', 'HH24:MI') from tap")
        #expect(times == ["07:00 08:00"])
        // So is the moment at which its medium and its rider were first seen.
        let seen = try await house.texts(
          """
          select (m.first_seen_at = t.tapped_at and r.first_seen_at = t.tapped_at)::text
          from tap t join medium m using (medium_id) join rider r on r.rider_id = t.rider_id
          """)
        #expect(seen == ["true"])
      }
    }
  }
}
