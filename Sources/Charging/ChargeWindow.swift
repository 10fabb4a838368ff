package import Basics

/// Who made the acquirer be asked for money.
package enum Asker: String, Sendable, CaseIterable, Hashable {
  /// The house by itself: at the close of the day, and on the days of the retry schedule.
  case merchant
  /// The card was tapped while it was on the deny list.
  case tap
  /// The rider asked to pay what is owed.
  case rider
  /// A person at a desk took money, or asked on behalf of the rider.
  case desk
}

/// The charge window of one card and fare day: what its rides come to, and how far the money is.
///
/// Open is not a state: until the fare day is closed a window is a view of the rides. A ride that
/// comes or changes later makes a difference window of its own. All amounts are minor units of one
/// currency, and it always holds that `amount = due + captured + offset + writtenOff` and that
/// `captured >= refunded + chargedBack`.
package struct ChargeWindow: Hashable, Sendable {
  /// Seconds after which a question without an answer is asked again, the first time.
  package static let answerSecondsMax: Int64 = 60
  /// Longest pause between two times that a question is asked.
  package static let pauseSecondsMax: Int64 = 3600

  /// How far a window is.
  package enum State: String, Sendable, CaseIterable, Hashable {
    /// The amount stands; the acquirer is to be asked.
    case closed
    /// The acquirer was asked and has not answered.
    case authorising
    /// The acquirer will pay when the amount is captured.
    case authorised
    /// The acquirer was asked to take the money and has not answered.
    case capturing
    /// The acquirer took the money; it owes it to the house.
    case captured
    /// The money came to the bank.
    case settled
    /// Declined; another try is due.
    case retrying
    /// Declined, and the house tries no more by itself.
    case debt
    /// Given up.
    case writtenOff = "written_off"
    /// Nothing is to be collected.
    case nothing
    /// Below zero: waits for the other windows of its day to come to rest.
    case netting
    /// Below zero, and given to the other windows of its day.
    case netted
  }

  package internal(set) var state: State
  package let amountMinor: Int64
  /// Not collected and not given up; below zero while a credit is not given.
  package internal(set) var dueMinor: Int64
  package internal(set) var capturedMinor: Int64 = 0
  /// Of the captured: funded, or paid at a desk.
  package internal(set) var settledMinor: Int64 = 0
  /// Of the captured: given back, or ordered to be.
  package internal(set) var refundedMinor: Int64 = 0
  /// Of the captured: disputed, or lost.
  package internal(set) var chargedBackMinor: Int64 = 0
  /// Of the charged back: lost, and no fare that fell was set off against it.
  package internal(set) var lostMinor: Int64 = 0
  /// Of the settled: what no acquirer is asked to give back.
  ///
  /// A desk took it, or the acquirer paid it under a name that the payment has no more.
  package internal(set) var deskMinor: Int64 = 0
  /// Of the refunded: what a desk is to pay back.
  package internal(set) var deskRefundedMinor: Int64 = 0
  /// Of the refunded: what no fare took back, so that operators bear it.
  package internal(set) var goodwillMinor: Int64 = 0
  package internal(set) var offsetMinor: Int64 = 0
  package internal(set) var writtenOffMinor: Int64 = 0
  /// Authorisations asked so far; with the window it makes the idempotency key.
  package internal(set) var attempt: Int32 = 0
  /// Declined tries by the schedule since the first decline.
  package internal(set) var tries: Int32 = 0
  /// When something has to be done; nil when nothing has.
  package internal(set) var nextAt: Instant?
  /// When the acquirer was first asked what it has not answered.
  package internal(set) var askedAt: Instant?
  package internal(set) var askedBy: Asker?
  /// The acquirer's name of the payment.
  package internal(set) var reference: String?
  /// When it was declined first.
  package internal(set) var declinedAt: Instant?
  /// The acquirer's word for the last decline.
  package internal(set) var declineCode: String?
  package internal(set) var recoveredAt: Instant?
  package internal(set) var recoveredBy: Asker?

  /// Closes a window over an amount.
  package init(closing amountMinor: Int64, at moment: Instant) {
    self.amountMinor = amountMinor
    dueMinor = amountMinor
    state = amountMinor > 0 ? .closed : amountMinor == 0 ? .nothing : .netting
    nextAt = amountMinor == 0 ? nil : moment
  }

  /// When to ask again what was first asked at one moment and is asked now: after as long as it has gone
  /// without an answer, so that one that never comes is not asked for each minute for ever.
  package static func nextAsking(firstAskedAt: Instant, now: Instant) -> Instant {
    let waited = Int64(max(0, min(now.secondsSince(firstAskedAt), Double(pauseSecondsMax))))
    return now.adding(seconds: max(answerSecondsMax, waited))
  }

  /// What may still be given back.
  package var refundableMinor: Int64 { capturedMinor - refundedMinor - chargedBackMinor }

  /// Of the charged back: not lost, as far as is known, so that it may still be won.
  var undecidedMinor: Int64 { chargedBackMinor - lostMinor }

  /// What the acquirer gave back of the payment, was ordered to give, or lost to a rider's bank.
  package var acquirerReturnedMinor: Int64 {
    refundedMinor - deskRefundedMinor + chargedBackMinor
  }

  /// Of what may still be given back: what the acquirer took under the payment's name.
  package var acquirerRefundableMinor: Int64 {
    max(0, capturedMinor - deskMinor - acquirerReturnedMinor)
  }

  /// Whether the acquirer took what it is to give back, and has a name of it.
  package var canBeAskedBack: Bool {
    reference != nil && acquirerReturnedMinor <= capturedMinor - deskMinor
  }

  /// Leaves a refund, which was ordered of the acquirer, to a desk.
  package mutating func leaveToDesk(refundOf minor: Int64) {
    deskRefundedMinor = min(refundedMinor, deskRefundedMinor + minor)
  }

  /// The parts of a refund: what the acquirer gives back, and the rest, which a desk is to pay back.
  package func parts(ofRefund minor: Int64) -> (acquirer: Int64, desk: Int64) {
    let acquirer = min(minor, acquirerRefundableMinor)
    return (acquirer, minor - acquirer)
  }

  /// Whether nothing is on its way to or from the acquirer.
  package var isAtRest: Bool { ![.authorising, .authorised, .capturing].contains(state) }

  /// Whether the sums that must hold do.
  package var isSound: Bool {
    amountMinor == dueMinor + capturedMinor + offsetMinor + writtenOffMinor
      && refundableMinor >= 0 && settledMinor <= capturedMinor
      && min(capturedMinor, settledMinor, refundedMinor, chargedBackMinor, writtenOffMinor) >= 0
      && min(deskMinor, settledMinor - deskMinor) >= 0
      && min(deskRefundedMinor, refundedMinor - deskRefundedMinor) >= 0
      && min(goodwillMinor, refundedMinor - goodwillMinor) >= 0
      && min(lostMinor, chargedBackMinor - lostMinor) >= 0
      && (amountMinor < 0 ? offsetMinor <= 0 && dueMinor <= 0 : offsetMinor >= 0 && dueMinor >= 0)
  }
}

