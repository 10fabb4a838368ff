import Basics
import Clearing
import Store
import Tapping
import Testing

extension ClearingSuite {
  /// What one person changes of the past without a second one counts together against the limit.
  @Suite struct AloneLimitTests {
    private static let olena = ReratingTests.olena
    private static let petro = ReratingTests.petro

    /// Five riders who boarded at VALLEY for 8.00; at HILL they would have paid 12.00.
    private static func with(
      limit: String, _ body: @Sendable (House) async throws -> Void
    ) async throws {
      try await House.with(tariff: StaleCauseTests.byStop) { house in
        try await house.importHill()
        let cards = ["anna", "bohdan", "vira", "hryhorii", "ivan"]
        try await house.journal(
          try cards.enumerated().map { place, card in
            var tap = try tap(Int64(place + 1), "08:00", card: card)
            tap.route = "1"
            tap.stop = "VALLEY"
            return tap
          })
        try await house.service.drain()
        try await house.store.write { db in
          try await db.settings.set(Rerating.limitSetting, to: limit)
        }
        try await body(house)
      }
    }

    /// Says that a tap was at HILL, which changes fares by 4.00.
    private static func correct(
      _ seq: Int64, by person: Person, at now: Instant = House.noon, _ house: House
    ) async throws -> StopCorrectionRow {
      let row = try await house.stopDesk.correct(
        TapName(device: "V-1", epoch: 1, seq: seq), to: "HILL", reason: "told us", by: person,
        at: now)
      #expect(row.changeMinor == 400)
      return row
    }

    @Test func aLargeChangeCutIntoSmallOnesTakesASecondPerson() async throws {
      try await Self.with(limit: "800") { house in
        #expect(try await Self.correct(1, by: Self.olena, house).state == .standing)
        #expect(try await Self.correct(2, by: Self.olena, house).state == .standing)
        // Neither another spelling of the name nor another token begins anew.
        let again = Person(label: "olena ", tokenDigest: [7])
        let third = try await Self.correct(3, by: again, house)
        #expect(third.state == .requested)
        #expect(try await Self.correct(4, by: Self.petro, house).state == .standing)
        let done = try await house.stopDesk.decide(
          third.id, isApproved: true, by: Self.petro, at: House.noon)
        #expect(done.state == .standing)
        // What two people decided counts for neither of them.
        #expect(try await Self.correct(5, by: Self.petro, house).state == .standing)
      }
    }

    @Test func whatWasChangedLongerAgoCountsNoMore() async throws {
      try await Self.with(limit: "400") { house in
        let hours = Rerating.aloneHours * 3600
        var states: [StopCorrectionState] = []
        for (seq, seconds) in [(1, 0), (2, hours - 1), (3, hours)] {
          let row = try await Self.correct(
            Int64(seq), by: Self.olena, at: House.noon.adding(seconds: seconds), house)
          states.append(row.state)
        }
        #expect(states == [.standing, .requested, .standing])
      }
    }

    @Test func correctionsAndOrdersToRateAnewCountTogether() async throws {
      try await Self.with(limit: "2000") { house in
        for seq in 1...4 { _ = try await Self.correct(Int64(seq), by: Self.olena, house) }
        try await house.service.drain()
        let source = ReratingTests.source(
          StaleCauseTests.byStop.replacing("test-1", with: "test-2")
            .replacing("from: 2026-01-01", with: "from: 2026-11-22")
            .replacing("price: 8.00", with: "price: 13.00"))
        // The fifth rider's ride alone: 5.00, within the limit by itself.
        for (person, state) in [(Self.olena, ReratingState.requested), (Self.petro, .done)] {
          let order = try await ReratingTests.ask(house, source, by: person)
          #expect(order.state == state && order.changeMinor == 500)
        }
        // And the order counts for whoever gave it: 5.00 and three times 1.00 are more than 7.50.
        try await house.store.write { db in
          try await db.settings.set(Rerating.limitSetting, to: "750")
        }
        try await house.service.drain()
        try await house.city.reload(from: house.store)
        let row = try await house.stopDesk.correct(
          TapName(device: "V-1", epoch: 1, seq: 5), to: "HILL", reason: "told us", by: Self.petro,
          at: House.noon)
        #expect(row.changeMinor == 100 && row.state == .standing)
        let back = try await house.stopDesk.correct(
          TapName(device: "V-1", epoch: 1, seq: 1), to: "FARM", isOffRoute: true,
          reason: "told us", by: Self.petro, at: House.noon)
        #expect(back.changeMinor == 100 && back.state == .standing)
        let more = try await house.stopDesk.correct(
          TapName(device: "V-1", epoch: 1, seq: 2), to: "FARM", isOffRoute: true,
          reason: "told us", by: Self.petro, at: House.noon)
        #expect(more.changeMinor == 100 && more.state == .requested)
      }
    }
  }
}
