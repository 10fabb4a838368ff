/// The statement of what came of the bank's statements after their month was closed.
extension ReportQuery {
  /// Lines of closed months that a month has as the first, and what it found out of lines that an
  /// earlier one had kept already.
  ///
  /// A closed month has what it was closed with; of the others only the first open one, in which what
  /// is late is booked, has what no closed month has seen.
  static let periodBankLateSQL = """
    with this as (\(Seen.closed)),
    before as (
      select max(last_date) as last_date from accounting_period
      where state <> 'open' and last_date < $1::date),
    open as (
      select 1 from before where last_date + 1 = $1::date and not exists (select from this)),
    late as (
      select 'line' as bank_late, l.line_id, l.booked_on, l.reference, l.minor, l.currency, l.subject,
        \(Seen.match(true)) as is_seen
      from bank_statement s join statement_line l using (statement_id)
      where s.kept_in = (select period from this)
        or s.kept_in is null and exists (select from open)
      union all
      select 'match', l.line_id, l.booked_on, l.reference, l.minor, l.currency, l.subject, true
      from statement_line l join bank_statement s using (statement_id)
      where l.match_kept_in = (select period from this) and s.kept_in < l.match_kept_in
      union all
      select 'match', l.line_id, l.booked_on, l.reference, l.minor, l.currency, l.subject, true
      from statement_line l join bank_statement s using (statement_id)
      where l.matched_by is not null and l.match_kept_in is null and s.kept_in is not null
        and exists (select from open))
    select bank_late, to_char(booked_on, 'YYYY-MM') as bank_month, booked_on as bank_day,
      reference as bank_reference, case when is_seen then subject else 'unknown' end as bank_subject,
      minor as amount_minor, currency
    from late
    where booked_on <= (select last_date from before) and $3::text is null
    order by booked_on, line_id, bank_late limit $4
    """
}
