import EventLoop

/// The connections of a pool: does what `PoolState` says, on the loop.
actor PoolCore {
  nonisolated let loop: EventLoop
  nonisolated let configuration: PostgresConfiguration
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  private typealias Waiter = CheckedContinuation<Lent, any Error>

  /// A connection given to somebody.
  struct Lent: Sendable {
    let id: Int
    let link: PostgresLink
    var lease = 0
  }

  private var state: PoolState
  private var links: [Int: PostgresLink] = [:]
  private var waiters: [Int: Waiter] = [:]
  private var nextWaiter = 1
  private var timer: LoopTimer?
  private var closeWaiters: [CheckedContinuation<Void, Never>] = []
  private var isFinished = false
  private var probe: Task<Bool, Never>?

  init(configuration: PostgresConfiguration, loop: EventLoop) {
    self.configuration = configuration
    self.loop = loop
    state = PoolState(
      limits: PoolState.Limits(
        connectionsMax: max(1, configuration.connectionsMax),
        waitersMax: max(1, configuration.waitersMax),
        acquireMilliseconds: Int64(configuration.acquireSecondsMax * 1_000)))
  }

  // What belongs together is done in one visit to the loop: each costs a change of threads.

  /// Lends a connection, within the wait limit, for a transaction or without one.
  func begin(_ begin: String?) async throws -> Lent {
    var lent = try await acquire()
    lent.lease = await lent.link.beginLease(begin)
    return lent
  }

  /// Commits what was done with a connection, and takes it back whatever comes of it.
  func commit(_ lent: Lent) async throws {
    do {
      try await lent.link.commit()
    } catch {
      await rollBack(lent)
      throw error
    }
    await end(lent)
  }

  /// Takes back what was done with a connection, and the connection.
  func rollBack(_ lent: Lent) async {
    await lent.link.rollBack()
    await end(lent)
  }

  /// Takes a connection back.
  func end(_ lent: Lent) async {
    let isReusable = await lent.link.endLease()
    apply(state.released(lent.id, isReusable: isReusable, now: loop.nowMilliseconds))
  }

  private func acquire() async throws -> Lent {
    try Task.checkCancellation()
    let id = nextWaiter
    nextWaiter += 1
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        waiters[id] = continuation
        apply(state.acquire(id, now: loop.nowMilliseconds))
      }
    } onCancel: {
      loop.call { self.assumeIsolated { $0.giveUp(id) } }
    }
  }

  /// How many wait for a connection.
  var waitersCount: Int { waiters.count }

  private func giveUp(_ id: Int) {
    guard state.giveUp(id) else { return }
    waiters.removeValue(forKey: id)?.resume(throwing: CancellationError())
    setTimer()
  }

  /// Whether the server answers a new connection; those who ask at the same time share an answer.
  func isReachable() async -> Bool {
    if state.isClosed { return false }
    if let probe { return await probe.value }
    let link = PostgresLink(configuration: configuration, loop: loop)
    let task = Task {
      do {
        try await link.open()
        let lease = await link.beginLease(nil)
        _ = try await link.run([PostgresStatement("SELECT 1")], lease: lease)
        await link.close(PostgresError(kind: .closed, message: "the question is answered"))
        return true
      } catch {
        return false
      }
    }
    probe = task
    defer { probe = nil }
    return await task.value
  }

  /// Refuses new leases and waits until those given out are back; past a limit they are cut off.
  func close(afterMilliseconds milliseconds: Int64) async {
    apply(state.close())
    let cutter = Task {
      try await Task.sleep(for: .milliseconds(milliseconds))
      await self.cutOff()
    }
    await withCheckedContinuation { continuation in
      if isFinished { continuation.resume() } else { closeWaiters.append(continuation) }
    }
    cutter.cancel()
    timer?.close()
    timer = nil
  }

  private func cutOff() async {
    for link in links.values {
      await link.close(PostgresError(kind: .closed, message: "the pool is closed"))
    }
  }

  // MARK: What the state says

  private func apply(_ actions: [PoolState.Action]) {
    for action in actions {
      switch action {
      case .open(let id): open(id)
      case .close(let id): close(id)
      case .lease(let waiter, let id):
        guard let link = links[id], let waiter = waiters.removeValue(forKey: waiter) else {
          preconditionFailure("the pool lends what it does not have")
        }
        waiter.resume(returning: Lent(id: id, link: link))
      case .refuse(let waiter, let refusal):
        waiters.removeValue(forKey: waiter)?.resume(throwing: error(refusal))
      case .finished: finish()
      }
    }
    setTimer()
  }

  private func open(_ id: Int) {
    let link = PostgresLink(
      configuration: configuration, loop: loop,
      onClosed: { _ in self.loop.call { self.assumeIsolated { $0.lost(id) } } })
    links[id] = link
    Task {
      do {
        try await link.open()
        // The server may have ended it again before this task went on.
        guard self.links[id] != nil else { throw PoolCore.lostAtOnce }
        self.apply(self.state.opened(id, now: self.loop.nowMilliseconds))
      } catch {
        let fault =
          error as? PostgresError ?? PostgresError(kind: .connection, message: "\(error)")
        self.links[id] = nil
        self.apply(
          self.state.openFailed(
            id, fault, isFinal: fault.isFinalForConnecting, now: self.loop.nowMilliseconds))
      }
    }
  }

  private static let lostAtOnce = PostgresError(
    kind: .connection, message: "the server ended the connection as soon as it was made")

  private func close(_ id: Int) {
    guard let link = links.removeValue(forKey: id) else { return }
    Task { await link.close(PostgresError(kind: .closed, message: "the pool is closed")) }
  }

  private func lost(_ id: Int) {
    links[id] = nil
    apply(state.lost(id, now: loop.nowMilliseconds))
  }

  private func finish() {
    isFinished = true
    for waiter in closeWaiters { waiter.resume() }
    closeWaiters = []
  }

  private func error(_ refusal: PoolState.Refusal) -> PostgresError {
    let seconds = configuration.acquireSecondsMax
    switch refusal {
    case .exhausted:
      return PostgresError(
        kind: .poolExhausted,
        message: "all \(configuration.connectionsMax) connections were busy for \(seconds) s")
    case .tooManyWaiters:
      return PostgresError(
        kind: .poolExhausted,
        message: "\(configuration.waitersMax) callers wait for a connection already")
    case .unreachable(var error):
      error.isFromPool = true
      return error
    case .unanswered:
      var error = PostgresError(
        kind: .connection,
        message: "no connection to \(configuration.place): no answer within \(seconds) s")
      error.isFromPool = true
      return error
    case .closed: return PostgresError(kind: .closed, message: "the pool is closed")
    }
  }

  // MARK: Time

  private func setTimer() {
    guard let wake = state.nextWake else {
      timer?.stop()
      return
    }
    if timer == nil {
      timer = LoopTimer(loop: loop) { event in self.assumeIsolated { $0.timerCalled(event) } }
    }
    guard let timer else {
      // Nobody would be told when a wait is over: the loop ends, and with it the pool.
      apply(state.close())
      return
    }
    timer.start(afterMilliseconds: max(1, wake - loop.nowMilliseconds))
  }

  private func timerCalled(_ event: LoopTimer.Event) {
    switch event {
    case .fired: apply(state.timePassed(now: loop.nowMilliseconds))
    case .loopEnded: apply(state.close())
    }
  }
}
