import Basics
import Postgres
import Store
import Testing
import Tracking

extension StoreSuite {
  @Suite struct Positions {
    @Test func repeatsAndOrderMakeNoDifference() async throws {
      try await withStore { store, pool in
        let rows = (0..<20).map { row(vehicle: $0 % 2 == 0 ? "7" : "8", seconds: Int64($0) * 10) }
        var generator = SeededGenerator(seed: 5)
        let first = try await add(rows.shuffled(using: &generator), to: store)
        #expect(first.count == 20)
        let again = try await add(rows.shuffled(using: &generator), to: store)
        #expect(again.isEmpty)
        #expect(try await pool.number("select count(*) from position") == 20)
        let newest = try await pool.texts(
          "select vehicle || ' ' || extract(epoch from at)::bigint from vehicle_now order by 1")
        #expect(newest == ["7 \(noon.seconds + 180)", "8 \(noon.seconds + 190)"])
      }
    }

    @Test func anOlderPositionDoesNotMoveTheVehicleBack() async throws {
      try await withStore { store, pool in
        _ = try await add([row(vehicle: "7", seconds: 100)], to: store)
        _ = try await add([row(vehicle: "7", seconds: 50)], to: store)
        let at = try await pool.number("select extract(epoch from at)::bigint from vehicle_now")
        #expect(at == noon.seconds + 100)
      }
    }

    @Test func aDayIsStaleOnlyWhenItGotSomethingNew() async throws {
      try await withStore { store, pool in
        _ = try await add([row(vehicle: "7", seconds: 0)], to: store)
        #expect(try await staleDays(pool) == 1)
        try await pool.run("update vehicle_day set stale_since = null")
        _ = try await add([row(vehicle: "7", seconds: 0)], to: store)
        #expect(try await staleDays(pool) == 0)
        _ = try await add([row(vehicle: "7", seconds: 1)], to: store)
        #expect(try await staleDays(pool) == 1)
      }
    }

    @Test func aPositionTwiceInOneGroupIsKeptOnce() async throws {
      try await withStore { store, pool in
        let added = try await add(
          [row(vehicle: "7", seconds: 0), row(vehicle: "7", seconds: 0)], to: store)
        #expect(added.count == 1)
        #expect(try await pool.number("select count(*) from position") == 1)
      }
    }

    @Test(arguments: [[0, 1], [1, 0]])
    func ofTwoReportsOfOneMomentTheOneWithTheDoorStands(order: [Int]) async throws {
      try await withStore { store, pool in
        var withDoor = row(vehicle: "7", seconds: 0)
        withDoor.position.door = .open
        let reports = [row(vehicle: "7", seconds: 0), withDoor]
        var added = 0
        for index in order { added += try await add([reports[index]], to: store).count }
        #expect(added == 1)
        #expect(try await pool.texts("select door from position") == ["open"])
      }
    }

    private func staleDays(_ pool: PostgresPool) async throws -> Int64 {
      try await pool.number("select count(*) from vehicle_day where stale_since is not null")
    }

    private func add(_ rows: [PositionRow], to store: Store) async throws -> Set<PositionKey> {
      try await store.write { try await $0.positionJournal.add(rows, at: noon) }
    }

    private func row(vehicle: String, seconds: Int64) -> PositionRow {
      PositionRow(
        serviceDay: today,
        position: Position(
          vehicle: vehicle, at: noon.adding(seconds: seconds),
          coordinate: Coordinate(latitude: 56.95, longitude: 24.11), speedMetresPerSecond: 4.5,
          door: .open, passengers: 12),
        device: "V-1", receivedAt: noon)
    }
  }
}
