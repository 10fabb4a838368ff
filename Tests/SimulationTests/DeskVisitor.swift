import AcquirerSupport
import Basics
import Clearing

/// What became of something at a desk.
enum DeskOutcome<Result: Sendable>: Sendable {
  case done(Result)
  case refused(String)
}

/// How a desk tells that something was done before, each in words of its own.
enum DeskRepetition<Result: Sendable>: Sendable {
  /// It answers as the first time, or that nothing is left to do.
  case answered(@Sendable (Result) -> Bool)
  /// Its second answer is to the first one as it should be.
  case compared(@Sendable (Result, Result) -> Bool)
  /// It refuses with a sentence that has these words.
  case refused(String)
}

/// Somebody who does things at desks until they are done, whenever processes end.
///
/// A process may end before its transaction is: then it is asked anew. It may also end after it and before its
/// answer: who does not see the answer asks again for what was done.
protocol DeskVisitor {
  var house: BooksHouse { get }
  /// Shifts which of the things that were done are asked for again.
  var askingSeed: UInt64 { get }
  /// Whatever a desk did otherwise than it should.
  var findings: [String] { get set }
  /// How much was done at desks that may be asked for again.
  var deedsDone: UInt64 { get set }

  mutating func count(_ what: String)
}

/// What a desk refused that it had no reason to refuse.
struct RefusedAtDesk: Error {
  let what: String
  let why: String
}

extension DeskVisitor {
  /// One of so many things that were done at a desk is asked for again.
  private static var askedAgainEvery: UInt64 { 5 }

  /// Does something at a desk until it is done or refused.
  func ask<Result: Sendable>(
    _ body: @Sendable () async throws -> Result
  ) async throws -> DeskOutcome<Result> {
    do {
      return .done(try await house.insist(body))
    } catch let refusal as RiderRefusal {
      return .refused("\(refusal)")
    } catch let refusal as MoneyRefusal {
      return .refused("\(refusal)")
    }
  }

  /// Does something at a desk until it is done or refused, and now and then once more after it was done.
  ///
  /// The answer has to name it as done; that nothing moved twice the books beside find.
  mutating func ask<Result: Sendable>(
    _ what: String, again: DeskRepetition<Result>, _ body: @Sendable () async throws -> Result
  ) async throws -> DeskOutcome<Result> {
    let outcome = try await ask(body)
    guard case .done(let first) = outcome else { return outcome }
    deedsDone += 1
    guard (deedsDone + askingSeed).isMultiple(of: Self.askedAgainEvery) else { return outcome }
    let second = try await ask(body)
    let isKnown =
      switch (second, again) {
      case (.done(let result), .answered(let isSame)): isSame(result)
      case (.done(let result), .compared(let isAlike)): isAlike(first, result)
      case (.refused(let why), .refused(let words)): why.contains(words)
      default: false
      }
    if !isKnown {
      findings.append("\(what) on \(house.clock.now), asked for again: \(second)")
    }
    count("asked again")
    count("\(what) asked again")
    return outcome
  }

  /// The same of something that no desk may refuse.
  @discardableResult
  mutating func have<Result: Sendable>(
    _ what: String, again: DeskRepetition<Result>, _ body: @Sendable () async throws -> Result
  ) async throws -> Result {
    switch try await ask(what, again: again, body) {
    case .done(let result): return result
    case .refused(let why): throw RefusedAtDesk(what: what, why: why)
    }
  }
}
