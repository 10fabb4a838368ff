import Basics
import DatabaseSupport
import Postgres
import Testing

@Suite(.enabled(if: LeasedDatabase.isAvailable, "PostgreSQL is not installed"))
struct CopyTests {
  static let migrations = [
    Migration(name: "0001-row", sql: "CREATE TABLE row_in (id int8 PRIMARY KEY, name text)")
  ]
  static let copy = "COPY row_in (id, name) FROM STDIN WITH (FORMAT binary)"

  @Test func rowsOfEveryTypeArrive() async throws {
    try await LeasedDatabase.with { pool in
      try await pool.session { connection in
        try await connection.script(
          """
          CREATE TABLE every (b bool, i2 int2, i4 int4, i8 int8, f float8, n numeric, t text,
            y bytea, at timestamptz, d date, u uuid, j jsonb, m int8multirange, a text[])
          """)
        var rows = CopyRows(columnCount: 14)
        try rows.append([
          .bool(true), .int2(1), .int4(2), .int8(3), .float8(0.5), .numeric("1.20"), .text("я"),
          .bytea([0]), .timestamptz(Instant(seconds: 0)), .date(Day(number: 0)),
          .uuid(high: 0, low: 7), .jsonb("{}"), .int8multirange([1..<2]), .texts(["x", nil]),
        ])
        try rows.append([PostgresValue](repeating: .null, count: 14))
        #expect(rows.rowCount == 2)
        #expect(try await connection.copyIn("COPY every FROM STDIN (FORMAT binary)", rows) == 2)
        let texts = try await connection.query(
          "SELECT every::text AS row FROM every ORDER BY i8")
        #expect(
          try texts[0].text("row")
            == #"(t,1,2,3,0.5,1.20,я,"\\x00","1970-01-01 00:00:00+00",1970-01-01,"#
            + #"00000000-0000-0000-0000-000000000007,{},"{[1,2)}","{x,NULL}")"#)
        #expect(try texts[1].text("row") == "(,,,,,,,,,,,,,)")
      }
    }
  }

