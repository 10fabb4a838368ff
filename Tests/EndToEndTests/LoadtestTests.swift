import Basics
import Foundation
import Postgres
import Programs
import SimulatedCity
import Testing
import Transit

/// Small runs of `loadtest`: its numbers are there, and agree with one another.
@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct LoadtestTests {
  /// Runs a benchmark to its end; the numbers of its JSON object.
  private func numbers(of arguments: [String]) async throws -> [String: Double] {
    let program = Command.path.deletingLastPathComponent().appendingPathComponent("loadtest")
    let end = try await RunningProgram.run(program, arguments + ["--json"], withinSeconds: 600)
    try #require(end.exitCode == 0, "\(arguments): \(end.output)\(end.errors)")
    var reader = JSONReader(Array(end.output.utf8))
    var numbers: [String: Double] = [:]
    try reader.beginObject()
    while let key = try reader.nextKey() {
      if reader.next == .number {
        numbers[key] = try reader.double()
      } else {
        try reader.skipValue()
      }
    }
    try reader.finish()
    return numbers
  }

  @Test func aFeedIsReadAndImportedAndBothAreTimed() async throws {
    let folder = try TemporaryFolder.make("loadtest")
    defer { try? FileManager.default.removeItem(at: folder) }
    let feed = folder.appendingPathComponent("city.zip")
    let archive = CityFeed(seed: 1).zip()
    try Data(archive).write(to: feed)
    let network = try FeedReader.read(zip: archive).network
    let told = try await numbers(of: ["network", feed.path])
    #expect(told["stop_times"] == Double(network.stopTimes.count))
    #expect(told["imported_stop_times"] == told["stop_times"])
    let parse = try #require(told["parse_seconds"])
    let whole = try #require(told["import_seconds"])
    #expect(parse > 0 && whole > 0, "\(told)")
    for key in ["parse_peak_mib", "import_peak_mib", "service_peak_mib"] {
      #expect(try #require(told[key], "\(key)") > 1)
    }
  }

  @Test func positionsOfAFleetAreStoredAndMatchedToTheirLines() async throws {
    let told = try await numbers(of: [
      "positions", "--vehicles", "30", "--seconds", "2", "--rate", "600", "--batch", "10",
    ])
    #expect(told["sent"] == 1200, "\(told)")
    #expect(told["acknowledged"] == 1200 && told["stored"] == 1200, "\(told)")
    #expect(told["refused_reports"] == 0)
    let rate = try #require(told["positions_per_second"])
    #expect(rate > 0 && rate <= 600)
    let share = try #require(told["matched_share"])
    #expect(share > 0.9 && share <= 1, "\(told)")
    #expect(try #require(told["ack_p99_ms"]) >= #require(told["ack_p50_ms"]))
    #expect(told["catch_up_seconds"] != nil)
  }

  @Test func questionsOfPlannersAreAskedOfDaysThatWereFilled() async throws {
    let told = try await numbers(of: [
      "ridership", "--days", "8", "--boardings", "600", "--questions", "40",
    ])
    #expect(told["questions"] == 40 && told["days"] == 8, "\(told)")
    #expect(told["boardings"] == 4800, "\(told)")
    let (half, most) = (try #require(told["p50_ms"]), try #require(told["p95_ms"]))
    let slowest = try #require(told["slowest_ms"])
    #expect(half > 0 && half <= most && most <= slowest, "\(told)")
  }

  /// The database that a service runs by itself, as psql takes it: PostgreSQL notes port and socket in
  /// its lock file.
  private static func database(of service: KvytokService) throws -> String {
    let mark = service.data.appendingPathComponent("postgres/data/postmaster.pid")
    let lines = try String(contentsOf: mark, encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false)
    try #require(lines.count > 4)
    return "host=\(lines[4]) port=\(lines[3]) user=kvytok dbname=kvytok"
  }

  /// What `loadtest taps` tells of four devices that post to a service in batches of ten.
  private func taps(
    to service: KvytokService, _ arguments: [String]
  ) async throws -> [String: Double] {
    let told = try await numbers(
      of: [
        "taps", "--url", service.url, "--admin-token", service.adminToken, "--server-pid",
        "\(service.program.processID)", "--database-url", try Self.database(of: service),
        "--devices", "4", "--batch", "10",
      ] + arguments)
    let sent = try #require(told["sent"])
    #expect(sent > 0 && told["acknowledged"] == sent && told["stored"] == sent, "\(told)")
    #expect(told["refused_batches"] == 0 && told["batch"] == 10 && told["devices"] == 4)
    let rate = try #require(told["taps_per_second"])
    let seconds = try #require(told["seconds"])
    #expect(abs(rate * seconds - sent) < 1, "\(told)")
    #expect(try #require(told["ack_p99_ms"]) >= #require(told["ack_p50_ms"]))
    for key in [
      "server_cpu_us_per_tap", "database_cpu_us_per_tap", "client_cpu_us_per_tap",
      "server_cpu_us_per_request",
    ] {
      #expect(try #require(told[key], "\(key)") >= 0)
    }
    for key in [
      "batches_per_commit", "bytes_per_tap", "server_rss_start_mib", "server_rss_end_mib",
      "yardstick_ed25519_us",
    ] {
      #expect(try #require(told[key], "\(key)") > 0)
    }
    return told
  }

  @Test func tapsArePostedInEachWayAndCopyOfTheSameIsTheirCeiling() async throws {
    try await KvytokService.with { service in
      let signed = try await taps(to: service, ["--seconds", "0.3"])
      let rate = try #require(signed["taps_per_second"])
      let ceiling = try #require(signed["ceiling_taps_per_second"])
      let ratio = try #require(signed["ratio"])
      #expect(ceiling > 0 && abs(ratio - rate / ceiling) < 1e-6, "\(signed)")

      let offered = try await taps(
        to: service,
        [
          "--auth", "session", "--encoding", "json", "--gzip", "--rate", "500", "--seconds", "0.5",
          "--no-ceiling",
        ])
      let sent = try #require(offered["sent"])
      #expect(sent <= 250, "\(offered)")
      #expect(offered["ceiling_taps_per_second"] == nil && offered["ratio"] == nil)

      let posting = try await taps(
        to: service, ["--auth", "session", "--while-posting", "--seconds", "0.3"])
      #expect(posting["ceiling_taps_per_second"] == nil)
    }
  }

  /// Two days from the journal to rides and entries; a run whose books do not agree ends with one.
  @Test func daysOfACityAreSettledAndTheirBooksAgree() async throws {
    let told = try await numbers(of: [
      "settle", "--riders", "300", "--taps", "2000", "--devices", "20", "--late", "5",
    ])
    #expect(told["taps"] == 4000 && told["sorted_taps"] == 4000, "\(told)")
    #expect(told["rides"] == 4000 && told["late_taps"] == 100, "\(told)")
    // Late taps of riders who rode again on their day have it rated anew.
    #expect(try #require(told["reversed_rides"]) > 0 && #require(told["windows"]) > 0, "\(told)")
    for key in ["waiting_taps", "unbalanced_minor", "windows_off_minor", "wrong_sums"] {
      #expect(told[key] == 0, "\(key)")
    }
    for key in [
      "taps_per_second", "first_day_taps_per_second", "second_day_taps_per_second",
      "server_cpu_us_per_tap", "database_cpu_us_per_tap", "wal_bytes_per_tap",
      "ceiling_taps_per_second", "ratio", "yardstick_ed25519_us",
    ] {
      #expect(try #require(told[key], "\(key)") > 0)
    }
  }

  /// "20 times the peer" says nothing where the peer is another one every day.
  @Test func thePeerIsTheSameOneEveryDay() throws {
    let text = try String(
      contentsOf: Command.package.appendingPathComponent("loadtest/peer/requirements.txt"),
      encoding: .utf8)
    let lines = text.split(separator: "\n")
    #expect(lines.count >= 5)
    for line in lines {
      #expect(line.wholeMatch(of: /[a-z_]+==[0-9.]+/) != nil, "\(line)")
    }
  }

  /// A report over nothing would be quick: debts are worked out from what happened to windows, and from rides.
  @Test func reportsAreTimedOfAMonthThatOwesAndOneThatIsSlowEndsWithOne() async throws {
    let program = Command.path.deletingLastPathComponent().appendingPathComponent("loadtest")
    let end = try await RunningProgram.run(
      program,
      [
        "reports", "--rides", "7200", "--lanes", "1", "--windows", "3000", "--times", "1",
        "--limit-seconds", "0.000001", "--json",
      ], withinSeconds: 600)
    #expect(end.exitCode == 1 && end.errors.contains("the slowest answer took"), "\(end.errors)")
    let told = try JSONSerialization.jsonObject(with: Data(end.output.utf8)) as? [String: Any]
    #expect(told?["windows"] as? Int == 3000 && told?["rides"] as? Int == 10_200, "\(end.output)")
    let reports = try #require(told?["reports"] as? [[String: Any]])
    #expect(reports.count == 8)
    let bytes = reports.first { $0["name"] as? String == "debts" }?["bytes"] as? Int
    // Thirty debts one by one; a report without any has not a quarter of it.
    #expect(bytes ?? 0 > 6000, "\(end.output)")
  }

  @Test(arguments: [
    ["network"], ["positions", "--vehicles", "0"], ["positions", "--batch", "1001"],
    ["ridership", "--days", "6"], ["ridership", "--questions", "0"],
    ["reports", "--limit-seconds", "0"],
  ])
  func aBenchmarkWrittenWronglyEndsWithTwo(_ arguments: [String]) async throws {
    let program = Command.path.deletingLastPathComponent().appendingPathComponent("loadtest")
    let end = try await RunningProgram.run(program, arguments)
    #expect(end.exitCode == 2 && end.output.isEmpty, "\(arguments): \(end.errors)")
  }

  @Test func aFeedThatIsNoneEndsWithThree() async throws {
    let program = Command.path.deletingLastPathComponent().appendingPathComponent("loadtest")
    let end = try await RunningProgram.run(program, ["network", "/nowhere.zip"])
    #expect(end.exitCode == 3 && end.errors.contains("cannot be read"), "\(end.errors)")
    #expect(end.output.isEmpty)
  }
}
