import Basics
import Ridership
import Testing

/// Fewer than k riders are a small group however often they ride.
@Suite struct FewRidersTests {
  private typealias Ride = (from: Int, to: Int?, hour: Int, rider: UInt64, times: Int)

  private static let line = LineOrder(stops: ["a", "b", "c", "d", "e"])

  private static func rides(
    _ rides: [Ride], on line: LineOrder = FewRidersTests.line
  ) -> [LoadRide] {
    rides.map { ride in
      LoadRide(
        boarding: PlacedBoarding(
          ref: 0, at: Instant(seconds: Int64(ride.hour) * 3600), vehicle: nil, route: "r",
          direction: 0, stop: line.stops[ride.from], stopOrder: ride.from, source: .device,
          confidence: 1),
        alighting: ride.to.map {
          PlacedAlighting(
            ref: 0, stop: line.stops[$0], stopOrder: $0, walkMetres: 0, source: .tapOff,
            confidence: 1)
        }, riders: ride.times, whose: SomeRiders([RiderID(high: 0, low: ride.rider)]))
    }
  }

  /// Each a rider of their own.
  private static func crowd(from: Int, to: Int, hour: Int, count: UInt64) -> [Ride] {
    (1...count).map { (from, to, hour, 1_000 * UInt64(from + 10 * to + 100 * hour) + $0, 1) }
  }

  private static func counts(
    _ rides: [Ride], on line: LineOrder = FewRidersTests.line
  ) -> RideCounts {
    var counts = RideCounts()
    counts.add(Self.rides(rides, on: line), line: line, zone: .utc)
    return counts
  }

  private static func protect(
    _ rides: [Ride], on line: LineOrder = FewRidersTests.line
  ) -> (load: ProtectedLoad, counts: ProtectedCounts) {
    let cells = SmallCells()
    let counts = counts(rides, on: line).countingFewOnce(cells)
    let load = RouteLoad(
      line: line, rides: counts.remaining(of: Self.rides(rides, on: line), line: line, zone: .utc),
      zone: .utc)
    return (cells.protect(load, counts: counts), cells.protect(counts, along: line))
  }

  private static func stop(_ name: String, _ counts: ProtectedCounts) throws
    -> ProtectedCounts.StopCount
  {
    try #require(counts.stops.first { $0.stop == name })
  }

  @Test func oneRiderOfFiveDaysIsNoPairAndNoStop() throws {
    let shown = Self.protect([(0, 3, 7, 1, 5)])
    #expect(shown.counts.pairs.isEmpty)
    let stop = try Self.stop("a", shown.counts)
    #expect(stop.boardings == nil && stop.hourlyBoardings[7] == nil)
    // All totals are of one rider, as if there had been one ride.
    #expect(shown.counts.boardings == Self.protect([(0, 3, 7, 1, 1)]).counts.boardings)
    #expect(shown.load == Self.protect([(0, 3, 7, 1, 1)]).load)
  }

  @Test func nothingIsToldOfTheStopOfOneRiderWhoShuttles() throws {
    let crowd = Self.crowd(from: 1, to: 2, hour: 8, count: 20)
    let shown = Self.protect(crowd + (6...10).map { (0, 4, $0, 1, 5) })
    let stop = try Self.stop("a", shown.counts)
    #expect(stop.boardings == nil && shown.load.stops[0].boardings == nil)
    #expect(stop.hourlyBoardings.allSatisfy { $0 == nil || $0 == 0 })
    #expect(shown.counts.pairs.map(\.pair) == [RideCounts.StopPair(from: "b", to: "c")])
    // The total less what is told leaves one rider, not 25 rides.
    let once = Self.protect(crowd + [(0, 4, 6, 1, 1)])
    #expect(shown.counts.boardings == once.counts.boardings)
    #expect(shown.counts.ridersInSmallPairs == once.counts.ridersInSmallPairs)
  }

  @Test func whoRidesAlongOnOneTapIsNoOtherRider() throws {
    let shown = Self.protect([(0, 3, 7, 1, 9)])
    #expect(shown.counts.pairs.isEmpty)
    #expect(try Self.stop("a", shown.counts).boardings == nil)
  }

  @Test func kRidersAreToldWithEachOfTheirRides() throws {
    let shown = Self.protect((1...5).map { (0, 3, 7, $0, 5) })
    #expect(shown.counts.pairs.map(\.riders) == [25])
    #expect(try Self.stop("a", shown.counts).boardings == 25)
    #expect(shown.load.stops.map(\.departureLoad) == [25, 25, 25, 0, 0])
  }

