package import EventLoop
import Synchronization

/// Keeps a private server running: one that ends by itself, or is killed, is started again.
///
/// What was acknowledged is on disk, so the new server finds it; whoever used the old one sees its
/// connections end, and finds the new one at the same socket.
package final class ClusterKeeper: Sendable {
  /// What became of a server that ended.
  package enum Event: Sendable {
    /// With what it said last.
    case ended(ExitStatus, lastWords: String)
    case startedAgain
    /// It could not be started; it is tried again after a pause.
    case notStarted(ClusterFault)
  }

  /// Pauses before the first and the longest-waiting attempt to start again, in milliseconds.
  static let pauseMilliseconds = 100...10_000

  private let loop: EventLoop
  private let settings: ClusterSettings
  private let folder: String
  private let state: Mutex<State>

  private struct State: Sendable {
    var cluster: PrivateCluster
    var isStopped = false
  }

  /// Makes the keeper of a server that runs.
  private init(cluster: PrivateCluster, folder: String, settings: ClusterSettings, loop: EventLoop)
  {
    self.loop = loop
    self.settings = settings
    self.folder = folder
    state = Mutex(State(cluster: cluster))
  }

  /// Starts the server of a folder; makes its cluster when there is none and it `mayInitialize`.
  package static func start(
    folder: String, loop: EventLoop, settings: ClusterSettings = ClusterSettings(),
    mayInitialize: Bool = true
  ) async throws(ClusterFault) -> ClusterKeeper {
    let cluster = try await PrivateCluster.start(
      folder: folder, loop: loop, settings: settings, mayInitialize: mayInitialize)
    return ClusterKeeper(cluster: cluster, folder: folder, settings: settings, loop: loop)
  }

  /// How to reach the server; the same for each one that is started again.
  package func configuration() -> PostgresConfiguration {
    state.withLock { $0.cluster }.configuration()
  }

  /// Watches the server, and starts it again whenever it ends, until it is stopped or cancelled.
  package func run(_ report: @Sendable (Event) -> Void) async {
    while let ended = state.withLock({ $0.isStopped ? nil : $0.cluster }) {
      guard let status = await Self.end(of: ended), isKept else { return }
      report(.ended(status, lastWords: ended.lastWords))
      // Lets go of the folder, which the next server locks.
      await ended.stop()
      guard await startAgain(report) else { return }
    }
  }

  /// How a server ended; nil when the task is cancelled before.
  private static func end(of cluster: PrivateCluster) async -> ExitStatus? {
    let (ends, end) = AsyncStream.makeStream(of: ExitStatus.self)
    Task {
      end.yield(await cluster.waitForExit())
      end.finish()
    }
    return await ends.first { _ in true }
  }

  private var isKept: Bool { !Task.isCancelled && !state.withLock { $0.isStopped } }

  private func startAgain(_ report: @Sendable (Event) -> Void) async -> Bool {
    var pause = Self.pauseMilliseconds.lowerBound
    while isKept {
      do {
        // What was served was not empty: a new cluster would be an empty city, and look well.
        let cluster = try await PrivateCluster.start(
          folder: folder, loop: loop, settings: settings, mayInitialize: false)
        let isWanted = state.withLock { state in
          if !state.isStopped { state.cluster = cluster }
          return !state.isStopped
        }
        guard isWanted else {
          await cluster.stop()
          return false
        }
        report(.startedAgain)
        return true
      } catch {
        // Processes of the old server may still hold its memory, or the disk may be full.
        report(.notStarted(error))
        try? await Task.sleep(for: .milliseconds(pause))
        pause = min(pause * 2, Self.pauseMilliseconds.upperBound)
      }
    }
    return false
  }

  /// Stops the server for good.
  package func stop() async {
    let cluster = state.withLock { state in
      state.isStopped = true
      return state.cluster
    }
    await cluster.stop()
  }
}
