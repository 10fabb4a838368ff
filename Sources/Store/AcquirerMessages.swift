package import Basics
import Charging
import Postgres

extension StoreSession {
  /// Signed messages of the acquirer, and those of them that wait for a person; lines of its files too.
  package var acquirerMessages: AcquirerMessageTables {
    AcquirerMessageTables(connection: connection)
  }
}

/// A signed message of the acquirer that fitted nothing here, or a line of a funding file about a capture
/// that it does not pay and that is not owed again by itself.
package struct KeptMessage: Sendable, Hashable {
  /// What a person found out about it.
  package struct Decision: Sendable, Hashable {
    package let at: Instant
    package let by: String
    package let what: String
  }

  /// The acquirer's own name of a message, or ours of a line: `KVYTOK-F17-3` is line 3 of file 17.
  package let id: String
  package let kind: String
  /// The body as it was signed, or what the line says.
  package let body: String
  /// Why it was not taken.
  package let why: String
  package let receivedAt: Instant
  /// Nil while nobody has looked into it.
  package let decision: Decision?
}

/// Signed messages of the acquirer.
package struct AcquirerMessageTables {
  /// Most messages listed at once.
  package static let pageMax = 1000
  /// What became of a message that was taken.
  package static let taken = "taken"
  /// What became of a message that says what is known here.
  package static let known = "known already"
  /// Whether a message waits, or waited, for a person; the index `acquirer_message_kept` has the same.
  static let isKept = "outcome not in ('\(taken)', '\(known)')"
  /// Whether a line of a funding file waits, or waited, for a person; the index `acquirer_record_kept` has
  /// the same.
  static let isKeptLine = "category = '\(MatchCategory.notHonoured.rawValue)'"
  /// Lines that wait, or waited, under their names, with their files.
  private static let keptLines = """
    (select 'KVYTOK-F' || f.number || '-' || r.line as name, r.*, f.at
    from acquirer_record r join acquirer_file f using (file_id) where r.\(isKeptLine)) l
    """

  let connection: PostgresConnection

  /// Writes a message down as taken; false when it came before.
  package func add(
    _ id: String, kind: String, body: String, at now: Instant
  ) async throws -> Bool {
    try await connection.execute(
      """
      insert into acquirer_message (message_id, kind, body, outcome, received_at)
      values ($1, $2, $3, $4, $5) on conflict do nothing
      """, [.text(id), .text(kind), .text(body), .text(Self.taken), .timestamptz(now)]) > 0
  }

  /// Writes down what became of a message that was not taken.
  package func setOutcome(of id: String, _ outcome: String) async throws {
    try await connection.execute(
      "update acquirer_message set outcome = $2 where message_id = $1", [.text(id), .text(outcome)])
  }

  /// Messages and lines that fitted nothing, the oldest first; only those that nobody has looked into, or all.
  package func kept(openOnly: Bool, countMax: Int = pageMax) async throws -> [KeptMessage] {
    try await connection.query(
      """
      select * from (
        select message_id, kind, body, outcome, received_at, decided_at, decided_by, decision
        from acquirer_message where \(Self.isKept)
        union all
        select name, kind, concat_ws(',', 'N', reference, coalesce(key, ''), gross_minor, fee_minor,
          currency, value_date), coalesce(note, ''), at, decided_at, decided_by, decision
        from \(Self.keptLines)) k
      where decided_at is null or not $1 order by received_at, message_id limit $2
      """, [.bool(openOnly), .int8(Int64(countMax))]
    ).map { row in
      let decidedAt = try row.timestamptzOrNil("decided_at")
      return KeptMessage(
        id: try row.text("message_id"), kind: try row.text("kind"), body: try row.text("body"),
        why: try row.text("outcome"), receivedAt: try row.timestamptz("received_at"),
        decision: try decidedAt.map {
          KeptMessage.Decision(
            at: $0, by: try row.text("decided_by"), what: try row.text("decision"))
        })
    }
  }

  /// Writes down what a person found out about a message or line that waits; false when no such one waits.
  package func decide(
    _ id: String, _ decision: String, by person: String, at now: Instant
  ) async throws -> Bool {
    let parameters: [PostgresValue] = [
      .text(id), .timestamptz(now), .text(person), .text(decision),
    ]
    let messages = try await connection.execute(
      """
      update acquirer_message set decided_at = $2, decided_by = $3, decision = $4
      where message_id = $1 and \(Self.isKept) and decided_at is null
      """, parameters)
    guard messages == 0 else { return true }
    return try await connection.execute(
      """
      update acquirer_record r set decided_at = $2, decided_by = $3, decision = $4
      from \(Self.keptLines)
      where l.name = $1 and r.record_id = l.record_id and r.decided_at is null
      """, parameters) > 0
  }
}
