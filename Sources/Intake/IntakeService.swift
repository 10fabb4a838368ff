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

/// A batch of taps as it was posted.
package struct TapPost: Sendable {
  package var body: [UInt8]
  package var format: BatchFormat
  package var device: String?
  package var signature: String?
  /// The session it came in; nil when it has a signature of its own.
  package var session: SessionHeaders?
  package var receivedAt: Instant

  /// Makes a post.
  package init(
    body: [UInt8], format: BatchFormat = .json, device: String?, signature: String?,
    session: SessionHeaders? = nil, receivedAt: Instant
  ) {
    self.body = body
    self.format = format
    self.device = device
    self.signature = signature
    self.session = session
    self.receivedAt = receivedAt
  }

  /// Whether proving and reading it takes so little time that an event loop may do it.
  var isCheap: Bool {
    session != nil && session?.checkpoint == nil && !format.isGzipped && body.count <= 16 << 10
  }

  /// Under whose name its proof waits; a session's own, which others who write its device's name do
  /// not know.
  var turnName: String { session.map { "session \($0.session)" } ?? device ?? "" }
}

/// What a device is told, and the session in whose name.
package struct IntakeReply: Sendable {
  package let outcome: IntakeOutcome
  /// Whether a device had proven itself, whatever became of its batch.
  package let isProven: Bool
  private let session: (keys: SessionKeys, id: SessionID, count: Int64)?

  init(_ outcome: IntakeOutcome, isProven: Bool, in session: ProvenSession? = nil) {
    self.outcome = outcome
    self.isProven = isProven
    self.session = session.map { ($0.live.keys, $0.headers.session, $0.headers.count) }
  }

  /// The code that proves an answer to the device; nil outside of sessions.
  package func code(status: Int, body: [UInt8]) -> [UInt8]? {
    session.map {
      $0.keys.answerCode(session: $0.id, count: $0.count, status: status, body: body)
    }
  }
}

