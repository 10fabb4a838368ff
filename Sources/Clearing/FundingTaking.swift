import Basics
import Charging
import Ledger
import Store

/// The lines of one funding file on their way into the books.
struct FundingTaking {
  var batch: ChargeBatch
  private(set) var records: [MatchedRecord] = []
  /// What the acquirer kept, by refund; and paid or kept, by top-up or sale.
  private(set) var keptOfRefunds: [Int64: Int64] = [:]
  private(set) var settledOfSales: [Int64: Int64] = [:]
  /// What is debited less what is credited, by account, of each currency.
  private var sums: [Currency: [String: Int64]] = [:]
  /// The cases that a file said before to be lost.
  private var lost: Set<String>
  private let day: BookingDay
  /// The number of the file.
  private let file: Int64

  init(batch: ChargeBatch, lost: Set<String>, of file: Int64, on day: BookingDay) {
    self.batch = batch
    self.lost = lost
    self.file = file
    self.day = day
  }

  mutating func take(
    _ record: FundingRecord, _ found: AcquirerMatch, in db: StoreSession
  ) async throws {
    var match = found
    switch record.kind {
    case .billing:
      move(record, match, cash: -record.grossMinor)
    case .capture:
      try capture(record, match)
      move(record, match, cash: record.grossMinor)
    case .refund:
      try await refund(record, match, in: db)
      move(record, match, cash: -record.grossMinor)
    case .decline(let code):
      try await decline(record, code: code, &match, in: db)
    case .chargeback(let caseID, let stage):
      try await dispute(record, caseID: caseID, stage: stage, &match, in: db)
      // The bank's money moves with the opening and with winning; losing moves none.
      switch stage {
      case .opened: move(record, match, cash: -record.grossMinor)
      case .won: move(record, match, cash: record.grossMinor)
      case .lost: break
      }
    }
    if match.settledMinor > 0, let sale = match.saleID, record.dispute == nil {
      settledOfSales[sale, default: 0] += match.settledMinor
    }
    add(record.currency, AccountCode.fees, record.feeMinor)
    add(record.currency, AccountCode.bank, -record.feeMinor)
    records.append(MatchedRecord(record: record, match: match))
  }

  /// The money of a line: what came or went is what settles something, and what matches nothing.
  private mutating func move(_ record: FundingRecord, _ match: AcquirerMatch, cash: Int64) {
    let sign: Int64 = cash < 0 ? -1 : 1
    add(record.currency, AccountCode.bank, cash)
    add(record.currency, AccountCode.acquirer, -sign * match.settledMinor)
    add(record.currency, AccountCode.unmatchedReceipts, -sign * match.unmatchedMinor)
  }

  private mutating func add(_ currency: Currency, _ account: String, _ minor: Int64) {
    sums[currency, default: [:]][account, default: 0] += minor
  }

  /// Money of a capture; it may itself be the answer that got lost.
  private mutating func capture(_ record: FundingRecord, _ match: AcquirerMatch) throws {
    guard let id = match.windowID else { return }
    if match.newsMinor != nil, let row = batch.windows[id] {
      try batch.apply(
        .captured(attempt: row.window.attempt), to: id, actor: "acquirer",
        reference: record.reference, detail: "by its funding")
    }
    if match.settledMinor > 0 {
      try batch.apply(
        .settled(minor: match.settledMinor), to: id, actor: "acquirer",
        reference: record.reference)
    }
  }

  /// A refund that the acquirer keeps, whole or in part.
  private mutating func refund(
    _ record: FundingRecord, _ match: AcquirerMatch, in db: StoreSession
  ) async throws {
    guard let refund = match.refundID else { return }
    if let minor = match.newsMinor, let id = match.windowID {
      try await db.charging.move(
        refunds: [refund], to: .paid, reference: record.reference, at: batch.now)
      try batch.book(
        .refundPaid, minor, window: id, kind: "refund_paid", actor: "acquirer",
        reference: record.key, detail: "by its funding")
    }
    if match.settledMinor > 0 { keptOfRefunds[refund, default: 0] += match.settledMinor }
  }

  /// A capture that the acquirer does not pay: no money moves, the rider owes it again.
  ///
  /// A top-up comes off stored value. Where that cannot be, because some of it was given back or is disputed, the line waits for a person.
  private mutating func decline(
    _ record: FundingRecord, code: String, _ match: inout AcquirerMatch, in db: StoreSession
  ) async throws {
    match.unmatchedMinor = 0
    if let sale = match.saleID, match.category == .declined {
      match.note = try await TopUpNotPaid(
        sale: sale, minor: record.grossMinor, settledMinor: settledOfSales[sale] ?? 0,
        line: "KVYTOK-F\(file)-\(record.line)", code: code
      ).apply(on: day, in: db, at: batch.now)
      if match.note != nil { match.category = .notHonoured }
    }
    guard match.category == .matched, let id = match.windowID, let row = batch.windows[id] else {
      return
    }
    match.category = .declined
    var attempt = row.window.attempt
    if case .window(id, let named) = record.key.flatMap(ChargeKey.subject) { attempt = named }
    do {
      try batch.apply(
        .declined(
          attempt: attempt, code: code.isEmpty ? DeclineWords.notHonoured : code, isFinal: false,
          ofMinor: record.grossMinor),
        to: id, actor: "acquirer", reference: record.reference)
    } catch let refusal as ChargeRefusal {
      match.note = "\(refusal)"
      if refusal != .alreadyKnown { match.category = .notHonoured }
    }
  }

  /// Money that a rider's bank took or gave back; what the acquirer keeps or pays for it.
  ///
  /// It may keep or pay a part: the case stays as it was opened, and the rest open.
  private mutating func dispute(
    _ record: FundingRecord, caseID: String, stage: ChargebackStage,
    _ match: inout AcquirerMatch, in db: StoreSession
  ) async throws {
    guard match.category == .matched, match.windowID != nil || match.saleID != nil else { return }
    match.unmatchedMinor = record.grossMinor
    let before = try await db.charging.lockChargeback(caseID)
    let minor = stage == .lost ? record.grossMinor : before?.minor ?? record.grossMinor
    let refusal: String?
    if let id = match.windowID {
      refusal = try await DisputeMessage(
        caseID: caseID, window: id, minor: minor, stage: stage, reason: record.note
      ).apply(to: &batch, actor: "acquirer", in: db)
    } else if let sale = match.saleID {
      refusal = try await TopUpDispute(
        caseID: caseID, sale: sale, minor: minor, stage: stage, reason: record.note
      ).apply(on: day, in: db, at: batch.now)
    } else {
      return
    }
    if let refusal, refusal != DisputeMessage.known {
      match.category = .amountDiffers
      match.note = refusal
      return
    }
    guard stage != .lost else {
      if !lost.insert(caseID).inserted { match.repeats(caseID, stage) }
      return
    }
    let step = DisputeStep(caseID: caseID, stage: stage)
    let open = try await db.charging.openMinor(of: step)
    guard open > 0 else {
      match.repeats(caseID, stage)
      return
    }
    match.settle(
      record.grossMinor, openMinor: open,
      note: "case \(caseID) \(stage.rawValue): \(open) open, moved \(record.grossMinor)")
    try await db.charging.settle(step, minor: match.settledMinor)
  }

  /// One entry for each currency; their numbers.
  func book(
    memo: String, in db: StoreSession, at moment: Instant
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

extension AcquirerMatch {
  /// A file said so before: nothing moves for it.
  fileprivate mutating func repeats(_ caseID: String, _ stage: ChargebackStage) {
    category = .twice
    note = "case \(caseID) \(stage.rawValue): a file said so before"
  }
}
