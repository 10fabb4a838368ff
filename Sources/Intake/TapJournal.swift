import Basics
import Store
import Tapping

/// A batch on its way into the journal: its sender is proven and its content checked.
///
/// Its taps are made again from the body where they are needed, which is seldom. It is an object,
/// because it is handed on from closure to closure with all that it holds.
final class IncomingBatch: Sendable {
  let outline: TapBatchOutline
  let body: [UInt8]
  let format: BatchFormat
  let proof: BatchProof
  /// The key that the body, or the session it came in, was signed with.
  let publicKey: [UInt8]
  let bodyDigest: [UInt8]
  let receivedAt: Instant
  /// Its numbers, when nothing about it needs a closer look; see ``TapBatchOutline/plainSeqs(receivedAt:limits:)``.
  let plainSeqs: Range<Int64>?

  init(
    outline: TapBatchOutline, post: TapPost, sender: ProvenSender, bodyDigest: [UInt8],
    plainSeqs: Range<Int64>?
  ) {
    self.outline = outline
    body = post.body
    format = post.format
    proof = sender.proof
    publicKey = sender.publicKey
    self.bodyDigest = bodyDigest
    receivedAt = post.receivedAt
    self.plainSeqs = plainSeqs
  }

  var register: RegisterKey { RegisterKey(device: outline.device, epoch: outline.epoch) }

  /// Whether nothing of its session stands between it and what a register knows.
  func follows(_ standing: SessionStanding?) -> Bool {
    guard let request = proof.session, let standing, standing.session == request.session else {
      return true
    }
    return request.count == standing.count + 1
  }

  /// Whether it is the request that a register knows as the newest, once more.
  func repeats(_ standing: SessionStanding?) -> Bool {
    guard let request = proof.session, let standing else { return false }
    return standing.session == request.session && request.count == standing.count
      && request.standing.hash == standing.hash
  }

  /// The row of the journal, with the numbers of its taps and those of them that are impossible.
  func row(
    _ outcome: AdmissionOutcome, numbers: SequenceRanges, impossible: [Range<Int64>]
  ) -> JournalBatch {
    JournalBatch(
      register: register, seqs: numbers.ranges, fresh: outcome.added.ranges,
      quarantined: impossible, receivedAt: receivedAt, sentAt: outline.sentAt, body: body,
      format: format.rawValue, proof: proof, bodyDigest: bodyDigest)
  }
}

/// What became of a batch.
enum BatchVerdict: Sendable {
  /// Its taps are durable.
  case decided(AdmissionOutcome)
  /// The device lost its right to post, or got another key, in the meantime; nothing is stored.
  case mayNotPost
  /// Another request of its session came first; nothing is stored.
  case sessionMoved
  /// The register would fall into too many pieces; nothing is stored.
  case tooManyGaps
  /// The device has begun as many epochs as a device may; nothing is stored.
  case tooManyEpochs
}

