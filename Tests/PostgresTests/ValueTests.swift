import Basics
import DatabaseSupport
import Postgres
import Testing

/// Values go to a real server and come back; the server's own text form is the witness.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "PostgreSQL is not installed"))
struct ValueTests {
  /// A value, the type it is cast to, and how the server writes it.
  static let written: [(PostgresValue, String, String)] = [
    (.bool(true), "bool", "true"),
    (.int2(-32_768), "int2", "-32768"),
    (.int4(.max), "int4", "2147483647"),
    (.int8(.min), "int8", "-9223372036854775808"),
    (.float8(0.1), "float8", "0.1"),
    (.float8(-.infinity), "float8", "-Infinity"),
    (.numeric("-12.50"), "numeric", "-12.50"),
    (.numeric("10000"), "numeric", "10000"),
    (.numeric("0.00001230"), "numeric", "0.00001230"),
    (.numeric("123456789012345678901234567890.5"), "numeric", "123456789012345678901234567890.5"),
    (.numeric("-0"), "numeric", "0"),
    (.numeric("100000000.00010000"), "numeric", "100000000.00010000"),
    (.text("Київ 🎫"), "text", "Київ 🎫"),
    (.bytea([0, 255, 16]), "bytea", "\\x00ff10"),
    (.timestamptz(Instant(microseconds: 0)), "timestamptz", "1970-01-01 00:00:00+00"),
    (
      .timestamptz(Instant(microseconds: 1_795_339_858_000_001)), "timestamptz",
      "2026-11-22 09:30:58.000001+00"
    ),
    (.date(Day(number: 0)), "date", "1970-01-01"),
    (.date(Day(number: -32_872)), "date", "1880-01-01"),
    (
      .uuid(high: 0x0011_2233_4455_6677, low: 0x8899_AABB_CCDD_EEFF), "uuid",
      "00112233-4455-6677-8899-aabbccddeeff"
    ),
    (.jsonb(#"{"b": [1, null], "a": "я"}"#), "jsonb", #"{"a": "я", "b": [1, null]}"#),
    (.int8multirange([7..<9, 1..<5, 4..<6, 3..<3]), "int8multirange", "{[1,6),[7,9)}"),
    (.int8multirange([]), "int8multirange", "{}"),
    (.bools([true, nil, false]), "bool[]", "{t,NULL,f}"),
    (.int2s([1, nil]), "int2[]", "{1,NULL}"),
    (.int4s([]), "int4[]", "{}"),
    (.int8s([1, -2]), "int8[]", "{1,-2}"),
    (.float8s([0.5, nil]), "float8[]", "{0.5,NULL}"),
    (.numerics(["1.5", nil]), "numeric[]", "{1.5,NULL}"),
    (.texts(["a,b", "NULL", nil, ""]), "text[]", #"{"a,b","NULL",NULL,""}"#),
    (.byteas([[1], nil, []]), "bytea[]", #"{"\\x01",NULL,"\\x"}"#),
    (
      .timestamptzs([Instant(seconds: 946_684_800), nil]), "timestamptz[]",
      #"{"2000-01-01 00:00:00+00",NULL}"#
    ),
    (.dates([Day(number: 10_957)]), "date[]", "{2000-01-01}"),
    (
      .uuids([PostgresUUID(high: 0, low: 1), nil]), "uuid[]",
      "{00000000-0000-0000-0000-000000000001,NULL}"
    ),
    (.jsonbs(["1", nil]), "jsonb[]", "{1,NULL}"),
    (.int8multiranges([[1..<3], nil, []]), "int8multirange[]", #"{"{[1,3)}",NULL,"{}"}"#),
    (.null, "int8", "-"),
  ]

  @Test func theServerReadsEachValueAsItWasMeant() async throws {
    try await LeasedDatabase.with { pool in
      try await pool.session { connection in
        for (value, type, text) in ValueTests.written {
          let rows = try await connection.query(
            "SELECT coalesce($1::\(type)::text, '-') AS written", [value])
          #expect(try rows.only().text("written") == text, "\(type)")
        }
      }
    }
  }

  @Test func whatTheServerSendsIsReadAsItWrites() async throws {
    try await LeasedDatabase.with { pool in
      let row = try await pool.session { connection in
        try await connection.query(
          """
          SELECT true AS b, 7::int2 AS i2, -7::int4 AS i4, 1::int8 << 40 AS i8, 0.5::float4 AS f4,
            1e300::float8 AS f8, -1234567.0890::numeric AS n, 'NaN'::numeric AS nan,
            'їжак'::text AS t, 'v'::varchar AS v, 'n'::name AS name, 'x'::"char" AS c,
            '\\x00ff'::bytea AS y, '2026-11-22 09:30:58.000001+00'::timestamptz AS at,
            '2026-11-22'::date AS d, '00112233-4455-6677-8899-aabbccddeeff'::uuid AS u,
            '{"a":1}'::jsonb AS jb, '{"a":1}'::json AS j, '{[1,5),[7,9)}'::int8multirange AS m,
            null::int8 AS nothing, 3::oid AS o, 0.0001::numeric AS small
          """
        ).only()
      }
      #expect(try row.bool("b"))
      #expect(try row.int2("i2") == 7)
      #expect(try row.int4("i2") == 7)
      #expect(try row.int4("i4") == -7)
      #expect(try row.int8("i8") == 1 << 40)
      #expect(try row.int(3) == 1 << 40)
      #expect(try row.float8("f4") == 0.5)
      #expect(try row.float8("f8") == 1e300)
      #expect(try row.numeric("n") == "-1234567.0890")
      #expect(try row.numeric("nan") == "NaN")
      #expect(try row.numeric("small") == "0.0001")
      #expect(try row.text("t") == "їжак")
      #expect(try row.text("v") + row.text("name") + row.text("c") == "vnx")
      #expect(try row.bytea("y") == [0, 255])
      #expect(try row.timestamptz("at") == Instant(microseconds: 1_795_339_858_000_001))
      #expect(try row.date("d") == Day(year: 2026, month: 11, day: 22))
      #expect(
        try row.uuid("u")
          == PostgresUUID(high: 0x0011_2233_4455_6677, low: 0x8899_AABB_CCDD_EEFF))
      #expect(
        try row.identifier("u", of: RiderKind.self).description
          == "00112233-4455-6677-8899-aabbccddeeff")
      #expect(try row.jsonb("jb") == #"{"a": 1}"#)
      #expect(try row.jsonb("j") == #"{"a":1}"#)
      #expect(try row.int8multirange("m") == [1..<5, 7..<9])
      #expect(try row.int8OrNil("nothing") == nil)
      #expect(try row.isNull("nothing"))
      #expect(try row.int8("o") == 3)
    }
  }

  @Test func arraysKeepTheirOrderAndTheirHoles() async throws {
    try await LeasedDatabase.with { pool in
      let row = try await pool.session { connection in
        try await connection.query(
          """
          SELECT ARRAY[1, null, 3]::int8[] AS numbers, '{}'::text[] AS none,
            ARRAY['a', null] AS words, ARRAY[true, false] AS flags, ARRAY[1.50] AS money,
            ARRAY['{[1,2)}'::int8multirange] AS sets, null::int4[] AS nothing,
            ARRAY['2000-01-02'::date] AS days, ARRAY['\\x01'::bytea] AS bytes
          """
        ).only()
      }
      #expect(try row.int8s("numbers") == [1, nil, 3])
      #expect(try row.texts("none") == [])
      #expect(try row.texts("words") == ["a", nil])
      #expect(try row.bools("flags") == [true, false])
      #expect(try row.numerics("money") == ["1.50"])
      #expect(try row.int8multiranges("sets") == [[1..<2]])
      #expect(try row.int4sOrNil("nothing") == nil)
      #expect(try row.dates("days") == [Day(number: 10_958)])
      #expect(try row.byteas("bytes") == [[1]])
    }
  }

  @Test func aWrongReadingNamesTheColumnAndBothTypes() async throws {
    try await LeasedDatabase.with { pool in
      let row = try await pool.session { connection in
        try await connection.query(
          """
          SELECT 'a'::text AS word, 1::numeric AS total, null::int8 AS nothing,
            'infinity'::timestamptz AS forever, '{[1,)}'::int8multirange AS endless,
            ARRAY[[1,2],[3,4]]::int8[] AS square
          """
        ).only()
      }
      func message(_ body: () throws(PostgresError) -> Void) -> String {
        do { try body() } catch {
          #expect(error.kind == .decoding)
          return error.message
        }
        return "no error"
      }
      #expect(
        message { () throws(PostgresError) in _ = try row.int8("total") }
          == #"column "total" is numeric, asked for int8"#)
      #expect(
        message { () throws(PostgresError) in _ = try row.int8("nothing") }
          == #"column "nothing" is null, asked for int8"#)
      #expect(
        message { () throws(PostgresError) in _ = try row.bool("missing") }
          .hasPrefix(#"there is no column "missing"; there are: word, total"#))
      #expect(
        message { () throws(PostgresError) in _ = try row.timestamptz("forever") }
          .contains(#"column "forever" of type timestamptz"#))
      #expect(
        message { () throws(PostgresError) in _ = try row.int8multirange("endless") }
          .contains(#"column "endless""#))
      #expect(
        message { () throws(PostgresError) in _ = try row.int8s("square") }
          .contains(#"column "square""#))
      #expect(
        message { () throws(PostgresError) in _ = try row.int8s("word") }
          .contains(#"column "word""#))
    }
  }

  @Test func valuesThatTheServerHasNoFormForAreRefusedHere() async throws {
    let refused: [PostgresValue] = [
      .numeric("1e5"), .numeric(""), .numeric("."), .numeric("12,5"),
      .numeric(String(repeating: "9", count: 1_001)),
      .timestamptz(Instant(microseconds: .min)), .date(Day(number: .max)),
    ]
    try await LeasedDatabase.with { pool in
      try await pool.session { connection in
        for value in refused {
          await #expect(throws: PostgresError.self, "\(value)") {
            try await connection.query("SELECT $1", [value])
          }
        }
        // Nothing was sent, so the connection is as good as before.
        let one = try await connection.query("SELECT 1::int8 AS one").only().int8("one")
        #expect(one == 1)
      }
    }
  }

  @Test func randomNumbersAndMomentsComeBackAsTheyWent() async throws {
    var generator = SeededGenerator(seed: 20_261_122)
    var rows: [(Int64, Double, Int64, [UInt8], String)] = []
    for _ in 0..<500 {
      let bits = generator.next()
      let float = Double(bitPattern: generator.next())
      let digits = String(generator.next()) + "." + padded(Int(generator.next() % 1_000_000), 6)
      rows.append(
        (
          Int64(bitPattern: bits), float.isNaN ? 0 : float,
          Int64(bitPattern: generator.next()) / 50, Array(hexText([UInt8(bits & 255)]).utf8),
          (bits % 2 == 0 ? "-" : "") + digits
        ))
    }
    let written = rows
    try await LeasedDatabase.with { pool in
      try await pool.session { connection in
        let results = try await connection.pipeline(
          written.map { row in
            PostgresStatement(
              "SELECT $1::int8 AS i, $2::float8 AS f, $3::timestamptz AS t, $4::bytea AS b, "
                + "$5::numeric AS n",
              [
                .int8(row.0), .float8(row.1), .timestamptz(Instant(microseconds: row.2)),
                .bytea(row.3), .numeric(row.4),
              ])
          })
        for (row, result) in zip(written, results) {
          let read = try result.only()
          #expect(try read.int8("i") == row.0)
          #expect(try read.float8("f") == row.1)
          #expect(try read.timestamptz("t") == Instant(microseconds: row.2))
          #expect(try read.bytea("b") == row.3)
          #expect(try read.numeric("n") == row.4)
        }
      }
    }
  }
}
