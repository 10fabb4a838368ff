package import Basics
import Charging
import Ledger
package import Store

/// Where cards are put on the deny list that validators hold, and taken off it.
package protocol DenyListing: Sendable {
  /// Puts cards on the list, in the transaction that declined them.
  func deny(_ media: [MediumID], reason: String, at now: Instant, in db: StoreSession) async throws
  /// Takes cards off the list, in the transaction that recovered them.
  func allow(_ media: [MediumID], at now: Instant, in db: StoreSession) async throws
}

/// The list that validators hold.
///
/// A card that owes and is lost too is let on again when neither holds any more: only the causes
/// that come from charging are lifted here.
package struct ValidatorDenyList: DenyListing {
  /// The causes that charging gives.
  static let reasons = ["declined", "first_use"]

  /// Makes it.
  package init() {}

  /// Puts cards on the list; those that validators have no name for are left out, and those that there
  /// is no room for wait for it.
  package func deny(
    _ media: [MediumID], reason: String, at now: Instant, in db: StoreSession
  ) async throws {
    for part in try await parts(of: media, in: db) {
      try await db.denyList.deny(media: part, reason: reason, at: now, isPatient: true)
    }
  }

  /// Takes cards off the list, unless another cause holds.
  package func allow(_ media: [MediumID], at now: Instant, in db: StoreSession) async throws {
    for part in try await parts(of: media, in: db) {
      for reason in Self.reasons {
        try await db.denyList.allow(media: part, reason: reason, at: now)
      }
    }
  }

  private func parts(of media: [MediumID], in db: StoreSession) async throws -> [[MediumID]] {
    let known = try await db.media.knownToValidators(media)
    return stride(from: 0, to: known.count, by: DenyListQueries.changeMax).map {
      Array(known[$0..<min($0 + DenyListQueries.changeMax, known.count)])
    }
  }
}

/// What one transaction does to charge windows: events in; windows, list, cards and books out.
struct ChargeBatch {
  let now: Instant
  let accountingDate: Day
  private(set) var windows: [Int64: ChargeWindowRow]
  /// Questions to the acquirer that came out of it, by window.
  private(set) var questions: [(row: ChargeWindowRow, action: ChargeAction)] = []
  /// What operators still bear of goodwill, by window; what this transaction set off is taken off.
  var goodwillBorne: [Int64: [OperatorSum]] = [:]
  private var changed: Set<Int64> = []
  private var events: [(row: ChargeEventRow, key: ChargeSums.Key?)] = []
  private var sums = ChargeSums()
  private var denied: Set<MediumID> = []
  private var allowed: [MediumID: String] = [:]

  init(_ rows: [ChargeWindowRow], on accountingDate: Day, at now: Instant) {
    windows = Dictionary(uniqueKeysWithValues: rows.map { ($0.id, $0) })
    self.accountingDate = accountingDate
    self.now = now
  }

  /// Tells a window an event; a refusal changes nothing.
  mutating func apply(
    _ event: ChargeEvent, to id: Int64, actor: String, reference: String? = nil,
    detail: String? = nil, takenAs payment: DebtPayment? = nil,
    entryID: Int64? = nil
  ) throws {
    guard var row = windows[id] else { throw ChargeRefusal.alreadyKnown }
    let actions = try row.window.apply(event, at: now)
    windows[id] = row
    changed.insert(id)
    var key: ChargeSums.Key?
    var booked: Int64?
    for action in actions {
      switch action {
      case .authorise, .capture: questions.append((row, action))
      case .deny: denied.insert(row.medium)
      case .allow(let asker): allowed[row.medium] = asker?.rawValue ?? "office"
      case .book(let booking):
        let (move, minor) = Self.move(booking, isTransfer: payment?.channel == .transfer)
        let place = ChargeSums.Key(move: move, currency: row.currency, fareDay: row.fareDay)
        try sums.add(minor, place)
        (key, booked) = (place, minor)
      }
    }
    if case .declined = event { allowed[row.medium] = nil }
    var line = ChargeEventRow(
      windowID: id, at: now, kind: event.word, attempt: row.window.attempt,
      minor: booked ?? event.minor ?? row.window.dueMinor, reference: reference,
      detail: detail ?? event.detail, actor: actor)
    line.place = payment?.place
    line.key = payment?.key
    line.entryID = entryID
    events.append((line, key))
  }

  /// Books a movement that belongs to a window and no event of it.
  mutating func book(
    _ move: ChargeMove, _ minor: Int64, window id: Int64, kind: String, actor: String,
    reference: String? = nil, detail: String? = nil, givenAs payment: DebtPayment? = nil
  ) throws {
    guard let row = windows[id] else { return }
    let key = ChargeSums.Key(move: move, currency: row.currency, fareDay: row.fareDay)
    try sums.add(minor, key)
    var line = ChargeEventRow(
      windowID: id, at: now, kind: kind, attempt: row.window.attempt, minor: minor,
      reference: reference, detail: detail, actor: actor)
    line.place = payment?.place
    line.key = payment?.key
    events.append((line, key))
  }

  /// Adds a line to the list that books nothing.
  mutating func note(
    _ kind: String, window id: Int64, minor: Int64 = 0, actor: String, reference: String? = nil,
    detail: String? = nil, entryID: Int64? = nil
  ) {
    events.append(
      (
        ChargeEventRow(
          windowID: id, at: now, kind: kind, attempt: windows[id]?.window.attempt ?? 0,
          minor: minor, reference: reference, detail: detail, actor: actor, entryID: entryID), nil
      ))
  }

