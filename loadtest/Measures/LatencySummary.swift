import Histogram

/// Durations in microseconds, to three digits, in memory that does not grow with their number.
package struct LatencyHistogram: Sendable {
  /// Longest duration that is told apart from longer ones: ten minutes.
  static let microsecondsMax: UInt64 = 600_000_000
  private var histogram = Histogram<UInt64>(
    highestTrackableValue: microsecondsMax, numberOfSignificantValueDigits: .three)

  /// Begins with none.
  package init() {}

  /// Notes a duration.
  package mutating func note(microseconds: Int64) {
    _ = histogram.record(min(UInt64(max(0, microseconds)), Self.microsecondsMax))
  }

  /// Adds what another one noted.
  package mutating func add(_ other: LatencyHistogram) { histogram.add(other.histogram) }

  fileprivate var count: Int { Int(histogram.totalCount) }
  fileprivate var longest: UInt64 { histogram.max }

  fileprivate func milliseconds(percentile: Double) -> Double {
    Double(histogram.valueAtPercentile(percentile)) / 1000
  }
}

/// What a run took, as the percentiles that people ask for.
package struct LatencySummary: Sendable, Equatable {
  package let count: Int
  /// Milliseconds within which half of the answers came.
  package let p50Milliseconds: Double
  package let p95Milliseconds: Double
  package let p99Milliseconds: Double
  package let p999Milliseconds: Double
  package let longestMilliseconds: Double

  /// Sums up durations; nil when there are none.
  ///
  /// A percentile is the nearest rank: the smallest value with at least that share at or below it.
  package init?(_ histogram: LatencyHistogram) {
    guard histogram.count > 0 else { return nil }
    count = histogram.count
    p50Milliseconds = histogram.milliseconds(percentile: 50)
    p95Milliseconds = histogram.milliseconds(percentile: 95)
    p99Milliseconds = histogram.milliseconds(percentile: 99)
    p999Milliseconds = histogram.milliseconds(percentile: 99.9)
    longestMilliseconds = Double(histogram.longest) / 1000
  }
}
