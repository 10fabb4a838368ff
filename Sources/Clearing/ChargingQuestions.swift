import Basics
import Charging
import Logging
import Store
import Tapping
import Tariff

extension ChargingService {
  /// A question on its way, and whether it is a capture.
  struct Question: Sendable {
    let request: AcquirerRequest
    let isCapture: Bool
  }

  /// Claims windows that are due, asks the acquirer, and applies what it answers.
  func askWindows(_ acquirer: any Acquirer) async throws -> Int {
    let moment = now()
    var states: [ChargeWindow.State] = [.closed, .retrying, .authorising]
    if !acquirer.capturesByFile { states += [.authorised, .capturing] }
    let wanted = states
    let claimed = try await store.write { db -> [(ChargeWindowRow, ChargeAction)] in
      let due = try await db.charging.due(wanted, at: moment, countMax: Self.claimsMax)
      guard !due.isEmpty else { return [] }
      var batch = ChargeBatch(
        due, on: try await self.bookingDate(of: moment, in: db), at: moment)
      for row in due {
        let event: ChargeEvent =
          switch row.window.state {
          case .closed, .retrying: .ask(.merchant)
          case .authorised: .capture
          default: .askAgain
          }
        try batch.apply(event, to: row.id, actor: "clock")
      }
      try await batch.finish(in: db, denyList: self.denyList)
      return batch.questions
    }
    guard !claimed.isEmpty else { return 0 }
    let tokens = try await tokens(windows: claimed.map(\.0.id), cards: [])
    var questions: [Question] = []
    for (row, action) in claimed {
      guard let token = tokens[row.medium] else {
        try await setAside(row, "the journal has no tap of this card any more")
        continue
      }
      switch action {
      case .authorise(let attempt, let minor):
        questions.append(
          Question(
            request: AcquirerRequest(
              key: .window(row.id, attempt: attempt), operation: .authorise(minor: minor),
              currency: row.currency, cardToken: token), isCapture: false))
      case .capture(let attempt, let minor, let reference):
        questions.append(
          Question(
            request: AcquirerRequest(
              key: .window(row.id, attempt: attempt),
              operation: .capture(minor: minor, reference: reference), currency: row.currency,
              cardToken: token), isCapture: true))
      default: continue
      }
    }
    try await applyAnswers(to: questions, acquirer)
    return claimed.count
  }

  /// Checks cards that were never checked, and those that asked to be.
  ///
  /// Of one that was registered and never tapped there is nothing to ask with: it waits.
  func checkCards(_ acquirer: any Acquirer) async throws -> Int {
    let moment = now()
    let (looked, claimed) = try await store.write { db -> (Int, [(MediumID, Int32)]) in
      var cards = try await db.charging.cardsDue(at: moment, countMax: Self.claimsMax)
      let tapped = Set(
        try await db.charging.tokenPlaces(windows: [], cards: cards.map(\.medium)).map(\.medium))
      var asked: [(MediumID, Int32)] = []
      for index in cards.indices {
        guard tapped.contains(cards[index].medium) else {
          cards[index].standing.awaitFirstTap(at: moment)
          continue
        }
        for case .check(let attempt) in cards[index].standing.apply(.ask, at: moment) {
          asked.append((cards[index].medium, attempt))
        }
      }
      try await db.charging.save(cards)
      try await db.charging.add(
        asked.map { medium, attempt in
          ChargeEventRow(
            medium: medium, at: moment, kind: "check_asked", attempt: attempt, actor: "clock")
        })
      return (cards.count, asked)
    }
    guard !claimed.isEmpty, let currency = city.current.book?.versions.last?.currency else {
      return looked - claimed.count
    }
    let tokens = try await tokens(windows: [], cards: claimed.map(\.0))
    let questions = claimed.compactMap { medium, attempt -> Question? in
      guard let token = tokens[medium] else { return nil }
      return Question(
        request: AcquirerRequest(
          key: .check(medium, attempt: attempt), operation: .check, currency: currency,
          cardToken: token), isCapture: false)
    }
    try await applyAnswers(to: questions, acquirer)
    return looked
  }

