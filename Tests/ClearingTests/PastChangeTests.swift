import Basics
import Clearing
import Store
import Testing
import Wallet

extension ClearingSuite {
  /// A proof of days in the past changes fares as an order does, and what one person may is as much.
  @Suite struct PastChangeTests {
    private static let olena = ReratingTests.olena
    private static let petro = ReratingTests.petro

    private static func past(_ house: House) -> PastDesk {
      PastDesk(store: house.store, city: house.city, log: quiet)
    }

    /// A house with a limit and one rated ride of 8.00 with a card; the rider and the day.
    private static func with(
      limit: String, _ body: @Sendable (House, RiderID, Day) async throws -> Void
    ) async throws {
      try await House.with { house in
        try await house.store.write { db in
          try await db.settings.set(Rerating.limitSetting, to: limit)
        }
        try await house.journal([try tap(1, "06:00", card: "anna")])
        try await house.service.drain()
        try #require(try await charged(house) == 800)
        try await body(house, house.rider("anna"), try #require(Day("2026-11-22")))
      }
    }

    private static func charged(_ house: House) async throws -> Int64 {
      try await house.number(
        "select coalesce(sum(charged_minor), 0)::int8 from ride where reversed_run_id is null")
    }

    /// Proves that the rider travels free from a day on, or to another one; what waits, nil when it is done.
    private static func prove(
      _ house: House, _ rider: RiderID, from day: Day, to last: Day? = nil, by person: Person?
    ) async throws -> PastChangeRow? {
      let days = ProvenDays(category: "pensioner", first: day, last: last)
      let outcome = try await past(house).change(
        PastWish(.entitlement, "pensioner from \(day)", of: rider.description), by: person,
        at: House.noon
      ) { gate in
        try await house.riders.addProof(
          days, kind: nil, number: nil, note: nil, of: rider, isReplacing: false, through: gate,
          by: desk)
      }
      guard case .waits(let row) = outcome else { return nil }
      return row
    }

    private static func withdraw(
      _ house: House, _ rider: RiderID, from day: Day, by person: Person
    ) async throws -> PastChangeRow? {
      let outcome = try await past(house).change(
        PastWish(.entitlement, "pensioner from \(day) withdrawn", of: rider.description),
        by: person,
        at: House.noon
      ) { gate in
        try await house.riders.withdrawProof(
          of: "pensioner", from: day, rider: rider, through: gate, by: desk)
      }
      guard case .waits(let row) = outcome else { return nil }
      return row
    }

    @Test func aProofOfThePastAboveTheLimitIsRecordedWhenAnotherPersonSaysTheSame() async throws {
      try await Self.with(limit: "799") { house, rider, day in
        for _ in 0..<2 {
          let waiting = try await Self.prove(house, rider, from: day, by: Self.olena)
          #expect(waiting?.changeMinor == 800 && waiting?.state == .requested)
        }
        #expect(try await house.number("select count(*) from entitlement") == 0)
        try await house.service.drain()
        #expect(try await Self.charged(house) == 800)
        // Another wish of another person is none of the same.
        let other = try await Self.prove(
          house, rider, from: day.adding(days: -1), by: Self.petro)
        #expect(other?.requestedBy == Self.petro)
        #expect(try await Self.prove(house, rider, from: day, by: Self.petro) == nil)
        try await house.service.drain()
        #expect(try await Self.charged(house) == 0)
        let list = try await Self.past(house).list(at: House.noon)
        #expect(list.map(\.state) == [.requested, .done, .lapsed])
        #expect(list.map(\.decidedBy) == [nil, Self.petro, nil])
        let texts = list.map(\.what)
        #expect(
          texts == ["pensioner from 2026-11-21"]
            + [String](repeating: "pensioner from \(day)", count: 2))
        try await house.expectSound()
      }
    }

    @Test func whatOnePersonProvesAloneIsAddedUp() async throws {
      try await Self.with(limit: "1000") { house, rider, day in
        #expect(try await Self.prove(house, rider, from: day, by: Self.olena) == nil)
        try await house.service.drain()
        #expect(try await Self.charged(house) == 0)
        let back = try await Self.withdraw(house, rider, from: day, by: Self.olena)
        #expect(back?.changeMinor == 800)
        #expect(try await Self.withdraw(house, rider, from: day, by: Self.petro) == nil)
        try await house.service.drain()
        #expect(try await Self.charged(house) == 800)
        try await house.expectSound()
      }
    }

