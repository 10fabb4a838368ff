import Basics
import Ridership
import Testing
import Transit

@Suite struct BoardingTests {
  private let start = GridCity.start

  private func visit(
    _ stop: String, _ order: Int, from: Int64, to: Int64, direction: Int = 0,
    metres: Double = 5, doors: Bool = true
  ) -> StopVisit {
    StopVisit(
      vehicle: "1", route: "n", direction: direction, stop: stop, stopOrder: order,
      arrivedAt: start.adding(seconds: from), departedAt: start.adding(seconds: to),
      distanceMetres: metres, doorsOpened: doors)
  }

  private func outcome(
    _ visits: [StopVisit], at seconds: Int64, resolution: Int = 1, route: String? = "n"
  ) -> BoardingOutcome {
    BoardingPlacer(visits: visits, patterns: GridCity.patterns).place(
      Boarding(
        ref: 7, at: start.adding(seconds: seconds), resolutionSeconds: resolution, vehicle: "1",
        route: route))
  }

  /// Open at n1 from 100 s to 120 s and at n2 from 1000 s on.
  private var visits: [StopVisit] {
    [visit("n1", 1, from: 100, to: 120), visit("n2", 2, from: 1000, to: 1020)]
  }

  @Test(
    arguments: [
      (110, "n1", 0.95), (120, "n1", 0.95), (121, "n1", 0.95 * 0.95), (180, "n1", 0.95 * 0.95),
      (181, "n1", 0.95 * 0.85), (270, "n1", 0.95 * 0.85), (271, "n1", 0.95 * 0.4),
      (720, "n1", 0.95 * 0.4), (721, nil, 0), (939, nil, 0), (940, "n2", 0.95 * 0.7),
      (40, "n1", 0.95 * 0.7), (39, nil, 0),
    ] as [(Int64, String?, Double)])
  func theNearestVisitInTimeWins(seconds: Int64, stop: String?, confidence: Double) {
    let placed = outcome(visits, at: seconds).placed
    #expect(placed?.stop == stop)
    #expect(abs((placed?.confidence ?? 0) - confidence) < 0.0001)
    if stop == nil {
      #expect(outcome(visits, at: seconds) == .unplaced(ref: 7, .noVisitInTime))
    }
  }

  @Test func aTimeCutToTheMinuteMayMeanAnyMomentOfIt() {
    // From 60 s to 119 s the doors opened at n1, at 100 s.
    #expect(outcome(visits, at: 60, resolution: 60).placed?.confidence == 0.95)
    // Two stops within the minute: the one with the longer stay, less sure.
    let two = [visit("n1", 1, from: 62, to: 70), visit("n2", 2, from: 90, to: 110)]
    let placed = outcome(two, at: 60, resolution: 60).placed
    #expect(placed?.stop == "n2")
    #expect(abs((placed?.confidence ?? 0) - 0.95 * 0.7) < 0.0001)
  }

  @Test func whatIsLessCertainHasLessConfidence() {
    func confidence(_ visit: StopVisit, route: String? = "n") -> Double? {
      outcome([visit], at: 110, route: route).placed?.confidence
    }
    #expect(confidence(visit("n1", 1, from: 100, to: 120, doors: false)) == 0.7)
    #expect(confidence(visit("n1", 1, from: 100, to: 120, metres: 170)) == 0.95 * 0.65)
    #expect(confidence(visit("n1", 1, from: 100, to: 120), route: "e") == 0.95 * 0.6)
    // A depot's code is no route: it says nothing against the visit.
    #expect(confidence(visit("n1", 1, from: 100, to: 120), route: "101") == 0.95)
  }

  @Test func whoBoardsAtTheEndOfARunRidesTheNextOne() {
    let turn = [
      visit("n3", 3, from: 0, to: 10), visit("n4", 4, from: 100, to: 300),
      visit("s4", 0, from: 400, to: 420, direction: 1),
      visit("s3", 1, from: 500, to: 520, direction: 1),
    ]
    let placed = outcome(turn, at: 250).placed
    #expect(placed?.stop == "s4")
    #expect(placed?.direction == 1)
    #expect(abs((placed?.confidence ?? 0) - 0.95 * 0.8) < 0.0001)
    #expect(outcome(Array(turn.prefix(2)), at: 250).placed?.stop == "n4")
  }

  @Test func aVehicleLostInTheMiddleOfARunKeepsItsTaps() {
    // Lost from sight with its doors open at n2 of five, it is next seen on the way back.
    let lost = [
      visit("n1", 1, from: 0, to: 10), visit("n2", 2, from: 100, to: 120),
      visit("s2", 2, from: 1000, to: 1020, direction: 1),
    ]
    let placed = outcome(lost, at: 110).placed
    #expect(placed?.stop == "n2" && placed?.direction == 0 && placed?.stopOrder == 2)
    #expect(placed?.confidence == 0.95)
  }

