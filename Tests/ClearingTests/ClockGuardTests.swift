import AcquirerSupport
import Basics
import Clearing
import Store
import Tapping
import Testing
import Transit

extension ClearingSuite {
  /// A clock that is ahead ends no day.
  @Suite struct ClockGuards {
    /// A guard of a clock that is so far ahead of the database's.
    private func guarded(_ house: House, aheadSeconds: Int64) async throws -> ClockGuard {
      let theirs = try await house.store.read { db in try await db.standing.clock() }
      return ClockGuard(
        store: house.store, log: quiet, now: { theirs.adding(seconds: aheadSeconds) })
    }

    @Test func aClockThatIsAheadClosesNoWindow() async throws {
      try await CardHouse.with { cards in
        try await cards.house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
        try await cards.clearing.drain()
        cards.clock.advance(seconds: 86_400)
        let clock = cards.clock
        func closed(aheadSeconds: Int64) async throws -> Int64 {
          let charging = ChargingService(
            store: cards.house.store, city: cards.house.city, acquirer: nil, log: quiet,
            clock: try await guarded(cards.house, aheadSeconds: aheadSeconds), now: { clock.now })
          try await charging.drain()
          return try await cards.house.number("select count(*) from charge_window")
        }
        #expect(try await closed(aheadSeconds: 3600) == 0)
        #expect(try await cards.house.number("select count(*) from charge_day") == 0)
        // One that is behind closes later, which harms nobody.
        #expect(try await closed(aheadSeconds: -3600) == 1)
      }
    }

    @Test func aClockThatIsAheadLetsNoPassEarn() async throws {
      try await House.with(tariff: productTariff) { house in
        let anna = try await house.register("anna")
        _ = try await house.products.sell(
          "month", to: anna, from: nil, for: house.cash(nil, key: "s1"), by: desk)
        try await house.journal([try tap(1, "13:00", day: 1)])
        try await house.service.drain()
        let later = House.noon.adding(seconds: 36 * 3600)
        func earned(aheadSeconds: Int64) async throws -> Int {
          let recognition = RevenueRecognition(
            store: house.store, city: house.city, log: quiet,
            clock: try await guarded(house, aheadSeconds: aheadSeconds))
          return try await recognition.look(at: later, startedAt: House.noon)
        }
        #expect(try await earned(aheadSeconds: 3600) == 0)
        #expect(try await earned(aheadSeconds: 0) == 1)
      }
    }
  }
}