/// What a window is told.
package enum ChargeEvent: Hashable, Sendable {
  /// It is time to ask the acquirer, or somebody wants it asked.
  case ask(Asker)
  /// The acquirer did not answer in time: the same question again.
  case askAgain
  /// The acquirer will pay what was asked in an attempt.
  case authorised(attempt: Int32, reference: String)
  /// It is time to take what was authorised.
  case capture
  /// The acquirer took what was asked in an attempt; with its name of the payment where it says one.
  case captured(attempt: Int32, reference: String? = nil)
  /// The acquirer will not pay; final when trying again is of no use or not allowed.
  ///
  /// Of a capture that it does not pay only in part it says how much.
  case declined(attempt: Int32, code: String, isFinal: Bool, ofMinor: Int64? = nil)
  /// Captured money came to the bank.
  case settled(minor: Int64)
  /// A mended ride takes off what is not collected, or was given up.
  case offset(minor: Int64)
  /// A window below zero has given so much away.
  case given(minor: Int64)
  /// Money is to go back to the card, because fares fell.
  case refund(minor: Int64)
  /// Money is to go back to the card that no fare took back.
  case goodwill(minor: Int64)
  /// Fares fell by what was given back before: it is goodwill no more.
  case setOff(minor: Int64)
  /// The rider's bank took money back.
  case disputed(minor: Int64)
  /// The dispute was won: the money is here again.
  case disputeWon(minor: Int64)
  /// The dispute was lost: the rider has the money, and the house bears it.
  case disputeLost(minor: Int64)
  /// Fares fell by what was lost before: the house bears it no more.
  case lossSetOff(minor: Int64)
  /// Money was paid outside the acquirer.
  case paidAtDesk(minor: Int64)
  /// The rest is given up.
  case writeOff
}

/// What has to be done because of an event.
package enum ChargeAction: Hashable, Sendable {
  /// Ask for the amount; the attempt makes the key.
  case authorise(attempt: Int32, minor: Int64)
  /// Take the amount of an authorisation.
  case capture(attempt: Int32, minor: Int64, reference: String)
  /// Put the card on the deny list.
  case deny
  /// Nothing is owed any more; take the card off the deny list unless another window is declined.
  case allow(by: Asker?)
  /// Write it in the books.
  case book(ChargeBooking)
}

/// What the books have to say about a window; amounts are minor units above zero.
package enum ChargeBooking: Hashable, Sendable {
  /// The acquirer owes what the rider owed.
  case captured(Int64)
  /// The acquirer did not take it after all: the rider owes it.
  case captureReturned(Int64)
  /// Paid at a desk.
  case paidAtDesk(Int64)
  /// Paid at a desk after it was given up.
  case paidAfterWriteOff(Int64)
  /// Given up.
  case writtenOff(Int64)
  /// A mended ride took off what had been given up.
  case writeOffOffset(Int64)
  /// The rider's bank keeps what it took back.
  case disputeLost(Int64)
  /// A mended ride took off what the rider's bank had taken back for good.
  case lossSetOff(Int64)
}

/// Why an event does not fit a window; nothing was changed.
package enum ChargeRefusal: Error, Hashable, Sendable {
  /// It was told so before: harmless.
  case alreadyKnown
  /// The window is in a state in which this cannot happen.
  case state(ChargeWindow.State)
  /// The amount is more than there is.
  case tooMuch(leftMinor: Int64)
  /// The amount is zero or below.
  case notAboveZero
  /// Of what the acquirer does not pay, some was given back, or is disputed.
  case returned(minor: Int64)
  /// The acquirer authorised so much: a desk takes all of it or nothing.
  case promised(minor: Int64)
}

extension ChargeRefusal: CustomStringConvertible {
  package var description: String {
    switch self {
    case .alreadyKnown: "known already"
    case .state(let state): "a window that is \(state.rawValue) does not take this"
    case .tooMuch(let left):
      "only \(left) minor units of it are left"
    case .notAboveZero: "an amount is above zero"
    case .returned(let minor):
      "\(minor) minor units of it were given back or are disputed: it is not owed again by itself"
    case .promised(let minor):
      "\(minor) minor units of it are authorised: a desk takes all of them, or none"
    }
  }
}