/// Takes in batches of taps whose sender is proven: answers once they are durable, each tap once.
package final class IntakeService: Sendable {
  let gate: DeviceGate
  let sessions: SessionDesk?
  let log: Logger
  private let committer: GroupCommitter<IncomingBatch, BatchVerdict>
  let shares: DeviceShares
  private let admission: AdmissionLimits
  private let facts: @Sendable () -> AnswerFacts
  private let meters = TapMeters()

  /// Makes the service; several of them may share one database.
  package init(
    store: Store, gate: DeviceGate, tokenKey: TokenKey, sessions: SessionDesk? = nil,
    queue: CommitLimits = CommitLimits(), admission: AdmissionLimits = AdmissionLimits(),
    log: Logger, facts: @escaping @Sendable () -> AnswerFacts
  ) {
    self.gate = gate
    self.sessions = sessions
    self.admission = admission
    self.facts = facts
    self.log = log
    shares = DeviceShares(countMax: queue.perDeviceMax)
    let writer = JournalWriter(
      store: store, journal: TapJournal(tokenKey: tokenKey, limits: admission))
    let timer = CommitMeter(kind: "taps")
    committer = GroupCommitter(
      limits: queue, executor: store.executor, bytesCount: { $0.body.count },
      commit: { group in
        try await timer.measure(itemsCount: group.count) { try await writer.commit(group) }
      })
  }

  /// Number of batches that wait to be stored or are being stored now.
  package var heldCount: Int { committer.heldCount }

  /// Takes in one signed body; never throws, and returns when the batch is durable or refused.
  package func accept(
    body: [UInt8], deviceHeader: String?, signatureHeader: String?, receivedAt: Instant
  ) async -> IntakeOutcome {
    await accept(
      TapPost(
        body: body, device: deviceHeader, signature: signatureHeader, receivedAt: receivedAt)
    ).outcome
  }

  /// Takes in one post; never throws, and returns when the batch is durable or refused.
  package func accept(_ post: TapPost) async -> IntakeReply {
    await withCheckedContinuation { continuation in
      accept(post) { continuation.resume(returning: $0) }
    }
  }

  /// Takes in one post; calls back when the batch is durable or refused.
  ///
  /// What is cheap is proven and read before this returns, on the calling thread, which may be an event
  /// loop's; all else in its turn on other threads. The call back must not block.
  package func accept(_ post: TapPost, _ answered: @escaping @Sendable (IntakeReply) -> Void) {
    if post.isCheap { return acceptKnown(post, answered) }
    switch memory(of: post) {
    case .nothing: Task { await acceptUnknown(post, answered) }
    // A name that is nobody's is refused without a turn.
    case .nobody: acceptKnown(post, answered)
    case .device:
      gate.proofs.prove(post.turnName) {
        self.refuse(.tooMuchToProve, answered)
      } _: {
        self.acceptKnown(post, answered)
      }
    }
  }

  private func acceptKnown(
    _ post: TapPost, _ answered: @escaping @Sendable (IntakeReply) -> Void
  ) {
    do throws(IntakeRefusal) {
      if let sender = try known(post) {
        submit(post, sender, answered)
      } else {
        Task { await acceptUnknown(post, answered) }
      }
    } catch {
      refuse(error, answered)
    }
  }

  private func acceptUnknown(
    _ post: TapPost, _ answered: @escaping @Sendable (IntakeReply) -> Void
  ) async {
    do throws(IntakeRefusal) {
      let sender = try await gate.proofs.lookUp(post.turnName) { () async throws(IntakeRefusal) in
        try await found(post)
      }
      submit(post, sender, answered)
    } catch {
      refuse(error, answered)
    }
  }

  private func refuse(
    _ refusal: IntakeRefusal, isProven: Bool = false, _ answered: @Sendable (IntakeReply) -> Void
  ) {
    meters.count(refusal)
    answered(IntakeReply(.refusal(refusal), isProven: isProven))
  }

  private func submit(
    _ post: TapPost, _ sender: ProvenSender, _ answered: @escaping @Sendable (IntakeReply) -> Void
  ) {
    let batch: IncomingBatch
    do throws(IntakeRefusal) {
      batch = try read(post, sender)
    } catch {
      return refuse(error, isProven: true, answered)
    }
    guard shares.enter(sender.device) else {
      return refuse(.tooManyOfDevice, isProven: true, answered)
    }
    committer.submit(batch) { [self] outcome in
      shares.leave(sender.device)
      switch outcome {
      case .answered(.decided(let decided)): answered(answer(decided, batch, sender))
      case .answered(let verdict):
        // What it showed may hold no longer.
        let isProven = if case .mayNotPost = verdict { false } else { true }
        Task { refuse(await refusal(verdict, batch, sender), isProven: isProven, answered) }
      case .full: refuse(.queueFull, isProven: true, answered)
      case .unavailable: refuse(.databaseAway, isProven: true, answered)
      case .failed(let error):
        log.error(
          "a batch could not be stored",
          metadata: ["device": "\(sender.device)", "error": "\(error)"])
        refuse(.couldNotStore, isProven: true, answered)
      }
    }
  }

  private func read(
    _ post: TapPost, _ sender: ProvenSender
  ) throws(IntakeRefusal) -> IncomingBatch {
    let outline: TapBatchOutline
    do {
      outline = try TapBatchWire.outline(post.body, post.format)
    } catch {
      throw IntakeRefusal(error)
    }
    guard outline.device == sender.device else { throw .otherDevice() }
    guard sender.key.signs(epoch: outline.epoch) else { throw DeviceGate.otherEpoch(sender.key) }
    if let session = sender.session, !session.live.isOf(epoch: outline.epoch) {
      throw IntakeRefusal(
        SessionFault(
          .otherEpoch,
          "the requests of this session are of another epoch; open another session for epoch "
            + "\(outline.epoch)"))
    }
    return IncomingBatch(
      outline: outline, post: post, sender: sender,
      bodyDigest: sender.session?.chain.lastDigest ?? SHA256Digest.hash(post.body),
      plainSeqs: outline.plainSeqs(receivedAt: post.receivedAt, limits: admission))
  }

  private func answer(
    _ outcome: AdmissionOutcome, _ batch: IncomingBatch, _ sender: ProvenSender
  ) -> IntakeReply {
    if let session = sender.session { session.live.keep(session.chain, epoch: batch.outline.epoch) }
    meters.count(outcome)
    report(outcome, of: batch)
    let facts = facts()
    return IntakeReply(
      .answer(
        outcome.answer(
          serverTime: facts.serverTime, tariffVersion: facts.tariffVersion,
          denyListVersion: facts.denyListVersion)), isProven: true, in: sender.session)
  }

  private func refusal(
    _ verdict: BatchVerdict, _ batch: IncomingBatch, _ sender: ProvenSender
  ) async -> IntakeRefusal {
    switch verdict {
    case .tooManyGaps, .tooManyEpochs: sender.session?.live.giveBack(epoch: batch.outline.epoch)
    case .decided, .sessionMoved, .mayNotPost: break
    }
    switch verdict {
    case .decided, .tooManyGaps:
      return IntakeRefusal(
        .impossible, code: "too_many_gaps", pointer: "/taps",
        message: "the numbers of this epoch have more gaps than one may have, which is "
          + "\(TapJournal.registerRangesMax), fewer for a device of many epochs; send what is missing, or "
          + "begin a new epoch")
    case .tooManyEpochs:
      return IntakeRefusal(
        .impossible, code: "too_many_epochs", pointer: "/epoch",
        message:
          "the device began as many epochs as one may, \(DeviceQueries.epochsMax) for each hardware; "
          + "go on in the newest one, and let a person replace the hardware or enrol it anew")
    case .sessionMoved:
      if let session = sender.session { _ = try? await sessions?.load(session.headers.session) }
      return IntakeRefusal(
        SessionFault(
          .countBehind, "the session went on meanwhile; send what is not acknowledged next"))
    case .mayNotPost:
      do throws(IntakeRefusal) {
        try await gate.changedMeanwhile(batch.outline.device, at: batch.receivedAt)
      } catch {
        return error
      }
    }
  }

  private func report(_ outcome: AdmissionOutcome, of batch: IncomingBatch) {
    guard !outcome.conflicts.isEmpty || !outcome.rejected.isEmpty else { return }
    log.notice(
      "a batch holds taps that cannot be right",
      metadata: [
        "device": "\(batch.outline.device)", "epoch": "\(batch.outline.epoch)",
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
