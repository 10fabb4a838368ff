package import Basics
import Postgres

extension StoreSession {
  /// The journal: the way in.
  package var journal: JournalQueries { JournalQueries(connection: connection) }
}

/// The journal: the way in.
package struct JournalQueries {
  let connection: PostgresConnection

  /// Locks registers until the end of the transaction, and makes those that are missing.
  ///
  /// What is not in the answer belongs to a device that may not post.
  package func lockRegisters(
    _ keys: [RegisterKey], at: Instant
  ) async throws -> [RegisterKey: LockedRegister] {
    let sorted = Set(keys).sorted()
    var found = try await lockPresent(sorted, at: at)
    let missing = sorted.filter { found[$0] == nil }
    guard !missing.isEmpty else { return found }
    try await connection.execute(
      """
      insert into device_epoch (device_id, epoch, last_received_at, last_sent_at)
      select k.device_id, k.epoch, $3, $3
      from unnest($1::text[], $2::bigint[]) as k (device_id, epoch) join device d using (device_id)
      where d.state = 'active' order by 1, 2
      on conflict do nothing
      """, Self.arrays(missing) + [.timestamptz(at)])
    // Another process may have made some of them in the meantime, and put numbers into them.
    found.merge(try await lockPresent(missing, at: at)) { kept, _ in kept }
    return found
  }

  private func lockPresent(
    _ keys: [RegisterKey], at moment: Instant
  ) async throws -> [RegisterKey: LockedRegister] {
    let rows = try await connection.query(
      """
      select e.device_id, e.epoch, e.seen, array(
        select k.public_key from device_key k
        where k.device_id = e.device_id and (k.accepted_until is null or k.accepted_until > $3)
          and e.epoch >= k.epochs_from and (k.epochs_before is null or e.epoch < k.epochs_before))
      from unnest($1::text[], $2::bigint[]) as k (device_id, epoch)
      join device_epoch e using (device_id, epoch) join device d using (device_id)
      where d.state = 'active' order by 1, 2
      for update of e
      """, Self.arrays(keys) + [.timestamptz(moment)])
    var found: [RegisterKey: LockedRegister] = [:]
    for row in rows {
      let key = RegisterKey(device: try row.text(0), epoch: try row.int8(1))
      found[key] = LockedRegister(
        seen: try row.int8multirange(2), publicKeys: try row.byteas(3).compactMap { $0 })
    }
    return found
  }

  /// Batches that first brought any of some numbers, in the order they came.
  ///
  /// A body whose digest is `digest` is left out: it is the one the caller has in hand.
  package func earlier(
    _ key: RegisterKey, sharing numbers: [Range<Int64>], otherThan digest: [UInt8]
  ) async throws -> [EarlierBatch] {
    guard let first = numbers.first?.lowerBound else { return [] }
    let rows = try await connection.query(
      """
      select fresh, body_digest, case when body_digest = $6 then null else body end as body
      from tap_batch
      where lane = $1 and device_id = $2 and epoch = $3 and upper(fresh) > $4 and fresh && $5
      order by batch_id
      """,
      [
        .int2(Lane.of(name: key.device)), .text(key.device), .int8(key.epoch), .int8(first),
        .int8multirange(numbers), .bytea(digest),
      ])
    return try rows.map { row in
      EarlierBatch(
        fresh: try row.int8multirange(0), bodyDigest: try row.bytea(1),
        body: try row.byteaOrNil(2))
    }
  }

  /// Digests of contents that contradict the first ones, by number, among some numbers.
  package func conflicts(
    _ key: RegisterKey, among numbers: [Range<Int64>]
  ) async throws -> [Int64: [[UInt8]]] {
    let rows = try await connection.query(
      """
      select seq, other_digest from tap_conflict
      where device_id = $1 and epoch = $2 and $3 @> seq order by conflict_id
      """, [.text(key.device), .int8(key.epoch), .int8multirange(numbers)])
    var digests: [Int64: [[UInt8]]] = [:]
    for row in rows { digests[try row.int8(0), default: []].append(try row.bytea(1)) }
    return digests
  }

  /// Writes a group in one round trip, and announces it; the registers are locked before.
  package func append(_ group: JournalGroup) async throws {
    var statements: [PostgresStatement] = []
    if !group.batches.isEmpty { statements.append(Self.insertion(of: group.batches)) }
    if !group.changes.isEmpty { statements.append(Self.update(group.changes)) }
    if !group.conflicts.isEmpty { statements.append(Self.insertion(of: group.conflicts)) }
    if !group.quarantined.isEmpty { statements.append(Self.insertion(of: group.quarantined)) }
    if !group.batches.isEmpty {
      statements.append(
        PostgresStatement("select pg_notify($1, '')", [.text(StoreChannel.journal.rawValue)]))
    }
    guard !statements.isEmpty else { return }
    try await connection.pipeline(statements)
  }

  private static func arrays(_ keys: [RegisterKey]) -> [PostgresValue] {
    [.texts(keys.map(\.device)), .int8s(keys.map(\.epoch))]
  }

  private static func insertion(of batches: [JournalBatch]) -> PostgresStatement {
    PostgresStatement(
      """
      insert into tap_batch (lane, device_id, epoch, seqs, fresh, quarantined, received_at,
        sent_at, body, signature, body_digest)
      select * from unnest($1::smallint[], $2::text[], $3::bigint[], $4::int8multirange[],
        $5::int8multirange[], $6::int8multirange[], $7::timestamptz[], $8::timestamptz[],
        $9::bytea[], $10::bytea[], $11::bytea[])
      """,
      [
        .int2s(batches.map { Lane.of(name: $0.register.device) }),
        .texts(batches.map(\.register.device)), .int8s(batches.map(\.register.epoch)),
        .int8multiranges(batches.map(\.seqs)), .int8multiranges(batches.map(\.fresh)),
        .int8multiranges(batches.map(\.quarantined)), .timestamptzs(batches.map(\.receivedAt)),
        .timestamptzs(batches.map(\.sentAt)), .byteas(batches.map(\.body)),
        .byteas(batches.map(\.signature)), .byteas(batches.map(\.bodyDigest)),
      ])
  }

  private static func update(_ changes: [RegisterChange]) -> PostgresStatement {
    PostgresStatement(
      """
      update device_epoch e set seen = c.seen, taps_stored = e.taps_stored + c.taps_stored,
        duplicates = e.duplicates + c.duplicates, quarantined = e.quarantined + c.quarantined,
        last_received_at = greatest(e.last_received_at, c.received_at), last_sent_at = c.sent_at
      from unnest($1::text[], $2::bigint[], $3::int8multirange[], $4::bigint[], $5::bigint[],
        $6::bigint[], $7::timestamptz[], $8::timestamptz[]) as c (device_id, epoch, seen,
        taps_stored, duplicates, quarantined, received_at, sent_at)
      where e.device_id = c.device_id and e.epoch = c.epoch
      """,
      arrays(changes.map(\.register)) + [
        .int8multiranges(changes.map(\.seen)), .int8s(changes.map(\.tapsStored)),
        .int8s(changes.map(\.duplicates)), .int8s(changes.map(\.quarantined)),
        .timestamptzs(changes.map(\.receivedAt)), .timestamptzs(changes.map(\.sentAt)),
      ])
  }

  /// A conflict that comes again is counted once.
  private static func insertion(of conflicts: [TapConflict]) -> PostgresStatement {
    PostgresStatement(
      """
      with added as (
        insert into tap_conflict (device_id, epoch, seq, kept_digest, other_digest,
          other_content, received_at)
        select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[],
          $6::text[], $7::timestamptz[])
        on conflict do nothing returning device_id, epoch
      )
      update device_epoch e set conflicts = e.conflicts + c.added
      from (select device_id, epoch, count(*) as added from added group by 1, 2) c
      where e.device_id = c.device_id and e.epoch = c.epoch
      """,
      arrays(conflicts.map(\.register)) + [
        .int8s(conflicts.map(\.seq)), .byteas(conflicts.map(\.keptDigest)),
        .byteas(conflicts.map(\.otherDigest)), .texts(conflicts.map(\.otherContent)),
        .timestamptzs(conflicts.map(\.receivedAt)),
      ])
  }

  private static func insertion(of taps: [QuarantinedTap]) -> PostgresStatement {
    PostgresStatement(
      """
      insert into tap_quarantine (device_id, epoch, seq, code, message, content, received_at)
      select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[],
        $6::text[], $7::timestamptz[])
      on conflict do nothing
      """,
      arrays(taps.map(\.register)) + [
        .int8s(taps.map(\.seq)), .texts(taps.map(\.code)), .texts(taps.map(\.message)),
        .texts(taps.map(\.content)), .timestamptzs(taps.map(\.receivedAt)),
      ])
  }
}
