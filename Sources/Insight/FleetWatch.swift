package import Basics
package import Logging
package import Metrics
package import Store

/// A hole in the numbers of a device with its age.
package struct AgedGap: Sendable, Equatable {
  package let gap: GapRecord
  /// Seconds since it was known, until it was closed or now.
  package let ageSeconds: Double
}

/// Watching over the fleet.
extension InsightDesk {
  /// A validator is silent when it was not heard of for so long, seconds.
  package static let silentSecondsMax: Int64 = 900
  /// A vehicle is of now when its newest position is not older than this, seconds.
  package static let vehicleSecondsMax: Int64 = 600
  /// A vehicle moves when it was at places so far apart since its validator fell silent.
  package static let movedMetresMin = 200.0
  /// Most silent validators on vehicles that move of one answer.
  package static let silentMax = 1000
  /// Movement is looked for in so much of the past, seconds.
  package static let movementSecondsMax: Int64 = 3600

  /// Active validators that are silent though their vehicle moves, the longest silent first, after one of them; at
  /// most ``silentMax``.
  ///
  /// All who are silent are gone through until there are so many: at night most vehicles stand with their
  /// validators off, and one that moves is not to be hidden behind them.
  package func silentDevices(
    at now: Instant, silentSeconds: Int64 = silentSecondsMax, after place: SilentPlace? = nil,
    limit: Int = silentMax, pageSize: Int = FleetQueries.silentPageMax
  ) async throws -> [SilentDevice] {
    let city = city.current
    let start = now.adding(seconds: -Self.movementSecondsMax)
    let heardSince = now.adding(seconds: -silentSeconds)
    let today = city.fareDay(of: now)
    let days = Array(
      sequence(first: city.fareDay(of: start)) { $0.adding(days: 1) }
        .prefix { $0 <= today })
    return try await store.read { db in
      var found: [SilentDevice] = []
      var last = place
      while found.count < limit {
        let candidates = try await db.fleet.silentCandidates(
          contactBefore: heardSince,
          vehicleAfter: now.adding(seconds: -Self.vehicleSecondsMax), now: now, after: last,
          limit: pageSize)
        let moves = try await db.fleet.movements(
          of: candidates.map(\.vehicle),
          since: candidates.map { max($0.lastContactAt ?? start, start) }, days: days)
        for (var candidate, move) in zip(candidates, moves)
        where move.metres >= Self.movedMetresMin {
          candidate.movedMetres = move.metres
          candidate.movedSince = move.firstAt
          found.append(candidate)
        }
        guard let next = candidates.last else { break }
        last = next.place
      }
      return Array(found.prefix(limit))
    }
  }

  /// Holes in the numbers of a device or of all, the oldest first: the open ones, or those closed
  /// since a moment; after one of them.
  package func agedGaps(
    device: String? = nil, closedSince: Instant? = nil, at now: Instant,
    after last: GapPlace? = nil, limit: Int = FleetQueries.linesMax
  ) async throws -> [AgedGap] {
    try await store.write { db in
      // Whoever does it at this moment may have begun before the newest hole was there.
      try await db.holdLanes(.watching, [0])
      try await db.fleet.reconcileGaps(at: now)
    }
    return try await store.read { db in
      try await db.fleet.gaps(
        device: device, closedSince: closedSince, after: last, limit: limit
      ).map { gap in
        AgedGap(
          gap: gap, ageSeconds: max((gap.closedAt ?? now).secondsSince(gap.knownSince), 0))
      }
    }
  }
}

/// Keeps the list of holes true and the gauges of the fleet fresh, until the task is cancelled.
package struct FleetWatch: Sendable {
  /// Seconds between two looks.
  package static let intervalSeconds: Double = 30

  private let store: Store
  private let desk: InsightDesk
  private let now: @Sendable () -> Instant
  private let log: Logger
  private let gaps: Gauge
  private let missing: Gauge
  private let oldest: Gauge
  private let silent: Gauge
  private let behind: Gauge

  /// Makes a watch; it does nothing until it runs.
  package init(
    store: Store, desk: InsightDesk, factory: any MetricsFactory, log: Logger,
    now: @escaping @Sendable () -> Instant
  ) {
    self.store = store
    self.desk = desk
    self.log = log
    self.now = now
    gaps = Gauge(label: "kvytok_sequence_gaps_open", factory: factory)
    missing = Gauge(label: "kvytok_sequence_numbers_missing", factory: factory)
    oldest = Gauge(label: "kvytok_sequence_gap_age_seconds_max", factory: factory)
    silent = Gauge(label: "kvytok_devices_silent_on_moving_vehicles", factory: factory)
    behind = Gauge(label: "kvytok_deny_list_devices_behind", factory: factory)
  }

  /// Looks again and again; a database that is away is waited for.
  package func run() async {
    var fault: String?
    while !Task.isCancelled {
      fault = await look(after: fault)
      try? await Task.sleep(for: .seconds(Self.intervalSeconds))
    }
  }

  /// Looks once and tells the log when that becomes impossible, or possible again; what is wrong now.
  ///
  /// The same fault again is not told: the gauges stand still as long as it lasts.
  package func look(after fault: String?) async -> String? {
    do {
      try await look()
      if fault != nil { log.notice("the fleet is watched again") }
      return nil
    } catch {
      guard !Task.isCancelled else { return fault }
      let now = "\(error)"
      if now != fault {
        log.error(
          "the fleet cannot be watched: its gauges stand still", metadata: ["error": "\(now)"])
      }
      return now
    }
  }

  /// Looks once.
  package func look() async throws {
    let moment = now()
    try await store.write { db in
      guard try await db.fleet.reconcileGaps(at: moment) else { return }
      try await db.denyList.forgetOldSightings()
    }
    let (sums, newest) = try await store.read { db in
      (try await db.fleet.gapSums(), try await db.denyList.versions(limit: 1).first)
    }
    gaps.record(sums.gaps)
    missing.record(sums.numbers)
    oldest.record(sums.oldestAt.map { max(moment.secondsSince($0), 0) } ?? 0)
    behind.record(newest.map { $0.devicesActive - $0.devicesReached } ?? 0)
    // All of them: an alarm that stops at the length of an answer tells too little.
    silent.record(try await desk.silentDevices(at: moment, limit: .max).count)
  }
}
