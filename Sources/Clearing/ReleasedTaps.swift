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
    var read: [(released: ReleasedTap, tap: Tap, medium: MediumID, version: Int64?)] = []
    for released in waiting {
      guard let content = try? TapBatchJSON.decode(released.batch.body),
        let tap = content.taps.first(where: { $0.seq == released.name.seq })
      else {
        throw StoreFault(
          kind: .damaged, "batch \(released.batch.batchID) does not hold tap \(released.name.seq)")
      }
      read.append(
        (
          released, tap.released(released.correction),
          tokenKey.mediumID(kind: tap.medium, token: tap.token), content.denyListVersion
        ))
    }
    guard !read.isEmpty else { return Pass() }
    let days = Set(
      read.map { item in
        city.fareDay(
          of: item.released.correction.at ?? correctedTime(item.tap, in: item.released.batch))
      })
    let today = city.fareDay(of: now)
    let missing = try await db.sorting.daysWithoutPartition(
      days.filter {
        (-Self.partitionedDaysBack...Self.partitionedDaysAhead).contains($0.number - today.number)
      })
    guard missing.isEmpty else { return Pass(daysWithoutPartition: missing) }
    var media: [MediumID: (kind: MediumKind, firstSeenAt: Instant)] = [:]
    for item in read { media[item.medium] = (item.tap.medium, item.released.correction.at ?? now) }
    let riders = try await db.sorting.riders(of: media)
    let places = try await db.deviceAssignments.find(device)
    let rows = read.map { item -> TapRow in
      guard let rider = riders[item.medium] else {
        preconditionFailure("a medium without a rider")
      }
      var row = row(
        item.tap, medium: item.medium, rider: rider, batch: item.released.batch,
        correctedAt: item.released.correction.at)
      row.denyListVersion = item.version
      row.place(by: places)
      return row
    }
    try await db.sorting.insert(rows)
    let riderDays = Set(
      rows.lazy.filter(\.isAccepted).map { RiderDay(rider: $0.rider, fareDay: $0.fareDay) })
    try await db.sorting.markStale(
      riderDays: riderDays, reason: "a tap was released from quarantine", at: now)
    try await db.sorting.markStale(
      vehicleDays: Set(rows.map { VehicleDay(vehicle: $0.vehicle ?? "", day: $0.fareDay) }),
      at: now)
    try await db.quarantine.markSorted(read.map(\.released.name), at: now)
    return Pass(taps: rows.count, riderDays: riderDays.count)
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
