package import Basics
import Postgres
package import Wallet

extension StoreSession {
  /// Proofs of categories with the papers behind them.
  package var proofs: ProofTables { ProofTables(connection: connection) }
}

/// A proof of a category as it stands.
package struct ProofRow: Sendable, Equatable {
  package let rider: RiderID
  package let days: ProvenDays
  /// What kind of paper proves it: `pensioner card`.
  package let kind: String?
  /// What a person wrote beside it.
  package let note: String?
  package let recordedAt: Instant

  /// Makes a row.
  package init(
    rider: RiderID, days: ProvenDays, kind: String?, note: String?, recordedAt: Instant
  ) {
    self.rider = rider
    self.days = days
    self.kind = kind
    self.note = note
    self.recordedAt = recordedAt
  }
}

/// Proofs of categories with the papers behind them.
package struct ProofTables {
  /// Most proofs in a list.
  package static let listMax = 10_000

  let connection: PostgresConnection

  private static let columns =
    "rider_id, category, valid_from, valid_to, proof_kind, proof, recorded_at"

  private static func proof(_ row: PostgresRow) throws -> ProofRow {
    ProofRow(
      rider: try row.identifier(0),
      days: ProvenDays(
        category: try row.text(1), first: try row.date(2), last: try row.dateOrNil(3)),
      kind: try row.textOrNil(4), note: try row.textOrNil(5), recordedAt: try row.timestamptz(6))
  }

  /// The proofs of a rider in the order of their days.
  package func list(of rider: RiderID) async throws -> [ProofRow] {
    try await connection.query(
      "select \(Self.columns) from entitlement where rider_id = $1 order by valid_from, category",
      [.identifier(rider)]
    ).map(Self.proof)
  }

  /// Whether the paper of a digest proves the category of somebody else.
  package func isOfAnother(_ digest: [UInt8], than rider: RiderID) async throws -> Bool {
    try await connection.query(
      "select exists (select from entitlement where proof_digest = $1 and rider_id <> $2)",
      [.bytea(digest), .identifier(rider)]
    ).only().bool(0)
  }

  /// Records a proof, or makes the one of the same category and first day say what this one says.
  package func save(_ proof: ProofRow, digest: [UInt8]?) async throws {
    try await connection.execute(
      """
      insert into entitlement (rider_id, category, valid_from, valid_to, proof_kind, proof,
        recorded_at, proof_digest)
      values ($1, $2, $3, $4, $5, $6, $7, $8)
      on conflict (rider_id, category, valid_from) do update
        set valid_to = excluded.valid_to, proof_kind = excluded.proof_kind,
          proof = excluded.proof, proof_digest = excluded.proof_digest
      """,
      [
        .identifier(proof.rider), .text(proof.days.category), .date(proof.days.first),
        .orNull(proof.days.last, PostgresValue.date), .orNull(proof.kind, PostgresValue.text),
        .orNull(proof.note, PostgresValue.text), .timestamptz(proof.recordedAt),
        .orNull(digest, PostgresValue.bytea),
      ])
  }

  /// Ends a proof on a day.
  package func end(_ days: ProvenDays, of rider: RiderID, on last: Day) async throws {
    try await connection.execute(
      """
      update entitlement set valid_to = $4
      where rider_id = $1 and category = $2 and valid_from = $3
      """, [.identifier(rider), .text(days.category), .date(days.first), .date(last)])
  }

  /// Takes a proof away, as if it had never been recorded.
  package func remove(_ days: ProvenDays, of rider: RiderID) async throws {
    try await connection.execute(
      "delete from entitlement where rider_id = $1 and category = $2 and valid_from = $3",
      [.identifier(rider), .text(days.category), .date(days.first)])
  }

  /// Proofs that end within some days, the first to end first, and whose nothing follows.
  package func expiring(within days: ClosedRange<Day>) async throws -> [ProofRow] {
    try await connection.query(
      """
      select \(Self.columns) from entitlement e
      where e.valid_to between $1 and $2 and not exists (
        select from entitlement n where n.rider_id = e.rider_id and n.category = e.category
          and n.valid_from <= e.valid_to + 1 and (n.valid_to is null or n.valid_to > e.valid_to))
      order by e.valid_to, e.rider_id limit $3
      """, [.date(days.lowerBound), .date(days.upperBound), .int8(Int64(Self.listMax))]
    ).map(Self.proof)
  }
}
