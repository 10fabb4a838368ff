import NIOCore
import NIOPosix

/// Threads beside the event loops on which signatures are checked and bodies unpacked, one per core.
///
/// They live as long as the process.
package enum ProofThreads {
  private static let pool = {
    let pool = NIOThreadPool(numberOfThreads: System.coreCount)
    pool.start()
    return pool
  }()

  /// Number of threads.
  package static var count: Int { System.coreCount }

  /// Runs work on one of the threads; what waits for them is bounded by who gives it.
  package static func run(_ work: @escaping @Sendable () -> Void) { pool.submit { _ in work() } }
}
