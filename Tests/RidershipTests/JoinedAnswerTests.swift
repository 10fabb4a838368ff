import Basics
import Ridership
import Testing

/// What a planner learns who lays the answers about a load, stops and pairs of one question side by side.
@Suite struct JoinedAnswerTests {
  private typealias Riders = (from: Int, to: Int?, hour: Int, count: Int)

  private static let line = LineOrder(stops: ["a", "b", "c", "d"])

  private struct Answers {
    let load: ProtectedLoad
    let counts: ProtectedCounts

    init(_ riders: [Riders]) {
      let rides = Self.rides(riders)
      var all = RideCounts()
      all.add(rides, line: JoinedAnswerTests.line, zone: .utc)
      load = SmallCells().protect(
        RouteLoad(line: JoinedAnswerTests.line, rides: rides, zone: .utc), counts: all)
      counts = SmallCells().protect(all, along: JoinedAnswerTests.line)
    }

    static func rides(_ riders: [Riders]) -> [LoadRide] {
      let stops = JoinedAnswerTests.line.stops
      return riders.map { ride in
        .between(ride.from, ride.to, of: stops, hour: ride.hour, riders: ride.count)
      }
    }

    /// Whether the hidden hours of a stop may have two sums at least, by all that is told of the stop.
    func isOpen(_ stop: ProtectedCounts.StopCount) -> Bool {
      var told = [stop.boardings, load.stops.first { $0.stop == stop.stop }?.boardings ?? nil]
      if counts.stops.allSatisfy({ $0.stop == stop.stop || $0.boardings == 0 }) {
        told += [counts.boardings, load.boardings]
        // Without a boarding of unknown end all of them have both.
        if stop.boardingsWithoutAlighting == 0 { told.append(counts.ridersWithBothEnds) }
      }
      return Self.isOpen(
        stop.hourlyBoardings, told: told,
        parts: counts.pairs.filter { $0.pair.from == stop.stop }.map(\.riders)
          + [stop.boardingsWithoutAlighting].compactMap { $0 }.filter { $0 > 0 })
    }

    /// The same of those who got off there.
    func isOpenToAlightings(_ stop: ProtectedCounts.StopCount) -> Bool {
      Self.isOpen(
        stop.hourlyAlightings,
        told: [stop.alightings, load.stops.first { $0.stop == stop.stop }?.alightings ?? nil],
        parts: counts.pairs.filter { $0.pair.to == stop.stop }.map(\.riders))
    }

    private static func isOpen(_ hours: [Int?], told: [Int?], parts: [Int]) -> Bool {
      let hidden = hours.count { $0 == nil }
      guard hidden > 0 else { return true }
      let shown = hours.compactMap { $0 }.filter { $0 > 0 }
      let least = max(
        told.compactMap { $0 }.map { $0 - 2 }.max() ?? 1, parts.reduce(0) { $0 + max(5, $1 - 2) })
      let most = told.compactMap { $0 }.map { $0 + 2 }.min() ?? 4
      let lowest = max(hidden, least - shown.reduce(0) { $0 + $1 + 2 })
      let highest = min(4 * hidden, most - shown.reduce(0) { $0 + max(5, $1 - 2) })
      return lowest < highest
    }
  }

  @Test func fourAtSevenAndFourAtEightAreNotTold() throws {
    let answers = Answers([(0, 3, 7, 4), (0, 3, 8, 4)])
    let stop = try #require(answers.counts.stops.first)
    #expect(stop.boardings == 5 && answers.load.stops[0].boardings == 5)
    #expect(answers.counts.boardings == 5 && answers.load.boardings == 5)
    #expect(answers.counts.pairs.map(\.riders) == [5])
    #expect(answers.counts.ridersWithBothEnds == 5)
    #expect(answers.load.stops.map(\.departureLoad) == [5, 5, 5, 0])
    #expect(answers.isOpen(stop))
  }

  @Test func oneRiderInEachOfSevenHoursIsNotTold() throws {
    let answers = Answers((6...12).map { (0, 3, $0, 1) })
    let stop = try #require(answers.counts.stops.first)
    #expect(stop.boardings == 10 && answers.load.stops[0].boardings == 10)
    #expect(answers.counts.boardings == 10 && answers.counts.ridersWithBothEnds == 10)
    #expect(answers.load.stops.map(\.departureLoad) == [10, 10, 10, 0])
    #expect(answers.isOpen(stop))
  }

