import Basics
import Clearing
import Postgres
import Store
import Tapping
import Testing
import Transit
import Wallet

extension ClearingSuite {
  /// Sold at noon of 23 November; a ride is 8.00 by itself.
  @Suite struct ProductTests {
    private func sell(
      _ product: String, _ house: House, to rider: RiderID, key: String = "s1", from: Day? = nil
    ) async throws -> HoldingRow {
      try await house.products.sell(
        product, to: rider, from: from, for: house.cash(nil, key: key), by: desk
      ).holding
    }

    private static let sold = Day(year: 2026, month: 11, day: 23) ?? Day(number: 0)

    /// The moment at which a fare day of the pass has ended.
    private static func after(_ days: Int) -> Instant {
      House.noon.adding(seconds: Int64(days) * 86_400)
    }

    private func recognise(_ house: House, through day: Int) async throws {
      _ = try await house.recognition.recognise(
        through: Self.sold.adding(days: day), at: Self.after(day + 1))
    }

    /// A cashier whose answer is slow presses again: every press is told of the same sale.
    @Test func aSaleThatIsSentSeveralTimesAtOnceIsOne() async throws {
      try await House.with(tariff: productTariff) { house in
        let anna = try await house.register("anna")
        let sold = try await withThrowingTaskGroup(of: Int64.self) { group in
          for _ in 0..<6 {
            group.addTask { try await sell("ten rides", house, to: anna).holdingID }
          }
          return try await group.reduce(into: Set<Int64>()) { $0.insert($1) }
        }
        #expect(sold.count == 1)
        #expect(try await house.accounts() == ["1110": 7000, "2210": 7000])
      }
    }

    /// A version is published that begins the day at midnight, and holds from New Year on.
    @Test func untilANewVersionHoldsItsDaysBeginAsBefore() async throws {
      try await House.with(tariff: productTariff) { house in
        let anna = try await house.register("anna")
        let month = try await sell("month", house, to: anna)
        try await house.publish(
          productTariff.replacing("version: test-1", with: "version: test-2")
            .replacing("{from: 2026-01-01}", with: "{from: 2027-01-01}")
            .replacing("day_start: \"04:00\"", with: "day_start: \"00:00\""))
        try await house.service.drain()
        // Two hours after midnight it is still the day of the sale.
        let night = House.noon.adding(seconds: 14 * 3600)
        let given = try await house.products.refund(
          month.holdingID, of: anna, through: .cash, place: "desk 1", reference: "slip 1",
          by: RiderAct(actor: "desk 1", reason: "test", at: night))
        #expect(given.holding.returnedOn == Self.sold)
        #expect(given.refundedMinor == 30_000)
      }
    }

    @Test func aCarnetIsCountedDownByRidesAndARatingAnewGivesThemBack() async throws {
      try await House.with(tariff: productTariff) { house in
        let anna = try await house.register("anna")
        _ = try await sell("ten rides", house, to: anna)
        #expect(try await house.accounts() == ["1110": 7000, "2210": 7000])
        try await house.journal([
          try tap(1, "13:00", day: 1), try tap(2, "15:00", day: 1), try tap(3, "09:00", day: 2),
          // Before it was bought.
          try tap(4, "09:00", day: 1),
        ])
        try await house.service.drain()
        let charged = try await house.texts(
          """
          select product || ' ' || charged_minor from ride where reversed_run_id is null
          order by started_at
          """)
        #expect(charged == ["ride 800", "ten rides 0", "ten rides 0", "ten rides 0"])
        let held = try await house.products.list(of: anna, at: Self.after(2))
        #expect(held.map(\.use.ridesUsed) == [3])
        #expect(held.map(\.use.state) == [.activated])
        // A proof of the past makes one day free: its ride comes back on the carnet.
        _ = try await house.riders.addProof(
          ProvenDays(
            category: "pensioner", first: Self.sold.adding(days: 1), last: nil), kind: nil,
          number: nil, note: nil, of: anna, isReplacing: false, by: desk)
        try await house.service.drain()
        #expect(
          try await house.products.list(of: anna, at: Self.after(2)).map(\.use.ridesUsed) == [2])
        try await house.expectSound()
      }
    }

