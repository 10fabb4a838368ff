package import Basics
import Transit

/// By what the kept sums of rides are told apart; what is not known is the empty text.
package struct RideSumKey: Hashable, Sendable, Comparable {
  package var fareDay: Day
  /// The day on which the run that changed the sum counts in the books.
  package var accountingDate: Day
  package var operatorID: String
  package var route: String
  package var mode: String
  package var category: String
  package var product: String
  package var medium: String
  package var currency: String
  package var tariffVersion: String

  /// The key of a ride that a run adds or reverses.
  package init(_ ride: borrowing RideRow, accountingDate: Day) {
    fareDay = ride.day.fareDay
    self.accountingDate = accountingDate
    operatorID = ride.operatorID ?? ""
    route = ride.route ?? ""
    mode = ride.mode?.rawValue ?? ""
    category = ride.category
    product = ride.product
    medium = ride.mediumKind.rawValue
    currency = ride.currency.code
    tariffVersion = ride.tariffVersion
  }

  /// By what tells most sums apart: each ride looks for its own.
  package func hash(into hasher: inout Hasher) {
    hasher.combine(fareDay)
    hasher.combine(route)
    hasher.combine(category)
    hasher.combine(product)
    hasher.combine(medium)
  }

  /// In the order in which sums are written.
  package static func < (left: RideSumKey, right: RideSumKey) -> Bool {
    let days = ((left.fareDay, left.accountingDate), (right.fareDay, right.accountingDate))
    return days.0 == days.1
      ? left.words.lexicographicallyPrecedes(right.words) : days.0 < days.1
  }

  private var words: [String] {
    [operatorID, route, mode, category, product, medium, currency, tariffVersion]
  }
}

/// By how much a run changes a kept sum; a ride that is reversed counts below zero.
package struct RideSumChange: Hashable, Sendable {
  package var rides: Int64 = 0
  /// People on them: a ride may stand for several.
  package var riders: Int64 = 0
  /// Charged nothing.
  package var freeRides: Int64 = 0
  /// Charged something, and less than nominal.
  package var reducedRides: Int64 = 0
  /// Fare not known: in neither sum of money.
  package var unknownRides: Int64 = 0
  /// Booked after the fare day was closed.
  package var lateRides: Int64 = 0
  package var nominalMinor: Int64 = 0
  package var chargedMinor: Int64 = 0
  /// With somebody who rode free or at a lower price because of the category.
  package var concessionRides: Int64 = 0
  /// Who rode free because of the category.
  package var freePeople: Int64 = 0
  /// Who paid less than the full price because of the category.
  package var reducedPeople: Int64 = 0
  /// What they did not pay.
  package var concessionMinor: Int64 = 0

  /// Starts at nothing.
  package init() {}

  /// Adds a ride (`sign` 1) or takes one back (`sign` -1).
  package mutating func count(_ ride: RideRow, sign: Int64, isLate: Bool) {
    rides += sign
    riders += sign * Int64(ride.riders)
    if isLate { lateRides += sign }
    guard let charged = ride.chargedMinor else {
      unknownRides += sign
      return
    }
    let nominal = ride.nominalMinor ?? 0
    if charged == 0 {
      freeRides += sign
    } else if charged < nominal {
      reducedRides += sign
    }
    nominalMinor += sign * nominal
    chargedMinor += sign * charged
    let concession = RideConcession(reasonJSON: ride.reasonJSON)
    let people = concession.freePeople + concession.reducedPeople
    guard people > 0 else { return }
    concessionRides += sign
    freePeople += sign * concession.freePeople
    reducedPeople += sign * concession.reducedPeople
    concessionMinor += sign * concession.minor
  }

  /// Whether the sum stays as it is.
  package var isNothing: Bool { self == RideSumChange() }
}

/// What a run changes in the kept sums.
package struct RideSumChanges: Sendable {
  package private(set) var changes: [RideSumKey: RideSumChange] = [:]

  /// Starts at nothing.
  package init() {}

  /// Counts a ride that the run adds (`sign` 1) or reverses (`sign` -1).
  package mutating func count(
    _ ride: RideRow, sign: Int64, accountingDate: Day, isLate: Bool
  ) {
    changes[RideSumKey(ride, accountingDate: accountingDate), default: RideSumChange()]
      .count(ride, sign: sign, isLate: isLate)
  }
}
