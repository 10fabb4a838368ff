import CLibPQ
import EventLoop

// Who uses the connection, and in which transaction.

extension PostgresLink {
  /// Begins a lease; what is called with an older number is refused.
  func beginLease(_ begin: String?) -> Int {
    lease += 1
    isLeased = true
    pendingBegin = begin
    transactionError = nil
    beginError = nil
    return lease
  }

  func check(_ lease: Int) throws(PostgresError) {
    if let closeReason { throw closeReason }
    guard isLeased, lease == self.lease else {
      throw PostgresError(kind: .closed, message: "the connection was used after its lease")
    }
    if let beginError { throw beginError }
  }

  /// Commits what the lease did; nothing when it did nothing.
  func commit() async throws {
    await drain()
    if let closeReason { throw closeReason }
    guard pendingBegin == nil else { return }
    // The server answers COMMIT of a failed transaction with a ROLLBACK and no error.
    if let beginError { throw beginError }
    if PQtransactionStatus(handle) == PQTRANS_INERROR, let transactionError {
      throw transactionError
    }
    do {
      let rows = try await performToEnd("COMMIT")
      guard rows.last?.commandTag == "COMMIT" else {
        throw PostgresError(
          kind: .server, message: "the transaction was rolled back instead of committed",
          sqlState: "25P02")
      }
    } catch {
      guard var fault = error as? PostgresError, closeReason != nil else { throw error }
      fault.isOutcomeUnknown = true
      throw fault
    }
  }

  /// Takes back what the lease did, as far as the connection is still there.
  func rollBack() async {
    await drain()
    guard closeReason == nil, pendingBegin == nil else { return }
    if PQtransactionStatus(handle) != PQTRANS_IDLE { _ = try? await performToEnd("ROLLBACK") }
  }

  /// Ends a lease and makes the connection as good as new; false when it cannot be used again.
  func endLease() async -> Bool {
    isLeased = false
    pendingBegin = nil
    await drain()
    statementMilliseconds = Int64(configuration.statementMillisecondsMax)
    guard closeReason == nil else { return false }
    do {
      if PQtransactionStatus(handle) != PQTRANS_IDLE { _ = try await performToEnd("ROLLBACK") }
      if isDirty {
        isDirty = false
        _ = try await performToEnd("RESET ALL")
        _ = try await performToEnd("UNLISTEN *")
        _ = try await performToEnd("SELECT pg_advisory_unlock_all()")
        isDirty = false
      }
    } catch {
      return false
    }
    return closeReason == nil && PQtransactionStatus(handle) == PQTRANS_IDLE
  }

  /// Another limit for the statements of this lease, here and on the server; nil is none.
  func limitStatements(milliseconds: Int?, lease: Int) async throws {
    try check(lease)
    let isInTransaction = pendingBegin != nil || PQtransactionStatus(handle) != PQTRANS_IDLE
    let set = isInTransaction ? "SET LOCAL" : "SET"
    let sql = "\(set) statement_timeout = \(max(0, milliseconds ?? 0))"
    _ = try await run([PostgresStatement(sql)], lease: lease)
    statementMilliseconds = Int64(max(0, milliseconds ?? 0))
  }

  /// Waits until nothing is asked of the connection; the limits of statements bound the wait.
  private func drain() async {
    while closeReason == nil, !(inFlight.isEmpty && waiting.isEmpty) {
      await withCheckedContinuation { drainWaiters.append($0) }
    }
  }
}
