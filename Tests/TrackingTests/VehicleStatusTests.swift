import Basics
import Testing
import Tracking
import Transit

@Suite struct VehicleStatusTests {
  private let finder: VehicleStatusFinder

  /// The same network, where the trip runs each quarter of an hour.
  private let byHeadway: VehicleStatusFinder

  /// One route of three stops 500 m apart, one trip that leaves at 23:50 and ends after midnight.
  init() throws {
    var content = NetworkContent(timeZoneName: "UTC")
    content.routes = [
      Route(id: "r", shortName: "1", longName: "", mode: .bus, operatorIndex: nil)
    ]
    content.stops = (0..<3).map { index in
      Stop(id: "s\(index)", name: "", coordinate: GridStreet.point(north: Double(index) * 500))
    }
    let monday = try #require(Day("2026-11-16"))
    content.services = [
      Service(
        id: "mon", weekdays: [.monday], days: monday...monday.adding(days: 13))
    ]
    content.patterns = [
      Pattern(
        routeIndex: 0, direction: 0, stopIndexes: [0, 1, 2], tripCount: 1, shapeIndex: nil,
        stopMetres: [0, 500, 1000])
    ]
    content.stopTimes = (0..<3).map { index in
      let seconds = Int32(85_800 + index * 600)
      return StopTime(
        arrivalSeconds: seconds, departureSeconds: seconds, stopIndex: Int32(index),
        sequence: Int32(10 + index * 5))
    }
    content.trips = [
      Trip(
        id: "t", routeIndex: 0, serviceIndex: 0, direction: 0, headsign: "", shapeIndex: nil,
        patternIndex: 0, block: nil, stopTimes: 0..<3)
    ]
    finder = VehicleStatusFinder(network: Network(content), zone: .utc)
    content.frequencies = [
      Frequency(
        tripIndex: 0, startSeconds: 21_600, endSeconds: 82_800, headwaySeconds: 900, isExact: false)
    ]
    byHeadway = VehicleStatusFinder(network: Network(content), zone: .utc)
  }

  private func position(_ text: String, north: Double, trip: String? = "t") throws -> Position {
    Position(
      vehicle: "1", at: try #require(Instant(iso8601: text)),
      coordinate: GridStreet.point(north: north), trip: trip, route: "1")
  }

  private func visit(_ order: Int, _ from: String, _ to: String) throws -> StopVisit {
    StopVisit(
      vehicle: "1", route: "r", direction: 0, stop: "s\(order)", stopOrder: order,
      arrivedAt: try #require(Instant(iso8601: from)),
      departedAt: try #require(Instant(iso8601: to)), distanceMetres: 3, doorsOpened: true)
  }

  @Test func aVehicleAfterMidnightBelongsToYesterdaysTrip() throws {
    let status = finder.status(
      of: try position("2026-11-17T00:02:00Z", north: 600),
      visits: [try visit(1, "2026-11-17T00:00:00Z", "2026-11-17T00:00:20Z")])
    #expect(status.trip == "t")
    #expect(status.route == "r")
    #expect(status.direction == 0)
    #expect(status.startDay == Day("2026-11-16"))
    #expect(status.stop == "s2")
    #expect(status.stopSequence == 20)
    #expect(status.progress == .inTransitTo)
  }

  @Test func aVehicleStandsAtItsStopThenNearsTheNext() throws {
    let visits = [
      try visit(1, "2026-11-17T00:00:00Z", "2026-11-17T00:00:20Z"),
      try visit(0, "2026-11-16T23:50:00Z", "2026-11-16T23:51:00Z"),
    ]
    let standing = finder.status(
      of: try position("2026-11-17T00:00:20Z", north: 505), visits: visits)
    #expect(standing.progress == .stoppedAt)
    #expect(standing.stop == "s1")
    let near = finder.status(
      of: try position("2026-11-17T00:04:00Z", north: 950), visits: visits)
    #expect(near.progress == .incomingAt)
    #expect(near.stop == "s2")
  }

  /// One trip stands for many runs, and nobody says which of them the vehicle drives.
  @Test func aTripByHeadwayIsNoRunAndItsRouteAndDirectionStay() throws {
    let at = try position("2026-11-16T20:02:00Z", north: 600)
    let status = byHeadway.status(
      of: at, visits: [try visit(1, "2026-11-16T20:00:00Z", "2026-11-16T20:00:20Z")])
    #expect(status.trip == nil && status.startDay == nil && status.stopSequence == nil)
    #expect(status.route == "r" && status.direction == 0)
    #expect(status.stop == "s2" && status.progress == .inTransitTo)
    let sent = VehiclePositionsFeed.encode(VehiclePositionsFeed.message([status], at: at.at))
    let read = try VehiclePositionsFeed.decode(sent).vehicles.first
    #expect(read?.trip == nil && read?.startDay == nil && read?.route == "r")
    #expect(finder.status(of: at, visits: []).startDay == Day("2026-11-16"))
  }

  @Test func aTripThatTheVisitsContradictIsNotPublished() throws {
    let at = try position("2026-11-17T00:02:00Z", north: 600)
    var back = try visit(1, "2026-11-17T00:00:00Z", "2026-11-17T00:00:20Z")
    back.direction = 1
    let status = finder.status(of: at, visits: [back])
    #expect(status.trip == nil && status.startDay == nil)
    #expect(status.route == "r" && status.direction == 1)
    // On a Thursday the trip does not run.
    let thursday = finder.status(
      of: try position("2026-11-19T23:55:00Z", north: 600), visits: [])
    #expect(thursday.trip == nil && thursday.startDay == nil && thursday.route == "r")
  }

  @Test func aRouteNamedAfterTheVisitWins() throws {
    var other = try visit(1, "2026-11-17T00:00:00Z", "2026-11-17T00:00:20Z")
    other.route = "x"
    let later = finder.status(
      of: try position("2026-11-17T00:02:00Z", north: 600, trip: nil), visits: [other])
    #expect(later.route == "r" && later.direction == nil)
    let within = finder.status(
      of: try position("2026-11-17T00:00:10Z", north: 600, trip: nil), visits: [other])
    #expect(within.route == "x" && within.direction == 0)
  }

  @Test func withoutATripTheRouteComesFromTheVisitsOrTheDevice() throws {
    let at = try position("2026-11-17T00:02:00Z", north: 600, trip: nil)
    let visited = finder.status(
      of: at, visits: [try visit(1, "2026-11-17T00:00:00Z", "2026-11-17T00:00:20Z")])
    #expect(visited.route == "r")
    #expect(visited.trip == nil)
    #expect(visited.stop == "s2")
    #expect(visited.stopSequence == nil)
    let named = finder.status(of: at, visits: [])
    #expect(named.route == "r")
    #expect(named.direction == nil)
    #expect(named.stop == nil)
  }
}
