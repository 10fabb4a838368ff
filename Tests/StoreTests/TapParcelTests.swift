import Basics
import DatabaseSupport
import Postgres
import Store
import Testing
import Transit

extension StoreSuite {
  @Suite struct TapParcels {
    private static let today = Day(number: 20_781)

    /// A tap with everything that a tap may have, or with nothing that it need not.
    private static func tap(_ chance: inout SeededGenerator, device: Int, seq: Int64) -> TapRow {
      let isFull = chance.integer(in: 0...2) > 0
      // Riders of one lane, so that they meet in its parcels.
      let rider = RiderID(
        high: chance.next(), low: UInt64(chance.integer(in: 0...9)) * UInt64(Lane.count))
      var row = TapRow(
        name: TapName(device: "V-\(device)", epoch: Int64(device), seq: seq),
        fareDay: today.adding(days: -chance.integer(in: 0...1)), rider: rider,
        medium: MediumID(high: rider.high, low: isFull ? rider.low : 7),
        at: noon.adding(milliseconds: Int64(chance.integer(in: -90_000_000...90_000_000))),
        deviceAt: noon, kind: TapKind.allCases[chance.integer(in: 0...2)],
        mediumKind: MediumKind.allCases[chance.integer(in: 0...3)],
        riders: chance.integer(in: 1...100), batchID: Int64(chance.integer(in: 1...1_000_000)),
        receivedAt: noon.adding(seconds: Int64(chance.integer(in: 0...100_000))))
      row.deviceAt = isFull ? row.at : row.at.adding(milliseconds: -123)
      guard isFull else { return row }
      row.vehicle = "трамвай \(device % 3)"
      row.route = "15"
      row.direction = chance.integer(in: 0...1)
      row.trip = "trip \(chance.integer(in: 0...200))"
      row.stop = chance.integer(in: 0...1) == 0 ? nil : "stop"
      row.zone = ""
      row.coordinate = Coordinate(latitude: 49.99, longitude: -36.23)
      return row
    }

    @Test(arguments: 0..<20)
    func whatIsTakenFromParcelsIsWhatWasPutIntoThem(seed: UInt64) async throws {
      var chance = SeededGenerator(seed: seed)
      var taps = (1...300).map { Self.tap(&chance, device: $0 % 7, seq: Int64($0)) }
      // Two taps of one rider's day, so that one day has several.
      for index in stride(from: 1, to: 300, by: 2) {
        let same = taps[index - 1]
        taps[index].rider = same.rider
        taps[index].fareDay = same.fareDay
      }
      taps[10].isAccepted = false
      let wanted = taps.filter(\.isAccepted)
      let put = taps
      try await withStore { store, pool in
        let days = try await store.write { db in
          try await db.parcels.add(put, today: Self.today, at: noon)
        }
        #expect(days == Set(wanted.map { RiderDay(rider: $0.rider, fareDay: $0.fareDay) }).count)
        #expect(
          try await pool.number("select count(*) from rider_day_waiting") == Int64(days))
        var taken: [ParcelledDay] = []
        for _ in 0..<TapParcelTables.sharesPerLane {
          taken += try await store.write { db in try await db.parcels.take(lane: 0, tapsMax: 999) }
        }
        let found = taken.flatMap { day in
          day.taps.map { tap in
            #expect(RiderDay(rider: tap.rider, fareDay: tap.fareDay) == day.day)
            return tap
          }
        }
        #expect(found.sorted { $0.name < $1.name } == wanted.sorted { $0.name < $1.name })
        #expect(taken.allSatisfy { ($0.cause == .lateTap) == ($0.day.fareDay < Self.today) })
        #expect(try await pool.number("select count(*) from tap_parcel") == 0)
      }
    }

    @Test func noMoreParcelsAreTakenThanAskedForAndTheOldestFirst() async throws {
      try await withStore { store, pool in
        for number in 1...3 {
          try await store.write { db in
            var chance = SeededGenerator(seed: 1)
            var tap = Self.tap(&chance, device: number, seq: 1)
            tap.fareDay = Self.today
            _ = try await db.parcels.add([tap], today: Self.today, at: noon)
          }
        }
        let taken = try await store.write { db in try await db.parcels.take(lane: 0, tapsMax: 2) }
        #expect(taken.flatMap(\.taps).map(\.name.device) == ["V-1", "V-2"])
        #expect(try await pool.number("select count(*) from tap_parcel") == 1)
      }
    }

    @Test func allThatWaitsForAShareOfTheRidersIsTakenBeforeWhatWaitsForOthers() async throws {
      try await withStore { store, pool in
        for number in 0..<12 {
          try await store.write { db in
            var chance = SeededGenerator(seed: UInt64(number))
            var tap = Self.tap(&chance, device: number, seq: 1)
            tap.rider = RiderID(high: number % 2 == 0 ? 0 : .max, low: 0)
            _ = try await db.parcels.add([tap], today: Self.today, at: noon)
          }
        }
        // Twelve passes of sorting found taps of two riders in turns: each is taken with all six.
        for expected in [[0, 2, 4, 6, 8, 10], [1, 3, 5, 7, 9, 11]] {
          let taken = try await store.write { db in try await db.parcels.take(lane: 0, tapsMax: 99)
          }
          #expect(
            Set(taken.flatMap(\.taps).map(\.name.device)) == Set(expected.map { "V-\($0)" }))
        }
        #expect(try await pool.number("select count(*) from tap_parcel") == 0)
      }
    }

    @Test func damagedParcelsAreRefusedAndStay() async throws {
      try await withStore { store, pool in
        try await store.write { db in
          var chance = SeededGenerator(seed: 2)
          _ = try await db.parcels.add(
            [Self.tap(&chance, device: 1, seq: 1)], today: Self.today, at: noon)
        }
        for damage in ["taps || '\\x00'", "substr(taps, 2)", "substr(taps, 1, 9)", "'\\x02'"] {
          try await pool.run("update tap_parcel set taps = \(damage)")
          await #expect(throws: StoreFault.self) {
            try await store.write { db in try await db.parcels.take(lane: 0, tapsMax: 9) }
          }
        }
        #expect(try await pool.number("select count(*) from tap_parcel") == 1)
      }
    }

    @Test func unpackedParcelsAreMarksOnTheDaysOfTheirRiders() async throws {
      try await withStore { store, pool in
        try await store.write { db in
          var chance = SeededGenerator(seed: 3)
          let taps = (1...9).map { Self.tap(&chance, device: 1, seq: Int64($0)) }
          _ = try await db.parcels.add(taps, today: Self.today, at: noon)
          try await db.sorting.markStale(
            riderDays: [RiderDay(rider: taps[0].rider, fareDay: taps[0].fareDay)], cause: .order,
            reason: "№ 1", at: noon.adding(seconds: -1))
        }
        let waiting = "select concat_ws(' ', rider_id, fare_day, stale_cause) from "
        let before = try await pool.texts(waiting + "rider_day_waiting order by 1")
        try await store.write { db in try await db.parcels.unpack(lanes: 0..<Lane.count) }
        let after = try await pool.texts(
          waiting + "fare_day where stale_since is not null order by 1")
        #expect(before == after)
        #expect(after.contains { $0.hasSuffix(" order") })
        #expect(try await pool.number("select count(*) from tap_parcel") == 0)
      }
    }
  }
}
