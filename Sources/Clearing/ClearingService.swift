package import Basics
package import Logging
import Metrics
package import Store
package import Tapping

/// The worker of the money: sorts the journal, rates what is stale, books the difference.
///
/// Any number of them may run on one database: they share the lanes.
package final class ClearingService: Sendable {
  private let store: Store
  private let city: CityHolder
  private let tokenKey: TokenKey
  private let now: @Sendable () -> Instant
  private let log: Logger
  private let sortedTaps = Counter(label: "kvytok_taps_sorted_total")
  private let ratedDays = Counter(label: "kvytok_rider_days_rated_total")
  private let addedRides = Counter(label: "kvytok_rides_added_total")
  private let reversedRides = Counter(label: "kvytok_rides_reversed_total")

  /// Makes a worker; it does nothing until it runs.
  package init(
    store: Store, city: CityHolder, tokenKey: TokenKey, log: Logger,
    now: @escaping @Sendable () -> Instant
  ) {
    self.store = store
    self.city = city
    self.tokenKey = tokenKey
    self.log = log
    self.now = now
  }

  /// Works until the task is cancelled; a database that is away is waited for.
  package func run() async {
    let worker = Worker(
      name: "clearing", store: store, channels: [.journal, .tariffs, .network], log: log)
    await worker.run { try await self.pass() }
  }

  /// Sorts and rates once through all lanes; the number of batches and rider-days worked on.
  @discardableResult
  package func pass() async throws -> Int {
    var worked = 0
    let unsorted = try await store.read { db in try await db.sorting.lanesWaiting() }
    for lane in unsorted { worked += try await sort(lane: lane) }
    let stale = try await store.read { db in try await db.rating.lanesWaiting() }
    for lane in stale { worked += try await rate(lane: lane) }
    let moment = now()
    // What is booked gets its place in the chain soon; it is no work that others wait for.
    _ = try await store.write { db in try await db.seals.sealNext(isComplete: false, at: moment) }
    return worked
  }

  /// Works until nothing is left: for commands and tests; the number of passes.
  package func drain() async throws {
    while try await pass() > 0 {}
  }

  private func sort(lane: Int16) async throws -> Int {
    var pass = try await sortOnce(lane: lane)
    if !pass.daysWithoutPartition.isEmpty {
      for day in pass.daysWithoutPartition {
        try await store.ensurePartitions(around: day, daysBack: 0, daysAhead: 0)
      }
      pass = try await sortOnce(lane: lane)
    }
    sortedTaps.increment(by: pass.taps)
    return pass.batches
  }

  private func sortOnce(lane: Int16) async throws -> Sorter.Pass {
    let moment = now()
    return try await city.write(to: store) { db, city in
      try await Sorter(city: city, tokenKey: tokenKey, log: log)
        .sort(lane: lane, in: db, at: moment)
    }
  }

  private func rate(lane: Int16) async throws -> Int {
    let moment = now()
    let pass = try await city.write(to: store) { db, city in
      try await Rater(city: city, log: log).rate(lane: lane, in: db, at: moment)
    }
    ratedDays.increment(by: pass.riderDays)
    addedRides.increment(by: pass.ridesAdded)
    reversedRides.increment(by: pass.ridesReversed)
    return pass.riderDays
  }
}