  @Test func hiddenCellsOfManyRidersTogetherCountInTotals() throws {
    // Six riders, of a stop each hour one: ten rides each are in the total of the stop, and in no hour.
    let shown = Self.protect((6...11).map { (0, 3, $0, UInt64($0), 10) })
    let stop = try Self.stop("a", shown.counts)
    #expect(stop.boardings == 60 && shown.counts.boardings == 60)
    #expect(stop.hourlyBoardings[6...11].allSatisfy { $0 == nil })
    #expect(shown.counts.pairs.map(\.riders) == [60])
  }

  @Test func oneHiddenHourIsNotLeftByItsStop() throws {
    let crowd = Self.crowd(from: 0, to: 3, hour: 7, count: 20)
    let shown = Self.protect(crowd + [(0, 3, 12, 1, 30)])
    let stop = try Self.stop("a", shown.counts)
    #expect(stop.hourlyBoardings[7] == 20 && stop.hourlyBoardings[12] == nil)
    #expect(stop.boardings == 20 && shown.counts.boardings == 20)
  }

  @Test func noLoadTellsOneHiddenTapOnTheWay() {
    let shown = Self.protect(
      Self.crowd(from: 0, to: 4, hour: 7, count: 20) + [(1, 4, 7, 1, 30)]
        + Self.crowd(from: 2, to: 4, hour: 7, count: 3)
        + Self.crowd(from: 3, to: 4, hour: 7, count: 3))
    let loads = shown.load.stops.map(\.departureLoad)
    #expect(loads[0] == 20 && loads[1] == nil && loads[2] == nil)
    // Behind the third of the hidden stops seven riders may be meant.
    #expect(loads[3] ?? 0 >= 50 && loads[4] == 0)
  }

  @Test func ofAStopThatTheLineHasTwiceNoPlaceTellsTheOther() {
    let shown = Self.protect(
      [(0, 4, 7, 1, 30)] + Self.crowd(from: 3, to: 4, hour: 7, count: 20),
      on: LineOrder(stops: ["a", "b", "c", "a", "d"]))
    #expect(shown.load.boardings == 50)
    #expect(shown.load.stops.map(\.boardings) == [nil, 0, 0, nil, 0])
    #expect(shown.load.stops[0..<3].allSatisfy { $0.departureLoad == nil })
  }

  @Test func withKOfOneEveryRideIsTold() {
    let counts = Self.counts([(0, 3, 7, 1, 5), (0, 3, 8, 1, 5)])
    let shown = SmallCells(ridersMin: 1).protect(counts, along: Self.line)
    #expect(shown.boardings == 10 && shown.pairs.map(\.riders) == [10])
  }

  /// Of any rides: what is told is of k riders, and no sum leaves fewer than k riders more than k - 1 rides.
  @Test(arguments: Array(UInt64(1)...30))
  func ofAnyRidesNothingIsToldOfFewRiders(seed: UInt64) {
    var chance = SeededGenerator(seed: seed)
    let rides: [Ride] = (0..<chance.integer(in: 1...60)).map { _ in
      let start = chance.integer(in: 0...3)
      let end = chance.integer(in: start + 1...5)
      return (
        start, end == 5 ? nil : end, chance.integer(in: 6...9),
        UInt64(chance.integer(in: 1...12)), chance.integer(in: 1...4)
      )
    }
    let shown = Self.protect(rides).counts
    func riders(_ isMeant: (Ride) -> Bool) -> Int { Set(rides.filter(isMeant).map(\.rider)).count }
    for pair in shown.pairs {
      let places = [pair.pair.from, pair.pair.to].map { Self.line.stops.firstIndex(of: $0) }
      #expect(
        riders { $0.from == places[0] && $0.to == places[1] } >= 5, "seed \(seed): \(rides)")
    }
    for stop in shown.stops {
      let place = Self.line.stops.firstIndex(of: stop.stop)
      if stop.boardings ?? 0 > 5 {
        #expect(riders { $0.from == place } >= 5, "seed \(seed): \(rides)")
      }
      for hour in 0..<24 where stop.hourlyBoardings[hour] ?? 0 > 0 {
        #expect(riders { $0.from == place && $0.hour == hour } >= 5, "seed \(seed): \(rides)")
      }
    }
    // The same question has the same answer, whatever order the rides are read in.
    #expect(Self.protect(rides.shuffled(using: &chance)).counts == shown)
  }
}
