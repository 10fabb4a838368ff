import Basics
import Intake
import Store
import Tapping
import Testing

extension IntakeSuite {
  /// Epochs are for counters that were lost and hardware that was replaced; who takes one with each post is told.
  @Suite struct EpochBound {
    private static func addRegisters(_ count: Int, in world: World) async throws {
      try await world.run(
        """
        insert into device_epoch (device_id, epoch, last_received_at, last_sent_at)
        select 'V-1', n, now(), now() from generate_series(0, \(count - 1)) n
        """)
    }

    @Test func whoBeginsTooManyEpochsIsToldAndAPersonHelps() async throws {
      try await World.with { world in
        let odd = try await world.validator("V-1")
        let max = Int64(DeviceQueries.epochsMax)
        try await Self.addRegisters(Int(max) - 1, in: world)
        #expect(try await world.send([tap(1)], epoch: max - 1, from: odd).accepted == 1)
        // An inquiry makes a register as well.
        for taps in [[tap(1)], []] {
          let refusal = try await world.post(odd.body(taps, epoch: max), from: odd).refusal()
          #expect(refusal.kind == .impossible && refusal.code == "too_many_epochs")
          #expect(refusal.pointer == "/epoch" && refusal.message.contains("1000"))
        }
        // What it began goes on, and others are let alone.
        #expect(try await world.send([tap(2)], epoch: max - 1, from: odd).accepted == 1)
        #expect(try await world.send([tap(1)], epoch: 5, from: odd).accepted == 1)
        let other = try await world.validator("V-2")
        #expect(try await world.send([tap(1)], epoch: 0, from: other).accepted == 1)
        #expect(try await world.number("select count(*) from device_epoch") == max + 1)
        let new = try Validator("V-1", seed: "new hardware")
        let epoch = try await Life.replace(in: world, by: new)
        #expect(try await world.send([tap(1)], epoch: epoch, from: new).accepted == 1)
      }
    }

    /// It has more epochs from before there was a bound: another process stops it.
    @Test func whoHasMoreEpochsThanItMayIsLookedUpWithEachBatch() async throws {
      try await World.with { world in
        let odd = try await world.validator("V-1")
        try await Self.addRegisters(DeviceQueries.epochsMax + 500, in: world)
        for seq in 1...3 {
          #expect(try await world.send([tap(Int64(seq))], epoch: 7, from: odd).accepted == 1)
        }
        let elsewhere = DeviceDesk(store: world.store, log: quiet)
        #expect(try await elsewhere.revoke("V-1", at: noon))
        let refusal = try await world.post(odd.body([tap(4)], epoch: 7), from: odd).refusal()
        #expect(refusal.code == "device_revoked")
        #expect(try await world.number("select taps_stored from device_epoch where epoch = 7") == 3)
      }
    }

    @Test(arguments: [(1, 10_000), (10, 10_000), (20, 5000), (1000, 100), (2000, 64)])
    func whoHasManyEpochsMayHaveFewerHolesInEach(_ epochs: Int, _ ranges: Int) {
      #expect(TapJournal.rangesMax(devicesEpochs: epochs) == ranges)
    }

    /// Bad flash loses every fifth tap: 120 holes that nobody can fill, of which an answer names 100.
    ///
    /// The validator forgets as docs/validator-protocol.md says.
    @Test func aValidatorThatLostManyNumbersComesToAnEmptyMemory() async throws {
      try await World.with { world in
        let validator = try await world.validator("V-1")
        var memory = (1...600).filter { $0 % 5 != 0 }.map { tap(Int64($0)) }
        var stopped: Int64 = 0
        while !memory.isEmpty {
          let batch = Array(memory.prefix(40))
          let answer = try await world.send(batch, epoch: 0, from: validator)
          #expect(answer.missing.count <= 100)
          stopped = answer.ackThrough
          // What this answer is about, and what is acknowledged beside it.
          let posted = Set(batch.map(\.seq))
          memory.removeAll { tap in
            posted.contains(tap.seq)
              || tap.seq <= answer.ackThrough
                && !answer.missing.contains { $0.contains(tap.seq) }
          }
        }
        #expect(stopped == 504)
        let journal = try await world.journal()
        #expect(journal.count == 480 && journal.values.allSatisfy { $0.count == 1 })
      }
    }
  }
}
