import Basics
import Insight
import Store
import Testing

extension InsightSuite {
  /// Positions are dropped when they are old; what was found by them stays.
  @Suite struct OldPositions {
    @Test func positionsOfOldDaysAreDroppedTheOldestFirstAndNothingElse() async throws {
      try await World.with { world in
        let old = (100...140).map { today.adding(days: -$0) }
        try await world.store.ensurePartitions(of: old)
        // Of a day without a partition too, and one that is still kept.
        for day in old.prefix(2) + [today.adding(days: -90), today.adding(days: -200)] {
          try await Self.addPosition(world, day)
        }
        let first = try await Self.keeper(world).drop()
        #expect(first.count == PartitionKeeper.droppedPerHourMax)
        #expect(first.first == today.adding(days: -200) && first == first.sorted())
        // Another process, or the same after a restart, drops no more in this hour.
        #expect(try await Self.keeper(world, afterSeconds: 3_599).drop() == [])
        let second = try await Self.keeper(world, afterSeconds: 3_600).drop()
        #expect(second.last == today.adding(days: -101))
        #expect(first.count + second.count == 41)
        #expect(try await Self.keeper(world, afterSeconds: 7_200).drop() == [])
        let kept = try await world.store.read { db in try await db.partitions.positionsFirstDay() }
        #expect(kept == today.adding(days: -100))
        let days = try await world.texts("select service_day::text from position order by 1")
        #expect(days == ["2026-08-15", "2026-08-25"])
        let taps = try await world.texts(
          "select relname::text from pg_class where relkind = 'r' and relname ~ '^(tap|boarding)_2026'"
        )
        #expect(taps.count == 2 * old.count)
      }
    }

    @Test func theLongestSettingOfAllProcessesHolds() async throws {
      try await World.with { world in
        try await world.store.ensurePartitions(of: [101, 700].map { today.adding(days: -$0) })
        let placing = Self.keeper(world)
        let intake = Self.keeper(world, positionDays: 800, isDropping: false)
        #expect(try await !placing.tell())
        #expect(try await intake.tell())
        // One that keeps less says so in vain.
        #expect(try await placing.tell())
        #expect(try await placing.drop() == [])
        #expect(try await intake.drop() == [])
        // One that needed more and was silent for long by every clock is waited for no longer.
        try await world.script(
          "update setting set value = '800 2020-01-01T00:00:00Z' where name = 'position_days'")
        #expect(try await placing.tell())
        #expect(
          try await placing.drop() == [today.adding(days: -700), today.adding(days: -101)])
      }
    }

    /// Another process says that it needs more while this one drops.
    @Test func whatIsNeededMeanwhileIsNotDropped() async throws {
      try await World.with { world in
        let day = today.adding(days: -101)
        try await world.store.ensurePartitions(of: [day])
        let drop = try await world.store.write { db -> Task<[Day], any Error> in
          _ = try await db.partitions.tellPositionDays(800, at: noon)
          let drop = Task { try await Self.keeper(world).drop() }
          try await Task.sleep(for: .milliseconds(300))
          return drop
        }
        // On a slow machine it may have waited in vain for the lock, and drops nothing either.
        let dropped = (try? await drop.value) ?? []
        #expect(dropped == [])
        try await world.script("delete from setting where name = 'position_days'")
        #expect(try await Self.keeper(world).drop() == [day])
      }
    }

    @Test func aProcessWithAClockThatIsAheadDropsNothing() async throws {
      try await World.with { world in
        let day = today.adding(days: -101)
        try await world.store.ensurePartitions(of: [day])
        let theirs = try await world.store.read { db in try await db.standing.clock() }
        func dropped(aheadSeconds: Int64) async throws -> [Day] {
          let clock = ClockGuard(
            store: world.store, log: quiet, now: { theirs.adding(seconds: aheadSeconds) })
          return try await Self.keeper(world, clock: clock).drop()
        }
        #expect(try await dropped(aheadSeconds: 365 * 86_400) == [])
        #expect(try await dropped(aheadSeconds: 0) == [day])
      }
    }

    @Test func positionsThatAWaitingDayNeedsAreNotDropped() async throws {
      try await World.with { world in
        let day = today.adding(days: -120)
        try await world.store.ensurePartitions(of: (118...123).map { today.adding(days: -$0) })
        try await world.script(
          "insert into vehicle_day (lane, vehicle, service_day, stale_since) values (0, '7', '\(day)', now())"
        )
        let keeper = PartitionKeeper(
          store: world.store, city: world.city, positionDays: 100, now: { noon }, log: quiet)
        #expect(try await keeper.drop() == [day.adding(days: -3), day.adding(days: -2)])
        try await world.script("update vehicle_day set stale_since = null")
        #expect(try await keeper.drop().count == 4)
      }
    }

