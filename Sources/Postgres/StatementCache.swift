/// Which statements one connection has prepared, by their text and the types of their parameters.
///
/// A statement is prepared when it comes the second time, so that those made up for one use don't
/// fill the server's memory. Nothing is ever dropped: past the bound, statements are sent unnamed.
struct StatementCache {
  static let preparedMax = 512
  static let seenMax = 2_048

  struct Key: Hashable {
    let sql: String
    let types: [UInt32]
  }

  /// How to send a statement.
  enum Use: Equatable {
    case unnamed
    case prepare(name: String)
    case prepared(name: String)
  }

  private enum State {
    /// Sent by a command whose answer is not there yet.
    case pending(command: Int)
    case ready
  }

  private var prepared: [Key: (name: String, state: State)] = [:]
  private var seen: Set<Key> = []
  private var nextName = 1

  /// How a command sends a statement now.
  mutating func use(_ key: Key, by command: Int) -> Use {
    if let entry = prepared[key] {
      switch entry.state {
      case .ready: return .prepared(name: entry.name)
      // Within its own command a failed preparation takes the rest with it; another command would
      // be told of a missing statement instead of the true fault, so it does without the name.
      case .pending(let owner): return owner == command ? .prepared(name: entry.name) : .unnamed
      }
    }
    guard seen.contains(key), prepared.count < StatementCache.preparedMax else {
      if seen.count >= StatementCache.seenMax { seen.removeAll(keepingCapacity: true) }
      seen.insert(key)
      return .unnamed
    }
    let name = "k\(nextName)"
    nextName += 1
    prepared[key] = (name, .pending(command: command))
    return .prepare(name: name)
  }

  /// The server has prepared a statement.
  mutating func confirm(_ key: Key) { prepared[key]?.state = .ready }

  /// The server refused to prepare a statement, or to run it as it was prepared.
  mutating func forget(_ key: Key) { prepared[key] = nil }

  /// The command that was to prepare a statement is over.
  mutating func forgetUnconfirmed(_ key: Key) {
    if case .pending = prepared[key]?.state { prepared[key] = nil }
  }
}
