import Basics
import Store
import Tariff
import Wallet

/// Which rides each of some holdings carried.
struct ProductCount {
  private let holdings: [HoldingRow]
  private let clock: any FareDayClock
  /// The rides of each holding, by its place.
  let rides: [[ProductRide]]

  /// Assigns rides to holdings: the holdings of one rider and product stand for each other.
  init(_ holdings: [HoldingRow], _ rides: [ProductRideRow], clock: any FareDayClock) {
    self.holdings = holdings
    self.clock = clock
    let carried = Dictionary(grouping: rides) { Key(rider: $0.rider, product: $0.product) }
    var assigned = [[ProductRide]](repeating: [], count: holdings.count)
    let groups = Dictionary(grouping: holdings.indices.filter { !holdings[$0].isVoid }) {
      Key(rider: holdings[$0].rider, product: holdings[$0].product)
    }
    for (key, places) in groups {
      let parts = RideCounting.assign(
        (carried[key] ?? []).map(\.ride), to: places.map { holdings[$0].terms },
        returnedOn: places.map { holdings[$0].returnedOn }, clock: clock)
      for (place, part) in zip(places, parts) { assigned[place] = part }
    }
    self.rides = assigned
  }

  /// The products of a rider, counted by the rides as they stand.
  static func held(
    by rider: RiderID, at now: Instant, clock: any FareDayClock, in db: StoreSession
  ) async throws -> [HoldingRow] {
    let holdings = try await db.products.list(of: [rider])
    let rides = try await db.products.carried(by: holdings)
    return ProductCount(holdings, rides, clock: clock).counted(through: clock.fareDay(of: now))
  }

  private struct Key: Hashable {
    let rider: RiderID
    let product: String
  }

  /// The holdings with their use through a fare day.
  func counted(through day: Day) -> [HoldingRow] {
    holdings.indices.map { place in
      var holding = holdings[place]
      holding.use = ProductUse.of(
        holding.terms, rides: rides[place], returnedOn: holding.returnedOn, through: day,
        clock: clock)
      return holding
    }
  }

  /// Minor units that a holding has earned by the end of a fare day.
  func earnedMinor(_ place: Int, through day: Day) -> Int64 {
    let holding = holdings[place]
    return Recognition.earnedMinor(
      holding.terms, rides: rides[place],
      returned: holding.returnedOn.map {
        ReturnedProduct(day: $0, refundedMinor: holding.refundedMinor)
      }, through: day, clock: clock)
  }
}
