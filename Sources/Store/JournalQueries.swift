package import Basics
import Postgres
package import Tapping

extension StoreSession {
  /// The journal: the way in.
  package var journal: JournalQueries { JournalQueries(connection: connection) }
}

/// The journal: the way in.
package struct JournalQueries {
  let connection: PostgresConnection

  /// Locks registers until the end of the transaction, and makes those that are missing.
  ///
  /// What is not in the answer belongs to a device that may not post, or that has as many registers as a
  /// device may make (``devicesWithoutRoom(among:)``). A register's edition grows with each change of it,
  /// and with each change of what its device may do.
  package func lockRegisters(
    _ keys: [RegisterKey], at: Instant
  ) async throws -> [RegisterKey: LockedRegister] {
    let sorted = Set(keys).sorted()
    var found = try await lockPresent(sorted, at: at)
    let crowded = sorted.filter { found[$0]?.isCrowded == true }
    if !crowded.isEmpty {
      // Nobody marks their registers: the device itself is held, and all is looked up anew.
      try await connection.execute(
        "select 1 from device where device_id = any($1) order by device_id for share",
        [.texts(crowded.map(\.device))])
      for key in crowded { found[key] = nil }
      found.merge(try await lockPresent(crowded, at: at)) { _, held in held }
    }
    let full = Set(crowded.map(\.device))
    let missing = sorted.filter { found[$0] == nil && !full.contains($0.device) }
    guard !missing.isEmpty else { return found }
    // The devices stay as they are until the new registers can be seen: whoever stops one of them
    // finds its registers to mark. Another process may have made some of them in the meantime.
    try await connection.pipeline([
      PostgresStatement(
        """
        select 1 from device where device_id = any($1) and state = 'active'
        order by device_id for no key update
        """, [.texts(missing.map(\.device))]),
      PostgresStatement(Self.registerSQL, Self.arrays(missing) + [.timestamptz(at)]),
    ])
    found.merge(try await lockPresent(missing, at: at)) { kept, _ in kept }
    return found
  }

  /// Makes registers of active devices, as many as each may have.
  private static let registerSQL = """
    insert into device_epoch (device_id, epoch, last_received_at, last_sent_at)
    select n.device_id, n.epoch, $3, $3
    from (
      select k.device_id, k.epoch, row_number() over (partition by k.device_id order by k.epoch) as place
      from unnest($1::text[], $2::bigint[]) as k (device_id, epoch) join device d using (device_id)
      where d.state = 'active' and not exists (
        select from device_epoch e where e.device_id = k.device_id and e.epoch = k.epoch)) n
    where device_epochs_count(n.device_id) + n.place <= device_epochs_max(n.device_id)
    order by 1, 2
    on conflict do nothing
    """

  /// Those of some devices that may post, but have as many registers as a device may make.
  package func devicesWithoutRoom(among devices: [String]) async throws -> Set<String> {
    let rows = try await connection.query(
      """
      select device_id from device where device_id = any($1) and state = 'active'
        and device_epochs_count(device_id) >= device_epochs_max(device_id)
      """, [.texts(devices)])
    return Set(try rows.map { try $0.text(0) })
  }

  private func lockPresent(
    _ keys: [RegisterKey], at moment: Instant
  ) async throws -> [RegisterKey: LockedRegister] {
    // Looked up once they are locked: whoever had to wait for a register would see what its device might do
    // before the wait. One that was made between the two looks is not locked, and so not told.
    let answers = try await connection.pipeline([
      PostgresStatement(
        """
        select e.device_id, e.epoch from unnest($1::text[], $2::bigint[]) as k (device_id, epoch)
        join device_epoch e using (device_id, epoch) order by 1, 2 for update of e
        """, Self.arrays(keys)),
      PostgresStatement(Self.presentSQL, Self.arrays(keys) + [.timestamptz(moment)]),
    ])
    let locked = Set(
      try answers[0].map { RegisterKey(device: try $0.text(0), epoch: try $0.int8(1)) })
    var found: [RegisterKey: LockedRegister] = [:]
    for row in answers[1] {
      let key = RegisterKey(device: try row.text(0), epoch: try row.int8(1))
      guard locked.contains(key) else { continue }
      let epochs = try row.int(6)
      found[key] = LockedRegister(
        seen: try row.int8multirange(2), edition: try row.int8(3),
        publicKeys: try row.byteas(4).compactMap { $0 },
        keysHoldUntil: try row.timestamptzOrNil(5), session: try Self.standing(in: row, from: 8),
        devicesEpochs: epochs, isCrowded: epochs > (try row.int(7)))
    }
    return found
  }

  private static let presentSQL = """
    select e.device_id, e.epoch, e.seen, e.edition, y.public_keys, y.hold_until,
      device_epochs_count(e.device_id), device_epochs_max(e.device_id), \(standingColumns("e."))
    from unnest($1::text[], $2::bigint[]) as k (device_id, epoch)
    join device_epoch e using (device_id, epoch) join device d using (device_id)
    cross join lateral (
      select coalesce(array_agg(y.public_key), '{}') as public_keys,
        min(y.accepted_until) as hold_until
      from device_key y
      where y.device_id = e.device_id and (y.accepted_until is null or y.accepted_until > $3)
        and y.end_reason is distinct from 'revoked'
        and e.epoch >= y.epochs_from
        and (y.epochs_before is null or e.epoch < y.epochs_before)) y
    where d.state = 'active' order by 1, 2
    """

  /// Where a session stands, and in which epoch; nil when no register of the device tells.
  package func standing(
    device: String, session: SessionID
  ) async throws -> (standing: SessionStanding, epoch: Int64)? {
    let rows = try await connection.query(
      """
      select \(Self.standingColumns()), epoch from device_epoch
      where device_id = $1 and session_id = $2 order by session_count desc limit 1
      """, [.text(device), .identifier(session)])
    guard let row = try rows.onlyOrNil(), let standing = try Self.standing(in: row, from: 0)
    else { return nil }
    return (standing, try row.int8("epoch"))
  }

  private static func standing(
    in row: PostgresRow, from column: Int
  ) throws -> SessionStanding? {
    guard let session = try row.identifierOrNil(column) as SessionID? else { return nil }
    return SessionStanding(
      session: session, count: try row.int8(column + 1), hash: try row.bytea(column + 2),
      lastDigest: try row.bytea(column + 3), coveredCount: try row.int8(column + 4),
      uncoveredSince: try row.timestamptzOrNil(column + 5))
  }

  private static func standingColumns(_ table: String = "") -> String {
    ["id", "count", "chain", "digest", "covered_count", "uncovered_since"]
      .map { "\(table)session_\($0)" }.joined(separator: ", ")
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
      select fresh, body_digest, case when body_digest = $6 then null else body end as body,
        format
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
        body: try row.byteaOrNil(2), format: try row.text(3))
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

  /// Writes a group in one round trip; the registers are locked before.
  package func append(_ group: JournalGroup) async throws {
    var statements: [PostgresStatement] = []
    if !group.batches.isEmpty { statements.append(Self.insertion(of: group.batches)) }
    if !group.changes.isEmpty { statements.append(Self.update(group.changes)) }
    if !group.conflicts.isEmpty { statements.append(Self.insertion(of: group.conflicts)) }
    if !group.quarantined.isEmpty { statements.append(Self.insertion(of: group.quarantined)) }
    if !group.repeats.isEmpty { statements.append(Self.insertion(ofRepeats: group.repeats)) }
    if !group.checkpoints.isEmpty {
      statements.append(Self.insertion(ofCheckpoints: group.checkpoints))
    }
    guard !statements.isEmpty else { return }
    try await connection.pipeline(statements)
  }

  static func arrays(_ keys: [RegisterKey]) -> [PostgresValue] {
    [.texts(keys.map(\.device)), .int8s(keys.map(\.epoch))]
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
