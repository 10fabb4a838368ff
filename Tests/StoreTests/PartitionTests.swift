import Basics
import DatabaseSupport
import Postgres
import Store
import Testing

extension StoreSuite {
  @Suite struct Partitions {
    @Test func theDaysAroundOneGetTheirPartitionsOnce() async throws {
      try await withStore { store, pool in
        let made = try await store.ensurePartitions(around: today, daysBack: 2, daysAhead: 3)
        #expect(made == 6 * DayTable.allCases.count)
        let again = try await store.ensurePartitions(around: today, daysBack: 2, daysAhead: 3)
        #expect(again == 0)
        let names = try await pool.texts(
          """
          select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
          where i.inhparent = 'tap'::regclass order by 1
          """)
        #expect(
          names == [
            "tap_20261120", "tap_20261121", "tap_20261122", "tap_20261123", "tap_20261124",
            "tap_20261125", "tap_other",
          ])
      }
    }

    @Test func aTableOfLocksThatIsTooSmallForTheDaysIsToldWithWhatToSet() async throws {
      // Two years of days with what PostgreSQL sets by itself, and with ours.
      let small = LockRoom(objectsCount: 730 * 14, locksPerConnection: 64, connectionsMax: 100)
      #expect(!small.isEnough && small.locksNeeded == 818)
      #expect(
        LockRoom(objectsCount: 730 * 14, locksPerConnection: 2048, connectionsMax: 100).isEnough)
      try await withStore { store, pool in
        let room = { @Sendable in
          try await store.read { db in try await db.partitions.lockRoom() }
        }
        let before = try await room()
        // The servers of the tests are set up as the private one is.
        #expect(before.locksPerConnection == LockRoom.locksAdvised)
        try await store.ensurePartitions(of: [today, today.adding(days: 1)])
        let after = try await room()
        let aDay = try await pool.texts(
          """
          select count(*)::text from pg_class
          where relname ~ '^(tap|ride|boarding|position)_20261123' and relkind in ('r', 'i')
          """)
        #expect(String((after.objectsCount - before.objectsCount) / 2) == aDay.first)
      }
    }

    @Test func severalProcessesMakeThemAtTheSameTime() async throws {
      try await withStore { store, pool in
        let made = try await withThrowingTaskGroup(of: Int.self) { group in
          for _ in 0..<4 {
            group.addTask {
              try await store.ensurePartitions(around: today, daysBack: 1, daysAhead: 1)
            }
          }
          return try await group.reduce(0, +)
        }
        #expect(made == 3 * DayTable.allCases.count)
      }
    }

    @Test func rowsThatCameBeforeTheirPartitionMoveIntoIt() async throws {
      try await withStore { store, pool in
        try await insertPosition(pool, day: today, vehicle: "1603")
        try await insertPosition(pool, day: today.adding(days: 1), vehicle: "1603")
        #expect(try await pool.number("select count(*) from position_other") == 2)
        try await store.ensurePartitions(around: today, daysBack: 0, daysAhead: 0)
        #expect(try await pool.number("select count(*) from position_20261122") == 1)
        #expect(try await pool.number("select count(*) from position_other") == 1)
        #expect(try await pool.number("select count(*) from position") == 2)
        // What comes now goes straight into its partition, and still collides with what is there.
        try await insertPosition(pool, day: today, vehicle: "1604")
        #expect(try await pool.number("select count(*) from position_20261122") == 2)
        await #expect(throws: PostgresError.self) {
          try await insertPosition(pool, day: today, vehicle: "1603")
        }
      }
    }

    @Test func ridesGetTheirNumbersInPartitionsToo() async throws {
      try await withStore { store, pool in
        try await insertRide(pool, day: today)
        try await store.ensurePartitions(around: today, daysBack: 0, daysAhead: 0)
        try await insertRide(pool, day: today)
        let numbers = try await pool.texts(
          "select ride_id::text from ride_20261122 order by ride_id")
        #expect(numbers == ["1", "2"])
        #expect(try await pool.number("select count(*) from ride_other") == 0)
      }
    }

    @Test func aRowWhosePartitionIsThereIsRefusedByThatOfAllOthers() async throws {
      try await withStore { store, pool in
        try await store.ensurePartitions(around: today, daysBack: 0, daysAhead: 0)
        for table in DayTable.allCases {
          // As a writer does who has not heard of the partition: it fills in no column that must not be empty.
          let fault = await #expect(throws: PostgresError.self) {
            try await pool.run(
              """
              insert into \(table.rawValue)_other (\(table == .position ? "service_day" : "fare_day"))
              values ($1)
              """, [.date(today)])
          }
          #expect(fault?.sqlState == PostgresError.serializationFailure, "\(table)")
        }
      }
    }

    /// Without the guard a row in some hundred lies where nobody finds it.
    @Test func rowsOfADayWhosePartitionIsBeingMadeAllLieInIt() async throws {
      try await withStore { store, pool in
        for offset in 0..<60 {
          let day = today.adding(days: offset)
          try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
              group.addTask {
                _ = try await pool.transaction { connection in
                  try await connection.execute(rideInsert, rideValues(day))
                }
              }
            }
            group.addTask { _ = try await store.ensurePartitions(of: [day]) }
            try await group.waitForAll()
          }
        }
        #expect(try await pool.number("select count(*) from ride_other") == 0)
        #expect(try await pool.number("select count(*) from ride") == 240)
      }
    }

    @Test func anUpdateMovesRowsThatLieWhereNobodyFindsThemAndMarksTheirDays() async throws {
      let before = try SchemaMigrations.all().filter { $0.name < "0035-partition-guard" }
      try await LeasedDatabase.with(before, connectionsMax: 2) { pool in
        try await Store(pool: pool).ensurePartitions(of: [today])
        let tomorrow = today.adding(days: 1)
        try await pool.session { db in
          try await db.script(
            """
            insert into fare_day (lane, rider_id, fare_day, rated_at)
            values (0, '\(rider)', '\(today)', now()), (0, '\(rider)', '\(tomorrow)', now());
            """)
          for (table, row) in Self.misplaced {
            // As PostgreSQL does it without knowing: the partition does not keep to its own bounds.
            try await db.script(
              """
              alter table \(table) detach partition \(table)_other;
              insert into \(table)_other \(row);
              alter table \(table)_other add constraint bounds check (not (fare_day is not null
                and fare_day >= '\(today)' and fare_day < '\(tomorrow)')) not valid;
              update pg_constraint set convalidated = true where conname = 'bounds';
              alter table \(table) attach partition \(table)_other default;
              alter table \(table)_other drop constraint bounds;
              """)
          }
        }
        #expect(try await pool.number("select count(*) from tap_other") == 1)
        #expect(try await pool.number("select count(*) from ride where fare_day = '\(today)'") == 0)
        try await Store.migrate(pool)
        for table in ["tap", "ride"] {
          #expect(try await pool.number("select count(*) from \(table)_other") == 0)
          #expect(
            try await pool.number("select count(*) from \(table) where fare_day = '\(today)'") == 1)
        }
        #expect(
          try await pool.texts(
            "select concat_ws(' ', fare_day, stale_cause) from fare_day where stale_since is not null"
          )
            == ["\(today) order"])
      }
    }

    private static let misplaced = [
      (
        "tap",
        """
        (fare_day, lane, rider_id, tapped_at, device_at, device_id, epoch, seq, medium_id, kind, medium,
          riders, accepted, batch_id, received_at)
        values ('\(today)', 0, '\(rider)', now(), now(), 'V-1', 0, 1, '\(rider)', 'single', 'card', 1, true,
          1, now())
        """
      ),
      (
        "ride",
        """
        (fare_day, lane, rider_id, run_id, started_at, device_id, epoch, seq, riders, category, product,
          medium, currency, tariff_version, reason, ride_id)
        values ('\(today)', 0, '\(rider)', 1, now(), 'V-1', 0, 1, 1, 'adult', 'single', 'card', 'UAH', '1',
          '{}', 7)
        """
      ),
    ]

    @Test func writersOfOtherDaysGoOnMeanwhile() async throws {
      try await withStore { store, pool in
        try await store.ensurePartitions(around: today, daysBack: 0, daysAhead: 0)
        try await pool.transaction { connection in
          try await connection.execute(
            """
            insert into position (service_day, lane, vehicle, at, latitude, longitude, device_id,
              received_at) values ($1, 0, '7', $2, 50, 30, 'V-1', $2)
            """, [.date(today), .timestamptz(noon)])
          // The row above is not committed; a partition for tomorrow is made all the same.
          let made = try await store.ensurePartitions(
            around: today.adding(days: 1), daysBack: 0, daysAhead: 0)
          #expect(made == DayTable.allCases.count)
        }
      }
    }
  }
}

private func insertPosition(_ pool: PostgresPool, day: Day, vehicle: String) async throws {
  try await pool.run(
    """
    insert into position (service_day, lane, vehicle, at, latitude, longitude, device_id,
      received_at) values ($1, 0, $2, $3, 50, 30, 'V-1', $3)
    """, [.date(day), .text(vehicle), .timestamptz(noon)])
}

private func insertRide(_ pool: PostgresPool, day: Day) async throws {
  try await pool.run(rideInsert, rideValues(day))
}

private let rider = "00000000-0000-0000-0000-0000000000a1"

private let rideInsert = """
  insert into ride (fare_day, lane, rider_id, run_id, started_at, device_id, epoch, seq, riders,
    category, product, medium, currency, tariff_version, reason)
  values ($1, 0, gen_random_uuid(), 1, $2, 'V-1', 0, 1, 1, 'adult', 'single', 'card', 'UAH',
    '1', '{}')
  """

private func rideValues(_ day: Day) -> [PostgresValue] { [.date(day), .timestamptz(noon)] }
