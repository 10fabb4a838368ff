import Basics
import Ridership
import Testing
import Transit

@Suite struct RideCountsTests {
  private typealias Pair = RideCounts.StopPair

  /// Riders of a line A B C D: where they boarded and got off, how many, and in which hour.
  ///
  ///     8:00  A -> B   6        9:00  A -> D   7
  ///           A -> C  10              B -> C   2
  ///           B -> D   3              C -> D   8
  ///           B -> ?   5              X -> C   4   (the line does not have X)
  private static let worked: [(from: String, to: String?, riders: Int, hour: Int)] = [
    ("A", "B", 6, 8), ("A", "C", 10, 8), ("B", "D", 3, 8), ("B", nil, 5, 8),
    ("A", "D", 7, 9), ("B", "C", 2, 9), ("C", "D", 8, 9), ("X", "C", 4, 9),
  ]

  private static let line = LineOrder(stops: ["A", "B", "C", "D"])

  private static func ride(_ from: String, _ to: String?, _ riders: Int, hour: Int) -> LoadRide {
    func order(_ stop: String) -> Int { line.stops.firstIndex(of: stop) ?? 0 }
    return LoadRide(
      boarding: PlacedBoarding(
        ref: 0, at: Instant(seconds: Int64(hour) * 3600), vehicle: nil, route: "r", direction: 0,
        stop: from, stopOrder: order(from), source: .device, confidence: 1),
      alighting: to.map { stop in
        PlacedAlighting(
          ref: 0, stop: stop, stopOrder: order(stop), walkMetres: 0, source: .tapOff,
          confidence: 1)
      }, riders: riders)
  }

  private static func counts(
    _ rides: [(from: String, to: String?, riders: Int, hour: Int)], hours: HourBand? = nil
  ) -> RideCounts {
    var counts = RideCounts()
    counts.add(
      rides.map { ride($0.from, $0.to, $0.riders, hour: $0.hour) },
      unplaced: [(Instant(seconds: 8 * 3600), 11), (Instant(seconds: 9 * 3600), 9)], line: line,
      hours: hours, zone: .utc)
    return counts
  }

  private static func told(_ counts: ProtectedCounts) -> [String] {
    counts.pairs.map { "\($0.pair.from) -> \($0.pair.to) \($0.riders)" }
  }

