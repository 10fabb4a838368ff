extension SmallCells {
  /// Counts as planners may see them, by the rule of loads: small groups hidden, all else rounded.
  ///
  /// A pair of stops that is too small is not told from one that nobody rode: whoever saw a rider board
  /// would learn from the only small pair of that stop where the rider got off. How many riders all such
  /// pairs have is told in one number.
  package func protect(_ counts: RideCounts) -> ProtectedCounts {
    let shown = counts.pairs.compactMap { pair, riders in
      cell(riders).map { ProtectedCounts.PairCount(pair: pair, riders: $0) }
    }
    let hidden = counts.pairs.values.reduce(0) { $0 + (self.shown($1) == nil ? $1 : 0) }
    return ProtectedCounts(
      // By the number that is shown: an order by the one that is not would tell of it.
      pairs: shown.sorted {
        ($1.riders, $0.pair.from, $0.pair.to) < ($0.riders, $1.pair.from, $1.pair.to)
      },
      ridersInSmallPairs: rounded(hidden),
      stops: counts.stops.sorted { $0.key < $1.key }.map { stop, count in
        ProtectedCounts.StopCount(
          stop: stop, boardings: cell(of: count.hourlyBoardings),
          alightings: cell(of: count.hourlyAlightings),
          boardingsWithoutAlighting: cell(count.boardingsWithoutAlighting),
          hourlyBoardings: count.hourlyBoardings.map(cell),
          hourlyAlightings: count.hourlyAlightings.map(cell))
      }, ridersWithBothEnds: rounded(counts.ridersWithBothEnds),
      boardings: total([counts.stops.values.map(\.boardings)]),
      boardingsWithoutAlighting: total([counts.stops.values.map(\.boardingsWithoutAlighting)]),
      unplacedBoardings: rounded(counts.unplacedBoardings),
      boardingsOffLine: rounded(counts.boardingsOffLine), isRounded: isRounding,
      ridersMin: ridersMin)
  }

  /// A count of a day beside those of its hours.
  private func cell(of hours: [Int]) -> Int? {
    cell(hours.reduce(0, +)).map { _ in total([hours]) }
  }
}

/// Counts of rides without groups of fewer than k riders.
package struct ProtectedCounts: Hashable, Sendable {
  /// Riders from one stop to another, k or more.
  package struct PairCount: Hashable, Sendable {
    package let pair: RideCounts.StopPair
    package let riders: Int
  }

  /// What happened at one stop; nil where the group is too small to be shown.
  package struct StopCount: Hashable, Sendable {
    /// `stop_id`.
    package let stop: String
    package let boardings: Int?
    package let alightings: Int?
    package let boardingsWithoutAlighting: Int?
    /// 24 of them.
    package let hourlyBoardings: [Int?]
    /// 24 of them, in the hours of the boardings.
    package let hourlyAlightings: [Int?]
  }

  /// Those that may be shown, the largest first.
  package let pairs: [PairCount]
  /// Riders of all other pairs together.
  package let ridersInSmallPairs: Int
  /// By `stop_id`.
  package let stops: [StopCount]
  package let ridersWithBothEnds: Int
  package let boardings: Int
  package let boardingsWithoutAlighting: Int
  package let unplacedBoardings: Int
  package let boardingsOffLine: Int
  /// Whether all numbers are rounded to multiples of k.
  package let isRounded: Bool
  /// k.
  package let ridersMin: Int
}
