package import Basics
package import Charging
import Ledger
package import Store

/// What became of a file of statements of the bank.
package enum StatementOutcome: Sendable, Hashable {
  /// Taken: each of its statements, by their days; those that were taken before changed nothing.
  case taken([TakenStatement])
  /// Nothing of it was taken.
  case refused(String)
}

/// A statement of a file that was taken.
package struct TakenStatement: Sendable, Hashable {
  package let iban: String
  package let currency: Currency
  package let number: String
  /// False where it was taken before: harmless.
  package let isNew: Bool
  /// Its lines by what they are the money of.
  package let lines: [StatementSubject: Int]
  /// The holes beside it.
  package let gaps: [StatementGap]
}

/// Money that moved on an account between two statements that were taken: one is missing.
package struct StatementGap: Sendable, Hashable {
  package let after: String
  package let before: String
  /// What the missing lines come to.
  package let minor: Int64

  /// The holes in statements of an account that stand by their days.
  package static func find(in statements: [StatementRow]) -> [StatementGap] {
    zip(statements, statements.dropFirst()).compactMap { first, second in
      let (minor, overflow) = second.openingMinor.subtractingReportingOverflow(first.closingMinor)
      guard minor != 0 || overflow else { return nil }
      return StatementGap(after: first.number, before: second.number, minor: minor)
    }
  }
}

