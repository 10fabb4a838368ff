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
      A service of our own gets the sums that its clearing would keep of the month before this one, \
      of 30 million rides (5 operators, 40 routes, 6 categories), three million charge windows with \
      their events and the acquirer's lines about them, the rides of the days that owe, the entries of \
      as many runs, the bank's statements, claims with their rides, what validators sent, a day's \
      boardings and the sums of all. Each report of that month is asked for over HTTP, several times. \
      The first answer is told apart: it finds nothing in memory.
      """)

  @Option(help: "Rides of the month, about.")
  var rides = 30_000_000

  @Option(help: "Charge windows of the month; each of a rider and a day.")
  var windows = 3_000_000

  @Option(
    help: ArgumentHelp(
      "Entries of runs in the month; where taps come one by one, as many as rides. (default: a tenth of the rides)"
    ))
  var entries: Int?

  @Option(help: "Times that each report is asked for.")
  var times = 5

  @Flag(help: "Asks by the books of the month too, and for its last day alone.")
  var books = false

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
    guard rides > 0, times > 0, windows >= 0, entries ?? 1 > 0 else {
      throw ValidationError(
        "--rides, --times and --entries are above zero, --windows is not below")
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
  /// Those that have figures by the books.
  private static let reportsOfMonth = reports.filter { $0 != "devices" } + ["daily"]

  private func measure(_ service: StartedService, _ client: ServiceClient) async throws
    -> ReportTimes
  {
    guard let database = service.database.map({ Psql(database: $0) }) else {
      throw ProgramFault("the service's database was not found")
    }
    let today = Day(number: Int(Date().timeIntervalSince1970) / 86_400)
    let filled = ReportsFill(
      rides: rides, windows: windows, entries: entries ?? max(rides / 10, 1), lanes: lanes,
      last: today.adding(days: -today.civil.day))
    ProgressBar.write("filling a month …\n")
    for statements in filled.all { try await database.run(statements) }
    var report = ReportTimes()
    report.windows = windows
    report.rides = Int(try await database.number("select sum(rides)::bigint from ride_sum"))
    let clock = ContinuousClock()
    let (first, last) = (filled.first, filled.last)
    var asked = Self.reports.map { ($0, "\($0)?date=\(first)&to=\(last)") }
    if books {
      asked.append(("daily", "daily?date=\(last)"))
      asked += Self.reportsOfMonth.map { ("\($0) by books", "\($0)?period=\(filled.month)") }
    }
    for (name, wish) in asked {
      let path = "/v1/reports/\(wish)"
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
}
