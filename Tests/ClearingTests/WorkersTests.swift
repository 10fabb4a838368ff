import Basics
import Clearing
import Postgres
import Store
import Tapping
import Testing

extension ClearingSuite {
  /// Whoever does the work, and however often it is broken off, the books are the same.
  @Suite struct WorkersTests {
    /// All that settling leaves: rides, the rider-days with their states, what is owed, the sums.
    static func books(_ house: House) async throws -> [String: [String]] {
      [
        "rides": try await house.rides(),
        "days": try await house.texts(
          """
          select concat_ws(' ', rider_id, fare_day, encode(state_after, 'hex'), tariff_version,
            open_ride, stale_since is null) from fare_day order by 1
          """),
        "balance": try await house.texts(
          """
          select concat_ws(' ', account, operator_id, category, sum(debit_minor - credit_minor))
          from posting group by account, operator_id, category
          having sum(debit_minor - credit_minor) <> 0 order by 1
          """),
        "sums": try await house.texts(
          """
          select concat_ws(' ', fare_day, operator_id, route, category, product, medium,
            sum(rides), sum(riders), sum(free_rides), sum(reduced_rides), sum(nominal_minor),
            sum(charged_minor))
          from ride_sum group by fare_day, operator_id, route, category, product, medium
          having sum(rides) <> 0 order by 1
          """),
        "taps": try await house.texts(
          """
          select concat_ws(' ', fare_day, sum(accepted), sum(denied), sum(alightings))
          from tap_sum group by fare_day order by 1
          """),
        "devices": try await house.texts(
          """
          select concat_ws(' ', fare_day, device_id, route, accepted, denied) from device_day
          order by 1
          """),
      ]
    }

    /// Puts the world into the journal in shuffled batches; workers that are running see them come.
    static func deliver(
      _ world: [(device: String, tap: Tap)], to house: House, seed: UInt64
    ) async throws {
      var chance = SeededGenerator(seed: seed)
      var rest = world.shuffled(using: &chance)
      while let first = rest.first {
        let size = chance.integer(in: 1...9)
        let batch = rest.filter { $0.device == first.device }.prefix(size).map(\.tap)
        rest.removeAll { item in
          item.device == first.device && batch.contains { $0.seq == item.tap.seq }
        }
        try await house.journal(batch, device: first.device)
      }
    }

    private static func worker(_ house: House) -> ClearingService {
      ClearingService(
        store: house.store, city: house.city, tokenKey: house.tokenKey, log: quiet,
        now: { House.noon })
    }

    private static func one(_ world: [(device: String, tap: Tap)]) async throws
      -> [String: [String]]
    {
      try await House.with { house in
        for (device, tap) in world { try await house.journal([tap], device: device) }
        try await house.service.drain()
        #expect(try await house.audit().isSound)
        return try await books(house)
      }
    }

    @Test(arguments: [2, 4]) func manyWorkersGiveTheSameBooksAsOne(_ count: Int) async throws {
      let world = try OrderTests.world(seed: 40 + UInt64(count))
      let expected = try await Self.one(world)
      let found = try await House.with(connectionsMax: 16) { house in
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { try await Self.deliver(world, to: house, seed: 9) }
          for _ in 0..<count {
            group.addTask {
              // A worker also runs while nothing is there yet, and while others hold every lane.
              for _ in 0..<12 { try await Self.worker(house).pass() }
            }
          }
          try await group.waitForAll()
        }
        try await house.service.drain()
        let audit = try await house.audit()
        #expect(audit.isSound, "\(audit.findings)")
        return try await Self.books(house)
      }
      for (part, lines) in expected { #expect(found[part] == lines, "\(part)") }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func workersThatAreBrokenOffLeaveNothingHalfDone(seed: UInt64) async throws {
      let world = try OrderTests.world(seed: 60 + seed)
      let expected = try await Self.one(world)
      let found = try await House.with(connectionsMax: 16) { house in
        try await Self.deliver(world, to: house, seed: seed)
        var chance = SeededGenerator(seed: seed)
        for _ in 0..<8 {
          let tasks = (0..<2).map { _ in
            Task { _ = try? await Self.worker(house).pass() }
          }
          try await Task.sleep(for: .milliseconds(chance.integer(in: 1...25)))
          for task in tasks { task.cancel() }
          for task in tasks { await task.value }
        }
        try await house.service.drain()
        #expect(try await house.audit().isSound)
        return try await Self.books(house)
      }
      for (part, lines) in expected { #expect(found[part] == lines, "seed \(seed): \(part)") }
    }
  }
}
