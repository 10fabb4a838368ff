import Foundation
import LoadMeasures
import ServiceClient

/// Measures what PostgreSQL itself takes: COPY of the posted bytes, one row per batch.
///
/// Each group of batches is a file and a transaction of its own, as many batches as the service put
/// into one on average. psql copies the files over as many connections as the service commits on.
struct CopyCeiling {
  /// Connections on which the service commits at once (`CommitLimits.parallelMax` of intake).
  static let connections = 2
  /// Most bytes of files; what is past them is left out.
  static let bytesMax = 600 << 20

  let database: String
  let batchesPerCommit: Int
  private var psql: Psql { Psql(database: database) }

  /// Taps in a second of COPY; the bodies are those that were posted.
  func tapsPerSecond(_ batches: [PreparedBatch], tapsPerBatch: Int) async throws -> Double {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "kvytok-copy-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (scripts, rows) = try write(batches, to: folder)
    _ = try await psql.run(BinaryCopy.makeTable)
    let clock = ContinuousClock()
    let start = clock.now
    try await withThrowingTaskGroup(of: Void.self) { group in
      for script in scripts { group.addTask { _ = try await psql.run(file: script) } }
      try await group.waitForAll()
    }
    let seconds = (clock.now - start).seconds
    let stored = try await psql.run("select count(*) from loadtest_copy")
    _ = try await psql.run("drop table loadtest_copy")
    guard Int(stored.trimmingCharacters(in: .whitespacesAndNewlines)) == rows else {
      throw ProgramFault("COPY stored \(stored) of \(rows) rows; the ceiling is not valid")
    }
    return Double(rows * tapsPerBatch) / seconds
  }

  /// Writes a file per transaction, and a script per connection; gives the scripts and all rows.
  private func write(_ batches: [PreparedBatch], to folder: URL) throws -> ([String], Int) {
    var lines = [[String]](repeating: [], count: Self.connections)
    var rows = 0
    var bytes = 0
    var index = 0
    while index < batches.count, bytes < Self.bytesMax {
      let end = min(index + batchesPerCommit, batches.count)
      var copy = BinaryCopy()
      for batch in batches[index..<end] {
        copy.row(
          device: batch.device, number: Int64(batch.number), body: batch.body,
          signature: batch.proof)
      }
      copy.finish()
      let file = folder.appendingPathComponent("\(index).copy")
      try Data(copy.bytes).write(to: file)
      lines[index / batchesPerCommit % Self.connections].append(
        "\\copy loadtest_copy from '\(file.path)' with (format binary)")
      bytes += copy.bytes.count
      rows += end - index
      index = end
    }
    let scripts = try lines.enumerated().map { number, lines in
      let script = folder.appendingPathComponent("\(number).sql")
      try lines.joined(separator: "\n").appending("\n").write(
        to: script, atomically: true, encoding: .utf8)
      return script.path
    }
    return (scripts, rows)
  }
}

extension Duration {
  /// The duration in seconds, with a fraction.
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
