import Ledger

/// The statements of the reports that hold 1100 against what the bank says.
///
/// `{point}` is the end of the last closed month that lies before the end of the days: until then only what
/// was not settled is read, the rest is in the sum of `bank_point`. It stands in the text, so that the
/// planner sees how few entries follow it.
extension ReportQuery {
  /// What of the statements a closed month had seen when it was closed; all, while it is open.
  enum Seen {
    static let closed = """
      select period from accounting_period
      where period = to_char($2::date, 'YYYY-MM') and state <> 'open'
      """

    static func statement(_ isKept: Bool) -> String {
      isKept ? "(not exists (\(closed)) or s.kept_in <= (\(closed)))" : "true"
    }

    static func match(_ isKept: Bool) -> String {
      isKept
        ? "(l.matched_by is null or not exists (\(closed)) or l.match_kept_in <= (\(closed)))"
        : "true"
    }
  }

  /// Postings `p` of the account at the bank with their entries `e`: each is looked up, for the others are as many as
  /// rides.
  private static let atBank = """
    (select entry_id, debit_minor, credit_minor from posting where account = '\(AccountCode.bank)') p
      cross join lateral (
        select * from entry n where n.entry_id = p.entry_id offset 0) e
    """

  /// Account 1100 and the bank's statements until the last of the days, and what explains that they
  /// differ.
  ///
  /// `explained` is what of a line an entry has on 1100: its own entry, or one of before; what a person
  /// took back from 1100, because it was booked before, counts against it. So the difference of the two
  /// balances is the sum of `rest` whatever was matched, and to what.
  static func bankParts(isKept: Bool) -> String {
    """
    booked as (
      select p.entry_id, e.accounting_date, e.currency, e.description,
        sum(p.debit_minor - p.credit_minor)::int8 as minor
      from \(atBank) where e.accounting_date > {point} and e.accounting_date <= $2
      group by 1, 2, 3, 4
      union all
      select e.entry_id, e.accounting_date, e.currency, e.description,
        sum(p.debit_minor - p.credit_minor)::int8
      from (select unnest(open_entries) as entry_id from bank_point where day = {point}) n
      join entry e using (entry_id) join posting p using (entry_id)
      where p.account = '\(AccountCode.bank)' group by e.entry_id),
    told as (
      select s.*, a.iban, lag(s.closing_minor) over days as before_minor,
        lag(s.number) over days as before_number, row_number() over (
          partition by s.bank_account_id order by s.closing_day desc, s.statement_id desc) as last
      from bank_statement s join bank_account a using (bank_account_id)
      where s.closing_day <= $2 and \(Seen.statement(isKept))
      window days as (partition by s.bank_account_id order by s.closing_day, s.statement_id)),
    lines as (
      select l.line_id, l.currency, l.reference, l.booked_on, l.minor, l.counterparty, l.remittance,
        l.note, l.entry_id, case when m.is_seen then l.match_entry_id end as match_entry_id,
        case when m.is_seen then l.book_entry_id end as book_entry_id,
        case when m.is_seen then l.subject else 'unknown' end as subject
      from statement_line l join told using (statement_id)
      cross join lateral (select \(Seen.match(isKept)) as is_seen) m
      where l.settled_on is null or l.settled_on > {point}),
    explained as (
      select x.line_id, x.entry_id, x.minor
      from lines l cross join lateral (values
        (l.line_id, l.entry_id, l.minor), (l.line_id, l.book_entry_id, l.minor),
        (l.line_id, case when l.book_entry_id is not null then l.match_entry_id end, -l.minor))
        x (line_id, entry_id, minor)
      join booked b on b.entry_id = x.entry_id),
    line_sum as (
      select line_id, count(*) as found, sum(minor)::int8 as minor from explained group by 1),
    entry_sum as (select entry_id, sum(minor)::int8 as minor from explained group by 1),
    rest (why, currency, day, reference, text, minor, explains) as (
      select case when coalesce(x.minor, 0) = 0 then 'statement only' else 'amount differs' end,
        l.currency, l.booked_on, l.reference, concat_ws('; ', l.counterparty, l.remittance), l.minor,
        coalesce(x.minor, 0) - l.minor
      from lines l left join line_sum x using (line_id) where coalesce(x.minor, 0) <> l.minor
      union all
      select case when coalesce(x.minor, 0) = 0 then 'books only' else 'amount differs' end,
        b.currency, b.accounting_date, 'entry ' || b.entry_id, b.description, b.minor,
        b.minor - coalesce(x.minor, 0)
      from booked b left join entry_sum x using (entry_id)
      where coalesce(x.minor, 0) <> b.minor and b.currency in (select currency from told)
      union all
      select case when before_number is null then 'opening balance' else 'missing statement' end,
        currency, opening_day, number, concat_ws(', ', iban, before_number),
        opening_minor - coalesce(before_minor, 0), coalesce(before_minor, 0) - opening_minor
      from told where opening_minor <> coalesce(before_minor, 0))
    """
  }

