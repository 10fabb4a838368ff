package import Basics
import Ledger
import Store
import Transit
import Wallet

/// Two riders who are one: everything of the one becomes the other's.
extension RiderDesk {
  /// Merges a rider into another; the number of taps that moved.
  ///
  /// In one transaction the taps change their rider, the rides of the old one are reversed and what
  /// they cost comes back, and the days wait for a rating under the new one: once they are rated the
  /// books differ by nothing but what the fares of one rider differ from those of two. A merge is
  /// not undone: which taps were whose is then no longer known to anybody but the media. A person's merge
  /// goes through a gate: with the other rider come proofs and passes, which hold on days of before.
  package func merge(
    _ rider: RiderID, into other: RiderID, through gate: PastGate? = nil, by act: RiderAct
  ) async throws -> Int {
    try await store.write { db in
      try await db.media.beginMoving()
      let kept = try await db.media.present(other)
      try await holdAll(of: Set([rider] + (kept.map { [$0.rider] } ?? [])), in: db)
      return try await weighed([rider], into: kept?.rider, through: gate, in: db) {
        try await merge(rider, into: other, by: act, in: db)
      }
    }
  }

  /// Merges riders into one whom they have been; the number of taps that moved.
  private func weighed(
    _ gone: [RiderID], into kept: RiderID?, through gate: PastGate?, in db: StoreSession,
    _ change: () async throws -> Int
  ) async throws -> Int {
    guard let gate, let kept else { return try await change() }
    var days: Set<Day> = []
    for rider in gone + [kept] { days.formUnion(try await db.riderMoves.days(of: rider)) }
    guard let first = days.min(), let last = days.max() else { return try await change() }
    let riders = Dictionary(
      (gone + [kept]).map { ($0, first...last) }, uniquingKeysWith: { one, _ in one })
    var taps = 0
    try await gate.weigh(riders, mergedInto: kept, in: db) { taps = try await change() }
    return taps
  }

  /// Writes down the payment account reference of a bank card or of a phone that is one.
  ///
  /// Media of one reference are one rider's: a rider who turns out to be another is merged into the
  /// one of the oldest medium. Who the rider is then.
  package func link(
    _ medium: MediumID, accountReference: String, through gate: PastGate? = nil, by act: RiderAct
  ) async throws -> RiderID {
    let digest = try accountDigest(accountReference)
    return try await store.write { db in
      try await db.media.beginMoving()
      guard let row = try await db.media.find(medium) else { throw RiderRefusal.unknownMedium }
      let others = try await db.media.riders(ofAccountReference: digest)
      try await holdAll(of: Set(others + [row.rider]), in: db)
      guard row.kind == .bank || row.kind == .phone else {
        throw RiderRefusal.notActive("a \(row.kind.rawValue), which has no payment account")
      }
      try await db.media.set(medium, accountReference: digest)
      let riders = try await db.media.riders(ofAccountReference: digest)
      let oldest = riders.first ?? row.rider
      try await note("link", "\(medium)", of: row.rider, act, in: db)
      let gone = Set(riders).subtracting([oldest]).sorted()
      if !gone.isEmpty {
        _ = try await weighed(gone, into: oldest, through: gate, in: db) {
          var taps = 0
          for other in gone { taps += try await merge(other, into: oldest, by: act, in: db) }
          return taps
        }
      }
      try await ChargeBatch.shareDebt(of: medium, in: db, at: act.at)
      return oldest
    }
  }

  /// Nobody sorts, rates, places, closes windows or shares, nor brings anything to these riders, while
  /// they move.
  ///
  /// First the riders, for a desk that holds one may wait for a lane; workers only try, and wait for none.
  private func holdAll(of riders: Set<RiderID>, in db: StoreSession) async throws {
    try await db.media.holdAlone(riders)
    for work in [ChargingTables.Work.windows, .shares] { try await db.charging.holdWork(work) }
    for purpose in [LanePurpose.sorting, .rating, .placing, .alighting] {
      try await db.holdLanes(purpose, 0..<Lane.count)
    }
    // What is on its way to riders arrives first: their days are then all in one table.
    try await db.parcels.unpack(lanes: 0..<Lane.count)
  }

