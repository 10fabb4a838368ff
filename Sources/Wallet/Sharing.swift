/// Cuts an amount into shares that come to it exactly.
package enum Sharing {
  /// The shares of an amount by weights, in the order of the weights; nil when no weight is above 0.
  ///
  /// Each share is rounded down; the minor units that are left go one by one to the largest
  /// remainders, the earlier weight on a tie.
  package static func shares(of amountMinor: Int64, by weights: [Int64]) -> [Int64]? {
    precondition(amountMinor >= 0 && weights.allSatisfy { $0 >= 0 }, "shares are not below 0")
    var total: UInt64 = 0
    for weight in weights { total += UInt64(weight) }
    guard total > 0 else { return nil }
    var shares: [Int64] = []
    var remainders: [(place: Int, remainder: UInt64)] = []
    for (place, weight) in weights.enumerated() {
      // 128 bits hold every product of two amounts.
      let product = UInt64(amountMinor).multipliedFullWidth(by: UInt64(weight))
      let (quotient, remainder) = total.dividingFullWidth(product)
      shares.append(Int64(quotient))
      remainders.append((place, remainder))
    }
    let left = Int(amountMinor - shares.reduce(0, +))
    remainders.sort { ($1.remainder, $0.place) < ($0.remainder, $1.place) }
    for (place, _) in remainders.prefix(left) { shares[place] += 1 }
    return shares
  }
}