  @Test(arguments: [[0, 0], [0, 1]])
  func whereTheNextRunCallsAtTheSameStopTheRiderBoardsThere(directions: [Int]) {
    // A loop from t back to t, and two directions that share t: the next visit is that of b.
    let points = { (index: Int) in GridCity.point(north: Double(index) * 500, east: 0) }
    let patterns =
      directions[1] == 0
      ? [GridCity.line("n", 0, ["t", "b", "c", "t"], points)]
      : [
        GridCity.line("n", 0, ["c", "b", "x", "t"], points),
        GridCity.line("n", 1, ["t", "b", "c"], points),
      ]
    let visits = [
      visit("t", 3, from: 100, to: 130),
      visit("b", 1, from: 300, to: 320, direction: directions[1]),
    ]
    let placed = BoardingPlacer(visits: visits, patterns: patterns).place(
      Boarding(ref: 1, at: start.adding(seconds: 120), vehicle: "1", route: "n")
    ).placed
    #expect(placed?.stop == "t" && placed?.stopOrder == 0)
    #expect(placed?.direction == directions[1])
    #expect(abs((placed?.confidence ?? 0) - 0.95 * BoardingPlacer.turnConfidence) < 0.0001)
  }

  @Test func whatTheDeviceSaysIsBelieved() {
    let placer = BoardingPlacer(visits: visits, patterns: GridCity.patterns)
    let named = placer.place(
      Boarding(ref: 1, at: start, vehicle: "1", route: "n", stop: "s1")
    ).placed
    #expect(named?.source == .device)
    #expect(named?.confidence == 1)
    #expect(named?.direction == 1)
    #expect(named?.stopOrder == 3)
    let near = placer.place(
      Boarding(
        ref: 2, at: start.adding(seconds: 5000), vehicle: "1", route: "n", direction: 1,
        coordinate: GridCity.point(north: 990, east: 0))
    ).placed
    #expect(near?.stop == "s2")
    #expect(near?.source == .coordinate)
  }

  /// A loop: both directions call at `t` and at `m`, and `t` is the end of one and the start of the other.
  private var loop: [RoutePattern] {
    [
      GridCity.line("n", 0, ["n0", "m", "t"]) { GridCity.point(north: Double($0) * 500, east: 0) },
      GridCity.line("n", 1, ["t", "m", "n0"]) {
        GridCity.point(north: Double(2 - $0) * 500, east: 0)
      },
    ]
  }

  private func named(
    _ stop: String, _ visits: [StopVisit] = [], direction: Int? = nil
  ) -> PlacedBoarding? {
    BoardingPlacer(visits: visits, patterns: loop).place(
      Boarding(
        ref: 1, at: start.adding(seconds: 110), vehicle: "1", route: "n", direction: direction,
        stop: stop)
    ).placed
  }

  @Test func aNamedStopOfBothDirectionsIsOfTheOneThatTheVehicleDrives() {
    for direction in [0, 1] {
      let seen = named("m", [visit("m", 1, from: 100, to: 120, direction: direction)])
      #expect(seen?.direction == direction && seen?.stopOrder == 1)
      #expect(seen?.source == .device && seen?.confidence == 1)
    }
    // Nobody boards at the end of a run, though the vehicle was seen there in it.
    let atEnd = named("t", [visit("t", 2, from: 100, to: 120)])
    #expect(atEnd?.direction == 1 && atEnd?.stopOrder == 0 && atEnd?.confidence == 1)
    // What the device says is believed, and without a word of anybody it is a guess.
    #expect(named("m", direction: 1)?.direction == 1)
    #expect(named("m", direction: 1)?.confidence == 1)
    #expect(named("m")?.confidence == BoardingPlacer.openDirectionConfidence)
    #expect(named("m", [visit("n0", 0, from: 100, to: 120)])?.confidence == 0.5)
  }

  @Test func ofTwoCallsOfARunTheNamedStopIsTheOneThatTheVehicleMade() {
    let line = GridCity.line("n", 0, ["a", "m", "b", "m", "z"]) {
      GridCity.point(north: Double($0) * 500, east: 0)
    }
    func order(_ visits: [StopVisit]) -> PlacedBoarding? {
      BoardingPlacer(visits: visits, patterns: [line]).place(
        Boarding(
          ref: 1, at: start.adding(seconds: 110), vehicle: "1", route: "n", direction: 0,
          stop: "m")
      ).placed
    }
    for call in [1, 3] {
      let placed = order([visit("m", call, from: 100, to: 120)])
      #expect(placed?.stopOrder == call && placed?.confidence == 1)
    }
    #expect(order([])?.stopOrder == 1)
    #expect(order([])?.confidence == BoardingPlacer.openDirectionConfidence)
  }

  @Test func aBoardingWithoutAStopHasAReason() {
    let placer = BoardingPlacer(visits: visits, patterns: GridCity.patterns)
    func reason(_ boarding: Boarding) -> BoardingOutcome { placer.place(boarding) }
    #expect(reason(Boarding(ref: 1, at: start, route: "n")) == .unplaced(ref: 1, .noVehicle))
    #expect(reason(Boarding(ref: 1, at: start, vehicle: "2")) == .unplaced(ref: 1, .noVisits))
    #expect(
      reason(Boarding(ref: 1, at: start, route: "n", stop: "e1")) == .unplaced(ref: 1, .offRoute))
  }
}
