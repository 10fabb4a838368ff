package import Basics
import Postgres

/// What of the past is changed beside orders to rate anew and corrected stops.
package enum PastChangeKind: String, Sendable, CaseIterable {
  /// Where a validator was.
  case place
  /// A proof of a category, or one that is withdrawn.
  case entitlement
  /// Riders who are one: merged, or by the payment account of a medium.
  case medium
  /// What one person may change alone.
  case limit
}

/// Where such a change stands.
package enum PastChangeState: String, Sendable, CaseIterable {
  /// It takes another person, who has to say the same.
  case requested
  case done
  /// It was asked for anew, or waited too long.
  case lapsed
}

/// A change of the past: a row of `past_change`.
package struct PastChangeRow: Sendable, Equatable {
  package var id: Int64 = 0
  package let kind: PastChangeKind
  /// By what the same wish of another person is known: 32 bytes.
  package let wish: [UInt8]
  /// What is to be done, in words and without the rider.
  package let what: String
  /// By how much fares change, minor units without a sign; nil: nobody looked, or it is too much to.
  package let changeMinor: Int64?
  /// The rider whom it is about, or the medium of a link, and the rider whom a merge leaves; nil for none, and once
  /// that rider was erased.
  package var subjectID: RiderID?
  package var otherID: RiderID?
  package var state: PastChangeState
  package let requestedBy: Person
  package let requestedAt: Instant
  package var decidedBy: Person?
  package var decidedAt: Instant?

  /// Makes a row.
  package init(
    kind: PastChangeKind, wish: [UInt8], what: String, changeMinor: Int64?,
    state: PastChangeState, requestedBy: Person, requestedAt: Instant
  ) {
    self.kind = kind
    self.wish = wish
    self.what = what
    self.changeMinor = changeMinor
    self.state = state
    self.requestedBy = requestedBy
    self.requestedAt = requestedAt
  }
}

extension StoreSession {
  /// Changes of the past that persons made, or that wait for another one.
  package var pastChanges: PastChangeTables { PastChangeTables(connection: connection) }
}

/// Changes of the past that persons made, or that wait for another one.
package struct PastChangeTables {
  /// Most changes of a list.
  package static let listMax = 500

  let connection: PostgresConnection

  private static let columns = """
    change_id, kind, wish, what, change_minor, state, requested_by, requested_digest, requested_at,
    decided_by, decided_digest, decided_at, subject_id, other_id
    """

  /// Lets whoever else keeps the same wish wait until the transaction ends: it may not be there yet to be held.
  package func hold(_ wish: [UInt8]) async throws {
    let number = wish.prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
    try await connection.execute("select pg_advisory_xact_lock($1)", [.int8(number)])
  }

  /// A wish that waits since a moment or later, held until the transaction ends; nil when there is none.
  package func lockRequested(_ wish: [UInt8], after moment: Instant) async throws -> PastChangeRow?
  {
    let rows = try await connection.query(
      """
      select \(Self.columns) from past_change
      where wish = $1 and state = 'requested' and requested_at > $2 for update
      """, [.bytea(wish), .timestamptz(moment)])
    return try rows.onlyOrNil().map(Self.record)
  }

  /// Adds a change, and gives its number; one that waits takes the place of the same that waited.
  package func add(_ row: PastChangeRow) async throws -> Int64 {
    try await connection.execute(
      "update past_change set state = 'lapsed' where wish = $1 and state = 'requested'",
      [.bytea(row.wish)])
    let rows = try await connection.query(
      """
      insert into past_change (kind, wish, what, change_minor, state, requested_by,
        requested_digest, requested_at, subject_id, other_id)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning change_id
      """,
      [
        .text(row.kind.rawValue), .bytea(row.wish), .text(row.what),
        .orNull(row.changeMinor, PostgresValue.int8), .text(row.state.rawValue),
        .text(row.requestedBy.label), .bytea(row.requestedBy.tokenDigest),
        .timestamptz(row.requestedAt), .orNull(row.subjectID) { .identifier($0) },
        .orNull(row.otherID) { .identifier($0) },
      ])
    return try rows.only().int8(0)
  }

  /// Writes down that another person said the same, and that it is done.
  package func markDone(_ id: Int64, by person: Person, at moment: Instant) async throws {
    try await connection.execute(
      """
      update past_change set state = 'done', decided_by = $2, decided_digest = $3, decided_at = $4
      where change_id = $1
      """,
      [.int8(id), .text(person.label), .bytea(person.tokenDigest), .timestamptz(moment)])
  }

  /// The newest first: all, or those of a kind, or in a state.
  package func list(
    kind: PastChangeKind? = nil, state: PastChangeState? = nil, limit: Int = listMax
  ) async throws -> [PastChangeRow] {
    let rows = try await connection.query(
      """
      select \(Self.columns) from past_change
      where ($1::text is null or kind = $1) and ($2::text is null or state = $2)
      order by change_id desc limit $3
      """,
      [
        .orNull(kind) { .text($0.rawValue) }, .orNull(state) { .text($0.rawValue) },
        .int8(Int64(limit)),
      ])
    return try rows.map(Self.record)
  }

  private static func record(_ row: PostgresRow) throws -> PastChangeRow {
    var found = PastChangeRow(
      kind: try row.word("kind"), wish: try row.bytea("wish"), what: try row.text("what"),
      changeMinor: try row.int8OrNil("change_minor"), state: try row.word("state"),
      requestedBy: try row.person("requested_by", "requested_digest"),
      requestedAt: try row.timestamptz("requested_at"))
    found.id = try row.int8("change_id")
    found.subjectID = try row.identifierOrNil("subject_id")
    found.otherID = try row.identifierOrNil("other_id")
    found.decidedBy = try row.personOrNil("decided_by", "decided_digest")
    found.decidedAt = try row.timestamptzOrNil("decided_at")
    return found
  }
}
