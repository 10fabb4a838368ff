import ArgumentParser
import Basics
import Foundation
import LoadMeasures
import ServiceClient

/// Measures how long the reports over a whole month take.
struct ReportsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reports",
    abstract: "Fills a month of sums and measures the reports over it; exit 1 above the limit.",
    discussion: """
      A service of our own gets the sums that its clearing would keep of a month of 30 million rides \
      (5 operators, 40 routes, 6 categories), three million charge windows with their events and the \
      acquirer's lines about them, the rides of the days that owe and the sums of all, and each \
      report of that month is asked for over HTTP, several times. The first answer is told apart: it \
      finds nothing in memory.
      """)

  @Option(help: "Rides of the month, about.")
  var rides = 30_000_000

  @Option(help: "Charge windows of the month; each of a rider and a day.")
  var windows = 3_000_000

  @Option(help: "Times that each report is asked for.")
  var times = 5

  @Option(help: "Lanes that the sums are of, 1 to 64: fewer make fewer rows.")
  var lanes = 64

  @Option(help: "Seconds that no answer may take longer than.")
  var limitSeconds = 2.0

  @Option(help: "The kvytok program to start; the one beside loadtest when left out.")
  var kvytok: String?

  @Flag(help: "Prints one JSON object instead of a table.")
  var json = false

  func validate() throws {
    guard (1...64).contains(lanes), limitSeconds > 0 else {
      throw ValidationError("--lanes is 1 to 64, and --limit-seconds above zero")
    }
    guard rides >= rowsPerMonth, times > 0, windows >= 0 else {
      throw ValidationError(
        "--rides is at least \(rowsPerMonth), --times above zero, --windows not below")
    }
  }

  func run() async throws {
    let service = try await StartedService(program: kvytok, roles: "web")
    let client = ServiceClient(base: service.url, adminToken: service.adminToken)
    let result: Result<ReportTimes, any Error>
    do { result = .success(try await measure(service, client)) } catch { result = .failure(error) }
    try? await client.close()
    await service.stop()
    let report = try result.get()
    print(json ? String(decoding: report.json, as: UTF8.self) : report.text)
    guard report.longestSeconds <= limitSeconds else {
      ProgressBar.write(
        "the slowest answer took \(report.longestSeconds) s, more than \(limitSeconds)\n")
      throw ExitCode(1)
    }
  }

  private static let reports = [
    "operators", "reconciliation", "late-taps", "debts", "subsidy", "refunds",
    "revenue-without-caps", "devices",
  ]
  private static let days = 30
  private static let rowsPerLane = 240
  private var rowsPerMonth: Int { Self.days * lanes * Self.rowsPerLane }

  private func measure(_ service: StartedService, _ client: ServiceClient) async throws
    -> ReportTimes
  {
    guard let database = service.database.map({ Psql(database: $0) }) else {
      throw ProgramFault("the service's database was not found")
    }
    let first = Day(number: Int(Date().timeIntervalSince1970) / 86_400 - Self.days - 1)
    let last = first.adding(days: Self.days - 1)
    ProgressBar.write("filling the sums of a month …\n")
    try await database.run(fill(first))
    try await database.run(fillWindows(first))
    try await database.run(Self.fillOwing)
    // As a month of rows that came day by day is found: the server has looked after them on the way.
    try await database.run(
      "vacuum analyze ride_sum, charge_window, charge_event, ride, clearing_run, acquirer_record, "
        + "charge_refund, charge_sum, acquirer_sum")
    var report = ReportTimes()
    report.windows = windows
    report.rides = Int(try await database.number("select sum(rides)::bigint from ride_sum"))
    let clock = ContinuousClock()
    for name in Self.reports {
      let path = "/v1/reports/\(name)?date=\(first)&to=\(last)"
      for _ in 0..<times {
        let start = clock.now
        let answer = try await client.sendOnce(
          "GET", path,
          headers: [
            ("authorization", "Bearer \(service.adminToken)"), ("accept", "application/json"),
          ]
        ).answer
        guard answer.status == 200 else {
          throw ServiceFault.refused(
            request: "GET \(path)", status: answer.status, body: answer.text)
        }
        report.note(name, seconds: (clock.now - start).seconds, bytes: answer.body.count)
      }
    }
    return report
  }

  /// Sums as clearing keeps them: some booked three days late, as late taps are.
  ///
  /// Nothing was booked for them, so that they are put in past the triggers.
  private func fill(_ first: Day) -> String {
    let each = rides / rowsPerMonth
    return """
      set session_replication_role = replica;
      insert into ride_sum
      select date '\(first)' + d, date '\(first)' + d + (k % 40 = 0)::int * 3, l, 'op-' || k % 5,
        'route-' || k % 40, 'bus', 'category-' || k % 6, 'p-' || k / 120, 'card', 'UAH', 'test-1',
        \(each), \(each), \(each / 12), \(each / 12), 0, 0, \(each) * 800, \(each) * 720
      from generate_series(0, \(Self.days - 1)) d, generate_series(0, \(lanes - 1)) l,
        generate_series(0, \(Self.rowsPerLane - 1)) k;
      set session_replication_role = origin;
      """
  }

  /// Windows as charging leaves them: most are funded, those of the last two days not yet, one in a hundred
  /// is a debt, one in five hundred was given up, one in two hundred gave something back.
  private func fillWindows(_ first: Day) -> String {
    """
    set session_replication_role = replica;
    insert into charge_day select date '\(first)' + d, now() from generate_series(0, \(Self.days - 1)) d;
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
    cross join lateral (select date '\(first)' + (n % \(Self.days))::int as fare_day) w
    cross join lateral (select case when n % 100 = 3 then 'debt' when n % 500 = 4 then 'written_off'
      when n % \(Self.days) >= \(Self.days - 2) then 'captured' else 'settled' end as state) s;
    insert into acquirer_record (file_id, line, kind, reference, key, gross_minor, fee_minor, currency,
      value_date, category, window_id)
    select 1 + number, window_id, 'capture', reference, 'w' || window_id || '-1', 1600, 24, 'UAH', fare_day + 1,
      'matched', window_id
    from charge_window where settled_minor > 0;
    insert into charge_refund (window_id, minor, cause, state, created_at, paid_at)
    select window_id, refunded_minor, 'rerated', 'paid', closed_at, closed_at
    from charge_window where refunded_minor > 0;
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
    insert into acquirer_sum (fare_day, category, kind, currency, records, gross_minor, fee_minor)
    select w.fare_day, category, kind, r.currency, count(*), sum(gross_minor), sum(fee_minor)
    from acquirer_record r join charge_window w using (window_id) group by 1, 2, 3, 4;
    set session_replication_role = origin;
    """
  }

  /// What happened to the windows, and two rides of each day that owes: of these alone a report reads rides.
  private static let fillOwing = """
    set session_replication_role = replica;
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
    set session_replication_role = origin;
    """
}
