import CLibPQ
import EventLoop

// Sending commands and taking their answers.

extension PostgresLink {
  /// Runs statements as one command and gives their results; cancelling the task cancels them.
  func run(_ statements: [PostgresStatement], lease: Int) async throws -> [PostgresRows] {
    var encoded: [EncodedStatement] = []
    encoded.reserveCapacity(statements.count)
    for statement in statements { encoded.append(try EncodedStatement(statement)) }
    return try await perform(.pipeline(encoded), lease: lease)
  }

  /// Runs one statement and gives its result; cancelling the task cancels it.
  func run(_ statement: PostgresStatement, lease: Int) async throws -> PostgresRows {
    try await perform(.pipeline([EncodedStatement(statement)]), lease: lease)[0]
  }

  /// Runs a command of a lease and waits for its answers, or for COPY to begin.
  func perform(_ work: LinkCommand.Work, lease: Int) async throws -> [PostgresRows] {
    try check(lease)
    try Task.checkCancellation()
    let command = makeCommand(work)
    return try await withTaskCancellationHandler {
      try await submit(command)
    } onCancel: { [id = command.id] in
      loop.call { self.assumeIsolated { $0.cancel(id) } }
    }
  }

  /// Runs a command to its end, whatever becomes of the task: COMMIT, ROLLBACK, cleaning up.
  func performToEnd(_ sql: String) async throws -> [PostgresRows] {
    try await submit(makeCommand(.pipeline([try EncodedStatement(PostgresStatement(sql))])))
  }

  func makeCommand(_ work: LinkCommand.Work) -> LinkCommand {
    defer {
      nextCommandID += 1
      pendingBegin = nil
    }
    return LinkCommand(id: nextCommandID, work: work, prefix: pendingBegin)
  }

  /// Sends a command as soon as may be, and waits.
  func submit(_ command: LinkCommand) async throws -> [PostgresRows] {
    if let closeReason { throw closeReason }
    return try await withCheckedThrowingContinuation { continuation in
      command.continuation = continuation
      waiting.append(command)
      pump()
    }
  }

  /// Sends what waits, as far as order allows.
  func pump() {
    // Taking answers may end here again.
    guard case .ready = phase, !isPumping else { return }
    isPumping = true
    defer { isPumping = false }
    while !isCancelling, let command = waiting.first, mayFollow(command) {
      waiting.popFirst()
      inFlight.append(command)
      if inFlight.count == 1 { headChanged() }
      guard send(command) else {
        close(lostError())
        return
      }
    }
    flush()
  }

  private func mayFollow(_ command: LinkCommand) -> Bool {
    guard command.isPipelined else { return inFlight.isEmpty }
    guard let head = inFlight.first else { return true }
    return head.isPipelined && inFlight.count < PostgresLink.inFlightMax
  }

  private func send(_ command: LinkCommand) -> Bool {
    switch command.work {
    case .pipeline(let encoded):
      guard setPipelineMode(true) else { return false }
      if let prefix = command.prefix {
        command.steps.append(.prefix)
        guard PQsendQueryParams(handle, prefix, 0, nil, nil, nil, nil, 1) == 1 else { return false }
      }
      for (index, statement) in encoded.enumerated() {
        guard send(statement, index, of: command) else { return false }
      }
      return PQpipelineSync(handle) == 1
    case .script(let sql), .copy(let sql):
      let text = command.prefix.map { "\($0); \(sql)" } ?? sql
      return setPipelineMode(false) && PQsendQuery(handle, text) == 1
    }
  }

  private func setPipelineMode(_ wanted: Bool) -> Bool {
    guard wanted != isPipelineMode else { return true }
    isPipelineMode = wanted
    return (wanted ? PQenterPipelineMode(handle) : PQexitPipelineMode(handle)) == 1
  }

  private func send(
    _ statement: EncodedStatement, _ index: Int, of command: LinkCommand
  ) -> Bool {
    let key = statement.key
    let use = statements.use(key, by: command.id)
    if case .prepare(let name) = use {
      command.steps.append(.prepare(index))
      let count = Int32(key.types.count)
      guard PQsendPrepare(handle, name, key.sql, count, key.types) == 1 else { return false }
    }
    command.steps.append(.query(index))
    return statement.withParameters { values, lengths, formats in
      let count = Int32(key.types.count)
      switch use {
      case .unnamed:
        return PQsendQueryParams(handle, key.sql, count, key.types, values, lengths, formats, 1)
      case .prepare(let name), .prepared(let name):
        return PQsendQueryPrepared(handle, name, count, values, lengths, formats, 1)
      }
    } == 1
  }

  /// Gives bytes to the socket, and asks to be called when it takes more.
  func flush() {
    guard handle != nil else { return }
    let result = PQflush(handle)
    if result < 0 {
      // What the server said before it went away may still be readable.
      _ = PQconsumeInput(handle)
      takeAnswers()
      close(lostError())
      return
    }
    watcher?.watch(result == 1 ? [.readable, .writable] : .readable)
    if result == 0, let waiter = flushWaiter {
      flushWaiter = nil
      waiter.resume()
    }
  }

  /// The socket is ready.
  func transfer(_ events: SocketEvents) {
    if events.contains(.writable) { flush() }
    guard events.contains(.readable), handle != nil else { return }
    let isAlive = PQconsumeInput(handle) == 1
    takeAnswers()
    guard handle != nil else { return }
    guard isAlive, PQstatus(handle) != CONNECTION_BAD else {
      close(lostError())
      return
    }
    takeNotifications()
    if !waiting.isEmpty { pump() }
  }

