import Basics
import Clearing
import Postgres
import Store
import Tapping
import Tariff
import Testing

extension ClearingSuite {
  /// What a second person approves is what was shown to the first one, and no more.
  @Suite struct ReratingCompared {
    private func setLimit(_ text: String, _ house: House) async throws {
      try await house.store.write { db in
        try await db.settings.set(Rerating.limitSetting, to: text)
      }
    }

    /// Asks for a mended tariff, lets a ride come, and has the order approved and compared.
    private func approve(
      after tap: Tap, limit: String = "0", _ house: House
    ) async throws -> ReratingOrder {
      try await ReratingTests.fill(house)
      try await setLimit(limit, house)
      let rerating = ReratingTests.rerating(house)
      let source = ReratingTests.source(ReratingTests.mended)
      let order = try await ReratingTests.ask(house, source)
      try #require(order.state == .requested)
      try await house.journal([tap])
      try await house.service.drain()
      return try await ReratingTests.worked(
        try await rerating.approve(order.id, by: ReratingTests.petro, at: House.noon), house)
    }

    @Test func anOrderThatHasGrownIsNotApproved() async throws {
      try await House.with { house in
        let order = try await approve(after: try tap(9, "18:00", card: "vira"), house)
        let why = try #require(order.fault)
        #expect(order.decidedBy == nil && order.compared == nil && order.changeMinor == 1000)
        #expect(why.contains("by 200 minor units more now than was shown"), "\(why)")
        #expect(try RatingPreview(kept: order.preview).riders == 3)
        #expect(order.state == .requested)
        #expect(try await house.number("select count(*) from tariff_version") == 1)
        // It shows what it changes now, and that is approved.
        let done = try await ReratingTests.worked(
          try await ReratingTests.rerating(house).approve(
            order.id, by: ReratingTests.petro, at: House.noon), house)
        #expect(done.state == .done && done.fault == nil && done.staleDays == 4)
      }
    }

    /// In a city whose taps come late there is always one more; it changes by the tariff that was approved.
    @Test func whatOnePersonMayChangeAloneAnOrderMayGrowBy() async throws {
      try await House.with { house in
        let late = try tap(9, "18:00", card: "vira")
        let done = try await approve(after: late, limit: "200", house)
        #expect(done.state == .done && done.fault == nil && done.decidedBy == ReratingTests.petro)
        #expect(done.changeMinor == 800, "it is what was approved")
        try await house.city.reload(from: house.store)
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  5000"])
      }
    }

    /// A late tap has the rider's day rated by what is published: what the order changed of it is done.
    @Test func anOrderThatHasBecomeSmallerIsCarriedOut() async throws {
      try await House.with { house in
        try await ReratingTests.fill(house)
        try await setLimit("0", house)
        try await house.script(
          House.forging("update ride set charged_minor = 900 where fare_day = '2026-11-22'"))
        let order = try await ReratingTests.ask(house)
        #expect(order.state == .requested && order.changeMinor == 300)
        try await house.journal([try tap(9, "18:00", card: "bohdan")])
        try await house.service.drain()
        let done = try await ReratingTests.worked(
          try await ReratingTests.rerating(house).approve(
            order.id, by: ReratingTests.petro, at: House.noon), house)
        #expect(done.state == .done && done.fault == nil)
        try await house.service.drain()
        #expect(
          try await house.number(
            "select sum(charged_minor)::int8 from ride where reversed_run_id is null") == 4000)
      }
    }

    @Test func aTariffToComeThatIsPublishedMeanwhileHoldsNoOrderUp() async throws {
      try await House.with { house in
        try await ReratingTests.fill(house)
        try await setLimit("0", house)
        let order = try await ReratingTests.ask(house, ReratingTests.source(ReratingTests.mended))
        try #require(order.state == .requested)
        try await house.publish(draft("test-9", from: "2026-12-24"), isReratingOrdered: false)
        let done = try await ReratingTests.worked(
          try await ReratingTests.rerating(house).approve(
            order.id, by: ReratingTests.petro, at: House.noon), house)
        #expect(done.state == .done && done.changeMinor == 800 && done.staleDays == 3)
      }
    }

