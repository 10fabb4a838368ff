import Basics

/// What a run of `loadtest taps` measured; nil where it could not be.
package struct TapsReport: Sendable, Equatable {
  package var seconds = 0.0
  /// Taps posted in the measured time, those whose batch was answered with 200, and those that the
  /// service says it stored.
  package var sent = 0
  package var acknowledged = 0
  package var stored: Int?
  /// Batches that were answered with something else, or not at all.
  package var refusedBatches = 0
  package var latency: LatencySummary?
  package var serverProcessorMicrosecondsPerTap: Double?
  package var databaseProcessorMicrosecondsPerTap: Double?
  package var clientProcessorMicrosecondsPerTap: Double?
  /// Batches in a transaction of the service, on average.
  package var batchesPerCommit: Double?
  /// Taps in a second by COPY of the same rows.
  package var ceilingTapsPerSecond: Double?
  /// What the peer acknowledged in a second of the same run.
  package var peerTapsPerSecond: Double?
  /// What the machine took for a signature in the same minutes, microseconds of one core.
  package var yardstickMicroseconds: Double?
  package var bytesPerTap = 0.0
  package var batchSize = 0
  package var devices = 0
  package var encoding = "json"
  package var proof = "signature"
  package var connections = 0
  /// Resident memory of the server before and after the measured time.
  package var serverBytesAtStart: Int?
  package var serverBytesAtEnd: Int?
  /// The same after each half minute.
  package var serverBytesByHalfMinute: [Int] = []

  /// Starts at nothing.
  package init() {}

  package var tapsPerSecond: Double { seconds > 0 ? Double(acknowledged) / seconds : 0 }

  /// Taps per second as a share of what COPY did; nil without a ceiling.
  package var ratio: Double? {
    ceilingTapsPerSecond.flatMap { $0 > 0 ? tapsPerSecond / $0 : nil }
  }

  /// How many times the peer's taps per second; nil without a peer.
  package var timesPeer: Double? {
    peerTapsPerSecond.flatMap { $0 > 0 ? tapsPerSecond / $0 : nil }
  }

  /// Whether the service kept what it acknowledged, and refused nothing.
  package var isSound: Bool {
    refusedBatches == 0 && acknowledged == sent && (stored.map { $0 == acknowledged } ?? true)
  }

  private var numbers: [(key: String, value: Double?)] {
    [
      ("taps_per_second", tapsPerSecond), ("ceiling_taps_per_second", ceilingTapsPerSecond),
      ("ratio", ratio), ("peer_taps_per_second", peerTapsPerSecond), ("times_peer", timesPeer),
      ("ack_p50_ms", latency?.p50Milliseconds),
      ("ack_p99_ms", latency?.p99Milliseconds), ("ack_p999_ms", latency?.p999Milliseconds),
      ("server_cpu_us_per_tap", serverProcessorMicrosecondsPerTap),
      ("database_cpu_us_per_tap", databaseProcessorMicrosecondsPerTap),
      ("client_cpu_us_per_tap", clientProcessorMicrosecondsPerTap),
      ("server_cpu_s_per_million_taps", serverProcessorMicrosecondsPerTap),
      ("database_cpu_s_per_million_taps", databaseProcessorMicrosecondsPerTap),
      (
        "server_cpu_us_per_request",
        serverProcessorMicrosecondsPerTap.map { $0 * Double(batchSize) }
      ),
      ("server_rss_start_mib", serverBytesAtStart.map { Double($0) / 1_048_576 }),
      ("server_rss_end_mib", serverBytesAtEnd.map { Double($0) / 1_048_576 }),
      ("batches_per_commit", batchesPerCommit), ("bytes_per_tap", bytesPerTap),
      ("seconds", seconds), ("yardstick_ed25519_us", yardstickMicroseconds),
    ]
  }

  private var counts: [(key: String, value: Int?)] {
    [
      ("sent", sent), ("acknowledged", acknowledged), ("stored", stored),
      ("refused_batches", refusedBatches), ("batch", batchSize), ("devices", devices),
      ("connections", connections),
    ]
  }

  /// One JSON object; what could not be measured is null.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("encoding", encoding)
    writer.member("auth", proof)
    ReportRows.write(numbers, counts, to: &writer)
    writer.key("server_rss_mib_each_30_s")
    writer.beginArray()
    for bytes in serverBytesByHalfMinute { writer.value(Double(bytes) / 1_048_576) }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }

  /// A table for people.
  package var text: String { ReportRows.lines(numbers, counts).joined(separator: "\n") }
}

/// Numbers of reports as people read them.
enum ReportNumber {
  /// Three decimal places below ten, else one; whole from a thousand.
  static func text(_ value: Double) -> String {
    let size = abs(value)
    let digits = size < 10 ? 3 : size < 1000 ? 1 : 0
    let scale = [1, 10, 100, 1000][digits]
    let units = Int((size * Double(scale)).rounded())
    let sign = value < 0 ? "-" : ""
    guard digits > 0 else { return sign + String(units) }
    return sign + String(units / scale) + "." + padded(units % scale, digits)
  }
}
