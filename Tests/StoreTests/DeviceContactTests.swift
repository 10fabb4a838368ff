import Basics
import Postgres
import Store
import Testing
import Tracking

extension StoreSuite {
  /// Validators that tell only where they are.
  @Suite struct Contacts {
    private static func tell(
      _ device: String, of vehicle: String, seconds: Int64, _ store: Store
    ) async throws {
      let moment = noon.adding(seconds: seconds)
      let row = PositionRow(
        serviceDay: today,
        position: Position(
          vehicle: vehicle, at: moment, coordinate: Coordinate(latitude: 50, longitude: 30)),
        device: device, receivedAt: moment)
      _ = try await store.write { try await $0.positionJournal.add([row], at: moment) }
    }

    private static func found(_ count: Int, _ pool: PostgresPool) async throws {
      try await pool.run(
        """
        insert into device (device_id, state, public_key, enrolled_at)
        select 'V-' || n, 'active', decode(repeat('00', 32), 'hex'), now()
        from generate_series(1, $1::int) n
        """, [.int4(Int32(count))])
    }

    /// V-1 told a minute ago, V-2 two hours ago; V-3 is in the vehicle of V-1 and told nothing; V-4 was mounted
    /// half an hour ago; nobody said where V-5 is.
    @Test func whoTellsOnlyPositionsIsHeardOf() async throws {
      try await withStore { store, pool in
        try await Self.found(5, pool)
        try await pool.run(
          """
          insert into device_assignment (device_id, valid_from, vehicle) values
            ('V-1', '2020-01-01Z', '1'), ('V-2', '2020-01-01Z', '2'), ('V-3', '2020-01-01Z', '1'),
            ('V-4', $1, '4')
          """, [.timestamptz(noon.adding(seconds: -1800))])
        for (device, vehicle, seconds) in [
          ("V-1", "1", -60), ("V-2", "2", -7200), ("V-4", "4", -1700), ("V-5", "5", -3000),
        ] as [(String, String, Int64)] {
          try await Self.tell(device, of: vehicle, seconds: seconds, store)
        }
        let (standing, contacts, silent) = try await store.read { db in
          (
            try await db.standing.validators(
              silentSince: noon.adding(seconds: -3600), at: noon),
            try await db.fleet.lastContacts(of: (1...5).map { "V-\($0)" }),
            try await db.fleet.silentCandidates(
              contactBefore: noon.adding(seconds: -2000), vehicleAfter: noon.adding(seconds: -7200),
              now: noon)
          )
        }
        #expect(standing.silentCount == 2)
        #expect(standing.silent.map(\.device) == ["V-2", "V-3"])
        #expect(standing.silent.map(\.vehicle) == ["2", "1"])
        #expect(standing.silent.map(\.lastReceivedAt) == [noon.adding(seconds: -7200), nil])
        #expect(
          contacts.mapValues { $0.secondsSince(noon) }
            == ["V-1": -60, "V-2": -7200, "V-4": -1700, "V-5": -3000])
        // V-5 is looked for in the vehicle that it told of.
        #expect(silent.map { "\($0.device) \($0.vehicle)" } == ["V-3 1", "V-2 2", "V-5 5"])
      }
    }

    /// A handheld tapped in bus 1 at first, then told a position from bus 2; bus 1 went on by its own tracker.
    @Test(arguments: [
      // Seconds of its taps in each bus, and of its position from bus 2.
      Handheld(taps: ["1": -20_000], position: -7200, vehicle: "2"),
      Handheld(taps: ["1": -3600], position: -7200, vehicle: "1"),
      Handheld(taps: ["1": -20_000, "2": -9000], position: nil, vehicle: "2"),
      Handheld(taps: ["1": -9000, "2": -20_000], position: nil, vehicle: "1"),
      Handheld(taps: ["1": -20_000], position: nil, vehicle: "1"),
      // Its tap and its position name one bus.
      Handheld(taps: ["2": -9000], position: -7200, vehicle: "2"),
    ])
    func aHandheldIsInTheVehicleThatItNamedLast(_ given: Handheld) async throws {
      try await withStore { store, pool in
        try await Self.found(1, pool)
        try await pool.run(
          """
          insert into vehicle_now (vehicle, at, latitude, longitude, received_at)
          values ('1', $1, 50, 30, $1), ('2', $2, 50, 30, $2)
          """, [.timestamptz(noon.adding(seconds: -10)), .timestamptz(noon.adding(seconds: -7200))])
        for (seq, tap) in given.taps.sorted(by: { $0.value < $1.value }).enumerated() {
          try await pool.run(
            """
            insert into tap (fare_day, lane, rider_id, tapped_at, device_at, device_id, epoch, seq,
              medium_id, kind, medium, riders, accepted, vehicle, batch_id, received_at)
            select $1, 0, id, $2, $2, 'V-1', 1, $3, id, 'single', 'card', 1, true, $4, 1, $5
            from (select '00000000-0000-0000-0000-000000000001'::uuid as id) r
            """,
            [
              .date(today), .timestamptz(noon.adding(seconds: tap.value)), .int8(Int64(seq + 1)),
              // They came all together, long after.
              .text(tap.key), .timestamptz(noon.adding(seconds: -1900)),
            ])
          try await pool.run(
            "insert into vehicle_device (fare_day, vehicle, device_id) values ($1, $2, 'V-1')",
            [.date(today), .text(tap.key)])
        }
        if let seconds = given.position {
          try await Self.tell("V-1", of: "2", seconds: seconds, store)
        }
        let (silent, standing) = try await store.read { db in
          (
            try await db.fleet.silentCandidates(
              contactBefore: noon.adding(seconds: -1000), vehicleAfter: noon.adding(seconds: -9000),
              now: noon),
            try await db.standing.validators(
              silentSince: noon.adding(seconds: -1000), at: noon)
          )
        }
        #expect(silent.map(\.vehicle) == [given.vehicle], "\(given)")
        #expect(standing.silent.map(\.vehicle) == [given.vehicle], "\(given)")
      }
    }

