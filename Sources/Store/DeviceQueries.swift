package import Basics
import Postgres

/// Where a validator stands.
package enum DeviceState: String, Sendable, CaseIterable {
  /// Registered, waiting for its key.
  case enrolled
  /// May post.
  case active
  /// Stopped for a while by a person.
  case suspended
  /// May never post again with this key.
  case revoked
}

/// A validator.
package struct DeviceRecord: Sendable, Equatable {
  package let id: String
  package let vehicle: String?
  package let state: DeviceState
  /// SHA-256 of the one-time secret; nil when it has none.
  package let secretDigest: [UInt8]?
  /// 32 bytes of Ed25519; nil until the device is activated.
  package let publicKey: [UInt8]?
  package let enrolledAt: Instant
  package let activatedAt: Instant?
  package let revokedAt: Instant?
}

/// The register of one life of a device's counter.
package struct EpochRegister: Sendable, Equatable {
  package let device: String
  package let epoch: Int64
  /// Numbers seen, as sorted disjoint ranges.
  package let seen: [Range<Int64>]
  /// Taps in the journal, quarantined ones included.
  package let tapsStored: Int64
  package let duplicates: Int64
  package let conflicts: Int64
  package let quarantined: Int64
  package let lastReceivedAt: Instant
  package let lastSentAt: Instant
}

extension StoreSession {
  /// Validators and their registers.
  package var devices: DeviceQueries { DeviceQueries(connection: connection) }
}

/// Validators and their registers.
package struct DeviceQueries {
  /// Most devices on a page.
  package static let pageMax = 1000

  let connection: PostgresConnection

  private static let columns =
    "device_id, vehicle, state, secret_digest, public_key, enrolled_at, activated_at, revoked_at"

  /// A device; nil when there is none of that id.
  package func find(_ id: String) async throws -> DeviceRecord? {
    let rows = try await connection.query(
      "select \(Self.columns) from device where device_id = $1", [.text(id)])
    return try rows.onlyOrNil().map(Self.record)
  }

  /// A device, locked until the end of the transaction; nil when there is none of that id.
  package func findForUpdate(_ id: String) async throws -> DeviceRecord? {
    let rows = try await connection.query(
      "select \(Self.columns) from device where device_id = $1 for update", [.text(id)])
    return try rows.onlyOrNil().map(Self.record)
  }

  /// Devices in the order of their ids, after one; at most ``pageMax``.
  package func list(after id: String = "", limit: Int = pageMax) async throws -> [DeviceRecord] {
    let rows = try await connection.query(
      "select \(Self.columns) from device where device_id > $1 order by device_id limit $2",
      [.text(id), .int8(Int64(min(limit, Self.pageMax)))])
    return try rows.map(Self.record)
  }

  /// Registers a device, or a known one anew with another secret and without its key.
  package func enroll(
    _ id: String, vehicle: String?, secretDigest: [UInt8], at: Instant
  ) async throws {
    try await connection.execute(
      """
      insert into device (device_id, vehicle, state, secret_digest, enrolled_at)
      values ($1, $2, 'enrolled', $3, $4)
      on conflict (device_id) do update set
        vehicle = coalesce(excluded.vehicle, device.vehicle), state = 'enrolled',
        secret_digest = excluded.secret_digest, public_key = null,
        enrolled_at = excluded.enrolled_at, activated_at = null, revoked_at = null
      """,
      [.text(id), .orNull(vehicle, PostgresValue.text), .bytea(secretDigest), .timestamptz(at)])
    try await announce(id)
  }

  /// Gives an enrolled device its key.
  package func activate(_ id: String, publicKey: [UInt8], at: Instant) async throws {
    try await connection.execute(
      """
      update device set state = 'active', public_key = $2, activated_at = $3
      where device_id = $1 and state = 'enrolled'
      """, [.text(id), .bytea(publicKey), .timestamptz(at)])
    try await announce(id)
  }

  /// Ends a device's right to post; false when there is none of that id.
  package func revoke(_ id: String, at: Instant) async throws -> Bool {
    let changed = try await connection.execute(
      """
      update device set state = 'revoked', secret_digest = null,
        revoked_at = coalesce(revoked_at, $2)
      where device_id = $1
      """, [.text(id), .timestamptz(at)])
    try await announce(id)
    return changed > 0
  }

  /// The keys that some devices sign with now; who may not post has none.
  package func activeKeys(of ids: [String]) async throws -> [String: [UInt8]] {
    let rows = try await connection.query(
      "select device_id, public_key from device where device_id = any($1) and state = 'active'",
      [.texts(ids)])
    var keys: [String: [UInt8]] = [:]
    for row in rows { keys[try row.text(0)] = try row.bytea(1) }
    return keys
  }

  /// The registers of devices, by device and epoch.
  package func registers(of ids: [String]) async throws -> [EpochRegister] {
    let rows = try await connection.query(
      """
      select device_id, epoch, seen, taps_stored, duplicates, conflicts, quarantined,
        last_received_at, last_sent_at
      from device_epoch where device_id = any($1) order by device_id, epoch
      """, [.texts(ids)])
    return try rows.map { row in
      EpochRegister(
        device: try row.text(0), epoch: try row.int8(1), seen: try row.int8multirange(2),
        tapsStored: try row.int8(3), duplicates: try row.int8(4), conflicts: try row.int8(5),
        quarantined: try row.int8(6), lastReceivedAt: try row.timestamptz(7),
        lastSentAt: try row.timestamptz(8))
    }
  }

  private func announce(_ id: String) async throws {
    try await StoreSession(connection: connection).announce(.devices, id)
  }

  private static func record(_ row: PostgresRow) throws -> DeviceRecord {
    let text = try row.text(2)
    guard let state = DeviceState(rawValue: text) else {
      throw StoreFault(kind: .damaged, "device.state holds \"\(text)\"")
    }
    return DeviceRecord(
      id: try row.text(0), vehicle: try row.textOrNil(1), state: state,
      secretDigest: try row.byteaOrNil(3), publicKey: try row.byteaOrNil(4),
      enrolledAt: try row.timestamptz(5), activatedAt: try row.timestamptzOrNil(6),
      revokedAt: try row.timestamptzOrNil(7))
  }
}
