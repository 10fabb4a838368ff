import Basics
package import Charging
import Ledger
import Store

extension StatementDesk {
  /// A person says what a line is of which nothing is known: what waits in 2290 goes where it belongs.
  package func match(
    _ id: Int64, to subject: StatementSubject, _ number: Int64?, by person: String
  ) async throws {
    let moment = now()
    try await store.write { db in
      if subject == .line {
        return try await cancel(
          id, against: try named(number, subject), by: person, in: db, at: moment)
      }
      let row = try await Self.open(id, in: db)
      // Who takes a statement at this moment may find the same money: one after the other.
      _ = try await db.statements.lockAccounts([row.currency])
      var match = StatementMatch(subject)
      switch subject {
      case .unknown, .line:
        throw MoneyRefusal.unfit("say what the line is the money of")
      case .adjustment:
        let number = try named(number, subject)
        let moved = try await db.statements.adjustedMinor(number, in: row.currency)
        guard moved == row.line.minor,
          try await !db.statements.isTaken(.adjustment, number, in: row.currency)
        else {
          throw MoneyRefusal.unfit(
            "adjustment \(number) is not approved, takes another amount out of 2290, or is another "
              + "line's")
        }
        return try await db.statements.match(
          line: id, to: subject, number, entry: nil, booked: nil, by: person, at: moment)
      case .cash:
        guard row.line.minor > 0,
          try await db.statements.cashMinor(in: row.currency) >= row.line.minor
        else {
          throw MoneyRefusal.unfit("cash comes in, and no more than the desks hold by the books")
        }
      case .fee:
        guard row.line.minor < 0, 0 - row.line.minor <= Self.feeMinorMax else {
          throw MoneyRefusal.unfit(
            "one person books a fee that goes out, of at most "
              + "\(Money(minor: Self.feeMinorMax, currency: row.currency)): all else is an adjustment"
          )
        }
      default:
        match.money = try await money(subject, try named(number, subject), for: row, in: db)
      }
      let day = try await db.bookingDay(of: moment, in: city.current)
      let entry = try await db.books.book(
        try await entry(
          row.line, match, through: AccountCode.unmatchedReceipts, row.currency, on: day,
          memo: "Statement \(row.statement), \(row.line.reference): \(match.words), by \(person)",
          in: db), at: moment)
      if match.money?.bookedEntry == nil {
        try await moveOn(match, by: entry, in: db, at: moment)
      }
      try await db.statements.match(
        line: id, to: subject, match.money?.id, entry: entry, booked: match.money?.bookedEntry,
        by: person, at: moment)
    }
  }

  private func named(_ number: Int64?, _ subject: StatementSubject) throws -> Int64 {
    guard let number else {
      throw MoneyRefusal.unfit("say which \(subject.rawValue) it is, by its number")
    }
    return number
  }

  private static func open(_ id: Int64, in db: StoreSession) async throws -> StatementLineRow {
    guard let row = try await db.statements.lock(line: id) else {
      throw MoneyRefusal.notFound("statement line \(id)")
    }
    guard row.subject == .unknown else {
      throw MoneyRefusal.unfit(
        "line \(id) is matched already: \(row.subject.rawValue)"
          + (row.subjectID.map { " \($0)" } ?? ""))
    }
    return row
  }

  /// Money that came and went back: two lines that are nothing together; 2290 is even already.
  private func cancel(
    _ id: Int64, against other: Int64, by person: String, in db: StoreSession, at moment: Instant
  ) async throws {
    guard id != other else { throw MoneyRefusal.unfit("a line is not its own other side") }
    let first = try await Self.open(min(id, other), in: db)
    let second = try await Self.open(max(id, other), in: db)
    guard first.currency == second.currency,
      first.line.minor.addingReportingOverflow(second.line.minor) == (0, false)
    else { throw MoneyRefusal.unfit("the two lines do not come to nothing") }
    _ = try await db.statements.lockAccounts([first.currency])
    for (line, opposite) in [(first, second), (second, first)] {
      try await db.statements.match(
        line: line.id, to: .line, opposite.id, entry: nil, booked: nil, by: person, at: moment)
    }
  }

  /// What a person named, when a line may be its money.
  private func money(
    _ subject: StatementSubject, _ number: Int64, for row: StatementLineRow, in db: StoreSession
  ) async throws -> ExpectedMoney {
    let day = row.line.bookedOn
    let found = try await db.statements.expected(
      [StatementName(subject: subject, number: number)], words: [], days: day...day,
      in: row.currency
    ).filter { $0.subject == subject && $0.number == number }
    guard let first = found.first else {
      throw MoneyRefusal.notFound("\(subject.rawValue) \(number) in \(row.currency)")
    }
    if let money = found.first(where: { $0.isOpen && $0.minor == row.line.minor }) { return money }
    if case .over(let why) = first.state {
      throw MoneyRefusal.unfit("\(subject.rawValue) \(number) \(why)")
    }
    throw MoneyRefusal.unfit(
      "\(subject.rawValue) \(number) is of \(Money(minor: first.minor, currency: row.currency)), the "
        + "line of \(Money(minor: row.line.minor, currency: row.currency))")
  }
}
