import Basics
import Testing
import Tracking
import Transit

@Suite struct TripUpdateTests {
  /// 08:00 in Kyiv on Monday 16 November 2026.
  static let start = Instant(seconds: 1_794_808_800)

  private static func update(
    _ seen: Seen, on street: Street = Street(), start: Instant = TripUpdateTests.start,
    route: String = "r", visitOrder: Int? = nil
  ) throws -> TripUpdate? {
    let network = try street.network()
    let zone = try #require(TimeZoneTable(name: "Europe/Kyiv"))
    let position = Position(
      vehicle: "1", at: start.adding(seconds: seen.at),
      coordinate: GridStreet.point(north: seen.north, east: seen.east), trip: "t")
    let visit = seen.visit.map { visit in
      StopVisit(
        vehicle: "1", route: route, direction: 0, stop: "s\(street.stopOfCall[visit.order])",
        stopOrder: visitOrder ?? visit.order, arrivedAt: start.adding(seconds: visit.from),
        departedAt: start.adding(seconds: visit.to), distanceMetres: 3, doorsOpened: true)
    }
    let status = VehicleStatusFinder(network: network, zone: zone)
      .status(of: position, visits: visit.map { [$0] } ?? [])
    return TripUpdateFinder(network: network, zone: zone).update(of: status, after: visit)
  }

  /// Calls as text, times in seconds after the start: `15 s1 260! (+60) 290! (+70)`; `!` is what was seen.
  private static func told(
    _ update: TripUpdate?, start: Instant = TripUpdateTests.start
  ) -> [String] {
    func text(_ event: TripUpdate.Event?) -> String {
      guard let event else { return "-" }
      let sign = event.delaySeconds > 0 ? "+" : ""
      return "\(event.at.seconds - start.seconds)\(event.isObserved ? "!" : "")"
        + " (\(sign)\(event.delaySeconds))"
    }
    return (update?.calls ?? []).map { call in
      "\(call.sequence) \(call.stop) \(text(call.arrival)) \(text(call.departure))"
    }
  }

  struct Case: Sendable {
    var name: String
    var seen: Seen
    var timepoints: Set<Int> = [0, 1, 2, 3]
    var delaySeconds: Int
    var told: [String]
  }

