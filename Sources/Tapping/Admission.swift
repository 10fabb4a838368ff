package import Basics

/// Bounds of what a tap may say; a tap past them is kept in quarantine and makes no fare.
package struct AdmissionLimits: Hashable, Sendable {
  /// How far ahead of the server's clock a tap may be, after correction: 10 minutes.
  package var futureSecondsMax: Int64 = 600
  /// How far before its receipt a tap may be: 400 days unless `--tap-age-days` says otherwise.
  ///
  /// A clock without a battery begins years ago, wherever its maker set it.
  package var pastSecondsMax: Int64 = 400 * 86_400
  /// No person may say that a tap is older than this: 2000-01-01.
  package var oldest = Instant(seconds: 946_684_800)
  /// Most people on one tap.
  package var ridersMax = 99
  /// Most holes named in one answer.
  package var missingRangesMax = SequenceRanges.missingRangesMax

  /// Makes the limits of the house.
  package init() {}

  /// The earliest moment of a tap that came at another.
  func earliest(receivedAt: Instant) -> Instant {
    max(oldest, receivedAt.adding(seconds: -pastSecondsMax))
  }
}

/// Why a tap is kept in quarantine.
package enum QuarantineCode: String, Sendable, CaseIterable, Hashable {
  case tapInFuture = "tap_in_future"
  case tapTooOld = "tap_too_old"
  case ridersOutOfRange = "riders_out_of_range"
  case directionOutOfRange = "direction_out_of_range"
  case coordinateImpossible = "coordinate_impossible"
}

/// What becomes of one tap of a batch.
package enum TapVerdict: Hashable, Sendable {
  /// New: store it.
  case accepted
  /// Known with the same content: nothing to store.
  case duplicate
  /// Its number is known with other content: keep it beside the first, flag the device.
  case conflict
  /// New but impossible: keep it in quarantine; its number counts as known.
  case quarantined(QuarantineCode, message: String)
}

/// What became of a batch: what to store, and what to answer.
package struct AdmissionOutcome: Hashable, Sendable {
  /// One for each tap of the batch, in its order; nil when all are accepted.
  fileprivate var mixed: [TapVerdict]?
  /// One for each tap of the batch, in its order.
  package var verdicts: [TapVerdict] {
    mixed ?? Array(repeating: .accepted, count: acceptedCount)
  }
  package fileprivate(set) var acceptedCount = 0
  package fileprivate(set) var duplicateCount = 0
  /// Numbers in conflict, ascending, each once.
  package fileprivate(set) var conflicts: [Int64] = []
  package fileprivate(set) var rejected: [TapBatchAnswer.Rejected] = []
  /// Numbers this batch adds to the register: accepted and quarantined ones.
  package fileprivate(set) var added = SequenceRanges()
  /// The register afterwards.
  package fileprivate(set) var seen: SequenceRanges
  package fileprivate(set) var acknowledgement: Acknowledgement
  package let clock: ClockOffset

  /// The answer, to be sent once the batch is durable.
  package func answer(
    serverTime: Instant, tariffVersion: String?, denyListVersion: Int64?
  ) -> TapBatchAnswer {
    TapBatchAnswer(
      accepted: acceptedCount, duplicates: duplicateCount, conflicts: conflicts,
      rejected: rejected, ackThrough: acknowledgement.ackThrough,
      missing: acknowledgement.missing, serverTime: serverTime, tariffVersion: tariffVersion,
      denyListVersion: denyListVersion)
  }
}

