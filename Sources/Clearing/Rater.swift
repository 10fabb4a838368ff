package import Basics
import Ledger
package import Logging
package import Store
import Tariff

/// Rates stale rider-days and books the difference to what stood.
///
/// There is no other way to a fare: a first rating, a late tap, a mended tariff and a new proof of a
/// category all come as stale days, and all leave the ledger as a difference.
package struct Rater: Sendable {
  /// Most rider-days rated in one transaction, which is one clearing run.
  package static let riderDaysPerPassMax = 8000
  /// Most taps whose parcels are taken in one transaction; a single parcel may be larger.
  package static let parcelledTapsPerPassMax = 100_000

  let city: City
  private let log: Logger

  /// Makes a rater for a city as it stands: its network and its tariffs.
  package init(city: City, log: Logger) {
    self.city = city
    self.log = log
  }

  /// What one pass did.
  package struct Pass: Sendable {
    package var riderDays = 0
    package var taps = 0
    package var ridesAdded = 0
    package var ridesReversed = 0
  }

  /// Rates the oldest stale days of a rider lane; nothing when another process holds the lane.
  package func rate(lane: Int16, in db: StoreSession, at now: Instant) async throws -> Pass {
    // Without any tariff days stay stale, and are reported as not rated, until one is published.
    guard let book = city.book, try await db.tryLane(.rating, lane: lane) else { return Pass() }
    try await db.preferIndexes()
    let claimed = try await claim(lane: lane, withPlacedStops: book.asksForStops, in: db, at: now)
    guard !claimed.isEmpty else { return Pass() }
    let days = claimed.map(\.day)
    let taps = try await taps(of: claimed, lane: lane, withPlacedStops: book.asksForStops, in: db)
    let entitlements = Dictionary(
      grouping: try await db.rating.entitlements(of: Set(days.map(\.rider))), by: \.rider)
    let products = try await db.products.grants(of: Set(days.map(\.rider)))
    var folded = try fold(
      claimed, taps, entitlements, products, try await cities(of: days, in: db))
    let carried = try await db.rating.boardingTaps(
      lane: lane, of: folded.overnight.flatMap { $0.rating.carried($0.result) })
    for day in folded.overnight {
      try day.rating.addNamed(of: day.result, carried: carried, to: &folded.rides)
    }
    let standing = try await db.rating.standingRides(
      lane: lane, days: claimed.lazy.filter(\.wasRated).map(\.day))
    let difference = RideDifference(
      standing: standing, rated: folded.rides, sharedBy: SharingRules(book))
    let tapCount = taps.reduce(0) { $0 + $1.count }
    if book.versions.contains(where: { $0.apportionment != .own }) {
      try await db.operatorMoney.askRecount(
        of: Self.toShareAnew(claimed, folded.rides), lane: lane)
    }
    // The books of today's month take it, unless they are being closed just now.
    let accountingDate = try await db.periods.bookingDate(city.clock.zone.local(now).day)
    if !difference.isEmpty {
      try await post(
        difference, lane: lane, claimed: claimed, taps: tapCount, products, on: accountingDate,
        in: db, at: now)
    }
    let owing = try await ErasedFares.collect(
      rated: claimed, rides: folded.rides, lane: lane, accountingDate: accountingDate, in: db,
      at: now)
    var rows = folded.days
    for index in rows.indices { rows[index].owes = owing.contains(rows[index].day) }
    guard
      try await db.rating.begin(rows.filter(\.isFirst), lane: lane, at: now)
    else {
      throw ClearingFault.markedMeanwhile
    }
    try await db.rating.finish(rows.filter { !$0.isFirst }, lane: lane, at: now)
    return Pass(
      riderDays: days.count, taps: tapCount, ridesAdded: difference.added.count,
      ridesReversed: difference.reversed.count)
  }

  /// Days that a person ordered on which more than one operator carried the rider: they are shared anew also
  /// where no fare changes, for the rule may be understood otherwise than when they were shared.
  private static func toShareAnew(_ claimed: [ClaimedDay], _ rides: [RideRow]) -> [RiderDay] {
    let ordered = Set(claimed.lazy.filter { $0.cause == .order }.map(\.day))
    guard !ordered.isEmpty else { return [] }
    var carriers: [RiderDay: String] = [:]
    var days: Set<RiderDay> = []
    for ride in rides where ordered.contains(ride.day) {
      guard let name = ride.operatorID else { continue }
      if carriers[ride.day, default: name] != name { days.insert(ride.day) }
      carriers[ride.day] = name
    }
    return Array(days)
  }

  /// The city on the network that holds on each of some days.
  private func cities(of days: [RiderDay], in db: StoreSession) async throws -> [Day: City] {
    var cities: [Day: City] = [:]
    for day in Set(days.map(\.fareDay)).sorted() {
      cities[day] = try await city.on(day, in: db)
    }
    return cities
  }

  /// What the tariff made of the days of a pass.
  private struct Folded {
    var days: [RatedDayRow] = []
    /// Rides under the names of their taps.
    var rides: [RideRow] = []
    /// Days with a ride that began on an earlier one: its first tap has to be looked up.
    var overnight: [(rating: DayRating, result: DayRating.Result)] = []
  }

  /// Each claimed day through its tariff, earlier days first, so that a day starts from the state
  /// that the day before it has left just now.
  private func fold(
    _ claimed: [ClaimedDay], _ taps: [[TapRow]], _ entitlements: [RiderID: [EntitlementRow]],
    _ products: [RiderID: [GrantRow]], _ cities: [Day: City]
  ) throws -> Folded {
    let followed = Set(claimed.compactMap(\.dayBefore))
    var folded = Folded()
    folded.days.reserveCapacity(claimed.count)
    folded.rides.reserveCapacity(taps.reduce(0) { $0 + $1.count })
    // Only what a later day of this pass starts from has to be kept.
    var left: [RiderDay: RiderState] = [:]
    for place in claimed.indices {
      let day = claimed[place].day
      let before =
        try claimed[place].dayBefore.flatMap { left[$0] }
        ?? RiderState.kept(claimed[place].stateBefore, before: day)
      let then = cities[day.fareDay] ?? city
      guard let book = then.book else { preconditionFailure("every network has the same tariffs") }
      let rating = DayRating(
        network: then.network, book: book, day: day, taps: taps[place],
        entitlements: entitlements[day.rider] ?? [], products: products[day.rider] ?? [])
      let result = rating.rate(from: before)
      if rating.carried(result).isEmpty {
        try rating.addNamed(of: result, carried: [:], to: &folded.rides)
      } else {
        folded.overnight.append((rating, result))
      }
      let isFollowed = followed.contains(day)
      if isFollowed { left[day] = result.state }
      let bytes = result.state.bytes
      folded.days.append(
        RatedDayRow(
          day: day, stateAfter: bytes, tariffVersion: result.tariffVersion,
          // The day that follows has just been rated from this very state when it was claimed too.
          stateChanged: bytes != claimed[place].stateAfter && !isFollowed,
          hasOpenRide: result.state.hasOpenRide, isFirst: claimed[place].parcelled != nil,
          feedID: then.feed?.id))
    }
    return folded
  }

  /// One run with its rides, the entries that sum them up, and the sums kept for reports.
  private func post(
    _ difference: RideDifference, lane: Int16, claimed: [ClaimedDay], taps: Int,
    _ products: [RiderID: [GrantRow]], on accountingDate: Day, in db: StoreSession, at now: Instant
  ) async throws {
    let runID = try await db.books.addRun(
      ClearingRunRow(
        lane: lane, accountingDate: accountingDate, startedAt: now, riderDays: claimed.count,
        taps: taps, ridesAdded: difference.added.count,
        ridesReversed: difference.reversed.count, causes: difference.causes(of: claimed)))
    try await db.rating.reverse(difference.reversed, lane: lane, runID: runID)
    try await db.rating.insert(difference.added, runID: runID)
    try await db.products.askRecount(
      after: difference.carriedDays { products[$0] != nil })
    let entries = try BookingDifference.entries(
      runID: runID, accountingDate: accountingDate, differences: difference.fareDifferences)
    try await db.books.add(entries, at: now)
    try await db.rideSums.add(difference.sums(accountingDate: accountingDate), lane: lane)
  }
}

/// What a clearing run cannot go on with.
package enum ClearingFault: Error, CustomStringConvertible {
  /// The stored state of a rider is of a format that this program does not know.
  case unreadableState(rider: RiderID, before: Day)
  /// A day that was rated for the first time was marked as stale by somebody else at the same time.
  case markedMeanwhile

  package var description: String {
    switch self {
    case .unreadableState(let rider, let day):
      "the state of rider \(rider) before \(day) cannot be read: it was written by a newer kvytok"
    case .markedMeanwhile:
      "a rider's day was marked as stale while it was rated for the first time"
    }
  }
}
