package import Basics
import Postgres
package import Tapping

extension StoreSession {
  /// Validators, their keys and their registers.
  package var devices: DeviceQueries { DeviceQueries(connection: connection) }
}

/// Validators, their keys and their registers.
package struct DeviceQueries {
  /// Most devices on a page.
  package static let pageMax = 1000
  /// Most epochs that a device begins with one hardware; as `device_epochs_max` says.
  package static let epochsMax = 1000
  /// Most registers of one device in an answer.
  package static let registersMax = 1000

  let connection: PostgresConnection

  private static let columns = """
    device_id, state, secret_digest, public_key, enrolled_at, activated_at, revoked_at,
    replacing_since, rotation_due_since, rotation_overlap_days,
    coalesce((select k.epochs_from from device_key k where k.device_id = device.device_id
      and k.public_key = device.public_key), 0) as epochs_from
    """

  /// A device with its keys; nil when there is none of that id.
  package func find(_ id: String) async throws -> DeviceRecord? {
    try await one("select \(Self.columns) from device where device_id = $1", id)
  }

  /// A device, locked until the end of the transaction; nil when there is none of that id.
  package func findForUpdate(_ id: String) async throws -> DeviceRecord? {
    try await one("select \(Self.columns) from device where device_id = $1 for update", id)
  }

  private func one(_ sql: String, _ id: String) async throws -> DeviceRecord? {
    let rows = try await connection.query(sql, [.text(id)])
    guard var device = try rows.onlyOrNil().map(Self.record) else { return nil }
    device.keys = try await keys(of: [id])
    return device
  }

  /// Devices in the order of their ids, after one; at most ``pageMax``; without their keys.
  package func list(after id: String = "", limit: Int = pageMax) async throws -> [DeviceRecord] {
    let rows = try await connection.query(
      "select \(Self.columns) from device where device_id > $1 order by device_id limit $2",
      [.text(id), .int8(Int64(min(limit, Self.pageMax)))])
    return try rows.map(Self.record)
  }

  /// Devices of which the id, or the place at a moment, holds a text, whatever the case of its letters; in
  /// the order of their ids, after one, at most ``pageMax``; without their keys.
  package func list(
    holding text: String, at moment: Instant, after id: String = "", limit: Int = pageMax
  ) async throws -> [DeviceRecord] {
    let rows = try await connection.query(
      """
      select \(Self.columns) from device
      where device_id > $4 and (strpos(lower(device_id), lower($1)) > 0
        or exists (select from device_assignment a where a.device_id = device.device_id
          and a.valid_from <= $2 and (a.valid_to is null or a.valid_to > $2)
          and strpos(lower(coalesce(a.vehicle, a.stop)), lower($1)) > 0))
      order by device_id limit $3
      """,
      [
        .text(text), .timestamptz(moment), .int8(Int64(min(limit, Self.pageMax))), .text(id),
      ])
    return try rows.map(Self.record)
  }

  /// Every key that devices ever had, by device, the newest first.
  package func keys(of ids: [String]) async throws -> [DeviceKeyRecord] {
    let rows = try await connection.query(
      """
      select device_id, public_key, valid_from, accepted_until, epochs_from, epochs_before,
        epoch_first, end_reason
      from device_key where device_id = any($1)
      order by device_id, valid_from desc, public_key
      """, [.texts(ids)])
    return try rows.map { row in
      DeviceKeyRecord(
        device: try row.text(0), publicKey: try row.bytea(1), validFrom: try row.timestamptz(2),
        acceptedUntil: try row.timestamptzOrNil(3), epochsFrom: try row.int8(4),
        epochsBefore: try row.int8OrNil(5), epochFirst: try row.int8(6),
        endReason: try row.textOrNil(7))
    }
  }

  /// Registers a device, or a known one anew with another secret and without its key.
  package func enroll(
    _ id: String, vehicle: String?, secretDigest: [UInt8], at: Instant
  ) async throws {
    try await connection.execute(
      """
      insert into device (device_id, state, secret_digest, enrolled_at)
      values ($1, 'enrolled', $2, $3)
      on conflict (device_id) do update set state = 'enrolled',
        secret_digest = excluded.secret_digest, public_key = null,
        enrolled_at = excluded.enrolled_at, activated_at = null, revoked_at = null,
        replacing_since = null, rotation_due_since = null, rotation_overlap_days = null
      """, [.text(id), .bytea(secretDigest), .timestamptz(at)])
    if let vehicle {
      let places = DeviceAssignmentQueries(connection: connection)
      var assignments = try await places.find(id)
      assignments.assign(.vehicle(vehicle), from: at)
      try await places.save(assignments, of: id)
    }
    try await announce(id)
  }

  /// Gives an enrolled device its key.
  package func activate(_ id: String, publicKey: [UInt8], at: Instant) async throws {
    try await takeKey(id, publicKey, epochsFrom: 0, epochFirst: 0, at: at)
  }

  /// Makes a key the one that a device signs with from now on, and the device active.
  ///
  /// Another key of the same hardware leaves a secret alone that waits for other hardware.
  package func takeKey(
    _ id: String, _ publicKey: [UInt8], epochsFrom: Int64, epochFirst: Int64, at: Instant,
    keepsReplacement: Bool = false
  ) async throws {
    try await connection.pipeline([
      PostgresStatement(
        """
        update device set state = 'active', public_key = $2,
          activated_at = coalesce(activated_at, $3),
          replacing_since = case when $4 then replacing_since end,
          rotation_due_since = null, rotation_overlap_days = null
        where device_id = $1
        """, [.text(id), .bytea(publicKey), .timestamptz(at), .bool(keepsReplacement)]),
      PostgresStatement(
        """
        insert into device_key (device_id, public_key, valid_from, epochs_from, epoch_first)
        values ($1, $2, $3, $4, $5)
        """,
        [
          .text(id), .bytea(publicKey), .timestamptz(at), .int8(epochsFrom), .int8(epochFirst),
        ]),
    ])
    try await announce(id)
  }

  /// Lets the earlier keys of a device verify until a moment, when another key took over.
  package func overlapOldKeys(_ id: String, until: Instant) async throws {
    try await connection.execute(
      """
      update device_key k set accepted_until = $2, end_reason = 'rotated'
      from device d where d.device_id = $1 and k.device_id = $1
        and k.public_key <> d.public_key and k.accepted_until is null and k.epochs_before is null
      """, [.text(id), .timestamptz(until)])
    try await announce(id)
  }

  /// Confines the earlier keys of a device to epochs below one, when other hardware took over.
  package func confineOldKeys(_ id: String, epochsBefore: Int64) async throws {
    try await connection.execute(
      """
      update device_key k set epochs_before = $2, end_reason = coalesce(end_reason, 'replaced')
      from device d where d.device_id = $1 and k.device_id = $1
        and k.public_key <> d.public_key and k.epochs_before is null
      """, [.text(id), .int8(epochsBefore)])
    try await announce(id)
  }

  /// Ends keys of a device: those it does not sign with now, or all; the number ended.
  ///
  /// What was taken in before came before the end, also where the clock of now was set back since: the evidence of
  /// it holds. A key that a person ended verifies nothing new, whenever that was.
  @discardableResult
  package func endKeys(_ id: String, isCurrentKept: Bool, at: Instant) async throws -> Int {
    let ended = try await connection.execute(
      """
      update device_key k set end_reason = 'revoked', accepted_until = greatest($2::timestamptz,
        (select max(last_received_at) + interval '1 microsecond' from device_epoch
          where device_id = $1))
      from device d where d.device_id = $1 and k.device_id = $1
        and (k.accepted_until is null or k.accepted_until > $2)
        and k.end_reason is distinct from 'revoked'
        and not ($3 and k.public_key = d.public_key)
      """, [.text(id), .timestamptz(at), .bool(isCurrentKept)])
    try await announce(id)
    return ended
  }

  /// Ends a device's right to post; false when there is none of that id.
  package func revoke(_ id: String, at: Instant) async throws -> Bool {
    let changed = try await connection.execute(
      """
      update device set state = 'revoked', secret_digest = null,
        revoked_at = coalesce(revoked_at, $2), replacing_since = null, rotation_due_since = null,
        rotation_overlap_days = null
      where device_id = $1
      """, [.text(id), .timestamptz(at)])
    try await endKeys(id, isCurrentKept: false, at: at)
    return changed > 0
  }

  /// Writes where a device stands: suspended or active, asked for a key or not.
  package func save(
    _ life: DeviceLife, of id: String, overlapDays: Int? = nil, at: Instant
  ) async throws {
    try await connection.execute(
      """
      update device set state = $2,
        replacing_since = case when $3 then coalesce(replacing_since, $6) end,
        rotation_due_since = case when $4 then coalesce(rotation_due_since, $6) end,
        rotation_overlap_days = case when $4 then coalesce($5, rotation_overlap_days) end
      where device_id = $1
      """,
      [
        .text(id), .text(life.state.rawValue), .bool(life.isReplacing), .bool(life.owesKey),
        .orNull(overlapDays) { .int2(Int16($0)) }, .timestamptz(at),
      ])
    try await announce(id)
  }

  /// Gives a device that is to be replaced the secret of the new hardware, as of a moment.
  package func setSecret(of id: String, digest: [UInt8], at moment: Instant) async throws {
    try await connection.execute(
      "update device set secret_digest = $2, replacing_since = $3 where device_id = $1",
      [.text(id), .bytea(digest), .timestamptz(moment)])
  }

  /// Takes back the secret that waits for other hardware.
  package func dropSecret(of id: String) async throws {
    try await connection.execute(
      "update device set secret_digest = null, replacing_since = null where device_id = $1",
      [.text(id)])
  }

  /// Lets no other hardware take the place of some devices until the end of the transaction, and waits for one
  /// that is just taking it.
  ///
  /// To be asked before ``keysInPlace(of:at:)``, with nothing else held, by whoever keeps what a replacement
  /// forgets. Devices for which no other hardware is ordered are not held: a step that moves many taps holds its
  /// device for long, and a group with a heartbeat of it would wait.
  package func holdHardware(of ids: [String]) async throws {
    try await connection.execute(
      """
      select from device where device_id = any($1) and replacing_since is not null
      order by device_id for key share
      """, [.texts(ids)])
  }

  /// The keys by which some devices may tell of now at a moment; who may not post has none, and none that are of
  /// hardware which was replaced.
  package func keysInPlace(
    of ids: [String], at moment: Instant
  ) async throws -> [String: [[UInt8]]] {
    let rows = try await connection.query(
      """
      select device_id, k.public_key from device_key k join device using (device_id)
      where device_id = any($1) and state = 'active'
        and (k.accepted_until is null or k.accepted_until > $2)
        and k.end_reason is distinct from 'revoked' and k.epochs_before is null
      """, [.texts(ids), .timestamptz(moment)])
    var keys: [String: [[UInt8]]] = [:]
    for row in rows { keys[try row.text(0), default: []].append(try row.bytea(1)) }
    return keys
  }

  /// The registers of devices, by device and epoch; the newest of each, at most a count.
  package func registers(
    of ids: [String], limit: Int = registersMax
  ) async throws -> [EpochRegister] {
    let rows = try await connection.query(
      """
      select \(Self.registerColumns)
      from (select distinct unnest($1::text[]) as id) n cross join lateral (
        select * from device_epoch where device_id = n.id order by epoch desc limit $2) e
      order by device_id, epoch
      """, [.texts(ids), .int8(Int64(min(limit, Self.registersMax)))])
    return try rows.map(Self.register)
  }

  /// One register; nil when the device never posted in that epoch.
  package func register(_ key: RegisterKey) async throws -> EpochRegister? {
    try await connection.query(
      "select \(Self.registerColumns) from device_epoch where device_id = $1 and epoch = $2",
      [.text(key.device), .int8(key.epoch)]
    ).onlyOrNil().map(Self.register)
  }

  /// The newest epoch in which a device posted; nil when it never did.
  package func newestEpoch(of id: String) async throws -> Int64? {
    try await connection.query(
      "select max(epoch) from device_epoch where device_id = $1", [.text(id)]
    ).only().int8OrNil(0)
  }

  private static let registerColumns = """
    device_id, epoch, seen, taps_stored, duplicates, conflicts, quarantined, last_received_at,
    last_sent_at
    """

  private static func register(_ row: PostgresRow) throws -> EpochRegister {
    EpochRegister(
      device: try row.text(0), epoch: try row.int8(1), seen: try row.int8multirange(2),
      tapsStored: try row.int8(3), duplicates: try row.int8(4), conflicts: try row.int8(5),
      quarantined: try row.int8(6), lastReceivedAt: try row.timestamptz(7),
      lastSentAt: try row.timestamptz(8))
  }

  private func announce(_ id: String) async throws {
    try await StoreSession(connection: connection).announce(.devices, id)
  }

  private static func record(_ row: PostgresRow) throws -> DeviceRecord {
    let text = try row.text(1)
    guard let state = DeviceState(rawValue: text) else {
      throw StoreFault(kind: .damaged, "device.state holds \"\(text)\"")
    }
    return DeviceRecord(
      id: try row.text(0), state: state, secretDigest: try row.byteaOrNil(2),
      publicKey: try row.byteaOrNil(3), enrolledAt: try row.timestamptz(4),
      activatedAt: try row.timestamptzOrNil(5), revokedAt: try row.timestamptzOrNil(6),
      replacingSince: try row.timestamptzOrNil(7), rotationDueSince: try row.timestamptzOrNil(8),
      rotationOverlapDays: try row.intOrNil(9), epochsFrom: try row.int8(10))
  }
}
