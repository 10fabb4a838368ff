import Basics
import SimulatedCity
import Transit

/// How operators share the money of linked and capped rides: `docs/tariff-language.md`, "Sharing among
/// operators", in a few lines of its own.
extension SmallTariff {
  /// What an operator gets of a rider's day beyond what its own rides charged; below zero it gives.
  struct Moved: Hashable, Sendable {
    let day: Day
    let operatorID: String
    let minor: Int64
  }

  /// What sharing moves of the rides of one rider, which are in the order of time.
  func moved(_ rides: [PlainRide]) -> [Moved] {
    Dictionary(grouping: rides, by: \.tap.day).flatMap { day, rides -> [Moved] in
      let rule = versions.last { $0.first <= day }?.apportionment ?? "own"
      guard rule != "own" else { return [] }
      var sums: [String: Int64] = [:]
      for group in Self.belongTogether(rides) {
        let shares = Self.shares(of: group, by: rule)
        for (ride, share) in zip(group, shares) {
          sums[ride.operatorID, default: 0] += share - ride.charged
        }
      }
      return sums.filter { $0.value != 0 }.map {
        Moved(day: day, operatorID: $0.key, minor: $0.value)
      }
    }
  }

  /// A cap joins all rides of the day, a transfer a ride with the one before it.
  private static func belongTogether(_ rides: [PlainRide]) -> [[PlainRide]] {
    if rides.contains(where: \.isCapped) { return [rides] }
    return rides.reduce(into: []) { groups, ride in
      if ride.isLinked, !groups.isEmpty {
        groups[groups.count - 1].append(ride)
      } else {
        groups.append([ride])
      }
    }
  }

  private static func shares(of rides: [PlainRide], by rule: String) -> [Int64] {
    let sum = rides.reduce(0) { $0 + $1.charged }
    switch rule {
    case "first_ride": return rides.indices.map { $0 == 0 ? sum : 0 }
    case "equal": return plainShares(of: sum, by: rides.map { _ in 1 })
    // How far they went nobody knows, for no stop is known.
    default: return plainShares(of: sum, by: rides.map(\.nominal))
    }
  }
}
