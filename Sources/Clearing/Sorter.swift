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
  package static let batchesPerPassMax = 400
  /// Most bytes of bodies read for one transaction; a single body may be larger.
  package static let bodyBytesPerPassMax = 8 << 20
  /// Fare days before today, and after, that get partitions of their own; taps of others lie
  /// together, so that a validator that lies about the date cannot fill the catalogue with tables.
  package static let partitionedDaysBack = 400
  package static let partitionedDaysAhead = 7

  let city: City
  private let tokenKey: TokenKey
  private let known: KnownMedia
  private let log: Logger

  /// Makes a sorter for a city as it stands; `known` is what sorters of this process remember.
  package init(city: City, tokenKey: TokenKey, known: KnownMedia = KnownMedia(), log: Logger) {
    self.known = known
    self.city = city
    self.tokenKey = tokenKey
    self.log = log
  }

  /// What one pass did, or what has to be made before it can.
  package struct Pass: Sendable {
    package var batches = 0
    package var taps = 0
    package var riderDays = 0
    /// Fare days whose partitions have to be made first: nothing was sorted.
    package var daysWithoutPartition: [Day] = []
    /// Media that have to be founded first: nothing was sorted.
    package var newMedia: [NewMedium] = []
    /// What was read; given to the next try, so that it is not read again.
    package var read: ReadBatches?

    /// Whether nothing was sorted because something has to be made first.
    package var isHeldUp: Bool { !daysWithoutPartition.isEmpty || !newMedia.isEmpty }
  }

  /// Sorts the oldest batches of a journal lane; nothing when another process holds the lane.
  ///
  /// What an earlier try has read is taken as it is, unless somebody else sorted any of it since, or something was
  /// published: fare days may begin at other moments then.
  package func sort(
    lane: Int16, in db: StoreSession, at now: Instant, again earlier: ReadBatches? = nil
  ) async throws -> Pass {
    guard try await db.tryLane(.sorting, lane: lane) else { return Pass() }
    try await db.preferIndexes()
    let read: ReadBatches
    if let earlier, earlier.edition == city.edition,
      try await db.sorting.areUnsorted(lane: lane, batchIDs: earlier.ids)
    {
      read = earlier
    } else {
      read = self.read(
        try await db.sorting.unsortedBatches(
          lane: lane, countMax: Self.batchesPerPassMax, bodyBytesMax: Self.bodyBytesPerPassMax))
    }
    guard !read.ids.isEmpty else { return Pass() }
    let today = city.fareDay(of: now)
    let missing = try await db.sorting.daysWithoutPartition(
      read.days.filter {
        (-Self.partitionedDaysBack...Self.partitionedDaysAhead).contains($0.number - today.number)
      })
    let (riders, isComplete) = try await known.riders(of: read.media.map(\.medium), in: db)
    guard missing.isEmpty, isComplete else {
      let salt = try await db.denyList.salt()
      return Pass(
        daysWithoutPartition: missing,
        newMedia: zip(read.media, riders).filter { $1 == nil }.map { $0.0.founding(salt: salt) },
        read: read)
    }
    for unread in read.unread {
      try await db.sorting.setAside(lane: lane, batchID: unread.batchID, fault: unread.fault)
    }
    let places = try await db.deviceAssignments.find(of: Set(read.batches.map(\.batch.device)))
    let rows = rows(of: read, riders: riders, places: places)
    try await db.sorting.insert(rows, routeID: city.routeID)
    try await noteDenyLists(of: read, in: db)
    let riderDays = try await sendOn(rows, today: today, in: db, at: now)
    try await db.sorting.markSorted(
      lane: lane, batchIDs: read.batches.map(\.batch.batchID), at: now)
    return Pass(batches: read.ids.count, taps: rows.count, riderDays: riderDays)
  }

  /// Sends new taps to their riders' lanes and marks the vehicles' days; the number of rider-days.
  private func sendOn(
    _ rows: [TapRow], today: Day, in db: StoreSession, at now: Instant
  ) async throws -> Int {
    let riderDays = try await db.parcels.add(rows, today: today, at: now)
    // The empty name stands for taps without a vehicle: they are placed, or said not to be, as well.
    var vehicleDays: Set<VehicleDay> = []
    var last: VehicleDay?
    for row in rows {
      let day = VehicleDay(vehicle: row.vehicle ?? "", day: row.fareDay)
      if day != last { vehicleDays.insert(day) }
      last = day
    }
    try await db.sorting.markStale(vehicleDays: vehicleDays, at: now)
    try await markEnds(rows, in: db, at: now)
    return riderDays
  }

  /// Reads the taps of batches and puts them under their fare days.
  private func read(_ batches: [UnsortedBatch]) -> ReadBatches {
    var read = ReadBatches(by: city.edition)
    for var batch in batches {
      do throws(TapBatchFault) {
        let content = try batch.body.decode()
        let taps = taps(of: batch, content)
        batch.body = StoredBody(bytes: [], format: batch.body.format)
        read.add(
          ReadBatches.ReadBatch(
            batch: batch, denyListVersion: content.denyListVersion, taps: taps))
      } catch {
        // Intake read these very bytes before it acknowledged them: the journal is damaged, or
        // this program is older than the one that wrote it. Nothing is dropped; a person has to look.
        log.error(
          "a batch of the journal cannot be read",
          metadata: ["batch": "\(batch.batchID)", "fault": "\(error)"])
        read.unread.append((batch.batchID, "\(error)"))
      }
    }
    read.group()
    return read
  }

  /// The taps of a batch that belong into the tap table, with the digest of what was tapped.
  func taps(of batch: UnsortedBatch, _ content: TapBatch) -> [ReadBatches.ReadTap] {
    let wanted = SequenceRanges(batch.seqs)
    let offset = ClockOffset(sentAt: batch.sentAt, receivedAt: batch.receivedAt)
    // Numbers mostly go up: then none stands twice, and none needs to be remembered.
    let goesUp = content.taps.indices.dropFirst().allSatisfy {
      content.taps[$0 - 1].seq < content.taps[$0].seq
    }
    var seen: Set<Int64> = []
    return content.taps.compactMap { tap in
      // A number that stands twice in one body counts once: the first, as Intake decided.
      guard wanted.contains(tap.seq), goesUp || seen.insert(tap.seq).inserted else { return nil }
      return self.read(tap, at: offset.corrected(tap.at))
    }
  }

  /// A tap under the fare day of a moment, with the digest of what was tapped.
  func read(_ tap: Tap, at: Instant) -> ReadBatches.ReadTap {
    ReadBatches.ReadTap(
      medium: tokenKey.mediumID(kind: tap.medium, token: tap.token), at: at,
      fareDay: city.fareDay(of: at), tap: tap)
  }

  /// Notes which deny list the devices held.
  private func noteDenyLists(of read: ReadBatches, in db: StoreSession) async throws {
    let latencies = try await db.denyList.note(
      read.batches.compactMap { read in
        read.denyListVersion.map {
          DenyListSighting(
            device: read.batch.device, version: $0, at: read.batch.receivedAt, source: .batch,
            epoch: read.batch.epoch)
        }
      })
    for seconds in latencies { Self.propagation.recordSeconds(seconds) }
  }

  private static let propagation = Timer(label: "kvytok_deny_list_propagation_seconds")

  private func rows(
    of read: ReadBatches, riders: [RiderID?], places: [String: DeviceAssignments]
  ) -> [TapRow] {
    var rows: [TapRow] = []
    rows.reserveCapacity(read.batches.reduce(0) { $0 + $1.taps.count })
    for read in read.batches {
      let place = places[read.batch.device]
      for tap in read.taps {
        guard let rider = riders[tap.mediumPlace] else {
          preconditionFailure("a medium without a rider")
        }
        var row = row(
          tap, rider: rider, batch: read.batch, denyListVersion: read.denyListVersion)
        row.place(by: place)
        rows.append(row)
      }
    }
    return rows
  }

  /// The row of a tap: the one place where it is made.
  func row(
    _ read: ReadBatches.ReadTap, rider: RiderID, batch: UnsortedBatch, denyListVersion: Int64?
  ) -> TapRow {
    let tap = read.tap
    var row = TapRow(
      name: TapName(device: batch.device, epoch: batch.epoch, seq: tap.seq),
      fareDay: read.fareDay, rider: rider, medium: read.medium, at: read.at, deviceAt: tap.at,
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
    row.denyListVersion = denyListVersion
    return row
  }
}
