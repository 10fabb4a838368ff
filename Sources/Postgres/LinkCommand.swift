/// A statement in the form libpq sends.
struct EncodedStatement {
  /// Most parameters of one statement in PostgreSQL's protocol.
  static let parametersMax = 65_535

  let key: StatementCache.Key
  /// Parameters one after the other, each behind its length.
  let bytes: [UInt8]
  /// Where each parameter's length begins.
  let offsets: [Int]

  init(_ statement: PostgresStatement) throws(PostgresError) {
    let parameters = statement.parameters
    guard parameters.count <= EncodedStatement.parametersMax else {
      throw PostgresError(
        kind: .usage, message: "\(parameters.count) parameters in one statement; use arrays")
    }
    key = StatementCache.Key(sql: statement.sql, types: parameters.map(\.type.oid))
    var bytes: [UInt8] = []
    bytes.reserveCapacity(parameters.reduce(0) { $0 + $1.bytesEstimate })
    var offsets: [Int] = []
    offsets.reserveCapacity(parameters.count)
    for parameter in parameters {
      offsets.append(bytes.count)
      try parameter.encode(into: &bytes)
    }
    self.bytes = bytes
    self.offsets = offsets
  }
}

/// Something asked of a connection: all its answers come before the next command's.
///
/// Used on the connection's loop only.
final class LinkCommand {
  enum Work {
    /// Statements sent together, one transaction when there is none around them.
    case pipeline([EncodedStatement])
    /// Many statements in one text, in the simple protocol.
    case script(String)
    /// `COPY … FROM STDIN`; the rows follow.
    case copy(String)
  }

  /// An answer of the server that is expected.
  enum Step {
    case prefix
    /// The statement of this place is prepared.
    case prepare(Int)
    /// The statement of this place is run.
    case query(Int)
  }

  let id: Int
  let work: Work
  /// BEGIN, when this is the first command of a transaction.
  var prefix: String?
  var steps: [Step] = []
  var stepIndex = 0
  /// The answer to the present step is there; the end mark behind it is not.
  var isAnswerSeen = false
  var results: [PostgresRows] = []
  var error: PostgresError?
  var isFinished = false
  /// The server waits for rows; it gives no answer before their end.
  var isCopying = false
  /// What the server said about the rows it waits for.
  var copyFormat = (isBinary: false, columnCount: 0)
  /// The caller was cancelled and waits no more; the answers are dropped.
  var isAbandoned = false
  /// When the server began with it, as far as can be known here, in milliseconds.
  var startedAt: Int64 = 0
  var continuation: CheckedContinuation<[PostgresRows], any Error>?

  init(id: Int, work: Work, prefix: String?) {
    self.id = id
    self.work = work
    self.prefix = prefix
  }

  /// The words and types of one of its statements.
  func key(_ index: Int) -> StatementCache.Key {
    guard case .pipeline(let statements) = work else {
      preconditionFailure("only a pipeline has steps")
    }
    return statements[index].key
  }

  /// Whether it can stand in a pipeline with others; COPY and scripts can't.
  var isPipelined: Bool {
    if case .pipeline = work { true } else { false }
  }

  /// Wakes whoever waits for this step of the command.
  func resume(_ result: Result<[PostgresRows], any Error>) {
    continuation?.resume(with: result)
    continuation = nil
  }
}

/// Commands in order.
struct CommandQueue {
  private var slots: [LinkCommand?] = []
  private var head = 0

  var isEmpty: Bool { count == 0 }
  var count: Int { slots.count - head }
  var first: LinkCommand? { head < slots.count ? slots[head] : nil }
  var all: [LinkCommand] { slots[head...].compactMap { $0 } }

  mutating func append(_ command: LinkCommand) { slots.append(command) }

  mutating func popFirst() {
    slots[head] = nil
    head += 1
    if head == slots.count {
      slots.removeAll(keepingCapacity: true)
      head = 0
    } else if head > 1_024 {
      slots.removeFirst(head)
      head = 0
    }
  }

  /// Takes a command out of the middle; nil when it is not here.
  mutating func remove(id: Int) -> LinkCommand? {
    guard let index = slots.indices.dropFirst(head).first(where: { slots[$0]?.id == id }) else {
      return nil
    }
    return slots.remove(at: index)
  }

  mutating func removeAll() -> [LinkCommand] {
    defer { self = CommandQueue() }
    return all
  }
}