  static let cases = [
    Case(
      name: "late on the way, and so at each stop to come",
      seen: Seen(visit: (1, 260, 290), north: 1500, at: 400), delaySeconds: 90,
      told: ["15 s1 260! (+60) 290! (+70)", "20 s2 490 (+90) 510 (+90)", "25 s3 690 (+90) -"]),
    Case(
      name: "early on the way, it waits at the next stop",
      seen: Seen(visit: (1, 150, 170), north: 1500, at: 250), delaySeconds: -60,
      told: ["15 s1 150! (-50) 170! (-50)", "20 s2 340 (-60) 420 (0)", "25 s3 600 (0) -"]),
    Case(
      name: "where the feed gives no times nobody waits",
      seen: Seen(visit: (1, 150, 170), north: 1500, at: 250), timepoints: [0, 3],
      delaySeconds: -60,
      told: ["15 s1 150! (-50) 170! (-50)", "20 s2 340 (-60) 360 (-60)", "25 s3 540 (-60) -"]),
    Case(
      name: "at a stop, early",
      seen: Seen(visit: (1, 150, 160), north: 1005, at: 160), delaySeconds: 0,
      told: ["15 s1 150! (-50) 220 (0)", "20 s2 400 (0) 420 (0)", "25 s3 600 (0) -"]),
    Case(
      name: "at a stop, late",
      seen: Seen(visit: (1, 260, 265), north: 1005, at: 265), delaySeconds: 60,
      told: ["15 s1 260! (+60) 280 (+60)", "20 s2 460 (+60) 480 (+60)", "25 s3 660 (+60) -"]),
    Case(
      name: "at a stop for longer than planned",
      seen: Seen(visit: (1, 260, 300), north: 1005, at: 300), delaySeconds: 80,
      told: ["15 s1 260! (+60) 300 (+80)", "20 s2 480 (+80) 500 (+80)", "25 s3 680 (+80) -"]),
    Case(
      name: "a layover takes up what the run before was late by",
      seen: Seen(visit: (0, -600, -30), north: 3, at: -30), delaySeconds: 0,
      told: [
        "10 s0 - 0 (0)", "15 s1 200 (0) 220 (0)", "20 s2 400 (0) 420 (0)", "25 s3 600 (0) -",
      ]),
    Case(
      name: "waiting beside the first stop",
      seen: Seen(visit: (0, -600, -200), north: 60, at: -50), delaySeconds: 0,
      told: [
        "10 s0 - 0 (0)", "15 s1 200 (0) 220 (0)", "20 s2 400 (0) 420 (0)", "25 s3 600 (0) -",
      ]),
    Case(
      name: "waiting beside the first stop when it should be gone",
      seen: Seen(visit: (0, -600, -200), north: 60, at: 10), delaySeconds: 10,
      told: [
        "10 s0 - 10 (+10)", "15 s1 210 (+10) 230 (+10)", "20 s2 410 (+10) 430 (+10)",
        "25 s3 610 (+10) -",
      ]),
    Case(
      name: "waiting beside the first stop long after it came",
      seen: Seen(visit: (0, -1500, -1000), north: 60, at: 10), delaySeconds: 10,
      told: [
        "10 s0 - 10 (+10)", "15 s1 210 (+10) 230 (+10)", "20 s2 410 (+10) 430 (+10)",
        "25 s3 610 (+10) -",
      ]),
    Case(
      name: "gone from the first stop before its time",
      seen: Seen(visit: (0, -600, -240), north: 900, at: -60), delaySeconds: -240,
      told: [
        "10 s0 - -240! (-240)", "15 s1 -40 (-240) 220 (0)", "20 s2 400 (0) 420 (0)",
        "25 s3 600 (0) -",
      ]),
    Case(
      name: "gone from the first stop on time, after a layover with its doors closed",
      seen: Seen(visit: (0, -900, -500), north: 300, at: 60), delaySeconds: 0,
      told: ["15 s1 200 (0) 220 (0)", "20 s2 400 (0) 420 (0)", "25 s3 600 (0) -"]),
    Case(
      name: "gone from the first stop on time, after a long layover with its doors closed",
      seen: Seen(visit: (0, -1500, -1000), north: 300, at: 60), delaySeconds: 0,
      told: ["15 s1 200 (0) 220 (0)", "20 s2 400 (0) 420 (0)", "25 s3 600 (0) -"]),
    Case(
      name: "still at the first stop when it should be gone",
      seen: Seen(visit: (0, -600, 100), north: 3, at: 100), delaySeconds: 100,
      told: [
        "10 s0 - 100 (+100)", "15 s1 300 (+100) 320 (+100)", "20 s2 500 (+100) 520 (+100)",
        "25 s3 700 (+100) -",
      ]),
    Case(
      name: "a stop that nobody has seen it pass yet is left out",
      seen: Seen(visit: (0, -60, 10), north: 1500, at: 400), delaySeconds: 90,
      told: ["10 s0 - 10! (+10)", "20 s2 490 (+90) 510 (+90)", "25 s3 690 (+90) -"]),
  ]