    struct Handheld: Sendable {
      var taps: [String: Int64]
      var position: Int64?
      var vehicle: String
    }

    @Test func aPositionThatIsKnownIsAWordOfItsDeviceAndAnOldOneIsNot() async throws {
      try await withStore { store, pool in
        try await Self.found(2, pool)
        func heard() async throws -> [String: Double] {
          try await store.read { try await $0.fleet.lastContacts(of: ["V-1", "V-2"]) }
            .mapValues { $0.secondsSince(noon) }
        }
        try await Self.tell("V-1", of: "1", seconds: 0, store)
        // The same vehicle and moment, by another device.
        try await Self.tell("V-2", of: "1", seconds: 0, store)
        #expect(try await heard() == ["V-1": 0, "V-2": 0])
        try await Self.tell("V-1", of: "1", seconds: -100, store)
        #expect(try await heard() == ["V-1": 0, "V-2": 0])
      }
    }

    /// V-1 holds the newest list, V-2 the one before, V-3 none; V-4 is not at work.
    @Test func whoLacksTheNewestDenyListIsListed() async throws {
      try await withStore { store, pool in
        try await Self.found(4, pool)
        try await pool.run("update device set state = 'suspended' where device_id = 'V-4'")
        func behind(after id: String = "", limit: Int = 9) async throws -> [DeviceBehind] {
          try await store.read { try await $0.denyList.behind(after: id, limit: limit) }
        }
        // Before there is a list nobody lacks one.
        #expect(try await behind().isEmpty)
        try await pool.run(
          """
          insert into deny_list_version (version, made_at, added, removed)
          values (1, $1, 1, 0), (2, $1, 1, 0)
          """, [.timestamptz(noon)])
        try await pool.run(
          """
          insert into device_deny_list (device_id, version, seen_at, source)
          values ('V-1', 1, $1, 'fetch'), ('V-1', 2, $2, 'fetch'), ('V-2', 1, $2, 'batch')
          """, [.timestamptz(noon), .timestamptz(noon.adding(seconds: 60))])
        try await Self.tell("V-3", of: "3", seconds: 90, store)
        let all = try await behind()
        #expect(all.map(\.device) == ["V-2", "V-3"])
        #expect(all.map(\.heldVersion) == [1, nil])
        #expect(all.map(\.heldSince) == [noon.adding(seconds: 60), nil])
        #expect(all.map(\.lastSeenAt) == [nil, noon.adding(seconds: 90)])
        #expect(try await behind(limit: 1).map(\.device) == ["V-2"])
        #expect(try await behind(after: "V-2").map(\.device) == ["V-3"])
      }
    }

    /// Other hardware is in place; the old one told a position a moment before.
    @Test func whatReplacedHardwareToldSaysNothingOfTheOneInPlace() async throws {
      try await withStore { store, pool in
        try await Self.found(1, pool)
        try await pool.run(
          """
          insert into device_key (device_id, public_key, valid_from, epochs_from)
          values ('V-1', decode(repeat('00', 32), 'hex'), $1, 13)
          """, [.timestamptz(noon)])
        func heard() async throws -> Instant? {
          try await store.read { try await $0.fleet.lastContacts(of: ["V-1"]) }["V-1"]
        }
        try await Self.tell("V-1", of: "1", seconds: -1, store)
        #expect(try await heard() == nil)
        try await Self.tell("V-1", of: "1", seconds: 5, store)
        #expect(try await heard() == noon.adding(seconds: 5))
        try await store.write { try await $0.deviceLives.forgetContact(of: "V-1") }
        #expect(try await heard() == nil)
      }
    }

    /// Hardware that replaced another, and then changed its key, told a position between the two.
    @Test func anotherKeyOfTheSameHardwareForgetsNoPosition() async throws {
      try await withStore { store, pool in
        try await Self.found(1, pool)
        try await pool.run(
          """
          insert into device_key (device_id, public_key, valid_from, epochs_from, epoch_first)
          values ('V-1', decode(repeat('01', 32), 'hex'), $1, 13, 13),
            ('V-1', decode(repeat('00', 32), 'hex'), $2, 13, 13)
          """, [.timestamptz(noon), .timestamptz(noon.adding(seconds: 60))])
        func heard() async throws -> Instant? {
          try await store.read { try await $0.fleet.lastContacts(of: ["V-1"]) }["V-1"]
        }
        try await Self.tell("V-1", of: "1", seconds: -1, store)
        #expect(try await heard() == nil)
        try await Self.tell("V-1", of: "1", seconds: 5, store)
        #expect(try await heard() == noon.adding(seconds: 5))
      }
    }
  }
}
