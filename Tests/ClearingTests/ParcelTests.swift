import Basics
import Clearing
import Postgres
import Store
import Tapping
import Testing
import Transit

extension ClearingSuite {
  /// Taps that are sorted and not rated yet are in parcels: they count as waiting wherever that is
  /// asked, and nothing that happens to their riders meanwhile passes them by.
  @Suite struct ParcelTests {
    /// Sorts what the journal holds, and rates nothing.
    static func sort(_ house: House) async throws {
      let known = KnownMedia()
      for lane in 0..<Lane.count {
        for _ in 0..<3 {
          let pass = try await house.city.write(to: house.store) { db, city in
            try await Sorter(city: city, tokenKey: house.tokenKey, known: known, log: quiet)
              .sort(lane: lane, in: db, at: House.noon)
          }
          for day in pass.daysWithoutPartition {
            try await house.store.ensurePartitions(around: day, daysBack: 0, daysAhead: 0)
          }
          _ = try await house.store.write { db in try await db.sorting.found(pass.newMedia) }
          if !pass.isHeldUp { break }
        }
      }
    }

    @Test func sortedTapsWaitInParcelsAndAreCountedAsSorted() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00"), try tap(2, "09:00"), try tap(3, "10:00")])
        try await Self.sort(house)
        #expect(try await house.number("select count(*) from tap") == 3)
        #expect(try await house.number("select count(*) from fare_day") == 0)
        #expect(try await house.number("select sum(tap_count) from tap_parcel") == 3)
        let counts = try await house.store.read { db in try await db.tapStates.counts() }
        #expect(counts.counts[.sorted] == 3)
        let stuck = try await TapStateTests.stuck(.sorted, house)
        #expect(stuck.map(\.taps) == [3])
        let audit = try await house.audit()
        #expect(audit.isSound, "\(audit.findings)")
        try await house.service.drain()
        #expect(try await house.number("select count(*) from ride") == 3)
        #expect(try await house.number("select count(*) from tap_parcel") == 0)
        let rated = try await house.store.read { db in try await db.tapStates.counts() }
        #expect(rated.counts[.sorted] == 0 && rated.counts[.rated] == 3)
      }
    }

    @Test func ridersWhoAreMergedTakeTheirParcelsAlong() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00"), try tap(2, "08:10", card: "olha")])
        try await Self.sort(house)
        let riders = try await house.texts("select rider_id::text from tap order by seq")
        let (anna, olha) = (try #require(RiderID(riders[0])), try #require(RiderID(riders[1])))
        _ = try await house.riders.merge(olha, into: anna, by: desk)
        try await house.service.drain()
        #expect(
          try await house.texts(
            "select distinct rider_id::text from ride where reversed_run_id is null") == [riders[0]]
        )
        #expect(
          try await house.number("select count(*) from ride where reversed_run_id is null") == 2)
        let audit = try await house.audit()
        #expect(audit.isSound, "\(audit.findings)")
      }
    }

    @Test func aDayThatIsMarkedWhileItIsRatedFirstIsRatedByWhatStands() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00")])
        try await Self.sort(house)
        let texts = try await house.texts("select rider_id || ' ' || fare_day from tap")
        let words = try #require(texts.first).split(separator: " ")
        let day = RiderDay(
          rider: try #require(RiderID(words[0])), fareDay: try #require(Day(words[1])))
        // Between taking the parcels and the end of the pass somebody else makes the row.
        await #expect(throws: ClearingFault.self) {
          try await house.city.write(to: house.store) { db, city in
            try await house.store.write { other in
              try await other.sorting.markStale(
                riderDays: [day], cause: .product, reason: nil, at: House.noon)
            }
            let row = RatedDayRow(
              day: day, stateAfter: [], tariffVersion: "", stateChanged: false,
              hasOpenRide: false, isFirst: true, feedID: nil)
            guard
              try await db.rating.begin([row], lane: Lane.of(day.rider), at: House.noon)
            else {
              throw ClearingFault.markedMeanwhile
            }
          }
        }
        try await house.service.drain()
        #expect(try await house.number("select count(*) from ride") == 1)
        #expect(
          try await house.texts("select cause from clearing_run_cause order by cause")
            == ["product"])
      }
    }

    @Test func aMediumThatMovesIsLookedUpAnewByThoseWhoKnewIt() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00"), try tap(2, "08:10", card: "olha")])
        try await house.service.drain()
        let riders = try await house.texts("select rider_id::text from tap order by seq")
        let (anna, olha) = (try #require(RiderID(riders[0])), try #require(RiderID(riders[1])))
        _ = try await house.riders.merge(olha, into: anna, by: desk)
        try await house.journal([try tap(3, "12:00", card: "olha")])
        try await house.service.drain()
        #expect(
          try await house.texts("select rider_id::text from tap where seq = 3") == [riders[0]])
        let audit = try await house.audit()
        #expect(audit.isSound, "\(audit.findings)")
      }
    }
  }
}
