import Basics
import Charging
import Testing

let noon = Instant(seconds: 1_795_428_000)

extension Instant {
  func days(_ count: Int) -> Instant { adding(seconds: Int64(count) * 86_400) }
}

/// A window after events, with all its actions; each must be taken.
func window(
  _ amount: Int64, _ events: [ChargeEvent], at moment: Instant = noon
) throws -> (window: ChargeWindow, actions: [ChargeAction]) {
  var window = ChargeWindow(closing: amount, at: moment)
  var actions: [ChargeAction] = []
  for event in events { actions += try window.apply(event, at: moment) }
  return (window, actions)
}

let takenWhole: [ChargeEvent] = [
  .ask(.merchant), .authorised(attempt: 1, reference: "P1"), .capture, .captured(attempt: 1),
]
let declinedOnce: [ChargeEvent] = [
  .ask(.merchant), .declined(attempt: 1, code: "51", isFinal: false),
]

@Suite struct ChargeWindowTests {
  @Test func aDayOfThreeRidesIsAskedTakenAndFunded() throws {
    let (window, actions) = try window(2400, takenWhole + [.settled(minor: 2400)])
    #expect(window.state == .settled)
    #expect(window.settledMinor == 2400)
    #expect(
      actions == [
        .authorise(attempt: 1, minor: 2400),
        .capture(attempt: 1, minor: 2400, reference: "P1"), .book(.captured(2400)),
      ])
  }

  @Test func aDayThatIsFreeAsksForNothing() throws {
    var (free, _) = try window(0, [])
    #expect(free.state == .nothing)
    #expect(free.nextAt == nil)
    #expect(throws: ChargeRefusal.state(.nothing)) { try free.apply(.ask(.merchant), at: noon) }
  }

  @Test func aDeclineDeniesTheCardAndIsTriedAgainOnTheDaysOfTheSchedule() throws {
    var (window, actions) = try window(800, declinedOnce)
    #expect(actions.last == .deny)
    var days: [Int] = []
    while let next = window.nextAt {
      days.append(Int(next.secondsSince(noon) / 86_400))
      _ = try window.apply(.ask(.merchant), at: next)
      _ = try window.apply(
        .declined(attempt: window.attempt, code: "51", isFinal: false), at: next)
    }
    #expect(days == [1, 4, 8, 15, 22, 30])
    #expect(window.state == .debt)
    #expect(window.dueMinor == 800)
    #expect(throws: ChargeRefusal.state(.debt)) { try window.apply(.ask(.merchant), at: noon) }
  }

  @Test func aStolenCardIsNotTriedAgain() throws {
    let (window, _) = try window(
      800, [.ask(.merchant), .declined(attempt: 1, code: "43", isFinal: true)])
    #expect(window.state == .debt)
    #expect(window.nextAt == nil)
  }

  @Test(arguments: [Asker.tap, .rider, .merchant]) func aDebtIsRecovered(by asker: Asker) throws {
    var (window, _) = try window(800, declinedOnce)
    let later = noon.days(2)
    _ = try window.apply(.ask(asker), at: later)
    _ = try window.apply(.authorised(attempt: 2, reference: "P2"), at: later)
    let actions = try window.apply(.captured(attempt: 2), at: later)
    #expect(actions == [.book(.captured(800)), .allow(by: asker)])
    #expect(window.recoveredBy == asker)
    #expect(window.recoveredAt == later)
  }

  @Test func aTryByTapDoesNotUseUpTheSchedule() throws {
    var (window, _) = try window(800, declinedOnce)
    _ = try window.apply(.ask(.tap), at: noon)
    _ = try window.apply(.declined(attempt: 2, code: "51", isFinal: false), at: noon)
    #expect(window.tries == 0)
    #expect(window.nextAt == noon.days(1))
  }

  @Test func answersThatComeTwiceOrLateAreKnown() throws {
    var (window, _) = try window(2400, takenWhole)
    let before = window
    let late: [ChargeEvent] = [
      .authorised(attempt: 1, reference: "P1"), .captured(attempt: 1),
      .authorised(attempt: 7, reference: "P7"), .captured(attempt: 7),
      .declined(attempt: 7, code: "51", isFinal: false),
    ]
    for event in late {
      #expect(throws: ChargeRefusal.alreadyKnown) { try window.apply(event, at: noon) }
    }
    #expect(window == before)
  }

  /// One that is never answered is not asked for each minute for ever, and not forgotten either.
  @Test func pausesGrowWithTheTimeWithoutAnAnswerUpToAnHour() throws {
    var (window, _) = try window(2400, [.ask(.merchant)])
    var card = CardStanding(state: .unknown, since: noon)
    _ = card.apply(.ask, at: noon)
    var pauses: [Int64] = []
    var last = noon
    for _ in 0..<9 {
      let next = try #require(window.nextAt)
      #expect(card.nextAt == next)
      pauses.append(Int64(next.secondsSince(last)))
      last = next
      #expect(try window.apply(.askAgain, at: next) == [.authorise(attempt: 1, minor: 2400)])
      #expect(card.apply(.ask, at: next) == [.check(attempt: 1)])
    }
    #expect(pauses == [60, 60, 120, 240, 480, 960, 1920, 3600, 3600])
    // Another question begins anew.
    _ = try window.apply(.authorised(attempt: 1, reference: "P1"), at: last)
    _ = try window.apply(.capture, at: last)
    #expect(window.nextAt == last.adding(seconds: 60))
    // A clock that was set back does not stop it.
    _ = try window.apply(.askAgain, at: noon)
    #expect(window.nextAt == noon.adding(seconds: 60))
  }

  @Test func whatWasNotAnsweredIsAskedAgainWithTheSameKey() throws {
    var (window, _) = try window(2400, [.ask(.merchant)])
    #expect(try window.apply(.askAgain, at: noon) == [.authorise(attempt: 1, minor: 2400)])
    _ = try window.apply(.authorised(attempt: 1, reference: "P1"), at: noon)
    _ = try window.apply(.capture, at: noon)
    #expect(
      try window.apply(.askAgain, at: noon)
        == [.capture(attempt: 1, minor: 2400, reference: "P1")])
  }

  @Test func aCaptureThatTheAcquirerTakesBackIsOwedAgain() throws {
    let (window, actions) = try window(
      800, takenWhole + [.declined(attempt: 1, code: "late", isFinal: false)])
    #expect(actions.suffix(2) == [.book(.captureReturned(800)), .deny])
    #expect(window.dueMinor == 800)
    #expect(window.capturedMinor == 0)
    #expect(window.state == .retrying)
  }

  @Test func aRefundIsNeverMoreThanWasTaken() throws {
    var (window, _) = try window(2400, takenWhole)
    #expect(throws: ChargeRefusal.tooMuch(leftMinor: 2400)) {
      try window.apply(.refund(minor: 2401), at: noon)
    }
    _ = try window.apply(.refund(minor: 800), at: noon)
    _ = try window.apply(.disputed(minor: 1000), at: noon)
    #expect(throws: ChargeRefusal.tooMuch(leftMinor: 600)) {
      try window.apply(.refund(minor: 601), at: noon)
    }
    #expect(throws: ChargeRefusal.tooMuch(leftMinor: 600)) {
      try window.apply(.disputed(minor: 601), at: noon)
    }
    _ = try window.apply(.disputeWon(minor: 1000), at: noon)
    #expect(window.refundableMinor == 1600)
  }

  @Test func aDebtIsPaidAtADeskInTwoParts() throws {
    var (window, _) = try window(800, declinedOnce)
    #expect(throws: ChargeRefusal.tooMuch(leftMinor: 800)) {
      try window.apply(.paidAtDesk(minor: 801), at: noon)
    }
    #expect(try window.apply(.paidAtDesk(minor: 300), at: noon) == [.book(.paidAtDesk(300))])
    #expect(
      try window.apply(.paidAtDesk(minor: 500), at: noon)
        == [.book(.paidAtDesk(500)), .allow(by: .desk)])
    #expect(window.state == .settled)
  }

  @Test func whatIsAuthorisedADeskTakesWholeAndTheAcquirerNotAtAll() throws {
    let authorised = declinedOnce + [.ask(.rider), .authorised(attempt: 2, reference: "P2")]
    var (window, _) = try window(800, authorised)
    #expect(throws: ChargeRefusal.promised(minor: 800)) {
      try window.apply(.paidAtDesk(minor: 300), at: noon)
    }
    #expect(throws: ChargeRefusal.tooMuch(leftMinor: 800)) {
      try window.apply(.paidAtDesk(minor: 801), at: noon)
    }
    #expect(
      try window.apply(.paidAtDesk(minor: 800), at: noon)
        == [.book(.paidAtDesk(800)), .allow(by: .desk)])
    #expect(window.state == .settled && window.reference == nil && window.nextAt == nil)
    #expect(window.parts(ofRefund: 800) == (0, 800))
    for late in [ChargeEvent.capture, .captured(attempt: 2, reference: "P2")] {
      #expect(throws: ChargeRefusal.state(.settled)) { try window.apply(late, at: noon) }
    }
  }

  /// 8.00 of which a desk took 3.00 after a decline, and the acquirer 5.00 then.
  private let partPaid: [ChargeEvent] =
    declinedOnce + [
      .paidAtDesk(minor: 300), .ask(.rider), .authorised(attempt: 2, reference: "P2"), .capture,
      .captured(attempt: 2),
    ]

  @Test func ofAPaymentADeskTookPartOfTheAcquirerGivesBackItsOwnPart() throws {
    var (window, _) = try window(800, partPaid)
    #expect(window.parts(ofRefund: 800) == (500, 300))
    _ = try window.apply(.refund(minor: 400), at: noon)
    #expect(window.parts(ofRefund: 400) == (100, 300))
    _ = try window.apply(.refund(minor: 300), at: noon)
    #expect(window.deskRefundedMinor == 200)
    #expect(window.parts(ofRefund: 100) == (0, 100))
    #expect(throws: ChargeRefusal.tooMuch(leftMinor: 0)) {
      try window.apply(.disputed(minor: 1), at: noon)
    }
  }

  @Test func ofAPaymentADeskTookPartOfTheAcquirersPartIsOwedAgain() throws {
    var (window, _) = try window(800, partPaid)
    let actions = try window.apply(
      .declined(attempt: 2, code: "late", isFinal: false), at: noon)
    #expect(actions == [.book(.captureReturned(500)), .deny])
    #expect(window.dueMinor == 500 && window.capturedMinor == 300 && window.deskMinor == 300)
    #expect(throws: ChargeRefusal.alreadyKnown) {
      try window.apply(.declined(attempt: 2, code: "late", isFinal: false), at: noon)
    }
    _ = try window.apply(.paidAtDesk(minor: 500), at: noon)
    #expect(window.state == .settled)
    #expect(throws: ChargeRefusal.alreadyKnown) {
      try window.apply(.declined(attempt: 2, code: "late", isFinal: false), at: noon)
    }
  }

  @Test func whatTheAcquirerPaidOfACaptureIsNotOwedAgain() throws {
    var (window, _) = try window(800, partPaid + [.settled(minor: 200)])
    _ = try window.apply(.declined(attempt: 2, code: "late", isFinal: false), at: noon)
    #expect(window.dueMinor == 300 && window.capturedMinor == 500)
    // By no name that the payment still has: a desk gives it back.
    #expect(window.parts(ofRefund: 500) == (0, 500))
  }

  @Test func aCaptureOfWhichSomeWentBackIsNotOwedAgainByItself() throws {
    let (refunded, _) = try window(800, partPaid + [.refund(minor: 100)])
    var (disputed, _) = try window(800, partPaid + [.disputed(minor: 500)])
    for (window, minor) in [(refunded, Int64(100)), (disputed, 500)] {
      var window = window
      #expect(throws: ChargeRefusal.returned(minor: minor)) {
        try window.apply(.declined(attempt: 2, code: "late", isFinal: false), at: noon)
      }
    }
    // A dispute that is won stands in no way.
    _ = try disputed.apply(.disputeWon(minor: 500), at: noon)
    _ = try disputed.apply(.declined(attempt: 2, code: "late", isFinal: false), at: noon)
    #expect(disputed.dueMinor == 500)
  }

  @Test func onlyADebtIsWrittenOffAndItMayStillBePaid() throws {
    var (retrying, _) = try window(800, declinedOnce)
    #expect(throws: ChargeRefusal.state(.retrying)) { try retrying.apply(.writeOff, at: noon) }
    var (debt, _) = try window(
      800, [.ask(.merchant), .declined(attempt: 1, code: "43", isFinal: true)])
    #expect(try debt.apply(.writeOff, at: noon) == [.book(.writtenOff(800))])
    #expect(
      try debt.apply(.paidAtDesk(minor: 800), at: noon)
        == [.book(.paidAfterWriteOff(800)), .allow(by: .desk)])
    #expect(debt.state == .settled)
  }

  @Test(arguments: 1...40 as ClosedRange<UInt64>)
  func moneyIsConservedWhateverHappens(seed: UInt64) throws {
    var chance = SeededGenerator(seed: seed)
    for _ in 0..<50 {
      var window = ChargeWindow(closing: Int64(chance.integer(in: -20...60)), at: noon)
      var booked: Int64 = 0
      var byAcquirer: Int64 = 0
      var asked: Int64 = 0
      for step in 0..<40 {
        let before = window
        do {
          let event = randomEvent(window, &chance)
          let actions = try window.apply(event, at: noon.days(step))
          for case .book(let booking) in actions {
            booked += collected(booking)
            if case .captured(let minor) = booking { byAcquirer += minor }
            if case .captureReturned(let minor) = booking { byAcquirer -= minor }
          }
          switch event {
          case .refund(let minor), .goodwill(let minor):
            asked += before.parts(ofRefund: minor).acquirer
          case .disputed(let minor): asked += minor
          case .disputeWon(let minor): asked -= minor
          default: break
          }
        } catch {
          #expect(window == before, "a refused event changed something")
        }
        #expect(window.isSound)
        // What was booked as collected or given up is what the window says.
        #expect(booked == window.capturedMinor + window.writtenOffMinor)
        // The acquirer gives back no more than it took.
        #expect(asked <= byAcquirer && asked == window.acquirerReturnedMinor)
      }
    }
  }

  /// By how much a booking changes what is collected or given up.
  private func collected(_ booking: ChargeBooking) -> Int64 {
    switch booking {
    case .captured(let minor), .paidAtDesk(let minor), .writtenOff(let minor): minor
    case .captureReturned(let minor), .writeOffOffset(let minor): -minor
    case .paidAfterWriteOff, .disputeLost, .lossSetOff: 0
    }
  }

  private func randomEvent(
    _ window: ChargeWindow, _ chance: inout SeededGenerator
  ) -> ChargeEvent {
    let minor = Int64(chance.integer(in: -1...40))
    let attempt = window.attempt + Int32(chance.integer(in: -1...1) / 2)
    switch chance.integer(in: 0...14) {
    case 0, 1: return .ask(Asker.allCases[chance.integer(in: 0...3)])
    case 2: return .askAgain
    case 3, 4: return .authorised(attempt: attempt, reference: "P")
    case 5: return .capture
    case 6, 7: return .captured(attempt: attempt)
    case 8:
      return .declined(
        attempt: attempt, code: "51", isFinal: chance.chance(0.3),
        ofMinor: chance.chance(0.5) ? minor : nil)
    case 9: return .settled(minor: minor)
    case 10: return .offset(minor: minor)
    case 11:
      return [
        .refund(minor: minor), .given(minor: minor), .goodwill(minor: minor),
        .setOff(minor: minor),
      ][chance.integer(in: 0...3)]
    case 12:
      return [
        .disputed(minor: minor), .disputeWon(minor: minor), .disputeLost(minor: minor),
        .lossSetOff(minor: minor),
      ][chance.integer(in: 0...3)]
    case 13: return .paidAtDesk(minor: minor)
    default: return .writeOff
    }
  }
}

