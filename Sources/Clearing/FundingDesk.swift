package import Basics
package import Charging
import Ledger
package import Store

/// What became of a funding file.
package enum FundingOutcome: Sendable, Hashable {
  /// Taken: the lines by category.
  case taken(number: Int64, categories: [MatchCategory: Int])
  /// The very file was taken before: harmless.
  case known(number: Int64)
  /// Nothing of it was taken.
  case refused(String)
}

/// Takes the acquirer's funding files: matches each line, settles what it pays, books the money.
///
/// A file is taken whole in one transaction or not at all.
package struct FundingDesk: Sendable {
  private let store: Store
  private let city: CityHolder
  private let denyList: any DenyListing
  private let now: @Sendable () -> Instant

  /// Makes the use case.
  package init(
    store: Store, city: CityHolder, denyList: any DenyListing = ValidatorDenyList(),
    now: @escaping @Sendable () -> Instant
  ) {
    self.store = store
    self.city = city
    self.denyList = denyList
    self.now = now
  }

  /// Takes a file.
  package func take(_ bytes: [UInt8], name: String) async throws -> FundingOutcome {
    let digest = FileDigest.of(bytes)
    let moment = now()
    let file: FundingFile
    do throws(FundingFault) {
      file = try FundingFile.read(bytes)
    } catch {
      return try await refuse(name, digest, error.description)
    }
    if let known = try await store.read({ db in
      try await db.acquirerFiles.find(incoming: file.number)
    }) {
      guard known.digest != digest else { return .known(number: file.number) }
      return try await refuse(
        name, digest,
        "file number \(file.number) was taken before with other content, as \(known.name): ask "
          + "the acquirer which one holds")
    }
    let categories = try await store.write { db in
      try await take(file, name: name, digest: digest, in: db, at: moment)
    }
    return .taken(number: file.number, categories: categories)
  }

  private func refuse(
    _ name: String, _ digest: [UInt8], _ fault: String
  ) async throws -> FundingOutcome {
    let moment = now()
    try await store.write { db in
      try await db.acquirerFiles.refuse(name: name, digest: digest, fault: fault, at: moment)
    }
    return .refused(fault)
  }

  private func take(
    _ file: FundingFile, name: String, digest: [UInt8], in db: StoreSession, at moment: Instant
  ) async throws -> [MatchCategory: Int] {
    let day = try await db.bookingDay(of: moment, in: city.current)
    let number = try await db.acquirerFiles.add(
      isOutgoing: false, name: name, number: file.number, digest: digest,
      currency: file.currency, records: file.records.count,
      grossMinor: file.records.reduce(0) { $0 + $1.grossMinor },
      feeMinor: file.records.reduce(0) { $0 + $1.feeMinor }, at: moment)
    var windows: Set<Int64> = []
    var refundIDs: Set<Int64> = []
    for record in file.records {
      switch record.key.flatMap(ChargeKey.subject) {
      case .window(let id, _): windows.insert(id)
      case .refund(let id): refundIDs.insert(id)
      case .check, nil: continue
      }
    }
    // Windows before refunds before cards: the order in which everybody locks.
    windows.formUnion(try await db.charging.windows(ofRefunds: refundIDs.sorted()).values)
    let payments = try await db.acquirerFiles.payments(
      references: Set(file.records.map(\.reference)), windows: windows)
    let refunds = try await db.acquirerFiles.refunds(refundIDs)
    let disputes = try await db.acquirerFiles.disputesFunded(file.records.compactMap(\.dispute))
    var matcher = AcquirerMatcher(payments: payments, refunds: refunds)
    var taking = FundingTaking(
      batch: ChargeBatch(
        try await db.charging.lock(payments.map(\.windowID)), on: day.booked, at: moment),
      disputes: disputes)
    for record in file.records {
      try await taking.take(record, matcher.match(record), in: db)
    }
    let entries = try await taking.book(
      memo: "Funding file \(file.number) of \(file.date)", on: day, in: db, at: moment)
    try await db.charging.move(refunds: taking.settledRefunds, to: .settled, at: moment)
    try await db.acquirerFiles.add(taking.records, file: number, entryID: entries)
    try await taking.batch.finish(in: db, denyList: denyList)
    return taking.records.reduce(into: [:]) { $0[$1.match.category, default: 0] += 1 }
  }
}

