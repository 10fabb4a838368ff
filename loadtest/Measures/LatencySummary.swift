/// What a run took, as the percentiles that people ask for.
package struct LatencySummary: Sendable, Equatable {
  package let count: Int
  /// Milliseconds within which half of the answers came.
  package let p50Milliseconds: Double
  package let p99Milliseconds: Double
  package let p999Milliseconds: Double
  package let longestMilliseconds: Double

  /// Sums up durations in microseconds; nil when there are none.
  ///
  /// A percentile is the nearest rank: the smallest value with at least that share at or below it.
  package init?(microseconds: [Int64]) {
    guard !microseconds.isEmpty else { return nil }
    let sorted = microseconds.sorted()
    func rank(perThousand: Int) -> Double {
      let position = (sorted.count * perThousand + 999) / 1000
      return Double(sorted[max(position, 1) - 1]) / 1000
    }
    count = sorted.count
    p50Milliseconds = rank(perThousand: 500)
    p99Milliseconds = rank(perThousand: 990)
    p999Milliseconds = rank(perThousand: 999)
    longestMilliseconds = Double(sorted[sorted.count - 1]) / 1000
  }
}