  @Test func oneRiderInEachOfFourHoursIsNotTold() throws {
    let answers = Answers((6...9).map { (0, 3, $0, 1) })
    let stop = try #require(answers.counts.stops.first)
    // Hidden, the four could be no other number: told as five, they may be four to seven.
    #expect(stop.boardings == 5 && answers.load.stops.map(\.departureLoad) == [5, 5, 5, 0])
    #expect(answers.counts.pairs.isEmpty && answers.isOpen(stop))
  }

  @Test func alightingsAreToldByOneNumber() throws {
    // All at seven: two hidden fours beside ten who got off would be told.
    let answers = Answers([(0, 2, 7, 4), (1, 2, 7, 4), (2, 3, 7, 20)])
    let stop = try #require(answers.counts.stops.first { $0.stop == "c" })
    #expect(stop.alightings == 5 && stop.hourlyAlightings[7] == 5)
    #expect(answers.load.stops.map(\.alightings) == [0, 0, 5, 20])
    #expect(answers.load.stops.map(\.boardings) == [nil, nil, 20, 0])
    #expect(answers.load.stops.map(\.departureLoad) == [nil, 5, 20, 0])
    #expect(answers.counts.boardings == 30 && answers.counts.pairs.map(\.riders) == [20])
    // So they are where nobody knows the order of the stops.
    var counts = RideCounts()
    counts.add(
      Answers.rides([(0, 2, 7, 4), (1, 2, 7, 4)]), line: Self.line, zone: .utc)
    let alone = try #require(SmallCells().protect(counts).stops.first { $0.stop == "c" })
    #expect(alone.alightings == 5 && alone.hourlyAlightings[7] == 5)
  }

  /// Two riders from a, one to b and one to c; one to c and one nobody knows where to.
  @Test(arguments: [1, nil] as [Int?])
  func aTotalIsNoLessThanItsHiddenParts(other: Int?) {
    let answers = Answers([(0, other, 7, 1), (0, 2, 7, 1)])
    #expect(answers.load.boardings == 5 && answers.counts.boardings == 5)
    #expect(answers.counts.ridersWithBothEnds == (other == nil ? 0 : 5))
    #expect(answers.counts.boardingsWithoutAlighting == 0)
    #expect(answers.load.stops.map(\.boardings) == [nil, 0, 0, 0])
    #expect(answers.load.stops.map(\.alightings) == [0, other == nil ? 0 : nil, nil, 0])
  }

  @Test func aThinLineIsToldWithinAStepOfWhatRides() {
    let riders: [Riders] = (0..<24).flatMap { hour in
      (0...2).map { (from: $0, to: 3, hour: hour, count: 2) }
    }
    let answers = Answers(riders)
    #expect(answers.load.boardings == 145 && answers.counts.ridersWithBothEnds == 145)
    #expect(answers.load.stops.map(\.departureLoad) == [50, 95, 145, 0])
  }

  @Test(arguments: Array(UInt64(1)...40))
  func ofAnyRidersTheAnswersTogetherLeaveAHiddenHourTwoSizes(seed: UInt64) {
    var chance = SeededGenerator(seed: seed)
    for _ in 0..<50 {
      let hours = chance.integer(in: 1...8)
      let from = chance.integer(in: 0...2)
      let riders: [Riders] = (0..<chance.integer(in: 1...12)).map { _ in
        let start = chance.integer(in: 0...1) == 0 ? from : chance.integer(in: 0...2)
        let end = chance.integer(in: start + 1...4)
        return (
          start, end == 4 ? nil : end, chance.integer(in: 0...(hours - 1)),
          chance.integer(in: 1...5)
        )
      }
      let answers = Answers(riders)
      for stop in answers.counts.stops {
        #expect(answers.isOpen(stop), "seed \(seed): \(riders)")
        #expect(answers.isOpenToAlightings(stop), "seed \(seed): \(riders)")
        // The load tells of a stop what the answer about stops does.
        let inLoad = answers.load.stops.first { $0.stop == stop.stop }
        #expect(inLoad?.boardings == stop.boardings && inLoad?.alightings == stop.alightings)
      }
      #expect(answers.load.boardings == answers.counts.boardings)
      #expect(
        answers.load.boardingsWithoutAlighting == answers.counts.boardingsWithoutAlighting)
    }
  }
}
