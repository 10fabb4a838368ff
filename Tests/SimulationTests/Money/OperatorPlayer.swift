import BankSupport
import Basics
import Charging
import Clearing
import Ledger
import SimulatedCity
import Store
import Transit

/// What the house does with operators, their bank and the city.
extension MoneyPlayer {
  private static let start = CityCalendar.start

  /// What the city pays for a ride of a category.
  private static func rate(_ category: String, _ operatorID: String) -> Int64 {
    switch (category, operatorID) {
    case ("pensioner", "AVTO1"): 611
    case ("pensioner", _): 503
    default: 207
    }
  }

  private static let ownAccount = BankAccount(
    name: "Kvytok", iban: StatementFile.iban, bic: nil)

  mutating func openOperators() async throws {
    let (house, uah) = (house, uah)
    try await house.insist {
      try await house.statements.addAccount(StatementFile.iban, in: uah, by: "olena")
    }
    for (name, _) in CityPlan.operators {
      let account = BankAccount(name: name, iban: "UA903052992990004149123456789", bic: nil)
      try await house.insist {
        try await house.payouts.setAccount(account, of: name, by: "olena")
      }
    }
    for (category, name) in [("pensioner", nil), ("pensioner", "AVTO1"), ("student", nil)]
      as [(String, String?)]
    {
      let rate = ConcessionRate(
        category: category, operatorID: name, from: Self.start.adding(days: -30), to: nil,
        currency: uah, rideMinor: Self.rate(category, name ?? ""))
      try await house.insist { try await house.subsidies.set(rate, by: "olena") }
    }
  }

  mutating func playOperators(_ event: MoneyEvent, on day: Int) async throws {
    switch event {
    case .claim(let daysAgo): try await claim(through: CityCalendar.day(day - daysAgo))
    case .decideClaim(let isApproved): try await decideClaim(isApproved)
    case .payClaim: try await payClaim()
    case .payouts(let daysAgo): try await payouts(daysAgo, CityCalendar.day(day))
    case .decidePayouts(let isApproved): try await decidePayouts(isApproved)
    case .sendPayouts: try await sendPayouts(CityCalendar.day(day))
    case .confirmPayouts(let isPaid): try await confirmPayouts(isPaid)
    default: return
    }
  }

  // MARK: - The city

  /// Asks for all days from the first: each ride that stands, less what was asked for it before.
  private mutating func claim(through last: Day) async throws {
    guard last >= Self.start else { return }
    try await settle()
    var lines: [PlainAccount: Int64] = [:]
    var asked = books.claimed.filter { $0.value.day > last }
    for before in books.claimed.values where before.day <= last {
      lines[before.account, default: 0] -= before.minor
    }
    for rider in books.people.riders {
      for ride in books.people.rides(of: rider) where ride.isConcession && ride.tap.day <= last {
        let ride = ClaimedRide(
          day: ride.tap.day, account: .city(ride.operatorID, ride.category),
          minor: Self.rate(ride.category, ride.operatorID), tap: ride.tap)
        asked[ride.name] = ride
        lines[ride.account, default: 0] += ride.minor
      }
    }
    lines = lines.filter { $0.value != 0 }
    let isWaiting = books.claims.contains { $0.state == "awaiting" }
    let (house, uah) = (house, uah)
    let outcome = try await ask("claim", again: .refused("waits for a decision")) {
      try await house.subsidies.propose(from: Self.start, to: last, currency: uah, by: "olena")
    }
    guard judge(outcome, "claim", isRight: !lines.isEmpty && !isWaiting),
      case .done(let (claim, told)) = outcome
    else { return }
    findings += Self.differences(
      "claim \(claim.id)", lines,
      told.map { (PlainAccount.city($0.operatorID, $0.category), $0.minor) })
    books.claims.append(
      PlainClaim(
        number: claim.id, order: claim.orderID ?? 0, lines: lines, before: books.claimed))
    books.claimed = asked
  }

  private static func differences(
    _ what: String, _ expected: [PlainAccount: Int64], _ found: [(PlainAccount, Int64)]
  ) -> [String] {
    let ours = Set(expected.map { "\($0.key) \($0.value)" })
    let theirs = Set(found.filter { $0.1 != 0 }.map { "\($0.0) \($0.1)" })
    return ours.symmetricDifference(theirs).sorted().map {
      "\(what), \(ours.contains($0) ? "should be" : "is"): \($0)"
    }
  }

