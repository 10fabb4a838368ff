import Basics

/// What a run of `loadtest settle` measured.
package struct SettleReport: Sendable, Equatable {
  /// One day's taps from the journal to rides and entries.
  package struct DayRun: Sendable, Equatable {
    package var taps = 0
    /// Taps of the day before among them.
    package var lateTaps = 0
    package var seconds = 0.0
    /// Microseconds of processor time of the service and of its database.
    package var serverProcessorMicroseconds: Int64 = 0
    package var databaseProcessorMicroseconds: Int64 = 0
    package var walBytes: Int64 = 0
    /// After all that: until the bank cards' windows of the days are closed, with what both use for it.
    package var windowSeconds = 0.0
    package var windowProcessorMicroseconds: Int64 = 0

    /// Starts at nothing.
    package init() {}

    package var tapsPerSecond: Double { seconds > 0 ? Double(taps) / seconds : 0 }
  }

  package var riders = 0
  package var days: [DayRun] = []
  /// Rides that stand, and rides that were reversed by a day rated anew.
  package var rides = 0
  package var reversedRides = 0
  /// Charge windows of bank cards, and by how much they are not what the rides of these cards come to,
  /// minor units.
  package var windows = 0
  package var windowsOffMinor: Int64 = 0
  /// Taps that reached their riders, and taps whose fares are not worked out.
  package var sortedTaps = 0
  package var waitingTaps = 0
  /// Debits less credits of all entries, minor units, added up without their signs by currency.
  package var unbalancedMinor: Int64 = 0
  /// Sums kept for reports that are not those of the rides.
  package var wrongSums = 0
  /// Taps in a second by COPY of the same rows; nil when it was not measured.
  package var ceilingTapsPerSecond: Double?
  /// What the machine took for a signature in the same minutes, microseconds of one core.
  package var yardstickMicroseconds: Double?

  /// Starts at nothing.
  package init() {}

  private var taps: Int { days.reduce(0) { $0 + $1.taps } }
  private var seconds: Double { days.reduce(0) { $0 + $1.seconds } }

  /// Taps in a second from the journal to ride and entry, over all days.
  package var tapsPerSecond: Double { seconds > 0 ? Double(taps) / seconds : 0 }

  /// Taps per second as a share of what COPY did; nil without a ceiling.
  package var ratio: Double? {
    ceilingTapsPerSecond.flatMap { $0 > 0 ? tapsPerSecond / $0 : nil }
  }

  /// Whether every tap became part of the books, and the books agree.
  package var isSound: Bool {
    unbalancedMinor == 0 && wrongSums == 0 && windowsOffMinor == 0 && waitingTaps == 0
      && sortedTaps == taps && rides == taps
  }

  private func perTap(_ sum: (DayRun) -> Int64) -> Double {
    Double(days.reduce(0) { $0 + sum($1) }) / Double(max(taps, 1))
  }

  private var numbers: [(key: String, value: Double?)] {
    let server = perTap(\.serverProcessorMicroseconds)
    let database = perTap(\.databaseProcessorMicroseconds)
    let late = days.reduce(0) { $0 + $1.lateTaps }
    return [
      ("taps_per_second", tapsPerSecond), ("ceiling_taps_per_second", ceilingTapsPerSecond),
      ("ratio", ratio), ("first_day_taps_per_second", days.first?.tapsPerSecond),
      ("second_day_taps_per_second", days.count > 1 ? days[1].tapsPerSecond : nil),
      ("server_cpu_us_per_tap", server), ("database_cpu_us_per_tap", database),
      ("database_share", server + database > 0 ? database / (server + database) : nil),
      ("wal_bytes_per_tap", perTap(\.walBytes)),
      ("window_seconds", days.reduce(0) { $0 + $1.windowSeconds }),
      ("window_cpu_us_per_tap", perTap(\.windowProcessorMicroseconds)),
      ("late_share", days.count > 1 ? Double(late) / Double(max(days[1].taps, 1)) : nil),
      ("seconds", seconds), ("yardstick_ed25519_us", yardstickMicroseconds),
    ]
  }

  private var counts: [(key: String, value: Int?)] {
    [
      ("rides", rides), ("unbalanced_minor", Int(unbalancedMinor)), ("taps", taps),
      ("late_taps", days.reduce(0) { $0 + $1.lateTaps }), ("riders", riders),
      ("reversed_rides", reversedRides), ("windows", windows),
      ("windows_off_minor", Int(windowsOffMinor)), ("sorted_taps", sortedTaps),
      ("waiting_taps", waitingTaps), ("wrong_sums", wrongSums),
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
