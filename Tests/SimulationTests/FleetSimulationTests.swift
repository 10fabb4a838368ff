import Basics
import DatabaseSupport
import Foundation
import Store
import Testing

/// One seed makes the fleet, its taps and the faults; a checker that stands apart finds whether each
/// acknowledged tap is there once, none was invented, and every gap and conflict is known.
///
/// `KVYTOK_SEEDS` says how many seeds (200), `KVYTOK_SEED` which is the first (1).
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"), .serialized)
struct FleetSimulationTests {
  static let start = Instant(seconds: 1_795_300_000)
  /// Fleets that are played at the same time.
  private static let sides: UInt64 = 2

  private static func number(_ name: String, else standard: UInt64) -> UInt64 {
    ProcessInfo.processInfo.environment[name].flatMap(UInt64.init) ?? standard
  }

  @Test func everyAcknowledgedTapIsThereOnceAndNothingElse() async throws {
    let first = Self.number("KVYTOK_SEED", else: 1)
    let count = Self.number("KVYTOK_SEEDS", else: 200)
    // Side by side, each with a database of its own: what a seed plays stays its own.
    try await withThrowingTaskGroup(of: Void.self) { group in
      for side in 0..<Self.sides {
        group.addTask {
          try await LeasedDatabase.with(try SchemaMigrations.all(), connectionsMax: 6) { pool in
            for seed in stride(from: first + side, to: first + count, by: Int(Self.sides)) {
              let faults = try await FleetSimulation(seed: seed, start: Self.start, pool: pool)
                .run()
              #expect(faults.isEmpty, "seed \(seed): \(faults.prefix(5).joined(separator: "; "))")
            }
          }
        }
      }
      try await group.waitForAll()
    }
    print("simulated fleets: seeds \(first) to \(first + count - 1)")
  }

  @Test(arguments: PlantedBug.allCases)
  func aPlantedBugIsFound(_ bug: PlantedBug) async throws {
    try await LeasedDatabase.with(try SchemaMigrations.all(), connectionsMax: 6) { pool in
      // A bug of a rare case needs a few fleets until one meets the case.
      for seed in UInt64(1)...12 {
        let simulation = FleetSimulation(seed: seed, start: Self.start, pool: pool, bug: bug)
        if try await !simulation.run().isEmpty { return }
      }
      Issue.record("\(bug) was not found in 12 fleets")
    }
  }
}
