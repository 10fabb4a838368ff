extension SmallCells {
  /// Counts as planners may see them, by the rule of loads: small groups hidden, all else rounded.
  ///
  /// A pair of stops that is too small is not told from one that nobody rode: whoever saw a rider board
  /// would learn from the only small pair of that stop where the rider got off. How many riders all such
  /// pairs have is told in one number.
  ///
  /// A number that is a part of another one, as a pair is of its stops, leaves that one two sizes at least.
  package func protect(_ counts: RideCounts) -> ProtectedCounts {
    let stops = counts.stops.sorted { $0.key < $1.key }
    let hours = stops.map(\.value.hourlyBoardings)
    let all = total([stops.map(\.value.boardings), Self.sums(of: hours), hours.flatMap { $0 }])
    let whole = range(of: all, hours: hours.flatMap { $0 })
    let pairsMost = counts.pairs.values.reduce(0) { $0 + most(cell($1)) }
    let without = withoutAlighting(counts, at: stops)
    let withAlighting = CountRange(
      least: whole.least - without.reduce(0) { $0 + most($1) },
      most: whole.most - without.reduce(0) { $0 + least($1) })
    let both = told(counts.ridersWithBothEnds, within: withAlighting)
    let alightings = alightings(stops.map(\.value.hourlyAlightings), within: withAlighting)
    let shown = pairs(
      counts, beside: Dictionary(uniqueKeysWithValues: zip(stops.map(\.key), without)))
    let hidden = counts.pairs.reduce(0) { $0 + (shown[$1.key] == nil ? $1.value : 0) }
    return ProtectedCounts(
      // By the number that is shown: an order by the one that is not would tell of it.
      pairs: shown.map { ProtectedCounts.PairCount(pair: $0, riders: $1) }.sorted {
        ($1.riders, $0.pair.from, $0.pair.to) < ($0.riders, $1.pair.from, $1.pair.to)
      }, ridersInSmallPairs: min(rounded(hidden), both),
      stops: stops.enumerated().map { index, stop in
        ProtectedCounts.StopCount(
          stop: stop.key, boardings: count(stop.value.hourlyBoardings),
          alightings: alightings[index], boardingsWithoutAlighting: without[index],
          hourlyBoardings: stop.value.hourlyBoardings.map(cell),
          hourlyAlightings: stop.value.hourlyAlightings.map(cell))
      }, ridersWithBothEnds: both, boardings: all,
      boardingsWithoutAlighting: told(
        counts.boardingsWithoutAlighting,
        ways: [stops.map(\.value.boardingsWithoutAlighting)],
        within: CountRange(least: whole.least - pairsMost, most: whole.most)),
      unplacedBoardings: rounded(counts.unplacedBoardings),
      boardingsOffLine: rounded(counts.boardingsOffLine), isRounded: isRounding,
      ridersMin: ridersMin)
  }

  /// By hour, over all stops.
  private static func sums(of hours: [[Int]]) -> [Int] {
    (0..<RideCounts.hoursOfDay).map { hour in hours.reduce(0) { $0 + $1[hour] } }
  }

  /// Boardings of each stop whose alighting is not known: a part of those of its hours.
  private func withoutAlighting(
    _ counts: RideCounts, at stops: [(key: String, value: RideCounts.StopCount)]
  ) -> [Int?] {
    var pairsMost: [String: Int] = [:]
    for (pair, riders) in counts.pairs { pairsMost[pair.from, default: 0] += most(cell(riders)) }
    return stops.map { stop, count in
      var within = range(of: self.count(count.hourlyBoardings), hours: count.hourlyBoardings)
      within.least -= pairsMost[stop] ?? 0
      return cell(count.boardingsWithoutAlighting, within: within)
    }
  }

  /// Alightings of each stop beside those of its hours: all of them are a part of the boardings.
  private func alightings(_ hours: [[Int]], within all: CountRange) -> [Int?] {
    var cells = hours.map(count)
    var ranges = zip(cells, hours).map { range(of: $0, hours: $1) }
    var others = CountRange(
      least: ranges.reduce(0) { $0 + $1.least }, most: ranges.reduce(0) { $0 + $1.most })
    for (index, hours) in hours.enumerated() where cells[index] != 0 {
      others.least -= ranges[index].least
      others.most -= ranges[index].most
      cells[index] = cell(
        hours.reduce(0, +), ways: [hours],
        within: CountRange(least: all.least - others.most, most: all.most - others.least))
      ranges[index] = range(of: cells[index], hours: hours)
      others.least += ranges[index].least
      others.most += ranges[index].most
    }
    return cells
  }

  /// The pairs that may be shown: together no more than their stops leave room for.
  private func pairs(
    _ counts: RideCounts, beside without: [String: Int?]
  ) -> [RideCounts.StopPair: Int] {
    var shown: [RideCounts.StopPair: Int] = [:]
    var room: (from: [String: Int], to: [String: Int]) = ([:], [:])
    for (stop, count) in counts.stops {
      room.from[stop] =
        range(of: self.count(count.hourlyBoardings), hours: count.hourlyBoardings).most
        - least(without[stop] ?? 0)
      room.to[stop] =
        range(of: self.count(count.hourlyAlightings), hours: count.hourlyAlightings).most
    }
    let order = counts.pairs.sorted {
      ($1.value, $0.key.from, $0.key.to) < ($0.value, $1.key.from, $1.key.to)
    }
    for (pair, riders) in order {
      let most = min(room.from[pair.from] ?? 0, room.to[pair.to] ?? 0)
      guard let told = cell(riders, within: CountRange(least: 0, most: most)) else { continue }
      if told > 0 { shown[pair] = told }
      room.from[pair.from, default: 0] -= least(told)
      room.to[pair.to, default: 0] -= least(told)
    }
    return shown
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
