package import Basics
package import Logging
import Metrics
package import Store
package import Tapping

/// The worker of the money: sorts the journal, rates what is stale, books the difference.
///
/// Any number of them may run on one database: they share the lanes.
package final class ClearingService: Sendable {
  /// Lanes worked on at a time: the database works on one while this process works on another.
  package static let lanesAtOnceMax = 4
  /// Longest time that rating waits for a journal that is behind, and sorting for rating.
  ///
  /// It is enough for a day's taps of a million riders. Days that are rated before all their taps are
  /// sorted are rated twice.
  package static let turnSecondsMax = 300
  /// Most media that are founded in one transaction whatever their shares: each waits for the disk.
  package static let foundedAtOnceMax = 200
  /// Most times that a lane is tried again after something was made that it lacked.
  package static let triesMax = 3

  private let store: Store
  private let city: CityHolder
  private let tokenKey: TokenKey
  private let now: @Sendable () -> Instant
  private let log: Logger
  private let turn = WaitingTurn(secondsMax: turnSecondsMax)
  private let media = KnownMedia()
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

  /// Sorts once through all lanes, then rates; the number of batches and rider-days worked on.
  ///
  /// While the journal is behind, rating waits its turn: a day is then rated once with all its taps,
  /// and not anew for each of them. No turn is longer than ``turnSecondsMax``.
  ///
  /// What fails on one lane, or of one device, is thrown when all others have had their turn.
  @discardableResult
  package func pass() async throws -> Int {
    var faults = PassFaults(log: log)
    var worked = try await sort(noting: &faults)
    var isBehind = false
    if worked > 0 {
      let waiting = try await store.read { db in try await db.sorting.lanesWaiting() }
      // A lane that cannot be sorted stays behind, and rating does not wait for it.
      isBehind = !faults.sound(waiting, for: .sorting).isEmpty
    }
    if turn.isDue(isBehind: isBehind, at: now()) {
      worked += try await rate(isBehind: isBehind, noting: &faults)
    }
    try faults.throwFirst()
    return worked
  }

  /// Sorts once through all lanes, and what persons let through; the number of batches and released taps.
  private func sort(noting faults: inout PassFaults) async throws -> Int {
    let waiting = try await store.read { db in try await db.sorting.lanesWaiting() }
    var worked = try await inParallel(waiting, .sorting, noting: &faults) { lane in
      try await self.sort(lane: lane)
    }
    let released = try await store.read { db in try await db.quarantine.devicesWaiting() }
    for device in released {
      do {
        worked += try await sortReleased(of: device)
      } catch {
        try faults.note(error, ofDevice: device)
      }
    }
    return worked
  }

  /// Rates once through all lanes, or for a turn while sorting is behind; then what follows from it.
  ///
  /// After a fault it is for a turn too: the next pass comes after a pause.
  private func rate(isBehind: Bool, noting faults: inout PassFaults) async throws -> Int {
    let begin = now()
    var worked = 0
    var rated = 0
    repeat {
      let waiting = try await store.read { db in try await db.rating.lanesWaiting() }
      rated = try await inParallel(faults.sound(waiting, for: .rating), .rating, noting: &faults) {
        lane in try await self.rate(lane: lane)
      }
      worked += rated
    } while (isBehind || !faults.isEmpty) && rated > 0 && !Task.isCancelled
      && now() < begin.adding(seconds: Int64(Self.turnSecondsMax))
    let moment = now()
    // Orders to rate anew are taken further between what riders wait for.
    worked += try await ReratingPieces(store: store, city: city).piece(at: moment)
    // What is booked gets its place in the chain soon; it is no work that others wait for.
    _ = try await store.write { db in try await db.seals.sealNext(isComplete: false, at: moment) }
    return worked
  }

  /// Works until nothing is left: for commands and tests.
  package func drain() async throws {
    while try await pass() > 0 {}
  }

  /// Works on several lanes at a time; the sum of what was done.
  private func inParallel(
    _ lanes: [Int16], _ purpose: LanePurpose, noting faults: inout PassFaults,
    _ work: @escaping @Sendable (Int16) async throws -> Int
  ) async throws -> Int {
    let done = await withTaskGroup(of: LaneDone.self, returning: [LaneDone].self) { group in
      func begin(_ lane: Int16) {
        group.addTask {
          do {
            return LaneDone(lane: lane, result: .success(try await work(lane)))
          } catch {
            return LaneDone(lane: lane, result: .failure(error))
          }
        }
      }
      var rest = lanes[...]
      for lane in rest.prefix(Self.lanesAtOnceMax) { begin(lane) }
      rest = rest.dropFirst(Self.lanesAtOnceMax)
      var done: [LaneDone] = []
      while let lane = await group.next() {
        done.append(lane)
        if case .failure(let fault) = lane.result, PassFaults.isOfAll(fault) {
          group.cancelAll()
          rest = []
        }
        if let next = rest.popFirst() { begin(next) }
      }
      return done
    }
    var worked = 0
    for lane in done {
      switch lane.result {
      case .success(let count): worked += count
      case .failure(let fault): try faults.note(fault, on: lane.lane, of: purpose)
      }
    }
    return worked
  }

  /// What became of the work on a lane.
  private struct LaneDone: Sendable {
    let lane: Int16
    let result: Result<Int, any Error>
  }

  private func sort(lane: Int16) async throws -> Int {
    var pass = try await sortOnce(lane: lane, again: nil)
    // A medium or a partition is made once; what another worker makes meanwhile is found made.
    for _ in 0..<Self.triesMax where pass.isHeldUp {
      for day in pass.daysWithoutPartition {
        try await store.ensurePartitions(around: day, daysBack: 0, daysAhead: 0)
      }
      let media = pass.newMedia
      if !media.isEmpty { try await found(media, lane: lane) }
      pass = try await sortOnce(lane: lane, again: pass.read)
    }
    sortedTaps.increment(by: pass.taps)
    return pass.batches
  }

  /// Founds media: few at once, many share by share.
  ///
  /// Each lane begins with another share, so that those who sort at the same time do not wait for each other.
  private func found(_ new: [NewMedium], lane: Int16) async throws {
    var parts = [new]
    if new.count > Self.foundedAtOnceMax {
      let shares = Dictionary(grouping: new) { FoundingShare.of($0.medium) }
      parts = (0..<FoundingShare.count).compactMap { shares[(lane + $0) % FoundingShare.count] }
    }
    for media in parts {
      let (founded, event) = try await store.write { db in
        try await db.preferIndexes()
        let event = try await db.sorting.newestRiderEvent()
        return (try await db.sorting.found(media), event)
      }
      // They need no look-up: whoever moves one of them writes a later event.
      self.media.keep(founded, of: event)
    }
  }

  private func sortOnce(lane: Int16, again read: ReadBatches?) async throws -> Sorter.Pass {
    let moment = now()
    return try await city.write(to: store) { db, city in
      try await Sorter(city: city, tokenKey: tokenKey, known: media, log: log)
        .sort(lane: lane, in: db, at: moment, again: read)
    }
  }

  /// Sorts the taps of a device that persons let through; the number of them.
  private func sortReleased(of device: String) async throws -> Int {
    let moment = now()
    var missing: [Day] = []
    for _ in 0..<2 {
      if !missing.isEmpty { try await store.ensurePartitions(of: missing) }
      let pass = try await city.write(to: store) { db, city in
        try await Sorter(city: city, tokenKey: tokenKey, known: media, log: log)
          .sortReleased(of: device, in: db, at: moment)
      }
      missing = pass.daysWithoutPartition
      sortedTaps.increment(by: pass.taps)
      if missing.isEmpty { return pass.taps }
    }
    return 0
  }

  private func rate(lane: Int16) async throws -> Int {
    var pass = Rater.Pass()
    for attempt in 1...Self.triesMax {
      let moment = now()
      do {
        pass = try await city.write(to: store) { db, city in
          try await Rater(city: city, log: log).rate(lane: lane, in: db, at: moment)
        }
        break
      } catch ClearingFault.markedMeanwhile where attempt < Self.triesMax {
        // What was rated is taken back whole; the day that was marked now has a row to be found by.
        continue
      }
    }
    ratedDays.increment(by: pass.riderDays)
    addedRides.increment(by: pass.ridesAdded)
    reversedRides.increment(by: pass.ridesReversed)
    return pass.riderDays
  }
}
