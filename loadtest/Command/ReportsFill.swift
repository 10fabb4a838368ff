import Basics

/// What a month of a large city leaves in the tables that reports are made of, as statements.
///
/// Nothing was booked for the sums, so that all is put in past the triggers.
struct ReportsFill {
  /// Rows that the sums of rides have of each lane and day: by draws, 15,600 rides over 100 routes, 6 categories, 3
  /// products and 4 media leave as many.
  private static let rowsPerLane = 3600
  /// Lines of the bank a day besides the acquirer's money.
  private static let transfersPerDay = 200
  /// Days after which the bank's statement has the money of a file of the acquirer.
  private static let fundingDays = 2

  let rides: Int
  let windows: Int
  let entries: Int
  let lanes: Int
  /// The last day of a month.
  let last: Day

  var first: Day { last.adding(days: 1 - last.civil.day) }
  /// The month as the books name it.
  var month: String { String(last.description.prefix(7)) }
  private var days: Int { last.civil.day }
  /// Rides of the month that a validator saw, about.
  private var devices: Int { max(rides / 15_000, 1) }

  /// The statements in order; each of the strings is run by itself.
  var all: [String] {
    [sums, chargeWindows, owing, books, bank, claims, fleet].map { body in
      "set session_replication_role = replica; \(body)"
    } + [keptSums, "vacuum analyze"]
  }

  /// Sums as clearing keeps them: some booked three days late, as late taps are.
  ///
  /// All rides lie in the rows, as evenly as may be; of few rides a row has none, and is left out.
  private var sums: String {
    let rows = days * lanes * Self.rowsPerLane
    return """
      insert into accounting_period (period, first_date, last_date, state)
        values ('\(month)', '\(first)', '\(last)', 'open') on conflict do nothing;
      insert into ride_sum
      select date '\(first)' + d, date '\(first)' + d + (k % 40 = 0)::int * 3, l, 'op-' || k % 5,
        'route-' || k % 40, 'bus', 'category-' || k % 6, 'p-' || k / 120, 'card', 'UAH', 'test-1',
        n, n, n * (k % 12 = 0)::int, n * (k % 12 = 1)::int, 0, 0, n * 800, n * 720
      from generate_series(0, \(days - 1)) d, generate_series(0, \(lanes - 1)) l,
        generate_series(0, \(Self.rowsPerLane - 1)) k
      cross join lateral (
        select (d * \(lanes) + l)::int8 * \(Self.rowsPerLane) + k as i) place
      cross join lateral (
        select (i + 1) * \(rides) / \(rows) - i * \(rides) / \(rows) as n) rides
      where n > 0;
      """
  }

  /// Windows as charging leaves them: most are funded, those of the last two days not yet, one in a hundred
  /// is a debt, one in five hundred was given up, one in two hundred gave something back.
  private var chargeWindows: String {
    """
    insert into charge_day select date '\(first)' + d, now() from generate_series(0, \(days - 1)) d;
    insert into charge_window (window_id, lane, rider_id, medium_id, fare_day, number, currency, state,
      amount_minor, due_minor, captured_minor, settled_minor, refunded_minor, written_off_minor,
      declined_at, decline_code, reference, closed_at)
    overriding system value
    select n, n % 64, md5(n::text)::uuid, md5(n::text)::uuid, w.fare_day, 0, 'UAH', s.state, 1600,
      case s.state when 'debt' then 1600 else 0 end,
      case when s.state in ('settled', 'captured') then 1600 else 0 end,
      case s.state when 'settled' then 1600 else 0 end,
      case when s.state = 'settled' and n % 200 = 7 then 800 else 0 end,
      case s.state when 'written_off' then 1600 else 0 end,
      case when s.state in ('debt', 'written_off') then w.fare_day + 1 end,
      case when s.state in ('debt', 'written_off') then 'insufficient_funds' end, 'P' || n, w.fare_day + 1
    from generate_series(1, \(windows)) n
    cross join lateral (select date '\(first)' + (n % \(days))::int as fare_day) w
    cross join lateral (select case when n % 100 = 3 then 'debt' when n % 500 = 4 then 'written_off'
      when n % \(days) >= \(days - 2) then 'captured' else 'settled' end as state) s;
    insert into acquirer_file (file_id, direction, name, number, digest, currency, records, gross_minor,
      fee_minor, at)
    overriding system value
    select 1 + d, 'in', 'funding-' || d, 1 + d, '', 'UAH', 0, 0, 0, date '\(first)' + d
    from generate_series(0, \(days - 1)) d;
    insert into acquirer_record (file_id, line, kind, reference, key, gross_minor, fee_minor, currency,
      value_date, category, window_id)
    select 1 + fare_day - date '\(first)', window_id, 'capture', reference, 'w' || window_id || '-1', 1600, 24,
      'UAH', fare_day + 1, 'matched', window_id
    from charge_window where settled_minor > 0;
    insert into charge_refund (window_id, minor, cause, state, created_at, paid_at)
    select window_id, refunded_minor, 'rerated', 'paid', closed_at, closed_at
    from charge_window where refunded_minor > 0;
    """
  }

