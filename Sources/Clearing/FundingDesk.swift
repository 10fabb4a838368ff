package import Basics
package import Charging
package import Store

/// What became of a funding file.
package enum FundingOutcome: Sendable, Hashable {
  /// Taken: the lines by category.
  case taken(number: Int64, categories: [MatchCategory: Int])
  /// The very file was taken before: harmless.
  case known(number: Int64)
  /// Nothing of it was taken.
  case refused(String)
  /// It stays where it is and is tried again, for it may be no fault of its own.
  case failed(String)
}

/// Takes the acquirer's funding files: matches each line, settles what it pays, books the money.
///
/// A file is taken whole in one transaction or not at all, and only one of the house's own merchant.
package struct FundingDesk: Sendable {
  private let store: Store
  private let city: CityHolder
  private let merchant: String
  private let denyList: any DenyListing
  private let now: @Sendable () -> Instant

  /// Makes the use case; the merchant is the house's name at the acquirer.
  package init(
    store: Store, city: CityHolder, merchant: String,
    denyList: any DenyListing = ValidatorDenyList(), now: @escaping @Sendable () -> Instant
  ) {
    self.store = store
    self.city = city
    self.merchant = merchant
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
    guard file.merchant == merchant else {
      return try await refuse(
        name, digest,
        "file number \(file.number) is of merchant \(file.merchant.quoted(bytesMax: FundingFile.wordBytesMax)), and the house is \(merchant) at "
          + "the acquirer: give it back, or where that is the house's name, set merchant "
          + "(KVYTOK_MERCHANT) and hand the file in again")
    }
    let step = try await store.write { db -> Step in
      // Two who take one file at once come one after the other.
      try await db.charging.holdWork(.funding)
      if let known = try await db.acquirerFiles.find(incoming: file.number) {
        return known.digest == digest ? .known : .other(name: known.name)
      }
      return .taken(try await take(file, name: name, digest: digest, in: db, at: moment))
    }
    switch step {
    case .taken(let categories): return .taken(number: file.number, categories: categories)
    case .known: return .known(number: file.number)
    case .other(let other):
      return try await refuse(
        name, digest,
        "file number \(file.number) was taken before with other content, as \(other): ask "
          + "the acquirer which one holds")
    }
  }

  /// What became of a file that can be read.
  private enum Step: Sendable {
    case taken([MatchCategory: Int])
    case known
    case other(name: String)
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
    let sales = try await db.acquirerSales.lock(references: Set(file.records.map(\.reference)))
    let lost = try await db.acquirerFiles.casesLost(
      among: Set(file.records.compactMap { $0.dispute?.caseID }))
    var matcher = AcquirerMatcher(payments: payments, refunds: refunds, sales: sales)
    var taking = FundingTaking(
      batch: ChargeBatch(
        try await db.charging.lock(payments.map(\.windowID)), on: day.booked, at: moment),
      lost: lost, of: file.number, on: day)
    for record in file.records {
      var match = matcher.match(record)
      // Where the payment it names tells more of why it does not fit, that stands.
      if record.currency != file.currency, match.category != .unknown {
        match = .foreign(record, in: file.currency)
      }
      try await taking.take(record, match, in: db)
      if case .decline = record.kind, let id = match.windowID,
        let row = taking.batch.windows[id]
      {
        matcher.renew(id, as: row.window)
      }
    }
    let entries = try await taking.book(
      memo: "Funding file \(file.number) of \(file.date)", in: db, at: moment)
    try await db.charging.keep(refunds: taking.keptOfRefunds)
    try await db.acquirerSales.settle(taking.settledOfSales)
    try await db.acquirerFiles.add(taking.records, file: number, entryID: entries)
    try await taking.batch.finish(in: db, denyList: denyList)
    return taking.records.reduce(into: [:]) { $0[$1.match.category, default: 0] += 1 }
  }
}
