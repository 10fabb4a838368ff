import Basics
import Intake
import Postgres
import Store
import Tapping
import Testing

extension IntakeSuite {
  @Suite struct Service {
    @Test func aBatchIsInTheJournalOnceItIsAnswered() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        let body = validator.body([tap(1), tap(2), tap(5)])
        let answer = try await world.post(body, from: validator).answer()
        #expect(answer.accepted == 3)
        #expect(answer.ackThrough == 5)
        #expect(answer.missing == [3...4])
        #expect(answer.serverTime == noon)
        #expect(answer.tariffVersion == "2026-11")
        #expect(answer.denyListVersion == 18)
        let rows = try await world.pool.session { connection in
          try await connection.query(
            "select lane, seqs, fresh, body, signature, body_digest, sorted_at from tap_batch"
          ).only()
        }
        #expect(try rows.int2(0) == Lane.of(name: validator.id))
        #expect(try rows.int8multirange(1) == [1..<3, 5..<6])
        #expect(try rows.int8multirange(2) == [1..<3, 5..<6])
        #expect(try rows.bytea(3) == body)
        #expect(try rows.bytea(4) == validator.keys.sign(body))
        #expect(try rows.bytea(5) == SHA256Digest.hash(body))
        #expect(try rows.isNull(6))
      }
    }

    @Test func theSameBatchAgainIsAllDuplicatesAndNoNewRow() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        let taps = [tap(1), tap(2), tap(2, route: "22"), tap(3, riders: 0)]
        let first = try await world.send(taps, from: validator)
        #expect(first.accepted == 2)
        #expect(first.conflicts == [2])
        #expect(first.rejected.map(\.code) == ["riders_out_of_range"])
        for _ in 0..<3 {
          let again = try await world.send(taps, from: validator)
          #expect(again.accepted == 0)
          #expect(again.duplicates == 4)
          #expect(again.conflicts.isEmpty)
          #expect(again.rejected.isEmpty)
          #expect(again.ackThrough == first.ackThrough)
        }
        #expect(try await world.number("select count(*) from tap_batch") == 1)
        #expect(try await world.register()?.duplicates == 12)
      }
    }

    /// Whoever saw an old batch can post it again; a device that is gone would count as alive.
    @Test func anOldBatchOnceMoreIsNoSignOfLife() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        let body = validator.body([tap(1)])
        let hour = noon.adding(seconds: 3600)
        _ = try await world.post(body, from: validator).answer()
        let again = try await world.post(body, from: validator, at: hour).answer()
        #expect(again.duplicates == 1)
        let kept = try await world.register()
        #expect(kept?.lastReceivedAt == noon && kept?.lastSentAt == noon)
        #expect(kept?.duplicates == 1)
        // An empty batch of now is one, and so are taps that nobody has seen, however late they say they are.
        let empty = validator.body([], sentAt: hour)
        _ = try await world.post(empty, from: validator, at: hour).answer()
        #expect(try await world.register()?.lastReceivedAt == hour)
        let later = hour.adding(seconds: 3600)
        _ = try await world.post(validator.body([tap(2)]), from: validator, at: later).answer()
        #expect(try await world.register()?.lastReceivedAt == later)
      }
    }

    @Test func anEpochCountsAnew() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        _ = try await world.send([tap(1)], epoch: 3, from: validator)
        let answer = try await world.send([tap(1, route: "22")], epoch: 4, from: validator)
        #expect(answer.accepted == 1)
        #expect(answer.conflicts.isEmpty)
      }
    }

    @Test func theSorterIsWokenByACommit() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        var heard = world.store.announcements(.journal).makeAsyncIterator()
        #expect(await heard.next() == "")
        _ = try await world.send([tap(1)], from: validator)
        #expect(await heard.next() != nil)
      }
    }

    @Test func manyBatchesOfOneDeviceAtOnceSeeEachOther() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        let answers = try await withThrowingTaskGroup(of: TapBatchAnswer.self) { group in
          for number in 0..<60 {
            // Each tap comes in three batches.
            let first = Int64(number / 3 * 10)
            group.addTask {
              try await world.send((1...10).map { tap(first + $0) }, from: validator)
            }
          }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.map(\.accepted).reduce(0, +) == 200)
        #expect(answers.map(\.duplicates).reduce(0, +) == 400)
        #expect(try await world.register()?.seen == [1..<201])
        #expect(try await world.register()?.tapsStored == 200)
        #expect(try await world.journal().values.allSatisfy { $0.count == 1 })
      }
    }

    @Test func twoServicesOnOneDatabaseStoreEachTapOnce() async throws {
      try await World.with { world in
        let other = try World(pool: world.pool)
        let validator = try await world.validator()
        let second = try await world.validator("V-0043")
        try await withThrowingTaskGroup(of: Void.self) { group in
          for number in 0..<40 {
            let first = Int64(number / 2 * 5)
            let place = number % 2 == 0 ? world : other
            for device in [validator, second] {
              group.addTask {
                _ = try await place.send((1...5).map { tap(first + $0) }, from: device)
              }
            }
          }
          try await group.waitForAll()
        }
        for device in [validator.id, second.id] {
          #expect(try await world.register(device)?.seen == [1..<101])
          #expect(try await world.register(device)?.duplicates == 100)
        }
        #expect(try await world.journal().count == 200)
        #expect(try await world.journal().values.allSatisfy { $0.count == 1 })
      }
    }

    /// A register that is made while another looks for it must be locked by both, one after the other.
    @Test func aTapThatBeginsAnEpochOnManyWaysAtOnceIsStoredOnce() async throws {
      try await World.with { world in
        let validator = try await world.validator()
        for epoch in Int64(1)...60 {
          try await withThrowingTaskGroup(of: Void.self) { group in
            for seq in [1, 2, 1, 2, 1, 2] as [Int64] {
              group.addTask { _ = try await world.send([tap(seq)], epoch: epoch, from: validator) }
            }
            try await group.waitForAll()
          }
        }
        #expect(try await world.number("select sum(taps_stored)::int8 from device_epoch") == 120)
        #expect(try await world.number("select sum(duplicates)::int8 from device_epoch") == 240)
      }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func orderSplittingAndRepetitionMakeNoDifference(seed: UInt64) async throws {
      try await World.with { world in
        var generator = SeededGenerator(seed: seed)
        let validator = try await world.validator()
        let taps = (1...120).filter { _ in generator.chance(0.9) }.map { tap(Int64($0)) }
        var batches: [[Tap]] = []
        for _ in 0..<3 {
          var rest = taps.shuffled(using: &generator)[...]
          while !rest.isEmpty {
            let batch = rest.prefix(generator.integer(in: 1...20))
            rest = rest.dropFirst(batch.count)
            batches.append(Array(batch))
          }
        }
        batches.shuffle(using: &generator)
        try await withThrowingTaskGroup(of: Void.self) { group in
          for batch in batches {
            group.addTask { _ = try await world.send(batch, from: validator) }
          }
          try await group.waitForAll()
        }
        let register = try await world.register()
        #expect(register?.seen == SequenceRanges(taps.map { $0.seq..<$0.seq + 1 }).ranges)
        #expect(register?.tapsStored == Int64(taps.count))
        #expect(register?.duplicates == Int64(taps.count * 2))
        #expect(register?.conflicts == 0)
        let journal = try await world.journal()
        #expect(journal.values.flatMap { $0 }.sorted { $0.seq < $1.seq } == taps)
        let last = try await world.send([], from: validator)
        #expect(last.ackThrough == taps.last?.seq)
        let missing = Set(1...(taps.last?.seq ?? 0)).subtracting(taps.map(\.seq))
        let told = last.missing.map(\.count).reduce(0, +)
        #expect(told == missing.count)
      }
    }
  }
}
