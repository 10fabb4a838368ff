import Basics
import Postgres
import Store
import Testing

extension StoreSuite {
  @Suite struct Journal {
    private static let one = RegisterKey(device: "V-1", epoch: 3)

    @Test func aRegisterIsMadeForActiveDevicesOnly() async throws {
      try await withStore { store, pool in
        try await makeActive("V-1", in: store)
        try await store.write { session in
          try await session.devices.enroll("V-2", vehicle: nil, secretDigest: [0], at: noon)
        }
        let keys = [
          RegisterKey(device: "V-2", epoch: 0), Self.one, RegisterKey(device: "nobody", epoch: 0),
        ]
        let locked = try await store.write { session in
          try await session.journal.lockRegisters(keys, at: noon)
        }
        #expect(locked.keys.sorted() == [Self.one])
        #expect(locked[Self.one]?.seen == [])
        #expect(locked[Self.one]?.publicKeys == [[UInt8](repeating: 7, count: 32)])
        #expect(try await pool.number("select count(*) from device_epoch") == 1)
        _ = try await store.write { try await $0.devices.revoke("V-1", at: noon) }
        let later = try await store.write { session in
          try await session.journal.lockRegisters(keys, at: noon)
        }
        #expect(later.isEmpty)
      }
    }

    @Test func aGroupIsWrittenWhole() async throws {
      try await withStore { store, pool in
        try await makeActive("V-1", in: store)
        try await append(batch(fresh: 1..<5, digest: 1), seen: 1..<5, in: store)
        let registers = try await store.read { try await $0.devices.registers(of: ["V-1"]) }
        #expect(registers.map(\.seen) == [[1..<5]])
        #expect(registers.map(\.tapsStored) == [4])
        #expect(registers.map(\.conflicts) == [1])
        #expect(registers.map(\.quarantined) == [1])
        // The same conflict and the same impossible tap again are kept and counted once.
        try await append(batch(fresh: 5..<6, digest: 2), seen: 1..<6, in: store)
        #expect(try await pool.number("select count(*) from tap_conflict") == 1)
        #expect(try await pool.number("select count(*) from tap_quarantine") == 1)
        #expect(try await pool.number("select conflicts from device_epoch") == 1)
        #expect(try await pool.number("select count(*) from tap_batch") == 2)
        let digests = try await store.read { session in
          try await session.journal.conflicts(Self.one, among: [2..<3])
        }
        #expect(digests == [2: [[8]]])
      }
    }

    @Test func earlierBatchesAreThoseThatBroughtANumberFirst() async throws {
      try await withStore { store, _ in
        try await makeActive("V-1", in: store)
        try await append(batch(fresh: 1..<5, digest: 1), seen: 1..<5, in: store)
        try await append(batch(fresh: 5..<9, digest: 2), seen: 1..<9, in: store)
        try await append(batch(fresh: 20..<21, digest: 3), seen: 1..<9, in: store)
        let find = { @Sendable (numbers: [Range<Int64>], digest: UInt8) in
          try await store.read { session in
            try await session.journal.earlier(Self.one, sharing: numbers, otherThan: [digest])
          }
        }
        #expect(try await find([4..<6], 9).map(\.fresh) == [[1..<5], [5..<9]])
        #expect(try await find([6..<7], 9).map(\.fresh) == [[5..<9]])
        #expect(try await find([1..<2, 20..<21], 9).map(\.bodyDigest) == [[1], [3]])
        #expect(try await find([6..<7], 2).map(\.body) == [nil])
        #expect(try await find([6..<7], 9).map(\.body) == [[42]])
        #expect(try await find([9..<20], 9).isEmpty)
        #expect(try await find([], 9).isEmpty)
      }
    }

    @Test func theIndexServesTheSearchForEarlierBatches() async throws {
      try await withStore { _, pool in
        try await pool.run("set enable_seqscan = off")
        let plan = try await pool.session { connection in
          try await connection.execute("set local enable_seqscan = off")
          return try await connection.query(
            """
            explain select fresh from tap_batch where lane = 1 and device_id = 'V-1'
              and epoch = 3 and upper(fresh) > 5 and fresh && '{[5,6)}'
            """
          ).map { try $0.text(0) }.joined(separator: "\n")
        }
        #expect(plan.contains("tap_batch_device"))
      }
    }

    private func batch(fresh: Range<Int64>, digest: UInt8) -> JournalBatch {
      JournalBatch(
        register: Self.one, seqs: [fresh], fresh: [fresh], quarantined: [], receivedAt: noon,
        sentAt: noon, body: [42], signature: [0], bodyDigest: [digest])
    }

    private func append(
      _ batch: JournalBatch, seen: Range<Int64>, in store: Store
    ) async throws {
      var group = JournalGroup()
      group.batches = [batch]
      group.changes = [
        RegisterChange(
          register: Self.one, seen: [seen], tapsStored: Int64(batch.fresh[0].count),
          duplicates: 0, quarantined: 1, receivedAt: noon, sentAt: noon)
      ]
      group.conflicts = [
        TapConflict(
          register: Self.one, seq: 2, keptDigest: [7], otherDigest: [8], otherContent: "{}",
          receivedAt: noon)
      ]
      group.quarantined = [
        QuarantinedTap(
          register: Self.one, seq: 3, code: "tap_in_future", message: "later", content: "{}",
          receivedAt: noon)
      ]
      try await store.write { [group] session in
        _ = try await session.journal.lockRegisters([Self.one], at: noon)
        try await session.journal.append(group)
      }
    }
  }
}

func makeActive(_ id: String, in store: Store) async throws {
  try await store.write { session in
    try await session.devices.enroll(id, vehicle: nil, secretDigest: [0], at: noon)
    try await session.devices.activate(
      id, publicKey: [UInt8](repeating: 7, count: 32), at: noon)
  }
}
