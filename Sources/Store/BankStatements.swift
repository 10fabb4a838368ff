package import Basics
package import Charging
import Postgres

/// A statement of the bank that was taken.
package struct StatementRow: Sendable, Hashable {
  package let id: Int64
  package let iban: String
  package let currency: Currency
  package let number: String
  package let openingDay: Day
  package let closingDay: Day
  package let openingMinor: Int64
  package let closingMinor: Int64
  package let digest: [UInt8]
  package let takenBy: String
  package let takenAt: Instant
}

/// A line of a statement with what it is the money of.
package struct StatementLineRow: Sendable, Hashable {
  package let id: Int64
  /// The bank's name of its statement.
  package let statement: String
  /// The account.
  package let iban: String
  package let currency: Currency
  package let line: StatementLine
  package let subject: StatementSubject
  package let subjectID: Int64?
  package let note: String?
  /// What it booked on 1100; nil where that was booked before.
  package let entryID: Int64?
  /// Who matched it; nil: a rule, or nobody.
  package let matchedBy: String?
}

/// A line of a statement on its way into the books.
package struct BookedLine: Sendable, Hashable {
  package let line: StatementLine
  package let match: StatementMatch
  /// The number of what it booked; nil where an entry of before has the money.
  package let entryID: Int64?

  /// Puts a line and its entry together.
  package init(line: StatementLine, match: StatementMatch, entryID: Int64?) {
    self.line = line
    self.match = match
    self.entryID = entryID
  }
}

extension StoreSession {
  /// What the bank says of the accounts of the house.
  package var statements: StatementTables { StatementTables(connection: connection) }
}

