import Basics
import Postgres
import Store
import Tapping
import Testing

extension StoreSuite {
  @Suite struct DenyLists {
    private static let media = (1...4).map { MediumID(high: 7, low: UInt64($0)) }

    /// Media 1 to 4; 3 and 4 have one fingerprint by chance.
    private static func prepare(_ pool: PostgresPool) async throws {
      for (index, medium) in media.enumerated() {
        let id = PostgresValue.identifier(medium)
        try await pool.run("insert into rider values ($1, 0, now())", [id])
        let print = [UInt8](repeating: UInt8(min(index, 2) + 1), count: 8)
        try await pool.run(
          """
          insert into medium (medium_id, rider_id, kind, first_seen_at, fingerprint)
          values ($1, $1, 'card', now(), $2)
          """, [id, .bytea(print)])
      }
    }

    private static func deny(
      _ index: Int, _ reason: String, _ store: Store, at seconds: Int64 = 0
    ) async throws -> Int64 {
      try await store.write { db in
        try await db.denyList.deny(
          medium: media[index], reason: reason, by: "olha", at: noon.adding(seconds: seconds))
      }
    }

    private static func allow(
      _ index: Int, _ reason: String?, _ store: Store
    ) async throws -> Int64 {
      try await store.write { db in
        try await db.denyList.allow(medium: media[index], reason: reason, by: "olha", at: noon)
      }
    }

    private static func digits(_ bytes: [UInt8]) -> String {
      stride(from: 0, to: bytes.count, by: 8).map { String(bytes[$0]) }.joined(separator: " ")
    }