  /// What happened to the windows, and two rides of each day that owes: of these alone a report reads rides.
  private var owing: String {
    """
    insert into clearing_run (run_id, lane, accounting_date, started_at, rider_days, taps, rides_added,
      rides_reversed, windowed_at, shared_at)
    overriding system value
    select 1, 0, min(fare_day), now(), 0, 0, 0, 0, now(), now() from charge_window
    having count(*) > 0;
    insert into charge_event (window_id, at, kind, attempt, minor, actor, detail)
    select window_id, closed_at, 'captured', 1, captured_minor, 'acquirer', null
    from charge_window where captured_minor > 0;
    insert into charge_event (window_id, at, kind, attempt, minor, actor, detail)
    select window_id, declined_at, 'declined', 1, amount_minor, 'acquirer',
      decline_code || ', final'
    from charge_window where declined_at is not null;
    insert into charge_event (window_id, at, kind, attempt, minor, actor, detail)
    select window_id, declined_at + interval '1 hour', 'written_off', 1, written_off_minor, 'olena', null
    from charge_window where written_off_minor > 0;
    insert into ride (fare_day, lane, rider_id, run_id, started_at, device_id, epoch, seq, riders,
      category, product, medium, mode, operator_id, route, currency, nominal_minor, charged_minor,
      tariff_version, reason)
    select fare_day, lane, rider_id, 1, fare_day + interval '10 hours', 'V-' || lane, 1,
      2 * window_id + n, 1, 'category-0', 'p-0', 'bank', 'bus', 'op-' || (window_id + n) % 5, 'route-0',
      currency, 800, 800, 'test-1', '{}'
    from charge_window, generate_series(0, 1) n where due_minor > 0;
    """
  }

  /// The entry of each run, with a line for the riders and one for an operator.
  private var books: String {
    """
    insert into entry (entry_id, run_id, accounting_date, fare_day, currency, kind, description, digest,
      created_at)
    overriding system value
    select n, n, d, d, 'UAH', 'fares', 'Fares of ' || d || ', clearing run ' || n, '', d
    from generate_series(1, \(entries)) n
    cross join lateral (select date '\(first)' + (n % \(days))::int as d) day;
    insert into posting (entry_id, line, account, operator_id, category, debit_minor, credit_minor)
    select n, l, case l when 1 then '1200' else '2100' end, case l when 2 then 'op-' || n % 5 end,
      'category-' || n % 6, case l when 1 then 8000 else 0 end, case l when 2 then 8000 else 0 end
    from generate_series(1, \(entries)) n, generate_series(1, 2) l;
    """
  }

  /// A statement a day: the money of a file of the acquirer some days after it, and transfers of riders.
  private var bank: String {
    let lines = Self.transfersPerDay + 1
    return """
      insert into bank_account (bank_account_id, currency, iban, changed_by, changed_at)
        overriding system value values (1, 'UAH', 'UA1', 'loadtest', now());
      insert into bank_statement (statement_id, currency, number, opening_day, closing_day, opening_minor,
        closing_minor, name, digest, taken_by, taken_at, bank_account_id)
      overriding system value
      select 1 + d, 'UAH', 'S' || d, date '\(first)' + d, date '\(first)' + d, d * \(lines) * 20000,
        (d + 1) * \(lines) * 20000, 'f', '', 'loadtest', now(), 1
      from generate_series(0, \(days - 1)) d;
      insert into entry (entry_id, accounting_date, currency, kind, description, digest, created_at)
      overriding system value
      select \(entries) + 1 + n, date '\(first)' + n / \(lines), 'UAH', 'bank', 'line ' || n, '', now()
      from generate_series(0, \(days * lines - 1)) n;
      insert into posting (entry_id, line, account, debit_minor, credit_minor)
      select \(entries) + 1 + n, l, case l when 1 then '1100' else '2290' end,
        case l when 1 then 20000 else 0 end, case l when 2 then 20000 else 0 end
      from generate_series(0, \(days * lines - 1)) n, generate_series(1, 2) l;
      insert into statement_line (statement_id, currency, reference, booked_on, minor, remittance, subject,
        subject_id, entry_id, bank_account_id)
      select 1 + n / \(lines), 'UAH', 'L' || n, date '\(first)' + n / \(lines), 20000, 'what for',
        case when f.file > 0 then 'funding' else 'receipt' end,
        case when f.file > 0 then f.file else n + 1 end, \(entries) + 1 + n, 1
      from generate_series(0, \(days * lines - 1)) n
      cross join lateral (select case when n % \(lines) = 0
        then n / \(lines) + 1 - \(Self.fundingDays) else 0 end as file) f;
      """
  }

