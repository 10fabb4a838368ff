import Basics

/// What statements of the bank book: `docs/accounting.md`, "What the bank says".
extension PlainBooks {
  /// Money that the house has on 1100 and of which a line should come.
  mutating func bookAtBank(
    _ money: PlainBank.Money, _ minor: Int64, word: String? = nil, on day: Day
  ) {
    guard minor != 0 else { return }
    let entry = bank.book(minor, on: day)
    bank.expect(money, minor, entry: entry, since: day)
    bank.move(money, minor, word: word, on: day, mayBeMissing: true)
  }

  /// Takes a statement; how many of its lines are to be taken for what.
  mutating func take(statement place: Int) -> [String: Int] {
    var counts: [String: Int] = [:]
    bank.statements[place].isTaken = true
    for index in bank.statements[place].lines {
      let line = bank.lines[index]
      let found = bank.match(line, cashMinor: standing(.cash))
      let subject = found?.money.subject ?? "unknown"
      bank.lines[index].subject = subject
      counts[subject, default: 0] += 1
      if let found { bank.take(found.money, line.minor) }
      if let entry = found?.entry {
        bank.lines[index].booked = entry
        opened(found?.money)
        continue
      }
      // A line of a month that is closed is booked on the first day of the next one.
      let day = max(line.day, firstOpenDay ?? line.day)
      bank.lines[index].own = bank.book(line.minor, on: day)
      write(.bank, line.minor)
      if let found {
        settle(found.money, line.minor, on: day)
      } else {
        write(.unmatched, -line.minor)
      }
    }
    return counts
  }

  /// A person says what a line is of which nothing was known; what it is, nil when that is not known either.
  mutating func match(line index: Int, today: Day) -> PlainBank.Money? {
    let line = bank.lines[index]
    let found = bank.find(line.money, line.minor)
    let isCash = line.money == .cash && line.minor > 0 && line.minor <= standing(.cash)
    guard found != nil || isCash else { return nil }
    bank.take(line.money, line.minor)
    bank.lines[index].subject = line.money.subject
    write(.unmatched, line.minor)
    if let entry = found?.entry {
      bank.lines[index].booked = entry
      bank.lines[index].matched = bank.book(-line.minor, on: today)
      write(.bank, -line.minor)
      opened(line.money)
    } else {
      settle(line.money, line.minor, on: today)
    }
    return line.money
  }

  /// The other side of money that came, above zero, or went.
  private mutating func settle(_ money: PlainBank.Money, _ minor: Int64, on day: Day) {
    switch money {
    case .cash: write(.cash, -minor)
    case .transfer, .productTransfer: write(.toBePaid, -minor)
    case .claim(let number):
      guard let place = claims.firstIndex(where: { $0.number == number }) else { return }
      claims[place].state = "paid"
      for (account, minor) in claims[place].lines { write(account, -minor) }
    case .payout(let number):
      guard let place = payouts.firstIndex(where: { $0.number == number }) else { return }
      payouts[place].state = "paid"
      write(.onItsWay(payouts[place].operatorID), -minor)
      opened(money)
    case .payoutReturn(let number):
      guard let place = payouts.firstIndex(where: { $0.number == number }) else { return }
      payouts[place].state = "returned"
      bank.forget(.payout(number))
      write(.operators(payouts[place].operatorID), -minor)
      for end in owedAtEnd.keys where end >= day {
        owedAtEnd[end]?[payouts[place].operatorID, default: 0] += minor
      }
    case .receipt, .sale, .debt, .funding, .foreign: write(.unmatched, -minor)
    }
  }

  /// What was paid may be brought back from then on.
  private mutating func opened(_ money: PlainBank.Money?) {
    guard case .payout(let number)? = money,
      let payout = payouts.first(where: { $0.number == number }), payout.state == "paid"
    else { return }
    // A payout that is the money of a line comes back once.
    bank.forget(.payoutReturn(number))
    bank.expect(.payoutReturn(number), payout.minor, since: Day(number: 0))
  }

  /// A person wrote down that the bank paid a payout: a line of it books nothing any more.
  mutating func paidByHand(_ payout: PlainPayout, entry: Int, on day: Day) {
    bank.forget(.payout(payout.number))
    bank.expect(.payout(payout.number), -payout.minor, entry: entry, since: day)
    opened(.payout(payout.number))
  }
}
