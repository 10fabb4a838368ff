import ServiceClient
import Synchronization

/// Looks each half minute at how much memory a process has, and says so.
final class MemoryWatch: Sendable {
  /// Seconds between two looks.
  static let pauseSeconds = 30

  private let seen = Mutex<[Int]>([])
  private let looking = Mutex<Task<Void, any Error>?>(nil)

  /// Begins to look; without a process there is nothing to see.
  init(process: Int32?) {
    guard let process else { return }
    let task = Task { [weak self] in
      while true {
        try await Task.sleep(for: .seconds(Self.pauseSeconds))
        guard let self, let bytes = ProcessorTime.residentBytes(of: process) else { return }
        note(bytes)
      }
    }
    looking.withLock { $0 = task }
  }

  private func note(_ bytes: Int) {
    let count = seen.withLock { seen in
      seen.append(bytes)
      return seen.count
    }
    ProgressBar.write("after \(count * Self.pauseSeconds) s the service has \(bytes >> 20) MiB\n")
  }

  /// Ends, and gives the bytes of each look.
  func end() -> [Int] {
    looking.withLock { $0?.cancel() }
    return seen.withLock { $0 }
  }
}
