import CLibPQ
import EventLoop

// COPY … FROM STDIN in binary.

extension PostgresLink {
  /// Bytes given to libpq between two looks at the socket; its own buffer grows no further.
  static let copyPieceBytes = 65_536

  /// What the server is told of rows that nobody brings any more.
  private static let givenUp = "the sender gave up"

  /// Copies chunk after chunk until there is no more; the number of rows the server took.
  func copy(
    _ sql: String, columnCount: Int, lease: Int,
    chunks: @Sendable (inout CopyRows) async throws -> Bool
  ) async throws -> Int {
    _ = try await perform(.copy(sql), lease: lease)
    guard let command = inFlight.first, command.isCopying else {
      // The link may have ended between the server's word and this caller's turn.
      if let closeReason { throw closeReason }
      throw PostgresError(kind: .usage, message: "not a COPY … FROM STDIN: \(sql.prefix(80))")
    }
    return try await withTaskCancellationHandler {
      do {
        try requireColumns(columnCount, of: command)
        try await put(CopyRows.header, of: command)
        var rows = CopyRows(columnCount: columnCount)
        var isMore = true
        while isMore {
          rows.removeAll()
          isMore = try await chunks(&rows)
          try await put(rows.bytes, of: command)
        }
        try await put(CopyRows.trailer, of: command)
      } catch {
        // What the server said outweighs the fault that its end caused here.
        let reason = command.error ?? error
        await abandonCopy(command)
        throw reason
      }
      return try await endCopy(command).first?.affectedCount ?? 0
    } onCancel: { [id = command.id] in
      loop.call { self.assumeIsolated { $0.cancel(id) } }
    }
  }

  /// The server is ready for rows, or for none: a script cannot bring any.
  func takeCopyStart(_ result: OpaquePointer, for command: LinkCommand) -> Bool {
    let isBinary = PQbinaryTuples(result) == 1
    let columnCount = Int(PQnfields(result))
    PQclear(result)
    switch command.work {
    case .copy where command.isAbandoned:
      // Who was to bring the rows went away before the server asked for them, and it does not look at a request
      // to cancel while it waits for them.
      return endCopyNobodyBrings(Self.givenUp)
    case .copy:
      command.copyFormat = (isBinary, columnCount)
      command.isCopying = true
      command.resume(.success([]))
      return false
    case .script:
      return endCopyNobodyBrings("COPY in a script has no rows")
    case .pipeline:
      close(PostgresError(kind: .usage, message: "COPY is sent with copyIn"))
      return false
    }
  }

  /// Tells the server why no rows come; whether its answer is still to come.
  private func endCopyNobodyBrings(_ reason: String) -> Bool {
    // Else libpq would stay at the beginning of the rows, and say so again and again.
    guard PQputCopyEnd(handle, reason) >= 0 else {
      close(lostError())
      return false
    }
    flush()
    return true
  }

  private func requireColumns(_ count: Int, of command: LinkCommand) throws(PostgresError) {
    guard command.copyFormat.isBinary else {
      throw PostgresError(kind: .usage, message: "copyIn needs COPY … WITH (FORMAT binary)")
    }
    let expected = command.copyFormat.columnCount
    guard expected == count else {
      throw PostgresError(
        kind: .usage, message: "COPY of \(expected) columns got rows of \(count)")
    }
  }

  /// Gives bytes to the server piece by piece, no faster than it takes them.
  private func put(_ bytes: [UInt8], of command: LinkCommand) async throws {
    var start = 0
    while start < bytes.count {
      if command.isAbandoned { throw CancellationError() }
      guard !command.isFinished, handle != nil else { throw command.error ?? lostError() }
      let count = min(PostgresLink.copyPieceBytes, bytes.count - start)
      let result = bytes.withUnsafeBytes { raw in
        PQputCopyData(
          handle, raw.baseAddress?.advanced(by: start).assumingMemoryBound(to: CChar.self),
          Int32(count))
      }
      switch result {
      case 1: start += count
      case 0: break
      default: close(lostError())
      }
      await waitForFlush()
      command.startedAt = loop.nowMilliseconds
    }
  }

  private func waitForFlush() async {
    await withCheckedContinuation { continuation in
      flushWaiter = continuation
      if handle == nil {
        flushWaiter = nil
        continuation.resume()
      } else {
        flush()
      }
    }
  }

  /// Ends the rows well and waits for the server's verdict.
  private func endCopy(_ command: LinkCommand) async throws -> [PostgresRows] {
    guard !command.isFinished, handle != nil else { throw command.error ?? lostError() }
    return try await awaitEnd(of: command, failure: nil)
  }

  /// Tells the server to forget the rows, and waits until it has.
  private func abandonCopy(_ command: LinkCommand) async {
    guard !command.isFinished, handle != nil else { return }
    _ = try? await awaitEnd(of: command, failure: Self.givenUp)
  }

  private func awaitEnd(
    of command: LinkCommand, failure: String?
  ) async throws -> [PostgresRows] {
    try await withCheckedThrowingContinuation { continuation in
      command.continuation = continuation
      command.isCopying = false
      guard PQputCopyEnd(handle, failure) >= 0 else {
        close(lostError())
        return
      }
      flush()
      takeAnswers()
    }
  }
}
