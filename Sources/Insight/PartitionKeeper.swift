package import Basics
package import Logging
package import Store

/// Keeps the partitions of the days around today made, so that no writer ever waits for one, and drops the
/// positions that are older than any process on the database keeps them.
///
/// Every process makes partitions and says for how long it needs positions; who places drops them. Positions are many and are needed only to place taps: stop visits and boardings stay.
package struct PartitionKeeper: Sendable {
  /// Days before today: taps of offline validators come late.
  package static let daysBack = 7
  /// Days after today: so long the service may be down over a change of the day.
  package static let daysAhead = 7
  /// Days by which positions are kept longer at least than a tap may come late: those around midnight belong to two
  /// days, and sorting may be behind.
  package static let positionDaysBeyondTapsMin = 7
  /// Days by which positions are kept longer than a tap may come late, unless somebody sets it: a tap may wait in
  /// quarantine until its month is closed.
  package static let positionDaysBeyondTapsStandard = 35
  /// Most days whose positions go in an hour, by all processes together: a clock that is wrong for an hour takes no
  /// more.
  package static let droppedPerHourMax = 31
  /// Time between two looks, seconds.
  package static let lookSeconds: Double = 3600
  /// Time after a fault until the next look, seconds.
  package static let faultSeconds: Double = 10

  private let store: Store
  private let city: CityHolder
  private let positionDays: Int
  private let isDropping: Bool
  private let clock: ClockGuard?
  private let now: @Sendable () -> Instant
  private let log: Logger

  /// Makes a keeper that keeps positions for so many days; it does nothing until it runs.
  ///
  /// Where it does not drop, it only says for how long it needs them. While its clock is ahead it drops none.
  package init(
    store: Store, city: CityHolder, positionDays: Int, isDropping: Bool = true,
    clock: ClockGuard? = nil, now: @escaping @Sendable () -> Instant, log: Logger
  ) {
    precondition(positionDays > 0, "the positions of today are needed")
    self.store = store
    self.city = city
    self.positionDays = positionDays
    self.isDropping = isDropping
    self.clock = clock
    self.now = now
    self.log = log
  }

  /// Makes what is missing and drops what is too old, now and each hour, until the task is cancelled.
  package func run() async {
    var isCancelled = false
    while !isCancelled {
      var waitSeconds = Self.lookSeconds
      do {
        try await make()
      } catch is CancellationError {
        return
      } catch {
        log.error("partitions are not made", metadata: ["fault": "\(error)"])
        waitSeconds = Self.faultSeconds
      }
      do {
        // Where nobody said it before, others have the time until the next look to say that they need more.
        if try await tell() { try await drop() }
      } catch is CancellationError {
        return
      } catch {
        log.warning("positions are not dropped", metadata: ["fault": "\(error)"])
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

  /// Says for how many days positions are needed here; whether a process had said it before.
  @discardableResult
  package func tell() async throws -> Bool {
    try await store.write { db in try await db.partitions.tellPositionDays(positionDays, at: now())
    }
  }

  /// Drops the positions of days that are older than any process keeps them; the days that went.
  @discardableResult
  package func drop() async throws -> [Day] {
    guard isDropping, try await clock?.isRight() ?? true else { return [] }
    let moment = now()
    let days = try await store.dropPositions(
      today: city.current.fareDay(of: moment), keepingDays: positionDays, at: moment,
      perHourMax: Self.droppedPerHourMax)
    for day in days { log.notice("positions dropped", metadata: ["day": "\(day)"]) }
    return days
  }
}
