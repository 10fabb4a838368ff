import CLibUV
import Glibc
import Synchronization

/// A libuv loop on its own thread, as an executor of actors and of whole tasks.
///
/// Its thread lives until `shutdown()`. After that jobs still run, one at a time, so that no task
/// hangs on a loop that is gone; only sockets, timers and processes are over.
///
/// Mutable state is touched on the loop's thread only, or guarded by `inbox`.
package final class EventLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
  /// Rounds of jobs between two looks at the sockets, so that busy tasks cannot starve them.
  static let roundsPerTurnMax = 16

  private struct Inbox {
    var jobs: [UnownedJob] = []
    var calls: [@Sendable () -> Void] = []
    var shutdownWaiters: [CheckedContinuation<Void, Never>] = []
    var isStopping = false
    var isOver = false
    var isAfterlifeRunning = false
  }

  let uvLoop: UnsafeMutablePointer<uv_loop_t>
  private let wake: UnsafeMutablePointer<uv_async_t>
  private let prepare: UnsafeMutablePointer<uv_prepare_t>
  private let idle: UnsafeMutablePointer<uv_idle_t>
  private let name: String
  private let inbox = Mutex(Inbox())
  /// The thread that runs jobs now; 0 when there is none.
  private let thread = Atomic<UInt>(0)

  // Only on the loop's thread.
  private var local: [UnownedJob] = []
  private var running: [UnownedJob] = []
  private var isIdleStarted = false
  private var handles: [ObjectIdentifier: any LoopHandle] = [:]
  private(set) var isStopping = false

  /// Starts a loop on a thread of its own, shown under this name by the system (15 characters).
  package static func start(name: String) -> EventLoop {
    let loop = EventLoop(name: name)
    let isStarted = startThread { loop.runUntilShutdown() }
    precondition(isStarted, "the system gives no thread for an event loop")
    return loop
  }

  private init(name: String) {
    self.name = name
    uvLoop = .allocate(capacity: 1)
    wake = .allocate(capacity: 1)
    prepare = .allocate(capacity: 1)
    idle = .allocate(capacity: 1)
    let result = uv_loop_init(uvLoop)
    precondition(result == 0, "no event loop: \(uvMessage(result))")
    let me = Unmanaged.passUnretained(self).toOpaque()
    let asyncResult = uv_async_init(uvLoop, wake) { EventLoop.of($0?.pointee.data)?.takeInbox() }
    precondition(asyncResult == 0, "no event loop: \(uvMessage(asyncResult))")
    wake.pointee.data = me
    uv_prepare_init(uvLoop, prepare)
    prepare.pointee.data = me
    uv_idle_init(uvLoop, idle)
    idle.pointee.data = me
    // Prepare callbacks run right before the loop waits for its sockets: the last moment to work.
    uv_prepare_start(prepare) { EventLoop.of($0?.pointee.data)?.runLocalJobs() }
    local.reserveCapacity(256)
    running.reserveCapacity(256)
  }

  deinit {
    uvLoop.deallocate()
    wake.deallocate()
    prepare.deallocate()
    idle.deallocate()
  }

  private static func of(_ data: UnsafeMutableRawPointer?) -> EventLoop? {
    data.map { Unmanaged<EventLoop>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Whether the caller runs on this loop.
  package var isOnLoop: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

  /// Milliseconds of a clock that never goes back; its zero means nothing.
  package var nowMilliseconds: Int64 { nowNanoseconds / 1_000_000 }

  /// The same clock as it was when the loop last looked; only on the loop's thread.
  package var turnMilliseconds: Int64 { Int64(uv_now(uvLoop)) }

  /// The same clock in nanoseconds.
  package var nowNanoseconds: Int64 { Int64(uv_hrtime()) }

  /// Ends the loop and its thread, after telling every socket, timer and process.
  ///
  /// It returns when all is over; a second call waits for the same end.
  package func shutdown() async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let isOver = inbox.withLock { inbox in
        if !inbox.isOver { inbox.shutdownWaiters.append(continuation) }
        inbox.isStopping = true
        // Under the lock: the handle is closed only after `isOver`, which is set under it too.
        if !inbox.isOver { uv_async_send(wake) }
        return inbox.isOver
      }
      if isOver { continuation.resume() }
    }
  }

  /// Runs a closure on the loop's thread.
  package func run<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
      call { continuation.resume(returning: body()) }
    }
  }

  /// Hands a closure to the loop's thread and returns at once.
  package func call(_ body: @escaping @Sendable () -> Void) {
    let isOver = inbox.withLock { inbox in
      inbox.calls.append(body)
      if !inbox.isOver { uv_async_send(wake) }
      return inbox.isOver
    }
    if isOver { runAfterlife() }
  }

  // MARK: Executor

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if isOnLoop {
      local.append(job)
      return
    }
    let isOver = inbox.withLock { inbox in
      inbox.jobs.append(job)
      if !inbox.isOver && inbox.jobs.count == 1 { uv_async_send(wake) }
      return inbox.isOver
    }
    if isOver { runAfterlife() }
  }

  package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
    UnownedSerialExecutor(ordinary: self)
  }

  package func asUnownedTaskExecutor() -> UnownedTaskExecutor {
    UnownedTaskExecutor(ordinary: self)
  }

  package func checkIsolated() { precondition(isOnLoop, "not on the thread of loop \(name)") }

  package func isIsolatingCurrentContext() -> Bool? { isOnLoop }

  private func run(_ job: UnownedJob) {
    job.runSynchronously(
      isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
  }

  // MARK: On the loop's thread

  private func runUntilShutdown() {
    thread.store(UInt(pthread_self()), ordering: .relaxed)
    nameThisThread(name)
    uv_run(uvLoop, UV_RUN_DEFAULT)
    let waiters = inbox.withLock { inbox in
      inbox.isOver = true
      inbox.jobs.append(contentsOf: local)
      local = []
      thread.store(0, ordering: .relaxed)
      defer { inbox.shutdownWaiters = [] }
      return inbox.shutdownWaiters
    }
    // Nobody wakes the loop once `isOver` is set.
    uv_loop_close(uvLoop)
    runAfterlife()
    for waiter in waiters { waiter.resume() }
  }

  private func takeInbox() {
    let (calls, mustStop) = inbox.withLock { inbox in
      local.append(contentsOf: inbox.jobs)
      inbox.jobs.removeAll(keepingCapacity: true)
      defer { inbox.calls = [] }
      return (inbox.calls, inbox.isStopping && !isStopping)
    }
    for call in calls { call() }
    if mustStop { stop() }
  }

  private func runLocalJobs() {
    var rounds = 0
    while !local.isEmpty && rounds < EventLoop.roundsPerTurnMax {
      swap(&local, &running)
      for job in running { run(job) }
      running.removeAll(keepingCapacity: true)
      rounds += 1
    }
    // While an idle handle is active the loop looks at its sockets without waiting for them.
    if local.isEmpty == isIdleStarted {
      isIdleStarted.toggle()
      if isIdleStarted { uv_idle_start(idle) { _ in } } else { uv_idle_stop(idle) }
    }
  }

  private func stop() {
    isStopping = true
    for handle in Array(handles.values) { handle.loopEnds() }
    // The jobs those woke find the loop stopping and can add nothing new to it.
    runLocalJobs()
    closeHandle(UnsafeMutableRawPointer(idle))
    closeHandle(UnsafeMutableRawPointer(prepare))
    closeHandle(UnsafeMutableRawPointer(wake))
  }

  private func closeHandle(_ pointer: UnsafeMutableRawPointer) {
    uv_close(pointer.assumingMemoryBound(to: uv_handle_t.self)) { _ in }
  }

  /// Keeps a handle alive until it is removed; false when the loop is ending.
  func add(_ handle: any LoopHandle) -> Bool {
    checkIsolated()
    guard !isStopping && !inbox.withLock({ $0.isOver }) else { return false }
    handles[ObjectIdentifier(handle)] = handle
    return true
  }

  func remove(_ handle: any LoopHandle) { handles[ObjectIdentifier(handle)] = nil }

  // MARK: After the end

  /// Runs what comes after the end on a short-lived thread, never two at a time.
  private func runAfterlife() {
    let mustStart = inbox.withLock { inbox in
      guard !inbox.isAfterlifeRunning, !(inbox.jobs.isEmpty && inbox.calls.isEmpty) else {
        return false
      }
      inbox.isAfterlifeRunning = true
      return true
    }
    guard mustStart else { return }
    let isStarted = startThread { self.drainAfterlife() }
    precondition(isStarted, "the system gives no thread for an event loop")
  }

  private func drainAfterlife() {
    thread.store(UInt(pthread_self()), ordering: .relaxed)
    while true {
      let (jobs, calls) = inbox.withLock { inbox in
        let jobs = inbox.jobs + local
        let calls = inbox.calls
        inbox.jobs = []
        inbox.calls = []
        local = []
        if jobs.isEmpty && calls.isEmpty {
          inbox.isAfterlifeRunning = false
          thread.store(0, ordering: .relaxed)
        }
        return (jobs, calls)
      }
      if jobs.isEmpty && calls.isEmpty { return }
      for call in calls { call() }
      for job in jobs { run(job) }
    }
  }
}

/// Something of libuv that lives on a loop and must hear of its end.
protocol LoopHandle: AnyObject {
  /// The loop ends: tell the owner, then close.
  func loopEnds()
}

/// What libuv says about an error number.
func uvMessage(_ code: Int32) -> String { String(cString: uv_strerror(code)) }