  /// What the bank and the books say of the days, and of the end of the last of them; of a closed month as
  /// it stood where it is `isKept`.
  static func bankSQL(isKept: Bool) -> String {
    """
    with \(bankParts(isKept: isKept)),
    moved as (
      select l.currency, count(*) filter (where minor > 0) as in_n,
        coalesce(sum(minor) filter (where minor > 0), 0)::int8 as in_minor,
        count(*) filter (where minor < 0) as out_n,
        coalesce(sum(minor) filter (where minor < 0), 0)::int8 as out_minor
      from statement_line l join bank_statement s using (statement_id)
      where l.booked_on between $1 and $2 and \(Seen.statement(isKept)) group by 1),
    posted as (
      select e.currency, count(*) filter (where p.debit_minor > 0) as in_n,
        sum(p.debit_minor)::int8 as in_minor, count(*) filter (where p.credit_minor > 0) as out_n,
        -sum(p.credit_minor)::int8 as out_minor
      from \(atBank) where e.accounting_date between $1 and $2 group by 1),
    balance as (
      select t.currency, t.minor as told_minor,
        coalesce(k.booked_minor, 0) + coalesce(b.minor, 0) as booked_minor,
        coalesce(r.minor, 0) as explained_minor, coalesce(r.n, 0) as n
      from (select currency, sum(closing_minor)::int8 as minor from told where last = 1 group by 1) t
      left join (
        select currency, booked_minor from bank_point where day = {point}) k
        using (currency)
      left join (
        select currency, sum(minor)::int8 as minor from booked
        where accounting_date > {point} group by 1) b using (currency)
      left join (
        select currency, sum(explains)::int8 as minor, count(*) as n from rest group by 1) r
        using (currency)),
    step (place, bank_step, currency, counted, amount_minor) as (
      select 1, 'statement in', currency, in_n, in_minor from moved
      union all select 2, 'statement out', currency, out_n, out_minor from moved
      union all select 3, 'books in', currency, in_n, in_minor from posted
      union all select 4, 'books out', currency, out_n, out_minor from posted
      union all select 5, 'balance of the books', currency, null, booked_minor from balance
      union all select 6, 'balance of the statement', currency, null, told_minor from balance
      union all select 7, 'difference', currency, null, booked_minor - told_minor from balance
      union all select 8, 'explained', currency, n, explained_minor from balance
      union all
      select 9, 'unexplained', currency, null, booked_minor - told_minor - explained_minor
      from balance
      union all
      select 10, 'not known', currency, count(*), sum(minor)::int8 from lines
      where subject = 'unknown' group by currency)
    select bank_step, currency, counted, amount_minor from step
    where $3::text is null order by currency, place limit $4
    """
  }

  /// What the bank and the books do not have both, one by one, and the lines of which nothing is known.
  static func bankRemaindersSQL(isKept: Bool) -> String {
    """
    with \(bankParts(isKept: isKept))
    select why as bank_why, currency, day as bank_day,
      greatest({today} - day, 0)::int8 as bank_age,
      reference as bank_reference, text as bank_text, minor as amount_minor,
      explains as explains_minor
    from (
      select * from rest
      union all
      select 'not known', currency, booked_on, reference,
        concat_ws('; ', note, counterparty, remittance), minor, null
      from lines where subject = 'unknown') r
    where $3::text is null order by why, day, length(reference), reference, currency, minor limit $4
    """
  }
}
