import Basics
import DatabaseSupport
import Postgres
import Store
import Testing
import Transit

extension StoreSuite {
  @Suite struct Founding {
    private static func media(seed: UInt64) -> [NewMedium] {
      var chance = SeededGenerator(seed: seed)
      return (0..<200).map { _ in
        NewMedium(
          medium: MediumID(high: chance.next(), low: chance.next()), kind: .card,
          firstSeenAt: noon)
      }
    }

    @Test func sharesTakeAllMediaAndEvenly() {
      let counts = Dictionary(grouping: Self.media(seed: 1)) { FoundingShare.of($0.medium) }
        .mapValues(\.count)
      #expect(Set(counts.keys) == Set(0..<FoundingShare.count))
      #expect(counts.values.allSatisfy { $0 > 20 })
      #expect(FoundingShare.of(MediumID(high: 0, low: .max)) == 0)
      #expect(FoundingShare.of(MediumID(high: .max, low: 0)) == FoundingShare.count - 1)
    }

    @Test func mediaThatSeveralFoundAtTheSameTimeAreFoundedOnce() async throws {
      let media = Self.media(seed: 2)
      let shares = Dictionary(grouping: media) { FoundingShare.of($0.medium) }
      try await withStore(connectionsMax: 8) { store, pool in
        var founded = try await withThrowingTaskGroup(of: [MediumID].self) { group in
          // Sorters, each beginning with another share.
          for lane in 0..<FoundingShare.count {
            group.addTask {
              var founded: [MediumID] = []
              for turn in 0..<FoundingShare.count {
                let share = shares[(lane + turn) % FoundingShare.count] ?? []
                founded += try await store.write { db in try await db.sorting.found(share) }
              }
              return founded
            }
          }
          // Who founds all of them at once, and a desk that makes a rider and gives a medium of another share.
          group.addTask {
            try await store.write { db in try await db.sorting.found(media.reversed()) }
          }
          group.addTask {
            try await store.write { db in
              let rider = RiderID(high: .max, low: 1)
              guard try await db.media.found(rider, at: noon) else { return [] }
              let medium = MediumID(high: 1, low: 1)
              return try await db.media.add(
                medium, kind: .card, to: rider, fingerprint: nil, validTo: nil, at: noon)
                ? [medium] : []
            }
          }
          return try await group.reduce(into: []) { $0 += $1 }
        }
        founded.removeAll { $0 == MediumID(high: 1, low: 1) }
        #expect(founded.sorted() == media.map(\.medium).sorted())
        #expect(try await pool.number("select count(*) from medium") == 201)
        #expect(try await pool.number("select count(*) from rider") == 201)
        #expect(
          try await pool.number("select count(*) from medium where medium_id = rider_id") == 200)
      }
    }
  }
}
