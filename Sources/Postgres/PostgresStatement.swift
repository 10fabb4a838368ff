/// A statement with its parameters.
package struct PostgresStatement: Sendable, Equatable {
  /// One SQL statement with `$1`, `$2`, … for parameters.
  package var sql: String
  package var parameters: [PostgresValue]

  /// Makes a statement.
  package init(_ sql: String, _ parameters: [PostgresValue] = []) {
    self.sql = sql
    self.parameters = parameters
  }
}

/// How much of others' work a transaction may see.
package enum PostgresIsolation: String, Sendable {
  case readCommitted = "READ COMMITTED"
  case repeatableRead = "REPEATABLE READ"
  case serializable = "SERIALIZABLE"
}

/// A message of a channel.
package struct PostgresNotification: Sendable, Equatable {
  package let channel: String
  package let payload: String
  /// No message of the server: listening began just now, or again after a lost connection.
  ///
  /// What was sent before is not known. Look at the tables once.
  package let isResumption: Bool

  /// Makes a message.
  package init(channel: String, payload: String, isResumption: Bool = false) {
    self.channel = channel
    self.payload = payload
    self.isResumption = isResumption
  }
}
