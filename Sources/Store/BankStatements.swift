package import Basics
package import Charging
import Postgres

/// A statement of the bank that was taken.
package struct StatementRow: Sendable, Hashable {
  package let id: Int64
  package let number: String
  package let openingDay: Day
  package let closingDay: Day
  package let openingMinor: Int64
  package let closingMinor: Int64
  package let digest: [UInt8]
}

/// A line of a statement with what it is the money of.
package struct StatementLineRow: Sendable, Hashable {
  package let id: Int64
  /// The bank's name of its statement.
  package let statement: String
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
  /// What the bank says of the account.
  package var statements: StatementTables { StatementTables(connection: connection) }
}

/// What the bank says of the account.
package struct StatementTables {
  /// Most lines that are listed at once.
  package static let listMax = 1000

  let connection: PostgresConnection

  /// The account of the house in a currency, held until the transaction ends; nil when none is known.
  package func lockAccount(_ currency: Currency) async throws -> String? {
    try await connection.query(
      "select iban from bank_account where currency = $1 for update", [.text(currency.code)]
    ).onlyOrNil()?.text(0)
  }

  /// Writes down where the house has its money.
  package func setAccount(
    _ iban: String, in currency: Currency, by person: String, at now: Instant
  ) async throws {
    try await connection.execute(
      """
      insert into bank_account (currency, iban, changed_by, changed_at) values ($1, $2, $3, $4)
      on conflict (currency) do update set iban = excluded.iban, changed_by = excluded.changed_by,
        changed_at = excluded.changed_at
      """, [.text(currency.code), .text(iban), .text(person), .timestamptz(now)])
  }

  /// A statement by the bank's name of it; nil when none was taken.
  package func find(_ number: String, in currency: Currency) async throws -> StatementRow? {
    try await connection.query(
      "select \(Self.columns) from bank_statement where currency = $1 and number = $2",
      [.text(currency.code), .text(number)]
    ).onlyOrNil().map(Self.statement)
  }

  /// All statements of a currency, by their days.
  package func list(in currency: Currency) async throws -> [StatementRow] {
    try await connection.query(
      """
      select \(Self.columns) from bank_statement where currency = $1
      order by closing_day, statement_id
      """, [.text(currency.code)]
    ).map(Self.statement)
  }

  private static let columns =
    "statement_id, number, opening_day, closing_day, opening_minor, closing_minor, digest"

  private static func statement(_ row: PostgresRow) throws -> StatementRow {
    StatementRow(
      id: try row.int8("statement_id"), number: try row.text("number"),
      openingDay: try row.date("opening_day"), closingDay: try row.date("closing_day"),
      openingMinor: try row.int8("opening_minor"), closingMinor: try row.int8("closing_minor"),
      digest: try row.bytea("digest"))
  }

  /// Those of some references that a statement brought before, each with that statement.
  package func known(
    _ references: [String], in currency: Currency
  ) async throws -> [(reference: String, statement: String)] {
    try await connection.query(
      """
      select l.reference, s.number from statement_line l join bank_statement s using (statement_id)
      where l.currency = $1 and l.reference = any($2) order by l.line_id
      """, [.text(currency.code), .texts(references.map(Optional.some))]
    ).map { (try $0.text(0), try $0.text(1)) }
  }

  /// Adds a statement with its lines; its number.
  package func add(
    _ statement: BankStatement, _ lines: [BookedLine], name: String, by person: String,
    at now: Instant
  ) async throws -> Int64 {
    let number = try await connection.query(
      """
      insert into bank_statement (currency, number, opening_day, closing_day, opening_minor,
        closing_minor, name, digest, taken_by, taken_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning statement_id
      """,
      [
        .text(statement.currency.code), .text(statement.number), .date(statement.openingDay),
        .date(statement.closingDay), .int8(statement.openingMinor), .int8(statement.closingMinor),
        .text(name), .bytea(statement.digest), .text(person), .timestamptz(now),
      ]
    ).only().int8(0)
    func column<Value>(_ value: (BookedLine) -> Value?) -> [Value?] { lines.map(value) }
    try await connection.execute(
      """
      insert into statement_line (statement_id, currency, reference, booked_on, minor, end_to_end,
        counterparty, remittance, subject, subject_id, note, entry_id, book_entry_id)
      select $1, $2, * from unnest($3::text[], $4::date[], $5::int8[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::int8[], $11::text[], $12::int8[], $13::int8[])
      """,
      [
        .int8(number), .text(statement.currency.code), .texts(column { $0.line.reference }),
        .dates(column { $0.line.bookedOn }), .int8s(column { $0.line.minor }),
        .texts(column { $0.line.endToEndID }), .texts(column { $0.line.counterparty }),
        .texts(column { $0.line.remittance }), .texts(column { $0.match.subject.rawValue }),
        .int8s(column { $0.match.money?.id }), .texts(column { $0.match.note }),
        .int8s(column { $0.entryID }), .int8s(column { $0.match.money?.bookedEntry }),
      ])
    return number
  }

  private static let lineColumns = """
    l.line_id, s.number, l.currency, l.reference, l.booked_on, l.minor, l.end_to_end,
    l.counterparty, l.remittance, l.subject, l.subject_id, l.note, l.entry_id, l.matched_by
    """

  private static func line(_ row: PostgresRow) throws -> StatementLineRow {
    StatementLineRow(
      id: try row.int8("line_id"), statement: try row.text("number"),
      currency: try row.currency("currency"),
      line: StatementLine(
        reference: try row.text("reference"), bookedOn: try row.date("booked_on"),
        minor: try row.int8("minor"), endToEndID: try row.textOrNil("end_to_end"),
        counterparty: try row.textOrNil("counterparty"), remittance: try row.text("remittance")),
      subject: try row.word("subject"), subjectID: try row.int8OrNil("subject_id"),
      note: try row.textOrNil("note"), entryID: try row.int8OrNil("entry_id"),
      matchedBy: try row.textOrNil("matched_by"))
  }

  /// Lines, the newest first; only those of which nothing is known when asked so.
  package func lines(openOnly: Bool) async throws -> [StatementLineRow] {
    try await connection.query(
      """
      select \(Self.lineColumns) from statement_line l join bank_statement s using (statement_id)
      where not $1 or l.subject = 'unknown' order by l.booked_on desc, l.line_id desc limit $2
      """, [.bool(openOnly), .int8(Int64(Self.listMax))]
    ).map(Self.line)
  }

  /// A line, locked; nil when there is none.
  package func lock(line id: Int64) async throws -> StatementLineRow? {
    try await connection.query(
      """
      select \(Self.lineColumns) from statement_line l join bank_statement s using (statement_id)
      where l.line_id = $1 for update of l
      """, [.int8(id)]
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
  }
}

extension ExpectedMoney {
  /// The entry that has the money on 1100 already; nil when none has.
  package var bookedEntry: Int64? {
    guard case .booked(let entry) = state else { return nil }
    return entry
  }
}
