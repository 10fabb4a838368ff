package import Basics
import Postgres
import Transit

extension StoreSession {
  /// Taps on their way from the journal to their riders.
  package var sorting: SortingTables { SortingTables(connection: connection) }
}

/// Shares of the numbers of media and riders: those of one share are founded by one after the other.
///
/// Who founds of several takes their lanes in order, all at once: a sorter that meets many new media founds
/// of one share in each of its transactions, a desk takes all of them.
package enum FoundingShare {
  /// As many as sorters work at a time, so that each founds of another one.
  package static let count: Int16 = 4

  /// The share of a medium, by its first bits: its rows lie together in the indexes.
  package static func of(_ medium: MediumID) -> Int16 {
    Int16(medium.high.multipliedFullWidth(by: UInt64(count)).high)
  }
}

/// What the sorter reads and writes: the journal in, tap rows and stale rider-days out.
package struct SortingTables {
  let connection: PostgresConnection

  /// Lanes in which batches wait.
  package func lanesWaiting() async throws -> [Int16] {
    let rows = try await connection.query(
      """
      select l::int2 from generate_series(0, $1 - 1) l where exists (
        select from tap_batch
        where lane = l::int2 and sorted_at is null and sort_fault is null)
      order by l
      """, [.int4(Int32(Lane.count))])
    return try rows.map { try $0.int2(0) }
  }

  /// The oldest unsorted batches of a lane, at most so many, and at most so many bytes of bodies
  /// but for the first.
  ///
  /// The lane has to be held, so that nobody else sorts the same batches.
  package func unsortedBatches(
    lane: Int16, countMax: Int, bodyBytesMax: Int
  ) async throws -> [UnsortedBatch] {
    let rows = try await connection.query(
      """
      select batch_id, device_id, epoch, seqs, sent_at, received_at, body, format
      from (
        select *, sum(octet_length(body)) over (order by batch_id) - octet_length(body) as before
        from (
          select batch_id, device_id, epoch, fresh - quarantined as seqs, sent_at, received_at, body,
            format
          from tap_batch where lane = $1 and sorted_at is null and sort_fault is null
          order by batch_id limit $2) oldest) b
      where before < $3 order by batch_id
      """, [.int2(lane), .int8(Int64(countMax)), .int8(Int64(bodyBytesMax))])
    return try rows.map { row in
      var row = PostgresRowCursor(row)
      return UnsortedBatch(
        batchID: try row.int8(), device: try row.text(), epoch: try row.int8(),
        seqs: try row.int8multirange(), sentAt: try row.timestamptz(),
        receivedAt: try row.timestamptz(),
        body: StoredBody(bytes: try row.bytea(), format: try row.text()))
    }
  }

  /// Whether all of some batches of a lane still wait.
  package func areUnsorted(lane: Int16, batchIDs: [Int64]) async throws -> Bool {
    let rows = try await connection.query(
      """
      select count(*) from tap_batch
      where lane = $1 and batch_id = any($2) and sorted_at is null and sort_fault is null
      """, [.int2(lane), .int8s(batchIDs)])
    return try rows.only().int(0) == batchIDs.count
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

  /// The riders of media; media never seen before are left out.
  package func riders(of media: [MediumID]) async throws -> [MediumID: RiderID] {
    let rows = try await connection.query(
      "select medium_id, rider_id from medium where medium_id = any($1)",
      [.identifiers(media.map(Optional.some))])
    var riders: [MediumID: RiderID] = [:]
    riders.reserveCapacity(media.count)
    for row in rows {
      var row = PostgresRowCursor(row)
      riders[try row.identifier()] = try row.identifier() as RiderID
    }
    return riders
  }

  /// Founds a rider for each medium that is not known yet.
  ///
  /// A new rider takes the number of its first medium, so that two sorters that meet the same
  /// medium at the same moment found the same rider. In a transaction of its own, nobody who sorts
  /// waits for another one's taps, and of one ``FoundingShare`` only for whoever founds of the same.
  /// Those that were founded come back: they are their riders' first.
  @discardableResult
  package func found(_ media: [NewMedium]) async throws -> [MediumID] {
    // Nobody else founds one of them meanwhile, so that COPY finds none there, for half of what it
    // costs to insert rows that may be there.
    try await StoreSession(connection: connection)
      .holdLanes(.founding, media.lazy.map { FoundingShare.of($0.medium) })
    let found = try await foundOnes(of: media.map(\.medium))
    var riders = CopyRows(columnCount: 3)
    var rows = CopyRows(columnCount: 5)
    var founded: [MediumID] = []
    for medium in media.sorted(by: { $0.medium < $1.medium }) {
      guard !found.media.contains(medium.medium) else { continue }
      founded.append(medium.medium)
      let rider = RiderID(high: medium.medium.high, low: medium.medium.low)
      if !found.riders.contains(rider) {
        try riders.append([
          .identifier(rider), .int2(Lane.of(rider)), .timestamptz(medium.firstSeenAt),
        ])
      }
      try rows.append([
        .identifier(medium.medium), .identifier(rider), .text(medium.kind.rawValue),
        .timestamptz(medium.firstSeenAt), .orNull(medium.fingerprint, PostgresValue.bytea),
      ])
    }
    try await connection.copyIn(
      "copy rider (rider_id, lane, first_seen_at) from stdin (format binary)", riders)
    try await connection.copyIn(
      """
      copy medium (medium_id, rider_id, kind, first_seen_at, fingerprint) from stdin (format binary)
      """, rows)
    return founded
  }

  /// Those of some media, and of the riders of their numbers, that are there.
  private func foundOnes(
    of media: [MediumID]
  ) async throws -> (media: Set<MediumID>, riders: Set<RiderID>) {
    let numbers = PostgresValue.identifiers(media.sorted().map(Optional.some))
    let known = try await connection.query(
      "select medium_id from medium where medium_id = any($1)", [numbers])
    let riders = try await connection.query(
      "select rider_id from rider where rider_id = any($1)", [numbers])
    return (
      Set(try known.map { try $0.identifier(0) }), Set(try riders.map { try $0.identifier(0) })
    )
  }

  /// The newest event of a rider: as long as it is the same, no medium went from one to another.
  package func newestRiderEvent() async throws -> Int64 {
    try await connection.query("select coalesce(max(event_id), 0) from rider_event").only().int8(0)
  }

  /// Those of some fare days whose taps have no partition of their own yet.
  package func daysWithoutPartition(_ days: Set<Day>) async throws -> [Day] {
    let ordered = days.sorted()
    let rows = try await connection.query(
      "select n from unnest($1::text[]) with ordinality as t(name, n) where to_regclass(name) is null",
      [.texts(ordered.map { Optional(DayTable.tap.partition(of: $0)) })])
    return try rows.map { ordered[try $0.int(0) - 1] }
  }

  /// Adds taps and counts them; each is new, as the register of sequence numbers says.
  ///
  /// `routeID` gives the network's name of a route that a validator named.
  package func insert(_ taps: [TapRow], routeID: (String) -> String) async throws {
    guard !taps.isEmpty else { return }
    var rows = CopyRows(columnCount: Self.columns.count)
    rows.reserve(bytes: taps.count * Self.bytesPerTap)
    // In the order of the riders' index: else each tap goes to another page of it.
    let order = taps.indices.map { (rider: taps[$0].rider.high, place: $0) }
      .sorted { ($0.rider, $0.place) < ($1.rider, $1.place) }
    for (_, place) in order {
      try rows.appendRow { (row: inout CopyFields) throws(PostgresError) in
        try Self.write(taps[place], to: &row)
      }
    }
    try await connection.copyIn(
      "copy tap (\(Self.columns.joined(separator: ", "))) from stdin (format binary)", rows)
    try await note(VehicleDevice.all(of: taps))
    try await connection.pipeline(TapSums(of: taps, routeID: routeID).statements)
  }

  /// Notes which devices tapped in which vehicles.
  func note(_ devices: Set<VehicleDevice>) async throws {
    let ordered = devices.sorted()
    try await connection.execute(
      """
      insert into vehicle_device (fare_day, vehicle, device_id)
      select * from unnest($1::date[], $2::text[], $3::text[]) on conflict do nothing
      """,
      [
        .dates(ordered.map { Optional($0.vehicleDay.day) }),
        .texts(ordered.map { Optional($0.vehicleDay.vehicle) }),
        .texts(ordered.map { Optional($0.device) }),
      ])
  }

  /// About what a row takes on its way; more is made room for as it comes.
  private static let bytesPerTap = 320

  /// The columns of a tap, in the order in which ``write(_:to:)`` writes them.
  private static let columns = [
    "fare_day", "lane", "rider_id", "tapped_at", "device_at", "device_id", "epoch", "seq",
    "medium_id", "kind", "medium", "riders", "accepted", "deny_reason", "vehicle", "route",
    "direction", "trip", "stop", "zone", "latitude", "longitude", "batch_id", "received_at",
    "deny_list_version", "assigned",
  ]

  private static func write(
    _ tap: TapRow, to row: inout CopyFields
  ) throws(PostgresError) {
    try row.date(tap.fareDay)
    row.int2(Lane.of(tap.rider))
    row.identifier(tap.rider)
    try row.timestamptz(tap.at)
    try row.timestamptz(tap.deviceAt)
    try row.text(tap.name.device)
    row.int8(tap.name.epoch)
    row.int8(tap.name.seq)
    row.identifier(tap.medium)
    try row.text(tap.kind.rawValue)
    try row.text(tap.mediumKind.rawValue)
    row.int2(Int16(tap.riders))
    row.bool(tap.isAccepted)
    try row.text(tap.denyReason)
    try row.text(tap.vehicle)
    try row.text(tap.route)
    row.int2(tap.direction)
    try row.text(tap.trip)
    try row.text(tap.stop)
    try row.text(tap.zone)
    row.float8(tap.coordinate?.latitude)
    row.float8(tap.coordinate?.longitude)
    row.int8(tap.batchID)
    try row.timestamptz(tap.receivedAt)
    row.int8(tap.denyListVersion)
    try row.text(tap.assigned)
  }

  /// Marks rider-days as stale, in a fixed order so that two sorters never wait for each other.
  ///
  /// A day that is stale already keeps its cause: it is only locked, so that a rating which began
  /// before these taps does not take it for done.
  package func markStale(
    riderDays: Set<RiderDay>, cause: StaleCause = .tap, reason: String?, at: Instant
  ) async throws {
    guard !riderDays.isEmpty else { return }
    let ordered = riderDays.sorted()
    try await connection.execute(
      """
      insert into fare_day (lane, rider_id, fare_day, stale_since, stale_cause, stale_reason)
      select l, r, d, $4, $5, $6 from unnest($1::int2[], $2::uuid[], $3::date[]) as n(l, r, d)
      on conflict (lane, rider_id, fare_day) do update
        set stale_since = excluded.stale_since, stale_cause = excluded.stale_cause,
          stale_reason = excluded.stale_reason
        where fare_day.stale_since is null
      """,
      [
        .int2s(ordered.map { Lane.of($0.rider) }), .identifiers(ordered.map { Optional($0.rider) }),
        .dates(ordered.map { Optional($0.fareDay) }), .timestamptz(at), .text(cause.rawValue),
        .orNull(reason, PostgresValue.text),
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
        set stale_since = excluded.stale_since where vehicle_day.stale_since is null
      """,
      [
        .int2s(ordered.map { Lane.of(name: $0.vehicle) }),
        .texts(ordered.map { Optional($0.vehicle) }), .dates(ordered.map { Optional($0.day) }),
        .timestamptz(at),
      ])
  }
}

/// A device that tapped in a vehicle on a fare day.
struct VehicleDevice: Hashable, Comparable {
  let vehicleDay: VehicleDay
  let device: String

  /// Those of some taps, where the empty name stands for the vehicle of taps that name none.
  static func all(of taps: [TapRow]) -> Set<VehicleDevice> {
    var devices: Set<VehicleDevice> = []
    // Taps of a device come one after the other, in one vehicle but for few.
    var last: VehicleDevice?
    for tap in taps {
      let device = VehicleDevice(
        vehicleDay: VehicleDay(vehicle: tap.vehicle ?? "", day: tap.fareDay),
        device: tap.name.device)
      if device != last { devices.insert(device) }
      last = device
    }
    return devices
  }

  static func < (left: VehicleDevice, right: VehicleDevice) -> Bool {
    (left.vehicleDay, left.device) < (right.vehicleDay, right.device)
  }
}

/// One day of one vehicle: the unit in which boardings are placed.
package struct VehicleDay: Hashable, Sendable, Comparable {
  /// Positions so far before and after a day are looked at too, seconds: a vehicle stands at a stop
  /// and drives its run whatever the day.
  package static let marginSeconds: Int64 = 1200

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