    private static func merge(
      _ house: House, _ rider: RiderID, into kept: RiderID, by person: Person
    ) async throws -> PastChangeRow? {
      let outcome = try await past(house).change(
        PastWish(.medium, "merged", of: "\(rider) \(kept)"), by: person, at: House.noon
      ) { gate in
        try await house.riders.merge(rider, into: kept, through: gate, by: desk)
      }
      guard case .waits(let row) = outcome else { return nil }
      return row
    }

    @Test func aProofThatComesWithAnotherRiderCountsAsOneOfTheirOwn() async throws {
      try await Self.with(limit: "799") { house, anna, day in
        let olha = try await house.register("olha")
        // Nobody rode with the card yet.
        #expect(try await Self.prove(house, olha, from: day, by: nil) == nil)
        let waiting = try await Self.merge(house, olha, into: anna, by: Self.olena)
        #expect(waiting?.changeMinor == 800)
        try await house.service.drain()
        #expect(try await Self.charged(house) == 800)
        #expect(try await Self.merge(house, olha, into: anna, by: Self.petro) == nil)
        try await house.service.drain()
        #expect(try await Self.charged(house) == 0)
        try await house.expectSound()
      }
    }

    @Test func ofRidersWhoAreOneOnlyTheDifferenceCounts() async throws {
      try await Self.with(limit: "0") { house, anna, _ in
        try await house.journal([try tap(2, "09:00", card: "olha")])
        try await house.service.drain()
        try #require(try await Self.charged(house) == 1600)
        let waiting = try await Self.merge(
          house, house.rider("olha"), into: anna, by: Self.olena)
        #expect(waiting == nil)
        try await house.service.drain()
        #expect(try await Self.charged(house) == 1600)
        #expect(try await house.number("select count(*) from past_change") == 0)
        try await house.expectSound()
      }
    }

    @Test func aProofOfDaysToComeIsRecordedByOnePersonWhateverTheLimit() async throws {
      try await Self.with(limit: "-1") { house, rider, day in
        let waiting = try await Self.prove(house, rider, from: day.adding(days: 9), by: nil)
        #expect(waiting == nil)
        let counts = try await house.texts(
          "select concat_ws(' ', (select count(*) from past_change), count(*)) from entitlement")
        #expect(counts == ["0 1"])
      }
    }

    @Test func nobodyRatesTheDaysBetweenTheTwoLooks() async throws {
      try await Self.with(limit: "0") { house, rider, day in
        let outcome = try await Self.past(house).change(
          PastWish(.place, "somewhere"), by: Self.olena, at: House.noon
        ) { gate in
          try await house.store.write { db in
            var isFree = true
            try await gate.weigh([rider: day...day], in: db) {
              isFree = try await house.store.write { other in
                try await other.tryLane(.rating, lane: Lane.of(rider))
              }
            }
            return isFree
          }
        }
        guard case .done(false) = outcome else {
          Issue.record("the lane of the rider was free: \(outcome)")
          return
        }
      }
    }

    @Test func laterDaysThatHaveToBeReadAreBoundedToo() async throws {
      try await Self.with(limit: "1000000") { house, rider, day in
        // With the day itself one more than are read; none of them is a day that the proof changes.
        try await house.script(
          """
          insert into fare_day (lane, rider_id, fare_day)
          select lane, rider_id, fare_day + 99 + n
          from fare_day, generate_series(1, \(PastGate.riderDaysMax)) n where fare_day = '\(day)'
          """)
        let waiting = try await Self.prove(house, rider, from: day, to: day, by: Self.olena)
        #expect(waiting?.state == .requested && waiting?.changeMinor == nil)
        #expect(try await house.number("select count(*) from entitlement") == 0)
      }
    }

    @Test func whoeverAsksForTheSameMeanwhileIsTheOtherPerson() async throws {
      try await Self.with(limit: "0") { house, _, _ in
        let past = Self.past(house)
        let outcome = try await past.change(
          PastWish(.limit, "5000 minor units"), by: Self.petro, at: House.noon
        ) { gate in
          do {
            return try await house.store.write { db in
              try await gate.pass(nil, in: db)
              return true
            }
          } catch {
            // Before the wish that waits is kept.
            _ = try await past.setLimit(5000, by: Self.olena, at: House.noon)
            throw error
          }
        }
        guard case .done(true) = outcome else {
          Issue.record("both asked and nobody confirmed: \(outcome)")
          return
        }
        let rows = try await past.list(at: House.noon)
        #expect(rows.map(\.state) == [.done])
        #expect(rows.map(\.requestedBy) == [Self.olena])
        #expect(rows.map(\.decidedBy) == [Self.petro])
      }
    }

