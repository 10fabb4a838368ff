import Basics
import Testing
import Wallet

private let day1 = Day(number: 20_000)

private func day(_ number: Int, due: Int64, paid: Int64 = 0) -> WalletDay {
  WalletDay(day: day1.adding(days: number), dueMinor: due, paidMinor: paid)
}

private func payment(_ number: Int, _ minor: Int64) -> RidePayment {
  RidePayment(day: day1.adding(days: number), minor: minor)
}

@Suite struct RidePayingTests {
  /// Amounts in kopiykas: what lies on the card, how far below nothing it may go, its days, and what
  /// is paid for each.
  static let cases: [(String, Int64, Int64, [WalletDay], [RidePayment])] = [
    ("a ride of 8.00 from 50.00", 5000, 0, [day(0, due: 800)], [payment(0, 800)]),
    ("nothing on the card: a debt", 0, 0, [day(0, due: 800)], []),
    (
      "5.00 on the card and no credit: 3.00 are a debt", 500, 0, [day(0, due: 800)],
      [payment(0, 500)]
    ),
    ("5.00 and 20.00 of credit", 500, 2000, [day(0, due: 800)], [payment(0, 800)]),
    ("the limit ends the credit", 500, 2000, [day(0, due: 3000)], [payment(0, 2500)]),
    ("below nothing already, within the limit", -1900, 2000, [day(0, due: 800)], [payment(0, 100)]),
    (
      "the oldest day is paid first", 1000, 0, [day(1, due: 800), day(0, due: 800)],
      [payment(0, 800), payment(1, 200)]
    ),
    (
      "a day rated dearer pays the difference", 5000, 0, [day(0, due: 1600, paid: 800)],
      [payment(0, 800)]
    ),
    ("a day rated cheaper pays back", 0, 0, [day(0, due: 800, paid: 1600)], [payment(0, -800)]),
    (
      "what one day pays back pays another's debt", 0, 0,
      [day(0, due: 0, paid: 800), day(1, due: 2400, paid: 1600)],
      [payment(0, -800), payment(1, 800)]
    ),
    ("nothing changed", 100, 0, [day(0, due: 800, paid: 800)], []),
  ]

  @Test(arguments: cases.indices)
  func daysArePaidAsAnAccountantWould(_ index: Int) {
    let (name, balance, credit, days, expected) = Self.cases[index]
    let rule = WalletRule(minimumMinor: 0, negativeMaxMinor: credit)
    #expect(
      RidePaying.payments(days: days, balanceMinor: balance, rule: rule) == expected, "\(name)")
  }

  /// Top-ups, days whose fare becomes another, and payments in between, in a random order: what is
  /// paid in all is the smaller of the fares and of what was put on plus the credit.
  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
  func noOrderOfTopUpsRidesAndRatingsChangesTheBalance(seed: UInt64) {
    var chance = SeededGenerator(seed: seed)
    let rule = WalletRule(
      minimumMinor: 0, negativeMaxMinor: Int64(chance.integer(in: 0...3) * 500))
    let dues = (0..<12).map { _ in Int64(chance.integer(in: 0...30) * 100) }
    let topUps = (0..<6).map { _ in Int64(chance.integer(in: 1...30) * 100) }
    let expected = max(
      topUps.reduce(0, +) - dues.reduce(0, +), -rule.negativeMaxMinor)
    for order in 0..<20 {
      var shuffled = SeededGenerator(seed: seed * 1000 + UInt64(order))
      var model = Model(rule: rule)
      var events: [Event] = topUps.map(Event.topUp)
      for (number, due) in dues.enumerated() {
        events.append(.day(number, due))
      }
      events.shuffle(using: &shuffled)
      for event in events {
        // A day may first be rated otherwise, before what holds in the end.
        if case .day(let number, _) = event, shuffled.chance(0.5) {
          model.apply(.day(number, Int64(shuffled.integer(in: 0...40) * 100)))
        }
        model.apply(event)
        #expect(model.balance >= -rule.negativeMaxMinor, "seed \(seed), order \(order)")
        #expect(model.movements.reduce(0, +) == model.balance, "seed \(seed), order \(order)")
        // Either nothing is owed, or nothing is left to pay it with.
        #expect(model.debt == 0 || model.balance == -rule.negativeMaxMinor)
      }
      #expect(model.balance == expected, "seed \(seed), order \(order)")
    }
  }

  private enum Event {
    case topUp(Int64)
    case day(Int, Int64)
  }

  /// An account as the database keeps it.
  private struct Model {
    let rule: WalletRule
    var balance: Int64 = 0
    var days: [Int: (due: Int64, paid: Int64)] = [:]
    var movements: [Int64] = []

    init(rule: WalletRule) { self.rule = rule }

    var debt: Int64 { days.values.reduce(0) { $0 + $1.due - $1.paid } }

    mutating func apply(_ event: Event) {
      var touched: Set<Int> = []
      switch event {
      case .topUp(let minor): move(minor)
      case .day(let number, let due):
        days[number] = (due, days[number]?.paid ?? 0)
        touched.insert(number)
      }
      let open = days.filter { touched.contains($0.key) || $0.value.paid < $0.value.due }
      let payments = RidePaying.payments(
        days: open.map { day($0.key, due: $0.value.due, paid: $0.value.paid) },
        balanceMinor: balance, rule: rule)
      for payment in payments {
        days[payment.day.number - day1.number]?.paid += payment.minor
        move(-payment.minor)
      }
    }

    private mutating func move(_ minor: Int64) {
      balance += minor
      movements.append(minor)
    }
  }
}