  @Test(arguments: cases)
  func theCallsToComeFollowFromWhereTheVehicleIs(_ given: Case) throws {
    let update = try #require(
      try Self.update(given.seen, on: Street(timepoints: given.timepoints)), "\(given.name)")
    #expect(Self.told(update) == given.told, "\(given.name)")
    #expect(update.delaySeconds == given.delaySeconds, "\(given.name)")
    #expect(update.at == Self.start.adding(seconds: given.seen.at))
    #expect(update.trip == "t" && update.route == "r" && update.direction == 0)
    #expect(update.startDay == Day("2026-11-16") && update.startSeconds == 28_800)
  }

  struct Doubt: Sendable {
    var name: String
    var seen: Seen
    var street = Street()
    var route = "r"
  }

  private static let onTheWay = Seen(visit: (1, 260, 290), north: 1500, at: 400)

  static let doubts = [
    Doubt(name: "no visit", seen: Seen(visit: nil, north: 1500, at: 400)),
    Doubt(name: "an old visit", seen: Seen(visit: (1, 100, 200), north: 1500, at: 2001)),
    Doubt(name: "a visit to come", seen: Seen(visit: (1, 401, 410), north: 1500, at: 400)),
    Doubt(name: "a visit on another route", seen: onTheWay, route: "x"),
    Doubt(
      name: "off its line", seen: Seen(visit: (1, 260, 290), north: 1500, east: 600, at: 400)),
    Doubt(
      name: "off its shape", seen: Seen(visit: (1, 260, 290), north: 1500, east: 200, at: 400),
      street: Street(hasShape: true)),
    Doubt(name: "at its last stop", seen: Seen(visit: (3, 600, 610), north: 3000, at: 610)),
    Doubt(name: "beyond its last stop", seen: Seen(visit: (3, 600, 610), north: 3300, at: 700)),
    Doubt(name: "too late", seen: Seen(visit: (1, 7300, 7400), north: 1500, at: 7511)),
    Doubt(name: "too early", seen: Seen(visit: (1, -730, -700), north: 1500, at: -600)),
    Doubt(name: "hours before its run", seen: Seen(visit: (0, -9000, -3601), north: 0, at: -3601)),
    Doubt(
      name: "a loop begun anew under the name of the run before",
      seen: Seen(visit: (0, 820, 850), north: 0, at: 850),
      street: Street(stopOfCall: [0, 1, 2, 1, 0])),
    Doubt(name: "a trip by headway", seen: onTheWay, street: Street(headwaySeconds: 600)),
  ]

  @Test(arguments: doubts)
  func whereNothingIsSureNothingIsForetold(_ doubt: Doubt) throws {
    #expect(
      try Self.update(doubt.seen, on: doubt.street, route: doubt.route) == nil, "\(doubt.name)")
  }

  @Test func nearEnoughToItsLineIsOnIt() throws {
    let aside = Seen(visit: (1, 260, 290), north: 1500, east: 140, at: 400)
    #expect(try Self.update(aside, on: Street(hasShape: true))?.delaySeconds == 90)
    let ago = Seen(visit: (1, 260, 290), north: 1500, east: 400, at: 400)
    #expect(try Self.update(ago)?.delaySeconds == 90)
  }

  struct Turn: Sendable {
    var seen: Seen
    var told: [String]
  }

  /// Out to s2 and back: s1 is called at twice, and the way between is the same.
  static let turns = [
    Turn(
      seen: Seen(visit: (1, 200, 220), north: 1500, at: 310),
      told: [
        "15 s1 200! (0) 220! (0)", "20 s2 400 (0) 420 (0)", "25 s1 600 (0) 620 (0)",
        "30 s0 800 (0) -",
      ]),
    Turn(
      seen: Seen(visit: (2, 400, 420), north: 1500, at: 510),
      told: ["20 s2 400! (0) 420! (0)", "25 s1 600 (0) 620 (0)", "30 s0 800 (0) -"]),
    Turn(
      seen: Seen(visit: (3, 600, 620), north: 500, at: 710),
      told: ["25 s1 600! (0) 620! (0)", "30 s0 800 (0) -"]),
  ]

  @Test(arguments: turns)
  func aStopThatIsPassedTwiceIsToldByItsPlaceInTheTrip(_ turn: Turn) throws {
    let street = Street(stopOfCall: [0, 1, 2, 1, 0])
    #expect(Self.told(try Self.update(turn.seen, on: street)) == turn.told)
    // Which of both it was, the visit has to say.
    let unsure = try Self.update(turn.seen, on: street, visitOrder: 7)
    let isOnce = turn.told[0].contains("s2")
    #expect((unsure != nil) == isOnce)
  }

  /// A service day, the start of the trip in its seconds, and when that is.
  struct RunDay: Sendable {
    var day: String
    var startSeconds: Int
    var start: String
  }

  static let days = [
    RunDay(day: "2026-11-16", startSeconds: 28_800, start: "2026-11-16T06:00:00Z"),
    // 25:10 is after midnight.
    RunDay(day: "2026-11-16", startSeconds: 90_600, start: "2026-11-16T23:10:00Z"),
    // The clock goes back, and forward, in the night before the run.
    RunDay(day: "2026-10-25", startSeconds: 28_800, start: "2026-10-25T06:00:00Z"),
    RunDay(day: "2026-03-29", startSeconds: 28_800, start: "2026-03-29T05:00:00Z"),
    // 28:00 of the day before.
    RunDay(day: "2026-10-24", startSeconds: 100_800, start: "2026-10-25T01:00:00Z"),
    RunDay(day: "2026-03-28", startSeconds: 100_800, start: "2026-03-29T02:00:00Z"),
  ]

  @Test(arguments: days)
  func timesCountFromNoonOfTheServiceDay(_ given: RunDay) throws {
    let start = try #require(Instant(iso8601: given.start))
    let update = try #require(
      try Self.update(
        Seen(visit: (1, 200, 220), north: 1500, at: 310),
        on: Street(startSeconds: given.startSeconds), start: start))
    #expect(update.startDay == Day(given.day) && update.startSeconds == given.startSeconds)
    #expect(update.delaySeconds == 0)
    #expect(
      Self.told(update, start: start) == [
        "15 s1 200! (0) 220! (0)", "20 s2 400 (0) 420 (0)", "25 s3 600 (0) -",
      ])
  }
}

