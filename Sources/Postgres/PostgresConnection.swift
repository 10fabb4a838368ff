/// A connection lent to the body of a transaction or session, and to nobody else until it ends.
///
/// Statements of several tasks are sent one after the other without waiting for each other's
/// answers. Cancelling a task cancels its statement on the server. A caller whose task prefers the
/// loop's executor meets no change of threads on the way.
package final class PostgresConnection: Sendable {
  private let link: PostgresLink
  private let lease: Int

  init(link: PostgresLink, lease: Int) {
    self.link = link
    self.lease = lease
  }

  /// Runs one statement and gives its rows.
  @discardableResult
  package nonisolated(nonsending) func query(
    _ sql: String, _ parameters: [PostgresValue] = []
  ) async throws -> PostgresRows {
    try await link.run(PostgresStatement(sql, parameters), lease: lease)
  }

  /// Runs one statement; the number of rows it changed.
  @discardableResult
  package nonisolated(nonsending) func execute(
    _ sql: String, _ parameters: [PostgresValue] = []
  ) async throws -> Int {
    try await query(sql, parameters).affectedCount
  }

  /// Runs statements in one round trip; their rows in the same order.
  ///
  /// After a fault nothing that follows is run. In a session, outside of a transaction, they are a
  /// transaction of their own: all or none.
  @discardableResult
  package nonisolated(nonsending) func pipeline(
    _ statements: [PostgresStatement]
  ) async throws -> [PostgresRows] {
    statements.isEmpty ? [] : try await link.run(statements, lease: lease)
  }

  /// Runs `COPY … FROM STDIN WITH (FORMAT binary)`; the number of rows it took.
  @discardableResult
  package func copyIn(_ sql: String, _ rows: CopyRows) async throws -> Int {
    try await copyIn(sql, columnCount: rows.columnCount) { chunk in
      chunk = rows
      return false
    }
  }

  /// COPY of any length in bounded memory.
  ///
  /// The closure fills an empty chunk, and says false when it was the last. An error it throws
  /// takes the whole COPY back.
  @discardableResult
  package func copyIn(
    _ sql: String, columnCount: Int, chunks: @Sendable (inout CopyRows) async throws -> Bool
  ) async throws -> Int {
    try await link.copy(sql, columnCount: columnCount, lease: lease, chunks: chunks)
  }

  /// Runs statements without parameters, separated by semicolons.
  package func script(_ sql: String) async throws {
    _ = try await link.perform(.script(sql), lease: lease)
  }

  /// Another time limit for each statement that follows in this lease; nil is none.
  package func limitStatements(milliseconds: Int?) async throws {
    try await link.limitStatements(milliseconds: milliseconds, lease: lease)
  }
}
