package import Basics
import Charging
package import Ledger
package import Store

/// What became of a person's wish to correct the books, or of a decision on it.
package enum AdjustmentOutcome: Sendable, Equatable {
  /// It waits for another person.
  case requested(Int64)
  /// It is booked on a day.
  case booked(entry: Int64, on: Day)
  /// The other person did not agree.
  case refused
  /// The lines are no entry.
  case faulty(EntryFault)
  /// It pays what it may not, and why.
  case unfit(String)
  /// It books on what it may not, or for an operator that nobody knows, and why.
  case unfitLine(String)
  /// Its currency is none of the city's, and which are.
  case unknownCurrency(String)
  /// There is none of that number.
  case unknown
  /// Somebody has decided on it before.
  case decided(AdjustmentRow.State)
  /// Who asked for it may not decide on it.
  case ownRequest
  /// A person's name or the reason is empty.
  case nameless
}

/// Corrections of the books by hand: one person asks, giving the reason, and another one approves.
package struct Adjusting: Sendable {
  private let store: Store
  private let city: CityHolder

  /// Makes the use case.
  package init(store: Store, city: CityHolder) {
    self.store = store
    self.city = city
  }

  /// Asks for a correction; nothing is booked.
  ///
  /// `pays` names what it pays of the money that riders are owed: `KVYTOK-T12`.
  package func request(
    _ postings: [Posting], pays: [String] = [], currency: Currency, fareDay: Day? = nil,
    reason: String, by person: String, at now: Instant
  ) async throws -> AdjustmentOutcome {
    guard !SecondPerson.isBlank(person), !SecondPerson.isBlank(reason) else { return .nameless }
    let today = city.current.clock.zone.local(now).day
    do throws(EntryFault) {
      _ = try Entry(
        kind: .correction, accountingDate: today, fareDay: fareDay,
        currency: currency, memo: reason, postings: postings)
    } catch {
      return .faulty(error)
    }
    if let line = postings.firstIndex(where: { $0.operatorID?.isName == false }) {
      return .faulty(.operatorName(line: line + 1))
    }
    // What fits into one entry would leave the account no room for the next.
    guard postings.reduce(0, { $0 + $1.debitMinor }) <= Money.outsideMinorMax else {
      return .faulty(.aboveLimit)
    }
    var payables = AdjustedPayables(postings: postings, currency: currency)
    if let wrong = payables.read(pays) { return .unfit(wrong) }
    let read = payables
    let lines = AdjustedLines(postings: postings, currency: currency)
    let known = try await cityKnowing(lines)
    return try await store.write { db in
      if let refusal = try await lines.refusal(in: known, db) { return refusal }
      if let fault = try await read.fault(on: today, in: db) {
        return .unfit(fault)
      }
      return .requested(
        try await db.adjustments.request(
          postings, pays: read.names.map(\.short), currency: currency, fareDay: fareDay,
          reason: reason, by: SecondPerson.trimmed(person), at: now))
    }
  }

  /// The city as it stands.
  ///
  /// Another process may have published what lines name and this one did not hear of.
  private func cityKnowing(_ lines: AdjustedLines) async throws -> City {
    if lines.isMissing(in: city.current) { try await city.reload(from: store) }
    return city.current
  }

  /// Approves a correction, which books it on the next open day, or refuses it.
  package func decide(
    _ number: Int64, isApproved: Bool, reason: String? = nil, by person: String, at now: Instant
  ) async throws -> AdjustmentOutcome {
    guard !SecondPerson.isBlank(person) else { return .nameless }
    let decider = SecondPerson.trimmed(person)
    // An adjustment that waits does not change; the city is looked at outside the transaction.
    let asked = try await store.read { db in try await db.adjustments.list(number: number).first }
    guard let asked else { return .unknown }
    let lines = AdjustedLines(postings: asked.postings, currency: asked.currency)
    let known = try await isApproved ? cityKnowing(lines) : city.current
    return try await store.write { db in
      guard let row = try await db.adjustments.lock(number) else { return .unknown }
      guard row.state == .requested else { return .decided(row.state) }
      guard !SecondPerson.isSame(row.requestedBy, decider) else { return .ownRequest }
      guard isApproved else {
        try await db.adjustments.decide(
          number, .refused, entry: nil, reason: reason, by: decider, at: now)
        return .refused
      }
      if let refusal = try await lines.refusal(in: known, db) { return refusal }
      var payables = AdjustedPayables(postings: row.postings, currency: row.currency)
      if let wrong = payables.read(row.pays) { return .unfit(wrong) }
      if let fault = try await payables.fault(on: known.clock.zone.local(now).day, in: db) {
        return .unfit(fault)
      }
      let booked = try await Self.book(row, by: decider, in: known, db, at: now)
      for name in payables.names where name.subject == .refund {
        try await db.charging.payBack(refund: name.number, by: booked.entry, at: now)
      }
      try await db.adjustments.decide(
        number, .approved, entry: booked.entry, reason: reason, by: decider, at: now)
      return .booked(entry: booked.entry, on: booked.day)
    }
  }

  private static func book(
    _ row: AdjustmentRow, by decider: String, in city: City, _ db: StoreSession, at now: Instant
  ) async throws -> (entry: Int64, day: Day) {
    let day = try await db.bookingDay(of: now, in: city)
    let entry = try Entry(
      kind: .correction, accountingDate: day.booked, fareDay: row.fareDay, currency: row.currency,
      memo:
        "Adjustment \(row.number) by \(row.requestedBy), approved by \(decider): \(row.reason)",
      postings: row.postings)
    return (try await db.books.book(try day.named(entry), at: now), day.booked)
  }
}
