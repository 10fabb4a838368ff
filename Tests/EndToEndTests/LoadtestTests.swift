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
