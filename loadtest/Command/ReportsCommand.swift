import ArgumentParser
import Basics
import Foundation
import LoadMeasures
import ServiceClient

/// Measures how long the reports over a whole month take.
struct ReportsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reports",
    abstract: "Fills a month of sums and measures the reports over it.",
    discussion: """
      A service of our own gets the sums that its clearing would keep of a month of 30 million rides \
      (5 operators, 40 routes, 6 categories), and each report of that month is asked for over HTTP, \
      several times. The first answer is told apart: it finds nothing in memory.
      """)

  @Option(help: "Rides of the month, about.")
  var rides = 30_000_000

  @Option(help: "Times that each report is asked for.")
  var times = 5

  @Option(help: "The kvytok program to start; the one beside loadtest when left out.")
  var kvytok: String?

  @Flag(help: "Prints one JSON object instead of a table.")
  var json = false

  func validate() throws {
    guard rides >= Self.rowsPerMonth, times > 0 else {
      throw ValidationError("--rides is at least \(Self.rowsPerMonth), --times above zero")
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
  }

  private static let reports = [
    "operators", "reconciliation", "late-taps", "debts", "subsidy", "refunds",
    "revenue-without-caps", "devices",
  ]
  private static let days = 30
  private static let lanes = 64
  private static let rowsPerLane = 240
  private static let rowsPerMonth = days * lanes * rowsPerLane

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
    var report = ReportTimes()
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
    let each = rides / Self.rowsPerMonth
    return """
      set session_replication_role = replica;
      insert into ride_sum
      select date '\(first)' + d, date '\(first)' + d + (k % 40 = 0)::int * 3, l, 'op-' || k % 5,
        'route-' || k % 40, 'bus', 'category-' || k % 6, 'p-' || k / 120, 'card', 'UAH', 'test-1',
        \(each), \(each), \(each / 12), \(each / 12), 0, 0, \(each) * 800, \(each) * 720
      from generate_series(0, \(Self.days - 1)) d, generate_series(0, \(Self.lanes - 1)) l,
        generate_series(0, \(Self.rowsPerLane - 1)) k;
      set session_replication_role = origin;
      analyze ride_sum;
      """
  }
}
