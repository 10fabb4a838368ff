import Basics
import Postgres

// The journal's two great statements and their columns, for both ways in: after the registers were
// locked, and in one statement with the comparison of them.

/// A column of many rows that travel as one array.
struct ArrayColumn<Row>: Sendable {
  let name: String
  /// The type of one value.
  let type: String
  let values: @Sendable ([Row]) -> PostgresValue

  init(_ name: String, _ type: String, _ values: @escaping @Sendable ([Row]) -> PostgresValue) {
    self.name = name
    self.type = type
    self.values = values
  }
}

extension [ArrayColumn<JournalBatch>] {
  /// What the journal keeps of a batch.
  static let ofBatch: Self = [
    ArrayColumn("lane", "smallint") { .int2s($0.map { Lane.of(name: $0.register.device) }) },
    ArrayColumn("device_id", "text") { .texts($0.map(\.register.device)) },
    ArrayColumn("epoch", "bigint") { .int8s($0.map(\.register.epoch)) },
    ArrayColumn("seqs", "int8multirange") { .int8multiranges($0.map(\.seqs)) },
    ArrayColumn("fresh", "int8multirange") { .int8multiranges($0.map(\.fresh)) },
    ArrayColumn("quarantined", "int8multirange") { .int8multiranges($0.map(\.quarantined)) },
    ArrayColumn("received_at", "timestamptz") { .timestamptzs($0.map(\.receivedAt)) },
    ArrayColumn("sent_at", "timestamptz") { .timestamptzs($0.map(\.sentAt)) },
    ArrayColumn("body", "bytea") { .byteas($0.map(\.body)) },
    ArrayColumn("signature", "bytea") { .byteas($0.map(\.proof.signature)) },
    ArrayColumn("body_digest", "bytea") { .byteas($0.map(\.bodyDigest)) },
    ArrayColumn("format", "text") { .texts($0.map(\.format)) },
    ArrayColumn("session_id", "uuid") { .identifiers($0.map(\.proof.session?.session)) },
    ArrayColumn("request_count", "bigint") { .int8s($0.map(\.proof.session?.count)) },
    ArrayColumn("mac", "bytea") { .byteas($0.map(\.proof.session?.mac)) },
    ArrayColumn("chain", "bytea") { .byteas($0.map(\.proof.session?.standing.hash)) },
  ]

  /// What has to travel of a batch whose taps are all new and possible: its numbers once.
  static let ofPlainBatch = ofBatch.filter { $0.name != "seqs" && $0.name != "quarantined" }
}

extension [ArrayColumn<RegisterChange>] {
  /// What a group adds to a register.
  static let ofChange: Self = [
    ArrayColumn("device_id", "text") { .texts($0.map(\.register.device)) },
    ArrayColumn("epoch", "bigint") { .int8s($0.map(\.register.epoch)) },
    ArrayColumn("seen", "int8multirange") { .int8multiranges($0.map(\.seen)) },
    ArrayColumn("taps_stored", "bigint") { .int8s($0.map(\.tapsStored)) },
    ArrayColumn("duplicates", "bigint") { .int8s($0.map(\.duplicates)) },
    ArrayColumn("quarantined", "bigint") { .int8s($0.map(\.quarantined)) },
    ArrayColumn("received_at", "timestamptz") { .timestamptzs($0.map(\.receivedAt)) },
    ArrayColumn("sent_at", "timestamptz") { .timestamptzs($0.map(\.sentAt)) },
    ArrayColumn("session_id", "uuid") { .identifiers($0.map(\.session?.session)) },
    ArrayColumn("session_count", "bigint") { .int8s($0.map(\.session?.count)) },
    ArrayColumn("session_chain", "bytea") { .byteas($0.map(\.session?.hash)) },
    ArrayColumn("session_digest", "bytea") { .byteas($0.map(\.session?.lastDigest)) },
    ArrayColumn("session_covered_count", "bigint") { .int8s($0.map(\.session?.coveredCount)) },
    ArrayColumn("session_uncovered_since", "timestamptz") {
      .timestamptzs($0.map(\.session?.uncoveredSince))
    },
  ]

