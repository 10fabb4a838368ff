/// A number of turns; those for whom there is none wait in the order of their asking.
///
/// All tests of a run start at once: what each of them starts as a process of its own would have to
/// share the machine with all others, and what has a limit on its time would pass it.
package actor Turns {
  /// Servers of PostgreSQL, and services over them, that run at a time beside the leased databases.
  package static let servers = Turns(6)

  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  package init(_ count: Int) {
    precondition(count > 0)
    free = count
  }

  /// Waits for a turn; whoever takes one gives it back.
  package func take() async {
    guard free == 0 else {
      free -= 1
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  /// The next who waits has the turn; otherwise there is one more to have.
  package func give() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }

  /// Runs a body while it has a turn.
  package nonisolated func with<Result: Sendable>(
    _ body: () async throws -> Result
  ) async throws -> Result {
    await take()
    do {
      let result = try await body()
      await give()
      return result
    } catch {
      await give()
      throw error
    }
  }
}