/// Decides about a group of batches and writes it, inside one transaction.
///
/// The registers are locked first, in one order for all, so two services never wait in a circle;
/// then each batch is decided in the order of arrival, and sees what those before it brought.
package struct TapJournal: Sendable {
  /// Most pieces of a register: a device that skips numbers all the time is broken.
  static let registerRangesMax = 10_000
  /// Most pieces of all registers of a device, but for those within ``RegisterCache/rangesMax`` of each.
  static let deviceRangesMax = 100_000

  /// Most pieces of a register of a device that has so many.
  package static func rangesMax(devicesEpochs: Int) -> Int {
    max(min(registerRangesMax, deviceRangesMax / max(devicesEpochs, 1)), RegisterCache.rangesMax)
  }

  let tokenKey: TokenKey
  let limits: AdmissionLimits

  /// What became of each batch, and the registers as the transaction leaves them.
  struct Decided: Sendable {
    var verdicts: [BatchVerdict] = []
    var registers: [(key: RegisterKey, value: RegisterCache.Register)] = []
  }

  func store(_ group: [IncomingBatch], in session: StoreSession) async throws -> Decided {
    var decided = Decided()
    guard let first = group.first else { return decided }
    let locked = try await session.journal.lockRegisters(
      group.map(\.register), at: first.receivedAt)
    var states = locked.mapValues { RegisterState($0) }
    let full = try await Self.full(group, locked, in: session)
    var rows = JournalGroup()
    decided.verdicts.reserveCapacity(group.count)
    for item in group {
      guard let state = states[item.register], state.publicKeys.contains(item.publicKey) else {
        let isFull = states[item.register] == nil && full.contains(item.register.device)
        decided.verdicts.append(isFull ? .tooManyEpochs : .mayNotPost)
        continue
      }
      guard item.follows(state.session) || item.repeats(state.session) else {
        decided.verdicts.append(.sessionMoved)
        continue
      }
      let batch = try decode(StoredBody(bytes: item.body, format: item.format.rawValue))
      let earlier = try await contents(knownTo: state, of: item, batch, in: session)
      let outcome = Admission.decide(
        batch, seen: state.seen, earlier: earlier, receivedAt: item.receivedAt,
        limits: limits)
      let rangesCount = outcome.seen.ranges.count
      let rangesMax = Self.rangesMax(devicesEpochs: state.devicesEpochs)
      guard rangesCount <= rangesMax || rangesCount <= state.seen.ranges.count else {
        decided.verdicts.append(.tooManyGaps)
        continue
      }
      write(item, batch, outcome, earlier: earlier, into: &rows)
      note(item, outcome, isRepeat: item.repeats(state.session), in: &rows)
      states[item.register]?.note(item, outcome)
      states[item.register]?.keepContents(of: batch, outcome)
      decided.verdicts.append(.decided(outcome))
    }
    rows.changes = states.values.compactMap { $0.change() }
    try await session.journal.append(rows)
    decided.registers = states.filter { locked[$0.key]?.isCrowded == false }
      .map { (key: $0.key, value: $0.value.register) }
    return decided
  }

  /// Devices of a group that have no room for the register they name.
  private static func full(
    _ group: [IncomingBatch], _ locked: [RegisterKey: LockedRegister], in session: StoreSession
  ) async throws -> Set<String> {
    let missing = Set(group.map(\.register).filter { locked[$0] == nil }.map(\.device))
    guard !missing.isEmpty else { return [] }
    return try await session.journal.devicesWithoutRoom(among: missing.sorted())
  }

  /// All contents kept under the numbers of a batch that its register knows.
  private func contents(
    knownTo state: RegisterState, of item: IncomingBatch, _ posted: TapBatch,
    in session: StoreSession
  ) async throws -> [Int64: [ContentHash]] {
    let known = Admission.known(in: posted, seen: state.seen)
    guard !known.isEmpty else { return [:] }
    var contents: [Int64: [ContentHash]] = [:]
    let wanted = SequenceRanges(known.map { $0..<$0 + 1 })
    let older = wanted.intersection(state.lockedSeen)
    if !older.isEmpty {
      let batches = try await session.journal.earlier(
        item.register, sharing: older.ranges, otherThan: item.bodyDigest)
      for earlier in batches {
        let batch =
          try earlier.body.map {
            try decode(StoredBody(bytes: $0, format: earlier.format))
          } ?? posted
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

  /// Keeps what the evidence of a session needs beside the rows of the journal.
  private func note(
    _ item: IncomingBatch, _ outcome: AdmissionOutcome, isRepeat: Bool,
    in rows: inout JournalGroup
  ) {
    guard let request = item.proof.session else { return }
    let note = SessionNote(request: request, receivedAt: item.receivedAt)
    if !outcome.isKept, !isRepeat { rows.repeats.append(note) }
    if request.checkpoint != nil { rows.checkpoints.append(note) }
  }

  private func decode(_ body: StoredBody) throws -> TapBatch {
    do {
      return try body.decode()
    } catch {
      // It was read before it went in: the journal is damaged, and guessing would hide it.
      throw StoreFault(kind: .damaged, "a body of the journal cannot be read: \(error)")
    }
  }

  private func write(
    _ item: IncomingBatch, _ batch: TapBatch, _ outcome: AdmissionOutcome,
    earlier: [Int64: [ContentHash]], into rows: inout JournalGroup
  ) {
    var impossible = SequenceRanges()
    for (index, (tap, verdict)) in zip(batch.taps, outcome.verdicts).enumerated() {
      switch verdict {
      case .accepted, .duplicate: break
      case .quarantined(let code, let message):
        impossible.insert(tap.seq)
        rows.quarantined.append(
          QuarantinedTap(
            register: item.register, seq: tap.seq, code: code.rawValue, message: message,
            content: TapContent.json(tap, tokenKey: tokenKey), receivedAt: item.receivedAt))
      case .conflict:
        let above = batch.taps[..<index].first { $0.seq == tap.seq }
        let kept = earlier[tap.seq]?.first ?? above?.contentHash ?? tap.contentHash
        rows.conflicts.append(
          TapConflict(
            register: item.register, seq: tap.seq, keptDigest: kept.bytes,
            otherDigest: tap.contentHash.bytes,
            otherContent: TapContent.json(tap, tokenKey: tokenKey), receivedAt: item.receivedAt))
      }
    }
    guard outcome.isKept else { return }
    // Mostly all of a batch is new, and its numbers are sorted into ranges already.
    let isAllNew = outcome.acceptedCount + outcome.rejected.count == batch.taps.count
    let numbers =
      isAllNew ? outcome.added : SequenceRanges(batch.taps.map { $0.seq..<$0.seq + 1 })
    rows.batches.append(item.row(outcome, numbers: numbers, impossible: impossible.ranges))
  }
}

extension AdmissionOutcome {
  /// Whether the batch is kept with its proof: it brought a number first, or another content under a known one,
  /// which nobody could prove otherwise.
  fileprivate var isKept: Bool {
    !added.isEmpty || verdicts.contains { if case .conflict = $0 { true } else { false } }
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
