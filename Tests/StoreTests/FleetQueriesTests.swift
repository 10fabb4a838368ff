import Basics
import Postgres
import Store
import Tapping
import Testing

extension StoreSuite {
  @Suite struct Fleet {
    private static func gaps(
      _ store: Store, closedSince: Instant? = nil
    ) async throws -> [String] {
      try await store.read { db in
        try await db.fleet.gaps(device: nil, closedSince: closedSince).map { gap in
          "\(gap.device) \(gap.epoch) \(gap.seqs.lowerBound)-\(gap.seqs.upperBound) "
            + "\(Int64(gap.knownSince.secondsSince(noon)))"
            + (gap.closedAt.map { " \(Int64($0.secondsSince(noon)))" } ?? "")
        }
      }
    }

    private static func see(
      _ numbers: String, at seconds: Int64, _ store: Store, _ pool: PostgresPool
    ) async throws {
      try await pool.run(
        """
        update device_epoch set seen = $1::text::int8multirange, last_received_at = $2
        """, [.text(numbers), .timestamptz(noon.adding(seconds: seconds))])
      let isDone = try await store.write { db in
        try await db.fleet.reconcileGaps(at: noon.adding(seconds: seconds + 5))
      }
      #expect(isDone)
    }

    @Test func aHoleKeepsItsAgeUntilItIsFilled() async throws {
      try await withStore { store, pool in
        try await pool.run(
          "insert into device (device_id, state, enrolled_at) values ('V-1', 'enrolled', now())")
        try await pool.run(
          """
          insert into device_epoch (device_id, epoch, last_received_at, last_sent_at)
          values ('V-1', 3, now(), now())
          """)
        try await Self.see("{[1,3)}", at: 0, store, pool)
        #expect(try await Self.gaps(store).isEmpty)
        try await Self.see("{[1,3),[11,12)}", at: 10, store, pool)
        #expect(try await Self.gaps(store) == ["V-1 3 3-10 10"])
        // Looking again changes nothing.
        try await Self.see("{[1,3),[11,12)}", at: 20, store, pool)
        #expect(try await Self.gaps(store) == ["V-1 3 3-10 10"])
        // Some of it comes, and another hole opens: the parts are as old as the whole.
        try await Self.see("{[1,3),[5,7),[11,12),[15,16)}", at: 30, store, pool)
        #expect(
          try await Self.gaps(store) == ["V-1 3 3-4 10", "V-1 3 7-10 10", "V-1 3 12-14 30"])
        #expect(try await Self.gaps(store, closedSince: noon) == ["V-1 3 5-6 10 35"])
        let sums = try await store.read { try await $0.fleet.gapSums() }
        #expect(sums.gaps == 3 && sums.numbers == 9 && sums.devices == 1)
        #expect(sums.oldestAt == noon.adding(seconds: 10))
        try await Self.see("{[1,16)}", at: 40, store, pool)
        #expect(try await Self.gaps(store).isEmpty)
        let closed = try await Self.gaps(store, closedSince: noon.adding(seconds: 45))
        #expect(closed == ["V-1 3 3-4 10 45", "V-1 3 7-10 10 45", "V-1 3 12-14 30 45"])
      }
    }