    /// What was seen by other tariffs is seen again before anything of it is marked.
    @Test func anOrderThatWasSeenByOtherTariffsIsComparedAgainBeforeItIsMarked() async throws {
      try await House.with { house in
        try await ReratingTests.fill(house)
        try await setLimit("0", house)
        let order = try await ReratingTests.ask(house, ReratingTests.source(ReratingTests.mended))
        try #require(order.state == .requested)
        try await house.script(
          House.forging(
            """
            update rerating_order set state = 'marking', preview_place = 'riders 0',
              decided_by = 'Petro', decided_digest = '\\x02', decided_at = now()
            """))
        // Another one took the place of the tariff, and the rides stand by its prices.
        try await house.publish(draft("test-9", from: "2026-11-21", ride: "5.00"))
        try await house.service.drain()
        let pieces = ReratingPieces(store: house.store, city: house.city)
        while try await pieces.piece(at: House.noon) > 0 {}
        let back = try #require(try await ReratingTests.rerating(house).find(order.id))
        #expect(back.state == .requested && back.changeMinor > 800, "\(back)")
        #expect(try await ReratingTests.staleDays(house) == 0)
      }
    }

    /// The day on which the tariff was asked for goes on, as every day does.
    @Test func aRideOfTheDayOnWhichItWasAskedForChangesNothingOfAnOrder() async throws {
      try await House.with { house in
        let done = try await approve(after: try tap(9, "11:00", card: "vira", day: 1), house)
        #expect(done.state == .done && done.fault == nil)
      }
    }

    @Test func anOrderWithoutATariffIsComparedToo() async throws {
      try await House.with { house in
        try await ReratingTests.fill(house)
        try await setLimit("0", house)
        // The fares stand otherwise than they would be rated.
        func stand(at minor: Int, _ rides: String = "true") async throws {
          try await house.script(
            House.forging(
              """
              update ride set charged_minor = \(minor)
              where fare_day = '2026-11-22' and \(rides)
              """))
        }
        try await stand(at: 900)
        let rerating = ReratingTests.rerating(house)
        let order = try await ReratingTests.ask(house)
        func approve() async throws -> ReratingOrder {
          try await ReratingTests.worked(
            try await rerating.approve(order.id, by: ReratingTests.petro, at: House.noon), house)
        }
        try await stand(at: 950, "seq = 1")
        let other = try await approve()
        #expect(other.state == .requested && other.changeMinor == 350)
        #expect(try #require(other.fault).contains("by 50 minor units more"), "\(other)")
        #expect(try await ReratingTests.staleDays(house) == 0)
        try await stand(at: 900, "seq = 1")
        let same = try await approve()
        #expect(same.state == .done && same.fault == nil && same.decidedBy == ReratingTests.petro)
      }
    }

    /// The city changed its currency: kopiykas and cents are not added up.
    @Test(arguments: [(limit: "1600", waits: false), (limit: "1599", waits: true)])
    func theLimitIsHeldAgainstEachCurrencyByItself(
      _ row: (limit: String, waits: Bool)
    ) async throws {
      let euros = testTariff.replacing("test-1", with: "euro-1")
        .replacing("from: 2026-01-01", with: "from: 2026-11-23")
        .replacing("currency: UAH", with: "currency: EUR")
      try await House.with { house in
        try await house.publish(euros)
        try await ReratingTests.fill(house)
        try await house.store.write { db in
          try await db.settings.set(Rerating.limitSetting, to: row.limit)
        }
        // The fares that stand are higher than those of the tariff, by 16.00 UAH and by 8.00 EUR.
        try await house.script(
          House.forging(
            """
            update ride set charged_minor = charged_minor + 1600
              where fare_day = '2026-11-22' and seq = 1;
            update ride set charged_minor = charged_minor + 800 where fare_day = '2026-11-23'
            """))
        let preview = try await ReratingTests.preview(house)
        #expect(preview.changeMinor == 1600)
        #expect(
          preview.changes.map { "\($0.key.code) \($0.value)" }.sorted() == ["EUR 800", "UAH 1600"])
        let order = try await ReratingTests.ask(house)
        #expect(order.changeMinor == 1600 && order.needsApproval == row.waits)
      }
    }
  }
}
