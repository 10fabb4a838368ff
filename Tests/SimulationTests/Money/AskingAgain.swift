import Clearing

/// Whoever does not see the answer of a desk asks again, after it was done: a process that ends after its transaction and
/// before its answer.
extension MoneyPlayer {
  /// How a desk tells that something was done before.
  enum Repetition<Result: Sendable>: Sendable {
    /// It answers as the first time, or that nothing is left to do.
    case answered(@Sendable (Result) -> Bool)
    /// It refuses with a sentence that has these words.
    case refused(String)
  }

  /// One of so many things that were done at a desk is asked for again.
  private static let askedAgainEvery: UInt64 = 5

  /// Does something at a desk until it is done or refused, and now and then once more after it was done.
  ///
  /// The answer has to name it as done; that nothing moved twice the plain ledger finds.
  mutating func ask<Result: Sendable>(
    _ what: String, again: Repetition<Result>, _ body: @Sendable () async throws -> Result
  ) async throws -> Outcome<Result> {
    let outcome = try await ask(body)
    guard case .done = outcome else { return outcome }
    deedsDone += 1
    guard (deedsDone + plan.seed).isMultiple(of: Self.askedAgainEvery) else { return outcome }
    let second = try await ask(body)
    let isKnown =
      switch (second, again) {
      case (.done(let result), .answered(let isSame)): isSame(result)
      case (.refused(let why), .refused(let words)): why.contains(words)
      default: false
      }
    if !isKnown { findings.append("\(what) on \(now), asked for again: \(second)") }
    count("asked again")
    count("\(what) asked again")
    return outcome
  }

  /// A second person decides an order that can be carried out.
  mutating func decide(order: Int64, isApproved: Bool) async throws {
    let house = house
    let outcome = try await ask("order", again: .refused("already")) {
      try await house.moneyOrders.decide(order, isApproved: isApproved, by: "taras")
    }
    _ = judge(outcome, "order decided", isRight: true)
  }
}
