package import Basics
package import Store
package import Tapping
import Tariff
package import Transit
package import Wallet

/// What a rider is and holds, for those who may look.
package struct RiderProfile: Sendable {
  package let rider: RiderRow
  package let media: [MediumRow]
  package let proofs: [ProofRow]
  package let accounts: [(account: WalletAccountRow, debtMinor: Int64)]
  package let products: [HoldingRow]
  package let events: [RiderEventRow]
}

/// Where staff look after riders: media, proofs, merging and erasing.
///
/// Every method is one transaction; it throws ``RiderRefusal`` when nothing was done, and writes
/// down who did what, when and why when something was.
package struct RiderDesk: Sendable {
  /// Most media of one pass over those whose last day has passed.
  package static let expiredPerPassMax = 1000

  let store: Store
  let city: CityHolder
  let tokenKey: TokenKey

  /// Opens the desk.
  package init(store: Store, city: CityHolder, tokenKey: TokenKey) {
    self.store = store
    self.city = city
    self.tokenKey = tokenKey
  }

  /// The rider of a number after all merges, when there still is somebody.
  ///
  /// For who only looks, or holds lanes or riders already: see ``held(_:in:)``.
  static func present(_ rider: RiderID, in db: StoreSession) async throws -> RiderID {
    try somebody(try await db.media.present(rider))
  }

  /// The rider of a number after all merges, who stays it until the transaction ends.
  ///
  /// Whoever brings a rider money, a product or a proof holds them before anything else: rows that came
  /// while the rider became another's would be out of every desk's reach.
  static func held(_ rider: RiderID, in db: StoreSession) async throws -> RiderID {
    try somebody(try await db.media.held(rider))
  }

  private static func somebody(_ row: RiderRow?) throws(RiderRefusal) -> RiderID {
    guard let row else { throw .unknownRider }
    guard row.erasedAt == nil else { throw .erased }
    return row.rider
  }

  /// Everything that is kept of a rider, with products counted by the rides as they stand; nil when
  /// there is none.
  package func profile(of rider: RiderID, at now: Instant) async throws -> RiderProfile? {
    let clock = city.current
    return try await store.read { db in
      guard let row = try await db.media.present(rider) else { return nil }
      var accounts: [(account: WalletAccountRow, debtMinor: Int64)] = []
      for account in try await db.wallets.list(of: row.rider) {
        accounts.append((account, try await db.wallets.debt(of: account.accountID)))
      }
      return RiderProfile(
        rider: row, media: try await db.media.media(of: row.rider),
        proofs: try await db.proofs.list(of: row.rider), accounts: accounts,
        products: try await ProductCount.held(by: row.rider, at: now, clock: clock, in: db),
        events: try await db.media.events(of: row.rider))
    }
  }

  // MARK: - Media

  /// Registers a card before its first tap: a new rider, or a further medium of one.
  ///
  /// A medium that is known already is no fault when it is this rider's.
  package func register(
    _ kind: MediumKind, token: [UInt8], to rider: RiderID?, validTo: Day?, by act: RiderAct
  ) async throws -> RiderID {
    let medium = tokenKey.mediumID(kind: kind, token: token)
    return try await store.write { db in
      // No sorter founds a rider for the same medium meanwhile.
      try await db.holdLanes(.sorting, 0..<Lane.count)
      let owner: RiderID
      if let rider {
        owner = try await Self.present(rider, in: db)
      } else if let known = try await db.media.find(medium) {
        try await name(known, by: try await fingerprint(kind, token, in: db), in: db, at: act.at)
        return known.rider
      } else {
        owner = RiderID(high: medium.high, low: medium.low)
        _ = try await db.media.found(owner, at: act.at)
      }
      let print = try await fingerprint(kind, token, in: db)
      if let known = try await db.media.find(medium) {
        guard known.rider == owner else { throw RiderRefusal.mediumOfAnother }
        try await name(known, by: print, in: db, at: act.at)
        return owner
      }
      guard
        try await db.media.add(
          medium, kind: kind, to: owner, fingerprint: print, validTo: validTo, at: act.at)
      else { throw RiderRefusal.mediumOfAnother }
      try await Self.refreshDenials(of: owner, in: db, at: act.at)
      try await note("register", "\(kind.rawValue) \(medium)", of: owner, act, in: db)
      return owner
    }
  }

  /// Lets another medium take the place of one: products, balance and state stay the rider's, late
  /// taps of the old one too, and validators are told not to let it on.
  package func replace(
    _ old: MediumID, by kind: MediumKind, token: [UInt8], _ act: RiderAct
  ) async throws -> RiderID {
    let new = tokenKey.mediumID(kind: kind, token: token)
    return try await store.write { db in
      try await db.holdLanes(.sorting, 0..<Lane.count)
      guard let before = try await db.media.find(old) else { throw RiderRefusal.unknownMedium }
      guard before.state != .replaced, new != old else { throw RiderRefusal.alreadyReplaced }
      if let known = try await db.media.find(new) {
        guard known.rider == before.rider else { throw RiderRefusal.mediumOfAnother }
        guard known.state == .active else { throw RiderRefusal.notActive(known.state.rawValue) }
      } else {
        guard
          try await db.media.add(
            new, kind: kind, to: before.rider,
            fingerprint: try await fingerprint(kind, token, in: db), validTo: nil, at: act.at)
        else { throw RiderRefusal.mediumOfAnother }
      }
      try await db.media.set(old, to: .replaced, replacedBy: new)
      try await MediumDenial.set(true, .replaced, on: [old], in: db, at: act.at)
      try await Self.refreshDenials(of: before.rider, in: db, at: act.at)
      try await note("replace", "\(old) by \(new)", of: before.rider, act, in: db)
      return before.rider
    }
  }

  /// Blocks a medium, or all of a rider, or lets it be used again; how many changed.
  package func setBlocked(
    _ isBlocked: Bool, rider: RiderID, medium: MediumID?, by act: RiderAct
  ) async throws -> Int {
    try await store.write { db in
      let rider = try await Self.held(rider, in: db)
      let all = try await db.media.media(of: rider)
      if let medium, !all.contains(where: { $0.medium == medium }) {
        throw RiderRefusal.unknownMedium
      }
      let meant = all.filter { medium == nil || $0.medium == medium }
      if medium != nil, meant.contains(where: { $0.state == .replaced }) {
        throw RiderRefusal.alreadyReplaced
      }
      let changed = meant.filter { $0.state == (isBlocked ? .active : .blocked) }.map(\.medium)
      for medium in changed { try await db.media.set(medium, to: isBlocked ? .blocked : .active) }
      try await MediumDenial.set(isBlocked, .blocked, on: changed, in: db, at: act.at)
      guard !changed.isEmpty else { return 0 }
      try await Self.refreshDenials(of: rider, in: db, at: act.at)
      try await note(
        isBlocked ? "block" : "unblock",
        changed.map(\.description).joined(separator: " "), of: rider, act, in: db)
      return changed.count
    }
  }

  /// Gives a medium that came before validators had names for media its name, and tells them why it
  /// is not let on.
  private func name(
    _ medium: MediumRow, by print: [UInt8]?, in db: StoreSession, at now: Instant
  ) async throws {
    guard let print, try await db.media.isWithoutFingerprint(medium.medium) else { return }
    try await db.denyList.fillFingerprints([medium.medium: print])
    for reason in medium.denials {
      try await MediumDenial.set(true, reason, on: [medium.medium], in: db, at: now)
    }
  }

  /// By what validators know a medium; nil in a city that has no deny list yet.
  private func fingerprint(
    _ kind: MediumKind, _ token: [UInt8], in db: StoreSession
  ) async throws -> [UInt8]? {
    try await db.denyList.salt().map {
      TokenFingerprint.of(kind: kind, token: token, salt: $0)
    }
  }

  /// Denies what an overdrawn account pays for, and nothing else for that reason.
  static func refreshDenials(of rider: RiderID, in db: StoreSession, at now: Instant) async throws {
    let isDenied = try await db.wallets.list(of: rider).contains { $0.deniedSince != nil }
    let paid = try await db.media.ofStoredValue(of: [rider])
    let media = try await db.media.media(of: rider).map(\.medium)
    try await MediumDenial.set(
      false, .storedValue, on: media.filter { !isDenied || !paid.contains($0) }, in: db, at: now)
    if isDenied { try await MediumDenial.set(true, .storedValue, on: paid, in: db, at: now) }
  }

  /// Denies media whose last day has passed, and lets on again those whose day has not; how many are denied.
  package func denyExpired(at now: Instant) async throws -> Int {
    let today = city.current.clock.zone.local(now).day
    return try await store.write { db in
      let early = try await db.media.expiredTooEarly(on: today, countMax: Self.expiredPerPassMax)
      try await MediumDenial.set(false, .expired, on: early, in: db, at: now)
      let media = try await db.media.expired(before: today, countMax: Self.expiredPerPassMax)
      try await MediumDenial.set(true, .expired, on: media, in: db, at: now)
      return media.count
    }
  }

  // MARK: - Proofs

  /// Records a proof of a category; how many days are rated anew for it.
  ///
  /// `number` of the paper is kept as a keyed digest only. A person's proof goes through a gate, for it may
  /// change what was ridden before.
  package func addProof(
    _ days: ProvenDays, kind: String?, number: String?, note text: String?, of rider: RiderID,
    isReplacing: Bool, through gate: PastGate? = nil, by act: RiderAct
  ) async throws -> Int {
    if let book = city.current.book {
      let known = Set(book.versions.flatMap(\.categories))
      guard known.contains(days.category) else {
        throw RiderRefusal.proof(.unknownCategory(known: known.sorted()))
      }
    }
    let digest = number.map { paperDigest(kind: kind ?? "", number: $0) }
    return try await store.write { db in
      let rider = try await Self.held(rider, in: db)
      // A day that is being rated for the first time has no row yet that could be marked.
      try await db.holdLanes(.rating, [Lane.of(rider)])
      if let digest, try await db.proofs.isOfAnother(digest, than: rider) {
        throw RiderRefusal.proof(.paperOfAnother)
      }
      let standing = try await db.proofs.list(of: rider).map(\.days)
      let endings: [(proof: ProvenDays, lastDay: Day?)]
      do throws(ProofRefusal) {
        endings = try ProofCheck.endings(for: days, among: standing, isReplacing: isReplacing)
      } catch {
        throw RiderRefusal.proof(error)
      }
      return try await weighed(rider, from: days.first, through: gate, at: act.at, in: db) {
        for ending in endings {
          guard let last = ending.lastDay else {
            try await withdraw(ending.proof, of: rider, by: act, in: db)
            continue
          }
          try await db.proofs.end(ending.proof, of: rider, on: last)
        }
        let same = standing.first { $0.category == days.category && $0.first == days.first }
        try await db.proofs.save(
          ProofRow(rider: rider, days: days, kind: kind, note: text, recordedAt: act.at),
          digest: digest)
        let last = days.last.map { " to \($0)" } ?? ""
        try await note(
          "proof", "\(days.category) from \(days.first)\(last)", of: rider, act, in: db)
        // What a shortened or lengthened proof covered before, or covers now, is rated anew.
        let isCut = isReplacing || same.map { $0.last != days.last } ?? false
        return try await db.rating.markStale(
          rider: rider, from: days.first, to: isCut ? nil : days.last,
          reason: "category \(days.category) was proven", at: act.at)
      }
    }
  }

  /// Changes what the days of a rider from one on are rated by; how many are rated anew for it.
  private func weighed(
    _ rider: RiderID, from first: Day, through gate: PastGate?, at now: Instant,
    in db: StoreSession, _ change: () async throws -> Int
  ) async throws -> Int {
    guard let gate else { return try await change() }
    // Taps may be a little ahead of our clock.
    let last = city.current.fareDay(of: now).adding(days: Sorter.partitionedDaysAhead)
    var stale = 0
    try await gate.weigh([rider: first...max(first, last)], in: db) { stale = try await change() }
    return stale
  }

  /// Whether a rider has fare days, from one on where it is given; those that were never rated count.
  package func hasDays(of rider: RiderID, from first: Day? = nil) async throws -> Bool {
    try await store.read { db in
      guard let rider = try await db.media.present(rider)?.rider else { return false }
      let days = try await db.audit.ratedDays(
        lane: Lane.of(rider), riders: [rider], from: first ?? Day(number: 0), countMax: 1)
      return !days.isEmpty
    }
  }

  /// Takes back a proof that should never have been recorded; how many days are rated anew for it.
  ///
  /// Its paper may prove the category of another rider from then on. What was done is kept.
  package func withdrawProof(
    of category: String, from first: Day, rider: RiderID, through gate: PastGate? = nil,
    by act: RiderAct
  ) async throws -> Int {
    try await store.write { db in
      let rider = try await Self.held(rider, in: db)
      try await db.holdLanes(.rating, [Lane.of(rider)])
      let standing = try await db.proofs.list(of: rider).map(\.days)
      guard let proof = standing.first(where: { $0.category == category && $0.first == first })
      else { throw RiderRefusal.proof(.unknown(category: category, first: first)) }
      return try await weighed(rider, from: first, through: gate, at: act.at, in: db) {
        try await withdraw(proof, of: rider, by: act, in: db)
        return try await db.rating.markStale(
          rider: rider, from: proof.first, to: proof.last,
          reason: "the proof of \(category) was withdrawn", at: act.at)
      }
    }
  }

  private func withdraw(
    _ proof: ProvenDays, of rider: RiderID, by act: RiderAct, in db: StoreSession
  ) async throws {
    try await db.proofs.remove(proof, of: rider)
    let last = proof.last.map { " to \($0)" } ?? ""
    try await note(
      "proof_withdrawn", "\(proof.category) from \(proof.first)\(last)", of: rider, act, in: db)
  }

  /// Proofs that end within some days from today and are not followed by another.
  package func expiringProofs(within days: Int, at now: Instant) async throws -> [ProofRow] {
    let today = city.current.fareDay(of: now)
    return try await store.read { db in
      try await db.proofs.expiring(within: today...today.adding(days: days))
    }
  }

  // MARK: - Digests

  /// Longer than any token, so that no token has the digest of a reference or a paper.
  private static let domainBytes = 65

  /// The keyed digest of a payment account reference: 29 capital letters and digits (EMV PAR).
  package func accountDigest(_ reference: String) throws(RiderRefusal) -> [UInt8] {
    let bytes = Array(reference.utf8)
    guard bytes.count == 29,
      bytes.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) })
    else { throw .notAReference }
    let message = [UInt8](repeating: 0, count: Self.domainBytes) + bytes
    return tokenKey.mediumID(kind: .bank, token: message).bytes
  }

  /// The keyed digest of the number of a paper of a kind.
  package func paperDigest(kind: String, number: String) -> [UInt8] {
    let plain = number.uppercased().filter { $0.isLetter || $0.isNumber }
    let message =
      [UInt8](repeating: 1, count: Self.domainBytes) + Array(kind.utf8) + [0] + Array(plain.utf8)
    return tokenKey.mediumID(kind: .card, token: message).bytes
  }

  /// Writes down what was done.
  func note(
    _ kind: String, _ detail: String, of rider: RiderID, _ act: RiderAct, in db: StoreSession
  ) async throws {
    try await db.media.add(
      RiderEventRow(
        at: act.at, actor: act.actor, kind: kind, reason: act.reason, detail: detail),
      of: rider)
  }
}
