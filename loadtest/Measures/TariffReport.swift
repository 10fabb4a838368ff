import Basics

/// What a run of `loadtest tariff` measured.
package struct TariffReport: Sendable, Equatable {
  /// Name of the version that was measured.
  package var version = ""
  package var riders = 0
  package var days = 0
  /// Taps and rides rated in the measured time.
  package var taps = 0
  package var rides = 0
  /// Seconds by the clock, and those of them that this thread had a core.
  package var seconds = 0.0
  package var processorSeconds = 0.0
  package var bytesPerRiderState = 0.0
  /// Taps in a processor second with the texts of each tap looked up and each reason written.
  package var wholeTapsPerSecond = 0.0

  /// Starts at nothing.
  package init() {}

  /// Taps in a second of one core: time in which other work had the core is not counted.
  package var tapsPerSecond: Double {
    processorSeconds > 0 ? Double(taps) / processorSeconds : 0
  }

  /// Share of the measured time in which this thread had a core.
  package var processorShare: Double { seconds > 0 ? processorSeconds / seconds : 0 }

  private var numbers: [(key: String, value: Double)] {
    [
      ("taps_per_second", tapsPerSecond), ("bytes_per_rider_state", bytesPerRiderState),
      ("ns_per_tap", tapsPerSecond > 0 ? 1e9 / tapsPerSecond : 0),
      ("whole_taps_per_second", wholeTapsPerSecond), ("cpu_share", processorShare),
      ("seconds", seconds),
    ]
  }

  private var counts: [(key: String, value: Int)] {
    [("taps", taps), ("rides", rides), ("riders", riders), ("days", days)]
  }

  /// One JSON object.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("version", version)
    for (key, value) in numbers { writer.member(key, value) }
    for (key, value) in counts { writer.member(key, value) }
    writer.endObject()
    return writer.bytes
  }

  /// A table for people.
  package var text: String {
    let lines =
      [("version", version)] + numbers.map { ($0.key, ReportNumber.text($0.value)) }
      + counts.map { ($0.key, String($0.value)) }
    return lines.map { key, value in
      key + String(repeating: " ", count: max(1, 26 - key.count)) + value
    }.joined(separator: "\n")
  }
}
