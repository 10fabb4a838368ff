import Basics
import NIOCore
import Synchronization

/// The connections of one event loop, and the answers that other threads made for them.
///
/// Answers of a whole group commit come at once: they wake the loop once. Deadlines are looked at
/// each second for all connections together, for a timer of each would cost more than its request.
final class EdgeLoop: Sendable {
  /// Pause between two looks at the deadlines, in seconds.
  static let sweepSeconds: Int64 = 1

  private struct Inbox: Sendable {
    var replies: [Delivery] = []
    var isCalled = false
  }
  private struct Delivery: Sendable {
    let connection: NIOLoopBound<EdgeConnection>
    let request: Int
    let reply: EdgeReply
  }
  /// Touched on the loop only.
  private final class Local {
    var connections: [ObjectIdentifier: EdgeConnection] = [:]
    var isDraining = false
    var date = ""
    var dateSecond: Int64 = -1
  }

  let loop: any EventLoop
  private let local: NIOLoopBoundBox<Local>
  private let inbox = Mutex(Inbox())
  private let budget: InFlightBudget?
  private let now: @Sendable () -> Instant

  init(
    loop: any EventLoop, budget: InFlightBudget? = nil, now: @escaping @Sendable () -> Instant
  ) {
    self.loop = loop
    self.budget = budget
    self.now = now
    local = .makeBoxSendingValue(Local(), eventLoop: loop)
    loop.scheduleRepeatedTask(
      initialDelay: .seconds(Self.sweepSeconds), delay: .seconds(Self.sweepSeconds)
    ) { [weak self] task in
      guard let self else { return task.cancel() }
      sweep()
    }
  }

  /// Delivers an answer, from any thread.
  func deliver(_ reply: EdgeReply, to connection: NIOLoopBound<EdgeConnection>, request: Int) {
    let calls = inbox.withLock { inbox -> Bool in
      inbox.replies.append(Delivery(connection: connection, request: request, reply: reply))
      defer { inbox.isCalled = true }
      return !inbox.isCalled
    }
    if calls { loop.execute { self.takeReplies() } }
  }

  private func takeReplies() {
    let replies = inbox.withLock { inbox -> [Delivery] in
      defer { inbox = Inbox() }
      return inbox.replies
    }
    for delivery in replies {
      delivery.connection.value.finish(delivery.request, delivery.reply)
    }
  }

  // MARK: On the loop

  func add(_ connection: EdgeConnection) {
    local.value.connections[ObjectIdentifier(connection)] = connection
    if local.value.isDraining { connection.drain() }
  }

  func remove(_ connection: EdgeConnection) {
    local.value.connections[ObjectIdentifier(connection)] = nil
  }

  /// Ends each connection as soon as it has been answered.
  func drain() {
    local.value.isDraining = true
    for connection in Array(local.value.connections.values) { connection.drain() }
  }

  /// Ends all connections, whatever they wait for.
  func closeAll() {
    for connection in Array(local.value.connections.values) { connection.cut() }
  }

  private func sweep() {
    let moment = NIODeadline.now()
    for connection in Array(local.value.connections.values) { connection.cutIfLate(moment) }
    makeRoom(moment)
  }

  /// Cuts strangers, the longest open first, as long as too few connections are free.
  ///
  /// Those that are halfway through a request or an answer come last: to be spared for it would be a way to
  /// hold a place.
  private func makeRoom(_ moment: NIODeadline) {
    guard let budget, budget.isCrowded else { return }
    let strangers = local.value.connections.values.filter { $0.isIdleStranger(at: moment) }
      .map { (connection: $0, openedAt: $0.openedAt, isHalfway: $0.isHalfway) }
      .sorted { $0.isHalfway == $1.isHalfway ? $0.openedAt < $1.openedAt : $1.isHalfway }
    for stranger in strangers {
      guard budget.isCrowded else { return }
      stranger.connection.makeRoom()
    }
  }

  /// The value of the header Date, made once a second (RFC 9110, 5.6.7).
  var date: String {
    let local = local.value
    let second = now().seconds
    if second != local.dateSecond {
      local.dateSecond = second
      local.date = HTTPDate.text(ofSecond: second)
    }
    return local.date
  }
}

/// Times as HTTP writes them: `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
  private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// The text of a second since 1970, which was a Thursday; not for times before it.
  static func text(ofSecond second: Int64) -> String {
    let second = max(0, second)
    let days = second / 86_400
    let clock = Int(second % 86_400)
    // Days into year, month and day, counted from March: Howard Hinnant's civil_from_days.
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let part = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * part + 2) / 5 + 1
    let month = part < 10 ? part + 3 : part - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let two = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
    return "\(weekdays[Int(days % 7)]), \(two(Int(day))) \(months[Int(month) - 1]) \(year) "
      + "\(two(clock / 3600)):\(two(clock / 60 % 60)):\(two(clock % 60)) GMT"
  }
}