  /// Fields written one after the other and columns read one after the other are the same rows.
  @Test func fieldsArriveAndAreReadInTheirOrder() async throws {
    try await LeasedDatabase.with { pool in
      try await pool.session { connection in
        try await connection.script(
          """
          CREATE TABLE fields (b bool, i2 int2, i8 int8, f float8, t text, at timestamptz, d date,
            u uuid, empty text)
          """)
        var rows = CopyRows(columnCount: 9)
        let id = Identifier<Int>(high: 3, low: 7)
        try rows.appendRow { (row: inout CopyFields) throws(PostgresError) in
          row.bool(true)
          row.int2(Int16(-2))
          row.int8(Int64(3))
          row.float8(0.5)
          try row.text("ї")
          try row.timestamptz(Instant(seconds: 5))
          try row.date(Day(number: 1))
          row.identifier(id)
          try row.text(String?.none)
        }
        // A row with too few fields, or with one that cannot be, leaves nothing behind.
        #expect(throws: PostgresError.self) {
          try rows.appendRow { (row: inout CopyFields) throws(PostgresError) in row.null() }
        }
        #expect(throws: PostgresError.self) {
          try rows.appendRow { (row: inout CopyFields) throws(PostgresError) in
            try row.timestamptz(Instant(microseconds: .min))
          }
        }
        #expect(rows.rowCount == 1)
        try await connection.copyIn("COPY fields FROM STDIN (FORMAT binary)", rows)
        let read = try await connection.query("SELECT * FROM fields")
        var row = PostgresRowCursor(try read.only())
        #expect(try row.bool())
        #expect(try row.int() == -2)
        #expect(try row.int8OrNil() == 3)
        #expect(try row.float8OrNil() == 0.5)
        #expect(try row.text() == "ї")
        #expect(try row.timestamptz() == Instant(seconds: 5))
        #expect(try row.dateOrNil() == Day(number: 1))
        #expect(try row.identifier() == id)
        #expect(try row.textOrNil() == nil)
      }
    }
  }

  @Test func aLongCopyComesInChunks() async throws {
    try await LeasedDatabase.with(CopyTests.migrations) { pool in
      let counter = Counter()
      let count = try await pool.transaction { connection in
        try await connection.copyIn(CopyTests.copy, columnCount: 2) { chunk in
          let start = await counter.next() * 1_250
          for id in start..<(start + 1_250) {
            try chunk.append([.int8(Int64(id)), .text(String(repeating: "n", count: 100))])
          }
          return start + 1_250 < 50_000
        }
      }
      #expect(count == 50_000)
      let row = try await pool.session {
        try await $0.query("SELECT count(*) AS n, sum(id)::int8 AS s FROM row_in").only()
      }
      #expect(try row.int8("n") == 50_000)
      #expect(try row.int8("s") == 49_999 * 25_000)
    }
  }

  @Test func aRowThatBreaksARuleTakesTheWholeCopyBack() async throws {
    try await LeasedDatabase.with(CopyTests.migrations) { pool in
      try await pool.session { connection in
        var rows = CopyRows(columnCount: 2)
        for id in [1, 2, 1] { try rows.append([.int8(Int64(id)), .text("a")]) }
        let copied = rows
        let fault = await error { try await connection.copyIn(CopyTests.copy, copied) }
        #expect(fault?.isUniqueViolation == true)
        #expect(fault?.constraint == "row_in_pkey")
        #expect(try await connection.query("SELECT FROM row_in").isEmpty)
        #expect(try await connection.copyIn(CopyTests.copy, CopyRows(columnCount: 2)) == 0)
      }
    }
  }

  @Test func aProducerThatFailsTakesTheWholeCopyBack() async throws {
    struct Fault: Error, Equatable {}
    try await LeasedDatabase.with(CopyTests.migrations, connectionsMax: 1) { pool in
      let counter = Counter()
      await #expect(throws: Fault()) {
        try await pool.session { connection in
          try await connection.copyIn(CopyTests.copy, columnCount: 2) { chunk in
            guard await counter.next() < 3 else { throw Fault() }
            try chunk.append([.int8(Int64(await counter.next())), .null])
            return true
          }
        }
      }
      let count = try await pool.session { try await $0.query("SELECT FROM row_in").count }
      #expect(count == 0)
    }
  }

  @Test func whatIsNoBinaryCopyOfThatManyColumnsIsRefused() async throws {
    try await LeasedDatabase.with(CopyTests.migrations) { pool in
      try await pool.session { connection in
        let rows = CopyRows(columnCount: 2)
        for sql in [
          "SELECT 1", "COPY row_in FROM STDIN", "COPY row_in (id) FROM STDIN (FORMAT binary)",
        ] {
          let fault = await error { try await connection.copyIn(sql, rows) }
          #expect(fault?.kind == .usage, "\(sql)")
        }
        let missing = await error {
          try await connection.copyIn("COPY nowhere FROM STDIN (FORMAT binary)", rows)
        }
        #expect(missing?.sqlState == "42P01")
        var one = CopyRows(columnCount: 2)
        #expect(throws: PostgresError.self) { try one.append([.null]) }
        #expect(throws: PostgresError.self) { try one.append([.int8(1), .numeric("x")]) }
        try one.append([.int8(1), .text("kept whole")])
        #expect(one.rowCount == 1)
        let copied = one
        #expect(try await connection.copyIn(CopyTests.copy, copied) == 1)
      }
    }
  }

  @Test func copyInATransactionBeginsItAndGoesBackWithIt() async throws {
    struct Fault: Error {}
    try await LeasedDatabase.with(CopyTests.migrations) { pool in
      await #expect(throws: Fault.self) {
        try await pool.transaction { connection in
          var rows = CopyRows(columnCount: 2)
          try rows.append([.int8(1), .null])
          try await connection.copyIn(CopyTests.copy, rows)
          throw Fault()
        }
      }
      let isEmpty = try await pool.session {
        try await $0.query("SELECT FROM row_in").isEmpty
      }
      #expect(isEmpty)
    }
  }

  @Test func aCancelledCopyLeavesAConnectionThatWorks() async throws {
    try await LeasedDatabase.with(CopyTests.migrations, connectionsMax: 1) { pool in
      let started = Counter()
      let task = Task {
        try await pool.session { connection in
          try await connection.copyIn(CopyTests.copy, columnCount: 2) { chunk in
            let id = await started.next()
            for n in 0..<1_000 { try chunk.append([.int8(Int64(id * 1_000 + n)), .null]) }
            return true
          }
        }
      }
      while await started.value < 5 { try await Task.sleep(for: .milliseconds(5)) }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      let isEmpty = try await pool.session {
        try await $0.query("SELECT FROM row_in").isEmpty
      }
      #expect(isEmpty)
    }
  }

  @Test func aCopyThatIsCancelledBeforeTheServerAsksForRowsLeavesTheConnectionAsItWas() async throws
  {
    try await LeasedDatabase.with(CopyTests.migrations, connectionsMax: 1) { pool in
      let before = try await CopyTests.backend(of: pool)
      // Somewhere between these the request is under way when who made it goes away.
      for yieldsCount in 0..<200 {
        let task = Task {
          try await pool.session { connection in
            try await connection.copyIn(CopyTests.copy, columnCount: 2) { _ in false }
          }
        }
        for _ in 0..<yieldsCount { await Task.yield() }
        task.cancel()
        _ = await task.result
      }
      // A server that waits for rows hears of no cancelling: the connection would be given up in the end.
      let after = try await CopyTests.backend(of: pool)
      #expect(before == after)
    }
  }

  /// Who serves the only connection.
  private static func backend(of pool: PostgresPool) async throws -> Int64 {
    try await pool.session { try await $0.query("SELECT pg_backend_pid()::int8").only().int8(0) }
  }
}

/// Counts from 0.
actor Counter {
  private(set) var value = 0

  func next() -> Int {
    defer { value += 1 }
    return value
  }
}
