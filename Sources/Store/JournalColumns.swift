import Basics
import Postgres

// The journal's two great statements and their columns, for both ways in: after the registers were
// locked, and in one statement with them.
extension JournalQueries {
  /// Columns of a batch, with the type of the array that carries each.
  private static let batchColumns = [
    ("lane", "smallint"), ("device_id", "text"), ("epoch", "bigint"), ("seqs", "int8multirange"),
    ("fresh", "int8multirange"), ("quarantined", "int8multirange"),
    ("received_at", "timestamptz"), ("sent_at", "timestamptz"), ("body", "bytea"),
    ("signature", "bytea"), ("body_digest", "bytea"), ("format", "text"), ("session_id", "uuid"),
    ("request_count", "bigint"), ("mac", "bytea"), ("chain", "bytea"),
  ]

  /// Columns of a change of a register.
  private static let changeColumns = [
    ("device_id", "text"), ("epoch", "bigint"), ("seen", "int8multirange"),
    ("taps_stored", "bigint"), ("duplicates", "bigint"), ("quarantined", "bigint"),
    ("received_at", "timestamptz"), ("sent_at", "timestamptz"), ("session_id", "uuid"),
    ("session_count", "bigint"), ("session_chain", "bytea"), ("session_digest", "bytea"),
    ("session_covered_count", "bigint"), ("session_uncovered_since", "timestamptz"),
  ]

  /// Number of parameters that a change of registers takes.
  static var changeColumnsCount: Int { changeColumns.count }

  /// `$1::text[], $2::bigint[], …` from a parameter on.
  private static func arrays(_ columns: [(String, String)], from parameter: Int) -> String {
    columns.enumerated().map { "$\(parameter + $0.offset)::\($0.element.1)[]" }
      .joined(separator: ", ")
  }

  private static func names(_ columns: [(String, String)]) -> String {
    columns.map(\.0).joined(separator: ", ")
  }

  /// The statement that adds batches, with its first parameter at a number.
  static func insertSQL(parameter: Int) -> String {
    """
    insert into tap_batch (\(names(batchColumns)))
    select * from unnest(\(arrays(batchColumns, from: parameter))) as b
    """
  }

  /// The statement that changes registers, with its first parameter at a number; more conditions
  /// may follow it.
  static func updateSQL(parameter: Int) -> String {
    """
    update device_epoch e set seen = c.seen, taps_stored = e.taps_stored + c.taps_stored,
      duplicates = e.duplicates + c.duplicates, quarantined = e.quarantined + c.quarantined,
      last_received_at = greatest(e.last_received_at, c.received_at), last_sent_at = c.sent_at,
      session_id = c.session_id, session_count = c.session_count,
      session_chain = c.session_chain, session_digest = c.session_digest,
      session_covered_count = c.session_covered_count,
      session_uncovered_since = c.session_uncovered_since
    from unnest(\(arrays(changeColumns, from: parameter))) as c (\(names(changeColumns)))
    where e.device_id = c.device_id and e.epoch = c.epoch
    """
  }

  /// The parameters of ``insertSQL(parameter:)``.
  static func columns(of batches: [JournalBatch]) -> [PostgresValue] {
    [
      .int2s(batches.map { Lane.of(name: $0.register.device) }),
      .texts(batches.map(\.register.device)), .int8s(batches.map(\.register.epoch)),
      .int8multiranges(batches.map(\.seqs)), .int8multiranges(batches.map(\.fresh)),
      .int8multiranges(batches.map(\.quarantined)), .timestamptzs(batches.map(\.receivedAt)),
      .timestamptzs(batches.map(\.sentAt)), .byteas(batches.map(\.body)),
      .byteas(batches.map(\.proof.signature)), .byteas(batches.map(\.bodyDigest)),
      .texts(batches.map(\.format)), .identifiers(batches.map(\.proof.session?.session)),
      .int8s(batches.map(\.proof.session?.count)), .byteas(batches.map(\.proof.session?.mac)),
      .byteas(batches.map(\.proof.session?.standing.hash)),
    ]
  }

  /// The parameters of ``updateSQL(parameter:)``.
  static func columns(of changes: [RegisterChange]) -> [PostgresValue] {
    arrays(changes.map(\.register)) + [
      .int8multiranges(changes.map(\.seen)), .int8s(changes.map(\.tapsStored)),
      .int8s(changes.map(\.duplicates)), .int8s(changes.map(\.quarantined)),
      .timestamptzs(changes.map(\.receivedAt)), .timestamptzs(changes.map(\.sentAt)),
      .identifiers(changes.map(\.session?.session)), .int8s(changes.map(\.session?.count)),
      .byteas(changes.map(\.session?.hash)), .byteas(changes.map(\.session?.lastDigest)),
      .int8s(changes.map(\.session?.coveredCount)),
      .timestamptzs(changes.map(\.session?.uncoveredSince)),
    ]
  }

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
