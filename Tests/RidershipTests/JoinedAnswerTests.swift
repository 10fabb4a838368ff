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
      let stops = JoinedAnswerTests.line.stops
      let rides = riders.map { ride in
        LoadRide(
          boarding: PlacedBoarding(
            ref: 0, at: Instant(seconds: Int64(ride.hour) * 3600), vehicle: nil, route: "r",
            direction: 0, stop: stops[ride.from], stopOrder: ride.from, source: .device,
            confidence: 1),
          alighting: ride.to.map {
            PlacedAlighting(
              ref: 0, stop: stops[$0], stopOrder: $0, walkMetres: 0, source: .tapOff,
              confidence: 1)
          }, riders: ride.count)
      }
      var all = RideCounts()
      all.add(rides, line: JoinedAnswerTests.line, zone: .utc)
      load = SmallCells().protect(
        RouteLoad(line: JoinedAnswerTests.line, rides: rides, zone: .utc), counts: all)
      counts = SmallCells().protect(all)
    }

    /// Whether the hidden hours of a stop may have two sums at least, by all that is told of the stop.
    func isOpen(_ stop: ProtectedCounts.StopCount) -> Bool {
      let hidden = stop.hourlyBoardings.count { $0 == nil }
      guard hidden > 0 else { return true }
      var told = [stop.boardings, load.stops.first { $0.stop == stop.stop }?.boardings ?? nil]
      if counts.stops.allSatisfy({ $0.stop == stop.stop || $0.boardings == 0 }) {
        told += [counts.boardings, load.boardings]
        // Without a boarding of unknown end all of them have both.
        if stop.boardingsWithoutAlighting == 0 { told.append(counts.ridersWithBothEnds) }
      }
      let parts =
        counts.pairs.filter { $0.pair.from == stop.stop }.map(\.riders)
        + [stop.boardingsWithoutAlighting].compactMap { $0 }.filter { $0 > 0 }
      let shown = stop.hourlyBoardings.compactMap { $0 }.filter { $0 > 0 }
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
        // The load tells of a stop what the answer about stops does.
        let inLoad = answers.load.stops.first { $0.stop == stop.stop }
        #expect(inLoad?.boardings == stop.boardings)
      }
      #expect(answers.load.boardings == answers.counts.boardings)
      #expect(
        answers.load.boardingsWithoutAlighting == answers.counts.boardingsWithoutAlighting)
    }
  }
}
