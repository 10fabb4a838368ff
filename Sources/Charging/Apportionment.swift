/// How the money of linked and capped rides is shared out among the operators that carried them.
///
/// Exact to the minor unit: what is left over by rounding down goes to the largest remainders, of
/// equal ones to the earlier. The sum never changes.
package struct Apportionment: Hashable, Sendable {
  /// The rule that a tariff states.
  package enum Rule: String, Sendable, CaseIterable, Hashable {
    /// Each operator keeps what its own rides charged.
    case own
    /// The first ride's operator gets all.
    case firstRide = "first_ride"
    /// Each ride gets the same.
    case equal
    /// By what each ride costs by itself, less what a product pays of it.
    case nominal
    /// By how far each ride went; by nominal where one of the distances is not known.
    case distance
  }

  /// A ride with what is needed to share its money.
  package struct Ride: Hashable, Sendable {
    /// Nil where nobody knows who carried the rider.
    package var operatorID: String?
    package var nominalMinor: Int64
    package var chargedMinor: Int64
    /// Nil when not known.
    package var metres: Int64?
    /// The price depends on the ride before: by a transfer, a chain or a ticket.
    package var isLinked: Bool
    /// A cap of the day or longer took something off.
    package var isCapped: Bool
    /// What a pass or a trip of a carnet pays of it: that money comes to the operator with the product.
    package var carriedMinor: Int64
    /// A pass or a trip is used for it, also where it costs nothing beside the rides of the day before.
    package var isPaidByProduct: Bool
    /// A second tap or a ride that was cancelled: it carried nobody.
    package var isNoRide: Bool

    /// What is left for the rider to pay, before links and caps.
    var openMinor: Int64 { max(0, nominalMinor - carriedMinor) }
    /// A product pays all of it: it has no part in what other rides charge.
    package var isCarried: Bool { (carriedMinor > 0 || isPaidByProduct) && openMinor == 0 }
    /// It shares with the others of its group; what its operator is not known of is nobody's to give.
    var takesPart: Bool { !isCarried && operatorID != nil }

    /// Makes a ride.
    package init(
      operatorID: String?, nominalMinor: Int64, chargedMinor: Int64, metres: Int64? = nil,
      isLinked: Bool = false, isCapped: Bool = false, carriedMinor: Int64 = 0,
      isPaidByProduct: Bool = false, isNoRide: Bool = false
    ) {
      self.operatorID = operatorID
      self.nominalMinor = nominalMinor
      self.chargedMinor = chargedMinor
      self.metres = metres
      self.isLinked = isLinked
      self.isCapped = isCapped
      self.carriedMinor = carriedMinor
      self.isPaidByProduct = isPaidByProduct
      self.isNoRide = isNoRide
    }
  }

  package let rule: Rule

  /// Makes a sharing by a rule.
  package init(_ rule: Rule) { self.rule = rule }

  /// The share of each ride of a rider's day, in the order of the rides, which is that of time.
  ///
  /// A ride that is linked belongs together with the one before; when a cap took something off, all
  /// rides of the day belong together, for all of them made the cap be reached. Each such group
  /// shares the sum of what its rides charged. A ride that a product pays keeps what it charged, and
  /// counts to no cap. So does one of an unknown operator, but rides that are linked to it are not
  /// linked to the one before it. What is no ride is passed over, as the tariff passes it over.
  package func shares(_ rides: [Ride]) -> [Int64] {
    var shares = rides.map(\.chargedMinor)
    guard rule != .own else { return shares }
    for group in Self.groups(rides).map({ $0.filter { rides[$0].takesPart } })
    where group.count > 1 {
      let part = group.map { rides[$0] }
      let sum = part.reduce(Int64(0)) { $0 + $1.chargedMinor }
      for (place, minor) in zip(group, Self.split(sum, by: weights(part))) { shares[place] = minor }
    }
    return shares
  }

  /// The places of rides that belong together, in order.
  private static func groups(_ rides: [Ride]) -> [[Int]] {
    let places = rides.indices.filter { !rides[$0].isNoRide }
    guard !rides.contains(where: \.isCapped) else { return [places] }
    var groups: [[Int]] = []
    for place in places {
      if rides[place].isLinked, !groups.isEmpty {
        groups[groups.count - 1].append(place)
      } else {
        groups.append([place])
      }
    }
    return groups
  }

  private func weights(_ rides: [Ride]) -> [Int64] {
    switch rule {
    case .own: rides.map(\.chargedMinor)
    case .firstRide: rides.indices.map { $0 == 0 ? 1 : 0 }
    case .equal: rides.map { _ in 1 }
    case .nominal: rides.map(\.openMinor)
    case .distance:
      rides.contains { $0.metres == nil }
        ? rides.map(\.openMinor) : rides.map { max(0, $0.metres ?? 0) }
    }
  }

  /// Splits an amount by weights, none below zero, exactly; equally when all weights are zero.
  ///
  /// There is at least one weight. An amount below zero is split as its opposite is.
  package static func split(_ amount: Int64, by weights: [Int64]) -> [Int64] {
    precondition(!weights.isEmpty, "an amount is split among one or more")
    precondition(weights.allSatisfy { $0 >= 0 }, "a weight below zero")
    let wholes = weights.contains { $0 > 0 } ? weights : weights.map { _ in 1 }
    let total = wholes.reduce(UInt64(0)) { $0 + UInt64($1) }
    let size = amount.magnitude
    var parts: [UInt64] = []
    var remainders: [(remainder: UInt64, place: Int)] = []
    for (place, weight) in wholes.enumerated() {
      let product = size.multipliedFullWidth(by: UInt64(weight))
      // The weight is part of the total, so the quotient is at most the amount.
      let (quotient, remainder) = total.dividingFullWidth(product)
      parts.append(quotient)
      remainders.append((remainder, place))
    }
    let left = Int(size - parts.reduce(0, +))
    remainders.sort { ($1.remainder, $0.place) < ($0.remainder, $1.place) }
    for (_, place) in remainders.prefix(left) { parts[place] += 1 }
    return parts.map { amount < 0 ? -Int64($0) : Int64($0) }
  }
}
