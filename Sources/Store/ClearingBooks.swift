package import Basics
package import Ledger
import Postgres

extension StoreSession {
  /// The books: clearing runs, entries and their sums.
  package var books: BookTables { BookTables(connection: connection) }
}

/// The books: clearing runs, entries and their sums.
///
/// Entries are only ever added.
package struct BookTables {
  /// Most entries read at once for a proof.
  package static let entriesPerPageMax = 1000

  let connection: PostgresConnection

  /// Brings the table of accounts to the chart; codes that others use are never taken away.
  package func save(_ chart: ChartOfAccounts) async throws {
    try await connection.execute(
      """
      insert into account (code, name_uk, name_en, kind)
      select * from unnest($1::text[], $2::text[], $3::text[], $4::text[])
      on conflict (code) do update
        set name_uk = excluded.name_uk, name_en = excluded.name_en, kind = excluded.kind
      """,
      [
        .texts(chart.accounts.map(\.code)), .texts(chart.accounts.map(\.name.ukrainian)),
        .texts(chart.accounts.map(\.name.english)), .texts(chart.accounts.map(\.kind.rawValue)),
      ])
  }

  /// Opens a clearing run; its number.
  package func addRun(_ run: ClearingRunRow) async throws -> Int64 {
    let rows = try await connection.query(
      """
      insert into clearing_run (lane, accounting_date, started_at, rider_days, taps, rides_added,
        rides_reversed)
      values ($1, $2, $3, $4, $5, $6, $7) returning run_id
      """,
      [
        .int2(run.lane), .date(run.accountingDate), .timestamptz(run.startedAt),
        .int4(Int32(run.riderDays)), .int4(Int32(run.taps)), .int4(Int32(run.ridesAdded)),
        .int4(Int32(run.ridesReversed)),
      ])
    let runID = try rows.only().int8(0)
    guard !run.causes.isEmpty else { return runID }
    try await connection.execute(
      """
      insert into clearing_run_cause (run_id, cause, rider_days, rides_added, rides_reversed)
      select $1, * from unnest($2::text[], $3::int4[], $4::int4[], $5::int4[])
      """,
      [
        .int8(runID), .texts(run.causes.map { Optional($0.cause.rawValue) }),
        .int4s(run.causes.map { Int32($0.riderDays) }),
        .int4s(run.causes.map { Int32($0.ridesAdded) }),
        .int4s(run.causes.map { Int32($0.ridesReversed) }),
      ])
    return runID
  }

  /// Books entries with their lines, numbered in their order.
  package func add(_ entries: [Entry], at now: Instant) async throws {
    _ = try await bookAll(entries, at: now)
  }

  /// Books entries with their lines, numbered in their order: their numbers.
  ///
  /// Three statements however many they are.
  package func bookAll(_ entries: [Entry], at now: Instant) async throws -> [Int64] {
    guard !entries.isEmpty else { return [] }
    let numbers = try await connection.query(
      """
      select nextval(pg_get_serial_sequence('entry', 'entry_id')) from generate_series(1, $1)
      """, [.int4(Int32(entries.count))]
    ).map { try $0.int8(0) }.sorted()
    let lines = zip(numbers, entries).flatMap { number, entry in
      entry.postings.enumerated().map { (number: number, line: Int16($0 + 1), posting: $1) }
    }
    try await connection.pipeline([
      PostgresStatement(
        """
        insert into entry (entry_id, run_id, accounting_date, fare_day, currency, kind,
          description, digest, created_at)
        overriding system value
        select *, $9 from unnest($1::int8[], $2::int8[], $3::date[], $4::date[], $5::text[],
          $6::text[], $7::text[], $8::bytea[])
        """,
        [
          .int8s(numbers), .int8s(entries.map(\.runID)), .dates(entries.map(\.accountingDate)),
          .dates(entries.map(\.fareDay)), .texts(entries.map(\.currency.code)),
          .texts(entries.map(\.kind.rawValue)), .texts(entries.map(\.memo)),
          .byteas(entries.map(\.digest)), .timestamptz(now),
        ]),
      PostgresStatement(
        """
        insert into posting (entry_id, line, account, operator_id, category, debit_minor,
          credit_minor)
        select * from unnest($1::int8[], $2::int2[], $3::text[], $4::text[], $5::text[],
          $6::int8[], $7::int8[])
        """,
        [
          .int8s(lines.map(\.number)), .int2s(lines.map(\.line)),
          .texts(lines.map(\.posting.account)), .texts(lines.map(\.posting.operatorID)),
          .texts(lines.map(\.posting.category)), .int8s(lines.map(\.posting.debitMinor)),
          .int8s(lines.map(\.posting.creditMinor)),
        ]),
    ])
    return numbers
  }

  /// What stands on an account, credits less debits, by currency; currencies in which it is even are left
  /// out.
  package func standing(on account: String) async throws -> [Money] {
    let rows = try await connection.query(
      """
      select e.currency, sum(p.credit_minor - p.debit_minor)::int8 as minor
      from posting p join entry e using (entry_id) where p.account = $1
      group by e.currency having sum(p.credit_minor - p.debit_minor) <> 0 order by e.currency
      """, [.text(account)])
    return try rows.map { row in
      Money(minor: try row.int8("minor"), currency: try row.currency("currency"))
    }
  }

  /// Entries as they stand, in the order of their numbers, after a number; at most a page.
  package func entries(after number: Int64) async throws -> [RecordedEntry] {
    let rows = try await connection.query(
      """
      select e.entry_id, e.run_id, e.accounting_date, e.fare_day, e.currency, e.kind,
        e.description, e.digest,
        array_agg(p.account order by p.line) as accounts,
        array_agg(p.operator_id order by p.line) as operators,
        array_agg(p.category order by p.line) as categories,
        array_agg(p.debit_minor order by p.line) as debits,
        array_agg(p.credit_minor order by p.line) as credits
      from (select * from entry where entry_id > $1 order by entry_id limit $2) e
      left join posting p using (entry_id)
      group by e.entry_id, e.run_id, e.accounting_date, e.fare_day, e.currency, e.kind,
        e.description, e.digest
      order by e.entry_id
      """, [.int8(number), .int8(Int64(Self.entriesPerPageMax))])
    return try rows.map(Self.entry)
  }

  private static func entry(_ row: PostgresRow) throws -> RecordedEntry {
    RecordedEntry(
      number: try row.int8("entry_id"), kind: try row.text("kind"),
      runID: try row.int8OrNil("run_id"), accountingDate: try row.date("accounting_date"),
      fareDay: try row.dateOrNil("fare_day"), currency: try row.currency("currency"),
      memo: try row.text("description"), postings: try postings(row),
      digest: try row.bytea("digest"))
  }

  /// Lines that were put together in arrays, in their order.
  static func postings(_ row: PostgresRow) throws -> [Posting] {
    let accounts = try row.texts("accounts")
    let operators = try row.texts("operators")
    let categories = try row.texts("categories")
    let debits = try row.int8s("debits")
    let credits = try row.int8s("credits")
    return accounts.indices.compactMap { index -> Posting? in
      // An entry whose lines were taken away comes as one line of nulls.
      guard let account = accounts[index], let debit = debits[index], let credit = credits[index]
      else { return nil }
      return Posting(
        account: account, operatorID: operators[index], category: categories[index],
        debitMinor: debit, creditMinor: credit)
    }
  }
}

extension PostgresRow {
  /// A currency by its code.
  func currency(_ column: String) throws -> Currency {
    let code = try text(column)
    guard let currency = Currency(code) else {
      throw StoreFault.unknownWord(code, column: column)
    }
    return currency
  }
}
