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
  private let city: City

  /// Makes the use case.
  package init(store: Store, city: City) {
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
    do throws(EntryFault) {
      _ = try Entry(
        kind: .correction, accountingDate: city.clock.zone.local(now).day, fareDay: fareDay,
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
    return try await store.write { db in
      if let fault = try await read.fault(on: city.clock.zone.local(now).day, in: db) {
        return .unfit(fault)
      }
      return .requested(
        try await db.adjustments.request(
          postings, pays: read.names.map(\.short), currency: currency, fareDay: fareDay,
          reason: reason, by: SecondPerson.trimmed(person), at: now))
    }
  }

  /// Approves a correction, which books it on the next open day, or refuses it.
  package func decide(
    _ number: Int64, isApproved: Bool, reason: String? = nil, by person: String, at now: Instant
  ) async throws -> AdjustmentOutcome {
    guard !SecondPerson.isBlank(person) else { return .nameless }
    let decider = SecondPerson.trimmed(person)
    return try await store.write { db in
      guard let row = try await db.adjustments.lock(number) else { return .unknown }
      guard row.state == .requested else { return .decided(row.state) }
      guard !SecondPerson.isSame(row.requestedBy, decider) else { return .ownRequest }
      guard isApproved else {
        try await db.adjustments.decide(
          number, .refused, entry: nil, reason: reason, by: decider, at: now)
        return .refused
      }
      var payables = AdjustedPayables(postings: row.postings, currency: row.currency)
      if let wrong = payables.read(row.pays) { return .unfit(wrong) }
      if let fault = try await payables.fault(on: city.clock.zone.local(now).day, in: db) {
        return .unfit(fault)
      }
      let day = try await db.bookingDay(of: now, in: city)
      let date = day.booked
      let entry = try Entry(
        kind: .correction, accountingDate: date, fareDay: row.fareDay, currency: row.currency,
        memo:
          "Adjustment \(number) by \(row.requestedBy), approved by \(decider): \(row.reason)",
        postings: row.postings)
      let booked = try await db.books.book(try day.named(entry), at: now)
      for name in payables.names where name.subject == .refund {
        try await db.charging.payBack(refund: name.number, by: booked, at: now)
      }
      try await db.adjustments.decide(
        number, .approved, entry: booked, reason: reason, by: decider, at: now)
      return .booked(entry: booked, on: date)
    }
  }
}
