package import Basics
package import Store
import Tariff

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
    /// Of the reversed rides, and of the added ones: those whose fare is not known, which are in no sum.
    package var withoutFareBefore = 0
    package var withoutFareAfter = 0
  }

  /// An operator that is known, and a currency.
  struct OperatorMoney: Hashable {
    let operatorID: String
    let currency: Currency
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
  /// Rides that stand by a version of the tariff which shares money among operators by another rule.
  package var ridesSharedAnew = 0
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
  /// What known operators get more or less on these days, with its sign.
  var orderedOperators: [OperatorMoney: Int64] = [:]
  /// By how much the changes of riders would be others without the taps that are placed anew.
  package internal(set) var placed: [Currency: Int64] = [:]
  /// Sums of the changes with their signs on days that wait for a rating anyway.
  private(set) var waiting: [Currency: Int64] = [:]
  /// By day, then currency: what changes because of the order alone.
  ///
  /// Rider-days that wait for a rating are left out, for they are rated without it.
  package private(set) var days: [DayChange] = []
  private var dayPlaces: [String: Int] = [:]
  /// What changes for each rider who has days; nil where nobody asks.
  var byRider: [RiderID: RiderSums]?

  /// What a limit is held against: the larger of what riders' fares change, and of what operators that
  /// were known lose; of the currency in which it is most.
  package var changeMinor: Int64 {
    var sums: [OperatorMoney: Int64] = [:]
    for change in operators {
      guard let id = change.operatorID else { continue }
      sums[OperatorMoney(operatorID: id, currency: change.currency), default: 0] +=
        change.afterMinor - change.beforeMinor
    }
    return max(changes.values.max() ?? 0, Self.lostMinor(sums))
  }

  /// As ``changeMinor``, of the days alone that do not wait for a rating anyway.
  package var orderedMinor: Int64 {
    max(ordered.values.max() ?? 0, Self.lostMinor(orderedOperators))
  }

  /// What operators lose, whatever others gain.
  private static func lostMinor(_ sums: [OperatorMoney: Int64]) -> Int64 {
    var lost: [Currency: Int64] = [:]
    for (money, minor) in sums where minor < 0 { lost[money.currency, default: 0] -= minor }
    return lost.values.max() ?? 0
  }

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
        if ride.chargedMinor == nil { operators[line].withoutFareAfter += 1 }
        ridesAdded += 1
      } else {
        change.beforeMinor += minor
        operators[line].beforeMinor += minor
        operators[line].ridesReversed += 1
        if ride.chargedMinor == nil { operators[line].withoutFareBefore += 1 }
        ridesReversed += 1
      }
      changes[ride.currency] = change
    }
    if byRider != nil { byRider?[rider] = RiderSums(differences) }
    noteOrdered(differences)
    for day in differences where !day.difference.isEmpty {
      changedDays += 1
      ridesSharedAnew += day.ridesSharedAnew
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
      guard !day.isWaiting else { continue }
      for (money, minor) in day.difference.operatorChanges {
        orderedOperators[money, default: 0] += minor
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
struct RiderSums: Sendable, Equatable {
  let all: [Currency: Int64]
  /// Of it: on days that wait for a rating anyway.
  let waiting: [Currency: Int64]

  init(all: [Currency: Int64], waiting: [Currency: Int64]) {
    self.all = all
    self.waiting = waiting
  }

  /// Adds up what a rider's days change.
  init(_ differences: [DayDifference]) {
    var all: [Currency: Int64] = [:]
    var waiting: [Currency: Int64] = [:]
    for day in differences {
      for (currency, minor) in day.difference.changes {
        all[currency, default: 0] += minor
        if day.isWaiting { waiting[currency, default: 0] += minor }
      }
    }
    self.init(all: all, waiting: waiting)
  }

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

  /// What operators that are known get more than by the rides that it takes the place of.
  fileprivate var operatorChanges: [RatingPreview.OperatorMoney: Int64] {
    var sums: [RatingPreview.OperatorMoney: Int64] = [:]
    func count(_ ride: RideRow, sign: Int64) {
      guard let id = ride.operatorID, let minor = ride.chargedMinor else { return }
      let money = RatingPreview.OperatorMoney(operatorID: id, currency: ride.currency)
      sums[money, default: 0] += sign * minor
    }
    for ride in reversed { count(ride.ride, sign: -1) }
    for ride in added { count(ride, sign: 1) }
    return sums
  }
}

/// What rating a rider's day anew changes.
struct DayDifference {
  let difference: RideDifference
  /// Whether the day waits for a rating, and is rated without an order.
  let isWaiting: Bool
  /// Rides of it that are shared by another rule than that by which they stand.
  let ridesSharedAnew: Int
}
