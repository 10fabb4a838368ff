package import Basics

extension ChargeWindow {
  /// Takes an event; what has to be done because of it.
  package mutating func apply(
    _ event: ChargeEvent, at moment: Instant
  ) throws(ChargeRefusal) -> [ChargeAction] {
    switch event {
    case .ask(let asker): try ask(asker, at: moment)
    case .askAgain: try askAgain(at: moment)
    case .authorised(let attempt, let reference):
      try authorise(attempt, reference: reference, at: moment)
    case .capture: try capture(at: moment)
    case .captured(let attempt, let reference):
      try finishCapture(attempt, reference: reference, at: moment)
    case .declined(let attempt, let code, let isFinal, let minor):
      try decline(attempt, code: code, isFinal: isFinal, of: minor, at: moment)
    case .settled(let minor): try settle(minor)
    case .offset(let minor): try offset(minor)
    case .given(let minor): try give(minor)
    case .refund(let minor): try refund(minor)
    case .goodwill(let minor): try giveGoodwill(minor)
    case .setOff(let minor): try takeBack(minor, from: \.goodwillMinor)
    case .disputed(let minor): try dispute(minor)
    case .disputeWon(let minor): try win(minor)
    case .disputeLost(let minor): try lose(minor)
    case .lossSetOff(let minor):
      try takeBack(minor, from: \.lostMinor) + [.book(.lossSetOff(minor))]
    case .paidAtDesk(let minor): try payAtDesk(minor, at: moment)
    case .writeOff: try writeOff()
    }
  }

  private mutating func ask(
    _ asker: Asker, at moment: Instant
  ) throws(ChargeRefusal) -> [ChargeAction] {
    switch state {
    case .closed, .retrying: break
    case .debt where asker != .merchant: break
    default: throw .state(state)
    }
    attempt += 1
    state = .authorising
    askedAt = moment
    askedBy = asker
    nextAt = moment.adding(seconds: Self.answerSecondsMax)
    reference = nil
    return [.authorise(attempt: attempt, minor: dueMinor)]
  }

  private mutating func askAgain(at moment: Instant) throws(ChargeRefusal) -> [ChargeAction] {
    let first = askedAt ?? moment
    let next = Self.nextAsking(firstAskedAt: first, now: moment)
    switch (state, reference) {
    case (.authorising, _):
      askedAt = first
      nextAt = next
      return [.authorise(attempt: attempt, minor: dueMinor)]
    case (.capturing, let reference?):
      askedAt = first
      nextAt = next
      return [.capture(attempt: attempt, minor: dueMinor, reference: reference)]
    default: throw .state(state)
    }
  }

  private mutating func authorise(
    _ attempt: Int32, reference: String, at moment: Instant
  ) throws(ChargeRefusal) -> [ChargeAction] {
    guard attempt == self.attempt else { throw .alreadyKnown }
    switch state {
    case .authorising: break
    case .authorised, .capturing, .captured, .settled: throw .alreadyKnown
    default: throw .state(state)
    }
    state = .authorised
    self.reference = reference
    askedAt = nil
    nextAt = moment
    return []
  }

  private mutating func capture(at moment: Instant) throws(ChargeRefusal) -> [ChargeAction] {
    guard state == .authorised, let reference else { throw .state(state) }
    state = .capturing
    askedAt = moment
    nextAt = moment.adding(seconds: Self.answerSecondsMax)
    return [.capture(attempt: attempt, minor: dueMinor, reference: reference)]
  }

  private mutating func finishCapture(
    _ attempt: Int32, reference: String?, at moment: Instant
  ) throws(ChargeRefusal) -> [ChargeAction] {
    guard attempt == self.attempt else { throw .alreadyKnown }
    switch state {
    case .authorised, .capturing: break
    case .captured, .settled:
      // What a desk took, or another payment did, is no capture: then the money was taken twice.
      let isKnown =
        capturedMinor > deskMinor && self.reference != nil
        && (reference == nil || reference == self.reference)
      throw isKnown ? .alreadyKnown : .state(state)
    default: throw .state(state)
    }
    let minor = dueMinor
    capturedMinor += minor
    dueMinor = 0
    state = .captured
    askedAt = nil
    nextAt = nil
    var actions: [ChargeAction] = [.book(.captured(minor))]
    if let recovery = recover(by: askedBy ?? .merchant, at: moment) { actions.append(recovery) }
    return actions
  }

