import Basics
import Ledger
import Store

/// What becomes of fares of an erased rider's days that change after the erasure.
///
/// The operators' part stays right, for the rides stay. The rider's part has nobody: no account is
/// moved, no charge window is made and no card is asked. What a day costs more is given up at once, and
/// what it costs less is taken off what was given up.
enum ErasedFares {
  /// Why it is given up, as it stands in the entries.
  static let reason = "erased"

  /// Takes the fares of rider-days rated just now from stored value, and gives up those of erased riders.
  ///
  /// The days on which somebody rode who should pay and has no account come back.
  static func collect(
    rated claimed: [ClaimedDay], rides: [RideRow], lane: Int16, accountingDate: Day,
    in db: StoreSession, at now: Instant
  ) async throws -> Set<RiderDay> {
    let days = claimed.map(\.day)
    // Whose first taps of a day come in parcels is somebody who taps. Any other day may be nobody's, also
    // one that was never rated: on such a one a ride is given up that was left open.
    let erased = try await db.riderMoves.erased(
      among: Set(claimed.lazy.filter { $0.parcelled == nil }.map(\.day.rider)))
    // In nearly all passes nobody is erased: then nothing is copied.
    let isNobody = erased.isEmpty
    let owners = try await RidePayments.collect(
      rated: isNobody ? days : days.filter { !erased.contains($0.rider) }, lane: lane,
      accountingDate: accountingDate, in: db, at: now)
    if isNobody { return RidePayments.owing(rides, owners: owners) }
    try await giveUp(
      days.filter { erased.contains($0.rider) }, lane: lane, accountingDate: accountingDate,
      in: db, at: now)
    return RidePayments.owing(rides.filter { !erased.contains($0.day.rider) }, owners: owners)
  }

  /// Books what days of erased riders cost more or less than was settled: one entry for each currency,
  /// fare day and direction.
  static func giveUp(
    _ days: [RiderDay], lane: Int16, accountingDate: Day, in db: StoreSession, at now: Instant
  ) async throws {
    let differences = try await db.riderMoves.differences(ofErased: days, lane: lane)
    let groups = Dictionary(grouping: differences) {
      Key(currency: $0.currency.code, day: $0.fareDay, isMore: $0.minor > 0)
    }
    var rows: [(fare: ErasedFareRow, entryID: Int64)] = []
    for (key, fares) in groups.sorted(by: { $0.key < $1.key }) {
      let number = try await db.books.book(
        try entry(fares, fareDay: key.day, isMore: key.isMore, on: accountingDate), at: now)
      rows += fares.map { ($0, number) }
    }
    try await db.riderMoves.add(rows, at: now)
  }

  private static func entry(
    _ fares: [ErasedFareRow], fareDay: Day, isMore: Bool, on date: Day
  ) throws(EntryFault) -> Entry {
    var sum: Int64 = 0
    for fare in fares {
      let (next, overflow) = sum.addingReportingOverflow(Int64(clamping: fare.minor.magnitude))
      guard !overflow else { throw .overflow }
      sum = next
    }
    let memo = (isMore ? ChargeMove.writtenOff : .writeOffOffset).memo
    let (debit, credit) =
      isMore
      ? (AccountCode.writeOffs, AccountCode.riders) : (AccountCode.riders, AccountCode.writeOffs)
    return try Entry(
      kind: .writeOff, accountingDate: date, fareDay: fareDay, currency: fares[0].currency,
      memo: "\(memo): \(reason), fare day \(fareDay)",
      postings: [
        Posting(.debit, account: debit, minor: sum), Posting(.credit, account: credit, minor: sum),
      ])
  }

  private struct Key: Hashable, Comparable {
    let currency: String
    let day: Day
    let isMore: Bool

    static func < (left: Key, right: Key) -> Bool {
      (left.currency, left.day, left.isMore ? 1 : 0)
        < (right.currency, right.day, right.isMore ? 1 : 0)
    }
  }
}
