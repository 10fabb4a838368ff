package import Basics
package import Charging
package import SimulatedAcquirer
package import Synchronization

/// A clock that tests move.
package final class TestClock: Sendable {
  private let moment: Mutex<Instant>

  /// Starts at a moment.
  package init(_ start: Instant) { moment = Mutex(start) }

  /// What it shows.
  package var now: Instant { moment.withLock { $0 } }

  /// Moves it on.
  package func advance(seconds: Int64) { moment.withLock { $0 = $0.adding(seconds: seconds) } }

  /// Puts it to a moment.
  package func set(_ other: Instant) { moment.withLock { $0 = other } }
}

/// A simulated acquirer in the process, asked and answering by the bytes of the wire.
package final class InProcessAcquirer: Acquirer {
  package let concurrencyMax = 3
  package let capturesByFile: Bool
  /// Its own books, for those who compare.
  package let books: Mutex<AcquirerBooks>
  private let clock: TestClock
  private let waiting = Mutex<[(due: Instant, body: [UInt8])]>([])

  /// Opens it with empty books.
  package init(
    seed: UInt64, mood: AcquirerMood, clock: TestClock, capturesByFile: Bool = false
  ) {
    books = Mutex(AcquirerBooks(seed: seed, mood: mood))
    self.clock = clock
    self.capturesByFile = capturesByFile
  }

  /// Carries a question out and answers it, or is silent.
  package func ask(_ request: AcquirerRequest) async -> AcquirerAnswer {
    let reply = books.withLock {
      $0.answer(
        path: AcquirerWire.path(request.operation), body: AcquirerWire.body(of: request))
    }
    let now = clock.now
    waiting.withLock { list in
      list += reply.messages.map {
        (now.adding(seconds: Int64($0.afterSeconds)), $0.body)
      }
    }
    guard !reply.isSilent else { return .unknown("no answer") }
    return AcquirerWire.answer(status: reply.status, body: reply.body)
  }

  /// Messages whose time has come, in the order of their time.
  package func dueMessages() -> [[UInt8]] {
    let now = clock.now
    return waiting.withLock { list in
      let due = list.filter { $0.due <= now }.sorted { $0.due < $1.due }
      list.removeAll { $0.due <= now }
      return due.map(\.body)
    }
  }
}
