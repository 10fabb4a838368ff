package import Basics
package import Store
package import Tariff

/// What rating some fare days anew would change in the books.
package struct RatingPreview: Sendable, Equatable {
  /// Most riders that are named with their changes.
  package static let largestMax = 20

  /// What changes for one operator, in one currency.
  package struct OperatorChange: Sendable, Equatable {
    /// Nil when the operator of the rides is not known.
    package let operatorID: String?
    package let currency: Currency
    package var ridesReversed = 0
    package var ridesAdded = 0
    /// What the reversed rides were charged, and what the added ones will be; minor units.
    package var beforeMinor: Int64 = 0
    package var afterMinor: Int64 = 0
  }

  /// What changes on one fare day, in one currency.
  package struct DayChange: Sendable, Equatable {
    package let day: Day
    package let currency: Currency
    package var ridesReversed = 0
    package var ridesAdded = 0
    package var beforeMinor: Int64 = 0
    package var afterMinor: Int64 = 0
  }

  /// What changes for one rider, in one currency.
  package struct RiderChange: Sendable, Equatable {
    package let rider: RiderID
    package let currency: Currency
    package var beforeMinor: Int64 = 0
    package var afterMinor: Int64 = 0

    var differenceMinor: Int64 { afterMinor - beforeMinor }
  }

  package internal(set) var firstDay: Day
  package internal(set) var lastDay: Day
  /// By which network and tariffs it was worked out so far; nil before the first rider.
  package internal(set) var edition: CityEdition?
  /// Riders who have days in the period, and their days.
  package var riders = 0
  package var riderDays = 0
  /// Days that wait for a rating anyway: what changes on them is counted too.
  package var staleDays = 0
  /// Days after the period that are rated anew because the state before them differs.
  package var carriedDays = 0
  package var changedRiders = 0
  package var changedDays = 0
  package var ridesReversed = 0
  package var ridesAdded = 0
  /// Taps that get another stop because a new network places them anew.
  package var tapsPlacedAnew = 0
  /// By operator, then currency; the unknown operator last.
  package var operators: [OperatorChange] = []
  /// The largest changes first.
  package var largest: [RiderChange] = []
  /// Sums of the changes of all riders without their signs, minor units by currency.
  package internal(set) var changes: [Currency: Int64] = [:]
  /// As ``changes``, of the days alone that do not wait for a rating anyway.
  var ordered: [Currency: Int64] = [:]
  /// By how much the changes of riders would be others without the taps that are placed anew.
  package internal(set) var placed: [Currency: Int64] = [:]
  /// Sums of the changes with their signs on days that wait for a rating anyway.
  private(set) var waiting: [Currency: Int64] = [:]
  /// By day, then currency: what changes because of the order alone.
  ///
  /// Rider-days that wait for a rating are left out, for they are rated without it.
  package private(set) var days: [DayChange] = []
  private var dayPlaces: [String: Int] = [:]

  /// The largest of the sums of changes: the one that a limit is held against.
  package var changeMinor: Int64 { changes.values.max() ?? 0 }

  /// As ``changeMinor``, of the days alone that do not wait for a rating anyway.
  package var orderedMinor: Int64 { ordered.values.max() ?? 0 }

  init(_ period: ClosedRange<Day>) {
    firstDay = period.lowerBound
    lastDay = period.upperBound
  }

  /// Counts what a rider's days change.
  mutating func add(_ differences: [DayDifference], of rider: RiderID) {
    var changes: [Currency: RiderChange] = [:]
    func count(_ ride: RideRow, isAdded: Bool) {
      let minor = ride.chargedMinor ?? 0
      var change =
        changes[ride.currency] ?? RiderChange(rider: rider, currency: ride.currency)
      let line = place(ride.operatorID, ride.currency)
      if isAdded {
        change.afterMinor += minor
        operators[line].afterMinor += minor
        operators[line].ridesAdded += 1
        ridesAdded += 1
      } else {
        change.beforeMinor += minor
        operators[line].beforeMinor += minor
        operators[line].ridesReversed += 1
        ridesReversed += 1
      }
      changes[ride.currency] = change
    }
    noteOrdered(differences)
    for day in differences where !day.difference.isEmpty {
      changedDays += 1
      for ride in day.difference.reversed { count(ride.ride, isAdded: false) }
      for ride in day.difference.added { count(ride, isAdded: true) }
      if !day.isWaiting { note(day.difference) }
    }
    guard !changes.isEmpty else { return }
    changedRiders += 1
    for change in changes.values where change.differenceMinor != 0 {
      self.changes[change.currency, default: 0] += abs(change.differenceMinor)
      largest.append(change)
    }
    if largest.count > Self.largestMax * 4 { trim() }
  }

  /// Counts what changes for a rider on days that wait for a rating, and on those that do not.
  private mutating func noteOrdered(_ differences: [DayDifference]) {
    var sums: [Currency: Int64] = [:]
    for day in differences {
      for (currency, minor) in day.difference.changes {
        if day.isWaiting {
          waiting[currency, default: 0] += minor
        } else {
          sums[currency, default: 0] += minor
        }
      }
    }
    for (currency, minor) in sums where minor != 0 {
      ordered[currency, default: 0] += abs(minor)
    }
  }

  /// Counts what changes on a fare day because of the order.
  private mutating func note(_ difference: RideDifference) {
    for ride in difference.reversed.map(\.ride) {
      let place = dayPlace(of: ride)
      days[place].ridesReversed += 1
      days[place].beforeMinor += ride.chargedMinor ?? 0
    }
    for ride in difference.added {
      let place = dayPlace(of: ride)
      days[place].ridesAdded += 1
      days[place].afterMinor += ride.chargedMinor ?? 0
    }
  }

  private mutating func dayPlace(of ride: RideRow) -> Int {
    let key = Self.key(ride.day.fareDay, ride.currency)
    if let place = dayPlaces[key] { return place }
    days.append(DayChange(day: ride.day.fareDay, currency: ride.currency))
    dayPlaces[key] = days.count - 1
    return days.count - 1
  }

  /// Takes days that were counted before, to go on with them.
  mutating func take(_ days: [DayChange]) {
    self.days = days
    dayPlaces = [:]
    for (place, day) in days.enumerated() { dayPlaces[Self.key(day.day, day.currency)] = place }
  }

  /// Counts what a rider's taps that are placed anew change of their fares.
  mutating func notePlaced(_ with: RiderSums, _ without: RiderSums) {
    for currency in Set(with.all.keys).union(without.all.keys) {
      let minor = with.all[currency, default: 0] - without.all[currency, default: 0]
      if minor != 0 { placed[currency, default: 0] += abs(minor) }
    }
  }

  private static func key(_ day: Day, _ currency: Currency) -> String { "\(day) \(currency.code)" }

  /// Puts days, operators and riders in their order.
  mutating func finish() {
    trim()
    dayPlaces = [:]
    days.sort { ($0.day, $0.currency.code) < ($1.day, $1.currency.code) }
    operators.sort { left, right in
      let isUnknown = (left.operatorID == nil ? 1 : 0, right.operatorID == nil ? 1 : 0)
      return (isUnknown.0, left.operatorID ?? "", left.currency.code)
        < (isUnknown.1, right.operatorID ?? "", right.currency.code)
    }
  }

  private mutating func trim() {
    largest.sort { left, right in
      (abs(right.differenceMinor), left.rider) < (abs(left.differenceMinor), right.rider)
    }
    largest.removeLast(max(0, largest.count - Self.largestMax))
  }

  private mutating func place(_ operatorID: String?, _ currency: Currency) -> Int {
    if let place = operators.firstIndex(where: {
      $0.operatorID == operatorID && $0.currency == currency
    }) {
      return place
    }
    operators.append(OperatorChange(operatorID: operatorID, currency: currency))
    return operators.count - 1
  }

}

