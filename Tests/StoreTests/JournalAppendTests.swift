import Basics
import Postgres
import Store
import Testing

extension StoreSuite {
  /// The way in with one statement, which holds only while the registers stand as expected.
  @Suite struct JournalAppend {
    private static let one = RegisterKey(device: "V-1", epoch: 3)

    @Test func aGroupIsWrittenWhenItsRegistersStandAsExpected() async throws {
      try await withStore { store, pool in
        let register = try await opened(in: store)
        #expect(try await append(1..<5, to: register, in: store))
        let registers = try await store.read { try await $0.devices.registers(of: ["V-1"]) }
        #expect(registers.map(\.seen) == [[1..<5]])
        #expect(registers.map(\.tapsStored) == [4])
        #expect(
          try await pool.number(
            "select count(*) from tap_batch where seqs = fresh and isempty(quarantined)") == 1)
      }
    }

    @Test func nothingIsWrittenWhenNumbersCameInBetween() async throws {
      try await withStore { store, pool in
        let register = try await opened(in: store)
        #expect(try await append(1..<5, to: register, in: store))
        #expect(try await append(5..<9, to: register, in: store) == false)
        #expect(try await pool.number("select count(*) from tap_batch") == 1)
        #expect(try await pool.number("select taps_stored from device_epoch") == 4)
      }
    }

    @Test func oneRegisterThatStandsOtherwiseKeepsTheWholeGroupOut() async throws {
      try await withStore { store, pool in
        let register = try await opened(in: store)
        try await makeActive("V-2", in: store)
        let two = RegisterKey(device: "V-2", epoch: 0)
        let other = try await lock(two, in: store)
        var group = JournalGroup()
        group.batches = [batch(Self.one, 1..<5), batch(two, 1..<5)]
        group.changes = [change(Self.one, 1..<5), change(two, 1..<5)]
        let isWritten = try await store.append(
          group,
          expecting: [
            expectation(Self.one, register),
            ExpectedRegister(register: two, edition: other.edition + 1),
          ])
        #expect(!isWritten)
        #expect(try await pool.number("select count(*) from tap_batch") == 0)
        #expect(try await pool.number("select sum(taps_stored)::int8 from device_epoch") == 0)
      }
    }

    @Test(arguments: [
      "update device set state = 'suspended'", "update device set state = 'revoked'",
      "update device_key set accepted_until = now()", "update device_key set epochs_before = 3",
      "delete from device_key",
    ])
    func nothingIsWrittenOnceTheDeviceMayDoOtherThings(_ change: String) async throws {
      try await withStore { store, pool in
        let register = try await opened(in: store)
        try await pool.run(change)
        #expect(try await append(1..<5, to: register, in: store) == false)
        #expect(try await pool.number("select count(*) from tap_batch") == 0)
      }
    }

    @Test func aNewKeyLeavesTheRegisterAsItWas() async throws {
      try await withStore { store, _ in
        let register = try await opened(in: store)
        try await store.write { session in
          try await session.devices.takeKey(
            "V-1", [UInt8](repeating: 8, count: 32), epochsFrom: 0, epochFirst: 0, at: noon)
        }
        #expect(try await append(1..<5, to: register, in: store))
      }
    }

    @Test func theEndOfAKeyIsKnownBeforehand() async throws {
      try await withStore { store, _ in
        let before = try await opened(in: store)
        #expect(before.keysHoldUntil == nil)
        let end = noon.adding(seconds: 60)
        try await store.write { session in
          try await session.devices.takeKey(
            "V-1", [UInt8](repeating: 8, count: 32), epochsFrom: 0, epochFirst: 0, at: noon)
          try await session.devices.overlapOldKeys("V-1", until: end)
        }
        let after = try await lock(Self.one, in: store)
        #expect(after.keysHoldUntil == end)
        #expect(after.publicKeys.count == 2)
        #expect(after.edition > before.edition)
      }
    }

    /// A device is stopped while another process makes its first register: whichever comes first,
    /// what was decided about the register before does not hold afterwards.
    @Test func aRegisterMadeWhileItsDeviceIsStoppedIsMarkedToo() async throws {
      try await withStore { store, pool in
        try await makeActive("V-1", in: store)
        let isMade = AsyncStream<LockedRegister>.makeStream()
        async let making: Void = store.write { session in
          let locked = try await session.journal.lockRegisters([Self.one], at: noon)
          isMade.continuation.yield(try #require(locked[Self.one]))
          // As long as it takes until the other one waits for this transaction.
          for _ in 0..<600 {
            let waiting = try await pool.number(
              "select count(*) from pg_stat_activity where wait_event_type = 'Lock' "
                + "and datname = current_database()")
            if waiting > 0 { return }
            try await Task.sleep(for: .milliseconds(50))
          }
          Issue.record("stopping the device did not wait for its register")
        }
        var made = isMade.stream.makeAsyncIterator()
        let register = try #require(await made.next())
        _ = try await store.write { try await $0.devices.revoke("V-1", at: noon) }
        try await making
        #expect(try await append(1..<5, to: register, in: store) == false)
      }
    }

    // MARK: Parts

    private func opened(in store: Store) async throws -> LockedRegister {
      try await makeActive("V-1", in: store)
      return try await lock(Self.one, in: store)
    }

    private func lock(_ key: RegisterKey, in store: Store) async throws -> LockedRegister {
      let locked = try await store.write { session in
        try await session.journal.lockRegisters([key], at: noon)
      }
      return try #require(locked[key])
    }

    private func append(
      _ numbers: Range<Int64>, to register: LockedRegister, in store: Store
    ) async throws -> Bool {
      var group = JournalGroup()
      group.batches = [batch(Self.one, numbers)]
      group.changes = [change(Self.one, numbers)]
      return try await store.append(group, expecting: [expectation(Self.one, register)])
    }

    private func expectation(
      _ key: RegisterKey, _ register: LockedRegister
    ) -> ExpectedRegister {
      ExpectedRegister(register: key, edition: register.edition)
    }

    private func batch(_ key: RegisterKey, _ numbers: Range<Int64>) -> JournalBatch {
      JournalBatch(
        register: key, seqs: [numbers], fresh: [numbers], quarantined: [], receivedAt: noon,
        sentAt: noon, body: [42], proof: .signature([1]), bodyDigest: [1])
    }

    private func change(_ key: RegisterKey, _ numbers: Range<Int64>) -> RegisterChange {
      RegisterChange(
        register: key, seen: [numbers], tapsStored: Int64(numbers.count), duplicates: 0,
        quarantined: 0, receivedAt: noon, sentAt: noon)
    }
  }
}
