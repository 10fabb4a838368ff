package import Basics
import Postgres

extension StoreSession {
  /// The signed batches that taps came in.
  package var evidence: EvidenceQueries { EvidenceQueries(connection: connection) }
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
  package let signature: [UInt8]
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
      select received_at, sent_at, body, body_digest, signature from tap_batch
      where lane = $1 and batch_id = $2
      """, [.int2(Lane.of(name: name.device)), .int8(found.id)])
    return try rows.onlyOrNil().map { row in
      SignedBatch(
        batchID: found.id, device: name.device, epoch: name.epoch,
        receivedAt: try row.timestamptz(0), sentAt: try row.timestamptz(1),
        body: try row.bytea(2), bodyDigest: try row.bytea(3), signature: try row.bytea(4))
    }
  }

  /// The bytes of batches, by their numbers in the journals of their devices.
  package func bodies(
    of batches: [(device: String, id: Int64)]
  ) async throws -> [Int64: [UInt8]] {
    guard !batches.isEmpty else { return [:] }
    let rows = try await connection.query(
      """
      select b.batch_id, b.body from unnest($1::int2[], $2::bigint[]) as n (lane, batch_id)
      join tap_batch b on b.lane = n.lane and b.batch_id = n.batch_id
      """,
      [
        .int2s(batches.map { Lane.of(name: $0.device) }), .int8s(batches.map { Optional($0.id) }),
      ])
    var bodies: [Int64: [UInt8]] = [:]
    for row in rows { bodies[try row.int8(0)] = try row.bytea(1) }
    return bodies
  }
}