@Suite struct RetryScheduleTests {
  /// Card schemes leave nine tries of thirty days to the house itself.
  @Test func theDaysGrowWithinWhatCardSchemesAllow() {
    let days = RetrySchedule.days
    #expect(zip(days, days.dropFirst()).allSatisfy { $0 < $1 })
    #expect(days.count <= 9 && days.allSatisfy { (1...30).contains($0) })
  }

  /// Charging was held, or no process ran: the day that was missed is due at once, and those between are not asked
  /// one after the other.
  @Test func daysThatWereMissedAreMadeUpForByOneQuestion() throws {
    var (window, _) = try window(800, declinedOnce)
    #expect(window.nextAt == noon.days(1))
    _ = try window.apply(.ask(.merchant), at: noon.days(16))
    _ = try window.apply(.declined(attempt: 2, code: "51", isFinal: false), at: noon.days(16))
    #expect(window.state == .retrying)
    #expect(window.nextAt == noon.days(22))
    _ = try window.apply(.ask(.merchant), at: noon.days(22))
    _ = try window.apply(.declined(attempt: 3, code: "51", isFinal: false), at: noon.days(22))
    #expect(window.nextAt == noon.days(30))
  }

  @Test func afterTheLastDayNobodyAsksAnyMore() {
    let next = { RetrySchedule.next(after: $0, firstDecline: noon, tries: $1) }
    #expect(next(noon.days(29), 5) == noon.days(30))
    #expect(next(noon.days(30), 5) == nil)
    #expect(next(noon.days(31), 0) == nil)
    #expect(next(noon, 6) == nil)
  }
}

