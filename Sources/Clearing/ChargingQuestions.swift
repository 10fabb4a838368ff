import Basics
import Charging
import Logging
import Metrics
import Store
import Synchronization
import Tapping
import Tariff

/// What the acquirer is asked about.
enum AskedKind: CaseIterable, Sendable {
  case windows, cards, refunds
}

extension ChargingService {
  /// Asks the acquirer about what is due of some kinds, until nothing is; how much there was.
  ///
  /// The kinds take turns, so that many of one do not keep the others waiting.
  func ask(_ kinds: [AskedKind], _ acquirer: any Acquirer) async throws -> Int {
    let turn = Mutex(0)
    let asking = Asking(
      acquirer: acquirer,
      claim: { countMax in
        for _ in kinds {
          let kind = turn.withLock { place in
            defer { place = (place + 1) % kinds.count }
            return kinds[place]
          }
          let claim = try await self.claim(kind, countMax: countMax, of: acquirer)
          if claim.looked > 0 { return claim }
        }
        return Claim()
      },
      note: { answers in try await self.note(answers) })
    return try await asking.pass()
  }

  /// Claims what is due of a kind; nothing while a hold stands.
  private func claim(
    _ kind: AskedKind, countMax: Int, of acquirer: any Acquirer
  ) async throws -> Claim {
    let claim =
      switch kind {
      case .windows: try await claimWindows(acquirer, countMax: countMax)
      case .cards: try await claimCards(countMax: countMax)
      case .refunds: try await claimRefunds(countMax: countMax)
      }
    questions.increment(by: claim.looked)
    return claim
  }

  private func note(_ answers: [GivenAnswer]) async throws {
    for answer in answers {
      if case .refused(let why) = answer.answer {
        log.error("the acquirer refused", metadata: ["key": "\(answer.key)", "why": "\(why)"])
      }
    }
    let desk = AnswerDesk(store: store, city: city, denyList: denyList, now: now)
    try await desk.apply(answers, actor: "acquirer")
  }

  /// Claims windows that are due.
  private func claimWindows(
    _ acquirer: any Acquirer, countMax: Int
  ) async throws -> Claim {
    let moment = now()
    var states: [ChargeWindow.State] = [.closed, .retrying, .authorising]
    if !acquirer.capturesByFile { states += [.authorised, .capturing] }
    let wanted = states
    let claimed = try await store.write { db -> [(ChargeWindowRow, ChargeAction)] in
      guard try await db.restores.hold() == nil else { return [] }
      let due = try await db.charging.due(wanted, at: moment, countMax: countMax)
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
    guard !claimed.isEmpty else { return Claim() }
    let tokens = try await tokens(windows: claimed.map(\.0.id), cards: [])
    var questions: [Question] = []
    for (row, action) in claimed {
      guard let token = tokens[row.medium] else {
        try await setAside(row, "the journal has no tap of this card any more")
        continue
      }
      if let question = Self.question(row, action, cardToken: token) { questions.append(question) }
    }
    return Claim(looked: claimed.count, questions: questions)
  }

  private static func question(
    _ row: ChargeWindowRow, _ action: ChargeAction, cardToken: [UInt8]
  ) -> Question? {
    func question(
      _ operation: AcquirerRequest.Operation, attempt: Int32, isCapture: Bool
    ) -> Question {
      Question(
        request: AcquirerRequest(
          key: .window(row.id, attempt: attempt), operation: operation, currency: row.currency,
          cardToken: cardToken), isCapture: isCapture)
    }
    return switch action {
    case .authorise(let attempt, let minor):
      question(.authorise(minor: minor), attempt: attempt, isCapture: false)
    case .capture(let attempt, let minor, let reference):
      question(.capture(minor: minor, reference: reference), attempt: attempt, isCapture: true)
    default: nil
    }
  }

  /// Claims cards that were never checked, and those that asked to be.
  ///
  /// Of one that was registered and never tapped there is nothing to ask with: it waits.
  private func claimCards(countMax: Int) async throws -> Claim {
    let moment = now()
    let (looked, claimed) = try await store.write { db -> (Int, [(MediumID, Int32)]) in
      guard try await db.restores.hold() == nil else { return (0, []) }
      var cards = try await db.charging.cardsDue(at: moment, countMax: countMax)
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
      return Claim(looked: looked - claimed.count)
    }
    let tokens = try await tokens(windows: [], cards: claimed.map(\.0))
    let questions = claimed.compactMap { medium, attempt -> Question? in
      guard let token = tokens[medium] else { return nil }
      return Question(
        request: AcquirerRequest(
          key: .check(medium, attempt: attempt), operation: .check, currency: currency,
          cardToken: token), isCapture: false)
    }
    return Claim(looked: looked, questions: questions)
  }

  /// Claims refunds that are due.
  private func claimRefunds(countMax: Int) async throws -> Claim {
    let moment = now()
    let (looked, claimed) = try await store.write { db -> (Int, [RefundToGive]) in
      guard try await db.restores.hold() == nil else { return (0, []) }
      let (looked, asked) = try await db.refundsToGive(at: moment, countMax: countMax)
      try await db.charging.ask(
        refunds: asked.map(\.refund.id), pauseSecondsMin: ChargeWindow.answerSecondsMax,
        pauseSecondsMax: ChargeWindow.pauseSecondsMax, at: moment)
      return (looked, asked)
    }
    guard !claimed.isEmpty else { return Claim(looked: looked) }
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
    return Claim(looked: looked, questions: questions)
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

  private func setAside(_ row: ChargeWindowRow, _ why: String) async throws {
    let moment = now()
    log.error("a window cannot be charged", metadata: ["window": "\(row.id)", "why": "\(why)"])
    try await store.write { db in
      try await db.charging.putOff([row.id], until: moment.adding(seconds: 86_400))
    }
  }
}

extension JournalPlace {
  /// The place of the batch that brought a token.
  init(_ place: TokenPlace) {
    self.init(lane: Lane.of(name: place.tap.device), batchID: place.batchID)
  }
}
