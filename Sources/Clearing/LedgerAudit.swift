import Basics
package import Ledger
package import Store
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
  /// Rider-days left out because they wait for a rating.
  package var staleDays = 0
  /// Batches of the journal that are not sorted yet.
  package var unsortedBatches = 0
  /// Sums of all accounts.
  package var balance = TrialBalance()
  /// What is wrong, each in a sentence.
  package var findings: [String] = []
  /// How many more there are than are told.
  package var findingsLeftOut = 0

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

/// Proves the books: every entry, every run against its rides, every fare against its taps.
package struct LedgerAuditor: Sendable {
  private let store: Store
  private let city: City

  /// Makes an auditor; it only reads.
  package init(store: Store, city: City) {
    self.store = store
    self.city = city
  }

  /// Proves everything; `progress` hears the share that is done, from 0 to 1.
  package func run(progress: @Sendable (Double) -> Void = { _ in }) async throws -> LedgerAudit {
    var audit = LedgerAudit()
    try await proveEntries(&audit)
    try await compareRuns(&audit)
    for lane in 0..<Lane.count {
      try await rateAnew(lane: lane, &audit)
      progress(Double(lane + 1) / Double(Lane.count))
    }
    let unsorted = try await store.read { db in try await db.audit.unsorted() }
    audit.unsortedBatches = unsorted.waiting
    if unsorted.setAside > 0 {
      audit.find("\(unsorted.setAside) batches of the journal cannot be read; see `kvytok doctor`")
    }
    return audit
  }

  private func proveEntries(_ audit: inout LedgerAudit) async throws {
    var proof = LedgerProof()
    while true {
      let last = proof.head.number
      let page = try await store.read { db in try await db.books.entries(after: last) }
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
    let summed = try await store.read { db in try await db.books.trialBalance(through: nil) }
    if let key = summed.firstDifference(from: proof.balance) {
      audit.find(
        "account \(key.account) \(key.operatorID.map { "of \($0) " } ?? "")is not the sum of its entries"
      )
    }
  }

  private func compareRuns(_ audit: inout LedgerAudit) async throws {
    let differing = try await store.read { db in
      try await db.books.runsThatDiffer(countMax: LedgerAudit.findingsMax)
    }
    for run in differing {
      audit.find(
        "clearing run \(run.runID): its rides come to \(run.rideMinor) \(run.currency) minor units, its entry to \(run.entryMinor)"
      )
    }
    let sums = try await store.read { db in
      try await db.rideSums.differences(countMax: LedgerAudit.findingsMax)
    }
    for sum in sums { audit.find("the kept sum of rides \(sum)") }
  }

  /// Rates all riders of a lane from their first tap on, and compares with what stands.
  private func rateAnew(lane: Int16, _ audit: inout LedgerAudit) async throws {
    guard let book = city.book else { return }
    var last: RiderID?
    while true {
      let after = last
      let page = try await store.read { db in
        let riders = try await db.audit.riders(lane: lane, after: after)
        return try await self.compare(riders, lane: lane, book: book, in: db)
      }
      guard let rider = page.lastRider else { return }
      last = rider
      audit.riders += page.riders
      audit.rides += page.rides
      audit.staleDays += page.staleDays
      for sentence in page.findings { audit.find(sentence) }
    }
  }

  private struct Page: Sendable {
    var lastRider: RiderID?
    var riders = 0
    var rides = 0
    var staleDays = 0
    var findings: [String] = []
  }

  private func compare(
    _ riders: [RiderID], lane: Int16, book: TariffBook, in db: StoreSession
  ) async throws -> Page {
    var page = Page(lastRider: riders.last, riders: riders.count)
    guard !riders.isEmpty else { return page }
    let days = try await db.audit.days(lane: lane, riders: riders)
    let taps = Dictionary(
      grouping: try await db.rating.taps(lane: lane, days: days.map(\.day)),
      by: { RiderDay(rider: $0.rider, fareDay: $0.fareDay) })
    let standing = Dictionary(
      grouping: try await db.rating.standingRides(lane: lane, days: days.map(\.day)),
      by: \.ride.day)
    let entitlements = Dictionary(
      grouping: try await db.rating.entitlements(of: Set(riders)), by: \.rider)
    var states: [RiderID: RiderState] = [:]
    // Once a day waits for its rating, the state of the days after it is not known either.
    var waiting: Set<RiderID> = []
    for (day, isStale) in days {
      if isStale { waiting.insert(day.rider) }
      guard !waiting.contains(day.rider) else {
        page.staleDays += 1
        continue
      }
      let rating = DayRating(
        network: city.network, book: book, day: day,
        taps: (taps[day] ?? []).sorted { $0.name < $1.name },
        entitlements: entitlements[day.rider] ?? [])
      let result = rating.rate(from: states[day.rider] ?? .empty)
      states[day.rider] = result.state
      let rides = try await rating.named(result, in: db)
      page.rides += rides.count
      let difference = RideDifference(standing: standing[day] ?? [], rated: rides)
      if !difference.isEmpty { page.findings.append(sentence(difference, day)) }
    }
    return page
  }

  private func sentence(_ difference: RideDifference, _ day: RiderDay) -> String {
    let stands = difference.reversed.map { "\($0.ride.chargedMinor.map(String.init) ?? "unknown")" }
    let holds = difference.added.map { "\($0.chargedMinor.map(String.init) ?? "unknown")" }
    return
      "rider \(day.rider) on \(day.fareDay): booked [\(stands.joined(separator: ", "))], from the taps [\(holds.joined(separator: ", "))]"
  }
}
