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
  ) async throws -> [TapName: (id: Int64, receivedAt: Instant, sentAt: Instant)] {
    guard !names.isEmpty else { return [:] }
    let rows = try await connection.query(
      """
      select n.device_id, n.epoch, n.seq, b.batch_id, b.received_at, b.sent_at
      from unnest($1::int2[], $2::text[], $3::bigint[], $4::bigint[])
        as n (lane, device_id, epoch, seq)
      cross join lateral (
        select batch_id, received_at, sent_at from tap_batch b
        where b.lane = n.lane and b.device_id = n.device_id and b.epoch = n.epoch
          and upper(b.fresh) > n.seq and b.fresh @> n.seq
        order by batch_id limit 1) b
      """,
      [
        .int2s(names.map { Lane.of(name: $0.device) }), .texts(names.map(\.device)),
        .int8s(names.map(\.epoch)), .int8s(names.map(\.seq)),
      ])
    var batches: [TapName: (id: Int64, receivedAt: Instant, sentAt: Instant)] = [:]
    for row in rows {
      let name = TapName(device: try row.text(0), epoch: try row.int8(1), seq: try row.int8(2))
      batches[name] = (try row.int8(3), try row.timestamptz(4), try row.timestamptz(5))
    }
    return batches
  }

  /// The batch that first brought a tap; nil when no batch did.
  package func batch(of name: TapName) async throws -> SignedBatch? {
    guard let found = try await batches(of: [name])[name] else { return nil }
    return try await batches([found.id], of: name).first
  }

  /// What contradicts the content of a tap, and the batches that may have brought it; nil when there is no such
  /// conflict of the tap.
  ///
  /// Which of them it was, where several came at one moment, their contents tell by the digest.
  package func batches(
    ofConflict conflictID: Int64, of name: TapName
  ) async throws -> (otherDigest: [UInt8], batches: [SignedBatch])? {
    let rows = try await connection.query(
      """
      select other_digest, received_at from tap_conflict
      where conflict_id = $1 and device_id = $2 and epoch = $3 and seq = $4
      """, [.int8(conflictID), .text(name.device), .int8(name.epoch), .int8(name.seq)])
    guard let row = rows.first else { return nil }
    let kept = try await batches(of: [name])
    let ids = try await batchIDs(
      ofConflicts: [(conflictID, name, try row.timestamptz(1))], kept: kept)
    return (try row.bytea(0), try await batches(ids[conflictID] ?? [], of: name))
  }

  /// The batches that may have brought what contradicts some taps, by the conflict; `kept` are those that first
  /// brought the taps.
  func batchIDs(
    ofConflicts conflicts: [(id: Int64, name: TapName, receivedAt: Instant)],
    kept: [TapName: (id: Int64, receivedAt: Instant, sentAt: Instant)]
  ) async throws -> [Int64: [Int64]] {
    guard !conflicts.isEmpty else { return [:] }
    // Only batches that repeat a number: the others of a journal are not in the index.
    let rows = try await connection.query(
      """
      select c.conflict_id, b.batch_id from tap_conflict c
      join tap_batch b on b.device_id = c.device_id and b.epoch = c.epoch
        and b.received_at = c.received_at and b.fresh <> b.seqs and b.seqs @> c.seq
      where c.conflict_id = any($1)
      """, [.int8s(conflicts.map { Optional($0.id) })])
    var ids: [Int64: Set<Int64>] = [:]
    for row in rows { ids[try row.int8(0), default: []].insert(try row.int8(1)) }
    // One batch may have brought both, and nothing that was known.
    for conflict in conflicts {
      guard let batch = kept[conflict.name], batch.receivedAt == conflict.receivedAt else {
        continue
      }
      ids[conflict.id, default: []].insert(batch.id)
    }
    return ids.mapValues { $0.sorted() }
  }

  private func batches(_ ids: [Int64], of name: TapName) async throws -> [SignedBatch] {
    let rows = try await connection.query(
      """
      select batch_id, received_at, sent_at, body, body_digest, coalesce(signature, ''), format,
        session_id, request_count, mac, chain
      from tap_batch
      where lane = $1 and batch_id = any($2) order by batch_id
      """, [.int2(Lane.of(name: name.device)), .int8s(ids.map(Optional.some))])
    return try rows.map { row in
      SignedBatch(
        batchID: try row.int8(0), device: name.device, epoch: name.epoch,
        receivedAt: try row.timestamptz(1), sentAt: try row.timestamptz(2),
        body: try row.bytea(3), bodyDigest: try row.bytea(4), signature: try row.bytea(5),
        format: try row.text(6), request: try Self.request(in: row, from: 7))
    }
  }

  /// The request in a row, from a column on; nil when there is none.
  static func request(in row: PostgresRow, from column: Int) throws -> BatchRequest? {
    guard let session = try row.identifierOrNil(column) as SessionID? else { return nil }
    return BatchRequest(
      session: session, count: try row.int8(column + 1), mac: try row.bytea(column + 2),
      chain: try row.bytea(column + 3))
  }

  /// The bytes of batches of the journals of some devices, each once, by the number of the batch.
  package func bodies(
    of devices: [Int64: String]
  ) async throws -> [Int64: StoredBody] {
    guard !devices.isEmpty else { return [:] }
    let batches = devices.sorted { $0.key < $1.key }
    let rows = try await connection.query(
      """
      select b.batch_id, b.body, b.format from unnest($1::int2[], $2::bigint[]) as n (lane, batch_id)
      join tap_batch b on b.lane = n.lane and b.batch_id = n.batch_id
      """,
      [
        .int2s(batches.map { Lane.of(name: $0.value) }), .int8s(batches.map { Optional($0.key) }),
      ])
    var bodies: [Int64: StoredBody] = [:]
    for row in rows {
      bodies[try row.int8(0)] = StoredBody(bytes: try row.bytea(1), format: try row.text(2))
    }
    return bodies
  }
}