extension TripUpdateTests {
  /// A straight street with stops each kilometre, and one trip that takes 180 seconds from one to the next and stays 20.
  ///
  /// Its calls have the sequences 10, 15, 20 and so on; it begins at 08:00 in Kyiv, each day.
  struct Street {
    var stopOfCall = [0, 1, 2, 3]
    var startSeconds = 28_800
    var hasShape = false
    var timepoints: Set<Int> = [0, 1, 2, 3, 4]
    var headwaySeconds: Int?

    func network() throws -> Network {
      var content = NetworkContent(timeZoneName: "Europe/Kyiv")
      content.routes = [
        Route(id: "r", shortName: "1", longName: "", mode: .bus, operatorIndex: nil)
      ]
      content.stops = (0..<4).map { index in
        Stop(id: "s\(index)", name: "", coordinate: GridStreet.point(north: Double(index) * 1000))
      }
      let first = try #require(Day("2026-01-01"))
      content.services = [
        Service(id: "all", weekdays: Set(Weekday.allCases), days: first...first.adding(days: 364))
      ]
      if hasShape {
        content.shapes = [Shape(id: "w", line: Polyline(content.stops.map(\.coordinate)))]
      }
      content.patterns = [
        Pattern(
          routeIndex: 0, direction: 0, stopIndexes: stopOfCall.map(Int32.init), tripCount: 1,
          shapeIndex: hasShape ? 0 : nil,
          stopMetres: stopOfCall.indices.map { Double($0) * 1000 })
      ]
      content.stopTimes = stopOfCall.indices.map { order in
        let arrival = Int32(startSeconds + order * 200)
        let stays = order > 0 && order + 1 < stopOfCall.count
        return StopTime(
          arrivalSeconds: arrival, departureSeconds: stays ? arrival + 20 : arrival,
          stopIndex: Int32(stopOfCall[order]), sequence: Int32(10 + order * 5),
          isTimepoint: timepoints.contains(order))
      }
      content.trips = [
        Trip(
          id: "t", routeIndex: 0, serviceIndex: 0, direction: 0, headsign: "", shapeIndex: nil,
          patternIndex: 0, block: nil, stopTimes: 0..<stopOfCall.count)
      ]
      if let headwaySeconds {
        content.frequencies = [
          Frequency(
            tripIndex: 0, startSeconds: startSeconds, endSeconds: startSeconds + 3600,
            headwaySeconds: headwaySeconds, isExact: true)
        ]
      }
      return Network(content)
    }
  }

  /// Where a vehicle is, and where it stopped before; times in seconds after 08:00.
  struct Seen: Sendable {
    /// The order and the times of its newest visit; nil without one.
    var visit: (order: Int, from: Int64, to: Int64)?
    var north: Double
    var east = 0.0
    var at: Int64
  }
}
