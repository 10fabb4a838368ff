import Basics
package import Ledger
package import Store
package import Tapping
import Tariff

/// What a proof of the books found; nothing wrong when there are no findings.
package struct LedgerAudit: Sendable {
  /// Most findings that are told one by one.
  package static let findingsMax = 100

  /// Entries proven.
  package var entries: Int64 = 0
  /// Riders whose fares were worked out anew from their taps.
  package var riders = 0
  /// Rides that were compared.
  package var rides = 0
  /// Taps that were rated at the stop that a person corrected.
  package var correctedStops = 0
  /// Rider-days left out because they wait for a rating.
  package var staleDays = 0
  /// Batches of the journal that are not sorted yet.
  package var unsortedBatches = 0
  /// Entries that have their place in the chain.
  package var seals: Int64 = 0
  /// Stamps of rows of money that were not checked, for the key of the service is not here.
  package var stampsUnchecked: Int64 = 0
  /// Closed periods proven.
  package var periods = 0
  /// Batches of the journal whose proof and taps were compared.
  package var batches = 0
  /// Those of them that no Ed25519 signature covers: neither their own nor a checkpoint of their
  /// session.
  package var batchesWithoutSignature = 0
  /// Taps of the journal that were compared.
  package var taps = 0
  /// Sums of all accounts.
  package var balance = TrialBalance()
  /// What was found about rows of money and accepted by two people, each in a sentence.
  package var accepted: [String] = []
  /// What is wrong, each in a sentence.
  package var findings: [String] = []
  /// How many more there are than are told.
  package var findingsLeftOut = 0
  /// Networks by which days were rated and that are not there.
  var lostFeeds: Set<Int64> = []

  /// Whether everything agrees.
  package var isSound: Bool { findings.isEmpty }

  mutating func find(_ sentence: String) {
    if findings.count < Self.findingsMax {
      findings.append(sentence)
    } else {
      findingsLeftOut += 1
    }
  }
}

