package import Basics
import Postgres
package import Tapping

extension StoreSession {
  /// The lives of validators: what happened to them, and what they say of themselves.
  package var deviceLives: DeviceLifeQueries { DeviceLifeQueries(connection: connection) }
  /// Where validators are mounted.
  package var deviceAssignments: DeviceAssignmentQueries {
    DeviceAssignmentQueries(connection: connection)
  }
}

/// A heartbeat as it came, with its receipt.
package struct HeartbeatRecord: Sendable, Equatable {
  package var beat: DeviceHeartbeat
  package var receivedAt: Instant

  /// Makes a record.
  package init(beat: DeviceHeartbeat, receivedAt: Instant) {
    self.beat = beat
    self.receivedAt = receivedAt
  }

  /// How far the device's clock is behind, plus the delay on the way, microseconds.
  package var offsetMicroseconds: Int64 {
    receivedAt.microseconds - beat.sentAt.microseconds
  }
}

/// The lives of validators: what happened to them, and what they say of themselves.
package struct DeviceLifeQueries {
  /// Most events of one answer.
  package static let eventsMax = 1000
  /// A stored heartbeat that lies so far ahead of its own receipt gives way to any other, and to one that was
  /// received so much later.
  static let aheadSecondsMax: Int64 = 300

  let connection: PostgresConnection

  /// Adds what happened.
  package func append(_ event: DeviceEventRecord) async throws {
    try await connection.execute(
      """
      insert into device_event (device_id, at, event, by_whom, reason, detail)
      values ($1, $2, $3, $4, $5, $6)
      """,
      [
        .text(event.device), .timestamptz(event.at), .text(event.event.rawValue),
        .text(event.by), .orNull(event.reason, PostgresValue.text),
        .orNull(event.detail, PostgresValue.text),
      ])
  }

  /// The life of a device, the newest event first; at most ``eventsMax``.
  package func events(of id: String) async throws -> [DeviceEventRecord] {
    let rows = try await connection.query(
      """
      select at, event, by_whom, reason, detail from device_event
      where device_id = $1 order by event_id desc limit $2
      """, [.text(id), .int8(Int64(Self.eventsMax))])
    return try rows.map { row in
      let word = try row.text(1)
      guard let event = DeviceEvent(rawValue: word) else {
        throw StoreFault(kind: .damaged, "device_event.event holds \"\(word)\"")
      }
      return DeviceEventRecord(
        device: id, at: try row.timestamptz(0), event: event, by: try row.text(2),
        reason: try row.textOrNil(3), detail: try row.textOrNil(4))
    }
  }

  /// Keeps the newest heartbeat of each device; one device at most once.
  ///
  /// A heartbeat that comes again, or late, changes nothing; one that was made by a clock far ahead, or before
  /// a clock was set back, is not newer than all that follow.
  package func save(_ beats: [HeartbeatRecord]) async throws {
    guard !beats.isEmpty else { return }
    let ordered = beats.sorted { $0.beat.device < $1.beat.device }
    let all = ordered.map(\.beat)
    try await connection.execute(
      """
      insert into device_heartbeat as h (device_id, received_at, sent_at, software, configuration,
        tariff_version, deny_list_version, last_epoch, last_seq, last_tap_at, battery_percent,
        free_bytes, clock_offset_ms)
      select n.* from unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::text[],
        $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[], $10::timestamptz[],
        $11::smallint[], $12::bigint[], $13::bigint[]) as n (device_id, received_at, sent_at,
        software, configuration, tariff_version, deny_list_version, last_epoch, last_seq,
        last_tap_at, battery_percent, free_bytes, clock_offset_ms)
      join device using (device_id)
      on conflict (device_id) do update set received_at = excluded.received_at,
        sent_at = excluded.sent_at, software = excluded.software,
        configuration = excluded.configuration, tariff_version = excluded.tariff_version,
        deny_list_version = excluded.deny_list_version, last_epoch = excluded.last_epoch,
        last_seq = excluded.last_seq, last_tap_at = excluded.last_tap_at,
        battery_percent = excluded.battery_percent, free_bytes = excluded.free_bytes,
        clock_offset_ms = excluded.clock_offset_ms
      where excluded.sent_at > h.sent_at
        or h.sent_at > h.received_at + $14::bigint * interval '1 second'
        or excluded.received_at > h.received_at + $14::bigint * interval '1 second'
      """,
      [
        .texts(all.map(\.device)), .timestamptzs(ordered.map(\.receivedAt)),
        .timestamptzs(all.map(\.sentAt)), .texts(all.map(\.software)),
        .texts(all.map(\.configuration)), .texts(all.map(\.tariffVersion)),
        .int8s(all.map(\.denyListVersion)), .int8s(all.map(\.lastEpoch)),
        .int8s(all.map(\.lastSeq)), .timestamptzs(all.map(\.lastTapAt)),
        .int2s(all.map { $0.batteryPercent.map { Int16($0) } }), .int8s(all.map(\.freeBytes)),
        .int8s(all.map(\.clockOffsetMilliseconds)), .int8(Self.aheadSecondsMax),
      ])
  }

  /// Forgets what a device told of itself, when other hardware takes its place.
  package func forgetContact(of id: String) async throws {
    try await connection.pipeline([
      PostgresStatement("delete from device_heartbeat where device_id = $1", [.text(id)]),
      PostgresStatement("delete from device_position where device_id = $1", [.text(id)]),
    ])
  }

  /// The newest heartbeats of devices, by id.
  package func heartbeats(of ids: [String]) async throws -> [String: HeartbeatRecord] {
    let rows = try await connection.query(
      """
      select device_id, received_at, sent_at, software, configuration, tariff_version,
        deny_list_version, last_epoch, last_seq, last_tap_at, battery_percent, free_bytes,
        clock_offset_ms
      from device_heartbeat where device_id = any($1)
      """, [.texts(ids)])
    var beats: [String: HeartbeatRecord] = [:]
    for row in rows {
      var beat = DeviceHeartbeat(device: try row.text(0), sentAt: try row.timestamptz(2))
      beat.software = try row.textOrNil(3)
      beat.configuration = try row.textOrNil(4)
      beat.tariffVersion = try row.textOrNil(5)
      beat.denyListVersion = try row.int8OrNil(6)
      beat.lastEpoch = try row.int8OrNil(7)
      beat.lastSeq = try row.int8OrNil(8)
      beat.lastTapAt = try row.timestamptzOrNil(9)
      beat.batteryPercent = try row.intOrNil(10)
      beat.freeBytes = try row.int8OrNil(11)
      beat.clockOffsetMilliseconds = try row.int8OrNil(12)
      beats[beat.device] = HeartbeatRecord(beat: beat, receivedAt: try row.timestamptz(1))
    }
    return beats
  }

  /// Receipt and sending of a device's newest batches, the newest first: how its clock stood.
  package func clock(
    of id: String, countMax: Int
  ) async throws -> [(receivedAt: Instant, sentAt: Instant)] {
    let rows = try await connection.query(
      """
      select received_at, sent_at from tap_batch where lane = $1 and device_id = $2
      order by batch_id desc limit $3
      """, [.int2(Lane.of(name: id)), .text(id), .int8(Int64(countMax))])
    return try rows.map { (try $0.timestamptz(0), try $0.timestamptz(1)) }
  }
}
