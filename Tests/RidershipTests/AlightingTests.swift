import Basics
import Ridership
import Testing
import Transit

@Suite struct AlightingTests {
  private let finder = AlightingFinder(patterns: GridCity.patterns)

  private func ends(_ stops: [(String, Int64)]) -> [AlightingOutcome] {
    finder.alightings(
      ofDay: stops.enumerated().map { GridCity.boarding($0, $1.0, minute: $1.1) })
  }

  @Test func aTransferEndsTheFirstRideAtTheCrossingAndTheDayEndsAtHome() throws {
    // Out along n to the crossing, on along e; back along w and s: each ride ends where the next begins.
    let ends = ends([("n0", 0), ("e2", 10), ("w4", 500), ("s2", 510)]).map(\.placed)
    #expect(ends.map { $0?.stop } == ["n2", "e4", "w2", "s0"])
    #expect(ends.map { $0?.stopOrder } == [2, 4, 2, 4])
    let sources: [AlightingSource?] = [
      .nextBoarding, .nextBoarding, .nextBoarding, .returnToFirst,
    ]
    #expect(ends.map { $0?.source } == sources)
    let walk = try #require(ends[0]?.walkMetres)
    #expect(abs(walk - 20) < 0.1)
    // 0.9 for the next boarding, less 0.4 of 20 m in 1,000 m.
    #expect(abs((ends[0]?.confidence ?? 0) - 0.9 * (1 - 0.4 * 0.02)) < 0.0001)
  }

  @Test(
    arguments: [
      ([("n0", 0)], [NoAlightingReason.singleBoarding]),
      ([("n0", 0), ("n0", 60)], [.sameStop, .sameStop]),
      ([("n4", 0), ("n4", 60), ("s0", 90)], [.sameStop, .noStopAhead, .noStopAhead]),
      ([("n0", 0), ("?", 60)], [.nextUnplaced, .boardingUnplaced]),
    ] as [([(String, Int64)], [NoAlightingReason])])
  func whatIsNotKnownHasAReason(stops: [(String, Int64)], reasons: [NoAlightingReason]) {
    let expected = reasons.enumerated().map { AlightingOutcome.unknown(ref: $0, $1) }
    #expect(ends(stops) == expected)
  }

  @Test func aRideWhoseNextStopIsOutOfReachHasNoEnd() {
    // From w4 only stops of w lie ahead, the nearest to n0 is w2: 1,035 m away.
    let outcome = ends([("w4", 0), ("n0", 30)])[0]
    #expect(outcome == .unknown(ref: 0, .tooFar))
  }

  @Test func aCompanionOnTheSameCardGetsOffWithTheRider() {
    let boardings = [
      GridCity.boarding(0, "n0", minute: 0), GridCity.boarding(0, "n0", minute: 1),
      GridCity.boarding(9, "e2", minute: 10),
    ].enumerated().map { index, outcome -> BoardingOutcome in
      guard case .placed(var boarding) = outcome else { return outcome }
      boarding.ref = index
      return .placed(boarding)
    }
    let ends = finder.alightings(ofDay: boardings)
    #expect(ends.prefix(2).map { $0.placed?.stop } == ["n2", "n2"])
  }

  @Test func aTapOffIsBelievedBeforeAnythingElse() {
    let boardings = [GridCity.boarding(0, "n0", minute: 0), GridCity.boarding(1, "e2", minute: 9)]
    let ends = finder.alightings(ofDay: boardings, tapOffs: [0: "n1"])
    #expect(ends[0].placed?.stop == "n1")
    #expect(ends[0].placed?.source == .tapOff)
    #expect(finder.alightings(ofDay: boardings, tapOffs: [0: "w1"])[0].placed?.stop == "n2")
  }
}