/// The lines of one funding file on their way into the books.
private struct FundingTaking {
  var batch: ChargeBatch
  private(set) var records: [MatchedRecord] = []
  private(set) var settledRefunds: [Int64] = []
  /// What is debited less what is credited, by account, of each currency.
  private var sums: [Currency: [String: Int64]] = [:]
  /// The steps of disputes whose money came by a file before.
  private var disputes: Set<DisputeStep>

  init(batch: ChargeBatch, disputes: Set<DisputeStep>) {
    self.batch = batch
    self.disputes = disputes
  }

  mutating func take(
    _ record: FundingRecord, _ found: AcquirerMatch, in db: StoreSession
  ) async throws {
    var match = found
    switch record.kind {
    case .billing: break
    case .capture:
      if match.newsMinor != nil, let id = match.windowID, let row = batch.windows[id] {
        try batch.apply(
          .captured(attempt: row.window.attempt), to: id, actor: "acquirer",
          reference: record.reference, detail: "by its funding")
      }
      if match.settledMinor > 0, let id = match.windowID {
        try batch.apply(
          .settled(minor: match.settledMinor), to: id, actor: "acquirer",
          reference: record.reference)
      }
      add(record.currency, AccountCode.bank, record.grossMinor)
      add(record.currency, AccountCode.acquirer, -match.settledMinor)
      add(record.currency, AccountCode.unmatchedReceipts, -match.unmatchedMinor)
    case .refund:
      if let minor = match.newsMinor, let id = match.windowID, let refund = match.refundID {
        try await db.charging.move(
          refunds: [refund], to: .paid, reference: record.reference, at: batch.now)
        try batch.book(
          .refundPaid, minor, window: id, kind: "refund_paid", actor: "acquirer",
          reference: record.key, detail: "by its funding")
      }
      if match.settledMinor > 0, let id = match.refundID { settledRefunds.append(id) }
      add(record.currency, AccountCode.bank, -record.grossMinor)
      add(record.currency, AccountCode.acquirer, match.settledMinor)
      add(record.currency, AccountCode.unmatchedReceipts, match.unmatchedMinor)
    case .decline(let code):
      try decline(record, code: code, &match)
    case .chargeback(let caseID, let stage):
      try await dispute(record, caseID: caseID, stage: stage, &match, in: db)
    }
    add(record.currency, AccountCode.fees, record.feeMinor)
    add(record.currency, AccountCode.bank, -record.feeMinor)
    records.append(MatchedRecord(record: record, match: match))
  }

  private mutating func add(_ currency: Currency, _ account: String, _ minor: Int64) {
    sums[currency, default: [:]][account, default: 0] += minor
  }

  /// A capture that the acquirer does not pay: no money moves, the rider owes it again.
  private mutating func decline(
    _ record: FundingRecord, code: String, _ match: inout AcquirerMatch
  ) throws {
    match.unmatchedMinor = 0
    guard match.category == .matched, let id = match.windowID, let row = batch.windows[id] else {
      return
    }
    match.category = .declined
    do {
      try batch.apply(
        .declined(
          attempt: row.window.attempt, code: code.isEmpty ? "not honoured" : code, isFinal: false),
        to: id, actor: "acquirer", reference: record.reference)
    } catch let refusal as ChargeRefusal {
      match.note = "\(refusal)"
    }
  }