    @Test func eachChangeIsAVersionAndNothingIsMissedBetweenTwo() async throws {
      try await withStore { store, pool in
        try await Self.prepare(pool)
        #expect(try await store.read { try await $0.denyList.head().version } == 0)
        #expect(try await Self.deny(0, "lost", store) == 1)
        #expect(try await Self.deny(1, "debt", store) == 2)
        // What is denied already makes no version.
        #expect(try await Self.deny(1, "debt", store) == 2)
        #expect(try await Self.allow(0, nil, store) == 3)
        #expect(try await Self.allow(0, nil, store) == 3)
        let changes = try await store.read { db in
          var changes: [String] = []
          for version in 0...3 {
            let (added, removed) = try await db.denyList.changes(since: Int64(version))
            changes.append("+\(Self.digits(added)) -\(Self.digits(removed))")
          }
          return changes
        }
        #expect(changes == ["+2 -1", "+2 -1", "+ -1", "+ -"])
        #expect(
          try await store.read { try await $0.denyList.all() } == [UInt8](repeating: 2, count: 8))
        #expect(
          try await store.read { try await $0.denyList.head() }
            == DenyListHead(version: 3, count: 1))
        // What each change took the place of stays.
        #expect(try await Self.deny(0, "lost", store) == 4)
        let past = try await pool.texts(
          """
          select concat_ws(' ', get_byte(fingerprint, 0), version, is_denied) from deny_list_past
          order by fingerprint, version
          """)
        #expect(past == ["1 1 t", "1 3 f"])
        let first = try await pool.texts(
          "select concat_ws(' ', version, first_version) from deny_list order by fingerprint")
        #expect(first == ["4 1", "2 2"])
      }
    }

    /// A worker's commits need not wait for the disk; what validators are told at once has to.
    @Test func aVersionIsOnDiskBeforeAnybodyHearsOfIt() async throws {
      try await withStore { store, pool in
        try await Self.prepare(pool)
        try await pool.run("create table told (setting text)", [])
        try await pool.run(
          """
          create function tell() returns trigger language plpgsql as $$
          begin insert into told select current_setting('synchronous_commit'); return null; end $$
          """, [])
        try await pool.run(
          """
          create constraint trigger tell after insert on deny_list_version deferrable initially
          deferred for each row execute function tell()
          """, [])
        _ = try await store.write { db in
          _ = try await db.tryLane(.rating, lane: 0)
          return try await db.denyList.deny(
            medium: Self.media[0], reason: "debt", by: "kvytok", at: noon)
        }
        let told = try await pool.session { db in try await db.query("select setting from told") }
        #expect(try told.map { try $0.text(0) } == ["on"])
        // A service is told of a database that is set up otherwise.
        try await pool.transaction { db in
          #expect(try await db.commitsDurably())
          _ = try await db.execute("set local synchronous_commit = off")
          #expect(try await !db.commitsDurably())
        }
      }
    }

    @Test func aMediumStaysDeniedWhileAnyCauseHolds() async throws {
      try await withStore { store, pool in
        try await Self.prepare(pool)
        _ = try await Self.deny(0, "lost", store)
        #expect(try await Self.deny(0, "debt", store) == 1)
        #expect(try await Self.allow(0, "debt", store) == 1)
        #expect(try await store.read { try await $0.denyList.isDenied(Self.media[0]) })
        #expect(try await Self.allow(0, "lost", store) == 2)
        #expect(try await !store.read { try await $0.denyList.isDenied(Self.media[0]) })
        let causes = try await store.read { db in
          try await db.denyList.causes(medium: Self.media[0], holdingOnly: false)
        }
        #expect(causes.map(\.reason) == ["debt", "lost"])
        #expect(causes.allSatisfy { $0.liftedBy == "olha" })
        #expect(try await Self.deny(0, "lost", store) == 3)
      }
    }

    @Test func twoMediaOfOneFingerprintAreDeniedUntilBothAreAllowed() async throws {
      try await withStore { store, pool in
        try await Self.prepare(pool)
        #expect(try await Self.deny(2, "lost", store) == 1)
        #expect(try await Self.deny(3, "lost", store) == 1)
        #expect(try await Self.allow(2, nil, store) == 1)
        #expect(try await Self.allow(3, nil, store) == 2)
        #expect(try await store.read { try await $0.denyList.all() }.isEmpty)
      }
    }

    /// Media 1 and 2 find no room.
    @Test func aFullListRefusesAPersonAndLetsAWorkersMediaWaitForRoom() async throws {
      try await withStore { store, pool in
        try await Self.prepare(pool)
        func change(
          _ index: Int,
          _ body: @escaping @Sendable (DenyListQueries, MediumID) async throws -> Int64
        ) async throws -> Int64 {
          try await store.write { db in
            var list = db.denyList
            list.entriesMax = 1
            return try await body(list, Self.media[index])
          }
        }
        func deny(_ index: Int, isPatient: Bool = false) async throws -> Int64 {
          try await change(index) { list, medium in
            try await list.deny(media: [medium], reason: "debt", at: noon, isPatient: isPatient)
          }
        }
        func allow(_ index: Int) async throws -> Int64 {
          try await change(index) { try await $0.allow(medium: $1, at: noon) }
        }
        func head() async throws -> DenyListHead {
          try await store.read { try await $0.denyList.head() }
        }
        #expect(try await deny(2) == 1)
        await #expect(throws: DenyListFault.full) { try await deny(0) }
        #expect(try await pool.number("select count(*) from deny_cause") == 1)
        for index in [1, 0] { #expect(try await deny(index, isPatient: true) == 1) }
        #expect(try await head() == DenyListHead(version: 1, count: 1))
        #expect(try await store.read { try await $0.denyList.isDenied(Self.media[0]) })
        // What comes free goes to the one that was denied first, in the version that frees it.
        #expect(try await allow(2) == 2)
        let changes = try await store.read { try await $0.denyList.changes(since: 1) }
        #expect(Self.digits(changes.added) == "2" && Self.digits(changes.removed) == "3")
        // One that waits and is let on again takes nobody's room.
        #expect(try await allow(0) == 2)
        #expect(try await allow(1) == 3)
        #expect(try await head() == DenyListHead(version: 3, count: 0))
        #expect(try await deny(0) == 4)
      }
    }

    @Test func whatWasNeverTappedCannotBeDenied() async throws {
      try await withStore { store, pool in
        try await Self.prepare(pool)
        let nobody = MediumID(high: 1, low: 1)
        await #expect(throws: DenyListFault.mediumUnknown(nobody)) {
          try await store.write { db in
            try await db.denyList.deny(media: [Self.media[0], nobody], reason: "lost", at: noon)
          }
        }
        #expect(try await store.read { try await $0.denyList.head().version } == 0)
        // A medium of which nothing can be read any more has no fingerprint to be known by.
        try await pool.run("update medium set fingerprint = null")
        await #expect(throws: DenyListFault.fingerprintUnknown(Self.media[0])) {
          try await store.write { db in
            try await db.denyList.deny(medium: Self.media[0], reason: "lost", at: noon)
          }
        }
      }
    }

    @Test func manyWhoChangeTheListAtOnceMakeVersionsOneByOne() async throws {
      try await withStore { store, pool in
        try await Self.prepare(pool)
        try await withThrowingTaskGroup(of: Void.self) { group in
          for round in 0..<12 {
            group.addTask {
              if round % 3 == 2 {
                _ = try await Self.allow(round % 2, nil, store)
              } else {
                _ = try await Self.deny(round % 2, "lost", store)
              }
            }
          }
          try await group.waitForAll()
        }
        let head = try await store.read { try await $0.denyList.head() }
        #expect(
          try await pool.number("select count(*) from deny_list_version") == head.version)
        let denied = try await pool.number(
          "select count(distinct medium_id) from deny_cause where lifted_at is null")
        #expect(denied == Int64(head.count))
      }
    }

    @Test func theWayToTheDevicesIsMeasured() async throws {
      try await withStore { store, pool in
        try await Self.prepare(pool)
        try await pool.run(
          """
          insert into device (device_id, state, public_key, enrolled_at)
          select 'V-' || n, 'active', decode(repeat('00', 32), 'hex'), now()
          from generate_series(1, 3) n
          """)
        _ = try await Self.deny(0, "lost", store)
        _ = try await Self.deny(1, "lost", store, at: 60)
        func note(_ device: String, _ version: Int64, _ seconds: Int64) async throws -> [Double] {
          try await store.write { db in
            try await db.denyList.note([
              DenyListSighting(
                device: device, version: version, at: noon.adding(seconds: seconds),
                source: .fetch)
            ])
          }
        }
        // What nobody holds took no time yet.
        let untold = try await store.read { try await $0.denyList.versions(limit: 10) }
        #expect(untold.map(\.devicesReached) == [0, 0])
        #expect(untold.map(\.latencyP50) == [nil, nil] && untold.map(\.latencyP95) == [nil, nil])
        #expect(untold.map(\.latencyMax) == [nil, nil])
        #expect(try await note("V-1", 1, 30) == [30])
        #expect(try await note("V-1", 1, 40) == [])
        #expect(try await note("V-2", 2, 100) == [40])
        // Versions that were never made, and devices that are nobody, are not noted.
        #expect(try await note("V-3", 99, 100) == [])
        #expect(try await note("V-9", 1, 100) == [])
        let versions = try await store.read { try await $0.denyList.versions(limit: 10) }
        #expect(versions.map(\.version) == [2, 1])
        #expect(versions.map(\.devicesReached) == [1, 2])
        #expect(versions.map(\.devicesActive) == [3, 3])
        // V-2 took version 1 with version 2: after 100 seconds.
        #expect(versions.map(\.latencyMax) == [40, 100])
        #expect(versions[1].latencyP50 == 65)
      }
    }

    /// Nobody could have a version before the one below it, however long it waited for its turn.
    @Test func aVersionIsNeverMadeBeforeTheOneBelow() async throws {
      try await withStore { store, pool in
        try await Self.prepare(pool)
        _ = try await Self.deny(0, "lost", store, at: 600)
        _ = try await Self.deny(1, "lost", store)
        _ = try await Self.deny(2, "lost", store, at: 1200)
        let base = try await store.write { try await $0.denyList.startLine(at: noon) }
        let made = try await store.read { try await $0.denyList.versions(limit: 4) }
        #expect(made.map(\.version) == [base, 3, 2, 1])
        #expect(made.map(\.madeAt) == [1200, 1200, 600, 600].map { noon.adding(seconds: $0) })
        // But a clock that was wrong for a while does not go on in the list.
        #expect(try await Self.allow(0, nil, store) == base + 1)
        #expect(try await Self.deny(0, "lost", store, at: 86_400) == base + 2)
        #expect(try await Self.allow(1, nil, store) == base + 3)
        let last = try await store.read { try await $0.denyList.versions(limit: 1) }
        #expect(last.map { $0.madeAt < noon.adding(seconds: 3600) } == [true])
      }
    }

    /// Versions 1 to some, each made a minute after the other.
    private static func makeVersions(_ count: Int64, _ pool: PostgresPool) async throws {
      try await pool.run(
        """
        insert into deny_list_version (version, made_at, added, removed)
        select n, $1::timestamptz + n * interval '1 minute', 1, 0 from generate_series(1, $2::bigint) n
        """, [.timestamptz(noon), .int8(count)])
    }

    /// The list changed last three weeks ago, and a validator is activated today.
    @Test func noNewsIsOnItsWayToADeviceThatIsNotThereYet() async throws {
      try await withStore { store, pool in
        try await Self.makeVersions(1, pool)
        let activated = noon.adding(seconds: 21 * 86_400)
        try await pool.run(
          """
          insert into device (device_id, state, public_key, enrolled_at)
          values ('V-1', 'active', decode(repeat('02', 32), 'hex'), $1)
          """, [.timestamptz(activated)])
        // Its first key, and another since an hour after.
        for (key, hours) in [("01", Int64(0)), ("02", 1)] {
          try await pool.run(
            """
            insert into device_key (device_id, public_key, valid_from, epochs_from, epoch_first)
            values ('V-1', decode(repeat($1, 32), 'hex'), $2, 10, 10)
            """, [.text(key), .timestamptz(activated.adding(seconds: hours * 3600))])
        }
        let noted = try await store.write { db in
          try await db.denyList.note([
            DenyListSighting(
              device: "V-1", version: 1, at: activated.adding(seconds: 7), source: .fetch)
          ])
        }
        #expect(noted == [7])
        let version = try await store.read { try await $0.denyList.versions(limit: 1).first }
        #expect(version?.devicesReached == 1 && version?.latencyMax == 7)
        let held = try await store.read { try await $0.denyList.sightings(of: "V-1", limit: 9) }
        #expect(held.map(\.seconds) == [7])
      }
    }

    @Test func aDeviceThatLostItsMemoryHoldsWhatItsHeartbeatNames() async throws {
      try await withStore { store, pool in
        try await Self.makeVersions(9, pool)
        try await pool.run(
          """
          insert into device (device_id, state, public_key, enrolled_at)
          select 'V-' || n, 'active', decode(repeat('00', 32), 'hex'), now()
          from generate_series(1, 2) n
          """)
        func note(
          _ version: Int64, after seconds: Int64, _ source: DenyListSource
        ) async throws -> [Int] {
          try await store.write { db in
            _ = try await db.denyList.note(
              ["V-1", "V-2"].map {
                DenyListSighting(
                  device: $0, version: $0 == "V-1" ? version : 9, at: noon.adding(seconds: seconds),
                  source: source)
              })
            return try await db.denyList.versions(limit: 1).map(\.devicesReached)
          }
        }
        #expect(try await note(9, after: 1000, .fetch) == [2])
        // A heartbeat that was on its way, and a batch that waited, say nothing against it.
        #expect(try await note(8, after: 1030, .heartbeat) == [2])
        #expect(try await note(3, after: 9000, .batch) == [2])
        #expect(try await note(3, after: 9000, .heartbeat) == [1])
        let held = try await store.read { try await $0.denyList.sightings(of: "V-1", limit: 9) }
        #expect(held.map(\.version) == [3])
        #expect(try await note(9, after: 9060, .heartbeat) == [2])
        #expect(try await note(0, after: 99_000, .heartbeat) == [1])
      }
    }

    @Test func whatIsToldNoMoreIsForgotten() async throws {
      try await withStore { store, pool in
        try await Self.makeVersions(200, pool)
        try await pool.run(
          """
          insert into device (device_id, state, public_key, enrolled_at)
          select 'V-' || n, 'active', decode(repeat('00', 32), 'hex'), now()
          from generate_series(1, 3) n
          """)
        // The last one was switched off long ago.
        for (device, last) in [("V-1", Int64(200)), ("V-2", 200), ("V-3", 7)] {
          try await pool.run(
            """
            insert into device_deny_list (device_id, version, seen_at, source)
            select $1, version, made_at + interval '10 s', 'heartbeat' from deny_list_version
            where version <= $2
            """, [.text(device), .int8(last)])
        }
        func told() async throws -> [DenyListVersion] {
          try await store.read {
            try await $0.denyList.versions(limit: DenyListQueries.versionsMax)
          }
        }
        let before = try await told()
        #expect(before.count == 100 && before.allSatisfy { $0.devicesReached == 2 })
        let some = try await store.write { try await $0.denyList.forgetOldSightings(limit: 6) }
        #expect(some == 6)
        let others = try await store.write { try await $0.denyList.forgetOldSightings() }
        #expect(others == 200)
        #expect(try await told() == before)
        #expect(
          try await pool.texts(
            "select device_id || ' ' || count(*) from device_deny_list group by device_id order by 1"
          )
            == ["V-1 100", "V-2 100", "V-3 1"])
        #expect(try await store.write { try await $0.denyList.forgetOldSightings() } == 0)
      }
    }

    @Test func anotherLineBeginsFarAboveAndNoDeviceIsTakenToHoldIt() async throws {
      try await withStore { store, pool in
        try await Self.prepare(pool)
        try await pool.run(
          """
          insert into device (device_id, state, public_key, enrolled_at)
          values ('V-1', 'active', decode(repeat('01', 32), 'hex'), $1)
          """, [.timestamptz(noon)])
        #expect(try await Self.deny(0, "lost", store) == 1)
        let none = try await store.read { try await $0.denyList.base() }
        #expect(none == 0)
        _ = try await store.write { db in
          try await db.denyList.note([
            DenyListSighting(device: "V-1", version: 1, at: noon, source: .fetch)
          ])
        }
        let base = try await store.write { try await $0.denyList.startLine(at: noon) }
        #expect(base == noon.microseconds / 1_000_000)
        let kept = try await store.read { try await $0.denyList.base() }
        #expect(kept == base)
        let head = try await store.read { try await $0.denyList.head() }
        #expect(head == DenyListHead(version: base, count: 1))
        let newest = try await store.read { try await $0.denyList.versions(limit: 1).first }
        #expect(newest?.devicesActive == 1 && newest?.devicesReached == 0)
        #expect(try await Self.deny(1, "debt", store) == base + 1)
        // A clock that is below the newest version makes none twice.
        let next = try await store.write { db in
          try await db.denyList.startLine(at: noon.adding(seconds: -5))
        }
        #expect(next == base + 1_000_001)
      }
    }

    @Test func aHundredThousandEntriesAreReadInOneGo() async throws {
      try await withStore { store, pool in
        try await pool.run(
          "insert into deny_list_version values (1, now(), 100000, 0)")
        try await pool.run(
          """
          insert into deny_list
          select substr(sha256(n::text::bytea), 1, 8), true, 1 from generate_series(1, 100000) n
          """)
        let all = try await store.read { try await $0.denyList.all() }
        #expect(all.count == 800_000)
        let file = DenyListFile(
          version: 1, since: nil, salt: [UInt8](repeating: 0, count: 16), added: all)
        #expect(file.denies(Array(SHA256Digest.hash(Array("99999".utf8)).prefix(8))))
        #expect(!file.denies(Array(SHA256Digest.hash(Array("100001".utf8)).prefix(8))))
      }
    }
  }
}
