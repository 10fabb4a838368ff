import Basics
import Foundation
import Postgres
import Store
import Testing

extension StoreSuite {
  /// A device names its epochs itself, and each makes a register.
  @Suite struct DeviceEpochs {
    private static let one = RegisterKey(device: "V-1", epoch: 3)

    /// Registers of epochs 0, 1, 2 … of V-1, as if each had been named once.
    private static func addRegisters(_ count: Int, to pool: PostgresPool) async throws {
      try await pool.run(
        """
        insert into device_epoch (device_id, epoch, last_received_at, last_sent_at)
        select 'V-1', n, now(), now() from generate_series(0, $1::bigint - 1) n
        """, [.int8(Int64(count))])
    }

    private static func lock(
      _ epochs: ClosedRange<Int64>, in store: Store
    ) async throws -> [RegisterKey: LockedRegister] {
      try await store.write { db in
        try await db.journal.lockRegisters(
          epochs.map { RegisterKey(device: "V-1", epoch: $0) }, at: noon)
      }
    }

    @Test func aDeviceBeginsAsManyEpochsAsItMayAndNoMore() async throws {
      try await withStore { store, pool in
        try await makeActive("V-1", in: store)
        let max = Int64(DeviceQueries.epochsMax)
        try await Self.addRegisters(Int(max) - 2, to: pool)
        // Three more in one group: there is room for two.
        let last = try await Self.lock(max - 2...max, in: store)
        #expect(last.keys.map(\.epoch).sorted() == [max - 2, max - 1])
        #expect(last.values.allSatisfy { !$0.isCrowded && $0.devicesEpochs == Int(max) })
        #expect(try await Self.lock(max...max, in: store).isEmpty)
        #expect(try await Self.lock(5...5, in: store).count == 1)
        #expect(try await pool.number("select count(*) from device_epoch") == max)
        let full = try await store.read { db in
          try await db.journal.devicesWithoutRoom(among: ["V-1", "V-2"])
        }
        #expect(full == ["V-1"])
        // A person lets other hardware in, or the same anew: there is room again.
        try await store.write { db in
          try await db.devices.takeKey(
            "V-1", [UInt8](repeating: 8, count: 32), epochsFrom: 5000, epochFirst: 5000, at: noon)
        }
        #expect(try await Self.lock(5000...5000, in: store).count == 1)
        // Another key of the same hardware makes no room.
        try await store.write { db in
          try await db.devices.takeKey(
            "V-1", [UInt8](repeating: 9, count: 32), epochsFrom: 5000, epochFirst: 5000, at: noon)
        }
        #expect(
          try await pool.number("select device_epochs_max('V-1')")
            == 2 * Int64(DeviceQueries.epochsMax))
      }
    }

    /// From before there was a bound; KVYTOK_EPOCH_ROWS tries it with more.
    @Test func aDeviceOfThousandsOfEpochsIsStoppedAtOnce() async throws {
      let wanted = ProcessInfo.processInfo.environment["KVYTOK_EPOCH_ROWS"].flatMap { Int($0) }
      let count = wanted ?? 20_000
      try await withStore { store, pool in
        try await makeActive("V-1", in: store)
        try await Self.addRegisters(count, to: pool)
        let held = try #require(try await Self.lock(3...3, in: store)[Self.one])
        // Nobody keeps it in mind: what it may do is looked up with each batch.
        #expect(held.isCrowded && held.devicesEpochs == DeviceQueries.epochsMax + 1)
        #expect(try await Self.lock(Int64(count)...Int64(count), in: store).isEmpty)
        let listed = try await store.read { try await $0.devices.registers(of: ["V-1"]) }
        #expect(listed.count == DeviceQueries.registersMax)
        #expect(listed.last?.epoch == Int64(count) - 1)
        _ = try await store.write { try await $0.devices.revoke("V-1", at: noon) }
        // It takes as long as with one register: none of them is touched.
        #expect(try await pool.number("select sum(edition)::int8 from device_epoch") == 0)
        #expect(try await Self.lock(3...3, in: store).isEmpty)
      }
    }

    @Test func oneStatementMarksARegisterOnceHoweverManyKeysItChanges() async throws {
      try await withStore { store, pool in
        try await makeActive("V-1", in: store)
        for key in 8...12 {
          try await store.write { db in
            try await db.devices.takeKey(
              "V-1", [UInt8](repeating: UInt8(key), count: 32), epochsFrom: 0, epochFirst: 0,
              at: noon)
          }
        }
        let before = try #require(try await Self.lock(3...3, in: store)[Self.one])
        #expect(before.publicKeys.count == 6)
        let ended = try await store.write { db in
          try await db.devices.endKeys("V-1", isCurrentKept: true, at: noon)
        }
        #expect(ended == 5)
        let after = try #require(try await Self.lock(3...3, in: store)[Self.one])
        #expect(after.edition == before.edition + 1 && after.publicKeys.count == 1)
        try await pool.run("delete from device_key where end_reason = 'revoked'")
        let last = try #require(try await Self.lock(3...3, in: store)[Self.one])
        #expect(last.edition == after.edition + 1)
      }
    }

    /// Another process stops the device, or ends its keys, and a group waits for the register meanwhile.
    @Test(arguments: [true, false], [1, DeviceQueries.epochsMax + 1])
    func whoWaitedForARegisterSeesWhatItsDeviceMayDoNow(
      _ isStopped: Bool, _ epochs: Int
    ) async throws {
      try await withStore { store, pool in
        try await makeActive("V-1", in: store)
        try await Self.addRegisters(epochs, to: pool)
        _ = try await Self.lock(0...0, in: store)
        let isStopping = AsyncStream<Void>.makeStream()
        async let stopping: Void = store.write { db in
          if isStopped {
            _ = try await db.devices.revoke("V-1", at: noon)
          } else {
            try await db.devices.endKeys("V-1", isCurrentKept: false, at: noon)
          }
          isStopping.continuation.yield()
          for _ in 0..<600 {
            let waiting = try await pool.number(
              "select count(*) from pg_stat_activity where wait_event_type = 'Lock' "
                + "and datname = current_database()")
            if waiting > 0 { return }
            try await Task.sleep(for: .milliseconds(50))
          }
          Issue.record("nobody waited")
        }
        var began = isStopping.stream.makeAsyncIterator()
        _ = await began.next()
        let locked = try await Self.lock(0...0, in: store)
        try await stopping
        let keys = locked.values.flatMap(\.publicKeys)
        #expect(keys.isEmpty)
        #expect(locked.isEmpty == isStopped)
      }
    }
  }
}