@Suite struct WalletDecisionTests {
  private let standing = WalletStanding(
    balanceMinor: 5000, debtMinor: 0, waitingDays: 0, isBlocked: false, cashMinor: 6000)

  @Test func aRefundIsNeverLargerThanTheBalance() throws {
    #expect(try WalletDecision.refund(nil, through: .cash, standing: standing) == 5000)
    #expect(try WalletDecision.refund(5000, through: .bank, standing: standing) == 5000)
    #expect(throws: WalletRefusal.insufficient(balanceMinor: 5000, askedMinor: 5001)) {
      try WalletDecision.refund(5001, through: .cash, standing: standing)
    }
    for bad: Int64 in [0, -1, .min, .max] {
      #expect(throws: WalletRefusal.amount(bad)) {
        try WalletDecision.refund(bad, through: .cash, standing: standing)
      }
    }
  }

  @Test func whatDidNotComeInCashDoesNotGoOutInCash() throws {
    var mixed = standing
    mixed.cashMinor = 2000
    #expect(try WalletDecision.refund(2000, through: .cash, standing: mixed) == 2000)
    #expect(try WalletDecision.refund(5000, through: .bank, standing: mixed) == 5000)
    for asked in [nil, 2001] as [Int64?] {
      #expect(throws: WalletRefusal.notInCash(cashMinor: 2000, askedMinor: asked ?? 5000)) {
        try WalletDecision.refund(asked, through: .cash, standing: mixed)
      }
    }
    mixed.cashMinor = -100
    #expect(throws: WalletRefusal.notInCash(cashMinor: 0, askedMinor: 1)) {
      try WalletDecision.refund(1, through: .cash, standing: mixed)
    }
  }

  @Test func whatWasTakenOffATransferIsNotTakenFromTheCash() {
    func cash(_ corrected: Int64, _ takenOff: Int64) -> Int64 {
      WalletDecision.cash(paidMinor: 100, correctedMinor: corrected, takenOffMinor: takenOff)
    }
    #expect(cash(0, 0) == 100)
    #expect(cash(30, 0) == 130)
    #expect(cash(-30, 0) == 70)
    // A false transfer of 500 was taken off, whole or in part, or with something more.
    #expect(cash(-500, 500) == 100)
    #expect(cash(-200, 200) == 100)
    #expect(cash(-530, 500) == 70)
    // What was put on again is no cash, and what was put on beyond it is.
    #expect(cash(0, 500) == 100)
    #expect(cash(-300, 500) == 100)
    #expect(cash(20, 500) == 120)
  }

  @Test func whatNoStatementShowsDoesNotGoOutByTransfer() throws {
    var unseen = standing
    unseen.unseenMinor = 3000
    #expect(try WalletDecision.refund(2000, through: .bank, standing: unseen) == 2000)
    #expect(try WalletDecision.refund(5000, through: .cash, standing: unseen) == 5000)
    for asked in [nil, 2001] as [Int64?] {
      #expect(throws: WalletRefusal.notSeenAtBank(unseenMinor: 3000, askedMinor: asked ?? 5000)) {
        try WalletDecision.refund(asked, through: .bank, standing: unseen)
      }
    }
    // Rides took of it: what is left is less than the bank is still to show.
    unseen.balanceMinor = 1000
    #expect(throws: WalletRefusal.notSeenAtBank(unseenMinor: 3000, askedMinor: 1)) {
      try WalletDecision.refund(1, through: .bank, standing: unseen)
    }
    #expect(throws: Never.self) {
      try WalletDecision.transfer(700, leaving: 3000, standing: unseen)
    }
  }

  @Test func nothingIsPaidBackWhileRidesWaitForTheirFares() {
    var waiting = standing
    waiting.waitingDays = 2
    #expect(throws: WalletRefusal.ridesWait(days: 2)) {
      try WalletDecision.refund(nil, through: .cash, standing: waiting)
    }
  }

  @Test func anEmptyOrOverdrawnAccountHasNothingToGiveBack() {
    var empty = standing
    for balance: Int64 in [0, -700] {
      empty.balanceMinor = balance
      #expect(throws: WalletRefusal.nothingLeft) {
        try WalletDecision.refund(nil, through: .cash, standing: empty)
      }
      #expect(throws: WalletRefusal.insufficient(balanceMinor: balance, askedMinor: 1)) {
        try WalletDecision.refund(1, through: .cash, standing: empty)
      }
    }
  }

  @Test func aBlockedCardTakesNoMoneyButGivesItBack() throws {
    var blocked = standing
    blocked.isBlocked = true
    #expect(throws: WalletRefusal.blocked) {
      try WalletDecision.topUp(100, through: .cash, standing: blocked)
    }
    #expect(throws: WalletRefusal.blocked) {
      try WalletDecision.purchase(100, standing: blocked)
    }
    #expect(try WalletDecision.refund(nil, through: .cash, standing: blocked) == 5000)
  }

  @Test func amountsAreHeldWithinLimits() {
    for bad: Int64 in [0, -100, .min, .max, WalletRule.amountMaxMinor + 1] {
      #expect(throws: WalletRefusal.amount(bad)) {
        try WalletDecision.topUp(bad, through: .cash, standing: standing)
      }
    }
    #expect(throws: WalletRefusal.balanceTooLarge) {
      try WalletDecision.topUp(WalletRule.amountMaxMinor, through: .cash, standing: standing)
    }
    #expect(throws: WalletRefusal.insufficient(balanceMinor: 5000, askedMinor: 5001)) {
      try WalletDecision.correction(-5001, standing: standing)
    }
    #expect(throws: WalletRefusal.amount(.min)) {
      try WalletDecision.correction(.min, standing: standing)
    }
  }
}
