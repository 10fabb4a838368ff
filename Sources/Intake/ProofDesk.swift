import Synchronization

/// Bounds of the work that is done for senders who are not proven yet.
package struct ProofLimits: Sendable {
  /// Most proofs looked at at once: one for each thread that does it.
  package var parallelMax = 2
  /// Most posts that wait for it.
  package var waitingMax = 4096
  /// Most looks into the database at once, for devices and sessions not remembered here.
  package var lookupsMax = 8
  /// Most posts that wait for theirs.
  package var lookupsWaitingMax = 4096

  /// Makes the limits of the house.
  package init() {}
}

/// Lets the proofs of posts be looked at in turns, by the name that each is posted under.
///
/// Until a proof holds, anybody may have written the name. So a name is given turns and not a number
/// of posts that somebody else could use up: bad proofs under it delay its own good ones by as many as
/// wait with them, and those under other names by one.
package final class ProofDesk: Sendable {
  /// Hands work to a thread that is no event loop's, and returns at once.
  package typealias Runner = @Sendable (_ work: @escaping @Sendable () -> Void) -> Void
  private typealias Start = @Sendable (_ hasTurn: Bool) -> Void

  private let proofs: Mutex<TurnQueue<Start>>
  private let lookups: Mutex<TurnQueue<Start>>
  private let run: Runner

  /// Makes a desk whose proofs are looked at by a runner.
  package init(
    limits: ProofLimits = ProofLimits(), run: @escaping Runner = { work in Task { work() } }
  ) {
    proofs = Mutex(TurnQueue(parallelMax: limits.parallelMax, waitingMax: limits.waitingMax))
    lookups = Mutex(
      TurnQueue(parallelMax: limits.lookupsMax, waitingMax: limits.lookupsWaitingMax))
    self.run = run
  }

  /// Posts whose proof waits to be looked at.
  package var waitingCount: Int { proofs.withLock { $0.waitingCount } }

  /// Looks at a proof in the turn of a name; `refused` is called instead when there is no room.
  func prove(
    _ name: String, refused: @escaping @Sendable () -> Void, _ work: @escaping @Sendable () -> Void
  ) {
    Self.enter(proofs, name) { hasTurn in
      guard hasTurn else { return refused() }
      self.run {
        work()
        Self.leave(self.proofs, name)
      }
    }
  }

  /// Looks at a proof in the turn of a name.
  func prove<Proven: Sendable>(
    _ name: String, _ work: @escaping @Sendable () -> Result<Proven, IntakeRefusal>
  ) async throws(IntakeRefusal) -> Proven {
    try await withCheckedContinuation { continuation in
      prove(name) {
        continuation.resume(returning: .failure(.tooMuchToProve))
      } _: {
        continuation.resume(returning: work())
      }
    }.get()
  }

  /// Asks the database about a sender in the turn of a name.
  package func lookUp<Found: Sendable>(
    _ name: String, _ work: () async throws(IntakeRefusal) -> Found
  ) async throws(IntakeRefusal) -> Found {
    let hasTurn = await withCheckedContinuation { continuation in
      Self.enter(lookups, name) { continuation.resume(returning: $0) }
    }
    guard hasTurn else { throw .tooMuchToProve }
    defer { Self.leave(lookups, name) }
    return try await work()
  }

  private static func enter(
    _ queue: borrowing Mutex<TurnQueue<Start>>, _ name: String, _ start: @escaping Start
  ) {
    switch queue.withLock({ $0.enter(name, start) }) {
    case .begins: start(true)
    case .waits: break
    case .displaces(let other): other(false)
    case .refused: start(false)
    }
  }

  private static func leave(_ queue: borrowing Mutex<TurnQueue<Start>>, _ name: String) {
    if let next = queue.withLock({ $0.leave(name) }) { next(true) }
  }
}