    /// The hole that a page ended with came in part, and then all of it, before the next page is asked for.
    @Test func aListOfHolesGoesOnAfterOneThatCame() async throws {
      try await withStore { store, pool in
        try await pool.run(
          "insert into device (device_id, state, enrolled_at) values ('V-1', 'enrolled', now())")
        try await pool.run(
          """
          insert into device_epoch (device_id, epoch, last_received_at, last_sent_at)
          values ('V-1', 3, now(), now())
          """)
        func page(
          after place: GapPlace?, closedSince: Instant? = nil, limit: Int = 9
        ) async throws -> [GapRecord] {
          try await store.read { db in
            try await db.fleet.gaps(
              device: nil, closedSince: closedSince, after: place, limit: limit)
          }
        }
        // Of one age, and then a younger one.
        try await Self.see("{[1,2),[3,4),[9,10),[11,12)}", at: 10, store, pool)
        try await Self.see("{[1,2),[3,4),[9,10),[11,12),[15,16)}", at: 20, store, pool)
        let first = try await page(after: nil, limit: 2)
        #expect(first.map(\.seqs) == [2...2, 4...8])
        let place = try #require(first.last?.place)
        #expect(try await page(after: place).map(\.seqs) == [10...10, 12...14])
        try await Self.see("{[1,2),[3,6),[9,10),[11,12),[15,16)}", at: 30, store, pool)
        #expect(try await page(after: place).map(\.seqs) == [6...8, 10...10, 12...14])
        try await Self.see("{[1,2),[3,10),[11,12),[15,16)}", at: 40, store, pool)
        #expect(try await page(after: place).map(\.seqs) == [10...10, 12...14])
        #expect(try await page(after: place, limit: 1).map(\.seqs) == [10...10])
        #expect(try await page(after: place, closedSince: noon).map(\.seqs) == [6...8])
      }
    }

