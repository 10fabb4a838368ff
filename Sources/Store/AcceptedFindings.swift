package import Basics
import Postgres

/// A finding of the proof about one row that people have looked at.
package struct AcceptedFindingRow: Sendable, Equatable {
  /// Where it stands.
  package enum State: String, Sendable, CaseIterable {
    case requested, approved, refused
  }

  package let number: Int64
  package let table: String
  package let rowKey: String
  package let finding: String
  package let reason: String
  package let requestedBy: String
  package let requestedAt: Instant
  package let state: State
  package let decidedBy: String?
  package let decidedAt: Instant?
  package let examined: ExaminedRow
}

/// A row of money as the proof sees it.
package struct ExaminedRow: Sendable, Equatable {
  /// The digest of the row; empty when there is none.
  package let image: [UInt8]
  /// Its newest digest in the list; empty when there is none, or the row was taken away.
  package let newest: [UInt8]
  /// Its digests without a right stamp: ` number:digest number:digest `; empty without any.
  package let seals: String

  /// Whether the proof finds anything about it.
  package var isFinding: Bool { image != newest || !seals.isEmpty }

  /// What the proof finds, in words.
  package var words: String {
    var words: [String] = []
    if image != newest {
      words.append(
        image.isEmpty
          ? "was taken away"
          : newest.isEmpty
            ? "was put in by no statement of the program" : "was changed after it was written")
    }
    if !seals.isEmpty { words.append("was written by hand, with no stamp of the program") }
    return words.joined(separator: ", and ")
  }

  /// Whether nothing became of the row since it was another time looked at.
  package func isAs(_ other: ExaminedRow) -> Bool { image == other.image && seals == other.seals }
}

extension StoreSession {
  /// Findings of the proof that people have looked at.
  package var acceptedFindings: AcceptedFindingTables {
    AcceptedFindingTables(connection: connection)
  }
}

/// Findings of the proof that people have looked at.
package struct AcceptedFindingTables {
  /// Most findings listed at once.
  package static let listMax = 1000

  let connection: PostgresConnection

  /// A row as the proof sees it, by the columns that name it with `/` between them.
  package func examine(_ table: MoneyTable, _ key: String) async throws -> ExaminedRow {
    try await RowSealTables(connection: connection).setTexts()
    let row = try await connection.query(
      """
      with \(RowSealTables.keyBlocks)
      select coalesce((
          select \(RowSealTables.imageDigest) from \(table.rawValue) x
          where concat_ws('/', \(table.keyTexts(of: "x"))) = $3), '') as image,
        coalesce((
          select digest from row_seal where table_name = $4 and row_key = $3
          order by seal_id desc limit 1), '') as newest,
        coalesce((
          select string_agg(format(' %s:%s', r.seal_id, encode(r.digest, 'hex')), ''
            order by r.seal_id) || ' '
          from row_seal r left join k on true
          where r.table_name = $4 and r.row_key = $3 and \(RowSealTables.isUnstamped)), '') as seals
      """,
      [
        .texts(table.leftOut.map(Optional.some)), .text(SealKey.setting), .text(key),
        .text(table.rawValue),
      ]
    ).only()
    return ExaminedRow(
      image: try row.bytea("image"), newest: try row.bytea("newest"), seals: try row.text("seals"))
  }

  /// Writes down that somebody asks for a finding to be accepted; its number.
  package func request(
    _ table: MoneyTable, _ key: String, _ row: ExaminedRow, reason: String, by person: String,
    at now: Instant
  ) async throws -> Int64 {
    try await connection.query(
      """
      insert into accepted_finding (table_name, row_key, image_digest, seals, finding, reason,
        requested_by, requested_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8) returning acceptance_id
      """,
      [
        .text(table.rawValue), .text(key), .bytea(row.image), .text(row.seals), .text(row.words),
        .text(reason), .text(person), .timestamptz(now),
      ]
    ).only().int8(0)
  }

  /// One of them, held for this transaction alone; nil when there is none of that number.
  package func lock(_ number: Int64) async throws -> AcceptedFindingRow? {
    _ = try await connection.query(
      "select from accepted_finding where acceptance_id = $1 for update", [.int8(number)])
    return try await list(number: number).first
  }

  /// Writes down a decision.
  package func decide(
    _ number: Int64, _ state: AcceptedFindingRow.State, by person: String, at now: Instant
  ) async throws {
    try await connection.execute(
      """
      update accepted_finding set state = $2, decided_by = $3, decided_at = $4
      where acceptance_id = $1
      """, [.int8(number), .text(state.rawValue), .text(person), .timestamptz(now)])
  }

  /// All of them, the newest first; of one number when it is given.
  package func list(number: Int64? = nil) async throws -> [AcceptedFindingRow] {
    let rows = try await connection.query(
      """
      select * from accepted_finding where $1::int8 is null or acceptance_id = $1
      order by acceptance_id desc limit $2
      """, [.orNull(number, PostgresValue.int8), .int8(Int64(Self.listMax))])
    return try rows.map { row in
      AcceptedFindingRow(
        number: try row.int8("acceptance_id"), table: try row.text("table_name"),
        rowKey: try row.text("row_key"), finding: try row.text("finding"),
        reason: try row.text("reason"), requestedBy: try row.text("requested_by"),
        requestedAt: try row.timestamptz("requested_at"), state: try row.word("state"),
        decidedBy: try row.textOrNil("decided_by"),
        decidedAt: try row.timestamptzOrNil("decided_at"),
        examined: ExaminedRow(
          image: try row.bytea("image_digest"), newest: [], seals: try row.text("seals")))
    }
  }
}
