package import Basics
package import Logging
package import Metrics
package import Store
import Transit

/// Keeps the gauges of the queues fresh, until the task is cancelled: it looks, and no scrape does.
///
/// What is in the database is told by every process alike; the waiters and the announcements are those of
/// the process.
package final class QueueWatch: Sendable {
  /// Seconds between two looks.
  package static let intervalSeconds: Double = 15
  /// Longest wait for an announcement of one's own, in seconds: past it the gauge stays there.
  package static let announcementSecondsMax: Double = 10

  private let store: Store
  private let wayIn: Store
  private let city: CityHolder
  private let now: @Sendable () -> Instant
  private let freeBytes: @Sendable () -> Int64?
  private let log: Logger
  private let gauges: QueueGauges
  private let echo: Echo

  /// Makes a watch over the queues, with the connections of people and those that only devices use; `freeBytes` is
  /// the room where the private database lies, behind links, or else the data folder; nil where nobody can tell.
  package init(
    store: Store, wayIn: Store, city: CityHolder, factory: any MetricsFactory, log: Logger,
    now: @escaping @Sendable () -> Instant, randomBytes: @escaping @Sendable (Int) -> [UInt8],
    freeBytes: @escaping @Sendable () -> Int64?
  ) {
    self.store = store
    self.wayIn = wayIn
    self.city = city
    self.now = now
    self.freeBytes = freeBytes
    self.log = log
    gauges = QueueGauges(factory)
    echo = Echo(store: store, randomBytes: randomBytes)
  }

  /// Looks again and again; a database that is away is waited for.
  package func run() async {
    var fault: String?
    while !Task.isCancelled {
      do {
        try await look()
        if fault != nil { log.notice("the queues are watched again") }
        fault = nil
      } catch {
        if Task.isCancelled { return }
        if fault == nil {
          log.error(
            "the queues cannot be watched: their gauges stand still",
            metadata: ["error": "\(error)"])
        }
        fault = "\(error)"
      }
      try? await Task.sleep(for: .seconds(Self.intervalSeconds))
    }
  }

  /// Looks once.
  package func look() async throws {
    // First what is the process's own: it can be told also while the database is away.
    gauges.waiters("way_in", await wayIn.waitersCount())
    gauges.waiters("people", await store.waitersCount())
    if let bytes = freeBytes() { gauges.dataFree.record(bytes) }
    let moment = now()
    let standing = try await store.read { db in try await db.queues.standing(at: moment) }
    gauges.show(standing, at: moment)
    let today = city.current.fareDay(of: moment)
    gauges.network.record(city.current.networkHolds(on: today) ? 1 : 0)
    gauges.announcement.record(try await echo.seconds(atMost: Self.announcementSecondsMax))
    gauges.lookedAt.record(Double(moment.microseconds) / 1e6)
  }
}

/// How long an announcement is under way, found by announcing something.
private struct Echo: Sendable {
  /// Bytes by which an announcement is known among those of other processes.
  static let wordBytesCount = 8

  let store: Store
  let randomBytes: @Sendable (Int) -> [UInt8]

  /// Seconds until an announcement of ours comes back, or the limit.
  func seconds(atMost limit: Double) async throws -> Double {
    let word = hexText(randomBytes(Self.wordBytesCount))
    let clock = ContinuousClock()
    return try await withThrowingTaskGroup(of: Double.self) { group in
      let heard = store.announcements(.echo)
      group.addTask {
        var announcedAt: ContinuousClock.Instant?
        for await payload in heard {
          // The empty one says that we listen from now on: only then would an answer be heard.
          if payload.isEmpty {
            announcedAt = clock.now
            try await store.announce(.echo, word)
          } else if payload == word, let announcedAt {
            return announcedAt.duration(to: clock.now) / .seconds(1)
          }
        }
        return limit
      }
      group.addTask {
        try await Task.sleep(for: .seconds(limit))
        return limit
      }
      defer { group.cancelAll() }
      return try await group.next() ?? limit
    }
  }
}

/// The gauges of the queues, by their names.
private struct QueueGauges: Sendable {
  private let batches: Gauge
  private let batchAge: Gauge
  private let riderDays: Gauge
  private let riderDayAge: Gauge
  private let quarantinedAge: Gauge
  private let windows: Gauge
  private let windowAge: Gauge
  private let answerAge: Gauge
  private let quarantined: Gauge
  private let setAside: Gauge
  private let waiting: [String: Gauge]
  let dataFree: Gauge
  let network: Gauge
  let announcement: Gauge
  let lookedAt: Gauge

  init(_ factory: any MetricsFactory) {
    func gauge(_ name: String, _ labels: [(String, String)] = []) -> Gauge {
      Gauge(label: "kvytok_" + name, dimensions: labels, factory: factory)
    }
    batches = gauge("batches_unsorted")
    batchAge = gauge("batch_unsorted_age_seconds_max")
    riderDays = gauge("rider_days_waiting")
    riderDayAge = gauge("rider_day_waiting_age_seconds_max")
    quarantinedAge = gauge("tap_quarantined_age_seconds_max")
    windows = gauge("charge_windows_due")
    windowAge = gauge("charge_window_due_age_seconds_max")
    answerAge = gauge("charge_window_answer_age_seconds_max")
    quarantined = gauge("taps_quarantined_held")
    setAside = gauge("taps_set_aside")
    waiting = Dictionary(
      uniqueKeysWithValues: ["way_in", "people"].map {
        ($0, gauge("connection_waiters", [("pool", $0)]))
      })
    dataFree = gauge("data_free_bytes")
    network = gauge("network_in_force")
    announcement = gauge("announcement_seconds")
    lookedAt = gauge("queues_looked_at_timestamp_seconds")
  }

  func waiters(_ pool: String, _ count: Int) { waiting[pool]?.record(count) }

  func show(_ standing: QueueStanding, at moment: Instant) {
    func age(_ waiting: WaitingThings) -> Double {
      waiting.oldestAt.map { max(moment.secondsSince($0), 0) } ?? 0
    }
    batches.record(standing.unsortedBatches.count)
    batchAge.record(age(standing.unsortedBatches))
    riderDays.record(standing.riderDays.count)
    riderDayAge.record(age(standing.riderDays))
    quarantinedAge.record(age(standing.quarantinedTaps))
    windows.record(standing.chargeWindows.count)
    windowAge.record(age(standing.chargeWindows))
    answerAge.record(age(standing.askedWindows))
    quarantined.record(standing.quarantinedTaps.count)
    setAside.record(standing.setAsideTaps)
  }
}