  @Test func ridersByPairOfStopsAreThoseOfTheWorkedTable() {
    let counts = Self.counts(Self.worked)
    #expect(
      Self.told(SmallCells(ridersMin: 1).protect(counts)) == [
        "A -> C 10", "C -> D 8", "A -> D 7", "A -> B 6", "B -> D 3", "B -> C 2",
      ])
    #expect(counts.boardings == 41)
    #expect(counts.boardingsWithoutAlighting == 5)
    #expect(counts.ridersWithBothEnds == 36)
    #expect(counts.boardingsOffLine == 4)
    #expect(counts.unplacedBoardings == 20)
  }

  @Test func boardingsAndAlightingsByStopAreThoseOfTheWorkedTable() {
    let stops = Self.counts(Self.worked).stops
    let rows = stops.sorted { $0.key < $1.key }.map { stop, count in
      "\(stop) \(count.boardings) \(count.alightings) \(count.boardingsWithoutAlighting)"
    }
    #expect(rows == ["A 23 0 0", "B 10 6 5", "C 8 12 0", "D 0 18 0"])
    #expect(stops["A"].map { Array($0.hourlyBoardings[8...9]) } == [16, 7])
    // Those who got off at D boarded three in the one hour and fifteen in the other.
    #expect(stops["D"].map { Array($0.hourlyAlightings[8...9]) } == [3, 15])
  }

  @Test func hoursLeaveOutRidesAsAWhole() {
    let counts = Self.counts(Self.worked, hours: HourBand("9-10"))
    #expect(
      counts.pairs == [
        Pair(from: "A", to: "D"): 7, Pair(from: "B", to: "C"): 2, Pair(from: "C", to: "D"): 8,
      ])
    #expect(counts.boardings == 17 && counts.unplacedBoardings == 9)
  }

  @Test func aLineThatTheNetworkLacksHasNoStops() {
    var counts = RideCounts()
    counts.add([Self.ride("A", "B", 6, hour: 8)], line: nil, zone: .utc)
    #expect(counts.boardingsOffLine == 6 && counts.boardings == 0 && counts.pairs.isEmpty)
  }

  @Test func aSmallPairIsNotListedAndAllOfThemAreOneNumber() {
    let shown = SmallCells(ridersMin: 5).protect(Self.counts(Self.worked))
    #expect(Self.told(shown) == ["A -> C 10", "C -> D 10", "A -> B 5", "A -> D 5"])
    #expect(shown.ridersInSmallPairs == 5)
    #expect(shown.ridersWithBothEnds == 35 && shown.boardings == 40)
    let bridge = shown.stops.first { $0.stop == "B" }
    #expect(bridge.map { Array($0.hourlyBoardings[8...9]) } == [10, nil])
  }

  @Test func nothingTellsWhereAFewRidersGotOff() {
    // Three of those who boarded at A got off at C, or at D: the answer about pairs is the same.
    let here = SmallCells().protect(Self.counts([("A", "B", 20, 8), ("A", "C", 3, 8)]))
    let there = SmallCells().protect(Self.counts([("A", "B", 20, 8), ("A", "D", 3, 8)]))
    #expect(Self.told(here) == ["A -> B 20"])
    #expect(Self.told(here) == Self.told(there))
    #expect(here.ridersInSmallPairs == there.ridersInSmallPairs)
    #expect(here.ridersWithBothEnds == there.ridersWithBothEnds)
  }

  /// Riders of the grid city: as many in each tap as chance has it, at stops that nobody knows among them.
  private static func chanceRides(seed: UInt64) -> [LoadRide] {
    var chance = SeededGenerator(seed: seed)
    let stops = GridCity.patterns.flatMap { $0.places.map(\.stop) } + ["?"]
    let riders = (0..<200).map { _ in
      (0..<chance.integer(in: 1...5)).map { index in
        (stop: stops[chance.integer(in: 0...(stops.count - 1))], minute: Int64(index) * 60)
      }
    }
    return GridCity.rides(riders).map { ride in
      var ride = ride
      ride.riders = chance.integer(in: 1...4)
      return ride
    }
  }

  @Test(arguments: [UInt64(1), 2, 3, 4, 5])
  func ofAnyRidersThePairsStopsAndLoadsHaveTheSameSums(seed: UInt64) {
    let rides = Self.chanceRides(seed: seed)
    var counts = RideCounts()
    for pattern in GridCity.patterns {
      let line = LineOrder(patterns: [pattern])
      let own = rides.filter {
        $0.boarding.route == pattern.route && $0.boarding.direction == pattern.direction
      }
      counts.add(own, line: line, zone: .utc)
      for stop in RouteLoad(line: line, rides: own, zone: .utc).stops {
        let count = counts.stops[stop.stop]
        let from = counts.pairs.reduce(0) { $0 + ($1.key.from == stop.stop ? $1.value : 0) }
        let to = counts.pairs.reduce(0) { $0 + ($1.key.to == stop.stop ? $1.value : 0) }
        #expect(count?.boardings ?? 0 == stop.boardings)
        #expect(count?.alightings ?? 0 == stop.alightings)
        #expect(count?.boardingsWithoutAlighting ?? 0 == stop.boardingsWithoutAlighting)
        #expect(from == stop.boardings - stop.boardingsWithoutAlighting)
        #expect(to == stop.alightings)
      }
    }
    #expect(counts.pairs.values.reduce(0, +) == counts.ridersWithBothEnds)
    #expect(counts.boardings == rides.reduce(0) { $0 + $1.riders })
  }

  @Test(arguments: [UInt64(1), 2, 3, 4, 5])
  func ofAnyRidersNoNumberThatIsShownIsOfASmallGroup(seed: UInt64) {
    var counts = RideCounts()
    let rides = Self.chanceRides(seed: seed)
    for pattern in GridCity.patterns {
      counts.add(
        rides.filter {
          $0.boarding.route == pattern.route && $0.boarding.direction == pattern.direction
        }, line: LineOrder(patterns: [pattern]), zone: .utc)
    }
    let shown = SmallCells(ridersMin: 5).protect(counts)
    #expect(shown.pairs.allSatisfy { counts.pairs[$0.pair] ?? 0 >= 5 })
    #expect(shown.pairs.count == counts.pairs.values.count { $0 >= 5 })
    let cells = shown.stops.flatMap {
      [$0.boardings, $0.alightings, $0.boardingsWithoutAlighting] + $0.hourlyBoardings
        + $0.hourlyAlightings
    }
    let numbers =
      shown.pairs.map(\.riders) + cells.compactMap { $0 } + [
        shown.ridersInSmallPairs, shown.ridersWithBothEnds, shown.boardings,
        shown.boardingsWithoutAlighting, shown.unplacedBoardings, shown.boardingsOffLine,
      ]
    #expect(numbers.allSatisfy { $0 % 5 == 0 })
    // The order tells no more than the numbers do.
    #expect(shown.pairs.map(\.riders) == shown.pairs.map(\.riders).sorted(by: >))
  }
}