/// By how much the fares of one rider change, minor units by currency.
struct RiderSums {
  let all: [Currency: Int64]
  /// Of it: on days that wait for a rating anyway.
  let waiting: [Currency: Int64]

  /// The largest amount, of any currency and without its sign, by which two sums differ.
  static func largestDifference(
    _ one: [Currency: Int64], _ other: [Currency: Int64]
  ) -> Int64 {
    Set(one.keys).union(other.keys).map { currency in
      abs(one[currency, default: 0] - other[currency, default: 0])
    }.max() ?? 0
  }
}

extension RideDifference {
  /// What the rides come to more than those they take the place of, minor units by currency.
  var changes: [Currency: Int64] {
    var sums: [Currency: Int64] = [:]
    for ride in reversed.map(\.ride) { sums[ride.currency, default: 0] -= ride.chargedMinor ?? 0 }
    for ride in added { sums[ride.currency, default: 0] += ride.chargedMinor ?? 0 }
    return sums
  }
}

/// What rating a rider's day anew changes.
struct DayDifference {
  let difference: RideDifference
  /// Whether the day waits for a rating, and is rated without an order.
  let isWaiting: Bool
}

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

  /// Makes a previewer for a book of tariffs on the city's network.
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
        let (after, before) = (last, preview)
        let page = try await store.read { db in
          let riders = try await db.audit.riders(lane: lane, after: after)
          var preview = before
          try await self.add(riders, lane: lane, period, to: &preview, in: db)
          return (last: riders.last, preview: preview)
        }
        guard let rider = page.last else { break }
        last = rider
        preview = page.preview
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
      let (after, before) = (last, preview)
      let page = try await store.read { db in
        let riders = try await db.audit.ridersWithTaps(
          from: period.lowerBound, through: isOpenEnded ? nil : period.upperBound, after: after,
          countMax: bound.ridersPerPageMax)
        var preview = before
        for (lane, riders) in Dictionary(grouping: riders, by: Lane.of) {
          try await self.add(riders, lane: lane, period, to: &preview, in: db)
        }
        return (riders: riders, preview: preview)
      }
      guard let rider = page.riders.last else { break }
      last = rider
      preview = page.preview
      ridersSeen += page.riders.count
      // Each has one day at least; those that nobody rated yet take their time too.
      guard max(preview.riderDays + preview.carriedDays, ridersSeen) <= bound.riderDaysMax else {
        return nil
      }
    }
    preview.finish()
    return preview
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
      let rating = DayRating(
        network: city.network, book: book, day: day, taps: taps[index],
        entitlements: entitlements[day.rider] ?? [], products: products[day.rider] ?? [])
      let result = rating.rate(from: walk.state)
      let rides = try rating.named(
        result,
        carried: try await db.rating.boardingTaps(lane: lane, of: rating.carried(result)))
      differences.append(
        DayDifference(
          difference: RideDifference(
            standing: standing[day] ?? [], rated: rides, sharedBy: sharing),
          isWaiting: known.isStale))
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
