/// What was settled and not paid by a file of the acquirer, one by one.
extension ReportQuery {
  /// Most lines of which each fee is listed; of more there is a row for each fare day.
  static let feeLinesMax = 5000

  /// The lines of files that pay captures.
  private static func pays(_ line: String = "") -> String {
    "\(line)kind = 'capture' and \(line)category in ('matched', 'amount_differs')"
  }

  private static let feeLines = """
    (select coalesce(sum(records), 0) from acquirer_sum
      where fare_day between $1 and $2 and fee_minor <> 0 and \(pays()))
    """

  /// What stops at the steps `settled` and `bank`: the acquirer's fees, what desks took, what a line pays
  /// more than was open, and files that no statement shows the money of.
  ///
  /// A window without money of a desk and without a line of another amount is paid by its lines to the last
  /// minor unit: it is not looked at.
  static let unpaidSQL = """
    select 'settled' as step, case when d.minor > 0 then 'desk' else 'overpaid' end as why, d.fare_day,
      d.window_id::text as reference, d.currency, d.minor, null::int8 as windows_minor
    from (
      select w.fare_day, w.window_id, w.currency, w.settled_minor - coalesce((
          select sum(r.gross_minor)::int8 from acquirer_record r
          where r.window_id = w.window_id and \(pays("r."))), 0)
        as minor
      from charge_window w join (
        select window_id from charge_window where fare_day between $1 and $2 and desk_minor <> 0
        union
        select r.window_id from acquirer_record r join charge_window using (window_id)
        where r.category = 'amount_differs' and r.kind = 'capture' and fare_day between $1 and $2) odd
        using (window_id)) d
    where d.minor <> 0
    union all
    select 'settled', 'overpaid', r.value_date, concat_ws(' ', f.name, r.line), r.currency,
      -r.gross_minor, null
    from acquirer_record r join acquirer_file f using (file_id)
    where r.category = 'amount_differs' and r.kind = 'capture' and r.window_id is null
      and r.sale_id is null and r.value_date between $1 and $2
    union all
    select 'settled', 'fee', l.fare_day, concat_ws(' ', f.name, l.line), l.currency, l.fee_minor, null
    from (
      select w.fare_day, r.file_id, r.line, r.currency, r.fee_minor
      from charge_window w join acquirer_record r using (window_id)
      where w.fare_day between $1 and $2 and \(pays("r."))
      union all
      select value_date, file_id, line, currency, fee_minor from acquirer_record
      where category = 'amount_differs' and kind = 'capture' and window_id is null
        and sale_id is null and value_date between $1 and $2) l
    join acquirer_file f using (file_id)
    where l.fee_minor <> 0 and \(feeLines) <= \(feeLinesMax)
    union all
    select 'settled', 'fee', fare_day, null, currency, sum(fee_minor)::int8, null
    from acquirer_sum
    where fare_day between $1 and $2 and \(pays()) and \(feeLines) > \(feeLinesMax)
    group by fare_day, currency having sum(fee_minor) <> 0
    union all
    select 'bank', 'no statement', s.fare_day, f.name, s.currency,
      sum(s.gross_minor - s.fee_minor)::int8, null
    from \(filesUnseen)
    group by 3, 4, 5
    """

  /// Sums of the lines that pay captures of the days, of files that no line of a statement is the money of.
  static let filesUnseen = """
    acquirer_sum s join acquirer_file f using (file_id)
    where exists (select from bank_statement) and f.direction = 'in'
      and s.fare_day between $1 and $2 and \(pays("s."))
      and not exists (select from statement_line l where l.subject = 'funding'
        and l.subject_id = s.file_id and l.currency = s.currency)
    """
}
