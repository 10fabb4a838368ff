import Basics
import Clearing
import Ledger
import Postgres
import Store
import Tapping
import Tariff
import Testing

extension ClearingSuite {
  /// A person's own order is worked out and carried out in pieces, which a restart does not harm.
  @Suite struct ReratingPiecesTests {
    private static let olena = ReratingTests.olena

    /// A process that has just started, at the pieces of orders.
    private static func started(_ house: House) -> ReratingPieces {
      ReratingPieces(store: house.store, city: CityHolder())
    }

    private static func order(_ house: House) async throws -> ReratingOrder {
      try #require(try await ReratingTests.rerating(house).list().first)
    }

    /// Forty riders with a ride of 8.00 each, and an order by which they come to 10.00.
    private static func withOrder(
      limit: String = "100000", _ body: @Sendable (House, TariffSource) async throws -> Void
    ) async throws {
      try await House.with { house in
        try await house.journal(
          try (1...40).map { try tap(Int64($0), "08:00", card: "card \($0)") })
        try await house.service.drain()
        try await house.store.write { db in
          try await db.settings.set(Rerating.limitSetting, to: limit)
        }
        let source = ReratingTests.source(ReratingTests.mended)
        guard
          case .ordered(let asked) = try await ReratingTests.rerating(house).ask(
            ReratingTests.period, tariff: source, by: olena, at: House.noon)
        else {
          Issue.record("no order came of it")
          return
        }
        #expect(asked.state == .previewing && asked.share == 0)
        try await body(house, source)
      }
    }

    @Test func aPreviewThatIsCutInTheMiddleGoesOnWhereItWas() async throws {
      try await Self.withOrder(limit: "0") { house, source in
        let whole = try await ReratingTests.preview(house, source)
        #expect(try await Self.started(house).piece(at: House.noon) == 1)
        let halfway = try await Self.order(house)
        let share = try #require(halfway.share)
        let seen = try RatingPreview(kept: halfway.preview)
        #expect(halfway.state == .previewing && share > 0 && share < 1)
        #expect((1..<40).contains(seen.riders) && seen.changeMinor == Int64(seen.riders) * 200)
        // Nobody approves what is not seen, and nothing is booked meanwhile.
        guard
          case .refused(let why) = try await ReratingTests.rerating(house).approve(
            halfway.id, by: ReratingTests.petro, at: House.noon)
        else {
          Issue.record("approved unseen")
          return
        }
        #expect(why.contains("being worked out"))
        #expect(try await ReratingTests.staleDays(house) == 0)
        while try await Self.started(house).piece(at: House.noon) > 0 {}
        let done = try await Self.order(house)
        #expect(done.state == .requested && done.changeMinor == 8000 && done.share == nil)
        #expect(done.preview == String(decoding: whole.json, as: UTF8.self))
        #expect(try RatingPreview(kept: done.preview).riders == 40)
      }
    }

    @Test func whatIsWithdrawnWhileItIsWorkedOutIsNotTakenFurther() async throws {
      try await Self.withOrder { house, _ in
        #expect(try await Self.started(house).piece(at: House.noon) == 1)
        let taken = try await ReratingTests.rerating(house).refuse(
          Self.order(house).id, by: Self.olena, at: House.noon)
        guard case .ordered(let refused) = taken, refused.state == .refused else {
          Issue.record("\(taken)")
          return
        }
        #expect(try await Self.started(house).piece(at: House.noon) == 0)
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  32000"])
      }
    }

    /// Half of it by the tariff of before and half by the one of after would be no preview at all.
    @Test func aTariffThatIsPublishedMeanwhileHasThePreviewBegunAnew() async throws {
      try await Self.withOrder(limit: "0") { house, source in
        #expect(try await Self.started(house).piece(at: House.noon) == 1)
        try await house.publish(
          draft("test-9", from: "2026-11-20", ride: "9.00"), isReratingOrdered: true)
        try await house.service.drain()
        let done = try await Self.order(house)
        let preview = try RatingPreview(kept: done.preview)
        #expect(done.state == .requested)
        #expect(preview.riders == 40 && preview.edition?.tariffCount == 2)
        let whole = try await ReratingTests.preview(house, source)
        #expect(preview.operators == whole.operators && preview.days == whole.days)
        #expect(preview.operators.map(\.afterMinor) == [40 * 1000])
      }
    }

