package import Basics
package import Logging
package import Store
package import Tapping
import Transit

/// Carries taps from the journal to their riders: each batch once, in the order of arrival.
///
/// A tap changes lanes here, once: from the lane of its device to the lane of its rider.
package struct Sorter: Sendable {
  /// Most batches sorted in one transaction.
  package static let batchesPerPassMax = 64
  /// Fare days before today, and after, that get partitions of their own; taps of others lie
  /// together, so that a validator that lies about the date cannot fill the catalogue with tables.
  package static let partitionedDaysBack = 400
  package static let partitionedDaysAhead = 7

  private let city: City
  private let tokenKey: TokenKey
  private let log: Logger

  /// Makes a sorter for a city as it stands.
  package init(city: City, tokenKey: TokenKey, log: Logger) {
    self.city = city
    self.tokenKey = tokenKey
    self.log = log
  }

  /// What one pass did.
  package struct Pass: Sendable {
    package var batches = 0
    package var taps = 0
    package var riderDays = 0
    /// Fare days whose partitions have to be made first: nothing was sorted.
    package var daysWithoutPartition: [Day] = []
  }

  /// Sorts the oldest batches of a journal lane; nothing when another process holds the lane.
  package func sort(lane: Int16, in db: StoreSession, at now: Instant) async throws -> Pass {
    guard try await db.tryLane(.sorting, lane: lane) else { return Pass() }
    let batches = try await db.sorting.unsortedBatches(
      lane: lane, countMax: Self.batchesPerPassMax)
    guard !batches.isEmpty else { return Pass() }
    var read: [(batch: UnsortedBatch, taps: [(medium: MediumID, tap: Tap)])] = []
    for batch in batches {
      do {
        read.append((batch, try taps(of: batch)))
      } catch {
        // Intake read these very bytes before it acknowledged them: the journal is damaged, or
        // this program is older than the one that wrote it. Nothing is dropped; a person has to look.
        log.error(
          "a batch of the journal cannot be read",
          metadata: ["batch": "\(batch.batchID)", "fault": "\(error)"])
        try await db.sorting.setAside(lane: lane, batchID: batch.batchID, fault: "\(error)")
      }
    }
    var media: [MediumID: Medium] = [:]
    for (_, taps) in read {
      for (medium, tap) in taps where media[medium].map({ tap.at < $0.firstSeenAt }) ?? true {
        media[medium] = (tap.medium, tap.at)
      }
    }
    let days = Set(
      read.flatMap { batch, taps in
        taps.map { city.fareDay(of: correctedTime($0.tap, in: batch)) }
      })
    let today = city.fareDay(of: now)
    let missing = try await db.sorting.daysWithoutPartition(
      days.filter {
        (-Self.partitionedDaysBack...Self.partitionedDaysAhead).contains($0.number - today.number)
      })
    guard missing.isEmpty else { return Pass(daysWithoutPartition: missing) }
    let riders = try await db.sorting.riders(of: media)
    var rows: [TapRow] = []
    for (batch, taps) in read {
      for (medium, tap) in taps {
        guard let rider = riders[medium] else { preconditionFailure("a medium without a rider") }
        rows.append(row(tap, medium: medium, rider: rider, batch: batch))
      }
    }
    try await db.sorting.insert(rows)
    let riderDays = Set(
      rows.lazy.filter(\.isAccepted).map { RiderDay(rider: $0.rider, fareDay: $0.fareDay) })
    try await db.sorting.markStale(riderDays: riderDays, reason: "taps arrived", at: now)
    // The empty name stands for taps without a vehicle: they are placed, or said not to be, as well.
    let vehicleDays = Set(
      rows.map { VehicleDay(vehicle: $0.vehicle ?? "", day: $0.fareDay) })
    try await db.sorting.markStale(vehicleDays: vehicleDays, at: now)
    try await db.sorting.markSorted(lane: lane, batchIDs: read.map(\.batch.batchID), at: now)
    return Pass(batches: batches.count, taps: rows.count, riderDays: riderDays.count)
  }

  private typealias Medium = (kind: MediumKind, firstSeenAt: Instant)

  /// The taps of a batch that belong into the tap table, with the digest of what was tapped.
  func taps(
    of batch: UnsortedBatch
  ) throws(TapBatchFault) -> [(medium: MediumID, tap: Tap)] {
    let wanted = SequenceRanges(batch.seqs)
    let content = try TapBatchJSON.decode(batch.body)
    var seen: Set<Int64> = []
    return content.taps.compactMap { tap in
      // A number that stands twice in one body counts once: the first, as Intake decided.
      guard wanted.contains(tap.seq), seen.insert(tap.seq).inserted else { return nil }
      return (tokenKey.mediumID(kind: tap.medium, token: tap.token), tap)
    }
  }

  private func correctedTime(_ tap: Tap, in batch: UnsortedBatch) -> Instant {
    ClockOffset(sentAt: batch.sentAt, receivedAt: batch.receivedAt).corrected(tap.at)
  }

  func row(
    _ tap: Tap, medium: MediumID, rider: RiderID, batch: UnsortedBatch
  ) -> TapRow {
    let at = correctedTime(tap, in: batch)
    var row = TapRow(
      name: TapName(device: batch.device, epoch: batch.epoch, seq: tap.seq),
      fareDay: city.fareDay(of: at), rider: rider, medium: medium, at: at, deviceAt: tap.at,
      kind: tap.kind, mediumKind: tap.medium, riders: tap.riders, batchID: batch.batchID,
      receivedAt: batch.receivedAt)
    if case .denied(let reason) = tap.result {
      row.isAccepted = false
      row.denyReason = reason
    }
    row.vehicle = tap.vehicle
    row.route = tap.route
    row.direction = tap.direction
    row.trip = tap.trip
    row.stop = tap.stop
    row.zone = tap.zone
    row.coordinate = tap.coordinate
    return row
  }
}