    @Test func aDayWithoutPositionsIsPlacedByItsStopVisitsAndLosesNothing() async throws {
      try await World.with { world in
        let day = today.adding(days: -120)
        try await Self.fill(world, day)
        let keeper = PartitionKeeper(
          store: world.store, city: world.city, positionDays: 100, now: { noon }, log: quiet)
        #expect(try await keeper.drop() == [day])
        // The first by the visit that stands, the second, which no visit fits, as it stood; the third is new.
        try await world.script("update vehicle_day set feed_id = 77")
        #expect(try await Self.place(world) == ["b nearness", "c nearness", "b nearness"])
        // Its boardings stay on the lines of the network by which the visits were found.
        #expect(try await world.texts("select feed_id::text from vehicle_day") == ["77"])
        #expect(try await world.texts("select stop from stop_visit") == ["b"])
        // What a person said counts, and withdrawn it is found again by the visit.
        try await Self.say(world, day, from: "b", "a")
        #expect(try await Self.place(world).first == "a corrected")
        try await Self.say(world, day, from: "a", nil)
        #expect(try await Self.place(world).first == "b nearness")
      }
    }

    private static func keeper(
      _ world: World, positionDays: Int = 100, isDropping: Bool = true, clock: ClockGuard? = nil,
      afterSeconds seconds: Int64 = 0
    ) -> PartitionKeeper {
      PartitionKeeper(
        store: world.store, city: world.city, positionDays: positionDays, isDropping: isDropping,
        clock: clock, now: { noon.adding(seconds: seconds) }, log: quiet)
    }

    private static func addPosition(_ world: World, _ day: Day) async throws {
      try await world.script(
        """
        insert into position (service_day, lane, vehicle, at, latitude, longitude, device_id,
          received_at)
        values ('\(day)', \(Lane.of(name: "1603")), '1603', '\(day)T06:05Z', 50, 30, 'V-1', now())
        """)
    }

    /// A vehicle that stood at Bridge, two taps placed by its positions, and one that came later.
    private static func fill(_ world: World, _ day: Day) async throws {
      try await world.store.ensurePartitions(of: [day])
      try await addPosition(world, day)
      let lane = Lane.of(try #require(RiderID(Riders.anna)))
      try await world.script(
        """
        insert into rider values ('\(Riders.anna)', 0, now());
        insert into stop_visit values
          ('\(day)', '1603', '\(day)T06:05Z', '\(day)T06:06Z', 'bus-1', 0, 'b', 1, 5, false);
        insert into tap (fare_day, lane, rider_id, tapped_at, device_at, device_id, epoch, seq,
          medium_id, kind, medium, riders, accepted, vehicle, route, direction, batch_id, received_at)
        select '\(day)', \(lane), '\(Riders.anna)', at, at, 'V-1', 1, seq, '\(Riders.card)', 'single',
          'card', 1, true, '1603', 'bus-1', 0, 1, at
        from (values ('\(day)T06:05:30Z'::timestamptz, 1), ('\(day)T12:00Z', 2),
          ('\(day)T06:05:40Z', 3)) as t(at, seq);
        insert into boarding (fare_day, lane, rider_id, tapped_at, device_id, epoch, seq, riders, vehicle,
          route, direction, stop, stop_order, source, confidence)
        select fare_day, lane, rider_id, tapped_at, device_id, epoch, seq, 1, vehicle, route, direction,
          case seq when 1 then 'b' else 'c' end, seq, 'nearness', 0.7
        from tap where seq < 3;
        insert into vehicle_device values ('\(day)', '1603', 'V-1');
        insert into vehicle_day (lane, vehicle, service_day)
        values (\(Lane.of(name: "1603")), '1603', '\(day)');
        """)
    }

    /// Places everything anew, as after the import of a network.
    private static func place(_ world: World) async throws -> [String] {
      try await world.script("update vehicle_day set stale_since = now()")
      try await PlacingService(
        store: world.store, city: world.city, log: quiet, now: { noon }
      ).drain()
      return try await world.texts("select concat_ws(' ', stop, source) from boarding order by seq")
    }

    private static func say(
      _ world: World, _ day: Day, from: String, _ stop: String?
    ) async throws {
      _ = try await world.store.write { db in
        try await db.stopCorrections.add(
          StopCorrectionRow(
            tap: TapName(device: "V-1", epoch: 1, seq: 1), fareDay: day, fromStop: from, stop: stop,
            isOffRoute: false, reason: "told us", changeMinor: 0, state: .standing,
            requestedBy: Person(label: "Olena", tokenDigest: [1]), requestedAt: noon))
      }
    }
  }
}