/// Takes the bank's statements: says of each line what it is the money of, and books what no other
/// event has booked on 1100.
///
/// A file is taken whole in one transaction or not at all, however many statements it holds.
package struct StatementDesk: Sendable {
  /// Most that one person books as a fee of the bank: 1,000.00 of a currency.
  package static let feeMinorMax: Int64 = 100_000

  let store: Store
  let city: CityHolder
  let now: @Sendable () -> Instant

  /// Makes the use case.
  package init(store: Store, city: CityHolder, now: @escaping @Sendable () -> Instant) {
    self.store = store
    self.city = city
    self.now = now
  }

  /// Writes down an account of the house, of which there may be several in a currency.
  package func addAccount(
    _ iban: String, in currency: Currency, by person: String
  ) async throws {
    let iban = iban.filter { $0 != " " }.uppercased()
    if let fault = PaymentRules.ibanFault(iban) { throw MoneyRefusal.unfit("the IBAN: \(fault)") }
    let moment = now()
    try await store.write { db in
      let others = try await db.operatorMoney.accounts(of: nil)
      if let other = others.first(where: { $0.account.iban == iban }) {
        throw MoneyRefusal.unfit(
          "\(iban) is where operator \(other.operatorID) is paid: it is no account of the house")
      }
      try await db.statements.addAccount(iban, in: currency, by: person, at: moment)
    }
  }

  /// Takes an account out of the list again, before a statement of it was taken.
  package func removeAccount(_ iban: String, in currency: Currency) async throws {
    let iban = iban.filter { $0 != " " }.uppercased()
    try await store.write { db in
      let accounts = try await db.statements.lockAccounts([currency])
      guard let account = accounts.first(where: { $0.iban == iban }) else {
        throw MoneyRefusal.notFound("account \(iban) in \(currency)")
      }
      guard try await db.statements.removeAccount(account) else {
        throw MoneyRefusal.unfit("statements of \(iban) were taken: it stays")
      }
    }
  }

  /// Takes a file of statements.
  package func take(
    _ bytes: [UInt8], name: String, by person: String
  ) async throws -> StatementOutcome {
    let moment = now()
    let today = city.current.clock.zone.local(moment).day
    do {
      let statements = try BankStatement.readAll(bytes)
      if let early = statements.first(where: { $0.closingDay > today }) {
        return .refused(
          "statement \(early.number) goes on until \(early.closingDay), which is not over")
      }
      return .taken(
        try await store.write { db in
          let accounts = try await db.statements.lockAccounts(Set(statements.map(\.currency)))
          var taken: [TakenStatement] = []
          for statement in statements {
            taken.append(
              try await take(statement, accounts, name: name, by: person, in: db, at: moment))
          }
          return taken
        })
    } catch let fault as StatementFault {
      return .refused(fault.description)
    }
  }

  /// Takes a statement of a file; a fault undoes what the ones before it booked.
  private func take(
    _ statement: BankStatement, _ accounts: [HouseAccount], name: String, by person: String,
    in db: StoreSession, at moment: Instant
  ) async throws -> TakenStatement {
    let ours = accounts.filter { $0.currency == statement.currency }
    guard let account = ours.first(where: { $0.iban == statement.iban }) else {
      let known = ours.map(\.iban).joined(separator: ", ")
      throw StatementFault(
        "statement \(statement.number) is of \(statement.iban); "
          + (ours.isEmpty
            ? "no account in \(statement.currency) is known: kvytok bank account"
            : "in \(statement.currency) the house has \(known)"))
    }
    if let before = try await db.statements.find(statement.number, of: account) {
      guard before.digest == statement.digest else {
        throw StatementFault(
          "statement \(before.number) was taken before and says another thing: ask the bank which "
            + "one holds")
      }
      return TakenStatement(
        iban: account.iban, currency: account.currency, number: before.number, isNew: false,
        lines: [:], gaps: [])
    }
    if let twice = try await db.statements.known(
      statement.lines.map(\.reference), of: account
    ).first {
      throw StatementFault(
        "line \(twice.reference) of statement \(statement.number) stands in statement "
          + "\(twice.statement) already")
    }
    let lines = try await book(statement, in: db, at: moment)
    _ = try await db.statements.add(
      statement, of: account, lines, name: name, by: person, at: moment)
    let gaps = StatementGap.find(in: try await db.statements.list(of: account))
    return TakenStatement(
      iban: account.iban, currency: account.currency, number: statement.number, isNew: true,
      lines: lines.reduce(into: [:]) { $0[$1.match.subject, default: 0] += 1 },
      gaps: gaps.filter { [$0.after, $0.before].contains(statement.number) })
  }

  /// Matches the lines, and books those whose money is on 1100 by nothing else, each on the bank's day.
  private func book(
    _ statement: BankStatement, in db: StoreSession, at moment: Instant
  ) async throws -> [BookedLine] {
    var matcher = StatementMatcher(
      expected: try await expected(of: statement.lines, statement.currency, in: db),
      cashMinor: try await db.statements.cashMinor(in: statement.currency))
    let matches = statement.lines.map { matcher.match($0) }
    var days: [Day: BookingDay] = [:]
    var entries: [Entry] = []
    for (line, match) in zip(statement.lines, matches) where match.money?.bookedEntry == nil {
      let day: BookingDay
      if let known = days[line.bookedOn] {
        day = known
      } else {
        day = BookingDay(
          happened: line.bookedOn, booked: try await db.periods.bookingDate(line.bookedOn))
        days[line.bookedOn] = day
      }
      entries.append(
        try await entry(
          line, match, through: AccountCode.bank, statement.currency, on: day,
          memo: "Statement \(statement.number), \(line.reference): \(match.words)", in: db))
    }
    var numbers = try await db.books.bookAll(entries, at: moment)[...]
    var booked: [BookedLine] = []
    for (line, match) in zip(statement.lines, matches) {
      let entry = match.money?.bookedEntry == nil ? numbers.popFirst() : nil
      if let entry { try await moveOn(match, by: entry, in: db, at: moment) }
      booked.append(BookedLine(line: line, match: match, entryID: entry))
    }
    return booked
  }

  /// What the books expect of some lines.
  private func expected(
    of lines: [StatementLine], _ currency: Currency, in db: StoreSession
  ) async throws -> [ExpectedMoney] {
    guard let first = lines.map(\.bookedOn).min(), let last = lines.map(\.bookedOn).max() else {
      return []
    }
    var names = Set(lines.flatMap(StatementName.names))
    for name in names where name.subject == .payout {
      names.insert(StatementName(subject: .payoutReturn, number: name.number))
    }
    let words = lines.flatMap { line in
      [line.reference, line.endToEndID ?? ""]
        + line.remittance.split(separator: " ").map(String.init)
    }
    return try await db.statements.expected(
      names, words: Set(words.filter { !$0.isEmpty }), days: first...last, in: currency)
  }
}
