import Basics
import Foundation
import Postgres
import Programs
import Testing

/// A fare day as open data by command: a folder that is there is whole, and what was there stays.
@Suite(
  .enabled(if: PrivateCluster.isPossible, "skipped: no PostgreSQL"), .serialized, .serverTurn)
struct TidesCommandTests {
  private func names(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test func aFolderWithSomethingInItIsLeftAsItIs() async throws {
    let folder = try TemporaryFolder.make("tides")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("mine.txt")
    try "mine".write(to: file, atomically: true, encoding: .utf8)
    for out in [folder, file] {
      let end = try await Command.run([
        "export", "tides", "--date", "2026-11-21", "--out", out.path,
      ])
      #expect(end.exitCode == 1)
      #expect(end.errors.contains("is there and not an empty folder"), "\(end.errors)")
    }
    #expect(try names(folder) == ["mine.txt"])
  }

  @Test func theFolderAppearsWholeAndADayThatGoesOnLeavesNone() async throws {
    let folder = try TemporaryFolder.make("tides")
    defer { try? FileManager.default.removeItem(at: folder) }
    let empty = folder.appendingPathComponent("empty")
    try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
    try await KvytokService.with { service in
      let today = try CityToday.day
      func export(_ day: Day, to out: URL) async throws -> RunningProgram.End {
        try await service.run([
          "export", "tides", "--date", day.description, "--out", out.path,
        ])
      }
      // The day after: today may end while the test runs.
      let early = try await export(
        today.adding(days: 1), to: folder.appendingPathComponent("early"))
      #expect(early.exitCode == 1)
      #expect(early.errors.contains("goes on until"), "\(early.errors)")
      let before = today.adding(days: -2)
      for out in [folder.appendingPathComponent("new"), empty] {
        let written = try await export(before, to: out)
        #expect(written.exitCode == 0, "\(written.errors)")
        #expect(written.output.contains("fare_transactions.csv"), "\(written.output)")
        #expect(
          try names(out) == [
            "datapackage.json", "devices.csv", "fare_transactions.csv", "passenger_events.csv",
            "stop_visits.csv", "trips_performed.csv", "vehicle_locations.csv", "vehicles.csv",
          ])
      }
      let again = try await export(before, to: empty)
      #expect(again.exitCode == 1, "\(again.errors)")
    }
    #expect(try names(folder) == ["empty", "new"])
  }
}
