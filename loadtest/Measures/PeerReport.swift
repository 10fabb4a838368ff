import Basics

/// What a run of `loadtest peer` measured.
package struct PeerReport: Sendable, Equatable {
  package var seconds = 0.0
  package var sent = 0
  package var acknowledged = 0
  package var refusedBatches = 0
  /// Rows in the peer's table; nil when they were not counted.
  package var stored: Int?
  package var latency: LatencySummary?
  /// What the machine took for a signature in the same minutes, microseconds of one core.
  package var yardstickMicroseconds: Double?
  package var batchSize = 0
  package var workers = 0

  /// Starts at nothing.
  package init() {}

  package var tapsPerSecond: Double { seconds > 0 ? Double(acknowledged) / seconds : 0 }

  /// Whether the peer kept what it acknowledged.
  package var isSound: Bool {
    refusedBatches == 0 && acknowledged == sent && (stored.map { $0 >= acknowledged } ?? true)
  }

  private var numbers: [(key: String, value: Double?)] {
    [
      ("taps_per_second", tapsPerSecond), ("ack_p50_ms", latency?.p50Milliseconds),
      ("ack_p99_ms", latency?.p99Milliseconds), ("ack_p999_ms", latency?.p999Milliseconds),
      ("seconds", seconds), ("sent", Double(sent)), ("acknowledged", Double(acknowledged)),
      ("stored", stored.map(Double.init)), ("refused_batches", Double(refusedBatches)),
      ("batch", Double(batchSize)), ("workers", Double(workers)),
      ("yardstick_ed25519_us", yardstickMicroseconds),
    ]
  }

  /// One JSON object; what could not be measured is null.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    ReportRows.write(numbers, [], to: &writer)
    writer.endObject()
    return writer.bytes
  }

  /// A table for people.
  package var text: String { ReportRows.lines(numbers, []).joined(separator: "\n") }
}
