import Basics
import DatabaseSupport
import Postgres
import Testing

@Suite(.enabled(if: LeasedDatabase.isAvailable, "PostgreSQL is not installed"))
struct QueryTests {
  @Test func aSelectGivesItsRow() async throws {
    try await LeasedDatabase.with { pool in
      let value = try await pool.session { connection in
        try await connection.query("SELECT 40 + $1::int8 AS n", [.int8(2)]).only().int8("n")
      }
      #expect(value == 42)
    }
  }
}
