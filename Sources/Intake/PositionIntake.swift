package import Basics
package import Logging
package import Store
package import Tapping
package import Tracking

/// What became of a report of positions.
package struct PositionAnswer: Equatable, Sendable {
  /// Positions kept for the first time.
  package var accepted: Int
  /// Positions that were known.
  package var duplicates: Int
  /// Positions that cannot be true; they are not kept.
  package var rejected: [RejectedPosition]
  package var serverTime: Instant
}

/// What a tracker is told.
package enum PositionOutcome: Sendable {
  /// The positions are durable.
  case answer(PositionAnswer)
  /// Nothing of the report was stored by this post.
  case refusal(IntakeRefusal)
}

/// Takes in signed reports of positions: late, repeated and out of order as they come.
package final class PositionIntake: Sendable {
  private struct Incoming: Sendable {
    let device: String
    /// The key that the signature was checked with.
    let publicKey: [UInt8]
    let rows: [PositionRow]
    let bytesCount: Int
  }

  /// How far a proven lead may be from a whole number of quarter hours, seconds.
  package static let leadRestSecondsMax = 150.0

  private let gate: DeviceGate
  private let fareDay: @Sendable (Instant) -> Day
  private let now: @Sendable () -> Instant
  private let committer: GroupCommitter<Incoming, Int?>
  private let shares: DeviceShares
  private let admission: AdmissionLimits
  private let meters = PositionMeters()
  private let log: Logger

  /// Makes the service; several of them may share one database.
  ///
  /// `fareDay` is the one that taps of a moment are filed under: positions are looked for there. A position
  /// may be as old as a tap.
  package init(
    store: Store, gate: DeviceGate, queue: CommitLimits = CommitLimits(),
    admission: AdmissionLimits = AdmissionLimits(), log: Logger,
    fareDay: @escaping @Sendable (Instant) -> Day, now: @escaping @Sendable () -> Instant
  ) {
    self.gate = gate
    self.fareDay = fareDay
    self.now = now
    self.admission = admission
    self.log = log
    shares = DeviceShares(countMax: queue.perDeviceMax)
    let timer = CommitMeter(kind: "positions")
    committer = GroupCommitter(
      limits: queue, bytesCount: { $0.bytesCount },
      commit: { group in
        try await timer.measure(itemsCount: group.count) {
          try await store.write { session in try await Self.store(group, in: session) }
        }
      })
  }

  /// Takes in one signed body; never throws, and returns when it is durable or refused.
  package func accept(
    body: [UInt8], deviceHeader: String?, signatureHeader: String?, receivedAt: Instant
  ) async -> PositionOutcome {
    do throws(IntakeRefusal) {
      let (report, publicKey) = try await read(
        body, deviceHeader: deviceHeader, signatureHeader: signatureHeader, at: receivedAt)
      let admitted = PositionAdmission.admit(
        Self.corrected(report, receivedAt: receivedAt), receivedAt: receivedAt,
        pastSecondsMax: admission.pastSecondsMax)
      let rows = admitted.accepted.map { position in
        PositionRow(
          serviceDay: fareDay(position.at), daysTouched: daysTouched(by: position),
          position: position, device: report.device, receivedAt: receivedAt)
      }
      let incoming = Incoming(
        device: report.device, publicKey: publicKey, rows: rows, bytesCount: body.count)
      let addedCount = try await store(incoming, at: receivedAt)
      let answer = PositionAnswer(
        accepted: addedCount, duplicates: rows.count - addedCount, rejected: admitted.rejected,
        serverTime: now())
      meters.count(
        accepted: answer.accepted, duplicates: answer.duplicates, rejected: answer.rejected.count)
      return .answer(answer)
    } catch {
      meters.count(error)
      return .refusal(error)
    }
  }

  /// The vehicle-days that a position is looked at for: near the end of one also the next.
  private func daysTouched(by position: Position) -> ClosedRange<Day> {
    let margin = VehicleDay.marginSeconds
    let first = fareDay(position.at.adding(seconds: -margin))
    return first...max(first, fareDay(position.at.adding(seconds: margin)))
  }

  /// A report with its times moved back where its clock is proven to be ahead, as the times of taps are.
  ///
  /// A lead that is no quarter of an hour is the rest of one, of a report that waited on its way: how
  /// far its clock is ahead cannot be told, and nothing is corrected.
  private static func corrected(_ report: PositionReport, receivedAt: Instant) -> PositionReport {
    let offset = ClockOffset(sentAt: report.sentAt, receivedAt: receivedAt)
    let rest = report.sentAt.secondsSince(receivedAt) - Double(offset.correctionSeconds)
    guard abs(rest) <= leadRestSecondsMax else { return report }
    var report = report
    for place in report.positions.indices {
      report.positions[place].at = offset.corrected(report.positions[place].at)
    }
    return report
  }

  private func read(
    _ body: [UInt8], deviceHeader: String?, signatureHeader: String?, at moment: Instant
  ) async throws(IntakeRefusal) -> (PositionReport, publicKey: [UInt8]) {
    guard body.count <= PositionReport.bodyBytesMax else {
      throw .bodyTooLarge(bytesMax: PositionReport.bodyBytesMax)
    }
    let admitted = try await gate.admitInPlace(
      body, deviceHeader: deviceHeader, signatureHeader: signatureHeader, at: moment)
    let report: PositionReport
    do {
      report = try PositionReportJSON.decode(body)
    } catch {
      let kind: IntakeRefusal.Kind = error.kind == .tooLarge ? .tooLarge : .malformed
      throw IntakeRefusal(
        kind, code: kind == .tooLarge ? "report_too_large" : "malformed", pointer: error.pointer,
        message: error.message)
    }
    guard report.device == admitted.device.id else { throw .otherDevice() }
    return (report, admitted.publicKey)
  }

  private func store(
    _ incoming: Incoming, at moment: Instant
  ) async throws(IntakeRefusal) -> Int {
    guard !incoming.rows.isEmpty else { return 0 }
    guard shares.enter(incoming.device) else { throw .tooManyOfDevice }
    defer { shares.leave(incoming.device) }
    switch await committer.submit(incoming) {
    case .answered(let addedCount?): return addedCount
    case .answered(nil):
      try await gate.changedMeanwhile(
        incoming.device, publicKey: incoming.publicKey, at: moment)
    case .full: throw .queueFull
    case .unavailable: throw .databaseAway
    case .failed(let error):
      log.error("positions could not be stored", metadata: ["error": "\(error)"])
      throw .couldNotStore
    }
  }

  /// Writes a group; of each report, how many of its positions were new, or nil when its device
  /// lost its right to post, or got another key, in the meantime.
  private static func store(
    _ group: [Incoming], in session: StoreSession
  ) async throws -> [Int?] {
    guard let moment = group.lazy.flatMap(\.rows).map(\.receivedAt).min() else {
      return group.map { _ in 0 }
    }
    let keys = try await session.devices.keysInPlace(
      of: Array(Set(group.map(\.device))), at: moment)
    let isGood = group.map { keys[$0.device]?.contains($0.publicKey) == true }
    let rows = zip(group, isGood).flatMap { report, isGood in isGood ? report.rows : [] }
    guard let receivedAt = rows.lazy.map(\.receivedAt).max() else {
      return isGood.map { $0 ? 0 : nil }
    }
    var added = try await session.positionJournal.add(rows, at: receivedAt)
    // A position in two reports of a group was new in the first of them.
    return zip(group, isGood).map { report, isGood in
      isGood ? report.rows.count { added.remove($0.key) != nil } : nil
    }
  }
}