  /// Asks for refunds that are due.
  func askRefunds(_ acquirer: any Acquirer) async throws -> Int {
    let moment = now()
    let claimed = try await store.write { db -> [RefundToGive] in
      let asked = try await db.refundsToGive(at: moment, countMax: Self.claimsMax)
      try await db.charging.ask(
        refunds: asked.map(\.refund.id), pauseSecondsMin: ChargeWindow.answerSecondsMax,
        pauseSecondsMax: ChargeWindow.pauseSecondsMax, at: moment)
      return asked
    }
    guard !claimed.isEmpty else { return 0 }
    let tokens = try await tokens(windows: claimed.map(\.window.id), cards: [])
    let questions = claimed.compactMap { due -> Question? in
      guard let token = tokens[due.window.medium], let reference = due.window.window.reference
      else { return nil }
      return Question(
        request: AcquirerRequest(
          key: .refund(due.refund.id),
          operation: .refund(minor: due.refund.minor, reference: reference),
          currency: due.window.currency, cardToken: token), isCapture: false)
    }
    try await applyAnswers(to: questions, acquirer)
    return claimed.count
  }

  /// The tokens of cards, read from the journal, where alone they are kept.
  func tokens(windows: [Int64], cards: [MediumID]) async throws -> [MediumID: [UInt8]] {
    try await store.read { db in try await tokens(windows: windows, cards: cards, in: db) }
  }

  func tokens(
    windows: [Int64], cards: [MediumID], in db: StoreSession
  ) async throws -> [MediumID: [UInt8]] {
    let places = try await db.charging.tokenPlaces(windows: windows, cards: cards)
    let bodies = try await db.charging.bodies(Set(places.map { JournalPlace($0) }))
    var decoded: [JournalPlace: [Int64: [UInt8]]] = [:]
    var tokens: [MediumID: [UInt8]] = [:]
    for place in places {
      let batch = JournalPlace(place)
      if decoded[batch] == nil {
        let taps = bodies[batch].flatMap { try? $0.decode() }?.taps ?? []
        decoded[batch] = Dictionary(
          taps.map { ($0.seq, $0.token) }, uniquingKeysWith: { first, _ in first })
      }
      tokens[place.medium] = decoded[batch]?[place.tap.seq]
    }
    return tokens
  }

  /// Asks all questions, so many at once as the acquirer takes, and applies the answers.
  private func applyAnswers(to questions: [Question], _ acquirer: any Acquirer) async throws {
    guard !questions.isEmpty else { return }
    let answers = await withTaskGroup(of: GivenAnswer.self) { group in
      var waiting = questions[...]
      var answers: [GivenAnswer] = []
      for _ in 0..<max(1, acquirer.concurrencyMax) {
        guard let question = waiting.popFirst() else { break }
        group.addTask { await question.ask(acquirer) }
      }
      while let answer = await group.next() {
        answers.append(answer)
        if let question = waiting.popFirst() {
          group.addTask { await question.ask(acquirer) }
        }
      }
      return answers
    }
    for answer in answers {
      if case .refused(let why) = answer.answer {
        log.error("the acquirer refused", metadata: ["key": "\(answer.key)", "why": "\(why)"])
      }
    }
    let desk = AnswerDesk(store: store, city: city, denyList: denyList, now: now)
    try await desk.apply(answers, actor: "acquirer")
  }

  private func setAside(_ row: ChargeWindowRow, _ why: String) async throws {
    let moment = now()
    log.error("a window cannot be charged", metadata: ["window": "\(row.id)", "why": "\(why)"])
    try await store.write { db in
      try await db.charging.putOff([row.id], until: moment.adding(seconds: 86_400))
    }
  }
}

extension ChargingService.Question {
  func ask(_ acquirer: any Acquirer) async -> GivenAnswer {
    GivenAnswer(
      key: request.key.description, isCapture: isCapture, answer: await acquirer.ask(request))
  }
}

extension JournalPlace {
  /// The place of the batch that brought a token.
  init(_ place: TokenPlace) {
    self.init(lane: Lane.of(name: place.tap.device), batchID: place.batchID)
  }
}
