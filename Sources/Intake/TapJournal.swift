import Basics
import Store
import Tapping

/// A batch on its way into the journal: its sender is proven and its content read.
struct IncomingBatch: Sendable {
  let batch: TapBatch
  let body: [UInt8]
  let signature: [UInt8]
  /// The key that the signature was checked with.
  let publicKey: [UInt8]
  let bodyDigest: [UInt8]
  let receivedAt: Instant

  var register: RegisterKey { RegisterKey(device: batch.device, epoch: batch.epoch) }
}

/// What became of a batch.
enum BatchVerdict: Sendable {
  /// Its taps are durable.
  case decided(AdmissionOutcome)
  /// The device lost its right to post, or got another key, in the meantime; nothing is stored.
  case mayNotPost
  /// The register would fall into too many pieces; nothing is stored.
  case tooManyGaps
}

/// Decides about a group of batches and writes it, inside one transaction.
///
/// The registers are locked first, in one order for all, so two services never wait in a circle;
/// then each batch is decided in the order of arrival, and sees what those before it brought.
struct TapJournal: Sendable {
  /// Most pieces of a register: a device that skips numbers all the time is broken.
  static let registerRangesMax = 10_000

  let tokenKey: TokenKey
  let limits: AdmissionLimits

  func store(_ group: [IncomingBatch], in session: StoreSession) async throws -> [BatchVerdict] {
    guard let first = group.first else { return [] }
    let locked = try await session.journal.lockRegisters(
      group.map(\.register), at: first.receivedAt)
    var states = locked.mapValues { RegisterState(seen: SequenceRanges($0.seen)) }
    var rows = JournalGroup()
    var verdicts: [BatchVerdict] = []
    verdicts.reserveCapacity(group.count)
    for item in group {
      guard let state = states[item.register],
        locked[item.register]?.publicKeys.contains(item.publicKey) == true
      else {
        verdicts.append(.mayNotPost)
        continue
      }
      let earlier = try await contents(knownTo: state, of: item, in: session)
      let outcome = Admission.decide(
        item.batch, seen: state.seen, earlier: earlier, receivedAt: item.receivedAt,
        limits: limits)
      let rangesCount = outcome.seen.ranges.count
      guard rangesCount <= Self.registerRangesMax || rangesCount <= state.seen.ranges.count else {
        verdicts.append(.tooManyGaps)
        continue
      }
      write(item, outcome, earlier: earlier, into: &rows)
      states[item.register]?.note(item, outcome)
      verdicts.append(.decided(outcome))
    }
    rows.changes = states.compactMap { key, state in state.change(of: key) }
    try await session.journal.append(rows)
    return verdicts
  }

  /// All contents kept under the numbers of a batch that its register knows.
  private func contents(
    knownTo state: RegisterState, of item: IncomingBatch, in session: StoreSession
  ) async throws -> [Int64: [ContentHash]] {
    let known = Admission.known(in: item.batch, seen: state.seen)
    guard !known.isEmpty else { return [:] }
    var contents: [Int64: [ContentHash]] = [:]
    let wanted = SequenceRanges(known.map { $0..<$0 + 1 })
    let older = wanted.intersection(state.lockedSeen)
    if !older.isEmpty {
      let batches = try await session.journal.earlier(
        item.register, sharing: older.ranges, otherThan: item.bodyDigest)
      for earlier in batches {
        let batch = try earlier.body.map { try decode($0) } ?? item.batch
        batch.addContents(of: SequenceRanges(earlier.fresh), among: wanted, to: &contents)
      }
      let others = try await session.journal.conflicts(item.register, among: older.ranges)
      for (seq, digests) in others {
        contents[seq, default: []] += digests.compactMap { ContentHash(bytes: $0) }
      }
    }
    for earlier in state.batches {
      earlier.batch.addContents(of: earlier.added, among: wanted, to: &contents)
    }
    for (seq, content) in state.conflicts where wanted.contains(seq) {
      contents[seq, default: []].append(content)
    }
    return contents
  }

  private func decode(_ body: [UInt8]) throws -> TapBatch {
    do {
      return try TapBatchJSON.decode(body)
    } catch {
      // It was read before it went in: the journal is damaged, and guessing would hide it.
      throw StoreFault(kind: .damaged, "a body of the journal cannot be read: \(error)")
    }
  }

