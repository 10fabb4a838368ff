import Intake
import Store
import Synchronization
import Testing

@Suite struct GroupCommitterTests {
  /// Remembers the groups it was given; refuses those with a poisonous number.
  private final class Journal: Sendable {
    let groups = Mutex<[[Int]]>([])
    let poison: Set<Int>
    let isAway = Mutex(false)

    init(poison: Set<Int> = []) { self.poison = poison }

    struct Poisoned: Error {}

    func commit(_ group: [Int]) async throws -> [Int] {
      await Task.yield()
      if isAway.withLock({ $0 }) { throw StoreFault(kind: .unavailable, "away") }
      groups.withLock { $0.append(group) }
      guard poison.isDisjoint(with: group) else { throw Poisoned() }
      return group.map { $0 * 2 }
    }
  }

  private func committer(
    _ journal: Journal, _ limits: CommitLimits = CommitLimits()
  ) -> GroupCommitter<Int, Int> {
    GroupCommitter(limits: limits, bytesCount: { _ in 10 }, commit: journal.commit)
  }

  @Test func eachItemGetsItsOwnAnswer() async {
    let journal = Journal()
    let committer = committer(journal)
    let answers = await submitAll(0..<500, to: committer)
    #expect(answers == (0..<500).map { "\($0 * 2)" })
    #expect(journal.groups.withLock { $0.flatMap { $0 }.sorted() } == Array(0..<500))
    #expect(journal.groups.withLock { $0.count } < 500)
  }

  @Test func aPoisonousItemFailsAlone() async {
    let journal = Journal(poison: [77, 78, 300])
    let answers = await submitAll(0..<400, to: committer(journal))
    let expected = (0..<400).map { [77, 78, 300].contains($0) ? "failed" : "\($0 * 2)" }
    #expect(answers == expected)
  }

  @Test func pastItsLimitsItRefuses() async {
    var limits = CommitLimits()
    limits.waitingMax = 3
    limits.parallelMax = 1
    let gate = AsyncStream<Void>.makeStream()
    let entered = AsyncStream<Void>.makeStream()
    let committer = GroupCommitter<Int, Int>(
      limits: limits, bytesCount: { _ in 10 },
      commit: { group in
        entered.continuation.yield()
        for await _ in gate.stream { break }
        return group
      })
    await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask { _ = await committer.submit(0) }
      for await _ in entered.stream { break }
      for number in 1...3 { tasks.addTask { _ = await committer.submit(number) } }
      while committer.waitingCount < 3 { await Task.yield() }
      #expect(text(await committer.submit(4)) == "full")
      gate.continuation.finish()
    }
  }

  @Test func bytesThatWaitAreBoundedToo() async {
    var limits = CommitLimits()
    limits.waitingBytesMax = 9
    let committer = committer(Journal(), limits)
    #expect(text(await committer.submit(1)) == "full")
  }

  @Test func whenTheStoreIsAwayAllGiveUpAndLaterItGoesOn() async {
    let journal = Journal()
    let committer = committer(journal)
    journal.isAway.withLock { $0 = true }
    let answers = await submitAll(0..<50, to: committer)
    #expect(Set(answers) == ["unavailable"])
    journal.isAway.withLock { $0 = false }
    #expect(await submitAll(0..<3, to: committer) == ["0", "2", "4"])
  }

  private func submitAll(
    _ numbers: Range<Int>, to committer: GroupCommitter<Int, Int>
  ) async -> [String] {
    await withTaskGroup(of: (Int, String).self) { group in
      for number in numbers {
        group.addTask { (number, text(await committer.submit(number))) }
      }
      return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }
}

private func text(_ outcome: GroupCommitter<Int, Int>.Outcome) -> String {
  switch outcome {
  case .answered(let answer): "\(answer)"
  case .full: "full"
  case .unavailable: "unavailable"
  case .failed: "failed"
  }
}
