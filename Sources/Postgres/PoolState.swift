/// The rules of a pool without its connections: events go in, actions come out.
///
/// Times are milliseconds of one clock that never goes back.
package struct PoolState {
  /// Bounds of a pool.
  package struct Limits {
    package var connectionsMax: Int
    package var waitersMax: Int
    /// Longest wait for a connection.
    package var acquireMilliseconds: Int64
    /// Wait after the first failed attempt to connect; doubled after each further one.
    package var backoffMillisecondsMin: Int64
    package var backoffMillisecondsMax: Int64

    /// Names the bounds.
    package init(
      connectionsMax: Int, waitersMax: Int, acquireMilliseconds: Int64,
      backoffMillisecondsMin: Int64 = 50, backoffMillisecondsMax: Int64 = 2_000
    ) {
      self.connectionsMax = connectionsMax
      self.waitersMax = waitersMax
      self.acquireMilliseconds = acquireMilliseconds
      self.backoffMillisecondsMin = backoffMillisecondsMin
      self.backoffMillisecondsMax = backoffMillisecondsMax
    }
  }

  package typealias ConnectionID = Int
  package typealias WaiterID = Int

  /// Why there is no connection for a waiter.
  package enum Refusal: Equatable {
    /// All connections were busy until the wait limit.
    case exhausted
    /// As many wait as may.
    case tooManyWaiters
    /// No connection could be made; the last reason.
    case unreachable(PostgresError)
    /// There is no connection, and the attempt to make one has no answer yet.
    case unanswered
    case closed
  }

  /// What the pool has to do.
  package enum Action: Equatable {
    case open(ConnectionID)
    case close(ConnectionID)
    case lease(WaiterID, ConnectionID)
    case refuse(WaiterID, Refusal)
    /// Closed, and nothing is left.
    case finished
  }

  private enum ConnectionState {
    case opening
    case idle
    case leased
    /// Lost while leased; its holder has not given it back yet.
    case lost
  }

  private let limits: Limits
  private var connections: [ConnectionID: ConnectionState] = [:]
  /// The one used last is last and taken first: it is the warmest.
  private var idle: [ConnectionID] = []
  private var waiters = WaiterQueue()
  private var nextID = 1
  private var failureCount = 0
  /// No attempt to connect before this moment.
  private var retryAt: Int64?
  private var lastFailure: PostgresError?
  package private(set) var isClosed = false

  /// Starts without a connection.
  package init(limits: Limits) { self.limits = limits }

  /// When `timePassed` has to be called next; nil when nothing waits for a time.
  package var nextWake: Int64? {
    guard let deadline = waiters.firstDeadline else { return nil }
    return [deadline, retryAt].compactMap { $0 }.min()
  }

  /// Connections open or being opened.
  package var connectionCount: Int { connections.values.count { $0 != .lost } }

  /// Somebody wants a connection.
  package mutating func acquire(_ waiter: WaiterID, now: Int64) -> [Action] {
    if isClosed { return [.refuse(waiter, .closed)] }
    if let connection = idle.popLast() {
      connections[connection] = .leased
      return [.lease(waiter, connection)]
    }
    guard waiters.count < limits.waitersMax else { return [.refuse(waiter, .tooManyWaiters)] }
    waiters.append(waiter, deadline: now + limits.acquireMilliseconds)
    return openMore(now: now)
  }

  /// A waiter does not want one any more; nothing happens when it has one already.
  ///
  /// True when it still waited.
  package mutating func giveUp(_ waiter: WaiterID) -> Bool { waiters.remove(waiter) }

  /// A connection is ready.
  package mutating func opened(_ connection: ConnectionID, now: Int64) -> [Action] {
    failureCount = 0
    retryAt = nil
    lastFailure = nil
    guard connections[connection] != nil, !isClosed else {
      connections[connection] = nil
      return [.close(connection)] + finishIfEmpty()
    }
    // The first one through shows that the server is there: those held back may follow.
    return handOut(connection) + openMore(now: now)
  }

  /// A connection could not be made.
  ///
  /// A final failure (a wrong password, no such database) is told to all who wait: trying again
  /// would not help them.
  package mutating func openFailed(
    _ connection: ConnectionID, _ error: PostgresError, isFinal: Bool, now: Int64
  ) -> [Action] {
    connections[connection] = nil
    if isClosed { return finishIfEmpty() }
    lastFailure = error
    // Attempts that began together and fail together are one failure.
    if retryAt.map({ $0 <= now }) ?? true {
      let doubled = limits.backoffMillisecondsMin << Int64(min(failureCount, 16))
      retryAt = now + min(doubled, limits.backoffMillisecondsMax)
      failureCount += 1
    }
    return isFinal ? waiters.removeAll().map { .refuse($0, .unreachable(error)) } : []
  }

  /// A lease is over.
  package mutating func released(_ connection: ConnectionID, isReusable: Bool, now: Int64)
    -> [Action]
  {
    guard let state = connections[connection] else { return [] }
    guard state == .leased, isReusable, !isClosed else {
      connections[connection] = nil
      let close: [Action] = state == .lost ? [] : [.close(connection)]
      return close + openMore(now: now) + finishIfEmpty()
    }
    return handOut(connection)
  }

  /// The server ended a connection, or the network did.
  package mutating func lost(_ connection: ConnectionID, now: Int64) -> [Action] {
    switch connections[connection] {
    case .idle:
      idle.removeAll { $0 == connection }
      connections[connection] = nil
      return openMore(now: now)
    case .leased: connections[connection] = .lost
    case .opening, .lost, nil: break
    }
    return []
  }

  /// Time went on: waits may be over, and another attempt to connect may be due.
  package mutating func timePassed(now: Int64) -> [Action] {
    var actions: [Action] = []
    let isAnyOpen = connections.values.contains { $0 == .leased }
    let refusal = lastFailure.map(Refusal.unreachable) ?? (isAnyOpen ? .exhausted : .unanswered)
    while let deadline = waiters.firstDeadline, deadline <= now, let waiter = waiters.popFirst() {
      actions.append(.refuse(waiter, refusal))
    }
    return actions + openMore(now: now)
  }

  /// No new leases; those given out may end.
  package mutating func close() -> [Action] {
    guard !isClosed else { return [] }
    isClosed = true
    var actions = waiters.removeAll().map { Action.refuse($0, .closed) }
    for connection in idle {
      connections[connection] = nil
      actions.append(.close(connection))
    }
    idle = []
    return actions + finishIfEmpty()
  }

  private mutating func handOut(_ connection: ConnectionID) -> [Action] {
    guard let waiter = waiters.popFirst() else {
      connections[connection] = .idle
      idle.append(connection)
      return []
    }
    connections[connection] = .leased
    return [.lease(waiter, connection)]
  }

  /// Opens a connection for every waiter that has none on its way, within the bound.
  private mutating func openMore(now: Int64) -> [Action] {
    guard !isClosed, retryAt.map({ $0 <= now }) ?? true else { return [] }
    retryAt = nil
    var opening = connections.values.count { $0 == .opening }
    // After a failure one connection finds out whether the server is back.
    let openingMax = failureCount > 0 ? 1 : limits.connectionsMax
    var actions: [Action] = []
    while opening < min(waiters.count, openingMax), connectionCount < limits.connectionsMax {
      connections[nextID] = .opening
      actions.append(.open(nextID))
      nextID += 1
      opening += 1
    }
    return actions
  }

  private func finishIfEmpty() -> [Action] { isClosed && connections.isEmpty ? [.finished] : [] }
}

