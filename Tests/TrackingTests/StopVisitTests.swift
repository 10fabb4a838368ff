import Basics
import Testing
import Tracking
import Transit

@Suite struct StopVisitTests {
  private let street = GridStreet(stopCount: 6)
  private var patterns: [RoutePattern] {
    [street.pattern(direction: 0), street.pattern(direction: 1)]
  }
  private let start = GridStreet.start
  private var back: Instant { start.adding(seconds: 600) }

  private func thereAndBack(doors: Bool, route: String? = "r") -> [Position] {
    street.run(vehicle: "1", direction: 0, startsAt: start, doors: doors, route: route)
      + street.run(vehicle: "1", direction: 1, startsAt: back, doors: doors, route: route)
  }

  @Test(arguments: [true, false])
  func aBusThereAndBackVisitsEachStopOnItsOwnSide(doors: Bool) {
    let visits = StopVisitFinder.visits(
      positions: thereAndBack(doors: doors), patterns: patterns)
    let expected =
      (0..<6).map { "r0-\($0)" } + (0..<6).reversed().map { "r1-\($0)" }
    #expect(visits.map(\.stop) == expected)
    #expect(
      visits.map(\.direction) == Array(repeating: 0, count: 6) + Array(repeating: 1, count: 6))
    #expect(visits.map(\.stopOrder) == Array(0..<6) + Array(0..<6))
    #expect(visits.allSatisfy { $0.doorsOpened == doors })
    for (order, visit) in visits.prefix(6).enumerated() {
      let arrival = start.adding(seconds: GridStreet.arrivalSeconds(order: order))
      #expect(visit.arrivedAt == arrival)
      #expect(visit.departedAt == arrival.adding(seconds: GridStreet.dwellSeconds))
      #expect(abs(visit.distanceMetres - 8) < 0.1)
    }
  }

  @Test(arguments: [true, false])
  func orderAndRepetitionOfPositionsDoNotMatter(doors: Bool) {
    let positions = thereAndBack(doors: doors)
    let visits = StopVisitFinder.visits(positions: positions, patterns: patterns)
    var chance = SeededGenerator(seed: 7)
    for _ in 0..<20 {
      var shuffled = positions.filter { _ in chance.chance(0.3) } + positions
      shuffled.shuffle(using: &chance)
      #expect(StopVisitFinder.visits(positions: shuffled, patterns: patterns) == visits)
    }
  }

  @Test func aStopPassedWithClosedDoorsIsNoVisitAndTheRunGoesOn() {
    let positions = street.run(
      vehicle: "1", direction: 0, startsAt: start, doors: true, route: "r", skipping: [2, 3])
    let visits = StopVisitFinder.visits(positions: positions, patterns: patterns)
    #expect(visits.map(\.stopOrder) == [0, 1, 4, 5])
  }

  @Test func withoutDoorEventsAStopPassedIsSeenAtTheNearestMoment() {
    let positions = street.run(
      vehicle: "1", direction: 0, startsAt: start, doors: false, route: "r", skipping: [2])
    let visits = StopVisitFinder.visits(positions: positions, patterns: patterns)
    #expect(visits.map(\.stopOrder) == Array(0..<6))
    // The last report before the stop is 80 m short of it at 130 s, the first after it is 80 m past
    // it at 170 s: midway between them is 150 s.
    #expect(visits[2].arrivedAt == start.adding(seconds: 150))
    #expect(visits[2].departedAt == visits[2].arrivedAt)
  }

  @Test func aVehicleWhoseRouteNobodyNamesHasNoVisits() {
    let positions = thereAndBack(doors: true, route: nil)
    #expect(StopVisitFinder.visits(positions: positions, patterns: patterns).isEmpty)
    let depot = [RouteHint(vehicle: "1", at: start, route: "101")]
    #expect(
      StopVisitFinder.visits(positions: positions, patterns: patterns, hints: depot).isEmpty)
    let other = [RouteHint(vehicle: "2", at: start, route: "r")]
    #expect(
      StopVisitFinder.visits(positions: positions, patterns: patterns, hints: other).isEmpty)
  }

  @Test func oneHintOfTheDayIsEnoughAndUnknownOnesAreIgnored() {
    let positions = thereAndBack(doors: true, route: nil)
    let hints = [
      RouteHint(vehicle: "1", at: start, route: "101"),
      RouteHint(vehicle: "1", at: back, route: "r"),
    ]
    let visits = StopVisitFinder.visits(positions: positions, patterns: patterns, hints: hints)
    #expect(visits.count == 12)
  }

  @Test func ofTwoRoutesOnOneStreetTheHintDecides() {
    let all = patterns + [street.pattern(direction: 0, route: "s")]
    let hints = [
      RouteHint(vehicle: "1", at: start, route: "s"),
      RouteHint(vehicle: "1", at: back, route: "r"),
    ]
    let run = street.run(vehicle: "1", direction: 0, startsAt: start, doors: true, route: "s")
    let visits = StopVisitFinder.visits(positions: run, patterns: all, hints: hints)
    #expect(visits.map(\.stop) == (0..<6).map { "s0-\($0)" })
  }

  @Test func aReceiverThatJumpsAwayChangesNothing() {
    var positions = thereAndBack(doors: true)
    let visits = StopVisitFinder.visits(positions: positions, patterns: patterns)
    positions.append(
      Position(
        vehicle: "1", at: start.adding(seconds: 95),
        coordinate: Coordinate(latitude: 48.4, longitude: 22.1), route: "r", door: .open))
    positions.append(
      Position(
        vehicle: "1", at: start.adding(seconds: 96),
        coordinate: Coordinate(latitude: 0, longitude: 0), route: "r", door: .closed))
    #expect(StopVisitFinder.visits(positions: positions, patterns: patterns) == visits)
  }

  @Test func aLongStayAtTheTerminusEndsOneRunAndBeginsTheNext() {
    // Both directions share the pole at the far end, and the doors stay open for the whole layover.
    var there = street.pattern(direction: 0)
    var andBack = street.pattern(direction: 1)
    there.places[5].stop = "end"
    andBack.places[0].stop = "end"
    let positions = thereAndBack(doors: true).filter { position in
      !(position.at >= start.adding(seconds: 370) && position.at <= back
        && position.door == .closed) && !(position.at == back)
    }
    let visits = StopVisitFinder.visits(positions: positions, patterns: [there, andBack])
    let atEnd = visits.filter { $0.stop == "end" }
    #expect(atEnd.map(\.direction) == [0, 1])
    #expect(atEnd.map(\.stopOrder) == [5, 0])
    #expect(atEnd[0].departedAt == atEnd[1].arrivedAt)
  }

  @Test func aShortStayWhereALoopClosesIsOneVisitOfOneOfItsRuns() {
    // Out along the street and back to its first pole, twice; the doors are open there for 20 s.
    var loop = street.pattern(direction: 0)
    let back = street.pattern(direction: 1).places.dropFirst()
    loop.places += back
    loop.places[loop.places.count - 1] = loop.places[0]
    let lapSeconds = 2 * GridStreet.arrivalSeconds(order: 5)
    let positions = (0..<2).flatMap { lap -> [Position] in
      let startsAt = start.adding(seconds: Int64(lap) * lapSeconds)
      return street.run(vehicle: "1", direction: 0, startsAt: startsAt, doors: true, route: "r")
        + street.run(
          vehicle: "1", direction: 1,
          startsAt: startsAt.adding(seconds: GridStreet.arrivalSeconds(order: 5)), doors: true,
          route: "r", skipping: [0])
    }
    let visits = StopVisitFinder.visits(positions: positions, patterns: [loop])
    let closing = visits.filter {
      $0.stop == "r0-0" && $0.arrivedAt == start.adding(seconds: lapSeconds)
    }
    #expect(closing.count == 1)
    #expect(closing.allSatisfy { [0, 10].contains($0.stopOrder) })
  }

  @Test func aTripOnThePositionsNamesThePattern() {
    // A short run and a long one of route r; both hold the stops driven, the trip tells them apart.
    var content = NetworkContent(timeZoneName: "UTC")
    content.routes = [
      Route(id: "r", shortName: "1", longName: "", mode: .bus, operatorIndex: nil)
    ]
    content.services = [Service(id: "s", weekdays: [], days: nil)]
    let places = street.pattern(direction: 0).places
    content.stops = places.map { Stop(id: $0.stop, name: "", coordinate: $0.coordinate) }
    content.patterns = [[0, 1, 2, 3, 4, 5], [2, 3, 4]].map { stops in
      Pattern(
        routeIndex: 0, direction: 0, stopIndexes: stops, tripCount: 5, shapeIndex: nil,
        stopMetres: stops.map { Double($0) * 400 })
    }
    content.trips = [0, 1].map { index in
      Trip(
        id: "t\(index)", routeIndex: 0, serviceIndex: 0, direction: 0, headsign: "",
        shapeIndex: nil, patternIndex: index, block: nil, stopTimes: 0..<0)
    }
    let network = Network(content)
    for (trip, orders) in [("t0", [2, 3, 4]), ("t1", [0, 1, 2])] {
      let positions = street.run(
        vehicle: "1", direction: 0, startsAt: start, doors: true, skipping: [0, 1, 5]
      ).map { position in
        var position = position
        position.trip = trip
        return position
      }
      let visits = StopVisitFinder.visits(positions: positions, network: network)
      #expect(visits.map(\.stop) == ["r0-2", "r0-3", "r0-4"])
      #expect(visits.map(\.stopOrder) == orders)
    }
  }
}
