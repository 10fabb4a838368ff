import EventLoop
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(60)))
struct ExecutorTests {
  /// An actor whose home is a loop.
  actor Resident {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    private(set) var count = 0

    init(loop: EventLoop) { self.loop = loop }

    func add() -> Bool {
      count += 1
      return loop.isOnLoop
    }
  }

  @Test func aTaskThatPrefersTheLoopRunsOnIt() async {
    let loop = EventLoop.start(name: "test")
    let isOn = await Task(executorPreference: loop) { loop.isOnLoop }.value
    #expect(isOn)
    #expect(!loop.isOnLoop)
    await loop.shutdown()
  }

  @Test func anActorOfTheLoopRunsOnItWhoeverCalls() async {
    let loop = EventLoop.start(name: "test")
    let resident = Resident(loop: loop)
    await withTaskGroup(of: Bool.self) { group in
      for index in 0..<2_000 {
        if index % 2 == 0 {
          group.addTask { await resident.add() }
        } else {
          group.addTask(executorPreference: loop) { await resident.add() }
        }
      }
      for await isOn in group { #expect(isOn) }
    }
    #expect(await resident.count == 2_000)
    await loop.shutdown()
  }

  @Test func isolationIsKnownInsideOfACallback() async {
    let loop = EventLoop.start(name: "test")
    let resident = Resident(loop: loop)
    let isOn = await loop.run { resident.assumeIsolated { $0.add() } }
    #expect(isOn)
    #expect(loop.isIsolatingCurrentContext() == false)
    await loop.shutdown()
  }

  @Test func tasksThatNeverRestDoNotStarveATimer() async {
    let loop = EventLoop.start(name: "test")
    let box = Box(isOver: false)
    let busy = Task(executorPreference: loop) {
      while !box.isOver.load(ordering: .relaxed) { await Task.yield() }
    }
    await withCheckedContinuation { continuation in
      loop.call {
        let timer = LoopTimer(loop: loop) { event in
          guard event == .fired else { return }
          box.isOver.store(true, ordering: .relaxed)
          continuation.resume()
        }
        timer?.start(afterMilliseconds: 20)
      }
    }
    await busy.value
    await loop.shutdown()
  }

  @Test func workAfterTheEndStillRuns() async {
    let loop = EventLoop.start(name: "test")
    let resident = Resident(loop: loop)
    await loop.shutdown()
    await loop.shutdown()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<500 { group.addTask { _ = await resident.add() } }
    }
    #expect(await resident.count == 500)
    #expect(await loop.run { 7 } == 7)
  }

  @Test func aTaskOfTheLoopMayEndIt() async {
    let loop = EventLoop.start(name: "test")
    let value = await Task(executorPreference: loop) {
      await loop.shutdown()
      return 3
    }.value
    #expect(value == 3)
  }

  @Test func anEndInTheMiddleOfWorkLosesNoTask() async {
    for _ in 0..<20 {
      let loop = EventLoop.start(name: "test")
      let resident = Resident(loop: loop)
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<200 {
          group.addTask {
            for _ in 0..<10 { _ = await resident.add() }
          }
        }
        group.addTask { await loop.shutdown() }
      }
      #expect(await resident.count == 2_000)
    }
  }

  @Test func blockingCallsLeaveTheCooperativeThreadsFree() async {
    let box = Box(isOver: false)
    let blocked = (0..<16).map { _ in
      Task {
        await onOwnThread { while !box.isOver.load(ordering: .relaxed) { sleepMilliseconds(1) } }
      }
    }
    // All of them block until this one has run; on the cooperative threads it never would.
    for _ in 0..<100 { await Task.yield() }
    await Task { box.isOver.store(true, ordering: .relaxed) }.value
    for task in blocked { #expect(await task.value != nil) }
  }
}

/// A flag that closures on several threads share.
final class Box: Sendable {
  let isOver: Atomic<Bool>
  init(isOver: Bool) { self.isOver = Atomic(isOver) }
}
