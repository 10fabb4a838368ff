import Basics
import Ledger
import Store

/// The day on which something is booked, and the day on which it happened.
///
/// They differ when the period of that day takes nothing any more: then it is booked on the first day
/// that is open, and the entry names the day to which it belongs.
struct BookingDay: Sendable, Equatable {
  /// By the city's clock.
  let happened: Day
  /// The accounting date.
  let booked: Day

  /// The entry as it is, or with the day on which it happened: unless it names a fare day already.
  func named(_ entry: Entry) throws(EntryFault) -> Entry {
    guard happened != booked, entry.fareDay == nil else { return entry }
    return try Entry(
      kind: entry.kind, runID: entry.runID, accountingDate: entry.accountingDate,
      currency: entry.currency, memo: "\(entry.memo), of \(happened)", postings: entry.postings)
  }
}

extension StoreSession {
  /// When something of a moment is booked; the period of that day stays open until the transaction
  /// ends.
  func bookingDay(of moment: Instant, in city: City) async throws -> BookingDay {
    let happened = city.clock.zone.local(moment).day
    return BookingDay(happened: happened, booked: try await periods.bookingDate(happened))
  }

  /// The accounting date of something of a moment that names its fare day anyway.
  func bookingDate(of moment: Instant, in city: City) async throws -> Day {
    try await bookingDay(of: moment, in: city).booked
  }
}
