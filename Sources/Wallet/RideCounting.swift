package import Basics

/// Says which of several products of one name carried which ride.
///
/// A ride names its product, not which of two that a rider has bought. As in the engine, the one
/// that is over sooner goes first, and one that begins with its first ride waits until the others
/// cannot carry the ride.
package enum RideCounting {
  /// The rides of each product, by its place in `products`.
  package static func assign(
    _ rides: [ProductRide], to products: [ProductTerms], returnedOn: [Day?],
    clock: some FareDayClock
  ) -> [[ProductRide]] {
    precondition(products.count == returnedOn.count, "one day of return, or none, for each product")
    var carried = [[ProductRide]](repeating: [], count: products.count)
    for ride in rides.sorted(by: { $0.at < $1.at }) {
      var best: (place: Int, rank: (Int, Int, Int64))?
      for (place, terms) in products.enumerated() {
        guard
          canCarry(ride, terms, carried[place], returnedOn[place], clock),
          ride.usesRide || !carried[place].isEmpty || terms.ridesMax == nil
        else { continue }
        let days = terms.days(activatedBy: carried[place].first, clock: clock)
        // A transfer belongs to the product whose ride it follows.
        let last = ride.usesRide ? 0 : -(carried[place].last?.at.microseconds ?? 0)
        let rank = (days == nil ? 1 : 0, days?.upperBound.number ?? Int.max, last)
        let isBetter = best.map { ride.usesRide ? rank < $0.rank : rank.2 < $0.rank.2 } ?? true
        if isBetter { best = (place, rank) }
      }
      if let best { carried[best.place].append(ride) }
    }
    return carried
  }

  private static func canCarry(
    _ ride: ProductRide, _ terms: ProductTerms, _ carried: [ProductRide], _ returnedOn: Day?,
    _ clock: some FareDayClock
  ) -> Bool {
    guard ride.at >= terms.grantedAt, returnedOn.map({ ride.day <= $0 }) ?? true else {
      return false
    }
    guard ride.usesRide else { return true }
    if let ridesMax = terms.ridesMax,
      carried.reduce(0, { $0 + ($1.usesRide ? 1 : 0) }) >= ridesMax
    {
      return false
    }
    guard let days = terms.days(activatedBy: carried.first, clock: clock) else { return true }
    return ride.day <= days.upperBound
  }
}