  private mutating func decideClaim(_ isApproved: Bool) async throws {
    guard let place = books.claims.firstIndex(where: { $0.state == "awaiting" }) else { return }
    let claim = books.claims[place]
    try await decide(order: claim.order, isApproved: isApproved)
    count(isApproved ? "claim approved" : "claim turned down")
    books.claims[place].state = isApproved ? "approved" : "refused"
    guard isApproved else {
      books.claimed = claim.before
      return
    }
    for (account, minor) in claim.lines {
      let name = account.part.split(separator: " ").first.map(String.init) ?? ""
      books.write(account, .operators(name), minor)
    }
    // What comes to nothing in all is settled at once; the operators have given it to each other.
    guard claim.minor != 0 else {
      for (account, minor) in claim.lines { books.write(.bank, account, minor) }
      books.claims[place].state = "paid"
      count("claim of nothing")
      return
    }
    if claim.minor < 0 { count("claim below nothing") }
    // The city pays most of them by itself, and is given back those below nothing.
    books.bank.expect(.claim(claim.number), claim.minor, since: today)
    guard chance.chance(0.6) else { return }
    books.bank.move(
      .claim(claim.number), claim.minor, on: today.adding(days: chance.integer(in: 0...4)),
      mayBeMissing: false)
  }

  private mutating func payClaim() async throws {
    guard let place = books.claims.firstIndex(where: { $0.state == "approved" }) else { return }
    let (house, claim) = (house, books.claims[place])
    let outcome = try await ask("claim paid", again: .refused("is paid")) {
      try await house.subsidies.confirm(claim.number, by: "olena")
    }
    guard judge(outcome, "claim confirmed", isRight: true) else { return }
    books.claims[place].state = "paid"
    for (account, minor) in claim.lines { books.write(.bank, account, minor) }
    let entry = books.bank.book(claim.minor, on: today)
    books.bank.forget(.claim(claim.number))
    books.bank.expect(.claim(claim.number), claim.minor, entry: entry, since: today)
    count("claim paid")
  }

  // MARK: - Operators

  /// Proposes what entries up to a day owe, and no more than is owed now.
  private mutating func payouts(_ daysAgo: Int, _ today: Day) async throws {
    try await settle()
    let through = today.adding(days: -daysAgo)
    let now = books.owedToOperators()
    let then = books.owedAtEnd[through] ?? [:]
    let busy = Set(
      books.payouts.filter { ["awaiting", "approved"].contains($0.state) }.map(\.operatorID))
    let expected = then.filter { !busy.contains($0.key) }
      .compactMap { name, minor -> (String, Int64)? in
        let minor = min(minor, now[name] ?? 0)
        return minor > 0 ? (name, minor) : nil
      }
    let house = house
    let outcome = try await ask("payouts", again: .answered { $0.orders.isEmpty }) {
      try await house.payouts.propose(through: through, by: "olena")
    }
    guard judge(outcome, "payouts", isRight: true), case .done(let (orders, _)) = outcome else {
      return
    }
    findings += Self.differences(
      "payouts through \(through)",
      Dictionary(uniqueKeysWithValues: expected.map { (PlainAccount.operators($0.0), $0.1) }),
      orders.map { (PlainAccount.operators($0.subject), $0.minor) })
    for order in orders {
      guard let minor = expected.first(where: { $0.0 == order.subject })?.1 else { continue }
      books.payouts.append(
        PlainPayout(order: order.id, operatorID: order.subject, minor: minor))
      count("payout")
    }
  }

  private mutating func decidePayouts(_ isApproved: Bool) async throws {
    for place in books.payouts.indices where books.payouts[place].state == "awaiting" {
      try await decide(order: books.payouts[place].order, isApproved: isApproved)
      books.payouts[place].state = isApproved ? "approved" : "refused"
    }
  }

