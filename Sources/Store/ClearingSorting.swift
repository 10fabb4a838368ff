package import Basics
import Postgres
package import Transit

extension StoreSession {
  /// Taps on their way from the journal to their riders.
  package var sorting: SortingTables { SortingTables(connection: connection) }
}

/// What the sorter reads and writes: the journal in, tap rows and stale rider-days out.
package struct SortingTables {
  let connection: PostgresConnection

  /// Lanes in which batches wait.
  package func lanesWaiting() async throws -> [Int16] {
    let rows = try await connection.query(
      """
      select distinct lane from tap_batch where sorted_at is null and sort_fault is null order by lane
      """)
    return try rows.map { try $0.int2(0) }
  }

  /// The oldest unsorted batches of a lane, at most so many.
  ///
  /// The lane has to be held, so that nobody else sorts the same batches.
  package func unsortedBatches(lane: Int16, countMax: Int) async throws -> [UnsortedBatch] {
    let rows = try await connection.query(
      """
      select batch_id, device_id, epoch, fresh - quarantined as seqs, sent_at, received_at, body
      from tap_batch where lane = $1 and sorted_at is null and sort_fault is null order by batch_id limit $2
      """, [.int2(lane), .int8(Int64(countMax))])
    return try rows.map { row in
      UnsortedBatch(
        batchID: try row.int8("batch_id"), device: try row.text("device_id"),
        epoch: try row.int8("epoch"), seqs: try row.int8multirange("seqs"),
        sentAt: try row.timestamptz("sent_at"), receivedAt: try row.timestamptz("received_at"),
        body: try row.bytea("body"))
    }
  }

  /// Marks batches as sorted.
  package func markSorted(lane: Int16, batchIDs: [Int64], at: Instant) async throws {
    try await connection.execute(
      "update tap_batch set sorted_at = $3 where lane = $1 and batch_id = any($2)",
      [.int2(lane), .int8s(batchIDs), .timestamptz(at)])
  }

  /// Sets a batch aside that cannot be read, so that it does not hold up the others.
  package func setAside(lane: Int16, batchID: Int64, fault: String) async throws {
    try await connection.execute(
      "update tap_batch set sort_fault = $3 where lane = $1 and batch_id = $2",
      [.int2(lane), .int8(batchID), .text(fault)])
  }

  /// The riders of media; a medium never seen before founds a rider of its own.
  ///
  /// A new rider takes the number of its first medium, so that two sorters that meet the same
  /// medium at the same moment found the same rider.
  package func riders(
    of media: [MediumID: (kind: MediumKind, firstSeenAt: Instant)]
  ) async throws -> [MediumID: RiderID] {
    let ordered = media.sorted { $0.key < $1.key }
    let ids = PostgresValue.identifiers(ordered.map { Optional($0.key) })
    let lanes = ordered.map { medium, _ -> Int16? in
      Lane.of(RiderID(high: medium.high, low: medium.low))
    }
    let seen = ordered.map { Optional($0.value.firstSeenAt) }
    let founding = """
      insert into rider (rider_id, lane, first_seen_at)
      select m, l, s from unnest($1::uuid[], $2::int2[], $3::timestamptz[]) as n(m, l, s)
      where not exists (select from medium where medium_id = m) on conflict do nothing
      """
    let joining = """
      insert into medium (medium_id, rider_id, kind, first_seen_at)
      select m, m, k, s from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as n(m, k, s)
      on conflict do nothing
      """
    let results = try await connection.pipeline([
      PostgresStatement(founding, [ids, .int2s(lanes), .timestamptzs(seen)]),
      PostgresStatement(
        joining,
        [ids, .texts(ordered.map { Optional($0.value.kind.rawValue) }), .timestamptzs(seen)]),
      PostgresStatement("select medium_id, rider_id from medium where medium_id = any($1)", [ids]),
    ])
    var riders: [MediumID: RiderID] = [:]
    for row in results[2] {
      riders[try row.identifier("medium_id")] = try row.identifier("rider_id") as RiderID
    }
    return riders
  }

  /// Those of some fare days whose taps have no partition of their own yet.
  package func daysWithoutPartition(_ days: Set<Day>) async throws -> [Day] {
    let ordered = days.sorted()
    let rows = try await connection.query(
      "select n from unnest($1::text[]) with ordinality as t(name, n) where to_regclass(name) is null",
      [.texts(ordered.map { Optional(DayTable.tap.partition(of: $0)) })])
    return try rows.map { ordered[try $0.int(0) - 1] }
  }

  /// Adds taps; each is new, as the register of sequence numbers says.
  package func insert(_ taps: [TapRow]) async throws {
    guard !taps.isEmpty else { return }
    var rows = CopyRows(columnCount: 26)
    for tap in taps { try rows.append(Self.columns(of: tap)) }
    try await connection.copyIn(
      """
      copy tap (fare_day, lane, rider_id, tapped_at, device_at, device_id, epoch, seq, medium_id, kind, medium,
        riders, accepted, deny_reason, vehicle, route, direction, trip, stop, zone, latitude,
        longitude, batch_id, received_at, deny_list_version, assigned) from stdin (format binary)
      """, rows)
  }

  private static func columns(of tap: TapRow) -> [PostgresValue] {
    [
      .date(tap.fareDay), .int2(Lane.of(tap.rider)), .identifier(tap.rider), .timestamptz(tap.at),
      .timestamptz(tap.deviceAt),
      .text(tap.name.device), .int8(tap.name.epoch), .int8(tap.name.seq), .identifier(tap.medium),
      .text(tap.kind.rawValue), .text(tap.mediumKind.rawValue), .int2(Int16(tap.riders)),
      .bool(tap.isAccepted), .orNull(tap.denyReason, PostgresValue.text),
      .orNull(tap.vehicle, PostgresValue.text), .orNull(tap.route, PostgresValue.text),
      .orNull(tap.direction) { .int2(Int16($0)) }, .orNull(tap.trip, PostgresValue.text),
      .orNull(tap.stop, PostgresValue.text), .orNull(tap.zone, PostgresValue.text),
      .orNull(tap.coordinate) { .float8($0.latitude) },
      .orNull(tap.coordinate) { .float8($0.longitude) }, .int8(tap.batchID),
      .timestamptz(tap.receivedAt), .orNull(tap.denyListVersion, PostgresValue.int8),
      .orNull(tap.assigned, PostgresValue.text),
    ]
  }

  /// Marks rider-days as stale, in a fixed order so that two sorters never wait for each other.
  package func markStale(
    riderDays: Set<RiderDay>, reason: String, at: Instant
  ) async throws {
    guard !riderDays.isEmpty else { return }
    let ordered = riderDays.sorted()
    try await connection.execute(
      """
      insert into fare_day (lane, rider_id, fare_day, stale_since, stale_reason)
      select l, r, d, $4, $5 from unnest($1::int2[], $2::uuid[], $3::date[]) as n(l, r, d)
      on conflict (lane, rider_id, fare_day) do update
        set stale_since = least(fare_day.stale_since, excluded.stale_since),
          stale_reason = excluded.stale_reason
      """,
      [
        .int2s(ordered.map { Lane.of($0.rider) }), .identifiers(ordered.map { Optional($0.rider) }),
        .dates(ordered.map { Optional($0.fareDay) }), .timestamptz(at), .text(reason),
      ])
  }

  /// Marks vehicle-days as stale: the boarding stops of their taps have to be worked out.
  package func markStale(vehicleDays: Set<VehicleDay>, at: Instant) async throws {
    guard !vehicleDays.isEmpty else { return }
    let ordered = vehicleDays.sorted()
    try await connection.execute(
      """
      insert into vehicle_day (lane, vehicle, service_day, stale_since)
      select l, v, d, $4 from unnest($1::int2[], $2::text[], $3::date[]) as n(l, v, d)
      on conflict (lane, vehicle, service_day) do update
        set stale_since = least(vehicle_day.stale_since, excluded.stale_since)
      """,
      [
        .int2s(ordered.map { Lane.of(name: $0.vehicle) }),
        .texts(ordered.map { Optional($0.vehicle) }), .dates(ordered.map { Optional($0.day) }),
        .timestamptz(at),
      ])
  }
}

/// One day of one vehicle: the unit in which boardings are placed.
package struct VehicleDay: Hashable, Sendable, Comparable {
  package let vehicle: String
  package let day: Day

  /// Names a vehicle's day.
  package init(vehicle: String, day: Day) {
    self.vehicle = vehicle
    self.day = day
  }

  package static func < (left: VehicleDay, right: VehicleDay) -> Bool {
    (left.day, left.vehicle) < (right.day, right.vehicle)
  }
}
