import Basics
import Synchronization

/// Whose turn it is: work that had better wait while other work is behind waits no longer than so long.
final class WaitingTurn: Sendable {
  private let secondsMax: Int
  private let waitsSince = Mutex<Instant?>(nil)

  init(secondsMax: Int) { self.secondsMax = secondsMax }

  /// Whether the work is due; whoever is told so although the other work is behind waits anew.
  func isDue(isBehind: Bool, at now: Instant) -> Bool {
    waitsSince.withLock { since in
      guard isBehind else {
        since = nil
        return true
      }
      // A clock that was set back began later than now.
      let begin = min(since ?? now, now)
      let isDue = now >= begin.adding(seconds: Int64(secondsMax))
      since = isDue ? nil : begin
      return isDue
    }
  }
}
