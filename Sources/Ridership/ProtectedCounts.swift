extension SmallCells {
  /// Counts as planners may see them, by the rule of loads: small groups hidden, all else rounded.
  ///
  /// A pair of stops that is too small is not told from one that nobody rode: whoever saw a rider board
  /// would learn from the only small pair of that stop where the rider got off. How many riders all such
  /// pairs have is told in one number.
  ///
  /// A number that is a part of another one, as a pair is of its stops, leaves that one two sizes at least; and a
  /// sum is no less than its hidden parts. `line` is that of all rides, where they are of one: nobody gets off there
  /// who did not board before. Stops and pairs of several lines have no such order.
  package func protect(_ counts: RideCounts, along line: LineOrder? = nil) -> ProtectedCounts {
    let counts = counts.countingFewOnce(self, along: line)
    return hiding(counts).protect(counting: counts, along: line)
  }

  /// The same of counts in which few riders count once.
  private func protect(counting counts: RideCounts, along line: LineOrder?) -> ProtectedCounts {
    let stops = entries(of: counts)
    let without = withoutAlighting(counts, at: stops)
    let column = alightings(
      of: counts, at: stops, without: without, order: StopOrder(stops.map(\.stop), line: line))
    let least = (
      alightings: zip(column.day, column.hourly).reduce(0) { sum, told in
        sum + max(self.least(told.0), told.1.reduce(0) { $0 + self.least($1) })
      }, without: without.reduce(0) { $0 + self.least($1) }
    )
    let whole = boardings(of: counts, at: stops, least: least.alightings + least.without)
    let both = told(
      counts.ridersWithBothEnds, ways: [column.day, column.hourly.flatMap { $0 }],
      within: CountRange(
        least: max(whole.range.least - without.reduce(0) { $0 + most($1) }, least.alightings),
        most: whole.range.most - least.without))
    let pairsMost = counts.pairs.reduce(0) { $0 + most(pairCell($1.key, $1.value, in: counts)) }
    let rows = stops.enumerated().map { index, stop in
      ProtectedCounts.StopCount(
        stop: stop.stop, boardings: stop.boardings, alightings: column.day[index],
        boardingsWithoutAlighting: without[index], hourlyBoardings: stop.hourlyBoardings,
        hourlyAlightings: column.hourly[index])
    }
    let shown = pairs(counts, beside: rows)
    let hidden = counts.pairs.reduce(0) { $0 + (shown[$1.key] == nil ? $1.value : 0) }
    return ProtectedCounts(
      // By the number that is shown: an order by the one that is not would tell of it.
      pairs: shown.map { ProtectedCounts.PairCount(pair: $0, riders: $1) }.sorted {
        ($1.riders, $0.pair.from, $0.pair.to) < ($0.riders, $1.pair.from, $1.pair.to)
      }, ridersInSmallPairs: min(rounded(hidden), both), stops: rows, ridersWithBothEnds: both,
      boardings: whole.told,
      boardingsWithoutAlighting: told(
        counts.boardingsWithoutAlighting,
        ways: [
          stops.map { stop in
            cell(
              stop.count.boardingsWithoutAlighting,
              isFew: counts.isFew(.boardingsWithoutAlighting(stop.stop)))
          }
        ],
        within: CountRange(
          least: max(whole.range.least - pairsMost, least.without),
          most: whole.range.most - least.alightings)),
      unplacedBoardings: rounded(Array(counts.unplaced.values)),
      boardingsOffLine: rounded(Array(counts.offLine.values)),
      isRounded: isRounding, ridersMin: ridersMin)
  }

  /// Boardings of no known direction as they may be told: among those off the line or without a stop.
  package func boardingsOfNoDirection(_ counts: RideCounts) -> Int {
    rounded(counts.groups { !$0.hasDirection })
  }

  /// Boardings of no known route as they may be told, where all are counted: among those off the line or without a stop.
  package func boardingsOfNoRoute(_ counts: RideCounts) -> Int {
    rounded(counts.groups { !$0.hasRoute })
  }

  /// All boardings as they may be told, no fewer than is known of them, and how many they may stand for.
  private func boardings(
    of counts: RideCounts, at stops: [StopEntry], least: Int
  ) -> (told: Int, range: CountRange) {
    let cells = stops.flatMap(\.hourlyBoardings)
    let hours = Self.sums(of: stops.map(\.count.hourlyBoardings)).enumerated().map { hour, sum in
      cell(sum, isFew: counts.isFew(.hour(hour)))
    }
    let told = told(
      counts.boardings,
      ways: [
        stops.map { cell($0.count.boardings, isFew: counts.isFew(.boardings($0.stop))) }, hours,
        cells,
      ], within: CountRange(least: least, most: .max))
    return (told, range(of: told, riders: counts.boardings, parts: cells))
  }

  /// A stop, what was counted there, and what is told of its boardings.
  private struct StopEntry {
    /// `stop_id`.
    let stop: String
    let count: RideCounts.StopCount
    let boardings: Int?
    let hourlyBoardings: [Int?]
  }

  private func entries(of counts: RideCounts) -> [StopEntry] {
    counts.stops.sorted { $0.key < $1.key }.map { stop, count in
      let hours = count.hourlyBoardings.enumerated().map { hour, riders in
        cell(riders, isFew: counts.isFew(.hourlyBoardings(stop, hour: hour)))
      }
      return StopEntry(
        stop: stop, count: count,
        boardings: self.count(
          count.hourlyBoardings, cells: hours, isFew: counts.isFew(.boardings(stop))),
        hourlyBoardings: hours)
    }
  }

  /// A pair as it may be told beside nothing else.
  private func pairCell(
    _ pair: RideCounts.StopPair, _ riders: Int, in counts: RideCounts
  ) -> Int? {
    cell(riders, isFew: counts.isFew(.pair(pair)))
  }

  /// By hour, over all stops.
  private static func sums(of hours: [[Int]]) -> [Int] {
    (0..<RideCounts.hoursOfDay).map { hour in hours.reduce(0) { $0 + $1[hour] } }
  }

  /// Boardings of each stop whose alighting is not known: a part of those of its hours.
  private func withoutAlighting(
    _ counts: RideCounts, at stops: [StopEntry]
  ) -> [Int?] {
    var pairsMost: [String: Int] = [:]
    for (pair, riders) in counts.pairs {
      pairsMost[pair.from, default: 0] += most(pairCell(pair, riders, in: counts))
    }
    return stops.map { stop in
      var within = boarded(at: stop)
      within.least -= pairsMost[stop.stop] ?? 0
      return cell(
        stop.count.boardingsWithoutAlighting,
        isFew: counts.isFew(.boardingsWithoutAlighting(stop.stop)), within: within)
    }
  }

  /// How many may have boarded at a stop, by what is told of it and of its hours.
  private func boarded(at stop: StopEntry) -> CountRange {
    range(of: stop.boardings, riders: stop.count.boardings, parts: stop.hourlyBoardings)
  }

  /// Alightings of each stop, by hour and of the day beside its hours.
  ///
  /// Those of an hour are a part of its boardings, and those of the day of all.
  private func alightings(
    of counts: RideCounts, at stops: [StopEntry], without: [Int?], order: StopOrder
  ) -> (hourly: [[Int?]], day: [Int?]) {
    let withoutMost = without.reduce(0) { $0 + most($1) }
    var hourly = stops.map { _ in [Int?]() }
    for hour in 0..<RideCounts.hoursOfDay {
      let boarded = stops.map(\.hourlyBoardings[hour])
      let column = alightings(
        stops.map(\.count.hourlyAlightings[hour]),
        areFew: stops.map { counts.isFew(.hourlyAlightings($0.stop, hour: hour)) },
        within: CountRange(
          least: boarded.reduce(0) { $0 + least($1) } - withoutMost,
          most: boarded.reduce(0) { $0 + most($1) }), boarded: boarded.map(most), order: order)
      for (index, cell) in column.enumerated() { hourly[index].append(cell) }
    }
    let whole = boardings(of: counts, at: stops, least: 0).range
    let day = alightings(
      stops.map(\.count.alightings), areFew: stops.map { counts.isFew(.alightings($0.stop)) },
      hours: hourly,
      within: CountRange(
        least: whole.least - withoutMost,
        most: whole.most - without.reduce(0) { $0 + least($1) }),
      boarded: stops.map { boarded(at: $0).most }, order: order)
    return (hourly, day)
  }

  /// Alightings of each stop, beside what is told of their hours: together a part of `all`, and on a line at most
  /// those who boarded before and did not get off yet.
  private func alightings(
    _ riders: [Int], areFew: [Bool], hours: [[Int?]]? = nil, within all: CountRange,
    boarded: [Int], order: StopOrder
  ) -> [Int?] {
    func told(_ index: Int, within: CountRange) -> (cell: Int?, range: CountRange) {
      let told = cell(
        riders[index], isFew: areFew[index], ways: hours.map { [$0[index]] } ?? [], within: within)
      return (told, range(of: told, riders: riders[index], parts: hours?[index] ?? [told]))
    }
    var column = riders.indices.map { told($0, within: .any) }
    var others = CountRange(
      least: column.reduce(0) { $0 + $1.range.least },
      most: column.reduce(0) { $0 + $1.range.most })
    var gotOff = 0
    for index in order.indexes where column[index].cell != 0 {
      others.least -= column[index].range.least
      others.most -= column[index].range.most
      column[index] = told(
        index,
        within: CountRange(
          least: all.least - others.most,
          most: min(all.most - others.least, order.riders(boarded, before: index) - gotOff)))
      others.least += column[index].range.least
      others.most += column[index].range.most
      gotOff += least(column[index].cell)
    }
    return column.map(\.cell)
  }

  /// The pairs that may be shown: together no more than their stops leave room for.
  private func pairs(
    _ counts: RideCounts, beside stops: [ProtectedCounts.StopCount]
  ) -> [RideCounts.StopPair: Int] {
    var shown: [RideCounts.StopPair: Int] = [:]
    var room: (from: [String: Int], to: [String: Int]) = ([:], [:])
    for told in stops {
      guard let count = counts.stops[told.stop] else { continue }
      room.from[told.stop] =
        range(of: told.boardings, riders: count.boardings, parts: told.hourlyBoardings).most
        - least(told.boardingsWithoutAlighting)
      room.to[told.stop] =
        range(of: told.alightings, riders: count.alightings, parts: told.hourlyAlightings).most
    }
    let order = counts.pairs.sorted {
      ($1.value, $0.key.from, $0.key.to) < ($0.value, $1.key.from, $1.key.to)
    }
    for (pair, riders) in order {
      let most = min(room.from[pair.from] ?? 0, room.to[pair.to] ?? 0)
      let isFew = counts.isFew(.pair(pair))
      guard let told = cell(riders, isFew: isFew, within: CountRange(least: 0, most: most)) else {
        continue
      }
      if told > 0 { shown[pair] = told }
      room.from[pair.from, default: 0] -= least(told)
      room.to[pair.to, default: 0] -= least(told)
    }
    return shown
  }
}

/// The order in which riders get off at the stops of some counts.
private struct StopOrder {
  /// Places of the stops among the counts, in the order of travel.
  let indexes: [Int]
  /// The first and the last place of each stop on the line; nil without one.
  private let places: [(first: Int, last: Int)]?

  /// Takes the order of a line; without one that of the stops.
  init(_ stops: [String], line: LineOrder?) {
    guard let line else {
      (indexes, places) = (Array(stops.indices), nil)
      return
    }
    let places = stops.map { stop in
      (
        first: line.stops.firstIndex(of: stop) ?? .min, last: line.stops.lastIndex(of: stop) ?? .max
      )
    }
    indexes = stops.indices.sorted { places[$0].last < places[$1].last }
    self.places = places
  }

  /// Of riders by stop, those who boarded before a stop; of several lines nobody knows.
  func riders(_ boarded: [Int], before index: Int) -> Int {
    guard let places else { return .max }
    return boarded.indices.reduce(0) {
      $0 + (places[$1].first < places[index].last ? boarded[$1] : 0)
    }
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
