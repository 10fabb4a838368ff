package import Basics
import Ledger
package import Logging
package import Store
import Wallet

/// Turns what was paid for passes and carnets into what operators have earned, fare day by fare day.
///
/// A fare day is recognised once, after it has ended. What all holders of a product have earned by
/// then, less what was recognised before, is shared between operators by what the product paid of the
/// rides that it carried on the day: the nominal fare without that of companions, or the part of a pass
/// that pays a part. So a re-rating, a late tap or a return shows in the
/// next day's amount, also of a product that had earned its price, and over its life a product is
/// recognised at its price exactly.
package struct RevenueRecognition: Sendable {
  /// Most riders whose products are looked at together.
  package static let ridersPerPageMax = 1000
  /// Days by whose rides an amount is shared when its own day has none.
  package static let fallbackDays = 31
  /// Most fare days of one run.
  package static let daysPerRunMax = 400
  /// Name of the setting that holds the last fare day recognised.
  package static let settingName = "revenue_recognised_through"
  /// Longest pause between two looks at the clock.
  package static let pauseSeconds: Double = 300
  /// Longest time that a fare day waits for taps of it that are on their way.
  package static let backlogWaitSecondsMax = 6 * 3600
  /// How long after a start validators may still hold what they could not send before it.
  package static let startWaitSeconds: Int64 = 600

  private let store: Store
  private let city: CityHolder
  private let log: Logger
  private let clock: ClockGuard?
  private let turn = WaitingTurn(secondsMax: Self.backlogWaitSecondsMax)

  /// Makes the job; without a guard the clock is right.
  package init(store: Store, city: CityHolder, log: Logger, clock: ClockGuard? = nil) {
    self.clock = clock
    self.store = store
    self.city = city
    self.log = log
  }

  /// Recognises each day as it ends, until the task is cancelled; a fault is told and tried again.
  package func run(now: @Sendable () -> Instant, desk: RiderDesk) async {
    let start = now()
    repeat {
      do {
        let moment = now()
        _ = try await look(at: moment, startedAt: start)
        _ = try await desk.denyExpired(at: moment)
      } catch is CancellationError {
        return
      } catch {
        log.error("passes are not recognised", metadata: ["fault": "\(error)"])
      }
    } while (try? await Task.sleep(for: .seconds(Self.pauseSeconds))) != nil
  }

  /// The last fare day that is over, by the time for which charge windows wait for late taps too.
  package func lastDue(at moment: Instant) -> Day {
    let wait = ChargingPolicy().closingWaitSeconds
    return city.current.fareDay(of: moment.adding(seconds: -wait)).adding(days: -1)
  }

  /// Recognises the fare days that are due at a moment; how many.
  ///
  /// What comes later counts in no day's shares of a pass. So while taps of such days are on their way
  /// to their riders, or to us after a start, or wait for a rating, the days wait, though not for ever.
  package func look(at moment: Instant, startedAt start: Instant) async throws -> Int {
    let last = lastDue(at: moment)
    let isBehind = try await store.read { db -> Bool in
      guard let next = try await Self.next(in: db), next <= last else { return false }
      if moment < start.adding(seconds: Self.startWaitSeconds) { return true }
      if try await db.charging.isAwaitingTaps(through: last, at: moment) { return true }
      return try await db.products.isAwaitingRating(within: next...last)
    }
    guard turn.isDue(isBehind: isBehind, at: moment) else { return 0 }
    if let clock, try await !clock.isRight() { return 0 }
    return try await recognise(through: last, at: moment)
  }

  /// The first fare day not recognised yet; nil where nothing was ever sold.
  private static func next(in db: StoreSession) async throws -> Day? {
    if let last = try await db.settings.find(settingName).flatMap({ Day($0) }) {
      return last.adding(days: 1)
    }
    return try await db.products.firstDeferredDay()
  }

  /// Recognises all fare days up to one that has ended, but for those done before; how many.
  package func recognise(through day: Day, at now: Instant) async throws -> Int {
    var done = 0
    while done < Self.daysPerRunMax {
      let isDone = try await city.write(to: store) { db, city in
        try await recogniseNext(through: day, city, in: db, at: now)
      }
      guard isDone else { break }
      done += 1
    }
    return done
  }

  /// The first fare day not recognised yet; false when there is none up to the day.
  private func recogniseNext(
    through day: Day, _ city: City, in db: StoreSession, at now: Instant
  ) async throws -> Bool {
    try await db.holdLanes(.recognising, [0])
    guard let next = try await Self.next(in: db), next <= day else { return false }
    try await recognise(next, city, in: db, at: now)
    try await db.settings.set(Self.settingName, to: next.description)
    return true
  }

  /// A holding as it is counted now.
  private struct Counted {
    var holding: HoldingRow
    let recognisedMinorBefore: Int64
    /// Whether it is used otherwise than was written down.
    let isUsedOtherwise: Bool
  }

  /// What a product's holders earned, with the holdings as they then stand.
  private struct Pool {
    var minor: Int64 = 0
    var counted: [Counted] = []
    /// Whether one of them is over: its rest cannot wait for a ride.
    var hasEnded = false
  }

  private struct PoolKey: Hashable, Comparable {
    let product: String
    let currency: String

    static func < (left: PoolKey, right: PoolKey) -> Bool {
      (left.product, left.currency) < (right.product, right.currency)
    }
  }

  private func recognise(
    _ day: Day, _ city: City, in db: StoreSession, at now: Instant
  ) async throws {
    try await db.products.holdCounting()
    var pools: [PoolKey: Pool] = [:]
    var last: RiderID?
    while true {
      let riders = try await db.products.ridersToCount(
        after: last, countMax: Self.ridersPerPageMax)
      guard let end = riders.last else { break }
      last = end
      try await db.products.beginCount(of: riders)
      let holdings = try await db.products.lock(of: Set(riders))
      let count = ProductCount(
        holdings, try await db.products.carried(by: holdings), clock: city)
      var others: [HoldingRow] = []
      for (place, holding) in count.counted(through: day).enumerated() {
        let earned = count.earnedMinor(place, through: day)
        let isUsedOtherwise = holding.use != holdings[place].use
        if earned != holding.recognisedMinor {
          add(holding, earned, isUsedOtherwise, to: &pools)
        } else if isUsedOtherwise {
          others.append(holding)
        }
      }
      try await db.products.save(others)
    }
    let weights = Dictionary(grouping: try await db.products.weights(within: day...day)) {
      PoolKey(product: $0.product, currency: $0.currency.code)
    }
    let date = try await db.bookingDate(of: now, in: city)
    for (key, pool) in pools.sorted(by: { $0.key < $1.key }) {
      guard pool.minor > 0,
        let share = try await shares(key, pool, weights[key] ?? [], on: day, in: db)
      else {
        try await wait(pool, in: db)
        continue
      }
      let holdings = pool.counted.map(\.holding)
      let currency = holdings[0].currency
      let entry = try WalletEntries.recognition(
        of: key.product, shares: share.parts, currency: currency, fareDay: day, on: date)
      try await db.books.add([entry], at: now)
      try await db.products.save(holdings)
      try await db.products.addRecognition(
        day, product: key.product, currency: currency, minor: pool.minor,
        holdings: holdings.count, sharedBy: share.rule,
        entryID: try await db.wallets.lastEntry())
    }
  }

  /// Leaves the money of a pool for a later day; how far its products are used does not wait for it.
  private func wait(_ pool: Pool, in db: StoreSession) async throws {
    let before = pool.counted.map { counted in
      var counted = counted
      counted.holding.recognisedMinor = counted.recognisedMinorBefore
      return counted
    }
    try await db.products.save(before.filter(\.isUsedOtherwise).map(\.holding))
    // Nobody else would look at those that had earned their price.
    try await db.products.askRecount(
      of: Set(before.map(\.holding).filter { $0.deferredMinor == 0 }.map(\.rider)))
  }

  /// Puts what a holding has earned, more or less than before, to the pool of its product.
  private func add(
    _ counted: HoldingRow, _ earned: Int64, _ isUsedOtherwise: Bool, to pools: inout [PoolKey: Pool]
  ) {
    var holding = counted
    holding.recognisedMinor = earned
    let key = PoolKey(product: holding.product, currency: holding.currency.code)
    pools[key, default: Pool()].minor += earned - counted.recognisedMinor
    pools[key, default: Pool()].counted.append(
      Counted(
        holding: holding, recognisedMinorBefore: counted.recognisedMinor,
        isUsedOtherwise: isUsedOtherwise))
    if holding.deferredMinor == 0 { pools[key, default: Pool()].hasEnded = true }
  }

  /// Who gets how much of a pool, and by which rule; nil while it waits for a ride.
  private func shares(
    _ key: PoolKey, _ pool: Pool, _ weights: [OperatorWeight], on day: Day, in db: StoreSession
  ) async throws -> (parts: [(operatorID: String?, minor: Int64)], rule: String)? {
    func parts(_ weights: [OperatorWeight]) -> [(operatorID: String?, minor: Int64)]? {
      Sharing.shares(of: pool.minor, by: weights.map(\.nominalMinor)).map { shares in
        zip(weights, shares).map { ($0.operatorID, $1) }
      }
    }
    if let parts = parts(weights) { return (parts, "rides of the day") }
    guard pool.hasEnded else { return nil }
    let span = day.adding(days: 1 - Self.fallbackDays)...day
    let recent = try await db.products.weights(within: span).filter {
      $0.product == key.product && $0.currency.code == key.currency
    }
    if let parts = parts(recent) { return (parts, "rides of \(Self.fallbackDays) days") }
    let all = try await db.products.weightsOfAllRides(within: span).filter {
      $0.currency.code == key.currency
    }
    if let parts = parts(all) { return (parts, "all rides of \(Self.fallbackDays) days") }
    return ([(nil, pool.minor)], "no rides")
  }
}
