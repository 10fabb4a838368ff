import Basics
import Postgres
import Testing

/// The rules of the pool, without a database; times are milliseconds.
struct PoolStateTests {
  static let limits = PoolState.Limits(
    connectionsMax: 2, waitersMax: 3, acquireMilliseconds: 1_000, backoffMillisecondsMin: 50,
    backoffMillisecondsMax: 200)
  static let refused = PostgresError(kind: .connection, message: "refused")

  @Test func theFirstCallerOpensTheFirstConnectionAndGetsIt() {
    var pool = PoolState(limits: PoolStateTests.limits)
    #expect(pool.connectionCount == 0)
    #expect(pool.acquire(1, now: 0) == [.open(1)])
    #expect(pool.opened(1, now: 5) == [.lease(1, 1)])
    #expect(pool.nextWake == nil)
  }

  @Test func aConnectionGivenBackServesTheNextWithoutANewOne() {
    var pool = PoolState(limits: PoolStateTests.limits)
    _ = pool.acquire(1, now: 0)
    _ = pool.opened(1, now: 0)
    #expect(pool.released(1, isReusable: true, now: 1) == [])
    #expect(pool.acquire(2, now: 2) == [.lease(2, 1)])
    #expect(pool.connectionCount == 1)
  }

  @Test func noMoreConnectionsAreOpenedThanTheBound() {
    var pool = PoolState(limits: PoolStateTests.limits)
    #expect(pool.acquire(1, now: 0) == [.open(1)])
    #expect(pool.acquire(2, now: 0) == [.open(2)])
    #expect(pool.acquire(3, now: 0) == [])
    #expect(pool.opened(2, now: 1) == [.lease(1, 2)])
    #expect(pool.opened(1, now: 2) == [.lease(2, 1)])
    // Whoever came first is served first.
    #expect(pool.acquire(4, now: 3) == [])
    #expect(pool.released(1, isReusable: true, now: 4) == [.lease(3, 1)])
    #expect(pool.released(2, isReusable: true, now: 4) == [.lease(4, 2)])
  }

  @Test func whoWaitsTooLongIsRefusedAndTheOthersAreNot() {
    var pool = PoolState(limits: PoolStateTests.limits)
    for waiter in 1...2 {
      _ = pool.acquire(waiter, now: 0)
      _ = pool.opened(waiter, now: 0)
    }
    _ = pool.acquire(3, now: 100)
    _ = pool.acquire(4, now: 600)
    #expect(pool.nextWake == 1_100)
    #expect(pool.timePassed(now: 1_099) == [])
    #expect(pool.timePassed(now: 1_100) == [.refuse(3, .exhausted)])
    #expect(pool.nextWake == 1_600)
    #expect(pool.released(1, isReusable: true, now: 1_200) == [.lease(4, 1)])
    #expect(pool.nextWake == nil)
  }

  @Test func anAttemptWithoutAnAnswerIsNoBusyPool() {
    var pool = PoolState(limits: PoolStateTests.limits)
    _ = pool.acquire(1, now: 0)
    #expect(pool.timePassed(now: 1_000) == [.refuse(1, .unanswered)])
  }

  @Test func theQueueOfWaitersHasABound() {
    var pool = PoolState(limits: PoolStateTests.limits)
    for waiter in 1...3 { _ = pool.acquire(waiter, now: 0) }
    #expect(pool.acquire(4, now: 0) == [.refuse(4, .tooManyWaiters)])
    let gaveUp = pool.giveUp(2)
    #expect(gaveUp)
    #expect(pool.acquire(5, now: 0) == [])
  }

  @Test func whoGaveUpGetsNothing() {
    var pool = PoolState(limits: PoolStateTests.limits)
    _ = pool.acquire(1, now: 0)
    let gaveUp = pool.giveUp(1)
    let again = pool.giveUp(1)
    #expect(gaveUp && !again)
    #expect(pool.opened(1, now: 1) == [])
    #expect(pool.acquire(2, now: 2) == [.lease(2, 1)])
    let late = pool.giveUp(2)
    #expect(!late)
  }

