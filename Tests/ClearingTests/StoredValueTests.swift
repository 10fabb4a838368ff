import Basics
import Clearing
import Store
import Tapping
import Testing
import Transit
import Wallet

extension ClearingSuite {
  /// Fares are 8.00 a ride, 24.00 a day at most.
  @Suite struct StoredValueTests {
    @Test func aRideIsTakenFromTheCardAndARatingAnewMovesTheDifference() async throws {
      try await House.with { house in
        let anna = try await house.register("anna")
        try await house.topUp(anna, 5000, key: "k1")
        try await house.journal([try tap(2, "10:00")])
        try await house.service.drain()
        #expect(try await house.balance(anna) == 4200)
        // 50.00 in cash; 42.00 are owed to the rider and 8.00 to whoever drove.
        #expect(try await house.accounts() == ["1110": 5000, "2200": 4200, "2190": 800])
        // An earlier tap arrives late; both rides are 8.00.
        try await house.journal([try tap(1, "06:00")])
        try await house.service.drain()
        #expect(try await house.balance(anna) == 3400)
        // The rider turns out to be a pensioner, who rides free: everything comes back.
        _ = try await house.riders.addProof(
          ProvenDays(category: "pensioner", first: Day(number: 20_700), last: nil),
          kind: "card", number: "AB 1", note: nil, of: anna, isReplacing: false, by: desk)
        try await house.service.drain()
        #expect(try await house.balance(anna) == 5000)
        #expect(try await house.accounts() == ["1110": 5000, "2200": 5000])
        try await house.expectSound()
      }
    }

