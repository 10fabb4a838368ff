import Basics
import Clearing
import Store
import Tapping
import Testing
import Transit
import Wallet

extension ClearingSuite {
  /// Where taps are that stored value pays for: what is paid goes on to its end, what is not is seen.
  @Suite struct StoredValueStateTests {
    private static func states(_ house: House) async throws -> [TapState: Int64] {
      try await TapStateTests.states(house)
    }

    @Test func whatIsPaidIsSettledAndWhatNobodyPaysIsStuckWithItsReason() async throws {
      try await House.with { house in
        let anna = try await house.register("anna")
        try await house.topUp(anna, 1000, key: "k1")
        try await house.journal([try tap(1, "08:00"), try qrTap(2, "09:00")])
        #expect(try await Self.states(house) == [.unsorted: 2])
        try await house.service.drain()
        #expect(try await Self.states(house) == [.settled: 1, .rated: 1])
        let medium = house.medium("code", .qr)
        let other = RiderID(high: medium.high, low: medium.low)
        let stuck = try await TapStateTests.stuck(.rated, house)
        #expect(stuck.map(\.place) == ["rider \(other) on 2026-11-22"])
        #expect(stuck.map(\.taps) == [1])
        #expect(stuck.map(\.since) == [try tap(2, "09:00").at])
        #expect(stuck.map(\.reason) == ["charged, and no stored value pays"])
        // The day comes to 16.00 now, and 10.00 were there: a tap is paid when all of its day is.
        try await house.journal([try tap(3, "12:00")])
        try await house.service.drain()
        #expect(try await Self.states(house) == [.billed: 2, .rated: 1])
        let short = try await TapStateTests.stuck(.billed, house)
        #expect(short.map(\.place) == ["tap V-1 1 1", "tap V-1 1 3"])
        #expect(
          Set(short.map(\.reason)) == ["account 1 lacks 600 minor units for the day"])
        try await house.topUp(anna, 600, key: "k2")
        #expect(try await Self.states(house) == [.settled: 2, .rated: 1])
        try await house.topUp(other, 800, key: "k3")
        #expect(try await Self.states(house) == [.settled: 3])
        for state in TapState.allCases {
          #expect(try await TapStateTests.stuck(state, house).isEmpty, "\(state)")
        }
        try await house.expectSound()
      }
    }

    @Test func aDayThatWaitsToBeRatedAnewIsSortedUntilItIs() async throws {
      try await House.with { house in
        let anna = try await house.register("anna")
        try await house.topUp(anna, 800, key: "k1")
        try await house.journal([try tap(1, "08:00"), try tap(2, "12:00", day: 1)])
        try await house.service.drain()
        #expect(try await Self.states(house) == [.settled: 1, .billed: 1])
        try await house.script("update fare_day set stale_since = now()")
        #expect(try await Self.states(house) == [.sorted: 2])
        try await house.service.drain()
        #expect(try await Self.states(house) == [.settled: 1, .billed: 1])
      }
    }

    @Test func whatAPassOrAConcessionCarriesIsSettledWithoutAnAccount() async throws {
      try await House.with(tariff: productTariff) { house in
        let anna = try await house.register("anna")
        _ = try await house.products.sell(
          "month", to: anna, from: nil, for: house.cash(nil, key: "s1"), by: desk)
        let bohdan = try await house.register("bohdan", .qr)
        _ = try await house.riders.addProof(
          ProvenDays(category: "pensioner", first: Day(number: 20_700), last: nil),
          kind: "card", number: "AB 1", note: nil, of: bohdan, isReplacing: false, by: desk)
        try await house.journal([
          try tap(1, "13:00", day: 1), try qrTap(2, "13:00", code: "bohdan", day: 1),
          try tap(3, "13:00", card: "vira", day: 1),
        ])
        try await house.service.drain()
        #expect(try await Self.states(house) == [.settled: 2, .rated: 1])
        #expect(try await TapStateTests.stuck(.rated, house).map(\.taps) == [1])
      }
    }

