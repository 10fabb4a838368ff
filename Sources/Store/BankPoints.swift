package import Basics
package import Ledger
import Postgres

/// Where the bank's statements and 1100 agree, month by month: what was settled once is not read again.
///
/// A *family* is a line alone, or all lines whose money one entry of before had on 1100. It is settled at the
/// end of a month when each of its lines is known, all of its entries are dated until then, and lines and
/// entries come to the same. The month is closed, so no entry can follow; and a line that is known never
/// changes. A statement of the month that comes later brings lines of its own.
extension StatementTables {
  /// Holds all accounts of the house until the transaction ends.
  package func lockAllAccounts() async throws {
    _ = try await connection.query(
      "select bank_account_id from bank_account order by bank_account_id for update")
  }

  /// Writes down what a month that is being closed has seen of statements, and where 1100 stands at its
  /// end; once more changes nothing but what came since.
  package func settle(_ period: AccountingPeriod) async throws {
    for statement in [
      "update bank_statement set kept_in = $1 where kept_in is null",
      """
      update statement_line set match_kept_in = $1
      where matched_by is not null and match_kept_in is null
      """,
    ] { try await connection.execute(statement, [.text(period.name)]) }
    try await settle(through: period.last)
  }

  /// Settles what agrees until a day after which nothing is dated before it any more.
  package func settle(through day: Day) async throws {
    let before = try await point(through: day.adding(days: -1))
    try await connection.execute(Self.settling.replacing("{point}", with: before), [.date(day)])
  }

  /// The last day until which something was settled, at most that day, as a statement names it.
  func point(through day: Day) async throws -> String {
    let point = try await connection.query(
      "select max(day) from bank_point where day <= $1 having max(day) is not null", [.date(day)]
    ).onlyOrNil()?.date(0)
    return "date '\(point?.description ?? "-infinity")'"
  }

  /// Takes back where 1100 stands at the end of a month that is opened again.
  package func unsettle(_ period: AccountingPeriod) async throws {
    try await connection.execute(
      "delete from bank_point where day = $1", [.date(period.last)])
  }

  /// Settles families until `$1`, from the point before it on.
  private static let settling = """
    with \(ReportQuery.bankParts(isKept: false).replacing("$2", with: "$1")),
    family as (
      select line_id, coalesce(book_entry_id, -line_id) as family, subject, minor,
        (entry_id is not null)::int + (book_entry_id is not null)::int
          + (book_entry_id is not null and match_entry_id is not null)::int as wanted
      from lines),
    odd_entry as (
      select b.entry_id from booked b left join entry_sum x using (entry_id)
      where coalesce(x.minor, 0) <> b.minor),
    odd_family as (
      select f.family from family f left join line_sum x using (line_id)
      where f.subject = 'unknown' or f.wanted <> coalesce(x.found, 0)
        or f.minor <> coalesce(x.minor, 0)
      union
      select f.family from family f join explained using (line_id) join odd_entry using (entry_id)),
    settled as (
      select line_id from family where not exists (
        select from odd_family o where o.family = family.family)),
    marked as (
      update statement_line l set settled_on = $1 from settled s where s.line_id = l.line_id),
    explained_entry as (select entry_id from explained join settled using (line_id)),
    open as (
      select b.* from booked b left join explained_entry x using (entry_id) where x.entry_id is null),
    moved as (
      select currency, sum(minor)::int8 as minor from booked
      where accounting_date > {point} group by 1),
    before as (select * from bank_point where day = {point})
    insert into bank_point (day, currency, booked_minor, open_entries)
    select $1, currency, coalesce(b.booked_minor, 0) + coalesce(m.minor, 0), coalesce((
      select array_agg(o.entry_id order by o.entry_id) from open o where o.currency = c.currency), '{}')
    from (select currency from before union select currency from moved) c
    left join before b using (currency) left join moved m using (currency)
    on conflict (day, currency) do update
      set booked_minor = excluded.booked_minor, open_entries = excluded.open_entries
    """
}
