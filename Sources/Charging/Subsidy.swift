package import Basics

/// What the city pays for a ride of a category, by day and operator.
package struct ConcessionRate: Hashable, Sendable {
  package let category: String
  /// Nil: all operators that have no rate of their own.
  package let operatorID: String?
  package let from: Day
  /// The last day, inclusive; nil: until another rate begins.
  package let to: Day?
  package let currency: Currency
  /// Minor units for one ride of one person, above zero and at most ``rideMinorMax``.
  package let rideMinor: Int64

  /// Most minor units for a ride: billions of rides stay within 64 bits.
  package static let rideMinorMax: Int64 = 1_000_000_000

  /// Makes a rate.
  package init(
    category: String, operatorID: String?, from: Day, to: Day?, currency: Currency,
    rideMinor: Int64
  ) {
    self.category = category
    self.operatorID = operatorID
    self.from = from
    self.to = to
    self.currency = currency
    self.rideMinor = rideMinor
  }

  /// The rate of a ride: that of the operator before that of all, of several the latest to begin;
  /// nil when the city pays nothing for it.
  package static func find(
    _ rates: [ConcessionRate], category: String, operatorID: String, on day: Day,
    currency: Currency
  ) -> ConcessionRate? {
    rates.filter {
      $0.category == category && $0.currency == currency && $0.from <= day
        && ($0.to.map { day <= $0 } ?? true)
        && ($0.operatorID == nil || $0.operatorID == operatorID)
    }.max {
      ($0.operatorID == nil ? 0 : 1, $0.from) < ($1.operatorID == nil ? 0 : 1, $1.from)
    }
  }
}
