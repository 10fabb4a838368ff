import Basics
import Synchronization

/// Commits many items in few transactions.
///
/// While one commit is on its way, what comes in waits, and goes together in the next: under light
/// load an item waits for nobody, under heavy load the groups grow. No item is lost to another: a
/// group that the database refuses is split until the one that it refuses stands alone.
package final class GroupCommitter<Item: Sendable, Answer: Sendable>: Sendable {
  /// What became of an item.
  package enum Outcome: Sendable {
    /// Its transaction is durable.
    case answered(Answer)
    /// Too much waited; nothing was done.
    case full
    /// The database is away; the transaction may have happened when it went away in the middle.
    case unavailable
    /// The database refuses this very item.
    case failed(any Error)
  }

  private let limits: CommitLimits
  private let bytesCount: @Sendable (Item) -> Int
  private let commit: @Sendable ([Item]) async throws -> [Answer]
  private let reaction: @Sendable (any Error) -> CommitReaction
  private let executor: (any TaskExecutor)?
  private let state: Mutex<State>

  private struct Waiting: Sendable {
    let item: Item
    let bytesCount: Int
    let answered: @Sendable (Outcome) -> Void
  }

  private struct State: Sendable {
    var waiting: BoundedQueue<Waiting>
    var bytesCount = 0
    /// Items of the groups that are being committed.
    var committingCount = 0
    var runningCount = 0
  }

  /// Makes a committer; `commit` answers each item in its order, once the transaction is durable.
  ///
  /// Groups are committed on `executor`: on the database's own loop no group changes threads.
  package init(
    limits: CommitLimits = CommitLimits(), executor: (any TaskExecutor)? = nil,
    bytesCount: @escaping @Sendable (Item) -> Int,
    reaction: @escaping @Sendable (any Error) -> CommitReaction = { CommitReaction.to($0) },
    commit: @escaping @Sendable ([Item]) async throws -> [Answer]
  ) {
    precondition(limits.parallelMax > 0 && limits.groupMax > 0, "a committer needs room to work")
    self.limits = limits
    self.executor = executor
    self.bytesCount = bytesCount
    self.reaction = reaction
    self.commit = commit
    state = Mutex(State(waiting: BoundedQueue(countMax: limits.waitingMax)))
  }

  /// Number of items that wait now.
  package var waitingCount: Int { state.withLock { $0.waiting.count } }

  /// Number of items that wait or are being committed now.
  package var heldCount: Int { state.withLock { $0.waiting.count + $0.committingCount } }

  /// Gives an item to the next transaction; returns when that is over.
  ///
  /// A caller that is cancelled gets its outcome all the same: others share its transaction.
  package func submit(_ item: Item) async -> Outcome {
    await withCheckedContinuation { continuation in
      submit(item) { continuation.resume(returning: $0) }
    }
  }

  /// Gives an item to the next transaction; calls back when that is over, or at once when too much
  /// waits.
  ///
  /// The call back must not block: all of a group are called one after the other.
  package func submit(_ item: Item, _ answered: @escaping @Sendable (Outcome) -> Void) {
    let size = bytesCount(item)
    let entry = Waiting(item: item, bytesCount: size, answered: answered)
    let (isIn, startsRun) = state.withLock { state -> (Bool, Bool) in
      guard state.bytesCount + size <= limits.waitingBytesMax, state.waiting.append(entry) else {
        return (false, false)
      }
      state.bytesCount += size
      guard state.runningCount < limits.parallelMax else { return (true, false) }
      state.runningCount += 1
      return (true, true)
    }
    if !isIn { answered(.full) }
    if startsRun { Task(executorPreference: executor) { await self.run() } }
  }

  /// Commits groups until nothing waits.
  private func run() async {
    while let group = nextGroup() {
      do {
        try await commitWhole(group)
      } catch {
        switch reaction(error) {
        case .giveUp:
          end(group) { _ in .unavailable }
          for entry in takeAll() { entry.answered(.unavailable) }
        case .split: await split(group, error)
        }
      }
    }
  }

  private func nextGroup() -> [Waiting]? {
    state.withLock { state in
      var group: [Waiting] = []
      var size = 0
      while group.count < limits.groupMax, size < limits.groupBytesMax,
        let entry = state.waiting.popFirst()
      {
        group.append(entry)
        size += entry.bytesCount
      }
      state.bytesCount -= size
      state.committingCount += group.count
      guard group.isEmpty else { return group }
      state.runningCount -= 1
      return nil
    }
  }

  private func takeAll() -> [Waiting] {
    state.withLock { state in
      var entries: [Waiting] = []
      while let entry = state.waiting.popFirst() { entries.append(entry) }
      state.bytesCount = 0
      return entries
    }
  }

  private func commitWhole(_ group: [Waiting]) async throws {
    let answers = try await commit(group.map(\.item))
    precondition(answers.count == group.count, "a commit answers each of its items")
    end(group) { .answered(answers[$0]) }
  }

  /// Tells the items of a group, each by its place, what became of them.
  private func end(_ group: [Waiting], _ outcome: (Int) -> Outcome) {
    state.withLock { $0.committingCount -= group.count }
    for (place, entry) in group.enumerated() { entry.answered(outcome(place)) }
  }

  /// Halves a refused group until the item to blame stands alone.
  private func split(_ group: [Waiting], _ error: any Error) async {
    guard group.count > 1 else {
      end(group) { _ in .failed(error) }
      return
    }
    let middle = group.count / 2
    for half in [Array(group[..<middle]), Array(group[middle...])] {
      do {
        try await commitWhole(half)
      } catch {
        switch reaction(error) {
        case .giveUp: end(half) { _ in .unavailable }
        case .split: await split(half, error)
        }
      }
    }
  }
}
