import Basics
package import Charging
package import Store
import Tariff

/// What came of making a clearing file.
package enum ClearingFileOutcome: Sendable {
  case made(ClearingFile)
  /// There is nothing to give to the acquirer.
  case nothing
  /// Another process makes files at this moment.
  case busy
  /// A hold stands: the acquirer is asked nothing.
  case held
}

/// Gives captures and refunds to the acquirer in clearing files.
///
/// What goes into a file is written down first, with the digest of the file; the file follows, and is
/// made again, byte for byte, when it got lost with the process.
package struct ClearingFileDesk: Sendable {
  private let service: ChargingService
  private let merchant: String

  /// Makes the use case; the merchant is the house's name at the acquirer.
  package init(service: ChargingService, merchant: String) {
    self.service = service
    self.merchant = merchant
  }

  /// Puts all that is authorised, and all refunds that are due, into a next file.
  ///
  /// Nil when there is nothing, another process is at it, or a hold stands. Nothing leaves the house until
  /// the file is given out.
  package func make() async throws -> ClearingFile? {
    guard case .made(let file) = try await makeNext() else { return nil }
    return file
  }

  /// Puts all that is authorised, and all refunds that are due, into a next file; or says why not.
  package func makeNext() async throws -> ClearingFileOutcome {
    let moment = service.now()
    return try await service.store.write { db in
      guard try await db.charging.tryWork(.files) else { return .busy }
      guard try await db.restores.hold() == nil else { return .held }
      let windows = try await db.charging.due(
        [.authorised], at: moment, countMax: ChargingService.claimsMax * 20)
      let due = try await db.refundsToGive(
        at: moment, countMax: ChargingService.claimsMax * 4
      ).toGive
      // A file has one currency; what is of another goes into the next.
      guard let currency = windows.first?.currency ?? due.first?.window.currency else {
        return .nothing
      }
      let refunds = due.filter { $0.window.currency == currency }.map(\.refund)
      let number = try await db.acquirerFiles.nextNumber()
      let captures = windows.filter { $0.currency == currency }
      try await db.charging.addToFile(
        number: number, windows: captures.map { ($0.id, $0.window.attempt, $0.window.dueMinor) },
        refunds: refunds.map { ($0.id, $0.windowID, $0.minor) }, at: moment)
      var batch = ChargeBatch(
        try await db.charging.lock((captures.map(\.id) + refunds.map(\.windowID))),
        on: try await service.bookingDate(of: moment, in: db), at: moment)
      for row in captures {
        try batch.apply(.capture, to: row.id, actor: "clock", reference: "file \(number)")
        try batch.apply(
          .captured(attempt: row.window.attempt), to: row.id, actor: "acquirer",
          reference: "file \(number)")
      }
      for refund in refunds {
        try batch.book(
          .refundPaid, refund.minor, window: refund.windowID, kind: "refund_paid",
          actor: "acquirer", reference: ChargeKey.refund(refund.id).description)
      }
      try await db.charging.move(
        refunds: refunds.map(\.id), to: .paid, reference: "file \(number)", at: moment)
      try await batch.finish(in: db, denyList: service.denyList)
      let today = service.city.current.clock.zone.local(moment).day
      let file = try await content(
        number, currency: currency, on: today, merchant: merchant, in: db)
      _ = try await db.acquirerFiles.add(
        isOutgoing: true, name: file.name, number: number, digest: FileDigest.of(file.bytes),
        currency: currency, records: file.lines.count, grossMinor: file.netMinor, feeMinor: 0,
        merchant: merchant, at: moment)
      return .made(file)
    }
  }

  /// The files that were made and not given out yet, in order.
  package func waiting() async throws -> [ClearingFile] {
    let given = try await service.store.read { db in try await Self.given(in: db) }
    var files: [ClearingFile] = []
    for row in try await list() where row.number > given {
      if let file = try await remake(row.number) { files.append(file) }
    }
    return files
  }

  /// Gives out the files that were made and not given out yet, in order; their names.
  ///
  /// One process at a time, and each file once: `give` is called again for a file only where the process
  /// or the database broke off after it. It lays the file where the acquirer fetches it. While a hold stands
  /// none is given out.
  package func giveOut(
    _ give: @escaping @Sendable (ClearingFile) throws -> Void
  ) async throws -> [String] {
    var names: [String] = []
    for file in try await waiting() {
      let isGiven: Bool? = try await service.store.write { db in
        guard try await db.charging.tryWork(.files) else { return nil }
        guard try await db.restores.hold() == nil else { return nil }
        guard file.number > (try await Self.given(in: db)) else { return false }
        try give(file)
        try await db.settings.set(ChargingTables.givenFilesSetting, to: String(file.number))
        return true
      }
      guard let isGiven else { break }
      if isGiven { names.append(file.name) }
    }
    return names
  }

  private static func given(in db: StoreSession) async throws -> Int64 {
    try await db.settings.find(ChargingTables.givenFilesSetting).flatMap { Int64($0) } ?? 0
  }

  /// The files that were made, with their digests; the newest may not be given out yet.
  package func list() async throws -> [AcquirerFileRow] {
    try await service.store.read { db in try await db.acquirerFiles.outgoing() }
  }

  /// A file as it was made, whoever made it; nil when there is none of the number.
  ///
  /// Throws ``StoreFault`` where it would not be the same bytes.
  package func remake(_ number: Int64) async throws -> ClearingFile? {
    try await service.store.read { db in
      guard let head = try await db.charging.fileHead(number) else { return nil }
      let file = try await content(
        number, currency: head.currency, on: service.city.current.clock.zone.local(head.at).day,
        merchant: head.merchant ?? merchant, in: db)
      guard FileDigest.of(file.bytes) == head.digest else {
        let reason =
          head.merchant == nil
          ? "it was made as another merchant than \(merchant), its taps are gone from the journal, or a rider in it "
            + "was erased since"
          : "a rider in it was erased since, or its taps are gone from the journal"
        throw StoreFault(
          kind: .damaged, "\(file.name) cannot be made again as it was: \(reason)")
      }
      return file
    }
  }

  private func content(
    _ number: Int64, currency: Currency, on day: Day, merchant: String, in db: StoreSession
  ) async throws -> ClearingFile {
    let lines = try await db.charging.fileLines(number)
    let tokens = try await service.tokens(
      windows: Array(Set(lines.map(\.windowID))).sorted(), cards: [], in: db)
    return ClearingFile(
      number: number, date: day, merchant: merchant, currency: currency,
      lines: lines.map { line in
        ClearingFile.Line(
          key: line.refundID.map { .refund($0) }
            ?? .window(line.windowID, attempt: line.attempt),
          reference: line.reference ?? "", cardToken: tokens[line.medium] ?? [],
          minor: line.minor, isRefund: line.refundID != nil)
      })
  }
}
