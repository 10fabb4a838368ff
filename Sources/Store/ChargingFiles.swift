package import Basics
package import Charging
import Postgres

/// A file exchanged with the acquirer.
package struct AcquirerFileRow: Sendable, Hashable {
  package let id: Int64
  package let name: String
  package let number: Int64
  package let digest: [UInt8]
}

/// What a clearing file was made of besides its lines.
package struct ClearingFileHead: Sendable, Hashable {
  package let currency: Currency
  package let at: Instant
  /// Whom it names; nil for a file that was made before this was kept.
  package let merchant: String?
  /// SHA-256 of all its bytes.
  package let digest: [UInt8]
}

/// A line of a funding file with what it was matched to.
package struct MatchedRecord: Sendable, Hashable {
  package let record: FundingRecord
  package let match: AcquirerMatch

  /// Makes a pair.
  package init(record: FundingRecord, match: AcquirerMatch) {
    self.record = record
    self.match = match
  }
}

extension StoreSession {
  /// Files exchanged with the acquirer, and what it says happened.
  package var acquirerFiles: AcquirerFileTables { AcquirerFileTables(connection: connection) }
}

/// Files exchanged with the acquirer, and what it says happened.
package struct AcquirerFileTables {
  let connection: PostgresConnection

  /// A funding file by number; nil when none was taken.
  package func find(
    incoming number: Int64
  ) async throws -> AcquirerFileRow? {
    try await list("direction = 'in' and number = $1", [.int8(number)]).first
  }

  /// The clearing files that were made, by number; the newest may not be given out yet.
  package func outgoing() async throws -> [AcquirerFileRow] {
    try await list("direction = 'out'", [])
  }

  /// The number of the next clearing file: one that the acquirer never got, also after a restore.
  package func nextNumber() async throws -> Int64 {
    let text = try await SettingQueries(connection: connection).find(
      RestoreQueries.fileBaseSetting)
    let base = text.flatMap { Int64($0) }
    guard text == nil || base != nil else {
      throw StoreFault(
        kind: .damaged, "setting \"\(RestoreQueries.fileBaseSetting)\" is no number")
    }
    return max(try await outgoing().last?.number ?? 0, base ?? 0) + 1
  }

  private func list(_ condition: String, _ parameters: [PostgresValue]) async throws
    -> [AcquirerFileRow]
  {
    try await connection.query(
      """
      select file_id, name, number, digest from acquirer_file where \(condition) order by number
      """, parameters
    ).map { row in
      AcquirerFileRow(
        id: try row.int8(0), name: try row.text(1), number: try row.int8(2),
        digest: try row.bytea(3))
    }
  }

  /// Adds a file; its row number.
  ///
  /// The merchant is whom a clearing file names.
  package func add(
    isOutgoing: Bool, name: String, number: Int64, digest: [UInt8], currency: Currency,
    records: Int, grossMinor: Int64, feeMinor: Int64, merchant: String? = nil, at now: Instant
  ) async throws -> Int64 {
    try await connection.query(
      """
      insert into acquirer_file (direction, name, number, digest, currency, records, gross_minor,
        fee_minor, at, merchant)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning file_id
      """,
      [
        .text(isOutgoing ? "out" : "in"), .text(name), .int8(number), .bytea(digest),
        .text(currency.code), .int4(Int32(records)), .int8(grossMinor), .int8(feeMinor),
        .timestamptz(now), .orNull(merchant, PostgresValue.text),
      ]
    ).only().int8(0)
  }

  /// Writes down that a file was not taken, and why.
  package func refuse(
    name: String, digest: [UInt8], fault: String, at now: Instant
  ) async throws {
    try await connection.execute(
      """
      insert into acquirer_file_refused (name, digest, fault, at) values ($1, $2, $3, $4)
      on conflict (name, digest) do nothing
      """, [.text(name), .bytea(digest), .text(fault), .timestamptz(now)])
  }

  /// The payments that records may be about, locked: by the acquirer's names and by our numbers.
  package func payments(
    references: Set<String>, windows: Set<Int64>
  ) async throws -> [KnownPayment] {
    let rows = try await connection.query(
      """
      select window_id, currency, reference, state, captured_minor - settled_minor as open_minor,
        settled_minor, declined_at is not null and recovered_at is null as is_declined,
        case when state in ('authorised', 'capturing') then due_minor else 0 end as promised_minor
      from charge_window where reference = any($1) or window_id = any($2)
      order by window_id for update
      """,
      [
        .texts(references.sorted().map(Optional.some)),
        .int8s(windows.sorted().map(Optional.some)),
      ])
    return try rows.map { row in
      KnownPayment(
        windowID: try row.int8("window_id"), currency: try row.currency("currency"),
        reference: try row.textOrNil("reference"), openMinor: try row.int8("open_minor"),
        settledMinor: try row.int8("settled_minor"), isDeclined: try row.bool("is_declined"),
        promisedMinor: try row.int8("promised_minor"))
    }
  }

  /// The refunds that records may be about, locked.
  ///
  /// One that the acquirer kept and was not asked for as far as is known here was asked for after the backup from
  /// which the database was restored: it is not asked for again.
  package func refunds(_ ids: Set<Int64>) async throws -> [KnownRefund] {
    let rows = try await connection.query(
      """
      select r.refund_id, r.window_id, w.currency, r.minor, r.state,
        coalesce(r.kept_minor, case r.state when 'settled' then r.minor else 0 end) as kept_minor
      from charge_refund r join charge_window w using (window_id)
      where r.refund_id = any($1) and r.state in ('approved', 'asking', 'paid', 'settled')
      order by r.refund_id for update of r
      """, [.int8s(ids.sorted().map(Optional.some))])
    return try rows.map { row in
      KnownRefund(
        refundID: try row.int8("refund_id"), windowID: try row.int8("window_id"),
        currency: try row.currency("currency"), minor: try row.int8("minor"),
        keptMinor: try row.int8("kept_minor"),
        isAsked: ["approved", "asking"].contains(try row.text("state")))
    }
  }

  /// Those of some cases that a file said before to be lost.
  package func casesLost(among cases: Set<String>) async throws -> Set<String> {
    guard !cases.isEmpty else { return [] }
    let rows = try await connection.query(
      """
      select distinct case_id from acquirer_record
      where case_id = any($1) and stage = 'lost' and category = 'matched'
      """, [.texts(cases.sorted().map(Optional.some))])
    return Set(try rows.map { try $0.text(0) })
  }

  /// Adds the lines of a file with what they were matched to.
  package func add(
    _ records: [MatchedRecord], file: Int64, entryID: [Currency: Int64]
  ) async throws {
    guard !records.isEmpty else { return }
    func column<Value>(_ value: (MatchedRecord) -> Value?) -> [Value?] { records.map(value) }
    try await connection.execute(
      """
      with made as (
      insert into acquirer_record (file_id, line, kind, reference, key, gross_minor, fee_minor,
        currency, value_date, category, window_id, refund_id, note, entry_id, case_id, stage,
        sale_id)
      select $1, * from unnest($2::int4[], $3::text[], $4::text[], $5::text[], $6::int8[],
        $7::int8[], $8::text[], $9::date[], $10::text[], $11::int8[], $12::int8[], $13::text[],
        $14::int8[], $15::text[], $16::text[], $17::int8[])
      returning *)
      \(KeptSums.addingLines(from: "made"))
      """,
      [
        .int8(file), .int4s(column { Int32($0.record.line) }),
        .texts(column { $0.record.kind.word }), .texts(column { $0.record.reference }),
        .texts(column { $0.record.key }), .int8s(column { $0.record.grossMinor }),
        .int8s(column { $0.record.feeMinor }), .texts(column { $0.record.currency.code }),
        .dates(column { $0.record.valueDate }), .texts(column { $0.match.category.rawValue }),
        .int8s(column { $0.match.windowID }), .int8s(column { $0.match.refundID }),
        .texts(column { $0.match.note ?? $0.record.note }),
        .int8s(column { entryID[$0.record.currency] }),
        .texts(column { $0.record.dispute?.caseID }),
        .texts(column { $0.record.dispute?.stage.rawValue }),
        .int8s(column { $0.match.saleID }),
      ])
  }
}

