import Basics
import Store

extension Rater {
  /// The rider-days of a lane that a pass rates, earlier days first.
  ///
  /// They are those whose first taps came in parcels, and the oldest of those that are marked as stale.
  /// A day that nobody knows of yet, later than all days of its rider, has all its taps in parcels. For
  /// any other the parcels are only a mark: its taps are looked up. So they are where the tariff asks
  /// for stops, for those that Insight found may lie beside the taps by now.
  func claim(
    lane: Int16, withPlacedStops: Bool, in db: StoreSession, at now: Instant
  ) async throws -> [ClaimedDay] {
    let parcelled = try await db.parcels.take(lane: lane, tapsMax: Self.parcelledTapsPerPassMax)
      .sorted { $0.day < $1.day }
    var firsts: [ClaimedDay] = []
    if parcelled.isEmpty {
      // Yesterday is left alone: the tap that ends its last ride may still be on its way. So may that
      // of any day while parcels wait.
      try await db.rating.markOpenRides(
        lane: lane, before: city.fareDay(of: now).adding(days: -1), at: now)
    } else {
      let last = try await db.parcels.lastDays(lane: lane, of: parcelled.map(\.day.rider))
      var known: [StaleCause: Set<RiderDay>] = [:]
      for (index, day) in parcelled.enumerated() {
        let last = last[index]
        guard !withPlacedStops, last.map({ $0.fareDay < day.day.fareDay }) ?? true else {
          known[day.cause, default: []].insert(day.day)
          continue
        }
        firsts.append(
          ClaimedDay(
            day: day.day, stateAfter: [], stateBefore: last?.stateAfter ?? [],
            dayBefore: last.map { RiderDay(rider: day.day.rider, fareDay: $0.fareDay) },
            wasRated: false, cause: day.cause, parcelled: day.taps))
      }
      for (cause, days) in known.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        try await db.sorting.markStale(riderDays: days, cause: cause, reason: nil, at: now)
      }
    }
    let stale = try await db.rating.claimStaleDays(lane: lane, countMax: Self.riderDaysPerPassMax)
    return Self.chained(firsts, stale)
  }

  /// Both in one order, each following the day of its rider that this pass rates before it.
  private static func chained(_ firsts: [ClaimedDay], _ stale: [ClaimedDay]) -> [ClaimedDay] {
    guard let first = firsts.first, let last = firsts.last else { return stale }
    let isOneDay = first.day.fareDay == last.day.fareDay
    if isOneDay, stale.isEmpty { return firsts }
    var before: [RiderID: Day] = [:]
    return (firsts + stale).sorted { $0.day < $1.day }.map { claim in
      let rider = claim.day.rider
      defer { before[rider] = claim.day.fareDay }
      guard let followed = before[rider], claim.dayBefore.map({ $0.fareDay < followed }) ?? true
      else { return claim }
      return claim.following(RiderDay(rider: rider, fareDay: followed))
    }
  }

  /// The taps of claimed days: those that came in parcels, and what is looked up of the others.
  func taps(
    of claimed: [ClaimedDay], lane: Int16, withPlacedStops: Bool, in db: StoreSession
  ) async throws -> [[TapRow]] {
    let others = claimed.indices.filter { claimed[$0].parcelled == nil }
    var taps = claimed.map { $0.parcelled ?? [] }
    guard !others.isEmpty else { return taps }
    let found = try await db.rating.taps(
      lane: lane, days: others.map { claimed[$0].day }, withPlacedStops: withPlacedStops)
    for (place, rows) in zip(others, found) { taps[place] = rows }
    return taps
  }
}
