package import Basics
import Ledger
import Postgres

/// A part of what stands on 2290: a line of the bank of which nothing is known, or an entry.
package struct UnmatchedPart: Sendable, Equatable {
  /// Above zero it came, below it went.
  package let money: Money
  package let since: Day
  /// What it is, in words.
  package let what: String
}

extension BookTables {
  /// What the sums on 2290 are made of, the oldest first, at most so many.
  ///
  /// Lines of the bank stand one by one, until a person says what they are. Of the rest nothing says which
  /// entry settled which; so what came first counts as settled first, and the newest entries are left.
  package func unmatchedParts(countMax: Int) async throws -> [UnmatchedPart] {
    let rows = try await connection.query(
      """
      with open_line as (
        select l.currency, l.minor, l.booked_on as since,
          format('line %s of statement %s', l.line_id, s.number) as what, l.entry_id
        from statement_line l join bank_statement s using (statement_id)
        where l.subject = 'unknown'),
      other as (
        select e.currency, e.entry_id, e.accounting_date, e.description,
          sum(p.credit_minor - p.debit_minor) as minor
        from posting p join entry e using (entry_id)
        where p.account = $1 and not exists (select from open_line l where l.entry_id = e.entry_id)
        group by 1, 2, 3, 4),
      rest as (select currency, sum(minor) as minor from other group by 1),
      newest as (
        select o.currency, o.entry_id, o.accounting_date, o.description, abs(o.minor) as size,
          r.minor as rest, sum(abs(o.minor)) over (
            partition by o.currency order by o.accounting_date desc, o.entry_id desc) as running
        from other o join rest r using (currency) where sign(o.minor) = sign(r.minor))
      select currency, minor, since, what from open_line
      union all
      select currency, (sign(rest) * least(size, abs(rest) - (running - size)))::int8,
        accounting_date, format('entry %s: %s', entry_id, left(description, 80))
      from newest where rest <> 0 and running - size < abs(rest)
      order by 3, 4 limit $2
      """, [.text(AccountCode.unmatchedReceipts), .int8(Int64(countMax))])
    return try rows.map { row in
      UnmatchedPart(
        money: Money(minor: try row.int8("minor"), currency: try row.currency("currency")),
        since: try row.date("since"), what: try row.text("what"))
    }
  }
}
