package import Basics
import Postgres
package import Tapping

extension StoreSession {
  /// The signed batches that taps came in.
  package var evidence: EvidenceQueries { EvidenceQueries(connection: connection) }
}

/// The request of a session that brought a batch.
package struct BatchRequest: Sendable, Equatable {
  package let session: SessionID
  package let count: Int64
  package let mac: [UInt8]
  /// The running hash after it.
  package let chain: [UInt8]
}

/// A batch of the journal with what proves it.
package struct SignedBatch: Sendable, Equatable {
  package let batchID: Int64
  package let device: String
  package let epoch: Int64
  package let receivedAt: Instant
  package let sentAt: Instant
  package let body: [UInt8]
  package let bodyDigest: [UInt8]
  /// Empty where a session proves the batch.
  package let signature: [UInt8]
  /// How to read the body: `json`, `protobuf`, with `+gzip` when it is packed.
  package let format: String
  /// The request of a session that brought it; nil when it has a signature of its own.
  package let request: BatchRequest?
}

/// The signed batches that taps came in.
package struct EvidenceQueries {
  let connection: PostgresConnection

  /// The batches that first brought some taps, by their names; without their bodies.
  package func batches(
    of names: [TapName]
  ) async throws -> [TapName: (id: Int64, receivedAt: Instant)] {
    guard !names.isEmpty else { return [:] }
    let rows = try await connection.query(
      """
      select n.device_id, n.epoch, n.seq, b.batch_id, b.received_at
      from unnest($1::int2[], $2::text[], $3::bigint[], $4::bigint[])
        as n (lane, device_id, epoch, seq)
      cross join lateral (
        select batch_id, received_at from tap_batch b
        where b.lane = n.lane and b.device_id = n.device_id and b.epoch = n.epoch
          and upper(b.fresh) > n.seq and b.fresh @> n.seq
        order by batch_id limit 1) b
      """,
      [
        .int2s(names.map { Lane.of(name: $0.device) }), .texts(names.map(\.device)),
        .int8s(names.map(\.epoch)), .int8s(names.map(\.seq)),
      ])
    var batches: [TapName: (id: Int64, receivedAt: Instant)] = [:]
    for row in rows {
      let name = TapName(device: try row.text(0), epoch: try row.int8(1), seq: try row.int8(2))
      batches[name] = (try row.int8(3), try row.timestamptz(4))
    }
    return batches
  }

  /// The batch that first brought a tap; nil when no batch did.
  package func batch(of name: TapName) async throws -> SignedBatch? {
    guard let found = try await batches(of: [name])[name] else { return nil }
    let rows = try await connection.query(
      """
      select received_at, sent_at, body, body_digest, coalesce(signature, ''), format,
        session_id, request_count, mac, chain
      from tap_batch
      where lane = $1 and batch_id = $2
      """, [.int2(Lane.of(name: name.device)), .int8(found.id)])
    return try rows.onlyOrNil().map { row in
      SignedBatch(
        batchID: found.id, device: name.device, epoch: name.epoch,
        receivedAt: try row.timestamptz(0), sentAt: try row.timestamptz(1),
        body: try row.bytea(2), bodyDigest: try row.bytea(3), signature: try row.bytea(4),
        format: try row.text(5), request: try Self.request(in: row, from: 6))
    }
  }

  /// The request in a row, from a column on; nil when there is none.
  static func request(in row: PostgresRow, from column: Int) throws -> BatchRequest? {
    guard let session = try row.identifierOrNil(column) as SessionID? else { return nil }
    return BatchRequest(
      session: session, count: try row.int8(column + 1), mac: try row.bytea(column + 2),
      chain: try row.bytea(column + 3))
  }

  /// The bytes of batches, by their numbers in the journals of their devices.
  package func bodies(
    of batches: [(device: String, id: Int64)]
  ) async throws -> [Int64: StoredBody] {
    guard !batches.isEmpty else { return [:] }
    let rows = try await connection.query(
      """
      select b.batch_id, b.body, b.format from unnest($1::int2[], $2::bigint[]) as n (lane, batch_id)
      join tap_batch b on b.lane = n.lane and b.batch_id = n.batch_id
      """,
      [
        .int2s(batches.map { Lane.of(name: $0.device) }), .int8s(batches.map { Optional($0.id) }),
      ])
    var bodies: [Int64: StoredBody] = [:]
    for row in rows {
      bodies[try row.int8(0)] = StoredBody(bytes: try row.bytea(1), format: try row.text(2))
    }
    return bodies
  }
}