/// How deep a proof of the books goes.
package enum AuditDepth: Int, Sendable, Comparable {
  /// Entries, balances, runs, kept sums, the chain and the closed periods.
  case books
  /// And every fare, rated anew from the sorted taps.
  case taps
  /// And every tap, from the signed batches of the journal.
  case journal

  package static func < (left: AuditDepth, right: AuditDepth) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// Makes the reports that are kept of a period, for a comparison with those that were kept.
package typealias PeriodReporting =
  @Sendable (PeriodRow, StoreSession) async throws -> [PeriodReportRow]

/// Proves the books: every entry, every run against its rides, every fare against its taps.
package struct LedgerAuditor: Sendable {
  let store: Store
  let city: City
  let tokenKey: TokenKey?
  let reporting: PeriodReporting?

  /// Makes an auditor; it only reads.
  ///
  /// Without the key of tokens the journal cannot be proven, without `reporting` the kept reports of
  /// closed periods are only compared with their digests.
  package init(
    store: Store, city: City, tokenKey: TokenKey? = nil, reporting: PeriodReporting? = nil
  ) {
    self.store = store
    self.city = city
    self.tokenKey = tokenKey
    self.reporting = reporting
  }

  /// Reads for as long as a proof needs, which goes through all that was ever booked.
  func read<Found: Sendable>(
    _ body: @Sendable (StoreSession) async throws -> Found
  ) async throws -> Found {
    try await store.read(patience: .long, body)
  }

  /// Proves everything down to a depth; `progress` hears the share that is done, from 0 to 1.
  package func run(
    _ depth: AuditDepth = .taps, progress: @Sendable (Double) -> Void = { _ in }
  ) async throws -> LedgerAudit {
    var audit = LedgerAudit()
    do {
      try await prove(depth, &audit, progress: progress)
    } catch let fault as StoreFault where fault.kind == .damaged {
      // A row that cannot be read is a finding, and words that nobody knows were told by row before.
      audit.find("the proof ends here: \(fault)")
    }
    return audit
  }

  private func prove(
    _ depth: AuditDepth, _ audit: inout LedgerAudit, progress: @Sendable (Double) -> Void
  ) async throws {
    try await proveWords(depth, &audit)
    try await proveBooks(&audit)
    if depth >= .journal { try await proveJournal(&audit) }
    if depth >= .taps {
      try await proveCorrections(&audit)
      let cities = PastCities(heldMax: .max)
      let lanes = try await read { db in try await db.bookProofs.riderLanes() }
      for (index, lane) in lanes.enumerated() {
        try await rateAnew(lane: lane, cities, &audit)
        progress(Double(index + 1) / Double(lanes.count))
      }
    }
    let unsorted = try await read { db in try await db.audit.unsorted() }
    audit.unsortedBatches = unsorted.waiting
    if unsorted.setAside > 0 {
      audit.find("\(unsorted.setAside) batches of the journal cannot be read; see `kvytok doctor`")
    }
  }

  /// Finds corrected stops that belong to no tap; that nobody altered them shows their row seals.
  private func proveCorrections(_ audit: inout LedgerAudit) async throws {
    let (standing, findings) = try await read { db in
      (
        try await db.stopCorrections.standing(),
        try await db.stopCorrections.withoutTap(countMax: LedgerAudit.findingsMax)
      )
    }
    audit.correctedStops = standing
    for finding in findings { audit.find(finding) }
  }

  /// Finds words that no reader knows, before one of them stops.
  private func proveWords(_ depth: AuditDepth, _ audit: inout LedgerAudit) async throws {
    for stored in StoredWords.all where depth >= .taps || !stored.isOfTaps {
      for finding in try await read({ db in
        try await db.bookProofs.unknownWords(in: stored)
      }) {
        audit.find(finding)
      }
    }
  }

  /// Proves what can be proven without a tap.
  func proveBooks(_ audit: inout LedgerAudit) async throws {
    try await proveEntries(&audit)
    try await proveSeals(&audit)
    try await compareRuns(&audit)
    try await proveRows(&audit)
    for finding in try await read({ db in
      try await db.wallets.findings(countMax: LedgerAudit.findingsMax)
        + db.wallets.daysThatDiffer(countMax: LedgerAudit.findingsMax)
        + db.bookProofs.chargesThatDiffer(countMax: LedgerAudit.findingsMax)
        + db.bookProofs.chargeSumsThatDiffer(countMax: LedgerAudit.findingsMax)
        + db.bookProofs.partsOfNothing(countMax: LedgerAudit.findingsMax)
        + db.bookProofs.accountsThatDiffer()
        + db.bookProofs.postingSumsThatDiffer(countMax: LedgerAudit.findingsMax)
        + db.bookProofs.rideDaySumsThatDiffer(countMax: LedgerAudit.findingsMax)
    }) {
      audit.find(finding)
    }
    audit.accepted = try await read { db in
      try await db.acceptedFindings.list()
    }
    .filter { $0.state == .approved }.map(\.sentence)
    try await provePeriods(&audit)
  }

  private func proveEntries(_ audit: inout LedgerAudit) async throws {
    var proof = LedgerProof()
    while true {
      let last = proof.head.number
      let page = try await read { db in
        try await db.books.entries(after: last)
      }
      guard !page.isEmpty else { break }
      for entry in page {
        do {
          try proof.check(entry)
        } catch {
          audit.find("\(error)")
          return
        }
      }
      audit.entries += Int64(page.count)
    }
    audit.balance = proof.balance
    for (currency, sums) in try proof.balance.totals() where sums.differenceMinor != 0 {
      audit.find(
        "the accounts in \(currency) differ: \(sums.debitMinor) debit, \(sums.creditMinor) credit")
    }
  }

  private func compareRuns(_ audit: inout LedgerAudit) async throws {
    let (runs, counts, sums) = try await read { db in
      (
        try await db.books.runsThatDiffer(countMax: LedgerAudit.findingsMax),
        try await db.bookProofs.runsThatDiffer(countMax: LedgerAudit.findingsMax),
        try await db.bookProofs.rideSumsThatDiffer(countMax: LedgerAudit.findingsMax)
      )
    }
    for what in runs + counts + sums { audit.find(what) }
  }

  /// Rates all riders of a lane from their first tap on, and compares with what stands.
  private func rateAnew(
    lane: Int16, _ cities: PastCities, _ audit: inout LedgerAudit
  ) async throws {
    guard let book = city.book else { return }
    // Networks changed with the time, tariffs did not: by all of them the same versions hold.
    let sharing = SharingRules(book)
    var last: RiderID?
    while true {
      let after = last
      let page = try await read { db in
        let riders = try await db.audit.riders(lane: lane, after: after)
        return try await self.compare(
          riders, lane: lane, book: book, sharing, cities, in: db)
      }
      guard let rider = page.lastRider else { return }
      last = rider
      audit.riders += page.riders
      audit.rides += page.rides
      audit.staleDays += page.staleDays
      for feed in page.lostFeeds.subtracting(audit.lostFeeds).sorted() {
        audit.lostFeeds.insert(feed)
        audit.find("fare days were rated by network \(feed), which is not there or cannot be read")
      }
      for sentence in page.findings { audit.find(sentence) }
    }
  }

  private struct Page: Sendable {
    var lastRider: RiderID?
    var riders = 0
    var rides = 0
    var staleDays = 0
    var lostFeeds: Set<Int64> = []
    var findings: [String] = []
  }

  private func compare(
    _ riders: [RiderID], lane: Int16, book: TariffBook, _ sharing: SharingRules,
    _ cities: PastCities, in db: StoreSession
  ) async throws -> Page {
    var page = Page(lastRider: riders.last, riders: riders.count)
    guard !riders.isEmpty else { return page }
    let audited = try await db.bookProofs.days(lane: lane, riders: riders)
    let days = audited.map { (day: $0.day, isStale: $0.isStale) }
    let taps = try await db.rating.taps(
      lane: lane, days: days.map(\.day), withPlacedStops: book.asksForStops)
    let standing = Dictionary(
      grouping: try await db.rating.standingRides(lane: lane, days: days.map(\.day)),
      by: \.ride.day)
    let entitlements = Dictionary(
      grouping: try await db.rating.entitlements(of: Set(riders)), by: \.rider)
    let products = try await db.products.grants(of: Set(riders))
    let owners = try await db.wallets.owners(among: Set(riders))
    let erased = try await db.riderMoves.erased(among: Set(riders))
    var states: [RiderID: RiderState] = [:]
    // Once a day waits for its rating, the state of the days after it is not known either.
    var waiting: Set<RiderID> = []
    for (index, kept) in audited.enumerated() {
      let day = kept.day
      if kept.isStale { waiting.insert(day.rider) }
      guard !waiting.contains(day.rider) else {
        page.staleDays += 1
        continue
      }
      let then = try await cityOfThen(kept, cities, &page, in: db)
      let rating = DayRating(
        network: then.network, book: then.book ?? book, day: day,
        taps: taps[index],
        entitlements: entitlements[day.rider] ?? [], products: products[day.rider] ?? [])
      let result = rating.rate(from: states[day.rider] ?? .empty)
      states[day.rider] = result.state
      let rides = try rating.named(
        result,
        carried: try await db.rating.boardingTaps(lane: lane, of: rating.carried(result)))
      page.rides += rides.count
      let difference = RideDifference(
        standing: standing[day] ?? [], rated: rides, sharedBy: sharing)
      if !difference.isEmpty { page.findings.append(sentence(difference, day)) }
      let owes =
        !erased.contains(day.rider) && !RidePayments.owing(rides, owners: owners).isEmpty
      if let fault = fault(of: kept, rated: result, owes: owes) { page.findings.append(fault) }
    }
    return page
  }

  /// The city by which a day was rated; the present one where that network is lost, which is told.
  private func cityOfThen(
    _ day: AuditedDay, _ cities: PastCities, _ page: inout Page, in db: StoreSession
  ) async throws -> City {
    if let feedID = day.feedID, page.lostFeeds.contains(feedID) { return city }
    if let then = try await cities.city(ratedBy: day.feedID, beside: city, in: db) { return then }
    if let feedID = day.feedID { page.lostFeeds.insert(feedID) }
    return city
  }

  /// What was kept of a day and is not what its rating leaves.
  private func fault(of kept: AuditedDay, rated: DayRating.Result, owes: Bool) -> String? {
    var what: [String] = []
    if kept.stateAfter != rated.state.bytes { what.append("state_after") }
    if kept.tariffVersion ?? "" != rated.tariffVersion { what.append("tariff_version") }
    if kept.hasOpenRide != rated.state.hasOpenRide { what.append("open_ride") }
    if kept.owes != owes { what.append("owes") }
    guard !what.isEmpty else { return nil }
    return
      "rider \(kept.day.rider) on \(kept.day.fareDay): \(what.joined(separator: ", ")) is not what the rating leaves"
  }

  private func sentence(_ difference: RideDifference, _ day: RiderDay) -> String {
    let stands = difference.reversed.map { "\($0.ride.chargedMinor.map(String.init) ?? "unknown")" }
    let holds = difference.added.map { "\($0.chargedMinor.map(String.init) ?? "unknown")" }
    return
      "rider \(day.rider) on \(day.fareDay): booked [\(stands.joined(separator: ", "))], from the taps [\(holds.joined(separator: ", "))]"
  }
}
