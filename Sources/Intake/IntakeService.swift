package import Basics
package import Logging
package import Store
package import Tapping

/// What an answer to a device carries beside the fate of its taps.
package struct AnswerFacts: Sendable {
  package var serverTime: Instant
  /// Version of the tariff that is in force.
  package var tariffVersion: String?
  /// Newest version of the deny list.
  package var denyListVersion: Int64?

  /// Makes the facts of a moment.
  package init(serverTime: Instant, tariffVersion: String? = nil, denyListVersion: Int64? = nil) {
    self.serverTime = serverTime
    self.tariffVersion = tariffVersion
    self.denyListVersion = denyListVersion
  }
}

/// What a device is told.
package enum IntakeOutcome: Sendable {
  /// The batch is durable.
  case answer(TapBatchAnswer)
  /// Nothing of the batch was stored by this post.
  case refusal(IntakeRefusal)
}

/// Takes in signed batches of taps: answers once they are durable, each tap once.
package final class IntakeService: Sendable {
  private let gate: DeviceGate
  private let committer: GroupCommitter<IncomingBatch, BatchVerdict>
  private let facts: @Sendable () -> AnswerFacts
  private let meters = TapMeters()
  private let log: Logger

  /// Makes the service; several of them may share one database.
  package init(
    store: Store, gate: DeviceGate, tokenKey: TokenKey,
    queue: CommitLimits = CommitLimits(), admission: AdmissionLimits = AdmissionLimits(),
    log: Logger, facts: @escaping @Sendable () -> AnswerFacts
  ) {
    self.gate = gate
    self.facts = facts
    self.log = log
    let journal = TapJournal(tokenKey: tokenKey, limits: admission)
    let timer = CommitMeter(kind: "taps")
    committer = GroupCommitter(
      limits: queue, bytesCount: { $0.body.count },
      commit: { group in
        try await timer.measure(itemsCount: group.count) {
          try await store.write { session in try await journal.store(group, in: session) }
        }
      })
  }

  /// Takes in one signed body; never throws, and returns when the batch is durable or refused.
  package func accept(
    body: [UInt8], deviceHeader: String?, signatureHeader: String?, receivedAt: Instant
  ) async -> IntakeOutcome {
    do throws(IntakeRefusal) {
      let batch = try await read(
        body, deviceHeader: deviceHeader, signatureHeader: signatureHeader, at: receivedAt)
      let outcome = try await store(batch)
      meters.count(outcome)
      report(outcome, of: batch)
      let facts = facts()
      return .answer(
        outcome.answer(
          serverTime: facts.serverTime, tariffVersion: facts.tariffVersion,
          denyListVersion: facts.denyListVersion))
    } catch {
      meters.count(error)
      return .refusal(error)
    }
  }

  private func read(
    _ body: [UInt8], deviceHeader: String?, signatureHeader: String?, at moment: Instant
  ) async throws(IntakeRefusal) -> IncomingBatch {
    guard body.count <= TapLimits.bodyBytesMax else {
      throw .bodyTooLarge(bytesMax: TapLimits.bodyBytesMax)
    }
    let admitted = try await gate.admit(
      body, deviceHeader: deviceHeader, signatureHeader: signatureHeader, at: moment)
    let batch: TapBatch
    do {
      batch = try TapBatchJSON.decode(body)
    } catch {
      throw IntakeRefusal(error)
    }
    guard batch.device == admitted.device.id else { throw .otherDevice() }
    guard admitted.key.signs(epoch: batch.epoch) else { throw DeviceGate.otherEpoch(admitted.key) }
    return IncomingBatch(
      batch: batch, body: body, signature: admitted.signature,
      publicKey: admitted.publicKey, bodyDigest: SHA256Digest.hash(body), receivedAt: moment)
  }

  private func store(_ batch: IncomingBatch) async throws(IntakeRefusal) -> AdmissionOutcome {
    switch await committer.submit(batch) {
    case .answered(.decided(let outcome)): return outcome
    case .answered(.mayNotPost):
      try await gate.changedMeanwhile(batch.batch.device, at: batch.receivedAt)
    case .answered(.tooManyGaps):
      throw IntakeRefusal(
        .impossible, code: "too_many_gaps", pointer: "/taps",
        message: "the numbers of this epoch have more than \(TapJournal.registerRangesMax) gaps; "
          + "send what is missing, or begin a new epoch")
    case .full: throw .queueFull
    case .unavailable: throw .databaseAway
    case .failed(let error):
      log.error(
        "a batch could not be stored",
        metadata: ["device": "\(batch.batch.device)", "error": "\(error)"])
      throw .couldNotStore
    }
  }

  private func report(_ outcome: AdmissionOutcome, of batch: IncomingBatch) {
    guard !outcome.conflicts.isEmpty || !outcome.rejected.isEmpty else { return }
    log.notice(
      "a batch holds taps that cannot be right",
      metadata: [
        "device": "\(batch.batch.device)", "epoch": "\(batch.batch.epoch)",
        "conflicts": "\(outcome.conflicts.count)", "quarantined": "\(outcome.rejected.count)",
      ])
  }
}

extension IntakeRefusal {
  /// The refusal that a fault of a body deserves.
  init(_ fault: TapBatchFault) {
    let kind: Kind =
      switch fault.kind {
      case .malformed: .malformed
      case .impossible: .impossible
      case .tooLarge: .tooLarge
      }
    self.init(kind, code: fault.code, pointer: fault.pointer, message: fault.message)
  }
}
