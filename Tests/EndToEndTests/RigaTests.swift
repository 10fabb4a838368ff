import Foundation
import Programs
import Testing

/// A real day of Riga goes through the running service, posted as devices would post it.
@Suite struct RigaTests {
  static let shared = URL(
    fileURLWithPath: ProcessInfo.processInfo.environment["KVYTOK_SHARED"]
      ?? Command.package.deletingLastPathComponent().appendingPathComponent("shared").path)
  static let feed = shared.appendingPathComponent("data/gtfs/riga_2019-10.zip")
  static var isThere: Bool { FileManager.default.fileExists(atPath: feed.path) }

  @Test(.enabled(if: RigaTests.isThere, "skipped: no real data"))
  func theDayComesOutTheSameInEveryOrderOfPosting() async throws {
    // Each order has a service and a database of its own; side by side they fill the machine.
    let days = try await withThrowingTaskGroup { group in
      for seed in 1...2 { group.addTask { try await play(seed: seed) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    for (_, summary) in days {
      #expect(summary.contains("3977 accepted, "), "\(summary)")
      #expect(summary.contains(" duplicates, 0 conflicts, 0 rejected"), "\(summary)")
      #expect(summary.contains("0 numbers missing"), "\(summary)")
      #expect(
        summary.contains("3977 equal, 0 missing, 0 stored twice, 0 invented"), "\(summary)")
      #expect(summary.contains("3977 rated"), "\(summary)")
      #expect(summary.contains("192 of 192 taps on Tr 15 have a stop"), "\(summary)")
    }
    let fares = Set(days.map(\.fares))
    #expect(fares.count == 1, "the fares depend on the order of posting")
  }

  /// Plays the day on a service of its own; the operators' fares and what the simulator said.
  private func play(seed: Int) async throws -> (fares: String, summary: String) {
    let data = try TemporaryFolder.make("riga")
    defer { try? FileManager.default.removeItem(at: data) }
    let tariff = Command.package.appendingPathComponent("tariffs/riga").path
    let service = try await KvytokService(data: data, arguments: ["--tariff", tariff])
    let imported = try await service.run(["network", "import", Self.feed.path])
    #expect(imported.exitCode == 0, "\(imported.errors)")
    let simulator = Command.path.deletingLastPathComponent()
      .appendingPathComponent("validator-sim")
    let day = try await RunningProgram.start(
      simulator,
      [
        "riga", "--url", service.url, "--admin-token", service.adminToken, "--data",
        Self.shared.appendingPathComponent("data").path, "--seed", String(seed),
      ]
    ).end(withinSeconds: 900)
    #expect(day.exitCode == 0, "\(day.errors) \(day.output)")
    let verified = try await service.run(["ledger", "verify", "--from-taps"])
    #expect(verified.exitCode == 0, "\(verified.output)")
    #expect(verified.output.contains("everything agrees"))
    let report = try await service.run(
      ["report", "operators", "--date", "2018-11-23", "--format", "csv"])
    #expect(report.exitCode == 0, "\(report.errors)")
    try await service.stop()
    // What the report says of itself has the moment at which it was made.
    let fares = report.output.split(separator: "\n").filter { !$0.hasPrefix("about,") }
    return (fares.joined(separator: "\n"), day.output)
  }
}
