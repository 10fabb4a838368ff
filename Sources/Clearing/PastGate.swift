package import Basics
package import Store
import Tariff

/// Lets a change of the past through, when one person may make it or a second one says the same.
package struct PastGate: Sendable {
  /// Most riders, and most of their fare days, that are looked at before; more take another person.
  package static let riderDaysMax = ReratingPieces.riderDaysPerPieceMax

  let store: Store
  let city: City
  let wish: PastWish
  /// Who makes it; nil where nothing of the past was there to change.
  let person: Person?
  let now: Instant

  /// Something was published since the city was read.
  struct Outdated: Error {}

  /// The change takes another person; undoes what the transaction did so far.
  struct Waits: Error {
    let row: PastChangeRow
  }

  /// Makes a change of what some riders' days are rated by, and lets it stand where that may be.
  ///
  /// What it comes to is the difference of what rating these days anew would change after it and before it;
  /// nobody rates a day of these riders between the two. `isPlacedAnew` says that stops may be found elsewhere
  /// because of it: where the tariff asks for stops, nobody knows yet whose fares change, and by how much.
  /// Riders who are merged into one of them count together with that one.
  package func weigh(
    _ riders: [RiderID: ClosedRange<Day>], isPlacedAnew: Bool = false,
    mergedInto kept: RiderID? = nil, in db: StoreSession, _ change: () async throws -> Void
  ) async throws {
    guard let first = riders.values.map(\.lowerBound).min(),
      let last = riders.values.map(\.upperBound).max()
    else { return try await change() }
    let isFew = riders.count <= Self.riderDaysMax
    let isUnknown = isPlacedAnew && city.book?.asksForStops ?? false
    // Lanes before the city, as whoever moves riders holds them.
    if isFew, !isUnknown { try await db.holdLanes(.rating, Set(riders.keys.map(Lane.of))) }
    guard try await db.cityEdition() == city.edition else { throw Outdated() }
    guard let book = city.book else { return try await change() }
    let previewer = RatingPreviewer(store: store, city: city, book: book)
    func look() async throws -> [RiderID: RiderSums]? {
      guard isFew, !isUnknown else { return nil }
      return try await previewer.changes(
        of: riders.keys.sorted(), first...last, riderDaysMax: Self.riderDaysMax, in: db)
    }
    let before = try await look()
    // The rides of riders who go are reversed, and rated again for the one who stays.
    var gone: [Currency: Int64] = [:]
    if before != nil, let kept {
      gone = try await Self.costs(of: riders.filter { $0.key != kept }, in: db)
    }
    try await change()
    guard let before, let after = try await look() else { return try await pass(nil, in: db) }
    // Nobody rode on these days yet.
    guard !before.isEmpty || !after.isEmpty else { return }
    try await pass(
      kept == nil
        ? Self.difference(before, after) : Self.mergedDifference(before, after, gone: gone),
      in: db)
  }

  /// Lets a change through that comes to an amount, or to nobody knows how much.
  package func pass(_ changeMinor: Int64?, in db: StoreSession) async throws {
    guard let person else {
      throw StoreFault(kind: .unavailable, "taps came meanwhile that it changes; send it again")
    }
    var row = PastChangeRow(
      kind: wish.kind, wish: wish.digest, what: wish.what, changeMinor: changeMinor,
      state: .requested, requestedBy: person, requestedAt: now)
    (row.subjectID, row.otherID) = (wish.rider, wish.other)
    let since = PastDesk.waitsSince(now)
    if let asked = try await db.pastChanges.lockRequested(wish.digest, after: since),
      !asked.requestedBy.isSame(as: person)
    {
      guard Self.isNoMore(changeMinor, than: asked.changeMinor) else { throw Waits(row: row) }
      return try await db.pastChanges.markDone(asked.id, by: person, at: now)
    }
    guard let changeMinor,
      try await !Rerating.needsSecondPerson(changeMinor, by: person, at: now, in: db)
    else { throw Waits(row: row) }
    guard changeMinor > 0 else { return }
    row.state = .done
    _ = try await db.pastChanges.add(row)
  }

  /// Whether a change comes to no more than was known when it was asked for; nil is unknown.
  static func isNoMore(_ changeMinor: Int64?, than asked: Int64?) -> Bool {
    guard let asked else { return true }
    return changeMinor.map { $0 <= asked } ?? false
  }

  /// By how much the fares of riders differ, without signs, in the currency of most.
  ///
  /// Of days that wait for a rating, what that would have changed without the change is taken off.
  private static func difference(
    _ before: [RiderID: RiderSums], _ after: [RiderID: RiderSums]
  ) -> Int64 {
    var sums: [Currency: Int64] = [:]
    for rider in Set(before.keys).union(after.keys) {
      let (then, now) = (before[rider]?.waiting ?? [:], after[rider]?.all ?? [:])
      for currency in Set(then.keys).union(now.keys) {
        sums[currency, default: 0] += abs(now[currency, default: 0] - then[currency, default: 0])
      }
    }
    return sums.values.max() ?? 0
  }

  /// By how much the fares of riders who become one differ together, in the currency of most.
  private static func mergedDifference(
    _ before: [RiderID: RiderSums], _ after: [RiderID: RiderSums], gone: [Currency: Int64]
  ) -> Int64 {
    var sums = gone.mapValues { -$0 }
    for rider in before.values {
      for (currency, minor) in rider.waiting { sums[currency, default: 0] -= minor }
    }
    for rider in after.values {
      for (currency, minor) in rider.all { sums[currency, default: 0] += minor }
    }
    return sums.values.map { abs($0) }.max() ?? 0
  }

  /// What all rides of some riders' days cost as they stand.
  private static func costs(
    of riders: [RiderID: ClosedRange<Day>], in db: StoreSession
  ) async throws -> [Currency: Int64] {
    var sums: [Currency: Int64] = [:]
    guard let first = riders.values.map(\.lowerBound).min() else { return sums }
    for (lane, ofLane) in Dictionary(grouping: riders.keys, by: Lane.of) {
      let rated = try await db.audit.ratedDays(lane: lane, riders: ofLane, from: first)
      let days = rated.map(\.day).filter { riders[$0.rider]?.contains($0.fareDay) ?? false }
      for ride in try await db.rating.standingRides(lane: lane, days: days) {
        sums[ride.ride.currency, default: 0] += ride.ride.chargedMinor ?? 0
      }
    }
    return sums
  }
}