  private func takeNotifications() {
    while let notification = PQnotifies(handle) {
      onNotification(
        PostgresNotification(
          channel: String(cString: notification.pointee.relname),
          payload: String(cString: notification.pointee.extra)))
      PQfreemem(notification)
    }
  }

  /// Takes every answer that is complete; never waits for one.
  func takeAnswers() {
    while let command = inFlight.first, !command.isCopying, handle != nil, PQisBusy(handle) == 0 {
      let result = PQgetResult(handle)
      guard take(result, for: command) else { return }
    }
    if handle != nil, inFlight.isEmpty {
      // Words outside of any answer are read too: why the server ends the connection.
      _ = PQisBusy(handle)
    }
  }

  /// Takes one answer; false when there is nothing more to take now.
  private func take(_ result: OpaquePointer?, for command: LinkCommand) -> Bool {
    guard let result else { return takeEnd(of: command) }
    switch PQresultStatus(result) {
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
      takeRows(result, for: command)
      return true
    case PGRES_PIPELINE_SYNC:
      PQclear(result)
      finish(command)
      return true
    case PGRES_PIPELINE_ABORTED:
      command.isAnswerSeen = true
    case PGRES_COPY_IN:
      return takeCopyStart(result, for: command)
    case PGRES_COPY_OUT, PGRES_COPY_BOTH:
      PQclear(result)
      close(PostgresError(kind: .usage, message: "COPY to the client is not possible here"))
      return false
    default:
      takeError(PostgresError(result: result), for: command)
    }
    PQclear(result)
    return true
  }

  private func takeRows(_ result: OpaquePointer, for command: LinkCommand) {
    command.isAnswerSeen = true
    if PQresultStatus(result) == PGRES_COMMAND_OK { noteSettings(result) }
    command.startedAt = loop.turnMilliseconds
    guard command.isPipelined else {
      command.results = [PostgresRows(storage: ResultStorage(result: result))]
      return
    }
    switch command.steps[command.stepIndex] {
    case .prefix: PQclear(result)
    case .prepare(let index):
      PQclear(result)
      statements.confirm(command.key(index))
    case .query:
      if command.isAbandoned {
        PQclear(result)
      } else {
        command.results.append(PostgresRows(storage: ResultStorage(result: result)))
      }
    }
  }

  /// SET and LISTEN outlive their statement: the session is put back before the next lease.
  private func noteSettings(_ result: OpaquePointer) {
    guard let tag = PQcmdStatus(result) else { return }
    // Tags are compared by their first letters, for this is done for every statement.
    let letters = (UInt8(bitPattern: tag[0]), UInt8(bitPattern: tag[1]))
    if letters == (UInt8(ascii: "S"), UInt8(ascii: "E")) && String(cString: tag) == "SET"
      || letters == (UInt8(ascii: "L"), UInt8(ascii: "I")) && String(cString: tag) == "LISTEN"
    {
      isDirty = true
    }
  }

  func takeError(_ error: PostgresError, for command: LinkCommand) {
    command.isAnswerSeen = true
    if command.error == nil { command.error = error }
    if transactionError == nil { transactionError = error }
    guard command.isPipelined else {
      if command.prefix != nil, PQtransactionStatus(handle) == PQTRANS_IDLE { beginError = error }
      return
    }
    guard command.steps.indices.contains(command.stepIndex) else { return }
    switch command.steps[command.stepIndex] {
    case .prefix: beginError = error
    case .prepare(let index): statements.forget(command.key(index))
    case .query(let index):
      // The statement is unknown to the server, or its table was changed since it was prepared.
      if error.sqlState == "26000" || error.sqlState == "0A000" {
        statements.forget(command.key(index))
      }
    }
  }

  /// The mark behind an answer: the next step begins, or a command outside the pipeline is over.
  private func takeEnd(of command: LinkCommand) -> Bool {
    guard command.isPipelined else {
      finish(command)
      return true
    }
    guard command.isAnswerSeen else { return false }
    command.isAnswerSeen = false
    command.stepIndex += 1
    return true
  }

  private func finish(_ command: LinkCommand) {
    inFlight.popFirst()
    command.isFinished = true
    if command.error != nil { forgetPending(of: command) }
    if let error = command.error {
      command.resume(.failure(error))
    } else {
      command.resume(.success(command.results))
    }
    headChanged()
    resumeDrainWaiters()
  }

  /// Statements behind a fault were never prepared.
  private func forgetPending(of command: LinkCommand) {
    for step in command.steps {
      if case .prepare(let index) = step { statements.forgetUnconfirmed(command.key(index)) }
    }
  }
}

extension EncodedStatement {
  /// Lends the parameters in the form libpq takes them.
  fileprivate func withParameters(
    _ body: (
      UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?
    ) -> Int32
  ) -> Int32 {
    guard !offsets.isEmpty else { return body(nil, nil, nil) }
    return bytes.withUnsafeBytes { raw in
      var values: [UnsafePointer<CChar>?] = []
      var lengths: [Int32] = []
      values.reserveCapacity(offsets.count)
      lengths.reserveCapacity(offsets.count)
      for offset in offsets {
        let length = raw.bigEndian(Int32.self, at: offset)
        lengths.append(max(0, length))
        let start = raw.baseAddress?.advanced(by: offset + 4)
        values.append(length < 0 ? nil : start?.assumingMemoryBound(to: CChar.self))
      }
      return body(values, lengths, [Int32](repeating: 1, count: offsets.count))
    }
  }
}
