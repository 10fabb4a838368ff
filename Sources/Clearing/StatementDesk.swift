package import Basics
package import Charging
import Ledger
package import Store

/// What became of a statement of the bank.
package enum StatementOutcome: Sendable, Hashable {
  /// Taken: lines by what they are the money of, and the holes beside it.
  case taken(number: String, lines: [StatementSubject: Int], gaps: [StatementGap])
  /// It was taken before: harmless.
  case known(number: String)
  /// Nothing of it was taken.
  case refused(String)
}

/// Money that moved on the account between two statements that were taken: one is missing.
package struct StatementGap: Sendable, Hashable {
  package let after: String
  package let before: String
  /// What the missing lines come to.
  package let minor: Int64

  /// The holes in statements that stand by their days.
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
/// A statement is taken whole in one transaction or not at all.
package struct StatementDesk: Sendable {
  let store: Store
  let city: CityHolder
  let now: @Sendable () -> Instant

  /// Makes the use case.
  package init(store: Store, city: CityHolder, now: @escaping @Sendable () -> Instant) {
    self.store = store
    self.city = city
    self.now = now
  }

  /// Writes down the account of the house in a currency; it stays once a statement was taken.
  package func setAccount(
    _ iban: String, in currency: Currency, by person: String
  ) async throws {
    let iban = iban.filter { $0 != " " }.uppercased()
    if let fault = PaymentRules.ibanFault(iban) { throw MoneyRefusal.unfit("the IBAN: \(fault)") }
    let moment = now()
    try await store.write { db in
      let known = try await db.statements.lockAccount(currency)
      let taken = try await db.statements.list(in: currency)
      guard known == nil || taken.isEmpty else {
        throw MoneyRefusal.unfit(
          "statements of \(known ?? "") were taken: the account in \(currency) stays")
      }
      try await db.statements.setAccount(iban, in: currency, by: person, at: moment)
    }
  }

  /// Takes a statement.
  package func take(
    _ bytes: [UInt8], name: String, by person: String
  ) async throws -> StatementOutcome {
    let statement: BankStatement
    do throws(StatementFault) {
      statement = try BankStatement.read(bytes)
    } catch {
      return .refused(error.description)
    }
    let moment = now()
    guard statement.closingDay <= city.current.clock.zone.local(moment).day else {
      return .refused("the statement goes on until \(statement.closingDay), which is not over")
    }
    return try await store.write { db in
      let account = try await db.statements.lockAccount(statement.currency)
      guard account == statement.iban else {
        return .refused(
          "the statement is of \(statement.iban); "
            + (account.map { "the account in \(statement.currency) is \($0)" }
              ?? "no account in \(statement.currency) is known: kvytok bank account"))
      }
      if let before = try await db.statements.find(statement.number, in: statement.currency) {
        guard before.digest != statement.digest else { return .known(number: before.number) }
        return .refused(
          "statement \(before.number) was taken before and says another thing: ask the bank which "
            + "one holds")
      }
      if let twice = try await db.statements.known(
        statement.lines.map(\.reference), in: statement.currency
      ).first {
        return .refused("line \(twice.reference) stands in statement \(twice.statement) already")
      }
      let lines = try await book(statement, in: db, at: moment)
      _ = try await db.statements.add(statement, lines, name: name, by: person, at: moment)
      let gaps = StatementGap.find(in: try await db.statements.list(in: statement.currency))
      return .taken(
        number: statement.number,
        lines: lines.reduce(into: [:]) { $0[$1.match.subject, default: 0] += 1 },
        gaps: gaps.filter { [$0.after, $0.before].contains(statement.number) })
    }
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
      try await moveOn(match, in: db, at: moment)
    }
    var numbers = try await db.books.bookAll(entries, at: moment)[...]
    return zip(statement.lines, matches).map { line, match in
      BookedLine(
        line: line, match: match,
        entryID: match.money?.bookedEntry == nil ? numbers.popFirst() : nil)
    }
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
