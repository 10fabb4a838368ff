import Synchronization

/// Lets any number ask the same at once for the price of two looks.
///
/// Whoever asks gets what a look found that began after the question, so that nothing old is told. While one
/// look goes on, all who ask wait for the next one and share it: strangers who ask without end use one
/// connection of the database, however many they are.
package final class SharedLook<Found: Sendable>: Sendable {
  private typealias Waiter = CheckedContinuation<Result<Found, any Error>, Never>

  private struct State {
    var isLooking = false
    var waiters: [Waiter] = []
  }

  private let look: @Sendable () async throws -> Found
  private let state = Mutex(State())

  /// Names what is looked at.
  package init(_ look: @escaping @Sendable () async throws -> Found) { self.look = look }

  /// What a look found that began no earlier than now.
  package func found() async throws -> Found {
    try await withCheckedContinuation { (waiter: Waiter) in
      let isFirst = state.withLock { state in
        state.waiters.append(waiter)
        defer { state.isLooking = true }
        return !state.isLooking
      }
      if isFirst { Task { await lookWhileAsked() } }
    }.get()
  }

  private func lookWhileAsked() async {
    while true {
      let waiters = state.withLock { state in
        defer { state.waiters = [] }
        if state.waiters.isEmpty { state.isLooking = false }
        return state.waiters
      }
      guard !waiters.isEmpty else { return }
      let result: Result<Found, any Error>
      do {
        result = .success(try await look())
      } catch {
        result = .failure(error)
      }
      for waiter in waiters { waiter.resume(returning: result) }
    }
  }
}