  private static func move(
    _ booking: ChargeBooking, isTransfer: Bool
  ) -> (ChargeMove, Int64) {
    switch booking {
    case .captured(let minor): (.captured, minor)
    case .captureReturned(let minor): (.captureReturned, minor)
    case .paidAtDesk(let minor): (isTransfer ? .paidByTransfer : .paidInCash, minor)
    case .paidAfterWriteOff(let minor):
      (isTransfer ? .paidByTransferAfterWriteOff : .paidInCashAfterWriteOff, minor)
    case .writtenOff(let minor): (.writtenOff, minor)
    case .writeOffOffset(let minor): (.writeOffOffset, minor)
    case .disputeLost(let minor): (.disputeLost, minor)
    case .lossSetOff(let minor): (.lossSetOff, minor)
    }
  }

  /// Writes everything down.
  func finish(in db: StoreSession, denyList: any DenyListing) async throws {
    let numbers = try await sums.book(on: accountingDate, in: db, at: now)
    try await db.charging.save(changed.sorted().compactMap { windows[$0] })
    try await db.charging.add(
      events.map { event, key in
        var row = event
        if let key { row.entryID = numbers[key] }
        return row
      })
    try await turnCards(in: db, denyList: denyList)
  }

  /// The cards whose standing changes, onto the deny list and off it.
  ///
  /// A card and the phones of one payment account owe together: none of them is let on while one does.
  private func turnCards(in db: StoreSession, denyList: any DenyListing) async throws {
    let accounts = try await db.charging.accounts(of: self.denied.union(allowed.keys))
    let denied = Set(self.denied.flatMap { accounts[$0] ?? [$0] })
    let inDebt = try await db.charging.cardsInDebt(
      Set(allowed.keys.flatMap { accounts[$0] ?? [$0] }))
    var free: [MediumID: String] = [:]
    for (medium, word) in allowed.sorted(by: { $0.key < $1.key }) {
      let account = accounts[medium] ?? [medium]
      guard account.isDisjoint(with: inDebt), account.isDisjoint(with: denied) else { continue }
      for card in account { free[card] = word }
    }
    var cards = try await db.charging.lockCards(denied.union(free.keys))
    var events: [ChargeEventRow] = []
    var newlyDenied: [MediumID] = []
    for index in cards.indices {
      let medium = cards[index].medium
      let event: CardStanding.Event = denied.contains(medium) ? .declined : .recovered
      for action in cards[index].standing.apply(event, at: now) {
        switch action {
        case .check: continue
        case .deny:
          newlyDenied.append(medium)
          events.append(
            ChargeEventRow(medium: medium, at: now, kind: "card_denied", actor: "clock"))
        case .allow(let seconds):
          let word = free[medium] ?? "office"
          try await db.charging.endDenial(of: medium, by: word, at: now)
          events.append(
            ChargeEventRow(
              medium: medium, at: now, kind: "card_allowed",
              detail: "denied for \(Int64(seconds)) s; by \(word)", actor: "clock"))
        }
      }
    }
    try await db.charging.save(cards)
    try await db.charging.addDenials(newlyDenied, reason: "declined", at: now)
    try await db.charging.add(events)
    if !newlyDenied.isEmpty {
      try await denyList.deny(newlyDenied, reason: "declined", at: now, in: db)
    }
    let released = events.filter { $0.kind == "card_allowed" }.compactMap(\.medium)
    if !released.isEmpty { try await denyList.allow(released, at: now, in: db) }
  }
}

extension ChargeBatch {
  /// Denies all cards and phones of a payment account that owes: one of them has just become known to
  /// be of it.
  static func shareDebt(
    of medium: MediumID, in db: StoreSession, at now: Instant,
    denyList: any DenyListing = ValidatorDenyList()
  ) async throws {
    let account = try await db.charging.accounts(of: [medium])[medium] ?? [medium]
    guard try await !db.charging.cardsInDebt(account).isEmpty else { return }
    var batch = ChargeBatch([], on: Day(number: 0), at: now)
    batch.denied = account
    try await batch.turnCards(in: db, denyList: denyList)
  }
}

extension ChargeEvent {
  /// The word in the list of all that happened.
  var word: String {
    switch self {
    case .ask: "asked"
    case .askAgain: "asked_again"
    case .authorised: "authorised"
    case .capture: "capture_asked"
    case .captured: "captured"
    case .declined: "declined"
    case .settled: "settled"
    case .offset: "offset"
    case .given: "given"
    case .refund, .goodwill: "refund_ordered"
    case .setOff: "goodwill_set_off"
    case .disputed: "disputed"
    case .disputeWon: "dispute_won"
    case .disputeLost: "dispute_lost"
    case .lossSetOff: "loss_set_off"
    case .paidAtDesk: "paid_at_desk"
    case .writeOff: "written_off"
    }
  }

  /// The amount that the event itself carries.
  var minor: Int64? {
    switch self {
    case .settled(let minor), .offset(let minor), .given(let minor), .refund(let minor),
      .goodwill(let minor), .setOff(let minor), .disputed(let minor), .disputeWon(let minor),
      .disputeLost(let minor), .lossSetOff(let minor), .paidAtDesk(let minor):
      minor
    default: nil
    }
  }

  /// What else there is to know.
  var detail: String? {
    switch self {
    case .ask(let asker): "by \(asker.rawValue)"
    case .declined(_, let code, let isFinal, _): isFinal ? "\(code), final" : code
    default: nil
    }
  }
}
