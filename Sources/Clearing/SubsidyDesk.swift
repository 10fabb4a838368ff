package import Basics
package import Charging
import Ledger
package import Store
import Tariff

/// Claims from the city what it pays for concessions: people who rode free or at a lower price because
/// of their category times its rate for the operator, each ride once, with its tap as evidence.
package struct SubsidyDesk: Sendable {
  private let store: Store
  private let city: CityHolder
  private let now: @Sendable () -> Instant

  /// Makes the use case.
  package init(store: Store, city: CityHolder, now: @escaping @Sendable () -> Instant) {
    self.store = store
    self.city = city
    self.now = now
  }

  /// Writes a rate down.
  ///
  /// A category that no tariff has is a slip of the pen: its rides would be missing from every claim, and
  /// nothing would say so.
  package func set(_ rate: ConcessionRate, by person: String) async throws {
    guard rate.rideMinor > 0 else { throw MoneyRefusal.unfit("a rate is above zero") }
    guard rate.rideMinor <= ConcessionRate.rideMinorMax else {
      throw MoneyRefusal.unfit(
        "a rate is at most "
          + Money(minor: ConcessionRate.rideMinorMax, currency: rate.currency).description)
    }
    guard rate.operatorID?.isName != false, rate.category.isName else {
      throw MoneyRefusal.unfit(
        "an operator and a category have names of 1 to \(String.nameBytesMax) bytes")
    }
    if let book = city.current.book {
      let known = Set(book.versions.flatMap(\.categories))
      guard known.contains(rate.category) else {
        throw MoneyRefusal.unfit(
          "no tariff has the category \(rate.category); known: "
            + known.sorted().joined(separator: ", "))
      }
    }
    let moment = now()
    try await store.write { db in try await db.subsidies.set(rate, by: person, at: moment) }
  }

  /// Claims the rides of some fare days; the claim waits for a second person.
  ///
  /// Where it takes back as much as it asks for, or more, it comes to nothing or below. One that moves no
  /// operator's money is none: its rides stay for the next.
  package func propose(
    from first: Day, to last: Day, currency: Currency, by person: String
  ) async throws -> (claim: SubsidyClaimRow, lines: [SubsidyLine]) {
    let moment = now()
    guard first <= last else {
      throw MoneyRefusal.unfit("the first day to claim, \(first), lies after the last, \(last)")
    }
    guard last < city.current.fareDay(of: moment) else {
      throw MoneyRefusal.unfit("\(last) is not over yet: claim days before it")
    }
    return try await store.write { db in
      guard try await db.charging.tryWork(.claims) else {
        throw MoneyRefusal.unfit("a claim is being made by somebody else; try again")
      }
      // What one claim takes back hangs on what became of the one before.
      if let waiting = try await db.subsidies.awaiting(currency) {
        throw MoneyRefusal.unfit("claim \(waiting) waits for a decision: have it decided first")
      }
      let id = try await db.subsidies.claim(
        from: first, to: last, currency: currency, by: person, at: moment)
      let lines = try await db.subsidies.lines(id)
      let minor = lines.reduce(0) { $0 + $1.minor }
      guard lines.contains(where: { $0.minor != 0 }) else {
        throw MoneyRefusal.unfit(
          lines.isEmpty
            ? "there is nothing to claim: nobody rode free or at a lower price by a category with a "
              + "rate, or all are claimed"
            : "there is nothing to claim: what is new and what is taken back are the same for each "
              + "operator and category")
      }
      let order = try await db.orders.propose(
        .subsidy, subject: String(id), minor: minor, currency: currency,
        reason: "concessions from \(first) to \(last)", by: person, at: moment)
      try await db.subsidies.move(id, to: "awaiting", order: order)
      guard let claim = try await db.subsidies.lock(id) else {
        throw MoneyRefusal.notFound("claim \(id)")
      }
      return (claim, lines)
    }
  }

  /// Decides a claim; an approved one is owed by the city, and to the operators.
  ///
  /// One that comes to nothing in all is settled at once: nobody pays anything for it.
  package func decide(
    _ order: Int64, isApproved: Bool, by person: String
  ) async throws -> MoneyOrderRow {
    let moment = now()
    return try await store.write { db in
      let row = try await db.orders.decide(order, isApproved: isApproved, by: person, at: moment) {
        $0 == .subsidy
      }
      let claim = try row.subjectNumber()
      try await db.subsidies.move(claim, to: isApproved ? "approved" : "refused")
      guard isApproved else {
        try await db.subsidies.release(claim)
        return row
      }
      _ = try await book(
        claim, row.currency, memo: "Concession claim \(claim)", isPaid: false, in: db, at: moment)
      if row.minor == 0 {
        let entry = try await book(
          claim, row.currency, memo: "Concession claim \(claim) comes to nothing in all",
          isPaid: true, in: db, at: moment)
        try await db.subsidies.move(claim, to: "paid", paidBy: entry)
      }
      return row
    }
  }

  /// Writes down that the city paid a claim, or was given back one below nothing; the entry names who did.
  package func confirm(_ claim: Int64, by person: String) async throws {
    let moment = now()
    try await store.write { db in
      guard let row = try await db.subsidies.lock(claim) else {
        throw MoneyRefusal.notFound("claim \(claim)")
      }
      guard row.state == "approved" else {
        throw MoneyRefusal.unfit("claim \(claim) is \(row.state); only an approved one is paid")
      }
      let minor = try await db.subsidies.lines(claim).reduce(0) { $0 + $1.minor }
      let done = minor < 0 ? "given back" : "paid"
      let entry = try await book(
        claim, row.currency, memo: "Concession claim \(claim) \(done), written down by \(person)",
        isPaid: true, in: db, at: moment)
      try await db.subsidies.move(claim, to: "paid", paidBy: entry)
    }
  }

  private func book(
    _ claim: Int64, _ currency: Currency, memo: String, isPaid: Bool, in db: StoreSession,
    at moment: Instant
  ) async throws -> Int64 {
    var postings: [Posting] = []
    var total: Int64 = 0
    for line in try await db.subsidies.lines(claim) where line.minor != 0 {
      let size = abs(line.minor)
      let owed: Side = line.minor > 0 ? .debit : .credit
      let other: Side = line.minor > 0 ? .credit : .debit
      total += line.minor
      postings.append(
        Posting(
          isPaid ? other : owed, account: AccountCode.concessions, operatorID: line.operatorID,
          category: line.category, minor: size))
      guard !isPaid else { continue }
      postings.append(
        Posting(
          other, account: AccountCode.operators, operatorID: line.operatorID,
          category: line.category, minor: size))
    }
    if isPaid, total != 0 {
      postings.append(
        Posting(total > 0 ? .debit : .credit, account: AccountCode.bank, minor: abs(total)))
    }
    let day = try await db.bookingDay(of: moment, in: city.current)
    let entry = try Entry(
      kind: .concession, accountingDate: day.booked, currency: currency, memo: memo,
      postings: postings)
    return try await db.books.book(try day.named(entry), at: moment)
  }

  /// The evidence of a claim as comma-separated values, a page at a time; nil after the last.
  package func evidence(_ claim: Int64, page: Int) async throws -> [SubsidyEvidence]? {
    let (rows, isThere) = try await store.read { db in
      let rows = try await db.subsidies.evidence(
        claim, offset: page * Self.evidencePerPage, countMax: Self.evidencePerPage)
      return (rows, try await db.subsidies.find(claim) != nil)
    }
    guard isThere else { throw MoneyRefusal.notFound("claim \(claim)") }
    return rows.isEmpty ? nil : rows
  }

  /// Rides on a page of evidence.
  package static let evidencePerPage = 10_000
}