@Suite struct NettingTests {
  @Test func aCreditTakesOffWhatIsOwedFirstAndGivesTheRestBack() throws {
    let paid = try window(2400, takenWhole).window
    let owed = try window(800, declinedOnce).window
    #expect(
      Netting.shares(of: 1000, among: [paid, owed])
        == [.offset(place: 1, minor: 800), .refund(place: 0, minor: 200)])
  }

  @Test func whatWasGivenBackAsGoodwillIsNotGivenBackAgain() throws {
    let given = try window(800, takenWhole + [.goodwill(minor: 300)]).window
    let owed = try window(200, declinedOnce).window
    #expect(
      Netting.shares(of: 800, among: [given, owed])
        == [
          .offset(place: 1, minor: 200), .setOff(place: 0, minor: 300),
          .refund(place: 0, minor: 300),
        ])
    #expect(Netting.shares(of: 100, among: [given]) == [.setOff(place: 0, minor: 100)])
    var rest = given
    _ = try rest.apply(.setOff(minor: 300), at: noon)
    #expect(Netting.shares(of: 100, among: [rest]) == [.refund(place: 0, minor: 100)])
    #expect(throws: ChargeRefusal.tooMuch(leftMinor: 0)) {
      try rest.apply(.setOff(minor: 1), at: noon)
    }
  }

  @Test func whatARidersBankKeepsIsNotGivenBackAgain() throws {
    let steps = takenWhole + [.disputed(minor: 300), .disputeLost(minor: 300)]
    let lost = try window(800, steps).window
    #expect(
      Netting.shares(of: 800, among: [lost])
        == [.loss(place: 0, minor: 300), .refund(place: 0, minor: 500)])
    #expect(Netting.shares(of: 100, among: [lost]) == [.loss(place: 0, minor: 100)])
    var rest = lost
    #expect(try rest.apply(.lossSetOff(minor: 300), at: noon) == [.book(.lossSetOff(300))])
    #expect(Netting.shares(of: 100, among: [rest]) == [.refund(place: 0, minor: 100)])
    for event in [ChargeEvent.lossSetOff(minor: 1), .setOff(minor: 1)] {
      #expect(throws: ChargeRefusal.tooMuch(leftMinor: 0)) { try rest.apply(event, at: noon) }
    }
    // What is lost is neither won nor lost again.
    for event in [ChargeEvent.disputeWon(minor: 1), .disputeLost(minor: 1)] {
      var again = lost
      #expect(throws: ChargeRefusal.tooMuch(leftMinor: 0)) { try again.apply(event, at: noon) }
    }
  }

  @Test func aCreditWaitsForAnAnswerOfTheAcquirer() throws {
    let asked = try window(800, [.ask(.merchant)]).window
    #expect(Netting.shares(of: 100, among: [asked]) == nil)
  }

  @Test func moreThanWasPaidStaysWithTheCredit() throws {
    let disputed = try window(800, takenWhole + [.disputed(minor: 800)]).window
    #expect(Netting.shares(of: 300, among: [disputed]) == [])
  }
}

