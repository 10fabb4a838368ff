import AcquirerSupport
import Basics
import Clearing
import Postgres
import Store
import Tapping
import Testing
import Transit
import Wallet

extension House {
  /// Longest wait until somebody waits, in tenths of a second.
  private static let tenthsMax = 1_200

  /// Whether so many transactions wait for another one, by now or a little later.
  func isWaited(for count: Int64 = 1) async throws -> Bool {
    for _ in 0..<Self.tenthsMax {
      let waiting = try await number(
        """
        select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'
        """)
      if waiting >= count { return true }
      try await Task.sleep(for: .milliseconds(100))
    }
    return false
  }
}

extension ClearingSuite {
  /// Desks, workers and a rider who becomes another or nobody, all at the same moment.
  @Suite struct RiderMovingTests {
    private static func erase(_ rider: RiderID, _ house: House) async throws -> RiderID {
      try await house.riders.erase(
        rider, by: desk, randomBytes: { count in (0..<count).map { UInt8($0 * 7 + 1) } })
    }

    /// The merge stands before its last word while desks serve the rider who goes.
    @Test(arguments: [false, true])
    func whatComesWhileRidersAreMergedIsTheOnesWhoStays(hasAccount: Bool) async throws {
      try await House.with(tariff: productTariff, connectionsMax: 8) { house in
        let (anna, olha) = (try await house.register("anna"), try await house.register("olha"))
        if hasAccount { try await house.topUp(olha, 1000, key: "k0") }
        let (merging, paying, buying, proving) = try await house.pool.transaction { db in
          try await db.execute("lock table rider_event in share mode")
          let merging = Task { try await house.riders.merge(olha, into: anna, by: desk) }
          #expect(try await house.isWaited())
          let paying = Task { try await house.topUp(olha, 5000, key: "k1") }
          let buying = Task {
            try await house.products.sell(
              "ten rides", to: olha, from: nil, for: house.cash(nil, key: "s1"), by: desk)
          }
          let proving = Task {
            try await house.riders.addProof(
              ProvenDays(category: "pensioner", first: Day(number: 20_800), last: nil), kind: nil,
              number: nil, note: nil, of: olha, isReplacing: false, by: desk)
          }
          #expect(try await house.isWaited(for: 4))
          return (merging, paying, buying, proving)
        }
        #expect(try await merging.value == 0)
        #expect(try await paying.value.rider == anna)
        #expect(try await buying.value.holding.rider == anna)
        _ = try await proving.value
        for table in ["wallet_account", "product_holding", "entitlement"] {
          let owners = try await house.texts("select distinct rider_id::text from \(table)")
          #expect(owners == [anna.description], "\(table)")
        }
        #expect(try await house.balance(olha) == (hasAccount ? 6000 : 5000))
        try await house.expectSound()
      }
    }

    @Test func aDeskThatServesARiderWhoIsBeingErasedIsToldThatThereIsNone() async throws {
      try await House.with { house in
        let anna = try await house.register("anna")
        let (erasing, paying) = try await house.pool.transaction { db in
          try await db.execute("lock table rider_event in share mode")
          let erasing = Task { try await Self.erase(anna, house) }
          #expect(try await house.isWaited())
          let paying = Task { try await house.topUp(anna, 5000, key: "k1") }
          #expect(try await house.isWaited(for: 2))
          return (erasing, paying)
        }
        _ = try await erasing.value
        await #expect(throws: RiderRefusal.unknownRider) { try await paying.value }
        #expect(try await house.number("select count(*) from wallet_account") == 0)
        try await house.expectSound()
      }
    }

    /// A top-up that came first keeps the merge waiting, and goes over with the rest.
    @Test func aMergeWaitsForTheDeskThatHoldsTheRider() async throws {
      try await House.with { house in
        let (anna, olha) = (try await house.register("anna"), try await house.register("olha"))
        let (paying, merging) = try await house.pool.transaction { db in
          try await db.execute("lock table rider_event in share mode")
          let paying = Task { try await house.topUp(olha, 5000, key: "k1") }
          #expect(try await house.isWaited())
          let merging = Task { try await house.riders.merge(olha, into: anna, by: desk) }
          #expect(try await house.isWaited(for: 2))
          return (paying, merging)
        }
        #expect(try await paying.value.rider == olha)
        _ = try await merging.value
        #expect(try await house.balance(anna) == 5000)
        #expect(
          try await house.texts("select distinct rider_id::text from wallet_account")
            == [anna.description])
        try await house.expectSound()
      }
    }

    /// Many merges in a ring and desks on all of its riders: nobody waits for ever, nothing is lost.
    @Test func mergesAndDesksAtOnceLoseNothing() async throws {
      try await House.with(tariff: productTariff, connectionsMax: 8) { house in
        var riders: [RiderID] = []
        for number in 0..<6 { riders.append(try await house.register("card-\(number)")) }
        let all = riders
        try await withThrowingTaskGroup(of: Void.self) { group in
          for (number, rider) in all.enumerated() {
            let next = all[(number + 1) % all.count]
            group.addTask {
              do {
                _ = try await house.riders.merge(rider, into: next, by: desk)
              } catch is RiderRefusal {
                // The last of the ring is merged into itself.
              }
            }
            group.addTask { try await house.topUp(rider, 100, key: "k\(number)") }
            group.addTask {
              _ = try await house.products.sell(
                "ten rides", to: rider, from: nil, for: house.cash(nil, key: "s\(number)"), by: desk
              )
            }
          }
          try await group.waitForAll()
        }
        let left = try await house.texts(
          "select rider_id::text from rider where merged_into is null")
        #expect(left.count == 1)
        for table in ["wallet_account", "product_holding"] {
          #expect(
            try await house.texts("select distinct rider_id::text from \(table)") == left,
            "\(table)")
        }
        #expect(try await house.balance(all[0]) == 600)
        try await house.expectSound()
      }
    }

    @Test(arguments: [true, false])
    func whoGoesWaitsForTheWindowsThatAreBeingClosed(isErased: Bool) async throws {
      try await CardHouse.with { cards in
        let house = cards.house
        try await house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
        try await cards.clearing.drain()
        let medium = house.medium("visa-anna", .bank)
        let rider = RiderID(high: medium.high, low: medium.low)
        let olha = try await house.register("olha")
        let day = try #require(Day("2026-11-22"))
        let moving = try await house.store.write { db in
          let isAlone = try await db.charging.tryWork(.windows)
          let windows = try await db.charging.close(day, at: House.noon)
          #expect(isAlone && windows == 1)
          let moving = Task {
            if isErased {
              _ = try await Self.erase(rider, house)
            } else {
              _ = try await house.riders.merge(rider, into: olha, by: desk)
            }
          }
          #expect(try await house.isWaited())
          return moving
        }
        if isErased {
          await #expect(throws: RiderRefusal.chargesOpen(windows: 1)) { try await moving.value }
        } else {
          try await moving.value
          #expect(
            try await house.texts("select rider_id::text from charge_window")
              == [olha.description])
        }
      }
    }
  }
}