  @Test func attemptsToConnectPauseLongerAfterEachFailure() {
    var pool = PoolState(limits: PoolStateTests.limits)
    let fault = PoolStateTests.refused
    #expect(pool.acquire(1, now: 0) == [.open(1)])
    #expect(pool.openFailed(1, fault, isFinal: false, now: 10) == [])
    #expect(pool.nextWake == 60)
    #expect(pool.timePassed(now: 59) == [])
    #expect(pool.timePassed(now: 60) == [.open(2)])
    #expect(pool.openFailed(2, fault, isFinal: false, now: 60) == [])
    #expect(pool.nextWake == 160)
    #expect(pool.timePassed(now: 160) == [.open(3)])
    _ = pool.openFailed(3, fault, isFinal: false, now: 160)
    #expect(pool.nextWake == 360)
    #expect(pool.timePassed(now: 360) == [.open(4)])
    _ = pool.openFailed(4, fault, isFinal: false, now: 360)
    #expect(pool.nextWake == 560, "the pause has a bound")
    // The caller is told why in the end, and the next who comes waits no less long.
    #expect(pool.timePassed(now: 1_000) == [.refuse(1, .unreachable(fault))])
  }

  @Test func afterAFailureOneConnectionTriesAndTheOthersFollowIt() {
    var pool = PoolState(limits: PoolStateTests.limits)
    for waiter in 1...2 { _ = pool.acquire(waiter, now: 0) }
    _ = pool.openFailed(1, PoolStateTests.refused, isFinal: false, now: 1)
    _ = pool.openFailed(2, PoolStateTests.refused, isFinal: false, now: 1)
    #expect(pool.nextWake == 51, "two that failed together are one failure")
    #expect(pool.timePassed(now: 51) == [.open(3)])
    #expect(pool.nextWake == 1_000, "no wake while the attempt is under way")
    #expect(pool.opened(3, now: 60) == [.lease(1, 3), .open(4)])
  }

  @Test func aWrongPasswordIsToldAtOnceToAllWhoWait() {
    var pool = PoolState(limits: PoolStateTests.limits)
    for waiter in 1...3 { _ = pool.acquire(waiter, now: 0) }
    let fault = PostgresError(kind: .connection, message: "password", sqlState: "28P01")
    #expect(
      pool.openFailed(1, fault, isFinal: true, now: 5)
        == [1, 2, 3].map { .refuse($0, .unreachable(fault)) })
    #expect(pool.nextWake == nil)
  }

  @Test func aLostIdleConnectionIsForgotten() {
    var pool = PoolState(limits: PoolStateTests.limits)
    _ = pool.acquire(1, now: 0)
    _ = pool.opened(1, now: 0)
    _ = pool.released(1, isReusable: true, now: 0)
    #expect(pool.lost(1, now: 1) == [])
    #expect(pool.connectionCount == 0)
    #expect(pool.acquire(2, now: 2) == [.open(2)])
  }

  @Test func aConnectionLostWhileLeasedMakesRoomForAnother() {
    var pool = PoolState(limits: PoolStateTests.limits)
    for waiter in 1...2 {
      _ = pool.acquire(waiter, now: 0)
      _ = pool.opened(waiter, now: 0)
    }
    _ = pool.acquire(3, now: 1)
    #expect(pool.lost(1, now: 2) == [])
    #expect(pool.released(1, isReusable: false, now: 3) == [.open(3)])
    #expect(pool.opened(3, now: 4) == [.lease(3, 3)])
  }

  @Test func aConnectionThatCannotBeUsedAgainIsClosed() {
    var pool = PoolState(limits: PoolStateTests.limits)
    _ = pool.acquire(1, now: 0)
    _ = pool.opened(1, now: 0)
    #expect(pool.released(1, isReusable: false, now: 1) == [.close(1)])
    #expect(pool.connectionCount == 0)
  }

  @Test func closingRefusesWaitersAndEndsWhenTheLastLeaseDoes() {
    var pool = PoolState(limits: PoolStateTests.limits)
    for waiter in 1...2 {
      _ = pool.acquire(waiter, now: 0)
      _ = pool.opened(waiter, now: 0)
    }
    _ = pool.released(2, isReusable: true, now: 0)
    #expect(pool.close() == [.close(2)])
    #expect(pool.acquire(3, now: 1) == [.refuse(3, .closed)])
    #expect(pool.released(1, isReusable: true, now: 2) == [.close(1), .finished])
    #expect(pool.close() == [])
  }

  @Test func closingWaitsForConnectionsOnTheirWay() {
    var pool = PoolState(limits: PoolStateTests.limits)
    _ = pool.acquire(1, now: 0)
    #expect(pool.close() == [.refuse(1, .closed)])
    #expect(pool.opened(1, now: 5) == [.close(1), .finished])
  }

  /// Any order of events: each waiter is answered once, and no connection is lent to two.
  @Test(arguments: 1...200)
  func anyOrderOfEventsKeepsTheRules(seed: Int) {
    var simulation = PoolSimulation(seed: UInt64(seed))
    for _ in 0..<400 { simulation.step() }
    simulation.drain()
    #expect(simulation.faults.isEmpty)
    #expect(simulation.unanswered.isEmpty)
  }
}