  /// A claim of the month and one of the month before, each with its rides one by one.
  private var claims: String {
    """
    insert into subsidy_claim (claim_id, first_day, last_day, currency, state, created_by, created_at)
      overriding system value
      values (1, date '\(first)' - 28, date '\(first)' - 1, 'UAH', 'paid', 'loadtest', now()),
        (2, '\(first)', '\(last)', 'UAH', 'awaiting', 'loadtest', now());
    insert into subsidy_line
    select c, 'op-' || o, 'category-' || k, 1000, 800000
    from generate_series(1, 2) c, generate_series(0, 4) o, generate_series(1, 5) k;
    insert into subsidy_ride
    select c, case c when 1 then date '\(first)' - 1 - n % 28 else date '\(first)' + n % 28 end, n % 64, n,
      false, 'op-' || n % 5, 'category-' || 1 + n % 5, 1, 800
    from generate_series(1, 2) c, generate_series(1, \(rides / 20)) n;
    """
  }

  /// What validators sent, each on two routes of a day, and the boardings of the last day.
  private var fleet: String {
    """
    insert into device (device_id, state, enrolled_at)
    select 'V-' || n, 'enrolled', now() from generate_series(1, \(devices)) n;
    insert into device_epoch (device_id, epoch, seen, taps_stored, last_received_at, last_sent_at)
    select 'V-' || n, 1, '{[1,9000),[9010,15000)}', 14990, now(), now()
    from generate_series(1, \(devices)) n;
    insert into device_day (fare_day, device_id, route, accepted, denied, late_accepted, late_denied)
    select date '\(first)' + d, 'V-' || n, 'route-' || (n + r) % 40, 240, 10, n % 10, 0
    from generate_series(0, \(days - 1)) d, generate_series(1, \(devices)) n,
      generate_series(0, 1) r;
    insert into tap_sum (fare_day, lane, accepted, denied)
    select date '\(first)' + d, l, \(rides / days / 64), 10
    from generate_series(0, \(days - 1)) d, generate_series(0, 63) l;
    insert into boarding (fare_day, lane, rider_id, tapped_at, device_id, epoch, seq, riders, vehicle,
      route, direction, stop, stop_order, source, confidence)
    select '\(last)', n % 64, md5(n::text)::uuid, date '\(last)' + interval '8 hours',
      'V-' || n % \(devices), 1, n, 1, n % 900, 'route-' || n % 40, 0, 's' || n % 50, n % 50,
      'door_event', 0.9
    from generate_series(1, \(rides / days)) n;
    """
  }

  /// The sums that those who write the rows would have kept of them.
  private var keptSums: String {
    """
    set session_replication_role = replica;
    insert into charge_sum (fare_day, currency, windows, amount_minor, authorised_windows,
      authorised_minor, captured_windows, captured_minor, settled_windows, settled_minor,
      unsettled_windows)
    select fare_day, currency, count(*), sum(amount_minor), count(*) filter (where captured_minor > 0),
      sum(captured_minor), count(*) filter (where captured_minor > 0), sum(captured_minor),
      count(*) filter (where settled_minor > 0), sum(settled_minor),
      count(*) filter (where captured_minor > settled_minor)
    from charge_window group by 1, 2;
    insert into ride_sum
    select fare_day, fare_day, 0, 'op-0', 'route-0', 'bus', 'category-0', 'p-0', 'bank', 'UAH', 'test-1',
      windows, windows, 0, 0, 0, 0, amount_minor, amount_minor
    from charge_sum;
    insert into ride_day_sum (fare_day, accounting_date, operator_id, mode, category, product, medium,
      currency, tariff_version, rides, riders, free_rides, reduced_rides, unknown_rides, late_rides,
      nominal_minor, charged_minor, concession_rides, free_people, reduced_people, concession_minor)
    select fare_day, accounting_date, operator_id, mode, category, product, medium, currency,
      tariff_version, sum(rides), sum(riders), sum(free_rides), sum(reduced_rides), sum(unknown_rides),
      sum(late_rides), sum(nominal_minor), sum(charged_minor), sum(concession_rides), sum(free_people),
      sum(reduced_people), sum(concession_minor)
    from ride_sum group by 1, 2, 3, 4, 5, 6, 7, 8, 9;
    insert into acquirer_sum (fare_day, category, kind, currency, file_id, records, gross_minor, fee_minor)
    select w.fare_day, category, kind, r.currency, file_id, count(*), sum(gross_minor), sum(fee_minor)
    from acquirer_record r join charge_window w using (window_id) group by 1, 2, 3, 4, 5;
    insert into capture_sum (accounting_date, currency, captures)
    select closed_at::date, currency, count(*) from charge_window where captured_minor > 0 group by 1, 2;
    insert into posting_sum (accounting_date, currency, account, operator_id, entries, debit_minor,
      credit_minor, is_folded, kind, fare_day)
    select e.accounting_date, e.currency, p.account, p.operator_id, count(*) filter (where p.line = 1),
      sum(p.debit_minor), sum(p.credit_minor), true, e.kind, e.fare_day
    from posting p join entry e using (entry_id) group by 1, 2, 3, 4, 9, 10;
    """
  }
}
