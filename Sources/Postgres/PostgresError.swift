/// Why the database did not do what was asked.
package struct PostgresError: Error, Sendable, Equatable {
  /// Where a failure arose, and so what a caller can do about it.
  package enum Kind: Sendable, Equatable {
    /// The server refused a statement; see `sqlState`.
    case server
    /// There is no connection, or it was lost on the way.
    case connection
    /// A time limit passed, on the server or here.
    case timeout
    /// All connections of the pool were busy for longer than the wait limit.
    case poolExhausted
    /// A value is of another type than the one asked for.
    case decoding
    /// The pool is closed, or a connection was used after its lease.
    case closed
    /// The call itself is wrong: too many parameters, a COPY that is none.
    case usage
  }

  package var kind: Kind
  /// What happened, for people.
  package var message: String
  /// The five characters of the SQL standard; nil when the server said nothing.
  package var sqlState: String?
  package var detail: String?
  package var hint: String?
  /// The violated constraint, when one was.
  package var constraint: String?
  /// The table the server names, when it does.
  package var table: String?
  /// The connection was lost during COMMIT: the transaction may have happened, or not.
  package var isOutcomeUnknown = false
  /// Nobody got a connection within the wait limit.
  var isFromPool = false

  /// Makes an error without words from the server.
  package init(
    kind: Kind, message: String, sqlState: String? = nil, detail: String? = nil,
    hint: String? = nil, constraint: String? = nil, table: String? = nil
  ) {
    self.kind = kind
    self.message = message
    self.sqlState = sqlState
    self.detail = detail
    self.hint = hint
    self.constraint = constraint
    self.table = table
  }

  /// Whether the same transaction may well succeed when tried again.
  package var isRetryable: Bool {
    sqlState == PostgresError.serializationFailure || sqlState == PostgresError.deadlockDetected
      || isPartitionMoved
  }

  /// The partition for all other rows refused a row: one for it was made in the same moment.
  ///
  /// The server names the constraint of a table's rule, and none for that of a partition.
  package var isPartitionMoved: Bool {
    sqlState == PostgresError.checkViolation && constraint == nil && table != nil
  }

  /// A row with this key is already there.
  package var isUniqueViolation: Bool { sqlState == PostgresError.uniqueViolation }

  /// A prepared statement no longer fits its table, or the server has forgotten it.
  package var isStalePlan: Bool {
    sqlState == "26000" || sqlState == "0A000" && message.hasPrefix("cached plan")
  }

  package static let serializationFailure = "40001"
  package static let deadlockDetected = "40P01"
  package static let uniqueViolation = "23505"
  package static let checkViolation = "23514"
  package static let queryCanceled = "57014"
}

extension PostgresError: CustomStringConvertible {
  /// One line for people: what, the state of the standard, and the server's detail and hint.
  package var description: String {
    var text = message
    if let sqlState { text += " (SQLSTATE \(sqlState))" }
    if let detail { text += ": \(detail)" }
    if let hint { text += ". \(hint)" }
    if isOutcomeUnknown { text += "; lost during COMMIT, the transaction may have happened" }
    return text
  }
}