@Suite struct CardStandingTests {
  @Test func aGoodCardIsCheckedOnce() {
    var card = CardStanding(state: .unknown, since: noon, nextAt: noon)
    #expect(card.apply(.ask, at: noon) == [.check(attempt: 1)])
    #expect(card.apply(.ask, at: noon) == [.check(attempt: 1)])
    #expect(card.apply(.checked(attempt: 1, isGood: true), at: noon) == [])
    #expect(card.apply(.checked(attempt: 1, isGood: false), at: noon) == [])
    #expect(card.state == .good)
  }

  @Test func aBadCardIsDeniedAndAllowedAfterATapAndAnotherCheck() {
    var card = CardStanding(state: .unknown, since: noon, nextAt: noon)
    _ = card.apply(.ask, at: noon)
    #expect(card.apply(.checked(attempt: 1, isGood: false), at: noon) == [.deny])
    _ = card.apply(.tapped, at: noon.days(1))
    #expect(card.nextAt == noon.days(1))
    #expect(card.apply(.ask, at: noon.days(1)) == [.check(attempt: 2)])
    #expect(
      card.apply(.checked(attempt: 2, isGood: true), at: noon.adding(seconds: 86_460))
        == [.allow(deniedSeconds: 86_460)])
  }

  @Test func aCheckOnItsWayDoesNotFreeACardThatIsDeclinedMeanwhile() {
    var card = CardStanding(state: .denied, since: noon)
    _ = card.apply(.tapped, at: noon)
    #expect(card.apply(.ask, at: noon) == [.check(attempt: 1)])
    #expect(card.apply(.declined, at: noon) == [])
    #expect(card.apply(.checked(attempt: 1, isGood: true), at: noon) == [])
    #expect(card.state == .denied)
  }

  @Test func aDeclinedCardIsDeniedUntilTheDebtIsRecovered() {
    var card = CardStanding(state: .good, since: noon)
    #expect(card.apply(.declined, at: noon) == [.deny])
    #expect(card.apply(.declined, at: noon) == [])
    #expect(
      card.apply(.recovered, at: noon.adding(seconds: 90)) == [.allow(deniedSeconds: 90)])
    #expect(card.state == .good)
  }
}
