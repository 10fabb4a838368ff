package import Basics
import Postgres
import Tapping
import Transit

/// A batch of the journal as a proof reads it.
package struct ProvenBatch: Sendable {
  package let lane: Int16
  package let batch: UnsortedBatch
  package let signature: [UInt8]
  package let bodyDigest: [UInt8]
  package let isSorted: Bool
  /// Keys that the device ever signed with.
  package let publicKeys: [[UInt8]]
  /// The request of a session that brought it; nil when it has a signature of its own.
  package let request: BatchRequest?
}

extension BookProofTables {
  /// Most batches read at once for a proof.
  package static let batchesPerPageMax = 200

  /// The next batches of a lane of the journal, in the order in which they came.
  package func batches(lane: Int16, after batchID: Int64) async throws -> [ProvenBatch] {
    let rows = try await connection.query(
      """
      select batch_id, device_id, epoch, fresh - quarantined as seqs, sent_at, received_at, body,
        format, coalesce(signature, '') as signature, body_digest, sorted_at is not null as sorted, (
          select array_agg(k.public_key order by k.valid_from) from device_key k
          where k.device_id = b.device_id) as keys, session_id, request_count, mac, chain
      from tap_batch b where lane = $1 and batch_id > $2 order by batch_id limit $3
      """, [.int2(lane), .int8(batchID), .int8(Int64(Self.batchesPerPageMax))])
    return try rows.map { row in
      ProvenBatch(
        lane: lane,
        batch: UnsortedBatch(
          batchID: try row.int8("batch_id"), device: try row.text("device_id"),
          epoch: try row.int8("epoch"), seqs: try row.int8multirange("seqs"),
          sentAt: try row.timestamptz("sent_at"), receivedAt: try row.timestamptz("received_at"),
          body: StoredBody(bytes: try row.bytea("body"), format: try row.text("format"))),
        signature: try row.bytea("signature"), bodyDigest: try row.bytea("body_digest"),
        isSorted: try row.bool("sorted"),
        publicKeys: try row.byteasOrNil("keys")?.compactMap { $0 } ?? [],
        request: try EvidenceQueries.request(in: row, from: 12))
    }
  }

  /// Taps by their names, denied ones included, of the fare days in which they should lie.
  package func taps(
    _ names: [TapName], within days: ClosedRange<Day>
  ) async throws -> [TapName: TapRow] {
    let rows = try await connection.query(
      """
      select \(RatingTables.tapColumns), t.accepted, t.deny_reason, t.deny_list_version
      from unnest($1::text[], $2::int8[], $3::int8[]) as n(device_id, epoch, seq)
      join tap t using (device_id, epoch, seq) where t.fare_day between $4 and $5
      """,
      [
        .texts(names.map { Optional($0.device) }), .int8s(names.map { Optional($0.epoch) }),
        .int8s(names.map { Optional($0.seq) }), .date(days.lowerBound), .date(days.upperBound),
      ])
    var taps: [TapName: TapRow] = [:]
    for row in rows {
      var tap = try RatingTables.tap(row)
      tap.isAccepted = try row.bool("accepted")
      tap.denyReason = try row.textOrNil("deny_reason")
      tap.denyListVersion = try row.int8OrNil("deny_list_version")
      taps[tap.name] = tap
    }
    return taps
  }

  /// The riders of media; media that are not known are left out.
  package func riders(of media: Set<MediumID>) async throws -> [MediumID: RiderID] {
    let rows = try await connection.query(
      "select medium_id, rider_id from medium where medium_id = any($1)",
      [.identifiers(media.sorted().map(Optional.some))])
    var riders: [MediumID: RiderID] = [:]
    for row in rows {
      riders[try row.identifier("medium_id")] = try row.identifier("rider_id") as RiderID
    }
    return riders
  }

  /// Nobodies in whose place erased riders were put, and when.
  package func erasedRiders() async throws -> [RiderID: Instant] {
    let rows = try await connection.query(
      "select rider_id, erased_at from rider where erased_at is not null")
    var riders: [RiderID: Instant] = [:]
    for row in rows { riders[try row.identifier(0)] = try row.timestamptz(1) }
    return riders
  }

  /// What does not fit together between the registers of devices, the journal and the taps.
  package func journalFaults(countMax: Int) async throws -> [String] {
    let rows = try await connection.query(
      """
      select format('device %s, epoch %s: the journal holds the numbers %s, the register %s',
          e.device_id, e.epoch, coalesce(b.fresh, '{}'), e.seen) as what
      from device_epoch e left join (
        select device_id, epoch, range_agg(fresh) as fresh from tap_batch group by 1, 2) b
        using (device_id, epoch)
      where e.seen <> coalesce(b.fresh, '{}')
      union all
      select format('device %s, epoch %s is in the journal and in no register', device_id, epoch)
      from tap_batch b where not exists (
        select from device_epoch e where e.device_id = b.device_id and e.epoch = b.epoch)
      union all
      select format('batch %s of device %s holds apart the numbers %s, and brought %s', batch_id,
        device_id, quarantined, fresh)
      from tap_batch where not fresh @> quarantined
      union all
      select format('tap %s/%s/%s of %s is not in the journal', device_id, epoch, seq, fare_day)
      from tap t where not exists (
        select from tap_batch b where b.batch_id = t.batch_id and b.device_id = t.device_id
          and b.epoch = t.epoch and (t.seq <@ (b.fresh - b.quarantined)
            or t.seq <@ b.quarantined and exists (
              select from tap_quarantine q where q.device_id = t.device_id
                and q.epoch = t.epoch and q.seq = t.seq and q.state = 'released')))
        and not exists (
          select from tap_quarantine q where q.device_id = t.device_id and q.epoch = t.epoch
            and q.seq = t.seq and q.state = 'released' and q.sorted_at is not null)
      union all
      select format('tap %s/%s/%s stands %s times', device_id, epoch, seq, count(*))
      from tap group by device_id, epoch, seq having count(*) > 1
      union all
      select format('rider %s has taps on %s and no fare day', rider_id, fare_day)
      from (select distinct lane, rider_id, fare_day from tap where accepted) t where not exists (
        select from rider_day f where f.lane = t.lane and f.rider_id = t.rider_id
          and f.fare_day = t.fare_day)
      order by 1 limit $1
      """, [.int8(Int64(countMax))])
    return try rows.map { try $0.text(0) }
  }

  /// Lanes that have riders.
  package func riderLanes() async throws -> [Int16] {
    try await connection.query("select distinct lane from rider order by lane")
      .map { try $0.int2(0) }
  }

  /// Lanes that have batches.
  package func journalLanes() async throws -> [Int16] {
    try await connection.query("select distinct lane from tap_batch order by lane")
      .map { try $0.int2(0) }
  }
}
