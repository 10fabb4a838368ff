import Postgres

extension PostgresPool {
  /// Runs a body, and again on another connection when a fault of the plan has cut the one it got.
  ///
  /// For what the simulation itself asks: a connection that was just killed may be lent once more before
  /// the pool hears of it.
  func patiently<Result: Sendable>(
    _ body: @Sendable (PostgresConnection) async throws -> Result
  ) async throws -> Result {
    // No more connections than these are open at once.
    for _ in 0..<6 {
      do {
        return try await session(body)
      } catch let error as PostgresError where error.kind == .connection {}
    }
    return try await session(body)
  }
}
