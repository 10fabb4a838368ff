package import Basics
import Postgres

extension StoreSession {
  /// Watching over the fleet: silent validators, and holes in their numbers.
  package var fleet: FleetQueries { FleetQueries(connection: connection) }
}

/// An active validator not heard of though its vehicle is.
package struct SilentDevice: Sendable, Equatable {
  package let device: String
  package let vehicle: String
  /// When it was last heard of; nil is never, or not since it took the place of other hardware.
  package let lastContactAt: Instant?
  /// Whether it took the place of other hardware, and was not heard of since.
  package let isUnheardReplacement: Bool
  /// The newest position of its vehicle.
  package let vehicleSeenAt: Instant
  /// Metres from end to end of where its vehicle was since.
  package var movedMetres: Double
  /// The first position of its vehicle that counts in that; nil when there is none.
  package var movedSince: Instant?
}

/// Where a list of silent devices goes on: after this one.
package struct SilentPlace: Sendable, Equatable {
  package let device: String
  package let lastContactAt: Instant?

  /// Names a place.
  package init(device: String, lastContactAt: Instant?) {
    self.device = device
    self.lastContactAt = lastContactAt
  }
}

extension SilentDevice {
  /// Where a list that ends with it goes on.
  package var place: SilentPlace { SilentPlace(device: device, lastContactAt: lastContactAt) }
}

/// A hole in the numbers of a device, open or closed.
package struct GapRecord: Sendable, Equatable {
  package let device: String
  package let epoch: Int64
  package let seqs: ClosedRange<Int64>
  package let knownSince: Instant
  /// When the last of its numbers came; nil while it is open.
  package let closedAt: Instant?
}

/// Where a list of holes goes on: after this one, also once a part of it came.
package struct GapPlace: Sendable, Equatable {
  package let device: String
  package let epoch: Int64
  package let firstSeq: Int64
  package let knownSince: Instant

  /// Names a place.
  package init(device: String, epoch: Int64, firstSeq: Int64, knownSince: Instant) {
    self.device = device
    self.epoch = epoch
    self.firstSeq = firstSeq
    self.knownSince = knownSince
  }
}

extension GapRecord {
  /// Where a list that ends with it goes on.
  package var place: GapPlace {
    GapPlace(device: device, epoch: epoch, firstSeq: seqs.lowerBound, knownSince: knownSince)
  }
}

/// Open holes of all devices, in sums.
package struct GapSums: Sendable, Equatable {
  package var gaps = 0
  package var numbers: Int64 = 0
  package var devices = 0
  package var oldestAt: Instant?
}

/// A number that came with two contents.
package struct ConflictRow: Sendable, Equatable {
  /// By which the evidence of the other content is asked for.
  package let conflictID: Int64
  package let name: TapName
  /// JSON without the token.
  package let otherContent: String
  package let otherReceivedAt: Instant
  package let otherDigest: [UInt8]
  /// The batches that may have brought it; which of them it was, the digest tells.
  package let otherBatchIDs: [Int64]
  /// The batch that brought the content which is kept.
  package let keptBatchID: Int64?
  package let keptReceivedAt: Instant?
}

