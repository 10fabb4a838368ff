import Basics
import Ledger
import Logging
import Store
import Tapping
import Transit

/// Every tap against the proven batches of the journal.
extension LedgerAuditor {
  /// Proves signatures, and that the sorted taps are those of the batches, column by column.
  ///
  /// Fares are then rated from taps that are the signed ones.
  func proveJournal(_ audit: inout LedgerAudit) async throws {
    guard let tokenKey else {
      audit.find("the journal cannot be proven without the key of tokens")
      return
    }
    let sorter = Sorter(
      city: city, tokenKey: tokenKey, log: Logger(label: "audit") { _ in SwiftLogNoOpLogHandler() })
    let erased = try await read { db in
      try await db.bookProofs.erasedRiders()
    }
    for lane in try await read({ db in try await db.bookProofs.journalLanes() }) {
      var last: Int64 = 0
      var sessions = SessionAudit()
      while true {
        let after = last
        let page = try await read { db in
          let batches = try await db.bookProofs.batches(lane: lane, after: after)
          return try await Self.prove(batches, by: sorter, erased: erased, in: db)
        }
        guard let next = page.lastBatchID else { break }
        last = next
        audit.batches += page.batches
        audit.batchesWithoutSignature += page.withoutSignature
        audit.taps += page.taps
        for finding in page.findings { audit.find(finding) }
        let (following, findings) = try await read { [sessions] db in
          var following = sessions
          let findings = try await following.take(page.requests, in: db)
          return (following, findings)
        }
        sessions = following
        for finding in findings { audit.find(finding) }
      }
      for finding in sessions.finish() { audit.find(finding) }
      audit.batchesWithoutSignature += sessions.uncoveredBatches
    }
    try await proveReleased(by: sorter, erased: erased, &audit)
    let faults = try await read { db in
      try await db.bookProofs.journalFaults(countMax: LedgerAudit.findingsMax)
    }
    for fault in faults { audit.find(fault) }
  }

  /// A tap as its batch holds it, with what the batch says of all its taps.
  private struct SignedTap {
    let tap: ReadBatches.ReadTap
    let batch: UnsortedBatch
    let denyListVersion: Int64?
  }

  private struct JournalPage: Sendable {
    var lastBatchID: Int64?
    var batches = 0
    var withoutSignature = 0
    var taps = 0
    var findings: [String] = []
    var requests: [ProvenBatch] = []
  }

  private static func prove(
    _ batches: [ProvenBatch], by sorter: Sorter, erased: [RiderID: Instant], in db: StoreSession
  ) async throws -> JournalPage {
    var page = JournalPage(lastBatchID: batches.last?.batch.batchID, batches: batches.count)
    var expected: [SignedTap] = []
    for proven in batches {
      let name = "batch \(proven.batch.batchID) of device \(proven.batch.device)"
      if proven.request != nil {
        page.requests.append(proven)
      } else if proven.signature.count != Ed25519.signatureByteCount {
        page.withoutSignature += 1
      }
      if let fault = fault(of: proven) {
        page.findings.append("\(name): \(fault)")
        continue
      }
      guard proven.isSorted else { continue }
      do {
        let content = try proven.batch.body.decode()
        expected += sorter.taps(of: proven.batch, content).map {
          SignedTap(tap: $0, batch: proven.batch, denyListVersion: content.denyListVersion)
        }
      } catch {
        page.findings.append("\(name) cannot be read: \(error)")
      }
    }
    page.taps = expected.count
    page.findings += try await compare(expected, by: sorter, erased: erased, in: db)
    return page
  }

  /// Compares the taps that persons let through, as they were signed and corrected.
  private func proveReleased(
    by sorter: Sorter, erased: [RiderID: Instant], _ audit: inout LedgerAudit
  ) async throws {
    for device in try await read({ db in try await db.quarantine.devicesReleased() }) {
      var last: (epoch: Int64, seq: Int64) = (-1, -1)
      while true {
        let after = last
        let page = try await read { db in
          let released = try await db.quarantine.sortedReleased(of: device, after: after)
          let expected = try released.map { released in
            let (tap, version) = try sorter.read(released)
            return SignedTap(tap: tap, batch: released.batch, denyListVersion: version)
          }
          return (
            names: released.map(\.name),
            findings: try await Self.compare(expected, by: sorter, erased: erased, in: db)
          )
        }
        guard let name = page.names.last else { break }
        last = (name.epoch, name.seq)
        audit.taps += page.names.count
        for finding in page.findings { audit.find(finding) }
      }
    }
  }