    /// Its price was earned by ten rides; six become free, and what the holder has of it is seen again.
    ///
    /// Nothing is booked back: the rides of later days make up for it.
    @Test func aCarnetThatHadEarnedItsPriceIsCountedAnewWhenItsRidesBecomeFree() async throws {
      try await House.with(tariff: productTariff) { house in
        func held() async throws -> [String] {
          try await house.texts(
            """
            select concat_ws(' ', state, rides_used, recognised_minor) from product_holding
            order by holding_id
            """)
        }
        func waiting() async throws -> Int64 {
          try await house.number("select count(*) from product_recount")
        }
        let anna = try await house.register("anna")
        _ = try await sell("ten rides", house, to: anna)
        try await house.journal(
          try (1...10).map { try tap($0, padded(6 + Int($0), 2) + ":30", day: $0 > 4 ? 3 : 2) })
        try await house.service.drain()
        try await recognise(house, through: 2)
        #expect(try await held() == ["used_up 10 7000"])
        #expect(try await waiting() == 0)

        _ = try await house.riders.addProof(
          ProvenDays(
            category: "pensioner", first: Self.sold.adding(days: 2), last: Self.sold.adding(days: 2)
          ), kind: nil, number: nil, note: nil, of: anna, isReplacing: false, by: desk)
        try await house.service.drain()
        #expect(try await waiting() == 1)
        try await recognise(house, through: 3)
        #expect(try await held() == ["activated 4 7000"])
        #expect(try await waiting() == 1, "its money has to come back to where it was")

        // Two more rides of hers; then another carnet earns more than hers is ahead.
        try await house.journal(try (11...12).map { try tap($0, "\($0):30", day: 5) })
        let bob = try await house.register("bob")
        _ = try await sell("ten rides", house, to: bob, key: "s2")
        try await house.service.drain()
        try await recognise(house, through: 4)
        #expect(try await held() == ["activated 6 7000", "activated 0 0"])
        try await house.journal(
          try (13...22).map { try tap($0, padded(Int($0) - 7, 2) + ":30", card: "bob", day: 6) })
        try await house.service.drain()
        try await recognise(house, through: 5)
        #expect(try await held() == ["activated 6 4200", "used_up 10 7000"])
        #expect(try await waiting() == 0)
        try await house.expectSound()
        try await recognise(house, through: 60)
        #expect(try await held() == ["activated 6 7000", "used_up 10 7000"])
        let profile = try await house.riders.profile(of: anna, at: Self.after(61))
        #expect(profile?.products.map(\.use.state) == [.expired])
        #expect(try await house.accounts()["2210"] ?? 0 == 0)
        try await house.expectSound()
      }
    }

    /// Six rides become free while the day on which the carnet has earned its price is being recognised.
    @Test func aCarnetIsCountedAnewWhenItsRidesChangeWhileTheyAreCounted() async throws {
      try await House.with(tariff: productTariff) { house in
        let held = "select concat_ws(' ', state, rides_used, recognised_minor) from product_holding"
        let waiting = "select count(*) from product_recount"
        let anna = try await house.register("anna")
        _ = try await sell("ten rides", house, to: anna)
        try await house.journal(
          try (1...10).map { try tap($0, padded(6 + Int($0), 2) + ":30", day: $0 > 4 ? 3 : 2) })
        try await house.service.drain()
        try await recognise(house, through: 1)
        #expect(try await house.texts(held) == ["activated 4 2800"])
        // It has counted the rides, and stands before its last word.
        let recognising = try await house.pool.transaction { db in
          try await db.execute("lock table product_recognition in share mode")
          let recognising = Task { try await recognise(house, through: 2) }
          #expect(try await house.isWaited())
          let day = Self.sold.adding(days: 2)
          _ = try await house.riders.addProof(
            ProvenDays(category: "pensioner", first: day, last: day), kind: nil, number: nil,
            note: nil, of: anna, isReplacing: false, by: desk)
          try await house.service.drain()
          return recognising
        }
        try await recognising.value
        #expect(try await house.texts(held) == ["used_up 10 7000"])
        #expect(try await house.number(waiting) == 1)
        try await recognise(house, through: 3)
        #expect(try await house.texts(held) == ["activated 4 7000"])
        try await recognise(house, through: 60)
        let profile = try await house.riders.profile(of: anna, at: Self.after(61))
        #expect(profile?.products.map(\.use.state) == [.expired])
        #expect(profile?.products.map(\.use.ridesUsed) == [4])
        #expect(try await house.accounts()["2210"] ?? 0 == 0)
        #expect(try await house.number(waiting) == 0)
        try await house.expectSound()
      }
    }