/// What the bank says of the accounts of the house.
package struct StatementTables {
  /// Most lines that are listed at once.
  package static let listMax = 1000

  let connection: PostgresConnection

  /// A statement of an account by the bank's name of it; nil when none was taken.
  package func find(_ number: String, of account: HouseAccount) async throws -> StatementRow? {
    try await connection.query(
      "\(Self.statementSQL) where s.bank_account_id = $1 and s.number = $2",
      [.int8(account.id), .text(number)]
    ).onlyOrNil().map(Self.statement)
  }

  /// All statements of an account, by their days.
  package func list(of account: HouseAccount) async throws -> [StatementRow] {
    try await connection.query(
      """
      \(Self.statementSQL) where s.bank_account_id = $1 order by s.closing_day, s.statement_id
      """, [.int8(account.id)]
    ).map(Self.statement)
  }

  private static let statementSQL = """
    select s.statement_id, a.iban, s.currency, s.number, s.opening_day, s.closing_day,
      s.opening_minor, s.closing_minor, s.digest, s.taken_by, s.taken_at
    from bank_statement s join bank_account a using (bank_account_id)
    """

  static func statement(_ row: PostgresRow) throws -> StatementRow {
    StatementRow(
      id: try row.int8("statement_id"), iban: try row.text("iban"),
      currency: try row.currency("currency"), number: try row.text("number"),
      openingDay: try row.date("opening_day"), closingDay: try row.date("closing_day"),
      openingMinor: try row.int8("opening_minor"), closingMinor: try row.int8("closing_minor"),
      digest: try row.bytea("digest"), takenBy: try row.text("taken_by"),
      takenAt: try row.timestamptz("taken_at"))
  }

  /// Those of some references that a statement of the account brought before, each with that statement.
  package func known(
    _ references: [String], of account: HouseAccount
  ) async throws -> [(reference: String, statement: String)] {
    try await connection.query(
      """
      select l.reference, s.number from statement_line l join bank_statement s using (statement_id)
      where l.bank_account_id = $1 and l.reference = any($2) order by l.line_id
      """, [.int8(account.id), .texts(references.map(Optional.some))]
    ).map { (try $0.text(0), try $0.text(1)) }
  }

  /// Adds a statement with its lines; its number.
  package func add(
    _ statement: BankStatement, of account: HouseAccount, _ lines: [BookedLine], name: String,
    by person: String, at now: Instant
  ) async throws -> Int64 {
    let number = try await connection.query(
      """
      insert into bank_statement (currency, number, opening_day, closing_day, opening_minor,
        closing_minor, name, digest, taken_by, taken_at, bank_account_id)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning statement_id
      """,
      [
        .text(statement.currency.code), .text(statement.number), .date(statement.openingDay),
        .date(statement.closingDay), .int8(statement.openingMinor), .int8(statement.closingMinor),
        .text(name), .bytea(statement.digest), .text(person), .timestamptz(now),
        .int8(account.id),
      ]
    ).only().int8(0)
    func column<Value>(_ value: (BookedLine) -> Value?) -> [Value?] { lines.map(value) }
    let added = try await connection.query(
      """
      insert into statement_line (statement_id, currency, reference, booked_on, minor, end_to_end,
        counterparty, remittance, subject, subject_id, note, entry_id, book_entry_id, bank_code,
        bank_account_id)
      select $1, $2, *, $15 from unnest($3::text[], $4::date[], $5::int8[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::int8[], $11::text[], $12::int8[], $13::int8[], $14::text[])
      returning line_id
      """,
      [
        .int8(number), .text(statement.currency.code), .texts(column { $0.line.reference }),
        .dates(column { $0.line.bookedOn }), .int8s(column { $0.line.minor }),
        .texts(column { $0.line.endToEndID }), .texts(column { $0.line.counterparty }),
        .texts(column { $0.line.remittance }), .texts(column { $0.match.subject.rawValue }),
        .int8s(column { $0.match.money?.id }), .texts(column { $0.match.note }),
        .int8s(column { $0.entryID }), .int8s(column { $0.match.money?.bookedEntry }),
        .texts(column { $0.line.bankCode }), .int8(account.id),
      ])
    try await forgetErasedPayers(of: added.map { try $0.int8(0) })
    return number
  }

  private static let lineSQL = """
    select l.line_id, s.number, a.iban, l.currency, l.reference, l.booked_on, l.minor, l.end_to_end,
      l.counterparty, l.remittance, l.bank_code, l.subject, l.subject_id, l.note, l.entry_id,
      l.matched_by
    from statement_line l join bank_statement s using (statement_id)
    join bank_account a on a.bank_account_id = l.bank_account_id
    """

  private static func line(_ row: PostgresRow) throws -> StatementLineRow {
    StatementLineRow(
      id: try row.int8("line_id"), statement: try row.text("number"), iban: try row.text("iban"),
      currency: try row.currency("currency"),
      line: StatementLine(
        reference: try row.text("reference"), bookedOn: try row.date("booked_on"),
        minor: try row.int8("minor"), endToEndID: try row.textOrNil("end_to_end"),
        counterparty: try row.textOrNil("counterparty"), remittance: try row.text("remittance"),
        bankCode: try row.textOrNil("bank_code")),
      subject: try row.word("subject"), subjectID: try row.int8OrNil("subject_id"),
      note: try row.textOrNil("note"), entryID: try row.int8OrNil("entry_id"),
      matchedBy: try row.textOrNil("matched_by"))
  }

  /// Lines, the newest first; only those of which nothing is known when asked so.
  package func lines(openOnly: Bool, countMax: Int = listMax) async throws -> [StatementLineRow] {
    // Two statements: each has an index of its own.
    try await connection.query(
      """
      \(Self.lineSQL) \(openOnly ? "where l.subject = 'unknown'" : "")
      order by l.booked_on desc, l.line_id desc limit $1
      """, [.int8(Int64(countMax))]
    ).map(Self.line)
  }

  /// A line; nil when there is none.
  package func line(_ id: Int64) async throws -> StatementLineRow? {
    try await connection.query("\(Self.lineSQL) where l.line_id = $1", [.int8(id)])
      .onlyOrNil().map(Self.line)
  }

  /// A line, locked; nil when there is none.
  package func lock(line id: Int64) async throws -> StatementLineRow? {
    try await connection.query(
      "\(Self.lineSQL) where l.line_id = $1 for update of l", [.int8(id)]
    ).onlyOrNil().map(Self.line)
  }

  /// Writes down what a person found a line to be: `entry` took it out of 2290, `booked` is the entry
  /// that had the money on 1100 already.
  package func match(
    line id: Int64, to subject: StatementSubject, _ subjectID: Int64?, entry: Int64?,
    booked: Int64?, by person: String, at now: Instant
  ) async throws {
    try await connection.execute(
      """
      update statement_line set subject = $2, subject_id = $3, match_entry_id = $4,
        book_entry_id = $5, matched_by = $6, matched_at = $7
      where line_id = $1 and subject = 'unknown'
      """,
      [
        .int8(id), .text(subject.rawValue), .orNull(subjectID, PostgresValue.int8),
        .orNull(entry, PostgresValue.int8), .orNull(booked, PostgresValue.int8), .text(person),
        .timestamptz(now),
      ])
    try await forgetErasedPayers(of: [id])
  }
}

extension ExpectedMoney {
  /// The entry that has the money on 1100 already; nil when none has.
  package var bookedEntry: Int64? {
    guard case .booked(let entry) = state else { return nil }
    return entry
  }
}
