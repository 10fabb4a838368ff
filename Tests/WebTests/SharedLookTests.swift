import Synchronization
import Testing
import Web

@Suite struct SharedLookTests {
  private struct Broken: Error {}

  private final class Count: Sendable {
    let value = Mutex(0)
  }

  /// A look that goes on until it is let go, and counts itself.
  private final class SlowLook: Sendable {
    private struct State {
      var begun = 0
      var open: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var begunCount: Int { state.withLock { $0.begun } }

    func look() async -> Int {
      await withCheckedContinuation { continuation in
        state.withLock {
          $0.begun += 1
          $0.open.append(continuation)
        }
      }
      return begunCount
    }

    /// Lets the look end that goes on, as soon as one does or all is over.
    func letGo(unless isOver: () -> Bool = { false }) async throws {
      while !isOver() {
        if let one = state.withLock({ $0.open.popLast() }) { return one.resume() }
        try await Task.sleep(for: .milliseconds(1))
      }
    }
  }

  @Test func manyWhoAskAtOnceShareOneLookThatBeganAfterThey() async throws {
    let slow = SlowLook()
    let shared = SharedLook { await slow.look() }
    let first = Task { try await shared.found() }
    while slow.begunCount == 0 { await Task.yield() }
    // The look that goes on may have missed what these want to know.
    let started = Count()
    let ended = Count()
    let others = (1...100).map { _ in
      Task {
        started.value.withLock { $0 += 1 }
        defer { ended.value.withLock { $0 += 1 } }
        return try await shared.found()
      }
    }
    while started.value.withLock({ $0 }) < others.count { await Task.yield() }
    try await slow.letGo()
    #expect(try await first.value == 1)
    // Whoever had started and not yet asked, on a busy machine, shares one of the next looks.
    let allHaveEnded = { ended.value.withLock { $0 } == others.count }
    while !allHaveEnded() { try await slow.letGo(unless: allHaveEnded) }
    for other in others { #expect(try await other.value >= 2) }
    let before = slow.begunCount
    #expect(before < others.count / 2)
    // Whoever comes later looks anew.
    let late = Task { try await shared.found() }
    try await slow.letGo()
    #expect(try await late.value == before + 1)
  }

  @Test func aLookThatFailsIsToldToThoseWhoWaitedAndTriedAgainByTheNext() async throws {
    let looks = Count()
    let shared = SharedLook { () async throws -> String in
      let number = looks.value.withLock { count in
        count += 1
        return count
      }
      if number == 1 { throw Broken() }
      return "found"
    }
    await #expect(throws: Broken.self) { try await shared.found() }
    #expect(try await shared.found() == "found")
  }
}
