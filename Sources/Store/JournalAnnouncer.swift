import Synchronization

/// Tells those who sort that the journal has grown, some time after each commit and not with it.
///
/// NOTIFY inside a transaction takes a lock of the whole database at COMMIT: two groups could not be
/// made durable side by side. An announcement that is lost with the process is no harm, for workers
/// look at the tables each second in any case.
package final class JournalAnnouncer: Sendable {
  /// Pause between two announcements, in milliseconds.
  package static let pauseMilliseconds = 10

  private enum Stage {
    case resting, pausing, wantedAgain
  }
  private let store: Store
  private let stage = Mutex(Stage.resting)

  /// Makes an announcer for the journal of a store.
  package init(store: Store) { self.store = store }

  /// Announces soon: at once when the last time is long ago, else after the pause.
  package func announce() {
    let starts = stage.withLock { stage -> Bool in
      switch stage {
      case .resting:
        stage = .pausing
        return true
      case .pausing, .wantedAgain:
        stage = .wantedAgain
        return false
      }
    }
    if starts { Task(executorPreference: store.executor) { await self.run() } }
  }

  private func run() async {
    repeat {
      // A database that is away has nothing to be told: it is looked at when it is back.
      try? await store.announce(.journal)
      try? await Task.sleep(for: .milliseconds(Self.pauseMilliseconds))
    } while goesOn()
  }

  private func goesOn() -> Bool {
    stage.withLock { stage in
      let goesOn = stage == .wantedAgain
      stage = goesOn ? .pausing : .resting
      return goesOn
    }
  }
}
