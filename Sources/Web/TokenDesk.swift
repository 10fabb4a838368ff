package import Basics
import HTTPTypes
import Intake
package import Store
import Synchronization
import Tapping

/// Bounds of the looks into the database for bearer tokens.
package struct TokenLimits: Sendable {
  /// Most looks at once for tokens that did not hold lately.
  package var lookupsMax = 4
  /// Most requests that wait for theirs.
  package var lookupsWaitingMax = 512
  /// Most tokens remembered that are nobody's, and as many of those that held.
  package var rememberedMax = 4096

  /// Makes the limits of the house.
  package init() {}
}

/// Finds who bears a token.
///
/// What a token allows is looked up anew for each request, so that a revoked one opens nothing from
/// that moment on. That a token is nobody's is remembered for some seconds, and the looks for those
/// that did not hold lately stand in line, so that whoever tries tokens has few hands of the database
/// and people who are signed in none fewer.
package final class TokenDesk: Sendable {
  /// Longest time for which a token is taken to be nobody's: a token that is made after a refused
  /// try works by then.
  package static let nobodyAgeSecondsMax: Int64 = 5

  /// What is known of a token without a look into the database.
  fileprivate enum Standing {
    case nobodys
    /// It held when it was looked at last.
    case heldLately
    case unknown
  }

  fileprivate struct Memory: Sendable {
    /// Requests that were told to come again later.
    var refusedCount = 0
    /// When digests were found to be nobody's.
    var nobodies: [[UInt8]: Instant] = [:]
    /// When digests held.
    var held: [[UInt8]: Instant] = [:]
  }

  private let store: Store
  private let limits: TokenLimits
  private let turns: ProofDesk
  private let memory = Mutex(Memory())

  /// Makes a desk over the tokens of a store.
  package init(store: Store, limits: TokenLimits = TokenLimits()) {
    self.store = store
    self.limits = limits
    var turns = ProofLimits()
    turns.lookupsMax = limits.lookupsMax
    turns.lookupsWaitingMax = limits.lookupsWaitingMax
    self.turns = ProofDesk(limits: turns)
  }

  /// Tokens remembered to be nobody's.
  package var rememberedCount: Int { memory.withLock { $0.nobodies.count } }

  /// Requests that found no room to wait for a look.
  package var refusedCount: Int { memory.withLock { $0.refusedCount } }

  /// What a token allows; nil when there is no such token, or not any more.
  package func grant(of token: String, at moment: Instant) async throws -> AccessGrant? {
    let digest = AccessTokenText.digest(of: token)
    switch standing(of: digest, at: moment) {
    case .nobodys: return nil
    case .heldLately: return try await find(digest, at: moment)
    case .unknown: break
    }
    let found: Result<AccessGrant?, any Error>
    do throws(IntakeRefusal) {
      found = try await turns.lookUp(hexText(digest)) { () async throws(IntakeRefusal) in
        do { return .success(try await self.findInTurn(digest, at: moment)) } catch {
          return .failure(error)
        }
      }
    } catch {
      memory.withLock { $0.refusedCount += 1 }
      throw Problem.tooManyTokens
    }
    return try found.get()
  }

  private func standing(of digest: [UInt8], at moment: Instant) -> Standing {
    memory.withLock { $0.standing(of: digest, at: moment) }
  }

  /// Whoever waited with the same token may have the answer by now.
  private func findInTurn(_ digest: [UInt8], at moment: Instant) async throws -> AccessGrant? {
    if case .nobodys = standing(of: digest, at: moment) { return nil }
    return try await find(digest, at: moment)
  }

  private func find(_ digest: [UInt8], at moment: Instant) async throws -> AccessGrant? {
    let grant = try await store.read { db in
      try await db.tokens.find(digest: digest, at: moment)
    }
    let isGood = grant != nil
    memory.withLock { $0.keep(digest, isGood: isGood, at: moment, limits.rememberedMax) }
    return grant
  }
}

extension TokenDesk.Memory {
  /// An answer from the future is none: the clock was set back since.
  fileprivate func standing(of digest: [UInt8], at moment: Instant) -> TokenDesk.Standing {
    if let foundAt = nobodies[digest], foundAt <= moment,
      moment < foundAt.adding(seconds: TokenDesk.nobodyAgeSecondsMax)
    {
      return .nobodys
    }
    return held[digest].map { _ in .heldLately } ?? .unknown
  }

  fileprivate mutating func keep(
    _ digest: [UInt8], isGood: Bool, at moment: Instant, _ countMax: Int
  ) {
    if isGood {
      nobodies[digest] = nil
      if held.count >= countMax { held = [:] }
      held[digest] = moment
    } else {
      held[digest] = nil
      if nobodies.count >= countMax { nobodies = [:] }
      nobodies[digest] = moment
    }
  }
}

extension Problem {
  static let tooManyTokens = Problem(
    .serviceUnavailable, "too_many_tokens",
    "Too many tokens that are not known are being looked up; send the request again later.",
    retryAfterSeconds: 2)
}