  /// How the sorted taps differ from those that the journal holds, column by column.
  private static func compare(
    _ expected: [SignedTap], by sorter: Sorter, erased: [RiderID: Instant], in db: StoreSession
  ) async throws -> [String] {
    var findings: [String] = []
    let riders = try await db.bookProofs.riders(of: Set(expected.map(\.tap.medium)))
    let days = expected.map(\.tap.fareDay)
    guard let first = days.min(), let last = days.max() else { return [] }
    let names = expected.map {
      TapName(device: $0.batch.device, epoch: $0.batch.epoch, seq: $0.tap.tap.seq)
    }
    // Before the first tariff a tap may stand under the day beside its own.
    let city = sorter.city
    let from = first.adding(days: city.isBeforeTariff(first) ? -1 : 0)
    let through = last.adding(days: city.isBeforeTariff(last) ? 1 : 0)
    let standing = try await db.bookProofs.taps(names, within: from...through)
    let places = try await db.deviceAssignments.find(of: Set(names.map(\.device)))
    for (signed, name) in zip(expected, names) {
      let (tap, batch, version) = (signed.tap, signed.batch, signed.denyListVersion)
      var row: TapRow
      if let kept = standing[name], let erasedAt = erased[kept.rider],
        batch.receivedAt <= erasedAt
      {
        // The rider was erased: who it was and what was held is known no more, all else is. Whoever
        // holds the medium since then is another rider.
        row = sorter.row(tap, rider: kept.rider, batch: batch, denyListVersion: version)
        row.medium = kept.medium
      } else if let rider = riders[tap.medium] {
        row = sorter.row(tap, rider: rider, batch: batch, denyListVersion: version)
      } else {
        findings.append(
          "tap \(name.device)/\(name.epoch)/\(name.seq): its medium belongs to no rider")
        continue
      }
      row.place(by: places[batch.device])
      row.assigned = nil
      if let kept = standing[name], city.mayStand(row.at, on: kept.fareDay) {
        row.fareDay = kept.fareDay
      }
      if let fault = fault(of: standing[row.name], expected: row) { findings.append(fault) }
    }
    return findings
  }

  /// What is wrong with the bytes of a batch; nil when they are what the device signed.
  private static func fault(of proven: ProvenBatch) -> String? {
    guard SHA256Digest.hash(proven.batch.body.bytes) == proven.bodyDigest else {
      return "its bytes are not those that were received"
    }
    guard proven.request == nil, proven.signature.count == Ed25519.signatureByteCount else {
      return nil
    }
    let isSigned = proven.publicKeys.contains { key in
      Ed25519.verify(
        publicKey: key, signature: proven.signature, message: proven.batch.body.bytes)
    }
    return isSigned ? nil : "its signature is not one of a key of the device"
  }

  /// How a sorted tap differs from the one that was signed; nil when it does not.
  private static func fault(of standing: TapRow?, expected: TapRow) -> String? {
    let name = "tap \(expected.name.device)/\(expected.name.epoch)/\(expected.name.seq)"
    guard let standing else { return "\(name) of \(expected.fareDay) is in the journal only" }
    guard standing != expected else { return nil }
    let columns: [(String, Bool)] = [
      ("rider_id", standing.rider == expected.rider),
      ("medium_id", standing.medium == expected.medium),
      ("fare_day", standing.fareDay == expected.fareDay),
      ("tapped_at", standing.at == expected.at),
      ("device_at", standing.deviceAt == expected.deviceAt),
      ("kind", standing.kind == expected.kind),
      ("medium", standing.mediumKind == expected.mediumKind),
      ("riders", standing.riders == expected.riders),
      ("accepted", standing.isAccepted == expected.isAccepted),
      ("deny_reason", standing.denyReason == expected.denyReason),
      ("vehicle", standing.vehicle == expected.vehicle),
      ("route", standing.route == expected.route),
      ("direction", standing.direction == expected.direction),
      ("trip", standing.trip == expected.trip), ("stop", standing.stop == expected.stop),
      ("zone", standing.zone == expected.zone),
      ("latitude or longitude", standing.coordinate == expected.coordinate),
      ("batch_id", standing.batchID == expected.batchID),
      ("received_at", standing.receivedAt == expected.receivedAt),
      ("deny_list_version", standing.denyListVersion == expected.denyListVersion),
    ]
    let differing = columns.filter { !$0.1 }.map(\.0).joined(separator: ", ")
    return "\(name) of \(expected.fareDay): \(differing) is not what the device signed"
  }
}
