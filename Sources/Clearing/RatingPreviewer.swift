package import Basics
package import Store
import Synchronization
package import Tariff
import Transit

/// Works out what rating some fare days anew would change, the same way in which it is done; it only
/// reads.
package struct RatingPreviewer: Sendable {
  private let store: Store
  private let city: City
  private let book: TariffBook
  private let isOpenEnded: Bool
  private let sharing: SharingRules
  private let supposing: [TapName: String?]
  private let placedBy: Int64?

  private let books = BooksOfThen()

  /// Makes a previewer for a book of tariffs on the city's networks, each day by the one that holds on it.
  ///
  /// Open-ended, all days from the first on are rated anew: so it is when a tariff is published.
  /// `supposing` are corrected stops of taps as if they stood; nil withdraws one. `placedBy` is the order
  /// of a network by which taps are placed anew.
  package init(
    store: Store, city: City, book: TariffBook, isOpenEnded: Bool = false,
    supposing: [TapName: String?] = [:], placedBy: Int64? = nil
  ) {
    self.store = store
    self.city = city
    self.book = book
    self.isOpenEnded = isOpenEnded
    sharing = SharingRules(book)
    self.supposing = supposing
    self.placedBy = placedBy
  }

  /// By how much the fares of a rider change when some days are rated anew.
  func change(
    of rider: RiderID, _ period: ClosedRange<Day>, in db: StoreSession
  ) async throws -> RiderSums {
    var preview = RatingPreview(period)
    try await add([rider], lane: Lane.of(rider), period, to: &preview, in: db)
    return RiderSums(
      all: Dictionary(
        uniqueKeysWithValues: preview.largest.map { ($0.currency, $0.differenceMinor) }),
      waiting: preview.waiting)
  }

  /// By how much the fares of some riders change when some days are rated anew.
  ///
  /// Riders without such days are left out. Nil where more rider-days had to be read than are to be looked
  /// at: those after the period are read too, for the state may differ from there on.
  func changes(
    of riders: [RiderID], _ period: ClosedRange<Day>, riderDaysMax: Int, in db: StoreSession
  ) async throws -> [RiderID: RiderSums]? {
    var preview = RatingPreview(period)
    preview.byRider = [:]
    var left = riderDaysMax
    for (lane, riders) in Dictionary(grouping: riders, by: Lane.of) {
      var rest = riders[...]
      while !rest.isEmpty {
        let page = Array(rest.prefix(Bound.ofRequest.ridersPerPageMax))
        rest = rest.dropFirst(page.count)
        let days = try await db.audit.ratedDays(
          lane: lane, riders: page, from: period.lowerBound, countMax: left + 1)
        guard days.count <= left else { return nil }
        left -= days.count
        try await add(page, lane: lane, days, period, to: &preview, in: db)
      }
    }
    return preview.byRider
  }

  /// How much is looked at before it is given up.
  package struct Bound: Sendable {
    package let riderDaysMax: Int
    /// Most riders read at once.
    let ridersPerPageMax: Int

    /// What a request looks at: as many rider-days as a piece of an order, and about as long.
    package static let ofRequest = Bound(
      riderDaysMax: ReratingPieces.riderDaysPerPieceMax,
      ridersPerPageMax: ReratingPieces.ridersPerPageMax)

    /// Makes a bound.
    package init(riderDaysMax: Int, ridersPerPageMax: Int) {
      self.riderDaysMax = riderDaysMax
      self.ridersPerPageMax = ridersPerPageMax
    }
  }

  /// Compares the rides that stand with those that would; `progress` hears the share done.
  ///
  /// Days after the period are looked at as far as the state before them differs.
  package func run(
    _ period: ClosedRange<Day>, progress: @Sendable (Double) -> Void = { _ in }
  ) async throws -> RatingPreview {
    var preview = RatingPreview(period)
    preview.edition = city.edition
    for lane in 0..<Lane.count {
      var last: RiderID?
      while true {
        let riders = try await addPage(period, to: &preview) { [last] db in
          try await db.audit.riders(lane: lane, after: last)
        }
        guard let rider = riders.last else { break }
        last = rider
      }
      progress(Double(lane + 1) / Double(Lane.count))
    }
    preview.finish()
    return preview
  }

  /// As ``run(_:progress:)``; nil where there is more to look at than a bound allows.
  ///
  /// Riders are found by their taps, so a quiet day of a large city costs what happened on it.
  package func run(
    _ period: ClosedRange<Day>, within bound: Bound
  ) async throws -> RatingPreview? {
    var preview = RatingPreview(period)
    preview.edition = city.edition
    var last: RiderID?
    var ridersSeen = 0
    while true {
      let riders = try await addPage(period, to: &preview) { [last] db in
        try await db.audit.ridersWithTaps(
          from: period.lowerBound, through: isOpenEnded ? nil : period.upperBound, after: last,
          countMax: bound.ridersPerPageMax)
      }
      guard let rider = riders.last else { break }
      last = rider
      ridersSeen += riders.count
      // Each has one day at least; those that nobody rated yet take their time too.
      guard max(preview.riderDays + preview.carriedDays, ridersSeen) <= bound.riderDaysMax else {
        return nil
      }
    }
    preview.finish()
    return preview
  }

  /// Counts what changes for a page of riders, all read at one moment, and gives them.
  private func addPage(
    _ period: ClosedRange<Day>, to preview: inout RatingPreview,
    riders: @Sendable (StoreSession) async throws -> [RiderID]
  ) async throws -> [RiderID] {
    let before = preview
    let page = try await store.read { db in
      let riders = try await riders(db)
      var preview = before
      for (lane, riders) in Dictionary(grouping: riders, by: Lane.of) {
        try await self.add(riders, lane: lane, period, to: &preview, in: db)
      }
      return (riders: riders, preview: preview)
    }
    preview = page.preview
    return page.riders
  }

  /// Counts what an order changes for some riders of a lane, and what of it because the import of a network
  /// places taps anew.
  func add(
    _ riders: [RiderID], lane: Int16, to preview: inout RatingPreview, in db: StoreSession
  ) async throws {
    let period = preview.firstDay...preview.lastDay
    try await add(riders, lane: lane, period, to: &preview, in: db)
    guard let order = placedBy, book.asksForStops else { return }
    let unplaced = RatingPreviewer(store: store, city: city, book: book, isOpenEnded: isOpenEnded)
    for rider in try await db.placedAnew.riders(among: riders, order: order) {
      preview.notePlaced(
        try await change(of: rider, period, in: db),
        try await unplaced.change(of: rider, period, in: db))
    }
  }

  private func add(
    _ riders: [RiderID], lane: Int16, _ period: ClosedRange<Day>, to preview: inout RatingPreview,
    in db: StoreSession
  ) async throws {
    let days = try await db.audit.ratedDays(
      lane: lane, riders: riders, from: period.lowerBound)
    try await add(riders, lane: lane, days, period, to: &preview, in: db)
  }

  private func add(
    _ riders: [RiderID], lane: Int16,
    _ days: [(day: RiderDay, isStale: Bool, stateAfter: [UInt8])], _ period: ClosedRange<Day>,
    to preview: inout RatingPreview, in db: StoreSession
  ) async throws {
    guard !days.isEmpty else { return }
    let names = days.map(\.day)
    let taps = try await db.rating.taps(
      lane: lane, days: names, withPlacedStops: book.asksForStops, placedBy: placedBy,
      supposing: supposing)
    let standing = Dictionary(
      grouping: try await db.rating.standingRides(lane: lane, days: names), by: \.ride.day)
    let entitlements = Dictionary(
      grouping: try await db.rating.entitlements(of: Set(names.map(\.rider))), by: \.rider)
    let products = try await db.products.grants(of: Set(names.map(\.rider)))
    let kept = try await db.audit.states(lane: lane, riders: riders, before: period.lowerBound)
    var walk = RiderWalk()
    var differences: [DayDifference] = []
    for (index, known) in days.enumerated() {
      let day = known.day
      if walk.rider != day.rider {
        walk.finish(differences, &preview)
        differences = []
        walk = RiderWalk(
          rider: day.rider, state: try RiderState.kept(kept[day.rider] ?? [], before: day))
      }
      let isCarried = !isOpenEnded && day.fareDay > period.upperBound
      guard !isCarried || walk.differs else { continue }
      let then = try await on(day.fareDay, in: db)
      let rating = DayRating(
        network: then.network, book: then.book, day: day, taps: taps[index],
        entitlements: entitlements[day.rider] ?? [], products: products[day.rider] ?? [])
      let result = rating.rate(from: walk.state)
      let rides = try rating.named(
        result,
        carried: try await db.rating.boardingTaps(lane: lane, of: rating.carried(result)))
      let difference = RideDifference(
        standing: standing[day] ?? [], rated: rides, sharedBy: sharing)
      differences.append(
        DayDifference(
          difference: difference, isWaiting: known.isStale,
          ridesSharedAnew: difference.ridesSharedAnew(sharing)))
      walk.state = result.state
      walk.differs = result.state.bytes != known.stateAfter
      if isCarried {
        preview.carriedDays += 1
      } else {
        preview.riderDays += 1
        walk.hasDays = true
      }
      if known.isStale { preview.staleDays += 1 }
    }
    walk.finish(differences, &preview)
  }

  /// The network that holds on a day, and the book on it.
  private func on(_ day: Day, in db: StoreSession) async throws -> (
    network: Network, book: TariffBook
  ) {
    let then = try await city.on(day, in: db)
    guard then.feed?.id != city.feed?.id else { return (city.network, book) }
    guard isOpenEnded else { return (then.network, then.book ?? book) }
    return (then.network, books.book(book, on: then))
  }

  /// A book that is not published, on networks of before.
  private final class BooksOfThen: Sendable {
    private let books = Mutex<[Int64?: TariffBook]>([:])

    func book(_ draft: TariffBook, on then: City) -> TariffBook {
      books.withLock { books in
        if let found = books[then.feed?.id] { return found }
        let book = City(network: then.network, book: draft, feed: then.feed).book ?? draft
        books[then.feed?.id] = book
        return book
      }
    }
  }

  /// One rider on the way through their days.
  private struct RiderWalk {
    var rider: RiderID?
    var state = RiderState.empty
    /// Whether the day just rated ends in another state than it did.
    var differs = false
    var hasDays = false

    func finish(_ differences: [DayDifference], _ preview: inout RatingPreview) {
      guard let rider else { return }
      if hasDays { preview.riders += 1 }
      preview.add(differences, of: rider)
    }
  }
}
