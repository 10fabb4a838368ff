import Basics
import DatabaseSupport
import EventLoop
import Foundation
import Intake
import Postgres
import Store
import Synchronization
import Tapping
import Testing

extension IntakeSuite {
  /// What was acknowledged is there, whatever happened to the database in between.
  @Suite struct Outage {
    @Test func connectionsThatAreKilledUnderLoadLoseNothingAcknowledged() async throws {
      try await World.with { world in
        let validators = try await makeValidators(8, world)
        let load = Load()
        await withTaskGroup(of: Void.self) { group in
          for validator in validators {
            group.addTask { await load.run(validator, world, batchesCount: 60) }
          }
          group.addTask {
            for _ in 0..<8 {
              try? await Task.sleep(for: .milliseconds(40))
              try? await world.run(
                """
                select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()
                """)
            }
          }
        }
        try await expectAllKept(load, world)
      }
    }

    @Test func aDatabaseThatStopsAndStartsUnderLoadLosesNothingAcknowledged() async throws {
      let process = ProcessInfo.processInfo.processIdentifier
      let folder = "\(NSTemporaryDirectory())kvytok-outage-\(process)"
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let loop = EventLoop.start(name: "outage")
      var settings = ClusterSettings()
      // It is stopped, and the machine goes on.
      settings.isDurable = false
      let cluster = try await PrivateCluster.start(folder: folder, loop: loop, settings: settings)
      // What is no part of the outage waits as long as a busy machine needs.
      var configuration = cluster.configuration(database: "postgres").patient
      let patientPool = PostgresPool(configuration: configuration, loop: loop)
      try await Store.migrate(patientPool)
      let patient = try World(pool: patientPool)
      let validators = try await makeValidators(8, patient)
      configuration.acquireSecondsMax = 1
      let pool = PostgresPool(configuration: configuration, loop: loop)
      let world = try World(pool: pool)
      let load = Load()
      await withTaskGroup(of: Void.self) { group in
        for validator in validators {
          group.addTask { await load.run(validator, world, batchesCount: 40) }
        }
        group.addTask { [settings] in
          await load.waitForAcknowledged(20)
          await cluster.stop()
          await load.waitForRefused(3)
          await #expect(throws: Never.self) {
            _ = try await PrivateCluster.start(folder: folder, loop: loop, settings: settings)
          }
        }
      }
      #expect(load.refusalCodes == ["store_unavailable"])
      try await expectAllKept(load, patient)
      await pool.close()
      await patientPool.close()
      await loop.shutdown()
    }

    @Test func aBatchThatTheDatabaseRefusesDoesNotHarmOthers() async throws {
      try await World.with { world in
        let validators = try await makeValidators(6, world)
        try await world.run(
          """
          create function refuse() returns trigger language plpgsql as $$
          begin raise exception 'no room for this one'; end $$;
          create trigger refuse before insert on tap_batch for each row
            when (new.device_id = 'V-3') execute function refuse();
          """)
        let codes = await withTaskGroup(of: (String, String?).self) { group in
          for validator in validators {
            group.addTask {
              let outcome = await world.post(validator.body([tap(1)]), from: validator)
              return (validator.id, try? outcome.refusal().code)
            }
          }
          return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(codes == ["V-3": "could_not_store"])
        #expect(try await world.number("select count(*) from tap_batch") == 5)
      }
    }

    private func makeValidators(_ count: Int, _ world: World) async throws -> [Validator] {
      var validators: [Validator] = []
      for number in 0..<count { validators.append(try await world.validator("V-\(number)")) }
      return validators
    }

    private func expectAllKept(_ load: Load, _ world: World) async throws {
      let journal = try await world.journal()
      let acknowledged = load.acknowledged
      #expect(!acknowledged.isEmpty)
      #expect(acknowledged.allSatisfy { journal[$0]?.count == 1 })
      #expect(journal.values.allSatisfy { $0.count == 1 })
      // Each device sent until it was heard, so the journal has no more than what was acknowledged.
      #expect(journal.count == acknowledged.count)
      for register in try await world.store.read({ session in
        try await session.devices.registers(of: (0..<8).map { "V-\($0)" })
      }) {
        let kept = journal.keys.filter { $0.device == register.device }.map(\.seq)
        #expect(register.seen == SequenceRanges(kept.map { $0..<$0 + 1 }).ranges)
        #expect(register.tapsStored == Int64(kept.count))
      }
    }
  }
}

/// Devices that send until they are heard, as real ones do.
private final class Load: Sendable {
  private struct State: Sendable {
    var acknowledged: Set<JournalTap> = []
    var refused = 0
    var codes: Set<String> = []
  }

  private let state = Mutex(State())

  var acknowledged: Set<JournalTap> { state.withLock { $0.acknowledged } }
  var refusalCodes: Set<String> { state.withLock { $0.codes } }

  func run(_ validator: Validator, _ world: World, batchesCount: Int) async {
    for number in 0..<batchesCount {
      let taps = (1...5).map { tap(Int64(number * 5 + $0)) }
      let body = validator.body(taps)
      while true {
        switch await world.post(body, from: validator) {
        case .answer: break
        case .refusal(let refusal):
          state.withLock { state in
            state.refused += 1
            state.codes.insert(refusal.code)
          }
          try? await Task.sleep(for: .milliseconds(20))
          continue
        }
        break
      }
      let keys = taps.map { JournalTap(device: validator.id, epoch: 3, seq: $0.seq) }
      state.withLock { $0.acknowledged.formUnion(keys) }
    }
  }

  func waitForAcknowledged(_ count: Int) async {
    while state.withLock({ $0.acknowledged.count }) < count {
      try? await Task.sleep(for: .milliseconds(5))
    }
  }

  func waitForRefused(_ count: Int) async {
    while state.withLock({ $0.refused }) < count {
      try? await Task.sleep(for: .milliseconds(5))
    }
  }
}
