package import Basics
package import Logging
import Metrics
package import Store

/// The worker of the planners: places boardings, then alightings.
///
/// Any number of them may run on one database: they share the lanes.
package final class PlacingService: Sendable {
  private let store: Store
  private let city: CityHolder
  private let now: @Sendable () -> Instant
  private let worker: Worker
  private let placedDays = Counter(label: "kvytok_vehicle_days_placed_total")
  private let travelDays = Counter(label: "kvytok_rider_days_alighted_total")

  /// Makes a worker; it does nothing until it runs.
  package init(
    store: Store, city: CityHolder, log: Logger, now: @escaping @Sendable () -> Instant
  ) {
    self.store = store
    self.city = city
    self.now = now
    worker = Worker(
      name: "placing", store: store, channels: [.journal, .positions, .network], log: log)
  }

  /// Works until the task is cancelled; a database that is away is waited for.
  package func run() async {
    await worker.run { try await self.pass() }
  }

  /// Works until nothing is left: for commands and tests.
  package func drain() async throws {
    while try await pass() > 0 {}
  }

  /// Works once through all lanes; the number of vehicle-days and rider-days worked on.
  @discardableResult
  package func pass() async throws -> Int {
    var worked = 0
    let vehicleLanes = try await store.read { db in try await db.placing.lanesWaiting() }
    for lane in vehicleLanes {
      let moment = now()
      let days = try await city.write(to: store) { db, city in
        try await Placer(network: city.network, hours: city.hours) { city.asksForStops(on: $0) }
          .place(lane: lane, in: db, at: moment)
      }
      placedDays.increment(by: days)
      worked += days
    }
    let riderLanes = try await store.read { db in try await db.alighting.lanesWaiting() }
    for lane in riderLanes {
      let days = try await city.write(to: store) { db, city in
        try await Alighter(network: city.network).find(lane: lane, in: db)
      }
      travelDays.increment(by: days)
      worked += days
    }
    // What a new network places anew is looked at between what planners wait for.
    worked += try await ImportPlacing(store: store, city: city).piece()
    worked += try await NetworkMarking(store: store).piece(at: now())
    return worked
  }
}