  private mutating func decline(
    _ attempt: Int32, code: String, isFinal: Bool, of minor: Int64?, at moment: Instant
  ) throws(ChargeRefusal) -> [ChargeAction] {
    guard attempt == self.attempt else { throw .alreadyKnown }
    var actions: [ChargeAction] = []
    switch state {
    case .authorising, .authorised, .capturing: break
    case .captured: actions.append(.book(.captureReturned(try returnCapture(minor))))
    // A part was not honoured, and more may not be: what is meant a person finds out.
    case .retrying, .debt: throw capturedMinor > settledMinor ? .state(state) : .alreadyKnown
    // Declined here as well, and paid otherwise, taken off or given up since.
    default: throw reference == nil && declinedAt != nil ? .alreadyKnown : .state(state)
    }
    if recoveredAt != nil {
      // What was thought to be recovered is owed again: the schedule begins anew.
      recoveredAt = nil
      recoveredBy = nil
      declinedAt = nil
      tries = 0
    }
    if declinedAt != nil, askedBy == .merchant { tries += 1 }
    let first = declinedAt ?? moment
    declinedAt = first
    declineCode = code
    askedAt = nil
    // What of a capture is still to be paid comes under its name.
    if capturedMinor == settledMinor { reference = nil }
    let next = isFinal ? nil : RetrySchedule.next(after: moment, firstDecline: first, tries: tries)
    state = next == nil ? .debt : .retrying
    nextAt = next
    actions.append(.deny)
    return actions
  }

  /// The acquirer takes a capture back before it has paid, or after it has paid a part: what it does
  /// not pay is due again, all of it or as much as it says.
  private mutating func returnCapture(_ said: Int64?) throws(ChargeRefusal) -> Int64 {
    guard acquirerReturnedMinor == 0 else { throw .returned(minor: acquirerReturnedMinor) }
    let open = capturedMinor - settledMinor
    guard open > 0 else { throw .state(state) }
    let minor = min(said ?? open, open)
    guard minor > 0 else { throw .notAboveZero }
    dueMinor += minor
    capturedMinor -= minor
    // The next payment has another name: by that the acquirer does not give back what it paid of this.
    deskMinor = settledMinor
    return minor
  }

  private mutating func settle(_ minor: Int64) throws(ChargeRefusal) -> [ChargeAction] {
    guard minor > 0 else { throw .notAboveZero }
    let isTaken = state == .captured || state == .settled
    // The rest of a capture that was not honoured in part is paid while that part is owed.
    guard isTaken || capturedMinor > settledMinor else { throw .state(state) }
    guard minor <= capturedMinor - settledMinor else {
      throw .tooMuch(leftMinor: capturedMinor - settledMinor)
    }
    settledMinor += minor
    if isTaken {
      if settledMinor == capturedMinor, dueMinor == 0 { state = .settled }
      return []
    }
    deskMinor += minor
    if settledMinor == capturedMinor, isAtRest { reference = nil }
    return []
  }

  private mutating func offset(_ minor: Int64) throws(ChargeRefusal) -> [ChargeAction] {
    guard minor > 0 else { throw .notAboveZero }
    guard amountMinor > 0, isAtRest else { throw .state(state) }
    if state == .writtenOff {
      guard minor <= writtenOffMinor else { throw .tooMuch(leftMinor: writtenOffMinor) }
      writtenOffMinor -= minor
      offsetMinor += minor
      return [.book(.writeOffOffset(minor))]
    }
    guard minor <= dueMinor else { throw .tooMuch(leftMinor: dueMinor) }
    dueMinor -= minor
    offsetMinor += minor
    guard dueMinor == 0 else { return [] }
    nextAt = nil
    state = capturedMinor == 0 ? .nothing : settledMinor == capturedMinor ? .settled : .captured
    return declinedAt == nil ? [] : [.allow(by: nil)]
  }

  private mutating func give(_ minor: Int64) throws(ChargeRefusal) -> [ChargeAction] {
    guard minor > 0 else { throw .notAboveZero }
    guard state == .netting else { throw .state(state) }
    guard minor <= -dueMinor else { throw .tooMuch(leftMinor: -dueMinor) }
    dueMinor += minor
    offsetMinor -= minor
    if dueMinor == 0 {
      state = .netted
      nextAt = nil
    }
    return []
  }

