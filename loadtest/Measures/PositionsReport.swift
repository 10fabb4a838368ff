import Basics

/// What a run of `loadtest positions` measured; nil where it could not be.
package struct PositionsReport: Sendable, Equatable {
  /// Seconds in which positions were posted, and then until all of them were matched.
  package var seconds = 0.0
  package var catchUpSeconds: Double?
  /// Positions posted, those whose report was answered with 200, and those of them in the database.
  package var sent = 0
  package var acknowledged = 0
  package var stored: Int?
  /// Positions on the way of a line by the stop visits that the service found, and that line is the one
  /// that the vehicle drove.
  package var matched: Int?
  /// Stop visits that the service found.
  package var visits: Int?
  /// Reports that were answered with something else, or not at all.
  package var refusedReports = 0
  package var latency: LatencySummary?
  /// Microseconds of processor time until all positions were matched.
  package var serverProcessorMicroseconds: Int64?
  package var databaseProcessorMicroseconds: Int64?
  /// Most resident memory of the service.
  package var serverPeakBytes: Int?
  package var vehicles = 0
  /// Positions in a report.
  package var batchSize = 0
  package var connections = 0
  /// Positions in a second that were due.
  package var offeredPerSecond = 0.0

  /// Starts at nothing.
  package init() {}

  /// Positions acknowledged in a second while they were posted.
  package var positionsPerSecond: Double { seconds > 0 ? Double(acknowledged) / seconds : 0 }

  /// Share of the stored positions that were matched; nil where the database was not asked.
  package var matchedShare: Double? {
    guard let stored, let matched, stored > 0 else { return nil }
    return Double(matched) / Double(stored)
  }

  /// Positions in a second of which all that follows is done too.
  package var matchedPerSecond: Double? {
    guard let matched, let catchUpSeconds, seconds + catchUpSeconds > 0 else { return nil }
    return Double(matched) / (seconds + catchUpSeconds)
  }

  /// Whether the service kept what it acknowledged, and refused nothing.
  package var isSound: Bool {
    refusedReports == 0 && acknowledged == sent && (stored.map { $0 == acknowledged } ?? true)
  }

  private func perPosition(_ microseconds: Int64?) -> Double? {
    microseconds.map { Double($0) / Double(max(acknowledged, 1)) }
  }

  private var numbers: [(key: String, value: Double?)] {
    [
      ("positions_per_second", positionsPerSecond), ("matched_share", matchedShare),
      ("matched_per_second", matchedPerSecond), ("offered_per_second", offeredPerSecond),
      ("ack_p50_ms", latency?.p50Milliseconds), ("ack_p99_ms", latency?.p99Milliseconds),
      ("ack_p999_ms", latency?.p999Milliseconds),
      ("server_cpu_us_per_position", perPosition(serverProcessorMicroseconds)),
      ("database_cpu_us_per_position", perPosition(databaseProcessorMicroseconds)),
      ("server_peak_mib", ReportRows.mebibytes(serverPeakBytes)),
      ("seconds", seconds), ("catch_up_seconds", catchUpSeconds),
    ]
  }

  private var counts: [(key: String, value: Int?)] {
    [
      ("sent", sent), ("acknowledged", acknowledged), ("stored", stored), ("matched", matched),
      ("stop_visits", visits), ("refused_reports", refusedReports), ("vehicles", vehicles),
      ("batch", batchSize), ("connections", connections),
    ]
  }

  /// One JSON object; what could not be measured is null.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    ReportRows.write(numbers, counts, to: &writer)
    writer.endObject()
    return writer.bytes
  }

  /// A table for people.
  package var text: String { ReportRows.lines(numbers, counts).joined(separator: "\n") }
}