    @Test func ridesBeforeTheFirstTopUpAreADebtThatItPays() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00"), try tap(2, "12:00")])
        try await house.service.drain()
        #expect(try await house.accounts() == ["1200": 1600, "2190": 1600])
        try await house.topUp(house.rider("anna"), 1000, key: "k1")
        #expect(try await house.balance(house.rider("anna")) == 0)
        #expect(try await house.accounts() == ["1110": 1000, "1200": 600, "2190": 1600])
        try await house.topUp(house.rider("anna"), 1000, key: "k2")
        #expect(try await house.balance(house.rider("anna")) == 400)
        #expect(try await house.accounts() == ["1110": 2000, "2200": 400, "2190": 1600])
        try await house.expectSound()
      }
    }

    @Test func aCardGoesBelowNothingOnceAndIsDeniedUntilItIsToppedUp() async throws {
      try await House.with { house in
        try await house.rule(negative: 1000)
        let anna = try await house.register("anna")
        try await house.topUp(anna, 500, key: "k1")
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        // 5.00 were there for a ride of 8.00: 3.00 below nothing, and denied.
        #expect(try await house.balance(anna) == -300)
        #expect(try await house.denials(house.medium("anna")) == [.storedValue])
        // Validators that did not hear it yet: no further than 10.00 below nothing, the rest is owed.
        try await house.journal([try tap(2, "12:00"), try tap(3, "16:00")])
        try await house.service.drain()
        #expect(try await house.balance(anna) == -1000)
        #expect(try await house.accounts()["1200"] == 900)
        // A top-up pays the debt first; 4.00 below nothing are still denied.
        try await house.topUp(anna, 1500, key: "k2")
        #expect(try await house.balance(anna) == -400)
        #expect(try await house.accounts()["1200"] == nil)
        #expect(try await house.denials(house.medium("anna")) == [.storedValue])
        try await house.topUp(anna, 400, key: "k3")
        #expect(try await house.balance(anna) == 0)
        #expect(try await house.denials(house.medium("anna")).isEmpty)
        try await house.expectSound()
      }
    }

    @Test func theBalanceOfAnyPastMomentIsKnown() async throws {
      try await House.with { house in
        let anna = try await house.register("anna")
        let hour: Int64 = 3600
        try await house.topUp(anna, 100, key: "k1", at: House.noon.adding(seconds: -3 * hour))
        try await house.topUp(anna, 200, key: "k2", at: House.noon.adding(seconds: -2 * hour))
        try await house.topUp(anna, 400, key: "k3", at: House.noon.adding(seconds: -1 * hour))
        #expect(try await house.balance(anna, at: House.noon.adding(seconds: -4 * hour)) == 0)
        #expect(try await house.balance(anna, at: House.noon.adding(seconds: -3 * hour)) == 100)
        #expect(try await house.balance(anna, at: House.noon.adding(seconds: -2 * hour + 1)) == 300)
        #expect(try await house.balance(anna) == 700)
        let statement = try #require(
          try await house.wallets.statement(
            of: anna, in: hryvnia, from: House.noon.adding(seconds: -2 * hour),
            before: House.noon))
        #expect(statement.openingMinor == 100)
        #expect(statement.movements.map(\.balanceMinor) == [300, 700])
      }
    }

    @Test func theBalanceBetweenARideARefundAndARatingAnewIsThatOfItsMoment() async throws {
      try await House.with { house in
        func after(_ hours: Int64, _ seconds: Int64 = 0) -> Instant {
          House.noon.adding(seconds: hours * 3600 + seconds)
        }
        let anna = try await house.register("anna")
        try await house.topUp(anna, 5000, key: "k1")
        try await house.journal([try tap(1, "08:00")])
        try await StaleCauseTests.later(1, house).drain()
        _ = try await house.wallets.refund(
          house.cash(1000, key: "r1"), to: anna,
          by: RiderAct(actor: "desk 1", reason: "test", at: after(2)))
        // The price falls from 8.00 to 5.00, also of the ride that was paid.
        try await house.publish(
          testTariff.replacing("adult: 8.00", with: "adult: 5.00")
            .replacing("version: test-1", with: "version: test-2")
            .replacing("from: 2026-01-01", with: "from: 2026-01-02"), at: after(3))
        try await StaleCauseTests.later(4, house).drain()
        for (moment, minor) in [
          (after(0, -1), 0), (after(0), 5000), (after(1, -1), 5000), (after(1), 4200),
          (after(2, -1), 4200), (after(2), 3200), (after(4, -1), 3200), (after(4), 3500),
        ] {
          #expect(try await house.balance(anna, at: moment) == Int64(minor), "\(moment)")
        }
        let statement = try #require(
          try await house.wallets.statement(of: anna, in: hryvnia, from: after(1), before: after(4))
        )
        #expect(statement.openingMinor == 5000)
        #expect(statement.movements.map(\.amountMinor) == [-800, -1000])
        #expect(statement.movements.map(\.balanceMinor) == [4200, 3200])
        try await house.expectSound()
      }
    }

    @Test func theSameOrderTwiceMovesMoneyOnce() async throws {
      try await House.with { house in
        let anna = try await house.register("anna")
        let first = try await house.topUp(anna, 5000, key: "k1")
        let second = try await house.topUp(anna, 5000, key: "k1")
        #expect(!first.isRepeated && second.isRepeated)
        #expect(first.movement.entryID == second.movement.entryID)
        await #expect(throws: RiderRefusal.keyReused) {
          try await house.topUp(anna, 6000, key: "k1")
        }
        let bohdan = try await house.register("bohdan")
        await #expect(throws: RiderRefusal.keyReused) {
          try await house.topUp(bohdan, 5000, key: "k1")
        }
        for _ in 1...2 {
          _ = try await house.wallets.refund(house.cash(nil, key: "r1"), to: anna, by: desk)
        }
        #expect(try await house.balance(anna) == 0)
        #expect(try await house.number("select count(*) from wallet_movement") == 2)
        #expect(try await house.accounts().isEmpty)
        try await house.expectSound()
      }
    }

    @Test func aRefundIsRefusedWhenItIsLargerOrRidesWait() async throws {
      try await House.with { house in
        let anna = try await house.register("anna")
        await #expect(throws: RiderRefusal.noAccount) {
          try await house.wallets.refund(house.cash(1, key: "r0"), to: anna, by: desk)
        }
        try await house.topUp(anna, 5000, key: "k1")
        await #expect(
          throws: RiderRefusal.wallet(.insufficient(balanceMinor: 5000, askedMinor: 5001))
        ) {
          try await house.wallets.refund(house.cash(5001, key: "r1"), to: anna, by: desk)
        }
        let euro = try #require(Currency("EUR"))
        var order = house.cash(100, key: "r2")
        order.currency = euro
        await #expect(throws: RiderRefusal.currency(known: ["UAH"])) {
          try await house.wallets.topUp(order, to: anna, by: desk)
        }
        order = house.cash(100, key: "r3")
        order.place = nil
        await #expect(throws: RiderRefusal.missing("The desk or the receipt of a cash operation")) {
          try await house.wallets.topUp(order, to: anna, by: desk)
        }
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        try await house.script("update fare_day set stale_since = now()")
        await #expect(throws: RiderRefusal.wallet(.ridesWait(days: 1))) {
          try await house.wallets.refund(house.cash(nil, key: "r4"), to: anna, by: desk)
        }
        #expect(try await house.balance(anna) == 4200)
      }
    }

    @Test func twoDesksAtOnceNeverTakeMoreThanThereIs() async throws {
      try await House.with { house in
        let anna = try await house.register("anna")
        try await house.topUp(anna, 5000, key: "k1")
        let paid = await withTaskGroup(of: Bool.self) { group in
          for number in 1...6 {
            group.addTask {
              (try? await house.wallets.refund(
                house.cash(3000, key: "r\(number)"), to: anna, by: desk)) != nil
            }
          }
          var count = 0
          for await isPaid in group where isPaid { count += 1 }
          return count
        }
        #expect(paid == 1)
        #expect(try await house.balance(anna) == 2000)
        try await house.expectSound()
      }
    }

    @Test func aChangedKopiykaIsFound() async throws {
      try await House.with { house in
        let anna = try await house.register("anna")
        try await house.topUp(anna, 5000, key: "k1")
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        try await house.expectSound()
        for change in [
          "update wallet_account set balance_minor = balance_minor + 1",
          "update wallet_day set due_minor = due_minor + 1, paid_minor = paid_minor + 1",
          """
          alter table wallet_movement disable trigger all;
          update wallet_movement set amount_minor = amount_minor + 1
            where movement_id = (select min(movement_id) from wallet_movement);
          """,
        ] {
          try await house.script(change)
          #expect(try await !house.audit().isSound, "\(change)")
        }
      }
    }

    /// Taps, top-ups and ratings anew in another order: the same balances, the same books.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func noOrderChangesABalance(seed: UInt64) async throws {
      let world = try OrderTests.world(seed: seed).prefix(60)
      var chance = SeededGenerator(seed: seed)
      let topUps = (1...8).map {
        ("card-\(chance.integer(in: 1...4))", Int64(chance.integer(in: 1...9) * 700), "k\($0)")
      }
      let expected = try await House.with { house in
        try await house.rule(negative: 1500)
        for card in 1...6 { try await house.register("card-\(card)") }
        for (card, minor, key) in topUps {
          try await house.topUp(house.rider(card), minor, key: key)
        }
        for (device, tap) in world { try await house.journal([tap], device: device) }
        try await house.service.drain()
        return (try await Self.balances(house), try await house.accounts())
      }
      let shuffled = try await House.with { house in
        try await house.rule(negative: 1500)
        var chance = SeededGenerator(seed: seed + 50)
        for card in 1...6 { try await house.register("card-\(card)") }
        var orders = topUps.shuffled(using: &chance)[...]
        for (device, tap) in world.shuffled(using: &chance) {
          try await house.journal([tap], device: device)
          if chance.chance(0.2) { try await house.service.pass() }
          if chance.chance(0.2), let (card, minor, key) = orders.popFirst() {
            try await house.topUp(house.rider(card), minor, key: key)
          }
          if chance.chance(0.05) {
            try await house.script("update fare_day set stale_since = now()")
          }
        }
        for (card, minor, key) in orders {
          try await house.topUp(house.rider(card), minor, key: key)
        }
        try await house.service.drain()
        try await house.expectSound("seed \(seed)")
        #expect(
          try await house.number(
            "select count(*) from wallet_movement where balance_minor < -1500") == 0)
        return (try await Self.balances(house), try await house.accounts())
      }
      #expect(expected.0 == shuffled.0, "seed \(seed)")
      #expect(expected.1 == shuffled.1, "seed \(seed)")
    }

    private static func balances(_ house: House) async throws -> [String] {
      try await house.texts(
        "select rider_id || ' ' || balance_minor from wallet_account order by rider_id")
    }
  }
}