/// Watching over the fleet: silent validators, and holes in their numbers.
package struct FleetQueries {
  /// Most lines of an answer.
  package static let linesMax = 10_000
  /// Most silent devices looked at in one go.
  package static let silentPageMax = 1000

  let connection: PostgresConnection

  /// Active devices last heard of before a moment, whose vehicle has a position after another one, the longest
  /// silent first, after one of them; at most ``silentPageMax``, of which few may have moved.
  package func silentCandidates(
    contactBefore: Instant, vehicleAfter: Instant, now: Instant, after last: SilentPlace? = nil,
    limit: Int = silentPageMax
  ) async throws -> [SilentDevice] {
    let rows = try await connection.query(
      """
      with d as (
        select d.device_id, contact.at as contact_at,
          contact.at is null and coalesce(k.epochs_from, 0) > 0 as is_unheard_replacement
        from device d \(DeviceContacts.joined)
        where d.state = 'active' and (contact.at is null or contact.at < $1)
          and ($5::text is null or (coalesce(contact.at, '-infinity'), d.device_id)
            > (coalesce($6::timestamptz, '-infinity'), $5)))
      select d.device_id, v.vehicle, v.at, d.contact_at, d.is_unheard_replacement
      from d \(DeviceContacts.placed(at: "$3", among: "d"))
      join vehicle_now v on v.at >= $2 and v.vehicle = place.vehicle
      order by coalesce(d.contact_at, '-infinity'), d.device_id limit $4
      """,
      [
        .timestamptz(contactBefore), .timestamptz(vehicleAfter), .timestamptz(now),
        .int8(Int64(min(limit, Self.silentPageMax))), .orNull(last?.device, PostgresValue.text),
        .orNull(last?.lastContactAt, PostgresValue.timestamptz),
      ])
    return try rows.map { row in
      SilentDevice(
        device: try row.text(0), vehicle: try row.text(1),
        lastContactAt: try row.timestamptzOrNil(3),
        isUnheardReplacement: try row.bool("is_unheard_replacement"),
        vehicleSeenAt: try row.timestamptz(2),
        movedMetres: 0, movedSince: nil)
    }
  }

  /// How far vehicles went since a moment each, from end to end, and when the first of their positions in that
  /// time was; by the index in the lists, which are of one length.
  package func movements(
    of vehicles: [String], since: [Instant], days: [Day]
  ) async throws -> [(metres: Double, firstAt: Instant?)] {
    guard !vehicles.isEmpty else { return [] }
    let rows = try await connection.query(
      """
      select n.i, m.metres, m.first_at
      from unnest($1::int2[], $2::text[], $3::timestamptz[])
        with ordinality as n (lane, vehicle, since, i)
      cross join lateral (
        select coalesce(sqrt(
            power((max(latitude) - min(latitude)) * 111320, 2)
            + power((max(longitude) - min(longitude)) * 111320 * cos(radians(avg(latitude))), 2)),
            0)::float8 as metres,
          min(p.at) as first_at
        from (
          -- A tenth of a millimetre: of what is far less the square is too small for a number.
          select round(latitude::numeric, 9)::float8 as latitude,
            round(longitude::numeric, 9)::float8 as longitude, p.at
          from position p where p.service_day = any($4) and p.lane = n.lane
            and p.vehicle = n.vehicle and p.at >= n.since) p) m
      order by n.i
      """,
      [
        .int2s(vehicles.map { Lane.of(name: $0) }), .texts(vehicles),
        .timestamptzs(since.map(Optional.some)), .dates(days.map(Optional.some)),
      ])
    return try rows.map { (try $0.float8("metres"), try $0.timestamptzOrNil("first_at")) }
  }

  /// Compares the holes in all registers with those that are written down.
  ///
  /// What is filled is closed as of a moment, what is new is known since its register last grew.
  /// False when another process does it right now.
  @discardableResult
  package func reconcileGaps(at moment: Instant) async throws -> Bool {
    let session = StoreSession(connection: connection)
    guard try await session.tryLane(.watching, lane: 0) else { return false }
    try await connection.execute(
      """
      with holes as (
        select device_id, epoch, last_received_at,
          int8multirange(int8range(1, greatest(upper(seen), 1))) - seen as missing
        from device_epoch where not isempty(seen)),
      changed as (
        delete from device_gap g using holes h
        where g.closed_at is null and h.device_id = g.device_id and h.epoch = g.epoch
          and not h.missing @> int8range(g.first_seq, g.last_seq, '[]')
        returning g.device_id, g.epoch, g.first_seq, g.last_seq, g.known_since, h.missing),
      parts as (
        select device_id, epoch, known_since, null::timestamptz as closed_at,
          unnest(int8multirange(int8range(first_seq, last_seq, '[]')) * missing) as r from changed
        union all
        select device_id, epoch, known_since, $1,
          unnest(int8multirange(int8range(first_seq, last_seq, '[]')) - missing) from changed),
      known as (
        select device_id, epoch, range_agg(int8range(first_seq, last_seq, '[]')) as numbers
        from device_gap where closed_at is null group by 1, 2),
      fresh as (
        select h.device_id, h.epoch, h.last_received_at,
          unnest(h.missing - coalesce(k.numbers, '{}')) as r
        from holes h left join known k on k.device_id = h.device_id and k.epoch = h.epoch)
      insert into device_gap (device_id, epoch, first_seq, last_seq, known_since, closed_at)
      select device_id, epoch, lower(r), upper(r) - 1, known_since, closed_at from parts
      union all
      select device_id, epoch, lower(r), upper(r) - 1, last_received_at, null from fresh
      """, [.timestamptz(moment)])
    return true
  }

  /// Holes of a device or of all, the oldest first: the open ones, or those closed since a moment; after one of
  /// them.
  ///
  /// What is left of a hole of which a part came is as old as the whole was: none is passed over.
  package func gaps(
    device: String?, closedSince: Instant? = nil, after last: GapPlace? = nil,
    limit: Int = linesMax
  ) async throws -> [GapRecord] {
    let condition = closedSince == nil ? "closed_at is null" : "closed_at >= $7"
    var parameters: [PostgresValue] = [
      .orNull(device, PostgresValue.text), .int8(Int64(min(limit, Self.linesMax))),
      .orNull(last?.knownSince, PostgresValue.timestamptz),
      .orNull(last?.device, PostgresValue.text), .orNull(last?.epoch, PostgresValue.int8),
      .orNull(last?.firstSeq, PostgresValue.int8),
    ]
    if let closedSince { parameters.append(.timestamptz(closedSince)) }
    let rows = try await connection.query(
      """
      select device_id, epoch, first_seq, last_seq, known_since, closed_at from device_gap
      where \(condition) and ($1::text is null or device_id = $1)
        and ($3::timestamptz is null
          or (known_since, device_id, epoch, first_seq) > ($3, $4, $5, $6))
      order by known_since, device_id, epoch, first_seq limit $2
      """, parameters)
    return try rows.map { row in
      GapRecord(
        device: try row.text(0), epoch: try row.int8(1),
        seqs: try row.int8(2)...(try row.int8(3)), knownSince: try row.timestamptz(4),
        closedAt: try row.timestamptzOrNil(5))
    }
  }

  /// Open holes of all devices, in sums; past what 64 bits hold the sum of numbers stays there.
  package func gapSums() async throws -> GapSums {
    let row = try await connection.query(
      """
      select count(*), \(WideSums.held("sum(last_seq - first_seq + 1)")),
        count(distinct device_id), min(known_since)
      from device_gap where closed_at is null
      """
    ).only()
    return GapSums(
      gaps: try row.int(0), numbers: try row.int8(1), devices: try row.int(2),
      oldestAt: try row.timestamptzOrNil(3))
  }

  /// Numbers that came with another content, the newest first, of a device or of all, after one of them.
  package func conflicts(
    device: String?, after last: Int64? = nil, limit: Int
  ) async throws -> [ConflictRow] {
    let found = try await connection.query(
      """
      select device_id, epoch, seq, other_content, received_at, conflict_id, other_digest
      from tap_conflict
      where ($1::text is null or device_id = $1) and ($3::bigint is null or conflict_id < $3)
      order by conflict_id desc limit $2
      """,
      [
        .orNull(device, PostgresValue.text), .int8(Int64(min(limit, Self.linesMax))),
        .orNull(last, PostgresValue.int8),
      ])
    let conflicts = try found.map { row in
      (
        id: try row.int8(5),
        name: TapName(device: try row.text(0), epoch: try row.int8(1), seq: try row.int8(2)),
        receivedAt: try row.timestamptz(4)
      )
    }
    let evidence = EvidenceQueries(connection: connection)
    let kept = try await evidence.batches(of: conflicts.map(\.name))
    let others = try await evidence.batchIDs(ofConflicts: conflicts, kept: kept)
    return try zip(found, conflicts).map { row, conflict in
      ConflictRow(
        conflictID: conflict.id, name: conflict.name, otherContent: try row.text(3),
        otherReceivedAt: conflict.receivedAt, otherDigest: try row.bytea(6),
        otherBatchIDs: others[conflict.id] ?? [], keptBatchID: kept[conflict.name]?.id,
        keptReceivedAt: kept[conflict.name]?.receivedAt)
    }
  }
}
