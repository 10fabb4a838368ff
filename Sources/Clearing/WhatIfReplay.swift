package import Basics
package import Store
package import Tariff
import Transit

/// What recorded taps would have come to under a draft.
package struct WhatIfAnswer: Sendable {
  /// Sums and changes.
  package var comparison: WhatIf
  /// Riders with taps in the period.
  package var riders = 0
  package var riderDays = 0
  package var taps = 0
  /// Rider-days whose rating waits: the books do not have their fares yet.
  package var staleDays = 0
}

/// Replays recorded taps under a draft, as if it had been in force from the first day on.
///
/// Each rider starts from the state that stands before the period, and both sides see a day by the
/// network that rated it: so the side of now is what the books hold, and the difference is the tariff's
/// alone. What a real re-rating books, by the network that holds on the day, shows ``Rerating``. It only reads.
package struct WhatIfReplay: Sendable {
  private let store: Store
  private let city: City
  private let past = PastCities()

  /// Makes the use case.
  package init(store: Store, city: City) {
    self.store = store
    self.city = city
  }

  /// Compares both sides; nil while no tariff is published.
  ///
  /// `progress` hears the share that is done, from 0 to 1.
  package func run(
    draft: CompiledTariff, over period: ClosedRange<Day>,
    progress: @Sendable (Double) -> Void = { _ in }
  ) async throws -> WhatIfAnswer? {
    guard let books = Books(city, draft, from: period.lowerBound) else { return nil }
    var answer = WhatIfAnswer(comparison: WhatIf(now: books.now, draft: books.draft))
    for lane in 0..<Lane.count {
      var last: RiderID?
      while true {
        let after = last
        let page = try await store.read { db in
          try await self.page(
            of: try await db.audit.riders(lane: lane, after: after), lane: lane, period, books,
            draft, in: db)
        }
        guard let rider = page.last else { break }
        last = rider
        for one in page.riders {
          answer.comparison.add(rider: one.rider.description, now: one.now, draft: one.draft)
        }
        answer.riders += page.riders.count
        answer.riderDays += page.riderDays
        answer.taps += page.taps
        answer.staleDays += page.staleDays
      }
      progress(Double(lane + 1) / Double(Lane.count))
    }
    return answer
  }

  /// Rides of one rider in the period.
  private struct Replayed: Sendable {
    let rider: RiderID
    var now: [RatedRide] = []
    var draft: [RatedRide] = []
  }

  private struct Page: Sendable {
    var last: RiderID?
    var riders: [Replayed] = []
    var riderDays = 0
    var taps = 0
    var staleDays = 0
  }

  /// Both tariffs on one network.
  private struct Books: Sendable {
    let network: Network
    let now: TariffBook
    let draft: TariffBook

    /// Nil while no tariff is published.
    init?(_ city: City, _ draft: CompiledTariff, from day: Day) {
      guard let book = city.book else { return nil }
      network = city.network
      now = book
      self.draft = book.replacing(from: day, by: draft)
    }
  }

  private func page(
    of riders: [RiderID], lane: Int16, _ period: ClosedRange<Day>, _ books: Books,
    _ draft: CompiledTariff, in db: StoreSession
  ) async throws -> Page {
    var page = Page(last: riders.last)
    let days = try await db.audit.days(lane: lane, riders: riders, within: period)
    guard !days.isEmpty else { return page }
    let dayTaps = try await db.rating.taps(
      lane: lane, days: days.map(\.day),
      withPlacedStops: books.now.asksForStops || books.draft.asksForStops)
    let entitlements = Dictionary(
      grouping: try await db.rating.entitlements(of: Set(days.map(\.day.rider))), by: \.rider)
    let products = try await db.products.grants(of: Set(days.map(\.day.rider)))
    let before = try await db.audit.states(
      lane: lane, riders: riders, before: period.lowerBound)
    var states: (now: RiderState, draft: RiderState) = (.empty, .empty)
    var ofFeed: [Int64?: Books] = [:]
    for (standing, taps) in zip(days, dayTaps) {
      let day = standing.day
      if page.riders.last?.rider != day.rider {
        let state = try RiderState.kept(before[day.rider] ?? [], before: day)
        states = (state, state)
        page.riders.append(Replayed(rider: day.rider))
      }
      let feedID = standing.isStale ? city.feedID(on: day.fareDay) : standing.feedID
      let then: Books
      if let known = ofFeed[feedID] {
        then = known
      } else {
        let cityOfThen = try await past.city(of: standing, beside: city, in: db)
        then = Books(cityOfThen, draft, from: period.lowerBound) ?? books
        ofFeed[feedID] = then
      }
      func rate(by book: TariffBook, from state: RiderState) -> DayRating.Result {
        DayRating(
          network: then.network, book: book, day: day, taps: taps,
          entitlements: entitlements[day.rider] ?? [], products: products[day.rider] ?? []
        ).rate(from: state)
      }
      let now = rate(by: then.now, from: states.now)
      let drafted = rate(by: then.draft, from: states.draft)
      states = (now.state, drafted.state)
      page.riders[page.riders.count - 1].now += now.rides
      page.riders[page.riders.count - 1].draft += drafted.rides
      page.riderDays += 1
      page.taps += taps.count
      if standing.isStale { page.staleDays += 1 }
    }
    return page
  }
}