/// A step of a dispute: the money of each moves once.
package struct DisputeStep: Sendable, Hashable {
  package let caseID: String
  package let stage: ChargebackStage

  /// Makes a step.
  package init(caseID: String, stage: ChargebackStage) {
    self.caseID = caseID
    self.stage = stage
  }
}

extension FundingRecord {
  /// The step of a dispute that a line is about; nil for another line.
  package var dispute: DisputeStep? {
    guard case .chargeback(let caseID, let stage) = kind else { return nil }
    return DisputeStep(caseID: caseID, stage: stage)
  }
}

extension FundingRecord.Kind {
  /// The word of the table.
  var word: String {
    switch self {
    case .capture: "capture"
    case .refund: "refund"
    case .chargeback: "chargeback"
    case .decline: "decline"
    case .billing: "billing"
    }
  }
}

/// A line of a clearing file as it was written down.
package struct ClearingLineRow: Sendable, Hashable {
  package let windowID: Int64
  package let attempt: Int32
  /// Nil: a capture.
  package let refundID: Int64?
  package let minor: Int64
  package let reference: String?
  package let medium: MediumID
}

extension ChargingTables {
  /// Name of the setting with the number of the last clearing file that was given out.
  package static let givenFilesSetting = "clearing_files_given_to"

  /// Writes down what goes into a clearing file; a capture or refund goes into one file only.
  package func addToFile(
    number: Int64, windows: [(id: Int64, attempt: Int32, minor: Int64)],
    refunds: [(id: Int64, window: Int64, minor: Int64)], at now: Instant
  ) async throws {
    try await connection.execute(
      """
      insert into clearing_line (number, window_id, attempt, refund_id, minor, reference)
      select $1, l.w, l.a, l.r, l.m, c.reference
      from unnest($2::int8[], $3::int4[], $4::int8[], $5::int8[]) as l(w, a, r, m)
      join charge_window c on c.window_id = l.w
      """,
      [
        .int8(number),
        .int8s(windows.map { Optional($0.id) } + refunds.map { Optional($0.window) }),
        .int4s(windows.map { Optional($0.attempt) } + refunds.map { _ in Optional(Int32(0)) }),
        .int8s(windows.map { _ in Int64?.none } + refunds.map { Optional($0.id) }),
        .int8s(windows.map { Optional($0.minor) } + refunds.map { Optional($0.minor) }),
      ])
  }

  /// What went into a clearing file.
  package func fileLines(_ number: Int64) async throws -> [ClearingLineRow] {
    let rows = try await connection.query(
      """
      select l.window_id, l.attempt, l.refund_id, l.minor, l.reference, w.medium_id
      from clearing_line l join charge_window w using (window_id) where l.number = $1
      """, [.int8(number)])
    return try rows.map { row in
      ClearingLineRow(
        windowID: try row.int8(0), attempt: try row.int4(1), refundID: try row.int8OrNil(2),
        minor: try row.int8(3), reference: try row.textOrNil(4), medium: try row.identifier(5))
    }
  }

  /// What a clearing file was made of besides its lines; nil when there is none of the number.
  package func fileHead(_ number: Int64) async throws -> ClearingFileHead? {
    try await connection.query(
      """
      select currency, at, merchant, digest from acquirer_file
      where direction = 'out' and number = $1
      """, [.int8(number)]
    ).onlyOrNil().map { row in
      ClearingFileHead(
        currency: try row.currency("currency"), at: try row.timestamptz("at"),
        merchant: try row.textOrNil("merchant"), digest: try row.bytea("digest"))
    }
  }
}