  private func write(
    _ item: IncomingBatch, _ outcome: AdmissionOutcome, earlier: [Int64: [ContentHash]],
    into rows: inout JournalGroup
  ) {
    var impossible = SequenceRanges()
    for (index, (tap, verdict)) in zip(item.batch.taps, outcome.verdicts).enumerated() {
      switch verdict {
      case .accepted, .duplicate: break
      case .quarantined(let code, let message):
        impossible.insert(tap.seq)
        rows.quarantined.append(
          QuarantinedTap(
            register: item.register, seq: tap.seq, code: code.rawValue, message: message,
            content: TapContent.json(tap, tokenKey: tokenKey), receivedAt: item.receivedAt))
      case .conflict:
        let above = item.batch.taps[..<index].first { $0.seq == tap.seq }
        let kept = earlier[tap.seq]?.first ?? above?.contentHash ?? tap.contentHash
        rows.conflicts.append(
          TapConflict(
            register: item.register, seq: tap.seq, keptDigest: kept.bytes,
            otherDigest: tap.contentHash.bytes,
            otherContent: TapContent.json(tap, tokenKey: tokenKey), receivedAt: item.receivedAt))
      }
    }
    guard !outcome.added.isEmpty else { return }
    // Mostly all of a batch is new, and its numbers are sorted into ranges already.
    let isAllNew = outcome.acceptedCount + outcome.rejected.count == item.batch.taps.count
    let numbers =
      isAllNew ? outcome.added : SequenceRanges(item.batch.taps.map { $0.seq..<$0.seq + 1 })
    rows.batches.append(
      JournalBatch(
        register: item.register, seqs: numbers.ranges, fresh: outcome.added.ranges,
        quarantined: impossible.ranges, receivedAt: item.receivedAt, sentAt: item.batch.sentAt,
        body: item.body, signature: item.signature, bodyDigest: item.bodyDigest))
  }
}

/// A register while a group is decided.
private struct RegisterState {
  /// Numbers seen when the register was locked.
  let lockedSeen: SequenceRanges
  /// Numbers seen by now.
  var seen: SequenceRanges
  /// What batches of this group brought.
  var batches: [(added: SequenceRanges, batch: TapBatch)] = []
  /// Contents of this group that contradict others.
  var conflicts: [(Int64, ContentHash)] = []
  var sum: RegisterChange?

  init(seen: SequenceRanges) {
    lockedSeen = seen
    self.seen = seen
  }

  mutating func note(_ item: IncomingBatch, _ outcome: AdmissionOutcome) {
    seen = outcome.seen
    if !outcome.added.isEmpty { batches.append((outcome.added, item.batch)) }
    for (tap, verdict) in zip(item.batch.taps, outcome.verdicts) where verdict == .conflict {
      conflicts.append((tap.seq, tap.contentHash))
    }
    var change =
      sum
      ?? RegisterChange(
        register: item.register, seen: [], tapsStored: 0, duplicates: 0, quarantined: 0,
        receivedAt: item.receivedAt, sentAt: item.batch.sentAt)
    change.tapsStored += Int64(outcome.acceptedCount + outcome.rejected.count)
    change.duplicates += Int64(outcome.duplicateCount)
    change.quarantined += Int64(outcome.rejected.count)
    change.receivedAt = max(change.receivedAt, item.receivedAt)
    change.sentAt = item.batch.sentAt
    sum = change
  }

  /// What the group adds to the register; nil when it was only locked.
  func change(of key: RegisterKey) -> RegisterChange? {
    guard var change = sum else { return nil }
    change.seen = seen.ranges
    return change
  }
}

extension TapBatch {
  /// Adds the contents that this batch first brought under wanted numbers.
  fileprivate func addContents(
    of fresh: SequenceRanges, among wanted: SequenceRanges,
    to contents: inout [Int64: [ContentHash]]
  ) {
    // A number that comes twice in a body names its first tap; the other one is a conflict.
    var taken: Set<Int64> = []
    for tap in taps where fresh.contains(tap.seq) && wanted.contains(tap.seq) {
      guard taken.insert(tap.seq).inserted else { continue }
      contents[tap.seq, default: []].append(tap.contentHash)
    }
  }
}

extension SequenceRanges {
  /// Numbers that are in both sets.
  fileprivate func intersection(_ other: SequenceRanges) -> SequenceRanges {
    var both = SequenceRanges()
    var left = ranges[...]
    var right = other.ranges[...]
    while let first = left.first, let second = right.first {
      both.insert(first.clamped(to: second))
      if first.upperBound < second.upperBound { left.removeFirst() } else { right.removeFirst() }
    }
    return both
  }
}
