import Foundation
import ServiceClient

/// Measures what PostgreSQL itself takes: COPY of the finished rows into tables of the same kind.
///
/// Taps, rides, rider-days and riders of some lanes are written to files before; each file is a
/// transaction of its own, copied over two connections into tables with the same columns, keys and
/// constraints, but not in parts by day. Media, entries, sums and charge windows are left out: the
/// ceiling is rather too high than too low.
struct SettleCeiling {
  /// Connections that copy at once.
  static let connections = 2
  /// Most taps that are copied; what is past them is left out.
  static let tapsMax = 1_500_000
  private static let lanes = 16

  let database: Psql

  /// Taps in a second of COPY.
  func tapsPerSecond() async throws -> Double {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "kvytok-settle-copy-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let all = try await database.number("select count(*) from tap")
    let lanes = max(1, min(Self.lanes, Self.tapsMax * Self.lanes / max(1, Int(all))))
    let taps = try await database.number("select count(*) from tap where lane < \(lanes)")
    let scripts = try await export(lanes: lanes, to: folder)
    for table in Self.tables {
      try await database.run("create table loadtest_\(table) (like \(table) including all)")
    }
    let clock = ContinuousClock()
    let start = clock.now
    try await withThrowingTaskGroup(of: Void.self) { group in
      for script in scripts { group.addTask { try await database.run(file: script) } }
      try await group.waitForAll()
    }
    let seconds = (clock.now - start).seconds
    let stored = try await database.number("select count(*) from loadtest_tap")
    for table in Self.tables { try await database.run("drop table loadtest_\(table)") }
    guard stored == taps else {
      throw ProgramFault("COPY stored \(stored) of \(taps) taps; the ceiling is not valid")
    }
    return Double(taps) / seconds
  }

  /// The tables that settling writes a row into for each tap or rider.
  private static let tables = ["tap", "ride", "fare_day", "rider"]

  /// Writes a file for each table and lane, and a script for each connection; gives the scripts.
  private func export(lanes: Int, to folder: URL) async throws -> [String] {
    var lines = [[String]](repeating: [], count: Self.connections)
    var exports: [String] = []
    for lane in 0..<lanes {
      for table in Self.tables {
        let file = folder.appendingPathComponent("\(table)-\(lane).copy").path
        exports.append(
          "\\copy (select * from \(table) where lane = \(lane)) to '\(file)' "
            + "with (format binary)")
        lines[lane % Self.connections].append(
          "\\copy loadtest_\(table) from '\(file)' with (format binary)")
      }
    }
    // One program for all of them: in a small run starting it would take longer than what is measured.
    try await database.run(file: Self.script("export", exports, in: folder))
    return try lines.enumerated().filter { !$0.element.isEmpty }.map { number, lines in
      try Self.script("\(number)", lines, in: folder)
    }
  }

  /// Writes statements into a file; gives its path.
  private static func script(_ name: String, _ lines: [String], in folder: URL) throws -> String {
    let script = folder.appendingPathComponent("\(name).sql")
    try lines.joined(separator: "\n").appending("\n").write(
      to: script, atomically: true, encoding: .utf8)
    return script.path
  }
}
