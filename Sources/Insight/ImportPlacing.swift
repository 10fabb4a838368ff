import Basics
package import Store

/// Finds which taps would get another stop by a network that was imported, for the preview of its order;
/// nothing is placed.
package struct ImportPlacing: Sendable {
  /// Most vehicle-days looked at in one transaction.
  package static let vehicleDaysPerPieceMax = 32

  private let store: Store
  private let city: CityHolder

  /// Makes the use case.
  package init(store: Store, city: CityHolder) {
    self.store = store
    self.city = city
  }

  /// Looks at the next vehicle-days of the oldest order; 0 when none waits for it, or another process
  /// works at it.
  package func piece() async throws -> Int {
    try await city.write(to: store) { db, city in
      guard
        var order = try await db.reratingOrders.lockNext(
          [.previewing, .approved], at: .vehicles),
        case .vehicles(var lane, var after) = order.place
      else { return 0 }
      var rest = Self.vehicleDaysPerPieceMax
      // What comes of a network that holds on none of its days any more, those who rate find out.
      let period = order.feedID.flatMap { city.days(of: order.period, onFeed: $0) }
      while let period, rest > 0, lane < Lane.count {
        let days = try await db.placedAnew.vehicleDays(
          lane: lane, from: period.lowerBound, after: after, countMax: rest)
        for day in days where period.contains(day.day) {
          let then = try await city.on(day.day, in: db)
          try await db.placedAnew.add(
            try await Self.placedAnew(
              day, by: Placer(network: then.network, hours: city.hours), in: db),
            order: order.id)
        }
        rest -= days.count
        after = days.last
        if rest > 0 { (lane, after) = (lane + 1, nil) }
      }
      let isDone = period == nil || lane == Lane.count
      order.place =
        isDone ? .riders(lane: 0, after: nil) : .vehicles(lane: lane, after: after)
      try await db.reratingOrders.save(order)
      return 1
    }
  }

  /// The taps of a vehicle's day that get another stop than they have.
  ///
  /// Those at which the validator or a person named one keep it.
  private static func placedAnew(
    _ day: VehicleDay, by placer: Placer, in db: StoreSession
  ) async throws -> [TapPlacedAnew] {
    let inferred = try await placer.look(at: day, in: db).boardings.filter {
      $0.tap.stop == nil && $0.tap.correctedStop == nil
    }
    let standing = try await db.placedAnew.stops(of: inferred.map(\.tap.name), on: day.day)
    return inferred.compactMap { boarding in
      guard let stop = standing[boarding.tap.name], stop != boarding.stop else { return nil }
      return TapPlacedAnew(tap: boarding.tap, stop: boarding.stop)
    }
  }
}
