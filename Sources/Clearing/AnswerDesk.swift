package import Basics
package import Charging
import Ledger
package import Store

/// An answer of the acquirer to one of our keys, whenever and however it came.
package struct GivenAnswer: Sendable, Hashable {
  /// One of ours, or what the acquirer took for one.
  package let key: String
  /// Whether a capture was answered; else an authorisation, check or refund.
  package let isCapture: Bool
  package let answer: AcquirerAnswer

  /// Makes an answer.
  package init(key: String, isCapture: Bool, answer: AcquirerAnswer) {
    self.key = key
    self.isCapture = isCapture
    self.answer = answer
  }
}

/// Applies what the acquirer says, at once or in a message; what is known already is harmless.
package struct AnswerDesk: Sendable {
  /// A card that comes onto the deny list, or off it.
  private struct CardListing {
    let medium: MediumID
    let isDenied: Bool
  }

  let store: Store
  let city: CityHolder
  let denyList: any DenyListing
  let now: @Sendable () -> Instant

  /// Makes the use case.
  package init(
    store: Store, city: CityHolder, denyList: any DenyListing,
    now: @escaping @Sendable () -> Instant
  ) {
    self.store = store
    self.city = city
    self.denyList = denyList
    self.now = now
  }

  /// Applies answers in one transaction; for each, why it was not taken, nil when it was.
  @discardableResult
  package func apply(_ answers: [GivenAnswer], actor: String) async throws -> [String?] {
    try await store.write { db in try await apply(answers, actor: actor, in: db) }
  }

  func apply(
    _ answers: [GivenAnswer], actor: String, in db: StoreSession
  ) async throws -> [String?] {
    let moment = now()
    let subjects = answers.map { ChargeKey.subject($0.key) }
    var refundIDs: [Int64] = []
    var windowIDs: Set<Int64> = []
    for subject in subjects {
      switch subject {
      case .window(let id, _): windowIDs.insert(id)
      case .refund(let id): refundIDs.append(id)
      case .check, nil: continue
      }
    }
    // Windows before refunds before cards: the order in which everybody locks.
    let refundWindows = try await db.charging.windows(ofRefunds: refundIDs)
    let rows = try await db.charging.lock(windowIDs.union(refundWindows.values).sorted())
    let refunds = Dictionary(
      uniqueKeysWithValues: try await db.charging.lockRefunds(refundIDs).map { ($0.id, $0) })
    var batch = ChargeBatch(
      rows, on: try await db.bookingDate(of: moment, in: city.current), at: moment)
    var settled = refunds
    var listing: [CardListing] = []
    var outcomes: [String?] = []
    for (answer, subject) in zip(answers, subjects) {
      switch subject {
      case .window(let id, let attempt):
        outcomes.append(tell(answer, window: id, attempt: attempt, actor: actor, &batch))
      case .refund(let id):
        outcomes.append(try await tell(answer, refund: settled[id], actor, &batch, db))
        if outcomes.last == .some(nil) { settled[id] = nil }
      case .check(let medium, let attempt):
        outcomes.append(
          try await tell(answer, card: medium, attempt: attempt, &listing, moment, db))
      case nil: outcomes.append("the key is none of ours")
      }
    }
    try await batch.finish(in: db, denyList: denyList)
    // After every card is locked: the list is changed by one transaction at a time. What became of windows meanwhile
    // goes before: a card that was declined beside its check is not let on by that.
    let denied = Set(
      try await db.charging.lockCards(Set(listing.map(\.medium)))
        .filter { $0.standing.state == .denied }.map(\.medium))
    for listed in listing where listed.isDenied == denied.contains(listed.medium) {
      if listed.isDenied {
        try await denyList.deny([listed.medium], reason: "first_use", at: moment, in: db)
      } else {
        try await denyList.allow([listed.medium], at: moment, in: db)
      }
    }
    return outcomes
  }

  private func tell(
    _ answer: GivenAnswer, window id: Int64, attempt: Int32, actor: String,
    _ batch: inout ChargeBatch
  ) -> String? {
    guard batch.windows[id] != nil else { return "there is no window \(id)" }
    let event: ChargeEvent
    var reference: String?
    switch answer.answer {
    case .done(let name):
      event =
        answer.isCapture
        ? .captured(attempt: attempt, reference: name)
        : .authorised(attempt: attempt, reference: name)
      reference = name
    case .declined(let code, let isFinal):
      event = .declined(attempt: attempt, code: code, isFinal: isFinal)
    case .unknown(let why):
      batch.note("no_answer", window: id, actor: actor, detail: why)
      return nil
    case .refused(let why):
      batch.note("refused", window: id, actor: actor, detail: why)
      return why
    }
    do {
      try batch.apply(event, to: id, actor: actor, reference: reference)
      return nil
    } catch {
      return "\(error)"
    }
  }

  private func tell(
    _ answer: GivenAnswer, refund: RefundRow?, _ actor: String, _ batch: inout ChargeBatch,
    _ db: StoreSession
  ) async throws -> String? {
    guard let refund else { return "the refund is not known, or was answered before" }
    guard refund.state == .asking || refund.state == .approved else {
      switch (answer.answer, refund.state) {
      case (.done, .paid), (.done, .settled), (.declined, .failed):
        return ChargeRefusal.alreadyKnown.description
      default: return "the refund is \(refund.state.rawValue)"
      }
    }
    let name = ChargeKey.refund(refund.id).description
    switch answer.answer {
    case .done(let reference):
      try await db.charging.move(
        refunds: [refund.id], to: .paid, reference: reference, at: batch.now)
      try batch.book(
        .refundPaid, refund.minor, window: refund.windowID, kind: "refund_paid", actor: actor,
        reference: name)
    case .declined(let code, _):
      try await db.charging.move(refunds: [refund.id], to: .failed, fault: code, at: batch.now)
      batch.note(
        "refund_failed", window: refund.windowID, minor: refund.minor, actor: actor,
        reference: name, detail: code)
    case .unknown(let why), .refused(let why):
      batch.note(
        "no_answer", window: refund.windowID, actor: actor, reference: name, detail: why)
    }
    return nil
  }

  private func tell(
    _ answer: GivenAnswer, card medium: MediumID, attempt: Int32,
    _ listing: inout [CardListing], _ moment: Instant, _ db: StoreSession
  ) async throws -> String? {
    let isGood: Bool
    switch answer.answer {
    case .done: isGood = true
    case .declined: isGood = false
    case .unknown, .refused: return nil
    }
    guard var card = try await db.charging.lockCards([medium]).first else {
      return "the card is not known"
    }
    let before = card.standing
    let actions = card.standing.apply(.checked(attempt: attempt, isGood: isGood), at: moment)
    guard card.standing != before else { return "known already" }
    try await db.charging.save([card])
    var event = ChargeEventRow(
      medium: medium, at: moment, kind: isGood ? "card_good" : "card_bad", attempt: attempt,
      actor: "acquirer")
    for action in actions {
      switch action {
      case .check: continue
      case .deny:
        try await db.charging.addDenials([medium], reason: "first_use", at: moment)
        listing.append(CardListing(medium: medium, isDenied: true))
      case .allow(let seconds):
        event.detail = "denied for \(Int64(seconds)) s; by check"
        try await db.charging.endDenial(of: medium, by: "check", at: moment)
        listing.append(CardListing(medium: medium, isDenied: false))
      }
    }
    try await db.charging.add([event])
    return nil
  }
}
