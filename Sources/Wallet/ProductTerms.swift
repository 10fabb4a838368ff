package import Basics

/// What was sold: a pass or a carnet with its price and validity.
package struct ProductTerms: Hashable, Sendable {
  package var priceMinor: Int64
  /// Moment from which it may carry rides, and the fare day of that moment.
  package var grantedAt: Instant
  package var grantedDay: Day
  package var startsAtFirstUse: Bool
  package var validity: Validity
  /// Rides on it; nil when there is no limit.
  package var ridesMax: Int?

  /// How long it is valid.
  package enum Validity: Hashable, Sendable {
    /// Fare days from its first, which counts as one.
    case days(Int)
    case seconds(Int64)
    /// To the same date so many months later, exclusive.
    case months(Int)
    /// To the end of the calendar month in which it begins.
    case calendarMonth
  }

  /// Makes terms.
  package init(
    priceMinor: Int64, grantedAt: Instant, grantedDay: Day, startsAtFirstUse: Bool,
    validity: Validity, ridesMax: Int?
  ) {
    self.priceMinor = priceMinor
    self.grantedAt = grantedAt
    self.grantedDay = grantedDay
    self.startsAtFirstUse = startsAtFirstUse
    self.validity = validity
    self.ridesMax = ridesMax
  }

  /// First and last fare day when it begins at a moment of a fare day.
  package func days(from first: Day, at moment: Instant, clock: some FareDayClock) -> ClosedRange<
    Day
  > {
    switch validity {
    case .days(let count): return first...first.adding(days: count - 1)
    case .seconds(let length):
      let end = clock.fareDay(of: moment.adding(seconds: max(0, length - 1)))
      return first...max(first, end)
    case .months(let count): return first...first.adding(months: count).adding(days: -1)
    case .calendarMonth:
      let (year, month, day) = first.civil
      return first...first.adding(days: Day.length(ofMonth: month, year: year) - day)
    }
  }

  /// The fare days on which it is valid; nil while its first ride has not activated it.
  package func days(activatedBy ride: ProductRide?, clock: some FareDayClock) -> ClosedRange<Day>? {
    guard startsAtFirstUse else {
      return days(from: grantedDay, at: grantedAt, clock: clock)
    }
    guard let ride else { return nil }
    return days(from: ride.day, at: ride.at, clock: clock)
  }
}

/// A ride that a product carried, as rating left it.
package struct ProductRide: Hashable, Sendable {
  package var day: Day
  package var at: Instant
  /// Whether it used one of the rides of a carnet; a transfer after one uses none.
  package var usesRide: Bool

  /// Makes a ride.
  package init(day: Day, at: Instant, usesRide: Bool = true) {
    self.day = day
    self.at = at
    self.usesRide = usesRide
  }
}

/// How far a product is used on a day.
package struct ProductUse: Hashable, Sendable {
  /// Where a product is in its life.
  package enum State: String, Sendable, CaseIterable, Hashable {
    /// Bought, and not used or begun yet.
    case sold
    case activated
    case usedUp = "used_up"
    case expired
    case refunded
  }

  package var state: State
  package var ridesUsed: Int
  /// Fare days on which it is valid; nil while it is not activated.
  package var days: ClosedRange<Day>?

  /// Makes a use.
  package init(state: State, ridesUsed: Int, days: ClosedRange<Day>?) {
    self.state = state
    self.ridesUsed = ridesUsed
    self.days = days
  }

  /// The use of a product through a fare day, by the rides it carried: a view of the rides, so that
  /// a re-rating changes the count exactly.
  package static func of(
    _ terms: ProductTerms, rides: [ProductRide], returnedOn: Day?, through day: Day,
    clock: some FareDayClock
  ) -> ProductUse {
    let carried = rides.filter { $0.day <= day }.sorted { $0.at < $1.at }
    let days = terms.days(activatedBy: carried.first, clock: clock)
    let used = carried.reduce(0) { $0 + ($1.usesRide ? 1 : 0) }
    let state: State
    if let returnedOn, returnedOn <= day {
      state = .refunded
    } else if let ridesMax = terms.ridesMax, used >= ridesMax {
      state = .usedUp
    } else if let days, days.upperBound < day {
      state = .expired
    } else if carried.isEmpty, terms.startsAtFirstUse || day < terms.grantedDay {
      state = .sold
    } else {
      state = .activated
    }
    return ProductUse(state: state, ridesUsed: used, days: days)
  }
}
