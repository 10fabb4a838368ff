import Basics
import Postgres
package import Tapping

/// Links and checkpoints of sessions, by which their running hash is followed.
extension SessionQueries {
  /// Most batches of a lane that are looked through at once for those of a session.
  package static let batchesPerLookMax = 2000
  /// How long before its opening and after its end batches of a session are looked for, seconds: its
  /// life and the time for closing it, and clocks that were set.
  static let lookSecondsMax =
    SessionLimits.validSecondsMax + SessionLimits.closingSecondsMax

  /// Signed checkpoints of a session, in their order.
  package func checkpoints(of session: SessionID) async throws -> [SignedCheckpoint] {
    let rows = try await connection.query(
      """
      select request_count, chain, signature, received_at from session_checkpoint
      where session_id = $1 order by request_count
      """, [.identifier(session)])
    return try rows.map { row in
      SignedCheckpoint(
        count: try row.int8(0), chain: try row.bytea(1), signature: try row.bytea(2),
        receivedAt: try row.timestamptz(3))
    }
  }

  /// Requests of a session that brought nothing new, in their order.
  package func repeats(of session: SessionID) async throws -> [SessionLink] {
    let rows = try await connection.query(
      """
      select request_count, body_digest, chain from session_repeat
      where session_id = $1 order by request_count
      """, [.identifier(session)])
    return try rows.map { try Self.link(in: $0, from: 0) }
  }

  /// Requests of a session among `counts` that stand in the journal around one of its batches.
  ///
  /// The journal has no index of sessions, which would cost every batch on its way in; it lies in the
  /// order of arrival, so the neighbours of a batch are looked through in both directions.
  package func links(
    of record: SessionRecord, around batch: (id: Int64, count: Int64),
    among counts: ClosedRange<Int64>
  ) async throws -> [SessionLink] {
    let lane = Lane.of(name: record.device)
    var links: [SessionLink] = []
    let ways = [(false, counts.lowerBound), (true, counts.upperBound)]
    for (isForward, _) in ways.filter({ $0.1 != batch.count }) {
      var at = batch.id
      while let page = try await page(of: record, lane: lane, from: at, isForward: isForward) {
        links += page.links.filter { counts.contains($0.count) }
        at = page.lastBatchID
        let isThere = page.links.contains {
          isForward ? $0.count >= counts.upperBound : $0.count <= counts.lowerBound
        }
        if isThere { break }
      }
    }
    return links
  }

  /// Links of a session among the next batches of a lane; nil when there are no more.
  private func page(
    of record: SessionRecord, lane: Int16, from batchID: Int64, isForward: Bool
  ) async throws -> (links: [SessionLink], lastBatchID: Int64)? {
    let (sign, order, last) = isForward ? (">", "asc", "max") : ("<", "desc", "min")
    let rows = try await connection.query(
      """
      with look as materialized (
        select batch_id, session_id, request_count, body_digest, chain, received_at
        from tap_batch where lane = $1 and batch_id \(sign) $2
        order by batch_id \(order) limit $3)
      select l.request_count, l.body_digest, l.chain, e.last
      from (select \(last)(batch_id) as last from look
        where received_at between $5 and $6) e
      left join look l on l.session_id = $4
      where e.last is not null
      """,
      [
        .int2(lane), .int8(batchID), .int8(Int64(Self.batchesPerLookMax)),
        .identifier(record.id),
        .timestamptz(record.openedAt.adding(seconds: -Self.lookSecondsMax)),
        .timestamptz(record.expiresAt.adding(seconds: Self.lookSecondsMax)),
      ])
    guard let first = rows.first else { return nil }
    let links = try rows.compactMap { row in
      try row.int8OrNil(0) == nil ? nil : try Self.link(in: row, from: 0)
    }
    return (links, try first.int8(3))
  }

  private static func link(in row: PostgresRow, from column: Int) throws -> SessionLink {
    SessionLink(
      count: try row.int8(column), bodyDigest: try row.bytea(column + 1),
      chain: try row.bytea(column + 2))
  }
}
