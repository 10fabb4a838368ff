import CLibPQ
import EventLoop

/// A cancel request of libpq on its way to the thread that sends it, and to nobody else.
private struct CancelRequest: @unchecked Sendable {
  let request: OpaquePointer

  /// Sends the request and frees it; blocks until the server has passed it on.
  func send() {
    var message = [CChar](repeating: 0, count: 256)
    _ = PQcancel(request, &message, Int32(message.count))
    PQfreeCancel(request)
  }
}

// Cancelling statements, and giving up a server that does not answer.

extension PostgresLink {
  /// The caller of a command was cancelled: it is told at once, the server as soon as it is sure
  /// that the request hits nobody else's statement.
  func cancel(_ id: Int) {
    if let command = waiting.remove(id: id) {
      // A BEGIN that it was to bring is brought by whoever comes next.
      if let next = waiting.first, command.prefix != nil {
        next.prefix = command.prefix
      } else if command.prefix != nil {
        pendingBegin = command.prefix
      }
      command.isFinished = true
      command.resume(.failure(CancellationError()))
      resumeDrainWaiters()
      return
    }
    guard let command = inFlight.all.first(where: { $0.id == id }) else { return }
    command.isAbandoned = true
    // COPY looks at `isAbandoned` itself between its pieces, and ends in good order.
    if !command.isCopying { command.resume(.failure(CancellationError())) }
    cancelOnServer()
  }

  /// Asks the server to stop, when nobody waits for what it does now or will do next.
  ///
  /// Until the request is delivered nothing new is sent, so it cannot hit a later statement.
  private func cancelOnServer() {
    guard !isCancelling, !inFlight.isEmpty, inFlight.all.allSatisfy(\.isAbandoned),
      let pointer = PQgetCancel(handle)
    else { return }
    isCancelling = true
    cancelTarget = inFlight.first?.id
    cancelDeadline = loop.nowMilliseconds + configuration.cancelMilliseconds
    armTimer()
    let request = CancelRequest(request: pointer)
    Task {
      // libpq 15 can only send it blocking, and this thread is the loop's.
      let isSent: Void? = await onOwnThread { request.send() }
      if isSent == nil { PQfreeCancel(request.request) }
      self.cancelDelivered()
    }
  }

  private func cancelDelivered() {
    isCancelling = false
    guard closeReason == nil else { return }
    if inFlight.isEmpty { cancelDeadline = nil }
    // The request hits one statement; of several abandoned ones the next needs its own.
    if let head = inFlight.first, head.id != cancelTarget { cancelOnServer() }
    pump()
  }

  /// The first of those in flight is another one now, or there is none.
  func headChanged() {
    guard let head = inFlight.first else {
      if !isCancelling { cancelDeadline = nil }
      return
    }
    head.startedAt = loop.turnMilliseconds
    if !isTimerArmed { armTimer() }
    if head.isAbandoned { cancelOnServer() }
  }

  /// When the server must have answered, in milliseconds; nil when it may take any time.
  private var answerDeadline: Int64? {
    var deadlines = [cancelDeadline].compactMap { $0 }
    if let head = inFlight.first, statementMilliseconds > 0 {
      deadlines.append(head.startedAt + statementMilliseconds + configuration.graceMilliseconds)
    }
    return deadlines.min()
  }

  /// Sets the timer for the present deadline.
  ///
  /// It is not moved for every statement: when it fires
  /// early it is set again.
  func armTimer() {
    guard let deadline = answerDeadline else {
      isTimerArmed = false
      return
    }
    isTimerArmed = true
    timer?.start(afterMilliseconds: max(1, deadline - loop.nowMilliseconds))
  }

  func guardTimePassed() {
    isTimerArmed = false
    guard let deadline = answerDeadline else { return }
    guard deadline <= loop.nowMilliseconds else {
      armTimer()
      return
    }
    close(
      PostgresError(
        kind: .timeout,
        message: "the server at \(configuration.place) did not answer in time; "
          + "the connection was given up"))
  }
}