  private func merge(
    _ rider: RiderID, into other: RiderID, by act: RiderAct, in db: StoreSession
  ) async throws -> Int {
    guard let gone = try await db.media.rider(rider) else { throw RiderRefusal.unknownRider }
    if let into = gone.mergedInto { throw RiderRefusal.alreadyMerged(into: into) }
    guard gone.erasedAt == nil else { throw RiderRefusal.erased }
    let kept = try await Self.present(other, in: db)
    guard kept != rider else { throw RiderRefusal.sameRider }
    try await checkProofs(rider, kept, in: db)
    let days = try await db.riderMoves.days(of: rider)
    let keptDays = try await db.riderMoves.days(of: kept)
    let date = try await db.bookingDate(of: act.at, in: city.current)
    try await reverseRides(of: rider, days: days, on: date, in: db, at: act.at)
    // With no ride left the accounts get back what rides took, and what is left is the rider's own.
    try await RidePayments.collect(
      rated: days.map { RiderDay(rider: rider, fareDay: $0) }, lane: Lane.of(rider),
      accountingDate: date, undoesWriteOffs: false, in: db, at: act.at)
    try await moveMoney(of: rider, to: kept, on: date, act, in: db)
    let taps = try await db.riderMoves.give(rider, to: kept, at: act.at)
    // Proofs and products that came with the other rider may hold on any day of this one. A day that
    // stays as it was is rated anew and books nothing.
    if let first = keptDays.min() {
      try await db.rating.markStale(
        rider: kept, from: first, to: nil, cause: .medium, reason: "riders were merged", at: act.at)
    }
    try await db.sorting.markStale(
      riderDays: Set(days.map { RiderDay(rider: kept, fareDay: $0) }),
      cause: .medium, reason: "riders were merged", at: act.at)
    // An account that came with the other rider pays for rides that were a debt so far.
    try await RidePayments.collect(
      rated: keptDays.map { RiderDay(rider: kept, fareDay: $0) }, lane: Lane.of(kept),
      accountingDate: date, in: db, at: act.at)
    try await Self.refreshDenials(of: kept, in: db, at: act.at)
    try await note("merge", "into \(kept), \(taps) taps", of: rider, act, in: db)
    try await note("merge", "\(rider) came in, \(taps) taps", of: kept, act, in: db)
    return taps
  }

  private func checkProofs(
    _ rider: RiderID, _ kept: RiderID, in db: StoreSession
  ) async throws {
    let standing = try await db.proofs.list(of: kept).map(\.days)
    for proof in try await db.proofs.list(of: rider) {
      do throws(ProofRefusal) {
        _ = try ProofCheck.endings(for: proof.days, among: standing, isReplacing: false)
      } catch {
        throw RiderRefusal.proof(error)
      }
    }
  }

  /// A run that reverses all rides of a rider, with its entries and the sums kept for reports.
  private func reverseRides(
    of rider: RiderID, days: [Day], on date: Day, in db: StoreSession, at now: Instant
  ) async throws {
    let lane = Lane.of(rider)
    let difference = RideDifference(
      standing: try await db.rating.standingRides(
        lane: lane, days: days.map { RiderDay(rider: rider, fareDay: $0) }), rated: [],
      sharedBy: SharingRules(nil))
    guard !difference.isEmpty else { return }
    var cause = RunCause(.medium)
    cause.riderDays = days.count
    cause.ridesReversed = difference.reversed.count
    let runID = try await db.books.addRun(
      ClearingRunRow(
        lane: lane, accountingDate: date, startedAt: now, riderDays: days.count, taps: 0,
        ridesAdded: 0, ridesReversed: difference.reversed.count, causes: [cause]))
    try await db.rating.reverse(difference.reversed, lane: lane, runID: runID)
    try await db.products.askRecount(after: difference.carriedDays { _ in true })
    let entries = try BookingDifference.entries(
      runID: runID, accountingDate: date, differences: difference.fareDifferences)
    try await db.books.add(entries, at: now)
    try await db.rideSums.add(difference.sums(accountingDate: date), lane: lane)
  }

  /// The accounts of a rider become the other's; where both have one, its money moves and it closes.
  private func moveMoney(
    of rider: RiderID, to kept: RiderID, on date: Day, _ act: RiderAct, in db: StoreSession
  ) async throws {
    let accounts = try await db.wallets.lock(of: [rider, kept])
    for account in accounts where account.rider == rider {
      guard
        let other = accounts.first(where: { $0.rider == kept && $0.currency == account.currency })
      else {
        try await db.wallets.give(account.accountID, to: kept, closedAt: nil)
        continue
      }
      try await db.wallets.give(account.accountID, to: kept, closedAt: act.at)
      guard account.balanceMinor != 0 else { continue }
      var from = account
      var to = other
      from.balanceMinor = 0
      from.deniedSince = nil
      to.balanceMinor += account.balanceMinor
      let moves = [
        (from, 0 - account.balanceMinor, other.accountID),
        (to, account.balanceMinor, account.accountID),
      ].map { row, minor, opposite in
        var movement = MovementRow(
          accountID: row.accountID, kind: .transfer, amountMinor: minor,
          balanceMinor: row.balanceMinor, at: act.at, accountingDate: date, actor: act.actor)
        movement.reference = "account \(opposite)"
        return movement
      }
      try await db.wallets.add(moves)
      try await db.wallets.save([from, to])
    }
    try await db.wallets.giveClosed(of: rider, to: kept)
  }
}