  private mutating func sendPayouts(_ today: Day) async throws {
    let (house, uah) = (house, uah)
    let places = books.payouts.indices.filter { books.payouts[$0].state == "approved" }
    // What is in a file is in no other one.
    let outcome = try await ask("payment file", again: .answered { $0 == nil }) {
      try await house.payouts.makeFile(
        currency: uah, from: Self.ownAccount, executionDay: today, by: "taras")
    }
    guard judge(outcome, "payment file made", isRight: true), case .done(let made) = outcome else {
      return
    }
    guard let file = made else {
      if !places.isEmpty { findings.append("\(places.count) payouts are in no payment file") }
      return
    }
    let transfers = Self.transfers(of: file.xml)
    let expected = places.map { "\(books.payouts[$0].operatorID) \(books.payouts[$0].minor)" }
    let found = transfers.map { "\($0.name) \($0.minor)" }
    if found.sorted() != expected.sorted() {
      findings.append("the bank is to pay \(found), not \(expected)")
    }
    for place in places {
      books.payouts[place].state = "sent"
      books.payouts[place].message = file.messageID
      let payout = books.payouts[place]
      books.write(.operators(payout.operatorID), .onItsWay(payout.operatorID), payout.minor)
      guard let transfer = transfers.first(where: { $0.name == payout.operatorID }) else {
        continue
      }
      books.payouts[place].number = transfer.number
      pay(transfer.number, payout.minor)
    }
    count("payment file")
  }

  /// A payment of a file for the bank: the number in its name, who gets it, and how much.
  private struct Transfer {
    let number: Int64
    let name: String
    let minor: Int64
  }

  /// The payments of a file, as the bank reads it.
  private static func transfers(of xml: String) -> [Transfer] {
    xml.split(separator: "<CdtTrfTxInf>").dropFirst().compactMap { part in
      func after(_ mark: String) -> String {
        part.split(separator: mark, maxSplits: 1).last.map { String($0.prefix { $0 != "<" }) } ?? ""
      }
      let amount = after("<InstdAmt Ccy=\"UAH\">").filter { $0 != "." }
      guard let number = Int64(after("<EndToEndId>KVYTOK-P")), let minor = Int64(amount) else {
        return nil
      }
      return Transfer(number: number, name: after("<Nm>"), minor: minor)
    }
  }

  /// The bank pays a payout on this day or one of the next, mostly, and brings some back.
  private mutating func pay(_ number: Int64, _ minor: Int64) {
    books.bank.expect(.payout(number), -minor, since: today)
    guard chance.chance(0.7) else { return }
    let day = today.adding(days: chance.integer(in: 0...2))
    books.bank.move(.payout(number), -minor, on: day, mayBeMissing: false)
    guard chance.chance(0.3) else { return }
    let back = PlainBank.Money.payoutReturn(number)
    books.bank.add(back, minor, back.name, on: day.adding(days: chance.integer(in: 0...3)))
    count("payout brought back")
  }

  private mutating func confirmPayouts(_ isPaid: Bool) async throws {
    guard let message = books.payouts.first(where: { $0.state == "sent" })?.message else { return }
    let house = house
    let outcome = try await ask("payouts confirmed", again: .refused("is on its way")) {
      try await house.payouts.confirm(message, isPaid: isPaid, by: "olena")
    }
    guard judge(outcome, "payouts confirmed", isRight: true), case .done(let number) = outcome
    else { return }
    // A statement of the bank may have told of some of them before.
    let places = books.payouts.indices.filter {
      books.payouts[$0].message == message && books.payouts[$0].state == "sent"
    }
    if number != places.count { findings.append("\(message) held \(number) payouts") }
    let sum = places.reduce(0) { $0 + books.payouts[$1].minor }
    let entry = isPaid ? books.bank.book(-sum, on: today) : 0
    for place in places {
      books.payouts[place].state = isPaid ? "paid" : "returned"
      let payout = books.payouts[place]
      let credit: PlainAccount = isPaid ? .bank : .operators(payout.operatorID)
      books.write(.onItsWay(payout.operatorID), credit, payout.minor)
      if isPaid {
        books.paidByHand(payout, entry: entry, on: today)
      } else {
        books.bank.forget(.payout(payout.number))
      }
    }
    count(isPaid ? "payouts paid" : "payouts returned")
  }
}
