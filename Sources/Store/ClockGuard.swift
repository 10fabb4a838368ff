package import Basics
package import Logging
import Synchronization

/// Compares the service's clock with the database's: while it is ahead, no day is taken to be over, and none to be old.
///
/// A day that was closed too early stays closed: cards are asked for a part of it, and operators get their
/// shares of a pass by a part of its rides. Positions that were dropped too early do not come back.
package final class ClockGuard: Sendable {
  /// How far the clock may be ahead, seconds.
  package static let aheadSecondsMax: Double = 60
  /// Pause between two warnings, seconds.
  static let warningPauseSeconds: Int64 = 600

  private let store: Store
  private let now: @Sendable () -> Instant
  private let log: Logger
  private let warnedAt = Mutex<Instant?>(nil)

  /// Makes a guard of a clock.
  package init(store: Store, log: Logger, now: @escaping @Sendable () -> Instant) {
    self.store = store
    self.log = log
    self.now = now
  }

  /// Whether the clock is not ahead of the database's; else the log says by how much, now and then.
  package func isRight() async throws -> Bool {
    let theirs = try await store.read { db in try await db.standing.clock() }
    let moment = now()
    let seconds = moment.secondsSince(theirs)
    guard seconds > Self.aheadSecondsMax else { return true }
    let isTold = warnedAt.withLock { last in
      // A clock that was set back warned later than now.
      if let last, last <= moment,
        moment < last.adding(seconds: Self.warningPauseSeconds)
      {
        return true
      }
      last = moment
      return false
    }
    if !isTold {
      log.error(
        "the clock is ahead of the database's: no day is closed, and no positions are dropped",
        metadata: ["seconds": "\(Int(seconds))"])
    }
    return false
  }
}