    @Test func daysThatNobodyRatedYetAreDaysOfTheRider() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "06:00", card: "anna")])
        try await ParcelTests.sort(house)
        try #require(try await house.number("select count(*) from fare_day") == 0)
        let day = try #require(Day("2026-11-22"))
        let rider = house.rider("anna")
        let has = try await house.riders.hasDays(of: rider, from: day)
        let hasLater = try await house.riders.hasDays(of: rider, from: day.adding(days: 1))
        let hasAny = try await house.riders.hasDays(of: rider)
        #expect(has && hasAny && !hasLater)
      }
    }

    @Test func whoAskedAndWhyStandsInTheFileOfTheRiderUntilTheyAreErased() async throws {
      try await Self.with(limit: "0") { house, _, _ in
        let olha = try await house.register("olha")
        let outcome = try await Self.past(house).change(
          PastWish(
            .entitlement, "pensioner", of: "\(olha) paper", rider: olha, reason: "seen at desk"),
          by: Self.olena, at: House.noon
        ) { gate in
          try await house.store.write { db in try await gate.pass(nil, in: db) }
        }
        guard case .waits(let row) = outcome else {
          Issue.record("one person was enough")
          return
        }
        #expect(row.subjectID == olha)
        #expect(try await Self.past(house).list(at: House.noon).map(\.subjectID) == [olha])
        let newest = try await house.store.read { db in try await db.media.events(of: olha).first }
        #expect(newest?.actor == Self.olena.label && newest?.reason == "seen at desk")
        #expect(newest?.kind == "asked" && newest?.detail == "change \(row.id): pensioner")
        _ = try await house.riders.erase(
          olha, by: desk, randomBytes: { [UInt8](repeating: 7, count: $0) })
        #expect(try await Self.past(house).list(at: House.noon).map(\.subjectID) == [nil])
        #expect(
          try await house.number("select count(*) from rider_event where reason = 'seen at desk'")
            == 0)
        try await house.expectSound()
      }
    }

    @Test func aWishThatWaitedTooLongIsNone() async throws {
      try await Self.with(limit: "0") { house, rider, day in
        let asked = try await Self.prove(house, rider, from: day, by: Self.olena)
        #expect(asked != nil)
        try await house.script(
          House.forging("update past_change set requested_at = requested_at - interval '7 days'"))
        let list = try await Self.past(house).list(at: House.noon)
        #expect(list.map(\.state) == [.lapsed])
        let waiting = try await Self.prove(house, rider, from: day, by: Self.petro)
        #expect(waiting?.requestedBy == Self.petro)
        #expect(try await house.number("select count(*) from entitlement") == 0)
      }
    }

    @Test func theLimitIsSetByTwoPeople() async throws {
      try await House.with { house in
        let past = Self.past(house)
        let unset = try await past.limit(at: House.noon)
        #expect(unset.minor == 100_000 && unset.set == nil && unset.waiting == nil)
        for _ in 0..<2 {
          guard case .waits = try await past.setLimit(5000, by: Self.olena, at: House.noon) else {
            Issue.record("one person set the limit")
            return
          }
        }
        // Another number is another wish.
        guard case .waits = try await past.setLimit(0, by: Self.petro, at: House.noon) else {
          Issue.record("one person set the limit")
          return
        }
        #expect(try await past.limit(at: House.noon).minor == 100_000)
        guard case .done(5000) = try await past.setLimit(5000, by: Self.petro, at: House.noon)
        else {
          Issue.record("two people did not set the limit")
          return
        }
        let limit = try await past.limit(at: House.noon)
        #expect(limit.minor == 5000)
        #expect(limit.set?.requestedBy == Self.olena && limit.set?.decidedBy == Self.petro)
        #expect(limit.waiting?.what == "0 minor units")
        let setting = try await house.store.read { db in
          try await db.settings.find(Rerating.limitSetting)
        }
        #expect(setting == "5000")
        #expect(try await house.fullAudit().isSound)
      }
    }
  }
}
