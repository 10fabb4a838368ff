import Basics
import Logging
import Store
import Tapping
import Transit

/// Impossible taps that a person let through go the way of all taps, late.
extension Sorter {
  /// Most released taps sorted in one transaction.
  static let releasedPerPassMax = 500

  /// Sorts the released taps of a device; nothing when another process sorts its lane.
  func sortReleased(
    of device: String, in db: StoreSession, at now: Instant
  ) async throws -> Pass {
    guard try await db.tryLane(.sorting, lane: Lane.of(name: device)) else { return Pass() }
    let waiting = try await db.quarantine.waiting(
      device: device, countMax: Self.releasedPerPassMax)
    let read = try waiting.map { released in
      let (tap, version) = try self.read(released)
      return (released: released, tap: tap, version: version)
    }
    guard !read.isEmpty else { return Pass() }
    let today = city.fareDay(of: now)
    let missing = try await db.sorting.daysWithoutPartition(
      Set(read.map(\.tap.fareDay)).filter {
        (-Self.partitionedDaysBack...Self.partitionedDaysAhead).contains($0.number - today.number)
      })
    guard missing.isEmpty else { return Pass(daysWithoutPartition: missing) }
    let riders = try await riders(of: read.map(\.tap), in: db)
    let places = try await db.deviceAssignments.find(device)
    let rows = read.map { item -> TapRow in
      guard let rider = riders[item.tap.medium] else {
        preconditionFailure("a medium without a rider")
      }
      var row = row(
        item.tap, rider: rider, batch: item.released.batch, denyListVersion: item.version)
      row.place(by: places)
      return row
    }
    try await db.sorting.insert(rows, routeID: city.routeID)
    let riderDays = Set(
      rows.lazy.filter(\.isAccepted).map { RiderDay(rider: $0.rider, fareDay: $0.fareDay) })
    try await db.sorting.markStale(
      riderDays: riderDays, cause: .releasedTap, reason: nil, at: now)
    try await db.sorting.markStale(
      vehicleDays: Set(rows.map { VehicleDay(vehicle: $0.vehicle ?? "", day: $0.fareDay) }),
      at: now)
    try await markEnds(rows, in: db, at: now)
    try await db.quarantine.markSorted(read.map(\.released.name), at: now)
    return Pass(taps: rows.count, riderDays: riderDays.count)
  }

  /// A released tap as its batch holds it, corrected as the person said.
  func read(_ released: ReleasedTap) throws -> (tap: ReadBatches.ReadTap, version: Int64?) {
    guard let content = try? released.batch.body.decode(),
      let tap = content.taps.first(where: { $0.seq == released.name.seq })
    else {
      throw StoreFault(
        kind: .damaged, "batch \(released.batch.batchID) does not hold tap \(released.name.seq)")
    }
    let offset = ClockOffset(sentAt: released.batch.sentAt, receivedAt: released.batch.receivedAt)
    let at = released.correction.at ?? offset.corrected(tap.at)
    return (self.read(tap.released(released.correction), at: at), content.denyListVersion)
  }

  /// The riders of released taps; they are few, so media never seen before are founded on the way.
  private func riders(
    of taps: [ReadBatches.ReadTap], in db: StoreSession
  ) async throws -> [MediumID: RiderID] {
    let media = Set(taps.map(\.medium)).sorted()
    let known = try await db.sorting.riders(of: media)
    guard known.count < media.count else { return known }
    let salt = try await db.denyList.salt()
    let new = Dictionary(grouping: taps.filter { known[$0.medium] == nil }, by: \.medium)
    try await db.sorting.found(
      new.values.compactMap { taps in
        taps.min { $0.at < $1.at }.map { ReadBatches.FirstTap($0).founding(salt: salt) }
      })
    return try await db.sorting.riders(of: media)
  }
}

extension TapRow {
  /// Takes the place of the device at the tap's time, where the tap does not name its own.
  mutating func place(by assignments: DeviceAssignments?) {
    guard vehicle == nil, let place = assignments?.place(at: at) else { return }
    switch place {
    case .vehicle(let name):
      vehicle = name
      assigned = "vehicle"
    case .stop(let name) where stop == nil:
      stop = name
      assigned = "stop"
    case .stop: break
    }
  }
}

/// Where riders got off is found from taps off, whenever they come.
extension Sorter {
  /// Has the ends of rides found anew where riders said where they got off.
  ///
  /// Their boardings may have been placed before, and nobody would look at those days again. Soon
  /// after a fare day began a tap may end, or keep from ending, a ride of the day before.
  func markEnds(_ rows: [TapRow], in db: StoreSession, at now: Instant) async throws {
    var ended: Set<RiderDay> = []
    for row in rows where row.isAccepted && row.kind != .single {
      if row.kind == .off, row.stop != nil {
        ended.insert(RiderDay(rider: row.rider, fareDay: row.fareDay))
      }
      let before = city.fareDay(of: row.at.adding(seconds: -TapOff.overnightSecondsMax))
      if before < row.fareDay { ended.insert(RiderDay(rider: row.rider, fareDay: before)) }
    }
    try await db.placing.markStale(ended, at: now)
  }
}
