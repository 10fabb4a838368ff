package import Basics
import Postgres

/// An account of the house at a bank.
package struct HouseAccount: Sendable, Hashable {
  package let id: Int64
  package let iban: String
  package let currency: Currency
  /// Who wrote it down.
  package let changedBy: String
}

/// A statement in a list, with what is still open of it.
package struct StatementSummary: Sendable, Hashable {
  package let statement: StatementRow
  package let lineCount: Int64
  /// Lines of which nothing is known.
  package let openCount: Int64
  /// What the missing statements before it come to; 0 when none is missing, nil for an account's first.
  package let gapMinor: Int64?
}

extension StatementTables {
  private static let accountSQL =
    "select bank_account_id, iban, currency, changed_by from bank_account"

  private static func account(_ row: PostgresRow) throws -> HouseAccount {
    HouseAccount(
      id: try row.int8("bank_account_id"), iban: try row.text("iban"),
      currency: try row.currency("currency"), changedBy: try row.text("changed_by"))
  }

  /// The accounts of the house.
  package func accounts() async throws -> [HouseAccount] {
    try await connection.query("\(Self.accountSQL) order by currency, bank_account_id")
      .map(Self.account)
  }

  /// The accounts of the house in some currencies, held until the transaction ends: who takes a
  /// statement, or says what a line is, comes one after the other.
  package func lockAccounts(_ currencies: Set<Currency>) async throws -> [HouseAccount] {
    try await connection.query(
      "\(Self.accountSQL) where currency = any($1) order by bank_account_id for update",
      [.texts(currencies.map { Optional($0.code) })]
    ).map(Self.account)
  }

  /// Writes down where the house has money; an account that is known stays as it is.
  package func addAccount(
    _ iban: String, in currency: Currency, by person: String, at now: Instant
  ) async throws {
    try await connection.execute(
      """
      insert into bank_account (currency, iban, changed_by, changed_at) values ($1, $2, $3, $4)
      on conflict (iban, currency) do nothing
      """, [.text(currency.code), .text(iban), .text(person), .timestamptz(now)])
  }

  /// Takes an account out of the list; false where statements of it were taken, or there is none.
  package func removeAccount(_ account: HouseAccount) async throws -> Bool {
    try await connection.query(
      """
      delete from bank_account a where bank_account_id = $1 and not exists (
        select from bank_statement s where s.bank_account_id = a.bank_account_id)
      returning 1
      """, [.int8(account.id)]
    ).onlyOrNil() != nil
  }

  /// Statements with what is open of them, the newest first; at most so many.
  package func summaries(countMax: Int) async throws -> [StatementSummary] {
    try await connection.query(
      """
      select t.*, l.line_n, l.open_n, t.opening_minor - t.before_minor as gap_minor
      from (
        select s.statement_id, a.iban, s.currency, s.number, s.opening_day, s.closing_day,
          s.opening_minor, s.closing_minor, s.digest, s.taken_by, s.taken_at,
          lag(s.closing_minor) over (
            partition by s.bank_account_id order by s.closing_day, s.statement_id) as before_minor
        from bank_statement s join bank_account a using (bank_account_id)) t
      cross join lateral (
        select count(*) as line_n, count(*) filter (where subject = 'unknown') as open_n
        from statement_line x where x.statement_id = t.statement_id) l
      order by t.closing_day desc, t.statement_id desc limit $1
      """, [.int8(Int64(countMax))]
    ).map { row in
      StatementSummary(
        statement: try Self.statement(row), lineCount: try row.int8("line_n"),
        openCount: try row.int8("open_n"), gapMinor: try row.int8OrNil("gap_minor"))
    }
  }
}
