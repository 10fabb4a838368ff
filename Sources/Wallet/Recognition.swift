package import Basics

/// Turns the price of a pass or carnet into earnings, day by day, exact to the minor unit.
package enum Recognition {
  /// Minor units of a product that are earned by the end of a fare day.
  ///
  /// A pass earns the same on each of its days, rounded down, and the rest on its last; a carnet a
  /// share for each ride it carried, rounded down, with the rest on its last ride. What is left when
  /// it is over is earned then, and what was not paid back when it was given back. So over its life a
  /// product earns its price less what was paid back, no more and no less.
  package static func earnedMinor(
    _ terms: ProductTerms, rides: [ProductRide], returned: ReturnedProduct? = nil,
    through day: Day, clock: some FareDayClock
  ) -> Int64 {
    if let returned, returned.day <= day { return terms.priceMinor - returned.refundedMinor }
    let use = ProductUse.of(terms, rides: rides, returnedOn: nil, through: day, clock: clock)
    guard let days = use.days, day >= days.lowerBound else { return 0 }
    if let ridesMax = terms.ridesMax {
      return days.upperBound <= day
        ? terms.priceMinor : share(of: terms.priceMinor, use.ridesUsed, ridesMax)
    }
    let length = days.upperBound.number - days.lowerBound.number + 1
    return share(of: terms.priceMinor, day.number - days.lowerBound.number + 1, length)
  }

  /// Minor units that go back to the rider when a product is given back, the day still counted.
  package static func unearnedMinor(
    _ terms: ProductTerms, rides: [ProductRide], after day: Day, clock: some FareDayClock
  ) -> Int64 {
    terms.priceMinor - earnedMinor(terms, rides: rides, through: day, clock: clock)
  }

  /// So many equal parts of an amount; the last one takes what rounding leaves.
  private static func share(of minor: Int64, _ count: Int, _ all: Int) -> Int64 {
    count >= all ? minor : minor / Int64(all) * Int64(max(0, count))
  }
}

/// A product that was given back.
package struct ReturnedProduct: Hashable, Sendable {
  /// Last fare day on which it carried rides.
  package let day: Day
  /// Minor units that the rider got back.
  package let refundedMinor: Int64

  /// Names a return.
  package init(day: Day, refundedMinor: Int64) {
    self.day = day
    self.refundedMinor = refundedMinor
  }
}