  /// The same where nothing came twice and nothing was impossible.
  static let ofPlainChange = ofChange.filter {
    $0.name != "duplicates" && $0.name != "quarantined"
  }
}

extension [ArrayColumn<ExpectedRegister>] {
  /// How a register has to stand for what is written about it.
  static let ofExpectation: Self = [
    ArrayColumn("expected_edition", "bigint") { .int8s($0.map(\.edition)) }
  ]
}

extension Array {
  /// `$1::text[], $2::bigint[], …` from a parameter on.
  func arrays<Row>(from parameter: Int) -> String where Element == ArrayColumn<Row> {
    enumerated().map { "$\(parameter + $0.offset)::\($0.element.type)[]" }.joined(separator: ", ")
  }

  /// The names of columns, as SQL lists them.
  func names<Row>() -> String where Element == ArrayColumn<Row> {
    map(\.name).joined(separator: ", ")
  }

  /// The parameters that carry rows.
  func parameters<Row>(of rows: [Row]) -> [PostgresValue] where Element == ArrayColumn<Row> {
    map { $0.values(rows) }
  }
}

extension JournalQueries {
  /// The statement that adds batches.
  static func insertion(of batches: [JournalBatch]) -> PostgresStatement {
    let columns = [ArrayColumn<JournalBatch>].ofBatch
    return PostgresStatement(
      """
      insert into tap_batch (\(columns.names()))
      select * from unnest(\(columns.arrays(from: 1))) as b
      """, columns.parameters(of: batches))
  }

  /// The statement that changes registers which are locked.
  static func update(_ changes: [RegisterChange]) -> PostgresStatement {
    let columns = [ArrayColumn<RegisterChange>].ofChange
    return PostgresStatement(
      """
      update device_epoch e set duplicates = e.duplicates + c.duplicates,
        quarantined = e.quarantined + c.quarantined, \(plainChangeSQL)
      from unnest(\(columns.arrays(from: 1))) as c (\(columns.names()))
      where e.device_id = c.device_id and e.epoch = c.epoch
      """, columns.parameters(of: changes))
  }

  /// What changes of a register in any case.
  static let plainChangeSQL = """
    edition = e.edition + 1, seen = c.seen, taps_stored = e.taps_stored + c.taps_stored,
      last_received_at = greatest(e.last_received_at, c.received_at),
      last_sent_at = coalesce(c.sent_at, e.last_sent_at),
      session_id = c.session_id, session_count = c.session_count,
      session_chain = c.session_chain, session_digest = c.session_digest,
      session_covered_count = c.session_covered_count,
      session_uncovered_since = c.session_uncovered_since
    """

  /// Requests of sessions that brought nothing new; the same one again is kept once.
  static func insertion(ofRepeats notes: [SessionNote]) -> PostgresStatement {
    PostgresStatement(
      """
      insert into session_repeat (session_id, request_count, body_digest, mac, chain, received_at)
      select * from unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[],
        $6::timestamptz[])
      on conflict do nothing
      """,
      [
        .identifiers(notes.map(\.request.session)), .int8s(notes.map(\.request.count)),
        .byteas(notes.map(\.request.standing.lastDigest)), .byteas(notes.map(\.request.mac)),
        .byteas(notes.map(\.request.standing.hash)), .timestamptzs(notes.map(\.receivedAt)),
      ])
  }

  /// Signed checkpoints; the same one again is kept once.
  static func insertion(ofCheckpoints notes: [SessionNote]) -> PostgresStatement {
    PostgresStatement(
      """
      insert into session_checkpoint (session_id, request_count, chain, signature, received_at)
      select * from unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::bytea[], $5::timestamptz[])
      on conflict do nothing
      """,
      [
        .identifiers(notes.map(\.request.session)), .int8s(notes.map(\.request.count)),
        .byteas(notes.map(\.request.standing.hash)), .byteas(notes.map(\.request.checkpoint)),
        .timestamptzs(notes.map(\.receivedAt)),
      ])
  }
}