    /// A change of rides keeps a count waiting that would not see it.
    @Test func theCountOfProductsWaitsForRidesThatAreBeingChanged() async throws {
      try await House.with(tariff: productTariff) { house in
        let anna = try await house.register("anna")
        _ = try await sell("month", house, to: anna)
        try await house.journal([try tap(1, "13:00", day: 1)])
        // The rating has asked whom to count anew, and stands before its entries.
        let (rating, recognising) = try await house.pool.transaction { db in
          try await db.execute("lock table ride_sum in share mode")
          let rating = Task { try await house.service.drain() }
          #expect(try await house.isWaited())
          let recognising = Task { try await recognise(house, through: 0) }
          #expect(try await house.isWaited(for: 2))
          return (rating, recognising)
        }
        try await rating.value
        try await recognising.value
        #expect(try await house.accounts() == ["1110": 30_000, "2210": 29_000, "2190": 1000])
        #expect(try await house.number("select count(*) from product_recount") == 0)
      }
    }

    /// 300.00 for 30 days: 10.00 a day, and each day is booked once.
    @Test func aPassIsEarnedDayByDayAndASecondRunBooksNothing() async throws {
      try await House.with(tariff: productTariff) { house in
        let anna = try await house.register("anna")
        _ = try await sell("month", house, to: anna)
        try await house.journal([try tap(1, "13:00", day: 1), try tap(2, "13:00", day: 3)])
        try await house.service.drain()
        try await recognise(house, through: 0)
        #expect(try await house.accounts() == ["1110": 30_000, "2210": 29_000, "2190": 1000])
        try await recognise(house, through: 0)
        // The second day has no ride: its 10.00 wait for the third.
        try await recognise(house, through: 1)
        #expect(try await house.accounts()["2190"] == 1000)
        try await recognise(house, through: 2)
        #expect(try await house.accounts()["2190"] == 3000)
        try await house.expectSound()
        // Nobody rides any more; at its end the rest goes by the rides of the last 31 days.
        try await recognise(house, through: 40)
        #expect(try await house.accounts() == ["1110": 30_000, "2190": 30_000])
        #expect(
          try await house.texts(
            "select fare_day || ' ' || amount_minor || ' ' || shared_by from product_recognition order by 1"
          )
            == [
              "2026-11-23 1000 rides of the day", "2026-11-25 2000 rides of the day",
              "2026-12-22 27000 rides of 31 days",
            ])
        try await house.expectSound()
      }
    }

    /// A day's earnings by the nominal fares of the rides: 2 of 3 with one operator.
    @Test func operatorsGetWhatTheRidesOfTheDaySay() async throws {
      try await House.with(tariff: productTariff) { house in
        let anna = try await house.register("anna")
        _ = try await sell("month", house, to: anna)
        try await house.journal([
          try tap(1, "13:00", day: 1), try tap(2, "15:00", day: 1), try tap(3, "17:00", day: 1),
        ])
        try await house.service.drain()
        try await house.script(
          House.forging(
            "update ride set operator_id = case when seq = 3 then 'bus' else 'tram' end"))
        try await recognise(house, through: 0)
        #expect(
          try await house.texts(
            "select operator_id || ' ' || credit_minor from posting where account = '2100' order by 1"
          )
            == ["bus 333", "tram 667"])
      }
    }

    /// The example of docs/accounting.md: by whole prices the bus would get 12 parts of 28.
    @Test func whatAPassPaidAPartOfIsSharedByTheParts() async throws {
      try await House.with(tariff: partTariff) { house in
        let anna = try await house.register("anna")
        _ = try await sell("part", house, to: anna)
        try await house.journal([
          try tap(1, "13:00", day: 1), try tap(2, "13:10", day: 1), try tap(3, "17:30", day: 1),
          try tap(4, "20:00", day: 1),
        ])
        try await house.service.drain()
        // 8.00, a transfer, 12.00 in the peak, and a night ride that costs less than the part.
        #expect(
          try await house.texts(
            """
            select nominal_minor || ' ' || charged_minor || ' ' || product from ride
            where reversed_run_id is null order by started_at
            """) == ["800 300 part", "800 0 part", "1200 700 part", "300 0 part"])
        try await house.script(
          House.forging(
            """
            update ride set operator_id = case seq when 1 then 'tram' when 2 then 'metro'
              when 3 then 'bus' else 'tram' end
            """))
        try await recognise(house, through: 0)
        #expect(
          try await house.texts(
            "select operator_id || ' ' || credit_minor from posting where account = '2100' order by 1"
          )
            == ["bus 385", "tram 615"])
      }
    }

    @Test func aPassGivenBackCarriesNothingFromTheNextDayOn() async throws {
      try await House.with(tariff: productTariff) { house in
        let anna = try await house.register("anna")
        let pass = try await sell("month", house, to: anna)
        try await house.journal([
          try tap(1, "13:00", day: 1), try tap(2, "13:00", day: 2), try tap(3, "13:00", day: 3),
        ])
        try await house.service.drain()
        #expect(try await house.accounts()["1200"] == nil)
        // On the second day: 2 of 30 days are used, 280.00 go back.
        let act = RiderAct(actor: "desk 1", reason: "moved away", at: Self.after(1))
        let receipt = try await house.products.refund(
          pass.holdingID, of: anna, through: .cash, place: "desk 1", reference: "slip 1", by: act)
        #expect(receipt.refundedMinor == 28_000)
        let again = try await house.products.refund(
          pass.holdingID, of: anna, through: .cash, place: "desk 1", reference: "slip 1", by: act)
        #expect(again.isRepeated && again.refundedMinor == 28_000)
        try await house.service.drain()
        // The ride of the third day is paid by itself now.
        #expect(
          try await house.accounts() == ["1110": 2000, "2210": 2000, "1200": 800, "2190": 800])
        try await house.expectSound()
        try await recognise(house, through: 40)
        #expect(try await house.accounts() == ["1110": 2000, "1200": 800, "2190": 2800])
        try await house.expectSound()
      }
    }

    @Test func aPassThatWaitsForItsFirstRideIsGivenBackWhole() async throws {
      try await House.with(tariff: productTariff) { house in
        let anna = try await house.register("anna")
        let pass = try await sell("month from first ride", house, to: anna)
        #expect(pass.use.state == .sold)
        try await house.service.drain()
        try await recognise(house, through: 5)
        #expect(try await house.accounts()["2210"] == 30_000)
        let act = RiderAct(actor: "desk 1", reason: "not needed", at: Self.after(6))
        let receipt = try await house.products.refund(
          pass.holdingID, of: anna, through: .bank, by: act)
        #expect(receipt.refundedMinor == 30_000)
        #expect(try await house.accounts() == ["1110": 30_000, "2220": 30_000])
        try await house.service.drain()
        try await house.journal([try tap(1, "13:00", day: 1)])
        try await house.service.drain()
        #expect(try await house.accounts()["1200"] == 800)
        try await house.expectSound()
      }
    }

    @Test func aPassMayBeginLaterAndBePaidFromTheCard() async throws {
      try await House.with(tariff: productTariff) { house in
        let anna = try await house.register("anna")
        let order = MoneyOrder(minor: nil, currency: hryvnia, channel: .wallet, key: "s1")
        func buy() async throws -> ProductDesk.Receipt {
          try await house.products.sell(
            "month", to: anna, from: Self.sold.adding(days: 2), for: order, by: desk)
        }
        await #expect(throws: RiderRefusal.noAccount) { try await buy() }
        try await house.topUp(anna, 29_999, key: "k1")
        await #expect(
          throws: RiderRefusal.wallet(.insufficient(balanceMinor: 29_999, askedMinor: 30_000))
        ) { try await buy() }
        try await house.topUp(anna, 801, key: "k2")
        #expect(try await !buy().isRepeated)
        #expect(try await buy().isRepeated)
        #expect(try await house.balance(anna) == 800)
        try await house.journal([try tap(1, "13:00", day: 2), try tap(2, "13:00", day: 3)])
        try await house.service.drain()
        #expect(try await house.balance(anna) == 0)
        let charged = try await house.texts(
          "select charged_minor::text from ride order by started_at")
        #expect(charged == ["800", "0"])
        try await house.expectSound()
      }
    }

    @Test func whatTheTariffDoesNotSellIsRefused() async throws {
      try await House.with(tariff: productTariff) { house in
        let anna = try await house.register("anna")
        await #expect(
          throws: RiderRefusal.unknownProduct(known: [
            "ten rides", "month", "month from first ride",
          ])
        ) { try await sell("year", house, to: anna) }
        await #expect(throws: RiderRefusal.dayPassed(Self.sold.adding(days: -1))) {
          try await sell("month", house, to: anna, from: Self.sold.adding(days: -1))
        }
        await #expect(throws: RiderRefusal.wallet(.amount(1))) {
          try await house.products.sell(
            "month", to: anna, from: nil, for: house.cash(1, key: "s9"), by: desk)
        }
        _ = try await house.riders.addProof(
          ProvenDays(category: "pensioner", first: Self.sold, last: nil), kind: nil, number: nil,
          note: nil, of: anna, isReplacing: false, by: desk)
        await #expect(throws: RiderRefusal.notForSale(category: "pensioner")) {
          try await sell("month", house, to: anna)
        }
        await #expect(throws: RiderRefusal.unknownHolding) {
          try await house.products.refund(99, of: anna, through: .bank, by: desk)
        }
      }
    }

    /// Many riders with products, late taps and returns: in the end all that was paid is earned or
    /// given back, to the kopiyka.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func allThatWasPaidIsEarnedOrGivenBack(seed: UInt64) async throws {
      try await House.with(tariff: productTariff) { house in
        var chance = SeededGenerator(seed: seed)
        var holdings: [(RiderID, Int64)] = []
        for number in 1...6 {
          let rider = try await house.register("card-\(number)")
          for piece in 1...chance.integer(in: 1...3) {
            let products = ["ten rides", "month", "month from first ride"]
            let holding = try await sell(
              products[chance.integer(in: 0...2)], house, to: rider, key: "s\(number)-\(piece)",
              from: chance.chance(0.3) ? Self.sold.adding(days: chance.integer(in: 1...9)) : nil)
            let number = try await house.number("select max(holding_id) from product_holding")
            #expect(holding.holdingID == number)
            holdings.append((rider, number))
          }
        }
        let paid = try await house.accounts()["1110"] ?? 0
        var seq: Int64 = 0
        for day in 0..<8 {
          for _ in 0..<6 {
            seq += 1
            let time = padded(chance.integer(in: 5...22), 2) + ":30"
            try await house.journal([
              try tap(
                seq, time, card: "card-\(chance.integer(in: 1...6))",
                day: 1 + day - (chance.chance(0.2) ? min(day, 2) : 0))
            ])
          }
          try await house.service.drain()
          try await recognise(house, through: day)
          if chance.chance(0.5), let (rider, holding) = holdings.randomElement(using: &chance) {
            let act = RiderAct(actor: "desk", reason: "test", at: Self.after(day + 1))
            _ = try? await house.products.refund(holding, of: rider, through: .bank, by: act)
            try await house.service.drain()
          }
        }
        try await recognise(house, through: 60)
        try await house.expectSound("seed \(seed)")
        let accounts = try await house.accounts()
        let rides = accounts["1200"] ?? 0
        // What waits for its first ride stays deferred; all else went to operators or back.
        let waiting = try await house.number(
          "select coalesce(sum(price_minor), 0)::int8 from product_holding where state = 'sold'")
        #expect(accounts["2210"] ?? 0 == waiting, "seed \(seed)")
        #expect(
          (accounts["2190"] ?? 0) - rides + (accounts["2220"] ?? 0) + waiting == paid,
          "seed \(seed)")
      }
    }
  }
}

/// A pass that pays 5.00 of each ride; rides cost 12.00 in the peak and 3.00 at night.
private let partTariff =
  testTariff.replacing(
    "fares:",
    with: """
      times:
        peak: [{from: "17:00", before: "19:00"}]
        night: [{from: "20:00", before: "23:00"}]
      fares:
        - {name: peak ride, when: {time: peak}, price: {adult: 12.00}}
        - {name: night ride, when: {time: night}, price: {adult: 3.00}}
      """) + """

    products:
      - {name: part, valid: {days: 30}, price: {adult: 300.00}, covers: {adult: 5.00}}
    """
