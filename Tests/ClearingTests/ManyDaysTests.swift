import Basics
import Clearing
import Store
import Testing

extension ClearingSuite {
  /// A house that has run for more than a year: statements that name no day lock the partitions of all days.
  @Suite struct ManyDaysTests {
    private static let daysCount = 400

    /// The partitions of so many days up to today, a table at a time.
    private static func makePartitions(_ house: House) async throws {
      for table in DayTable.allCases {
        try await house.script(
          """
          do $$
          declare fare_day date;
          begin
            for days_back in 0..\(daysCount - 1) loop
              fare_day := date '2026-11-23' - days_back;
              execute format(
                'create table %I partition of \(table.rawValue) for values from (%L) to (%L)',
                '\(table.rawValue)' || to_char(fare_day, '_YYYYMMDD'), fare_day, fare_day + 1);
            end loop;
          end $$;
          """)
      }
    }

    @Test func fourHundredDaysAreRatedWithOurTableOfLocksAndWouldFillThatOfPostgreSQL() async throws
    {
      try await House.with { house in
        try await Self.makePartitions(house)
        let room = try await house.store.read { db in try await db.partitions.lockRoom() }
        #expect(room.objectsCount >= Int64(Self.daysCount) * 14)
        #expect(room.isEnough)
        let small = LockRoom(
          objectsCount: room.objectsCount, locksPerConnection: 64,
          connectionsMax: room.connectionsMax)
        #expect(!small.isEnough)
        // Of today, and of a day long ago that is the last to come.
        try await house.journal([try tap(1, "08:00"), try tap(2, "09:00", card: "taras")])
        try await house.service.drain()
        try await house.journal([try tap(3, "08:00", day: -300)])
        try await house.service.drain()
        #expect(try await house.rides().count == 3)
        #expect(
          try await house.number("select count(*) from fare_day where stale_since is null") == 3)
        // What names no day, asked on all connections at once.
        try await withThrowingTaskGroup(of: Int64.self) { group in
          for _ in 0..<6 {
            group.addTask {
              try await house.number("select count(*) from ride join tap using (rider_id)")
            }
          }
          for try await count in group { #expect(count == 5) }
        }
        #expect(try await house.number("select count(*) from tap_other") == 0)
      }
    }
  }
}
