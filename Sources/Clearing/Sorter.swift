package import Basics
package import Logging
import Metrics
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

  let city: City
  let tokenKey: TokenKey
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
    var read: [ReadBatch] = []
    for batch in batches {
      do {
        read.append(try taps(of: batch))
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
    for batch in read {
      for (medium, tap) in batch.taps where media[medium].map({ tap.at < $0.firstSeenAt }) ?? true {
        media[medium] = (tap.medium, tap.at)
      }
    }
    let days = Set(
      read.flatMap { read in
        read.taps.map { city.fareDay(of: correctedTime($0.tap, in: read.batch)) }
      })
    let today = city.fareDay(of: now)
    let missing = try await db.sorting.daysWithoutPartition(
      days.filter {
        (-Self.partitionedDaysBack...Self.partitionedDaysAhead).contains($0.number - today.number)
      })
    guard missing.isEmpty else { return Pass(daysWithoutPartition: missing) }
    let riders = try await db.sorting.riders(of: media)
    let places = try await db.deviceAssignments.find(of: Set(read.map(\.batch.device)))
    var rows: [TapRow] = []
    for read in read {
      for (medium, tap) in read.taps {
        guard let rider = riders[medium] else { preconditionFailure("a medium without a rider") }
        var row = row(tap, medium: medium, rider: rider, batch: read.batch)
        row.denyListVersion = read.denyListVersion
        row.place(by: places[read.batch.device])
        rows.append(row)
      }
    }
    try await db.sorting.insert(rows)
    try await noteDenyLists(of: read, in: db)
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

  /// A batch with its taps that belong into the tap table, each with the digest of what was tapped.
  private typealias ReadBatch = (
    batch: UnsortedBatch, denyListVersion: Int64?, taps: [(medium: MediumID, tap: Tap)]
  )

  private func taps(of batch: UnsortedBatch) throws(TapBatchFault) -> ReadBatch {
    let wanted = SequenceRanges(batch.seqs)
    let content = try TapBatchJSON.decode(batch.body)
    var seen: Set<Int64> = []
    let taps = content.taps.compactMap { tap -> (medium: MediumID, tap: Tap)? in
      // A number that stands twice in one body counts once: the first, as Intake decided.
      guard wanted.contains(tap.seq), seen.insert(tap.seq).inserted else { return nil }
      return (tokenKey.mediumID(kind: tap.medium, token: tap.token), tap)
    }
    return (batch, content.denyListVersion, taps)
  }

  /// Gives media the names by which the deny list knows them, and notes which list the devices held.
  private func noteDenyLists(of read: [ReadBatch], in db: StoreSession) async throws {
    if let salt = try await db.denyList.salt() {
      var prints: [MediumID: [UInt8]] = [:]
      for (medium, tap) in read.lazy.flatMap(\.taps) where prints[medium] == nil {
        prints[medium] = TokenFingerprint.of(kind: tap.medium, token: tap.token, salt: salt)
      }
      try await db.denyList.fillFingerprints(prints)
    }
    let latencies = try await db.denyList.note(
      read.compactMap { read in
        read.denyListVersion.map { version in
          DenyListSighting(
            device: read.batch.device, version: version, at: read.batch.receivedAt,
            source: .batch)
        }
      })
    for seconds in latencies { Self.propagation.recordSeconds(seconds) }
  }

  private static let propagation = Timer(label: "kvytok_deny_list_propagation_seconds")

  func correctedTime(_ tap: Tap, in batch: UnsortedBatch) -> Instant {
    ClockOffset(sentAt: batch.sentAt, receivedAt: batch.receivedAt).corrected(tap.at)
  }

  /// The row of a tap; a corrected time stands in place of the clock rule's.
  func row(
    _ tap: Tap, medium: MediumID, rider: RiderID, batch: UnsortedBatch, correctedAt: Instant? = nil
  ) -> TapRow {
    let at = correctedAt ?? correctedTime(tap, in: batch)
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