    @Test func markingThatIsCutInTheMiddleGoesOnWhereItWas() async throws {
      try await Self.withOrder { house, _ in
        while try await Self.order(house).staleDays == nil {
          #expect(try await Self.started(house).piece(at: House.noon) > 0)
        }
        let halfway = try await Self.order(house)
        let marked = Int64(try #require(halfway.staleDays))
        #expect(halfway.state == .marking && halfway.doneAt == nil)
        #expect((1..<40).contains(marked))
        #expect(try await ReratingTests.staleDays(house) == marked)
        // The tariff is published: what is still to be marked waits for a rating as what is marked.
        try await house.city.reload(from: house.store)
        let audit = try await house.audit()
        #expect(audit.isSound && audit.staleDays == 40, "\(audit.findings)")
        let month = try #require(AccountingPeriod(year: 2026, month: 11))
        let open = try await house.store.read { db in
          try await db.periods.openItems(of: month, end: House.december)
        }
        #expect(open.contains(OpenItem(kind: .ordersUnderWay, count: 1)))
        #expect(open.contains(OpenItem(kind: .staleRiderDays, count: marked)))
        // Some are rated before the rest is marked.
        let lane = try #require(
          try await house.store.read { db in try await db.rating.lanesWaiting() }.first)
        let now = House.noon
        let rated = try await house.city.write(to: house.store) { db, city in
          try await Rater(city: city, log: quiet).rate(lane: lane, in: db, at: now).riderDays
        }
        #expect(rated > 0)
        while try await Self.started(house).piece(at: House.noon) > 0 {}
        let done = try await Self.order(house)
        #expect(done.state == .done && done.staleDays == 40 && done.place == nil)
        #expect(try await ReratingTests.staleDays(house) == 40 - Int64(rated))
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  40000"])
        #expect(
          try await house.number("select count(*) from ride where reversed_run_id is not null")
            == 40)
        let after = try await house.audit()
        #expect(after.isSound && after.staleDays == 0, "\(after.findings)")
      }
    }

    @Test func aRiderWhoseDayIsStillToBeMarkedIsNotErased() async throws {
      try await Self.withOrder { house, _ in
        while try await Self.order(house).staleDays == nil {
          #expect(try await Self.started(house).piece(at: House.noon) > 0)
        }
        let riders = try await house.texts(
          "select rider_id::text from fare_day where stale_since is null order by lane desc limit 3"
        )
        #expect(riders.count == 3)
        for text in riders {
          let rider = try #require(RiderID(text))
          await #expect(throws: RiderRefusal.ridesWait(days: 1)) {
            _ = try await house.riders.erase(
              rider, by: desk, randomBytes: { count in (0..<count).map { UInt8($0) } })
          }
        }
      }
    }

    /// Another version took its first day while the order waited.
    @Test func aTariffThatCannotBePublishedAnyMoreIsToldWithTheOrder() async throws {
      try await Self.withOrder(limit: "0") { house, _ in
        while try await Self.started(house).piece(at: House.noon) > 0 {}
        let order = try await Self.order(house)
        #expect(order.state == .requested)
        // It costs what it cost, so that the order would still change what was shown.
        try await house.publish(
          draft("test-9", from: "2026-11-22", ride: "8.00", cap: "24.00"), isReratingOrdered: true)
        try await house.service.drain()
        let back = try await ReratingTests.worked(
          try await ReratingTests.rerating(house).approve(
            order.id, by: ReratingTests.petro, at: House.noon), house)
        #expect(back.state == .requested && back.decidedBy == nil && back.place == nil)
        #expect(try #require(back.fault).contains("only one can"))
        #expect(try await house.number("select count(*) from tariff_version") == 2)
      }
    }

    @Test func aTariffByZonesIsSeenOnTheNetworkOnWhichItWillBeRated() async throws {
      let byZone = testTariff.replacing(
        "  - {name: ride, price: {adult: 8.00}}",
        with: "  - {name: far, when: {any_zone: 2}, price: 12.00}\n  - {name: ride, price: 8.00}")
      try await House.with(tariff: byZone) { house in
        try await house.importHill()
        var ride = try tap(1, "08:00")
        (ride.route, ride.stop) = ("1", "HILL")
        try await house.journal([ride])
        try await house.service.drain()
        let source = ReratingTests.source(
          byZone.replacing("test-1", with: "test-2")
            .replacing("from: 2026-01-01", with: "from: 2026-11-22")
            .replacing("12.00", with: "13.00"))
        let look = try await ReratingTests.preview(house, source)
        #expect(look.operators.map(\.beforeMinor) == [1200])
        #expect(look.operators.map(\.afterMinor) == [1300])
        let order = try await ReratingTests.ask(house, source)
        #expect(order.state == .done && order.changeMinor == 100)
        try await house.service.drain()
        #expect(
          try await house.texts(
            "select charged_minor::text from ride where reversed_run_id is null") == ["1300"])
      }
    }
  }
}
