import Basics
import Charging

/// A question on its way, and whether it is a capture.
struct Question: Sendable {
  let request: AcquirerRequest
  let isCapture: Bool

  func ask(_ acquirer: any Acquirer) async -> GivenAnswer {
    GivenAnswer(
      key: request.key.description, isCapture: isCapture, answer: await acquirer.ask(request))
  }
}

/// What was claimed in one transaction, to be asked outside of any.
struct Claim: Sendable {
  /// How many rows were looked at; none: nothing is due.
  var looked = 0
  var questions: [Question] = []
}

/// Asks so many questions at once as the acquirer takes, until nothing is due.
///
/// Nothing of the database is held while a call is under way: what is asked was claimed in a transaction that is
/// over, for as long as ``ChargeWindow/answerSecondsMax``, and each answer is noted in another. An answer that is slow
/// holds up nothing but its own question: others are claimed, asked and noted meanwhile. No more is claimed than
/// is on its way, so that a question is asked before its claim ends.
struct Asking: Sendable {
  /// Seconds after which answers are noted, and what became due is looked for, while others are on their way.
  static let turnSeconds: Double = 2
  /// Most answers noted in one transaction.
  static let answersMax = ChargingService.claimsMax

  /// What a task of the group came to.
  private enum Step: Sendable {
    case answered(GivenAnswer)
    case noted
    case turn
  }

  /// What is known of the tasks of the group.
  private struct Progress {
    var waiting: ArraySlice<Question> = []
    var answers: [GivenAnswer] = []
    var askedCount = 0
    var isNoting = false
    /// Whether something may be due; not after nothing was, until a turn is over or answers were noted.
    var mayClaim = true
    var isTurnOver = false
    var looked = 0

    /// Whether answers are to be noted now: each turn, and when no other is awaited.
    var mustNote: Bool {
      guard !isNoting, !answers.isEmpty else { return false }
      return isTurnOver || answers.count >= Asking.answersMax || askedCount == 0
    }

    /// The answers to be noted next, which wait no more.
    mutating func takeAnswers() -> [GivenAnswer] {
      let taken = Array(answers.prefix(Asking.answersMax))
      answers.removeFirst(taken.count)
      (isNoting, isTurnOver) = (true, false)
      return taken
    }
  }

  let acquirer: any Acquirer
  /// Claims at most so many.
  let claim: @Sendable (Int) async throws -> Claim
  let note: @Sendable ([GivenAnswer]) async throws -> Void

  /// Asks until nothing is due and all answers are noted; how many rows were looked at.
  func pass() async throws -> Int {
    try await withThrowingTaskGroup(of: Step.self) { group in
      var progress = Progress()
      group.addTask { await Self.turn() }
      while true {
        try await start(&progress, in: &group)
        if progress.mustNote {
          let answers = progress.takeAnswers()
          group.addTask {
            try await note(answers)
            return .noted
          }
        }
        guard progress.askedCount > 0 || progress.isNoting else { break }
        switch try await group.next() {
        case .answered(let answer):
          progress.askedCount -= 1
          progress.answers.append(answer)
        case .noted: (progress.isNoting, progress.mayClaim) = (false, true)
        case .turn:
          try Task.checkCancellation()
          (progress.isTurnOver, progress.mayClaim) = (true, true)
          group.addTask { await Self.turn() }
        case nil: break
        }
      }
      group.cancelAll()
      return progress.looked
    }
  }

  /// Starts what has room, and claims more where nothing waits.
  private func start(
    _ progress: inout Progress, in group: inout ThrowingTaskGroup<Step, any Error>
  ) async throws {
    let countMax = max(1, acquirer.concurrencyMax)
    while progress.askedCount < countMax {
      if let question = progress.waiting.popFirst() {
        progress.askedCount += 1
        group.addTask { .answered(await question.ask(acquirer)) }
        continue
      }
      // Who answers faster than answers are noted is not asked more.
      guard progress.mayClaim, progress.answers.count < Self.answersMax else { return }
      let claimed = try await claim(min(countMax, ChargingService.claimsMax))
      progress.looked += claimed.looked
      progress.waiting = claimed.questions[...]
      progress.mayClaim = claimed.looked > 0
    }
  }

  private static func turn() async -> Step {
    try? await Task.sleep(for: .seconds(turnSeconds))
    return .turn
  }
}
