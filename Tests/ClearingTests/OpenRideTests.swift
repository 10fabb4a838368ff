import AcquirerSupport
import Basics
import Charging
import Clearing
import SimulatedAcquirer
import Store
import Synchronization
import Tapping
import Testing
import Transit
import Wallet

extension ClearingSuite {
  /// What a ride comes to is known when it ends or is given up: until then no money leaves, and nobody goes.
  @Suite struct OpenRideTests {
    private static func on(_ seq: Int64, _ time: String) throws -> Tap {
      var made = try tap(seq, time)
      made.kind = .on
      return made
    }

    private static func off(_ seq: Int64, _ time: String) throws -> Tap {
      var made = try tap(seq, time)
      made.kind = .off
      return made
    }

    @Test func theMoneyOfACardStaysOnItWhileItsRideGoesOn() async throws {
      try await House.with { house in
        let anna = try await house.register("anna")
        try await house.topUp(anna, 5000, key: "k1")
        try await house.journal([try Self.on(1, "08:00")])
        try await house.service.drain()
        #expect(
          try await house.texts("select open_ride || ' ' || (stale_since is null) from fare_day")
            == ["true true"])
        for minor in [nil, 100] as [Int64?] {
          await #expect(throws: RiderRefusal.wallet(.ridesWait(days: 1))) {
            try await house.wallets.refund(house.cash(minor, key: "r1"), to: anna, by: desk)
          }
        }
        // Nor does it hold the rides of others.
        let olha = try await house.register("olha")
        try await house.topUp(olha, 300, key: "k2")
        _ = try await house.wallets.refund(house.cash(nil, key: "r2"), to: olha, by: desk)
        try await house.journal([try Self.off(2, "08:30")])
        try await house.service.drain()
        let paid = try await house.wallets.refund(house.cash(nil, key: "r3"), to: anna, by: desk)
        #expect(paid.movement.amountMinor == -4200)
        #expect(try await house.balance(anna) == 0)
        try await house.expectSound()
      }
    }

    @Test func aPassIsNotTakenBackWhileARideGoesOn() async throws {
      try await House.with(tariff: productTariff) { house in
        let anna = try await house.register("anna")
        let sold = try await house.products.sell(
          "ten rides", to: anna, from: nil, for: house.cash(nil, key: "s1"), by: desk)
        // On the day of the sale: with a day after it the ride would be given up.
        var on = try tap(1, "08:00", day: 1)
        on.kind = .on
        try await house.journal([on])
        try await house.service.drain()
        await #expect(throws: RiderRefusal.ridesWait(days: 1)) {
          try await house.products.refund(
            sold.holding.holdingID, of: anna, through: .cash, place: "desk 1", reference: "r1",
            by: desk)
        }
      }
    }

    /// Whoever taps on and never off is asked for the fare before nobody can be asked any more.
    @Test func whoRidesIsErasedOnlyWhenTheRideIsOverAndPaid() async throws {
      try await CardHouse.with { cards in
        let house = cards.house
        var on = try bankTap(1, "08:00")
        on.kind = .on
        try await house.journal([on], receivedAt: cards.clock.now)
        try await cards.clearing.drain()
        let medium = house.medium("visa-anna", .bank)
        let rider = RiderID(high: medium.high, low: medium.low)
        func erase() async throws {
          _ = try await house.riders.erase(
            rider, by: RiderAct(actor: "desk 1", reason: "asked", at: cards.clock.now),
            randomBytes: { count in (0..<count).map { UInt8($0 * 7 + 1) } })
        }
        await #expect(throws: RiderRefusal.ridesWait(days: 1)) { try await erase() }
        cards.clock.advance(seconds: 86_400)
        try await cards.clearing.drain()
        await #expect(throws: RiderRefusal.ridesWait(days: 1)) { try await erase() }
        // The day after the next the ride is given up.
        cards.clock.advance(seconds: 86_400)
        try await cards.clearing.drain()
        await #expect(throws: RiderRefusal.chargesOpen(windows: 1)) { try await erase() }
        try await cards.work()
        _ = try await cards.funding.take(cards.fundingFile(), name: "paid.csv")
        try await erase()
        #expect(try await cards.windows() == ["2026-11-23 0 settled 800 0"])
        try await house.expectSound()
      }
    }
  }
}