/// Plays callers, a server that comes and goes, and a clock against the rules.
private struct PoolSimulation {
  private var pool = PoolState(limits: PoolStateTests.limits)
  private var random: SeededGenerator
  private var now: Int64 = 0
  private var nextWaiter = 1
  private var opening: [Int] = []
  private var open: Set<Int> = []
  private var leased: [Int: Int] = [:]
  private(set) var unanswered: Set<Int> = []
  private(set) var faults: [String] = []

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  mutating func step() {
    switch random.integer(in: 0...6) {
    case 0, 1:
      unanswered.insert(nextWaiter)
      nextWaiter += 1
      apply(pool.acquire(nextWaiter - 1, now: now))
    case 2: finishOpening(isWell: random.chance(0.7))
    case 3: release(isReusable: random.chance(0.9))
    case 4:
      if let connection = open.sorted().first, random.chance(0.3) {
        open.remove(connection)
        apply(pool.lost(connection, now: now))
      }
    case 5:
      if let waiter = unanswered.sorted().first, random.chance(0.2), pool.giveUp(waiter) {
        unanswered.remove(waiter)
      }
    default:
      now += Int64(random.integer(in: 1...300))
      apply(pool.timePassed(now: now))
    }
  }

  /// Everybody gives back, and the server answers again: nobody is left waiting.
  mutating func drain() {
    for _ in 0..<200 where !unanswered.isEmpty || !leased.isEmpty || !opening.isEmpty {
      finishOpening(isWell: true)
      release(isReusable: true)
      if let wake = pool.nextWake {
        if wake < now - 1 && opening.isEmpty { faults.append("a wake in the past: \(wake)") }
        now = max(now + 1, wake)
      }
      apply(pool.timePassed(now: now))
    }
  }

  private mutating func finishOpening(isWell: Bool) {
    guard let connection = opening.popLast() else { return }
    if isWell {
      open.insert(connection)
      apply(pool.opened(connection, now: now))
    } else {
      apply(pool.openFailed(connection, PoolStateTests.refused, isFinal: false, now: now))
    }
  }

  private mutating func release(isReusable: Bool) {
    guard let connection = leased.keys.sorted().first else { return }
    leased[connection] = nil
    apply(pool.released(connection, isReusable: isReusable, now: now))
  }

  private mutating func apply(_ actions: [PoolState.Action]) {
    for action in actions {
      switch action {
      case .open(let connection): opening.append(connection)
      case .close(let connection):
        if leased[connection] != nil { faults.append("closed \(connection) under its holder") }
        open.remove(connection)
      case .lease(let waiter, let connection):
        if leased[connection] != nil { faults.append("\(connection) was lent twice") }
        if !open.contains(connection) { faults.append("\(connection) was lent and is not open") }
        leased[connection] = waiter
        answer(waiter)
      case .refuse(let waiter, _): answer(waiter)
      case .finished: faults.append("finished while in use")
      }
    }
    if pool.connectionCount > PoolStateTests.limits.connectionsMax {
      faults.append("\(pool.connectionCount) connections")
    }
  }

  private mutating func answer(_ waiter: Int) {
    if unanswered.remove(waiter) == nil { faults.append("waiter \(waiter) was answered twice") }
  }
}
