/// Gives a window below zero to the other windows of its rider's day.
///
/// What was not collected is not asked for any more; what was given up is taken off what was given
/// up; what was given back as goodwill before, and what the rider's bank took back for good, counts as
/// given back; what was collected goes back to the card. In this order, so that nobody is sent money
/// while they owe some, and none is sent twice.
package enum Netting {
  /// A part of a credit and where it goes; minor units above zero.
  package enum Share: Hashable, Sendable {
    /// The window with this place takes it off what is due or was written off.
    case offset(place: Int, minor: Int64)
    /// The window with this place gave it back before, as goodwill.
    case setOff(place: Int, minor: Int64)
    /// The window with this place lost it in a dispute before.
    case loss(place: Int, minor: Int64)
    /// The window with this place gives it back.
    case refund(place: Int, minor: Int64)
  }

  /// The shares of a credit among the other windows of the day, by their places; nil while one of
  /// them waits for an answer of the acquirer.
  ///
  /// A rest stays with the credit when the others cannot take it: more is disputed, and not decided,
  /// than the rides now come to.
  package static func shares(of creditMinor: Int64, among others: [ChargeWindow]) -> [Share]? {
    guard others.allSatisfy(\.isAtRest) else { return nil }
    var left = creditMinor
    var shares: [Share] = []
    func take(_ place: Int, _ most: Int64, _ make: (Int, Int64) -> Share) {
      let minor = min(left, most)
      guard minor > 0 else { return }
      left -= minor
      shares.append(make(place, minor))
    }
    // The newest first: the last difference is the likeliest to have been the mistake.
    let places = others.indices.reversed().filter { others[$0].amountMinor > 0 }
    for place in places where others[place].state != .writtenOff {
      take(place, others[place].dueMinor) { .offset(place: $0, minor: $1) }
    }
    for place in places where others[place].state == .writtenOff {
      take(place, others[place].writtenOffMinor) { .offset(place: $0, minor: $1) }
    }
    for place in places {
      take(place, others[place].goodwillMinor) { .setOff(place: $0, minor: $1) }
    }
    for place in places {
      take(place, others[place].lostMinor) { .loss(place: $0, minor: $1) }
    }
    for place in places {
      take(place, others[place].refundableMinor) { .refund(place: $0, minor: $1) }
    }
    return shares
  }
}