/// Taking away who a rider was.
extension RiderDesk {
  /// Puts nobody in the place of a rider; the number under which their rides and books go on.
  ///
  /// Media, payment account, papers and tokens are taken away, and the number of the rider, which
  /// came from their first card, becomes one that nothing here leads to but the signed batches. Rides, fares and books stay as
  /// they are and prove as before. A tap of the same card that comes later founds a new rider.
  ///
  /// Passes and carnets that are not used up are refused, unless it is said that they are `forfeited`:
  /// they are given back for nothing then, and so earned when the day ends.
  package func erase(
    _ rider: RiderID, forfeiting isForfeited: Bool = false, by act: RiderAct,
    randomBytes: @Sendable (Int) -> [UInt8]
  ) async throws -> RiderID {
    let chance = randomBytes(16)
    return try await store.write { db in
      try await db.media.beginMoving()
      let rider = try await Self.present(rider, in: db)
      try await holdAll(of: [rider], in: db)
      guard try await db.media.rider(rider) != nil else { throw RiderRefusal.unknownRider }
      try await checkIsEven(rider, in: db)
      try await forfeitProducts(of: rider, isForfeited, by: act, in: db)
      // In the rider's own lane, so that no state and no fare changes.
      let nobody = Self.nobody(lane: Lane.of(rider), from: chance)
      let days = try await db.riderMoves.days(of: rider)
      try await db.riderMoves.erase(rider, as: nobody, at: act.at)
      // Rides with a phone of which no account is known: nobody will be asked for them any more.
      try await ErasedFares.giveUp(
        days.map { RiderDay(rider: nobody, fareDay: $0) }, lane: Lane.of(nobody),
        accountingDate: try await db.bookingDate(of: act.at, in: city.current), in: db, at: act.at)
      // The words of the wish may name the person.
      try await note(
        "erase", "", of: nobody, RiderAct(actor: act.actor, reason: "erased", at: act.at), in: db)
      return nobody
    }
  }

  /// A number of a lane that leads to nobody, made of 16 bytes of chance.
  static func nobody(lane: Int16, from chance: [UInt8]) -> RiderID {
    guard let random = RiderID(bytes: chance) else {
      preconditionFailure("16 bytes are an identifier")
    }
    return RiderID(
      high: random.high, low: random.low - UInt64(Lane.of(random)) + UInt64(lane))
  }

  /// Whether nothing is owed to a rider, and nothing by the rider; a refusal else.
  private func checkIsEven(_ rider: RiderID, in db: StoreSession) async throws {
    let waiting = try await db.wallets.waitingDays(of: rider)
    guard waiting == 0 else { throw RiderRefusal.ridesWait(days: waiting) }
    for account in try await db.wallets.lock(of: [rider]) {
      let debt = try await db.wallets.debt(of: account.accountID)
      let left = account.balanceMinor - debt
      guard left == 0 else {
        throw RiderRefusal.moneyLeft(Money(minor: left, currency: account.currency))
      }
    }
    // Rides with a card on which nobody ever put money: the first top-up pays them.
    if let owed = try await db.wallets.owed(by: rider).first {
      throw RiderRefusal.moneyLeft(Money(minor: 0 - owed.minor, currency: owed.currency))
    }
    let open = try await db.riderMoves.openCharges(of: rider)
    guard open == 0 else { throw RiderRefusal.chargesOpen(windows: open) }
    let refunds = try await db.riderMoves.owedRefunds(of: rider)
    guard refunds == 0 else { throw RiderRefusal.refundsOwed(refunds: refunds) }
  }

  /// Gives passes and carnets that are not used up back for nothing, where that was said.
  private func forfeitProducts(
    of rider: RiderID, _ isForfeited: Bool, by act: RiderAct, in db: StoreSession
  ) async throws {
    let clock = city.current
    let today = clock.fareDay(of: act.at)
    let holdings = try await db.products.lock(of: [rider])
    let count = ProductCount(
      holdings, try await db.products.carried(by: holdings), clock: clock)
    var unused: [Int64] = []
    var left: [Currency: Int64] = [:]
    for (place, holding) in holdings.enumerated() where holding.returnedOn == nil {
      let minor = holding.terms.priceMinor - count.earnedMinor(place, through: today)
      guard minor > 0 else { continue }
      unused.append(holding.holdingID)
      left[holding.currency, default: 0] += minor
    }
    guard !unused.isEmpty else { return }
    guard isForfeited else {
      let sums = left.map { Money(minor: $0.value, currency: $0.key) }
      throw RiderRefusal.productsLeft(
        count: unused.count, sums.sorted { $0.currency.code < $1.currency.code })
    }
    try await db.products.markForfeited(unused, on: today)
  }
}