  /// Money that a rider's bank took or gave back; what the acquirer keeps or pays for it.
  private mutating func dispute(
    _ record: FundingRecord, caseID: String, stage: ChargebackStage,
    _ match: inout AcquirerMatch, in db: StoreSession
  ) async throws {
    // The bank's money moves with the opening and with winning; losing moves none.
    let cash: Int64 =
      switch stage {
      case .opened: -record.grossMinor
      case .won: record.grossMinor
      case .lost: 0
      }
    add(record.currency, AccountCode.bank, cash)
    guard match.category == .matched, let id = match.windowID else {
      match.unmatchedMinor = record.grossMinor
      add(record.currency, AccountCode.unmatchedReceipts, -cash)
      return
    }
    guard disputes.insert(DisputeStep(caseID: caseID, stage: stage)).inserted else {
      match.category = .twice
      match.note = "case \(caseID) \(stage.rawValue): a file said so before"
      match.unmatchedMinor = record.grossMinor
      add(record.currency, AccountCode.unmatchedReceipts, -cash)
      return
    }
    let message = DisputeMessage(
      caseID: caseID, window: id, minor: record.grossMinor, stage: stage, reason: record.note)
    if let refusal = try await message.apply(to: &batch, actor: "acquirer", in: db) {
      match.category = refusal == DisputeMessage.known ? .matched : .amountDiffers
      match.note = refusal
      if refusal != DisputeMessage.known {
        match.unmatchedMinor = record.grossMinor
        add(record.currency, AccountCode.unmatchedReceipts, -cash)
        return
      }
    }
    add(record.currency, AccountCode.acquirer, -cash)
  }

  /// One entry for each currency; their numbers.
  func book(
    memo: String, on day: BookingDay, in db: StoreSession, at moment: Instant
  ) async throws -> [Currency: Int64] {
    var numbers: [Currency: Int64] = [:]
    for (currency, accounts) in sums.sorted(by: { $0.key.code < $1.key.code }) {
      let postings = accounts.sorted { $0.key < $1.key }.filter { $0.value != 0 }.map {
        Posting($0.value > 0 ? .debit : .credit, account: $0.key, minor: abs($0.value))
      }
      guard !postings.isEmpty else { continue }
      numbers[currency] = try await db.books.book(
        try day.named(
          Entry(
            kind: .funding, accountingDate: day.booked, currency: currency, memo: memo,
            postings: postings)), at: moment)
    }
    return numbers
  }
}

/// A step of a dispute, from a funding file or a signed message.
struct DisputeMessage {
  let caseID: String
  let window: Int64
  let minor: Int64
  let stage: ChargebackStage
  let reason: String?

  static let known = "known already"

  /// Applies the step; why it was not taken, nil when it was.
  func apply(
    to batch: inout ChargeBatch, actor: String, in db: StoreSession
  ) async throws -> String? {
    let before = try await db.charging.lockChargeback(caseID)
    if let before {
      guard before.window == window, before.minor == minor else {
        return "case \(caseID) is about window \(before.window) and \(before.minor)"
      }
      guard before.stage == .opened, stage != .opened else { return Self.known }
    }
    do {
      // A case whose opening never came is opened with its end.
      if before == nil {
        try batch.apply(
          .disputed(minor: minor), to: window, actor: actor, reference: caseID, detail: reason)
        try batch.book(
          .disputed, minor, window: window, kind: "dispute_booked", actor: actor,
          reference: caseID)
      }
      if stage == .won {
        try batch.apply(.disputeWon(minor: minor), to: window, actor: actor, reference: caseID)
        try batch.book(
          .disputeWon, minor, window: window, kind: "dispute_booked", actor: actor,
          reference: caseID)
      } else if stage == .lost {
        try batch.book(
          .disputeLost, minor, window: window, kind: "dispute_lost", actor: actor,
          reference: caseID)
      }
    } catch let refusal as ChargeRefusal {
      return "\(refusal)"
    }
    try await db.charging.setChargeback(
      caseID, window: window, minor: minor, reason: reason, stage: stage, at: batch.now)
    return nil
  }
}
