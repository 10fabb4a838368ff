package import Basics
package import Charging
package import Logging
import Metrics
package import Store
import Tapping

/// What a city decides about charging bank cards.
package struct ChargingPolicy: Sendable, Hashable {
  /// Seconds after the end of a fare day that are waited for late taps before its windows close.
  package var closingWaitSeconds: Int64 = 2 * 3600
  /// Seconds between two tries to pay that the taps of one denied card may bring about.
  package var tapPauseSeconds: Int64 = 600
  /// Days back that are closed one by one when the first windows are made.
  package var firstDaysMax = 60
  /// Longest time that windows wait for taps of fare days that are over, while these are on their way.
  package var backlogWaitSecondsMax = 600

  /// The standard.
  package init() {}
}

/// The worker of bank cards: closes windows, asks the acquirer, and keeps at it.
///
/// Any number may run: windows are claimed by row. Whatever is asked has been written down before,
/// and is asked again with the same key when the answer got lost with the process.
package final class ChargingService: Sendable {
  /// Most windows, cards or refunds claimed in one transaction.
  package static let claimsMax = 500
  /// Most clearing runs looked at in one transaction.
  package static let runsMax = 200
  /// Most days marked in one transaction: whoever makes an account of a phone known waits for its end.
  private static let marksMax = 1000

  let store: Store
  let city: CityHolder
  let acquirer: (any Acquirer)?
  let denyList: any DenyListing
  let policy: ChargingPolicy
  let now: @Sendable () -> Instant
  let log: Logger
  private let turn: WaitingTurn
  private let clock: ClockGuard?
  private let closedWindows = Counter(label: "kvytok_charge_windows_closed_total")
  let questions = Counter(label: "kvytok_acquirer_questions_total")
  private let held = Gauge(label: "kvytok_charging_held")

  /// Makes a worker; without an acquirer windows are closed and wait, and without a guard the clock is right.
  package init(
    store: Store, city: CityHolder, acquirer: (any Acquirer)?,
    denyList: any DenyListing = ValidatorDenyList(), policy: ChargingPolicy = ChargingPolicy(),
    log: Logger, clock: ClockGuard? = nil, now: @escaping @Sendable () -> Instant
  ) {
    self.store = store
    self.city = city
    self.clock = clock
    self.acquirer = acquirer
    self.denyList = denyList
    self.policy = policy
    self.log = log
    self.now = now
    turn = WaitingTurn(secondsMax: policy.backlogWaitSecondsMax)
  }

  /// Works until the task is cancelled; a database that is away is waited for.
  ///
  /// Who asks the acquirer is a worker of its own: windows close, are netted and shared while answers are awaited.
  package func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        let worker = Worker(name: "charging", store: self.store, channels: [], log: self.log)
        await worker.run { try await self.keepWindows() }
      }
      if let acquirer {
        group.addTask {
          let worker = Worker(name: "asking", store: self.store, channels: [], log: self.log)
          await worker.run { try await self.ask(Self.kinds(of: acquirer), acquirer) }
        }
      }
    }
  }

  /// Does once what is due, and asks what is; how much there was.
  ///
  /// While a hold stands the acquirer is asked nothing.
  @discardableResult
  package func pass() async throws -> Int {
    var worked = try await keepWindows()
    guard let acquirer else { return worked }
    for kind in Self.kinds(of: acquirer) { worked += try await ask([kind], acquirer) }
    return worked
  }

  private static func kinds(of acquirer: any Acquirer) -> [AskedKind] {
    acquirer.capturesByFile ? [.windows, .cards] : AskedKind.allCases
  }

  /// Does once what is due about windows and asks nobody; how much there was.
  private func keepWindows() async throws -> Int {
    var worked = try await closeWindows()
    worked += try await net()
    let isHeld = try await isHeld()
    held.record(isHeld ? 1 : 0)
    if !isHeld { worked += try await followTaps() }
    worked += try await OperatorSharing(store: store, city: city, now: now).pass()
    try await store.write { db in
      if try await db.charging.tryWork(.sums) { try await db.charging.foldSums() }
    }
    return worked
  }

  /// Whether a person is to compare with the acquirer before it is asked anything.
  func isHeld() async throws -> Bool {
    try await store.read { db in try await db.restores.hold() } != nil
  }

  /// Works until nothing is due: for commands and tests.
  package func drain() async throws {
    while try await pass() > 0 {}
  }

  /// The first fare day whose windows are not to be closed yet at a moment, and when they are.
  package func nextClosing(after moment: Instant) -> (fareDay: Day, at: Instant) {
    let city = city.current
    let day = city.fareDay(of: moment.adding(seconds: -policy.closingWaitSeconds))
    let end = city.hours(of: day).upperBound
    return (day, end.adding(seconds: policy.closingWaitSeconds))
  }

  /// The accounting date of something of a moment.
  func bookingDate(of moment: Instant, in db: StoreSession) async throws -> Day {
    try await db.bookingDate(of: moment, in: city.current)
  }

  /// Closes the windows of fare days that are over, and takes in what changed in closed ones.
  ///
  /// While taps of such days are on their way to their riders, as after a night without the service,
  /// windows wait: a card is then asked once for its day, and not for each part of it as it comes.
  private func closeWindows() async throws -> Int {
    let moment = now()
    let target = nextClosing(after: moment).fareDay.adding(days: -1)
    let (isBehind, last) = try await store.read { db in
      (
        try await db.charging.isAwaitingTaps(through: target, at: moment),
        try await db.charging.closedThrough()
      )
    }
    if last != target, let clock, try await !clock.isRight() { return 0 }
    guard turn.isDue(isBehind: isBehind, at: moment) else { return 0 }
    var worked = 0
    while true {
      let step = try await store.write { db -> (windows: Int, isDone: Bool) in
        guard try await db.charging.tryWork(.windows) else { return (0, true) }
        guard let last = try await db.charging.closedThrough() else {
          guard let first = try await db.charging.firstFareDay(), first <= target else {
            return (0, true)
          }
          let start = max(first, target.adding(days: -self.policy.firstDaysMax))
          return (try await db.charging.close(start, at: moment), start == target)
        }
        guard last < target else { return (0, true) }
        return (try await db.charging.close(last.adding(days: 1), at: moment), false)
      }
      worked += step.windows
      if step.isDone { break }
    }
    while true {
      let step = try await store.write { db -> (runs: Int, windows: Int) in
        guard try await db.charging.tryWork(.windows),
          let last = try await db.charging.closedThrough()
        else { return (0, 0) }
        return try await db.charging.addDifferences(
          through: last, countMax: Self.runsMax, at: moment)
      }
      worked += step.windows
      if step.runs < Self.runsMax { break }
    }
    closedWindows.increment(by: worked)
    try await markWithoutAccount()
    return worked
  }

  /// Lets the days rest that wait for an account of a phone.
  private func markWithoutAccount() async throws {
    while try await store.write({ db in
      try await db.charging.markWithoutAccount(countMax: Self.marksMax)
    }) == Self.marksMax {}
  }

  /// Gives windows below zero to the other windows of their day.
  private func net() async throws -> Int {
    let moment = now()
    return try await store.write { db in
      let due = try await db.charging.due([.netting], at: moment, countMax: Self.claimsMax)
      guard !due.isEmpty else { return 0 }
      var batch = ChargeBatch(
        try await db.charging.lockDays(of: due.map(\.id)),
        on: try await self.bookingDate(of: moment, in: db), at: moment)
      var waiting: [Int64] = []
      for credit in due where try await !self.give(credit, in: &batch, db: db) {
        waiting.append(credit.id)
      }
      try await batch.finish(in: db, denyList: self.denyList)
      let later = moment.adding(seconds: ChargeWindow.answerSecondsMax)
      try await db.charging.putOff(waiting, until: later)
      return due.count - waiting.count
    }
  }

  /// Gives a credit away; false when some of it has to wait.
  private func give(
    _ credit: ChargeWindowRow, in batch: inout ChargeBatch, db: StoreSession
  ) async throws -> Bool {
    let others = batch.windows.values
      .filter {
        $0.rider == credit.rider && $0.fareDay == credit.fareDay
          && $0.currency == credit.currency && $0.id != credit.id
      }
      .sorted { $0.number < $1.number }
    guard
      let shares = Netting.shares(of: -credit.window.dueMinor, among: others.map(\.window))
    else { return false }
    let detail = "difference window \(credit.id)"
    for share in shares {
      switch share {
      case .offset(let place, let minor):
        try batch.apply(
          .offset(minor: minor), to: others[place].id, actor: "clock", detail: detail)
        try batch.apply(.given(minor: minor), to: credit.id, actor: "clock")
      case .setOff(let place, let minor):
        try await batch.setOffGoodwill(minor, of: others[place].id, detail: detail, in: db)
        try batch.apply(.given(minor: minor), to: credit.id, actor: "clock")
      case .loss(let place, let minor):
        try batch.apply(
          .lossSetOff(minor: minor), to: others[place].id, actor: "clock", detail: detail)
        try batch.apply(.given(minor: minor), to: credit.id, actor: "clock")
      case .refund(let place, let minor):
        let id = others[place].id
        let refunds = try await batch.orderRefund(
          minor, of: id, cause: .rerated, difference: credit.id, actor: "clock", detail: detail,
          in: db)
        try batch.apply(.given(minor: minor), to: credit.id, actor: "clock")
        for refund in refunds {
          try batch.book(
            .refundOwed, refund.minor, window: id, kind: "refund_owed", actor: "clock",
            reference: ChargeKey.refund(refund.id).description)
        }
      }
    }
    return batch.windows[credit.id]?.window.state == .netted
  }

  /// Tries to collect from denied cards that were tapped, or checks them anew.
  private func followTaps() async throws -> Int {
    let moment = now()
    let today = city.current.fareDay(of: moment)
    return try await store.write { db in
      let taps = try await db.charging.deniedTaps(
        today: today, pauseSeconds: self.policy.tapPauseSeconds)
      guard !taps.isEmpty else { return 0 }
      let media = Set(taps.map(\.medium))
      let accounts = try await db.charging.accounts(of: media)
      let all = accounts.values.reduce(into: media) { $0.formUnion($1) }
      // Another worker may have asked one of them until it was locked.
      let rows = try await db.charging.lock(try await db.charging.debts(of: all))
        .filter { [.retrying, .debt].contains($0.window.state) }
      var batch = ChargeBatch(
        rows, on: try await self.bookingDate(of: moment, in: db), at: moment)
      for row in rows { try batch.apply(.ask(.tap), to: row.id, actor: "tap") }
      try await batch.finish(in: db, denyList: self.denyList)
      // Asked windows wait for no answer yet: they are picked up as if it had been lost.
      try await db.charging.putOff(rows.map(\.id), until: moment)
      // A card whose account owes is let on when it has paid, whatever a check would say.
      let owing = try await db.charging.cardsInDebt(all)
      let free = media.filter { (accounts[$0] ?? [$0]).isDisjoint(with: owing) }
      var cards = try await db.charging.lockCards(free)
      for index in cards.indices { _ = cards[index].standing.apply(.tapped, at: moment) }
      try await db.charging.save(cards)
      try await db.charging.markTapped(taps)
      return taps.count
    }
  }
}
