import Basics
import Clearing
import Postgres
import Store
import Testing

extension ClearingSuite {
  /// Work of the database by lanes and passes, whoever rides: nothing asks it rider by rider.
  @Suite struct StatementCountTests {
    /// Statements that were run on the only connection, of those that came there more than once.
    private static func count(_ house: House) async throws -> Int64 {
      try await house.number(
        "select sum(generic_plans + custom_plans)::bigint from pg_prepared_statements")
    }

    /// How many statements it takes until a tap of each of so many riders is settled.
    private static func statements(
      _ house: House, riders: Int, from firstSeq: Int64, at clock: String
    ) async throws -> Int64 {
      let taps = try (0..<riders).map {
        try tap(firstSeq + Int64($0), clock, card: "rider \($0)")
      }
      try await house.journal(taps)
      let before = try await count(house)
      try await house.service.drain()
      return try await count(house) - before
    }

    @Test func twiceAsManyRidersTakeNoMoreStatements() async throws {
      try await House.with(connectionsMax: 1) { house in
        // The first taps found the riders, and lead statements to where they are prepared.
        _ = try await Self.statements(house, riders: 1000, from: 1, at: "08:00")
        // Enough for every lane to have some.
        let few = try await Self.statements(house, riders: 500, from: 1001, at: "09:00")
        let many = try await Self.statements(house, riders: 1000, from: 2001, at: "10:00")
        #expect(
          try await house.number("select count(*) from ride where reversed_run_id is null") == 2500)
        // A statement for each rider would be 500 more.
        #expect(few > 640 && many <= few + 100)
      }
    }
  }
}
