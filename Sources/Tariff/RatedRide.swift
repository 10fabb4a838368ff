package import Basics
package import Transit

/// One ride with its price and the reason of it.
package struct RatedRide: Hashable, Sendable {
  /// `ref` of the tap that boarded, or `carriedRef` when that tap lies on an earlier fare day.
  package var boardRef: Int
  /// `ref` of the tap that got off; nil when there is none.
  package var alightRef: Int?
  package var at: Instant
  package var endedAt: Instant?
  /// What the ride costs by itself, before products, transfers and caps; nil when not known.
  package var nominalMinor: Int64?
  /// What the rider pays; nil when no fare is known, which is not the same as 0.
  package var chargedMinor: Int64?
  /// The version of the tariff that priced it; empty when none was in force.
  package var version: String
  package var currency: Currency
  /// The rule, product or ticket that carries the ride.
  package var product: String
  /// The category by which the ride was priced: that without a proof where the rider's has none.
  package var category: String
  package var mode: Mode?
  package var operatorID: String?
  package var route: String?
  /// Number of people who rode, 1 or more.
  package var riders: Int
  package var reason: FareReason

  /// Stands in `boardRef` when the ride began on an earlier fare day; `at` still tells when.
  package static let carriedRef = -1
}

/// The rides of a rider's fare day, and what the day leaves to the next.
package struct RatedDay: Hashable, Sendable {
  /// Rides in order of their beginning.
  package var rides: [RatedRide]
  package var state: RiderState
  /// Taps off that ended no ride, in order of time, each with its reason.
  package var unpaired: [UnpairedTap] = []

  /// Both parts of a day, and what the later one leaves.
  func followed(by later: RatedDay) -> RatedDay {
    RatedDay(
      rides: rides + later.rides, state: later.state, unpaired: unpaired + later.unpaired)
  }
}
