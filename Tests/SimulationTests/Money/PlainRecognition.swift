import Basics
import SimulatedCity
import Transit

/// What passes and carnets earn, day by day, and who gets it: `docs/accounting.md`, "What a pass or
/// carnet earns".
extension PlainBooks {
  private struct Pool {
    var minor: Int64 = 0
    var earned: [(rider: RiderID, place: Int, minor: Int64)] = []
    var hasEnded = false
  }

  /// What all holders earned by the end of a day, less what was recognised before, goes to operators.
  mutating func recognise(_ day: Day) {
    var pools: [SoldProduct.Kind: Pool] = [:]
    let rides = Dictionary(
      uniqueKeysWithValues: people.riders.map { ($0, people.rides(of: $0)) })
    for rider in people.riders {
      let products = people.products[rider] ?? []
      guard products.contains(where: { !$0.isOver }) else { continue }
      for (place, product) in products.enumerated() {
        let used = rides[rider]?.count { $0.product == place && $0.tap.day <= day } ?? 0
        let earned = product.earned(through: day, rides: used)
        guard earned != product.recognised else { continue }
        pools[product.kind, default: Pool()].minor += earned - product.recognised
        pools[product.kind, default: Pool()].earned.append((rider, place, earned))
        if earned + product.refunded == product.kind.priceMinor {
          pools[product.kind, default: Pool()].hasEnded = true
        }
      }
    }
    let carried = rides.flatMap { rider, rides in
      rides.map { ($0, $0.product.flatMap { people.products[rider]?[$0].kind }) }
    }
    for (kind, pool) in pools where pool.minor > 0 {
      let recent = carried.filter {
        $0.0.tap.day <= day && $0.0.tap.day.number > day.number - 31
      }
      let ofProduct = recent.filter { $0.1 == kind }.map(\.0)
      let today = Self.weights(ofProduct.filter { $0.tap.day == day })
      var weights = today
      if weights.isEmpty {
        guard pool.hasEnded else { continue }
        weights = Self.weights(ofProduct)
        if weights.isEmpty { weights = Self.weights(recent.map(\.0)) }
      }
      let shares = plainShares(of: pool.minor, by: weights.map(\.minor))
      for (share, weight) in zip(shares, weights) {
        write(.operators(weight.operatorID), -share)
      }
      if weights.isEmpty { write(.unknownOperator, -pool.minor) }
      write(.deferred, pool.minor)
      for (rider, place, minor) in pool.earned {
        people.products[rider]?[place].recognised = minor
      }
      recognised.append("\(day) \(kind.rawValue) \(pool.minor)")
    }
  }

  /// What rides cost by themselves, by operator, in the order of their names.
  private static func weights(_ rides: [PlainRide]) -> [(operatorID: String, minor: Int64)] {
    Dictionary(grouping: rides, by: \.operatorID)
      .map { ($0.key, $0.value.reduce(0) { $0 + $1.nominal }) }
      .sorted { $0.0 < $1.0 }
  }
}