  private mutating func refund(_ minor: Int64) throws(ChargeRefusal) -> [ChargeAction] {
    guard minor > 0 else { throw .notAboveZero }
    guard minor <= refundableMinor else { throw .tooMuch(leftMinor: refundableMinor) }
    deskRefundedMinor += parts(ofRefund: minor).desk
    refundedMinor += minor
    return []
  }

  private mutating func giveGoodwill(_ minor: Int64) throws(ChargeRefusal) -> [ChargeAction] {
    let actions = try refund(minor)
    goodwillMinor += minor
    return actions
  }

  private mutating func dispute(_ minor: Int64) throws(ChargeRefusal) -> [ChargeAction] {
    guard minor > 0 else { throw .notAboveZero }
    // A rider's bank takes back what the acquirer took, and nothing that a desk did.
    guard minor <= acquirerRefundableMinor, minor <= refundableMinor else {
      throw .tooMuch(leftMinor: min(acquirerRefundableMinor, refundableMinor))
    }
    chargedBackMinor += minor
    return []
  }

  private mutating func win(_ minor: Int64) throws(ChargeRefusal) -> [ChargeAction] {
    guard minor <= undecidedMinor else { throw .tooMuch(leftMinor: undecidedMinor) }
    return try takeBack(minor, from: \.chargedBackMinor)
  }

  private mutating func lose(_ minor: Int64) throws(ChargeRefusal) -> [ChargeAction] {
    guard minor > 0 else { throw .notAboveZero }
    guard minor <= undecidedMinor else { throw .tooMuch(leftMinor: undecidedMinor) }
    lostMinor += minor
    return [.book(.disputeLost(minor))]
  }

  private mutating func takeBack(
    _ minor: Int64, from sum: WritableKeyPath<ChargeWindow, Int64>
  ) throws(ChargeRefusal) -> [ChargeAction] {
    guard minor > 0 else { throw .notAboveZero }
    guard minor <= self[keyPath: sum] else { throw .tooMuch(leftMinor: self[keyPath: sum]) }
    self[keyPath: sum] -= minor
    return []
  }

  private mutating func payAtDesk(
    _ minor: Int64, at moment: Instant
  ) throws(ChargeRefusal) -> [ChargeAction] {
    guard minor > 0 else { throw .notAboveZero }
    switch state {
    case .closed, .retrying, .debt, .authorised:
      guard minor <= dueMinor else { throw .tooMuch(leftMinor: dueMinor) }
      if state == .authorised {
        // The acquirer takes what it authorised whole, or not at all.
        guard minor == dueMinor else { throw .promised(minor: dueMinor) }
        // What the authorisation is called names no payment: nothing is taken under it any more.
        reference = nil
      }
      dueMinor -= minor
      capturedMinor += minor
      settledMinor += minor
      deskMinor += minor
      var actions: [ChargeAction] = [.book(.paidAtDesk(minor))]
      guard dueMinor == 0 else { return actions }
      state = settledMinor == capturedMinor ? .settled : .captured
      nextAt = nil
      if let recovery = recover(by: .desk, at: moment) { actions.append(recovery) }
      return actions
    case .writtenOff:
      guard minor <= writtenOffMinor else { throw .tooMuch(leftMinor: writtenOffMinor) }
      writtenOffMinor -= minor
      capturedMinor += minor
      settledMinor += minor
      deskMinor += minor
      var actions: [ChargeAction] = [.book(.paidAfterWriteOff(minor))]
      guard writtenOffMinor == 0 else { return actions }
      state = settledMinor == capturedMinor ? .settled : .captured
      if let recovery = recover(by: .desk, at: moment) { actions.append(recovery) }
      return actions
    default: throw .state(state)
    }
  }

  private mutating func writeOff() throws(ChargeRefusal) -> [ChargeAction] {
    guard state == .debt else { throw .state(state) }
    let minor = dueMinor
    writtenOffMinor += minor
    dueMinor = 0
    state = .writtenOff
    nextAt = nil
    return [.book(.writtenOff(minor))]
  }

  private mutating func recover(by asker: Asker, at moment: Instant) -> ChargeAction? {
    guard declinedAt != nil else { return nil }
    recoveredAt = moment
    recoveredBy = asker
    return .allow(by: asker)
  }
}