    /// One misnumbered tap opens a hole of nearly all numbers there are.
    @Test func holesOfMoreNumbersThan64BitsHoldAreCountedAsFarAsTheyDo() async throws {
      try await withStore { store, pool in
        try await pool.run(
          """
          insert into device (device_id, state, enrolled_at)
          select 'V-' || n, 'enrolled', now() from generate_series(1, 3) n
          """)
        try await pool.run(
          """
          insert into device_epoch (device_id, epoch, seen, last_received_at, last_sent_at) values
            ('V-1', 1, '{[9223372036854775806,9223372036854775807)}', now(), now()),
            ('V-1', 2, '{[1,2),[9223372036854775806,9223372036854775807)}', now(), now()),
            ('V-2', 1, '{[1,2),[6,7)}', now(), now())
          """)
        _ = try await store.write { try await $0.fleet.reconcileGaps(at: noon) }
        let sums = try await store.read { try await $0.fleet.gapSums() }
        #expect(sums.gaps == 3 && sums.devices == 2 && sums.numbers == .max)
        let standing = try await store.read { try await $0.standing.gaps() }
        #expect(standing.numbers == .max && standing.devices == 2)
        #expect(
          standing.worst.map(\.numbers)
            == [9_223_372_036_854_775_805, 9_223_372_036_854_775_804, 4])
      }
    }

    /// Other hardware is in place; the old one delivers what it holds, in the workshop.
    @Test func whatReplacedHardwareDeliversSaysNothingOfTheOneInPlace() async throws {
      try await withStore { store, pool in
        try await pool.run(
          """
          insert into device (device_id, state, public_key, enrolled_at)
          values ('V-1', 'active', decode(repeat('01', 32), 'hex'), now())
          """)
        try await pool.run(
          """
          insert into device_key (device_id, public_key, valid_from, epochs_from, epochs_before)
          values ('V-1', decode(repeat('00', 32), 'hex'), now(), 0, 13),
            ('V-1', decode(repeat('01', 32), 'hex'), now(), 13, null)
          """)
        try await pool.run(
          """
          insert into device_assignment (device_id, valid_from, vehicle)
          values ('V-1', '2020-01-01Z', '1')
          """)
        try await pool.run(
          """
          insert into vehicle_now (vehicle, at, latitude, longitude, received_at)
          values ('1', $1, 56.95, 24, $1)
          """, [.timestamptz(noon)])
        try await pool.run(
          """
          insert into device_epoch (device_id, epoch, seen, last_received_at, last_sent_at)
          values ('V-1', 3, '{[1,9)}', $1, $1), ('V-1', 13, '{[1,2)}', $2, $2)
          """, [.timestamptz(noon), .timestamptz(noon.adding(seconds: -7200))])
        let (silent, listed, devices) = try await store.read { db in
          (
            try await db.fleet.silentCandidates(
              contactBefore: noon.adding(seconds: -900), vehicleAfter: noon.adding(seconds: -600),
              now: noon),
            try await db.standing.validators(
              silentSince: noon.adding(seconds: -900), at: noon),
            try await db.devices.list()
          )
        }
        #expect(silent.map(\.lastContactAt) == [noon.adding(seconds: -7200)])
        #expect(listed.silent.map(\.lastReceivedAt) == [noon.adding(seconds: -7200)])
        #expect(devices.map(\.epochsFrom) == [13])
        // Nor does the deny list with which the old hardware recorded its taps.
        try await pool.run(
          """
          insert into deny_list_version (version, made_at, added, removed)
          values (1, $1, 1, 0), (2, $1, 1, 0)
          """, [.timestamptz(noon)])
        let noted = try await store.write { db in
          try await db.denyList.note(
            [(Int64(1), Int64(13)), (2, 3)].map { version, epoch in
              DenyListSighting(
                device: "V-1", version: version, at: noon, source: .batch, epoch: epoch)
            })
        }
        #expect(noted == [0])
        let held = try await store.read { try await $0.denyList.sightings(of: "V-1", limit: 9) }
        #expect(held.map(\.version) == [1])
      }
    }

    @Test func aHeartbeatThatComesLateOrAgainChangesNothing() async throws {
      try await withStore { store, pool in
        try await pool.run(
          "insert into device (device_id, state, enrolled_at) values ('V-1', 'enrolled', now())")
        func send(_ software: String, sent: Int64, received: Int64) async throws {
          var beat = DeviceHeartbeat(device: "V-1", sentAt: noon.adding(seconds: sent))
          beat.software = software
          let record = HeartbeatRecord(beat: beat, receivedAt: noon.adding(seconds: received))
          try await store.write { try await $0.deviceLives.save([record]) }
        }
        func kept() async throws -> String? {
          try await store.read { try await $0.deviceLives.heartbeats(of: ["V-1"]) }["V-1"]?.beat
            .software
        }
        try await send("2", sent: 10, received: 11)
        try await send("1", sent: 5, received: 20)
        #expect(try await kept() == "2")
        try await send("3", sent: 12, received: 21)
        #expect(try await kept() == "3")
        // A clock that was a year ahead does not silence the device for a year.
        try await send("4", sent: 31_536_000, received: 22)
        try await send("5", sent: 30, received: 31)
        #expect(try await kept() == "5")
        // Nobody's heartbeat is not kept.
        let foreign = HeartbeatRecord(
          beat: DeviceHeartbeat(device: "V-9", sentAt: noon), receivedAt: noon)
        try await store.write { try await $0.deviceLives.save([foreign]) }
        #expect(try await pool.number("select count(*) from device_heartbeat") == 1)
      }
    }

    /// A validator that nobody assigned names its vehicle in each tap.
    @Test func whoNamesItsVehicleItselfIsSilentOnThatOne() async throws {
      try await withStore { store, pool in
        try await pool.run(
          """
          insert into device (device_id, state, public_key, enrolled_at)
          select 'V-' || n, 'active', decode(repeat('00', 32), 'hex'), now()
          from generate_series(1, 5) n
          """)
        for (vehicle, seconds) in [("1", Int64(-100)), ("2", -90), ("3", -80), ("9", -70)] {
          try await pool.run(
            """
            insert into vehicle_now (vehicle, at, latitude, longitude, received_at)
            values ($1, $2, 56.95, 24, $2)
            """, [.text(vehicle), .timestamptz(noon.adding(seconds: seconds))])
        }
        // V-1 moved to another bus; V-3 is assigned; V-4 stands at a stop; V-5 named it long ago.
        for (device, vehicle, days) in [
          ("V-1", "9", -3), ("V-1", "1", -1), ("V-1", "gone", 0), ("V-2", "1", 0), ("V-2", "2", 0),
          ("V-2", "", 0), ("V-3", "9", 0), ("V-4", "9", 0), ("V-5", "9", -8),
        ] {
          try await pool.run(
            "insert into vehicle_device (fare_day, vehicle, device_id) values ($1, $2, $3)",
            [.date(today.adding(days: days)), .text(vehicle), .text(device)])
        }
        try await pool.run(
          """
          insert into device_assignment (device_id, valid_from, vehicle, stop)
          values ('V-3', '2020-01-01Z', '3', null), ('V-4', '2020-01-01Z', null, 'S-1')
          """)
        let silent = try await store.read { db in
          try await db.fleet.silentCandidates(
            contactBefore: noon.adding(seconds: -900), vehicleAfter: noon.adding(seconds: -600),
            now: noon)
        }
        #expect(silent.map { "\($0.device) \($0.vehicle)" } == ["V-1 1", "V-2 2", "V-3 3"])
      }
    }

    @Test func whatHappenedToADeviceIsNeverChanged() async throws {
      try await withStore { store, pool in
        try await store.write { db in
          try await db.deviceLives.append(
            DeviceEventRecord(device: "V-1", at: noon, event: .suspend, by: "olha", reason: "test"))
        }
        await #expect(throws: PostgresError.self) {
          try await pool.run("update device_event set by_whom = 'nobody'")
        }
        await #expect(throws: PostgresError.self) { try await pool.run("delete from device_event") }
        let events = try await store.read { try await $0.deviceLives.events(of: "V-1") }
        #expect(events.map(\.by) == ["olha"] && events.map(\.event) == [.suspend])
      }
    }

    @Test func silentIsWhoseVehicleIsHeardOfWhileTheyAreNot() async throws {
      try await withStore { store, pool in
        try await pool.run(
          """
          insert into device (device_id, state, public_key, enrolled_at)
          select 'V-' || n, 'active', decode(repeat('00', 32), 'hex'), now()
          from generate_series(1, 5) n
          """)
        try await pool.run(
          """
          insert into device_assignment (device_id, valid_from, vehicle)
          select 'V-' || n, '2020-01-01Z', n::text from generate_series(1, 5) n
          """)
        // The square of the last one's way is less than any number.
        for (vehicle, lat, north) in [
          ("1", 0.01, 56.95), ("2", 0.0001, 56.95), ("3", 0.01, 56.95), ("4", 0.01, 56.95),
          ("5", 1e-200, 1e-200),
        ] {
          for (seconds, offset) in [(-500, 0.0), (-100, lat)] {
            try await pool.run(
              """
              insert into position (service_day, lane, vehicle, at, latitude, longitude, device_id,
                received_at) values ($1, $2, $3, $4, $5, 24, $6, $4)
              """,
              [
                .date(today), .int2(Lane.of(name: vehicle)), .text(vehicle),
                .timestamptz(noon.adding(seconds: Int64(seconds))), .float8(north + offset),
                .text("tracker"),
              ])
          }
          try await pool.run(
            """
            insert into vehicle_now (vehicle, at, latitude, longitude, received_at)
            values ($1, $2, 56.95, 24, $2)
            """, [.text(vehicle), .timestamptz(noon.adding(seconds: -100))])
        }
        // V-3 spoke a minute ago.
        try await store.write { db in
          try await db.deviceLives.save([
            HeartbeatRecord(
              beat: DeviceHeartbeat(device: "V-3", sentAt: noon),
              receivedAt: noon.adding(seconds: -60))
          ])
        }
        let (candidates, moves) = try await store.read { db in
          let found = try await db.fleet.silentCandidates(
            contactBefore: noon.adding(seconds: -900), vehicleAfter: noon.adding(seconds: -600),
            now: noon)
          let since = found.map { noon.adding(seconds: $0.device == "V-4" ? -100 : -3600) }
          return (
            found,
            try await db.fleet.movements(of: found.map(\.vehicle), since: since, days: [today])
          )
        }
        #expect(candidates.map(\.device) == ["V-1", "V-2", "V-4", "V-5"])
        // A hundredth of a degree of latitude is 1,113 metres.
        #expect(moves.map { Int($0.metres.rounded()) } == [1113, 11, 0, 0])
        // V-4 was heard of until then: what its bus went before says nothing.
        #expect(
          moves.map(\.firstAt) == [-500, -500, -100, -500].map { noon.adding(seconds: $0) })
      }
    }
  }
}
