package import Basics
package import Logging
package import Store

/// Keeps the partitions of the days around today made, so that no writer ever waits for one.
package struct PartitionKeeper: Sendable {
  /// Days before today: taps of offline validators come late.
  package static let daysBack = 7
  /// Days after today: so long the service may be down over a change of the day.
  package static let daysAhead = 7
  /// Time between two looks, seconds.
  package static let lookSeconds: Double = 3600
  /// Time after a fault until the next look, seconds.
  package static let faultSeconds: Double = 10

  private let store: Store
  private let city: CityHolder
  private let now: @Sendable () -> Instant
  private let log: Logger

  /// Makes a keeper; it does nothing until it runs.
  package init(
    store: Store, city: CityHolder, now: @escaping @Sendable () -> Instant, log: Logger
  ) {
    self.store = store
    self.city = city
    self.now = now
    self.log = log
  }

  /// Makes what is missing, now and each hour, until the task is cancelled.
  package func run() async {
    var isCancelled = false
    while !isCancelled {
      var waitSeconds = Self.lookSeconds
      do {
        try await make()
      } catch {
        log.error("partitions are not made", metadata: ["fault": "\(error)"])
        waitSeconds = Self.faultSeconds
      }
      isCancelled = (try? await Task.sleep(for: .seconds(waitSeconds))) == nil
    }
  }

  /// Makes what is missing around today; the number of partitions made.
  @discardableResult
  package func make() async throws -> Int {
    let today = city.current.fareDay(of: now())
    let made = try await store.ensurePartitions(
      around: today, daysBack: Self.daysBack, daysAhead: Self.daysAhead)
    if made > 0 { log.info("partitions made", metadata: ["count": "\(made)", "day": "\(today)"]) }
    return made
  }
}