/// Waiters in the order they came, all with the same patience, so that the first gives up first.
private struct WaiterQueue {
  private var order: [PoolState.WaiterID] = []
  private var head = 0
  private var deadlines: [PoolState.WaiterID: Int64] = [:]

  var count: Int { deadlines.count }

  /// Deadline of the first that still waits.
  var firstDeadline: Int64? {
    // `trim` keeps a live waiter at the head.
    order.indices.contains(head) ? deadlines[order[head]] : nil
  }

  mutating func append(_ waiter: PoolState.WaiterID, deadline: Int64) {
    order.append(waiter)
    deadlines[waiter] = deadline
  }

  mutating func popFirst() -> PoolState.WaiterID? {
    guard order.indices.contains(head) else { return nil }
    let waiter = order[head]
    deadlines[waiter] = nil
    trim()
    return waiter
  }

  mutating func remove(_ waiter: PoolState.WaiterID) -> Bool {
    guard deadlines.removeValue(forKey: waiter) != nil else { return false }
    trim()
    return true
  }

  mutating func removeAll() -> [PoolState.WaiterID] {
    let all = order[head...].filter { deadlines[$0] != nil }
    self = WaiterQueue()
    return all
  }

  /// Drops those who gave up from the head, and from the middle when they are too many.
  private mutating func trim() {
    while order.indices.contains(head), deadlines[order[head]] == nil { head += 1 }
    if order.count > 2 * deadlines.count + 64 {
      order = order[head...].filter { deadlines[$0] != nil }
      head = 0
    }
  }
}