    @Test func ofARideThatIsOpenOrHasNoFareNothingIsSettled() async throws {
      let tariff = testTariff.replacing(
        "{name: ride, price: {adult: 8.00}}",
        with: "{name: ride, when: {mode: bus}, price: {adult: 8.00}}")
      try await House.with(tariff: tariff) { house in
        let anna = try await house.register("anna")
        try await house.topUp(anna, 5000, key: "k1")
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        #expect(try await Self.states(house) == [.rated: 1])
      }
      let onAndOff = testTariff.replacing(
        "fares:", with: "tapping: {limit: 3 h, incomplete: 8.00}\nfares:")
      try await House.with(tariff: onAndOff) { house in
        let anna = try await house.register("anna")
        try await house.topUp(anna, 5000, key: "k1")
        // The fare day ends at 04:00, before the longest time of the ride.
        var on = try tap(1, "02:30", day: 1)
        on.kind = .on
        try await house.journal([on])
        try await house.service.drain()
        #expect(try await Self.states(house) == [.rated: 1])
        var off = try tap(2, "03:00", day: 1)
        off.kind = .off
        try await house.journal([off])
        try await house.service.drain()
        #expect(try await Self.states(house) == [.settled: 2])
        #expect(try await house.balance(anna) == 4200)
      }
    }

    /// Taps of all media in any order, some without an account: each is in one state after each step,
    /// and at the end in that which its day's rides and payments say, counted here from the rows.
    @Test(arguments: [1, 2] as [UInt64])
    func statesAddUpAndAreThoseThatTheRowsSay(seed: UInt64) async throws {
      try await House.with { house in
        var chance = SeededGenerator(seed: seed)
        try await house.rule(negative: 500)
        for card in [1, 2, 3] { try await house.register("card-\(card)") }
        for (device, tap) in try OrderTests.world(seed: 30 + seed).prefix(60).shuffled(
          using: &chance)
        {
          var tap = tap
          if tap.seq % 5 == 0 { tap.medium = .qr }
          if tap.seq % 7 == 0 { tap.medium = .bank }
          try await house.journal([tap], device: device)
          if chance.chance(0.2) { try await house.service.pass() }
          if chance.chance(0.2) {
            try await house.topUp(
              house.rider("card-\(chance.integer(in: 1...3))"), 1500, key: "\(device) \(tap.seq)")
          }
          _ = try await Self.states(house)
        }
        try await house.service.drain()
        let found = try await Self.states(house)
        let expected = try await house.texts(
          """
          select case when d.charged = 0 then 'settled' when a.account_id is null then 'rated'
              when w.paid_minor >= d.charged then 'settled' else 'billed' end
            || ' ' || sum(d.taps) || ' ' || sum(d.charged)
          from (
            select t.lane, t.rider_id, t.fare_day, count(*) as taps, (
              select coalesce(sum(r.charged_minor), 0) from ride r
              where r.rider_id = t.rider_id and r.fare_day = t.fare_day
                and r.reversed_run_id is null and r.medium <> 'bank') as charged
            from tap t where t.accepted and t.medium <> 'bank' group by 1, 2, 3) d
          left join wallet_account a using (rider_id)
          left join wallet_day w using (account_id, fare_day)
          group by a.account_id is null, d.charged = 0, w.paid_minor >= d.charged
          """)
        var counts: [String: Int64] = [:]
        for line in expected {
          let words = line.split(separator: " ")
          counts[String(words[0]), default: 0] += try #require(Int64(words[1]))
        }
        counts["rated", default: 0] += try await house.number(
          "select count(*) from tap where accepted and medium = 'bank'")
        for (state, count) in counts {
          #expect(found[try #require(TapState(rawValue: state))] == count, "\(state), seed \(seed)")
        }
        #expect(counts.count == 3, "\(counts)")
      }
    }
  }
}