/// Decides what becomes of the taps of a batch; pure: the same arguments give the same outcome.
///
/// A tap is first looked up by its number, then judged. So the same batch sent again is all
/// duplicates, also where a tap of it went into quarantine or into conflict the first time.
package enum Admission {
  /// Numbers of the batch that the register knows, ascending: the caller looks up what they said.
  package static func known(in batch: TapBatch, seen: SequenceRanges) -> [Int64] {
    guard let last = seen.last, batch.taps.contains(where: { $0.seq <= last }) else { return [] }
    return Set(batch.taps.lazy.map(\.seq).filter(seen.contains)).sorted()
  }

  /// Decides about a batch.
  ///
  /// `earlier` holds all contents stored under the numbers that `known` gave: accepted,
  /// quarantined and conflicting ones. A number whose contents are kept no longer counts as a
  /// duplicate, because nothing contradicts it.
  package static func decide(
    _ batch: TapBatch, seen: SequenceRanges, earlier: [Int64: [ContentHash]],
    receivedAt: Instant, limits: AdmissionLimits = AdmissionLimits()
  ) -> AdmissionOutcome {
    let clock = ClockOffset(sentAt: batch.sentAt, receivedAt: receivedAt)
    if let seqs = TapBatchOutline(batch).plainSeqs(receivedAt: receivedAt, limits: limits),
      let outcome = decide(plain: seqs, clock: clock, seen: seen, limits: limits)
    {
      return outcome
    }
    var outcome = AdmissionOutcome(
      seen: seen, acknowledgement: Acknowledgement(ackThrough: 0, missing: []), clock: clock)
    outcome.mixed = []
    outcome.mixed?.reserveCapacity(batch.taps.count)
    var conflicting = ConflictingContents(earlier: earlier)
    for (index, tap) in batch.taps.enumerated() {
      let verdict: TapVerdict
      if outcome.seen.insert(tap.seq) {
        outcome.added.insert(tap.seq)
        verdict = judge(tap, clock: clock, receivedAt: receivedAt, limits: limits)
      } else {
        verdict = conflicting.verdict(on: tap, before: index, in: batch, seen: seen)
      }
      outcome.note(verdict, of: tap)
    }
    outcome.conflicts = Set(outcome.conflicts).sorted()
    outcome.acknowledgement = outcome.seen.acknowledgement(
      missingRangesMax: limits.missingRangesMax)
    return outcome
  }

  /// The outcome of a plain batch whose numbers all lie behind those seen; nil when they do not.
  ///
  /// It takes the same time for a batch of any size: nothing of the taps is looked at again.
  package static func decide(
    plain seqs: Range<Int64>, clock: ClockOffset, seen: SequenceRanges,
    limits: AdmissionLimits = AdmissionLimits()
  ) -> AdmissionOutcome? {
    guard seen.last ?? 0 < seqs.lowerBound else { return nil }
    var outcome = AdmissionOutcome(
      seen: seen, acknowledgement: Acknowledgement(ackThrough: 0, missing: []), clock: clock)
    outcome.acceptedCount = seqs.count
    outcome.added.insert(seqs)
    outcome.seen.insert(seqs)
    outcome.acknowledgement = outcome.seen.acknowledgement(
      missingRangesMax: limits.missingRangesMax)
    return outcome
  }

  private static func judge(
    _ tap: Tap, clock: ClockOffset, receivedAt: Instant, limits: AdmissionLimits
  ) -> TapVerdict {
    if clock.corrected(tap.at) > receivedAt.adding(seconds: limits.futureSecondsMax) {
      return .quarantined(
        .tapInFuture,
        message: "the tap is later than the server's clock, \(receivedAt); set the device's clock")
    }
    let earliest = limits.earliest(receivedAt: receivedAt)
    if tap.at < earliest {
      return .quarantined(
        .tapTooOld, message: "the tap is before \(earliest), too long ago; set the device's clock")
    }
    if !(1...limits.ridersMax).contains(tap.riders) {
      return .quarantined(
        .ridersOutOfRange, message: "1 to \(limits.ridersMax) riders may ride on one tap")
    }
    if let direction = tap.direction, !(0...1).contains(direction) {
      return .quarantined(.directionOutOfRange, message: "a direction is 0 or 1")
    }
    if let place = tap.coordinate, abs(place.latitude) > 90 || abs(place.longitude) > 180 {
      return .quarantined(
        .coordinateImpossible, message: "lat is -90 to 90 and lon -180 to 180 degrees")
    }
    return .accepted
  }
}

/// Tells repeats from conflicts.
private struct ConflictingContents {
  let earlier: [Int64: [ContentHash]]
  /// Contents of this batch, by number; filled when a number comes twice in it.
  private var inBatch: [Int64: Set<ContentHash>] = [:]

  init(earlier: [Int64: [ContentHash]]) { self.earlier = earlier }

  /// What becomes of a tap whose number is known, from before or from further up in the batch.
  mutating func verdict(
    on tap: Tap, before index: Int, in batch: TapBatch, seen: SequenceRanges
  ) -> TapVerdict {
    let content = tap.contentHash
    let isFromBefore = seen.contains(tap.seq)
    if isFromBefore, earlier[tap.seq] == nil { return .duplicate }
    if earlier[tap.seq]?.contains(content) == true { return .duplicate }
    if inBatch[tap.seq] == nil {
      let above = isFromBefore ? nil : batch.taps[..<index].first { $0.seq == tap.seq }
      inBatch[tap.seq] = Set([above?.contentHash].compactMap { $0 })
    }
    return inBatch[tap.seq]?.insert(content).inserted == true ? .conflict : .duplicate
  }
}

extension AdmissionOutcome {
  fileprivate mutating func note(_ verdict: TapVerdict, of tap: Tap) {
    mixed?.append(verdict)
    switch verdict {
    case .accepted: acceptedCount += 1
    case .duplicate: duplicateCount += 1
    case .conflict: conflicts.append(tap.seq)
    case .quarantined(let code, let message):
      rejected.append(
        TapBatchAnswer.Rejected(seq: tap.seq, code: code.rawValue, message: message))
    }
  }
}
