import CLibPQ
import EventLoop

/// One connection to a server: libpq without blocking, on a loop, always in pipeline mode but for
/// COPY and scripts.
///
/// Its watcher holds it until `close`, so an open link is never freed under libpq's feet.
actor PostgresLink {
  /// Most commands sent and not answered; the rest waits here.
  static let inFlightMax = 256
  /// Oldest server that has multiranges.
  static let serverVersionMin: Int32 = 140_000

  enum Phase {
    case new
    case connecting
    case ready
    case closed(PostgresError)
  }

  nonisolated let loop: EventLoop
  nonisolated let configuration: PostgresConfiguration
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  var phase = Phase.new
  var handle: OpaquePointer?
  var watcher: SocketWatcher?
  var timer: LoopTimer?
  let notices = NoticeBox()
  var openWaiter: CheckedContinuation<Void, any Error>?

  var waiting = CommandQueue()
  var inFlight = CommandQueue()
  var nextCommandID = 1
  var statements = StatementCache()
  var isPipelineMode = false
  var isPumping = false
  /// COPY waits until its bytes are sent.
  var flushWaiter: CheckedContinuation<Void, Never>?
  var drainWaiters: [CheckedContinuation<Void, Never>] = []
  /// A cancel request is under way: nothing new is sent, it would be hit instead.
  var isCancelling = false
  /// The command that the last cancel request was for.
  var cancelTarget: Int?
  var cancelDeadline: Int64?
  var isTimerArmed = false

  // The lease: who uses the connection now.
  var lease = 0
  var isLeased = false
  /// BEGIN, to be sent with the first command of a transaction.
  var pendingBegin: String?
  /// The first fault of the present transaction; after it the server refuses to commit.
  var transactionError: PostgresError?
  /// BEGIN failed: what follows in this lease would not be in a transaction.
  var beginError: PostgresError?
  /// The session's settings are not those of a new connection.
  var isDirty = false
  var statementMilliseconds: Int64

  /// Called once on the loop when an open connection ends.
  let onClosed: @Sendable (PostgresError) -> Void
  let onNotification: @Sendable (PostgresNotification) -> Void

  init(
    configuration: PostgresConfiguration, loop: EventLoop,
    onClosed: @escaping @Sendable (PostgresError) -> Void = { _ in },
    onNotification: @escaping @Sendable (PostgresNotification) -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.loop = loop
    self.onClosed = onClosed
    self.onNotification = onNotification
    statementMilliseconds = Int64(configuration.statementMillisecondsMax)
  }

  /// Why the connection is over; nil while it is not.
  var closeReason: PostgresError? {
    if case .closed(let error) = phase { error } else { nil }
  }

  /// Ends the connection; whoever still waits is told the reason.
  func close(_ error: PostgresError) {
    if closeReason != nil { return }
    let wasOpen: Bool
    if case .ready = phase { wasOpen = true } else { wasOpen = false }
    phase = .closed(error)
    // The watcher first: afterwards the number of the socket may be another's.
    watcher?.close()
    watcher = nil
    timer?.close()
    timer = nil
    PQfinish(handle)
    handle = nil
    for command in inFlight.removeAll() + waiting.removeAll() {
      command.isFinished = true
      // What the server said last is the better reason; libpq's own words name no place.
      if command.error?.kind != .connection || command.error?.sqlState == nil {
        command.error = error
      }
      command.resume(.failure(command.error ?? error))
    }
    flushWaiter?.resume()
    flushWaiter = nil
    resumeDrainWaiters()
    openWaiter?.resume(throwing: error)
    openWaiter = nil
    if wasOpen { onClosed(error) }
  }

  /// Wakes those who wait until nothing is asked of the connection.
  func resumeDrainWaiters() {
    guard inFlight.isEmpty && waiting.isEmpty else { return }
    for waiter in drainWaiters { waiter.resume() }
    drainWaiters = []
  }

  /// The reason of a lost connection, as well as it is known.
  func lostError() -> PostgresError {
    let words = PQerrorMessage(handle).map { String(cString: $0) } ?? ""
    // The lines after the first guess at causes.
    let reason = words.split(separator: "\n").first.map(String.init) ?? "no reason given"
    var error = PostgresError(
      kind: .connection, message: "the connection to \(configuration.place) was lost: \(reason)")
    if let last = notices.lastFatal {
      error.sqlState = last.sqlState
      error.detail = last.message
    }
    return error
  }
}

/// Keeps the last thing the server said outside of an answer: why it ends the connection.
///
/// Used on the connection's loop only.
final class NoticeBox {
  var lastFatal: PostgresError?

  /// Takes notices away from standard error, where libpq would print them.
  func receive(from handle: OpaquePointer?) {
    PQsetNoticeReceiver(
      handle,
      { data, result in
        guard let data else { return }
        let error = PostgresError(result: result)
        if error.kind == .connection || error.kind == .timeout {
          Unmanaged<NoticeBox>.fromOpaque(data).takeUnretainedValue().lastFatal = error
        }
      }, Unmanaged.passUnretained(self).toOpaque())
  }
}
