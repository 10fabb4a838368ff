package import Basics
import Postgres
package import Tapping

/// The handshake of a session as it went over the wire.
package struct SessionRecord: Sendable, Equatable {
  package let id: SessionID
  package let device: String
  /// The key that signed the proposal.
  package let publicKey: [UInt8]
  package let proposal: [UInt8]
  package let proposalSignature: [UInt8]
  package let grantBody: [UInt8]
  package let grantSignature: [UInt8]
  package let openedAt: Instant
  package let expiresAt: Instant
  /// The key that signed the grant; nil for sessions from before it was written down.
  package let servicePublicKey: [UInt8]?

  /// Makes a record.
  package init(
    id: SessionID, device: String, publicKey: [UInt8], proposal: [UInt8],
    proposalSignature: [UInt8], grantBody: [UInt8], grantSignature: [UInt8], openedAt: Instant,
    expiresAt: Instant, servicePublicKey: [UInt8]?
  ) {
    self.id = id
    self.device = device
    self.publicKey = publicKey
    self.proposal = proposal
    self.proposalSignature = proposalSignature
    self.grantBody = grantBody
    self.grantSignature = grantSignature
    self.openedAt = openedAt
    self.expiresAt = expiresAt
    self.servicePublicKey = servicePublicKey
  }

  /// The handshake, as evidence holds it.
  package var handshake: SignedHandshake {
    SignedHandshake(
      proposal: proposal, proposalSignature: proposalSignature, grant: grantBody,
      grantSignature: grantSignature)
  }
}

extension StoreSession {
  /// Sessions of devices.
  package var sessions: SessionQueries { SessionQueries(connection: connection) }
}

/// Sessions of devices.
package struct SessionQueries {
  let connection: PostgresConnection

  /// Keeps the handshake of a new session.
  package func add(_ record: SessionRecord) async throws {
    try await connection.execute(
      """
      insert into device_session (session_id, device_id, public_key, proposal,
        proposal_signature, grant_body, grant_signature, opened_at, expires_at, service_key)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
      """,
      [
        .identifier(record.id), .text(record.device), .bytea(record.publicKey),
        .bytea(record.proposal), .bytea(record.proposalSignature), .bytea(record.grantBody),
        .bytea(record.grantSignature), .timestamptz(record.openedAt),
        .timestamptz(record.expiresAt), .orNull(record.servicePublicKey, PostgresValue.bytea),
      ])
  }

  /// Number of sessions that a device opened since a moment.
  package func countOpened(device: String, since: Instant) async throws -> Int64 {
    let rows = try await connection.query(
      "select count(*) from device_session where device_id = $1 and opened_at >= $2",
      [.text(device), .timestamptz(since)])
    return try rows.only().int8(0)
  }

  /// A session; nil when there is none of that name.
  package func find(_ id: SessionID) async throws -> SessionRecord? {
    let rows = try await connection.query(
      """
      select device_id, public_key, proposal, proposal_signature, grant_body, grant_signature,
        opened_at, expires_at, service_key
      from device_session where session_id = $1
      """, [.identifier(id)])
    return try rows.onlyOrNil().map { row in
      SessionRecord(
        id: id, device: try row.text(0), publicKey: try row.bytea(1), proposal: try row.bytea(2),
        proposalSignature: try row.bytea(3), grantBody: try row.bytea(4),
        grantSignature: try row.bytea(5), openedAt: try row.timestamptz(6),
        expiresAt: try row.timestamptz(7), servicePublicKey: try row.byteaOrNil(8))
    }
  }

  /// Where a session stands by the registers of its device, and in which epoch; nil before its first
  /// request.
  package func standing(
    of record: SessionRecord
  ) async throws -> (standing: SessionStanding, epoch: Int64)? {
    try await JournalQueries(connection: connection).standing(
      device: record.device, session: record.id)
  }
}
