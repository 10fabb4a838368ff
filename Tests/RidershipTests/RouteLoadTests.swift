import Basics
import Ridership
import Testing
import Transit

@Suite struct RouteLoadTests {
  /// Four riders of line n, to be counted by hand.
  ///
  ///     A  n0 -> n2 (on along e)      back w2 -> s0
  ///     B  n0 -> n4                   back s4 -> s0
  ///     C  n1 -> n3                   back s3 -> s1
  ///     D  n1, seen once: nobody knows where D got off
  private let rides = GridCity.rides([
    [("n0", 0), ("e2", 5), ("w4", 400), ("s2", 405)],
    [("n0", 1), ("s4", 300)],
    [("n1", 70), ("s3", 310)],
    [("n1", 71)],
  ])

  private func load(
    _ pattern: RoutePattern, hours: HourBand? = nil,
    unplaced: [(at: Instant, riders: Int)] = []
  ) -> RouteLoad {
    RouteLoad(
      line: LineOrder(patterns: [pattern]),
      rides: rides.filter {
        $0.boarding.route == pattern.route && $0.boarding.direction == pattern.direction
      }, unplaced: unplaced, hours: hours, zone: .utc)
  }

  @Test func theLoadOfEachStopIsTheOneCountedByHand() {
    let north = load(GridCity.north)
    #expect(north.stops.map(\.boardings) == [2, 2, 0, 0, 0])
    #expect(north.stops.map(\.alightings) == [0, 0, 1, 1, 1])
    #expect(north.stops.map(\.departureLoad) == [2, 3, 2, 1, 0])
    #expect(north.stops.map(\.boardingsWithoutAlighting) == [0, 1, 0, 0, 0])
    #expect(north.boardings == 4)
    #expect(north.boardingsWithoutAlighting == 1)
    #expect(north.busiest?.stop == "n1")
    let south = load(GridCity.south)
    #expect(south.stops.map(\.boardings) == [1, 1, 1, 0, 0])
    #expect(south.stops.map(\.alightings) == [0, 0, 0, 1, 2])
    #expect(south.stops.map(\.departureLoad) == [1, 2, 3, 2, 0])
  }

  @Test func anHourBandCountsTheBoardingsWithinIt() throws {
    // The city's day begins at 22:13:20 UTC: minutes 0 and 1 lie in 22-23, minutes 70 and 71 in 23-24.
    let band = try #require(HourBand("23-24"))
    let north = load(
      GridCity.north, hours: band,
      unplaced: [(GridCity.start, 3), (GridCity.start.adding(seconds: 4000), 2)])
    #expect(north.stops.map(\.boardings) == [0, 2, 0, 0, 0])
    #expect(north.stops.map(\.departureLoad) == [0, 1, 1, 0, 0])
    #expect(north.unplacedBoardings == 2)
  }

  @Test(arguments: ["9-7", "7", "7-25", "-1-3", "a-b", "7-7", ""])
  func whatIsNoHourBandIsRefused(text: String) {
    #expect(HourBand(text) == nil)
  }

  @Test func branchesAndShortRunsBecomeOneList() {
    func pattern(_ stops: [String], trips: Int) -> RoutePattern {
      var pattern = GridCity.line("r", 0, stops) { GridCity.point(north: Double($0), east: 0) }
      pattern.tripCount = trips
      return pattern
    }
    let line = LineOrder(patterns: [
      pattern(["b", "x", "y", "d", "z"], trips: 2), pattern(["a", "b", "c", "d"], trips: 9),
      pattern(["depot", "b", "c"], trips: 1),
    ])
    #expect(line.stops == ["a", "depot", "b", "c", "x", "y", "d", "z"])
  }

  @Test func aPlaceOfAShortRunIsItsOwnInTheMergedLine() {
    // The short run begins in the middle, so its places are others than those of the line.
    func pattern(_ stops: [String], trips: Int) -> RoutePattern {
      var pattern = GridCity.line("r", 0, stops) { GridCity.point(north: Double($0), east: 0) }
      pattern.tripCount = trips
      return pattern
    }
    let line = LineOrder(patterns: [
      pattern(["m", "a", "b", "c", "m", "d"], trips: 9), pattern(["c", "m", "d"], trips: 1),
    ])
    #expect(line.stops == ["m", "a", "b", "c", "m", "d"])
    let boarding = PlacedBoarding(
      ref: 1, at: GridCity.start, vehicle: nil, route: "r", direction: 0, stop: "m", stopOrder: 1,
      source: .device, confidence: 1)
    let load = RouteLoad(
      line: line, rides: [LoadRide(boarding: boarding, alighting: nil, riders: 1)], zone: .utc)
    #expect(load.stops.map(\.boardings) == [0, 0, 0, 0, 1, 0])
  }

  @Test func aRideAroundALoopCountsOnceAtEachEnd() {
    // The stop "a" stands at both ends of the loop a b c a; the rider goes from c to the second a.
    let line = LineOrder(stops: ["a", "b", "c", "a"])
    let boarding = PlacedBoarding(
      ref: 1, at: GridCity.start, vehicle: nil, route: "r", direction: 0, stop: "c", stopOrder: 2,
      source: .device, confidence: 1)
    let alighting = PlacedAlighting(
      ref: 1, stop: "a", stopOrder: 3, walkMetres: 0, source: .tapOff, confidence: 1)
    let load = RouteLoad(
      line: line, rides: [LoadRide(boarding: boarding, alighting: alighting, riders: 3)],
      zone: .utc)
    #expect(load.stops.map(\.departureLoad) == [0, 0, 3, 0])
    #expect(load.stops.map(\.alightings) == [0, 0, 0, 3])
  }

  @Test(arguments: [UInt64(1), 2, 3, 4, 5])
  func ofAnyRidersTheLoadBeginsAndEndsAtZeroAndNobodyIsLost(seed: UInt64) {
    var chance = SeededGenerator(seed: seed)
    let stops = GridCity.patterns.flatMap { $0.places.map(\.stop) } + ["?"]
    let riders = (0..<200).map { _ in
      (0..<chance.integer(in: 1...5)).map { index in
        (stop: stops[chance.integer(in: 0...(stops.count - 1))], minute: Int64(index) * 60)
      }
    }
    let rides = GridCity.rides(riders)
    var counted = 0
    for pattern in GridCity.patterns {
      let load = RouteLoad(
        line: LineOrder(patterns: [pattern]),
        rides: rides.filter {
          $0.boarding.route == pattern.route && $0.boarding.direction == pattern.direction
        }, zone: .utc)
      #expect(load.stops.last?.departureLoad == 0)
      #expect(load.stops.allSatisfy { $0.departureLoad >= 0 })
      let alighted = load.stops.reduce(0) { $0 + $1.alightings }
      #expect(alighted + load.boardingsWithoutAlighting == load.boardings)
      counted += load.boardings
    }
    #expect(counted == rides.count)
  }
}
