import Basics
import Testing
import Tracking
import Transit

/// What is told of a vehicle that drives one run after the other, from its positions on.
@Suite struct TripUpdateRunTests {
  @Test(arguments: [20, 300])
  func aLoopBegunAnewUnderTheNameOfTheRunBeforeIsToldOfNoMore(layoverSeconds: Int) throws {
    let line = Line.loop(layoverSeconds: layoverSeconds)
    let stale = try line.told { _ in 0 }
    #expect(stale.contains { $0.seconds < line.end(0) && $0.update?.trip == "t0" })
    #expect(stale.allSatisfy { $0.seconds < line.end(0) || $0.update == nil })
    let named = try line.told { $0 }
    let midway = try #require(named.first { $0.seconds == line.begin(1) + 500 })
    #expect(midway.update?.trip == "t1")
    #expect(abs(midway.update?.delaySeconds ?? .max) <= 2)
  }

  // By a layover of more the loop would be earlier than any run may be.
  @Test(arguments: [20, 80])
  func aLoopUnderTheNameOfTheRunToComeIsNotToldOf(layoverSeconds: Int) throws {
    let line = Line.loop(layoverSeconds: layoverSeconds)
    let ahead = try line.told { min($0 + 1, 1) }
    // Beside the first stop it may wait for the run that it names.
    let midway = ahead.filter { $0.seconds > 20 && $0.seconds < line.end(0) }
    #expect(midway.count > 30 && midway.allSatisfy { $0.update == nil })
    #expect(ahead.contains { $0.seconds > line.begin(1) + 20 && $0.update?.trip == "t1" })
  }

  @Test func aRunOfTheSameDirectionUnderTheNameOfTheOneBeforeIsToldOfNoMore() throws {
    let line = Line.thereAndBack(layoverSeconds: 300)
    let stale = try line.told { _ in 0 }
    #expect(stale.contains { $0.seconds < line.end(0) && $0.update?.trip == "t0" })
    #expect(stale.allSatisfy { $0.seconds < line.end(0) || $0.update == nil })
    let named = try line.told { $0 }
    let midway = try #require(named.first { $0.seconds == line.begin(2) + 500 })
    #expect(midway.update?.trip == "t2")
    #expect(abs(midway.update?.delaySeconds ?? .max) <= 2)
  }

  @Test func atATerminusTheRunToComeIsForetoldBeforeItBegins() throws {
    let line = Line.thereAndBack(layoverSeconds: 300)
    let there = try line.told { $0 }.filter { $0.seconds >= line.end(0) && $0.seconds <= 900 }
    #expect(there.count == 16 && line.begin(1) == 900)
    // Until its visit at the terminus is found nothing is sure.
    let waiting = there.filter { $0.seconds > line.end(0) + 40 }
    #expect(there.filter { $0.seconds <= line.end(0) + 40 }.allSatisfy { $0.update == nil })
    for (seconds, status, update) in waiting {
      #expect(status.trip == "t1" && status.direction == 1, "\(seconds)")
      #expect(status.stop == "s3" && status.stopSequence == 10, "\(seconds)")
      #expect(status.progress == .stoppedAt, "\(seconds)")
      #expect(update?.trip == "t1" && update?.delaySeconds == 0, "\(seconds)")
      #expect(update?.calls.map(\.stop) == ["s3", "s2", "s1", "s0"], "\(seconds)")
      #expect(update?.calls.first?.arrival == nil, "\(seconds)")
    }
  }

  /// Until the second stop is seen, the newest visit stays the end of the run before.
  @Test(arguments: [Line.thereAndBack(layoverSeconds: 300), Line.loop(layoverSeconds: 300)])
  func aRunThatHasLeftTheTerminusIsToldOfBeforeItsSecondStopIsSeen(_ line: Line) throws {
    let begin = line.begin(1)
    let stops = line.patterns[line.runs[1]].map { "s\($0)" }
    let left = try line.told { $0 }.filter { $0.seconds >= begin && $0.seconds < begin + 200 }
    #expect(left.count == 10)
    for (seconds, status, update) in left {
      // 100 m away, after 20 seconds, it may as well stand there still.
      let isGone = seconds > begin + 20
      #expect(status.trip == "t1" && status.direction == line.runs[1], "\(seconds)")
      #expect(status.stop == stops[isGone ? 1 : 0], "\(seconds)")
      #expect(status.stopSequence == (isGone ? 15 : 10), "\(seconds)")
      #expect(update?.trip == "t1", "\(seconds)")
      #expect(update?.delaySeconds == (seconds == begin + 20 ? 20 : 0), "\(seconds)")
      #expect(update?.calls.map(\.stop) == Array(stops.dropFirst(isGone ? 1 : 0)), "\(seconds)")
      #expect(update?.calls.contains { $0.departure?.isObserved == true } == false, "\(seconds)")
    }
  }
}

extension TripUpdateRunTests {
  /// Stops a kilometre apart, and the runs of one vehicle, driven as planned.
  ///
  /// From stop to stop it takes 200 seconds, its stay of 20 within. The run n is the trip `tn`; the first
  /// begins at 08:00 in Kyiv, and seconds count from then.
  struct Line {
    /// Metres to the north and to the east.
    var places: [(north: Double, east: Double)]
    /// The stops of each direction.
    var patterns: [[Int]]
    /// The direction of each run.
    var runs: [Int]
    var layoverSeconds: Int
    /// Whether all patterns are of direction 0.
    var isOneWay = false

    /// Twice around a square.
    static func loop(layoverSeconds: Int) -> Line {
      Line(
        places: [(0, 0), (1000, 0), (1000, 1000), (0, 1000)], patterns: [[0, 1, 2, 3, 0]],
        runs: [0, 0], layoverSeconds: layoverSeconds)
    }

    /// Along a street, back and along it again; both directions share their poles.
    static func thereAndBack(layoverSeconds: Int) -> Line {
      Line(
        places: [(0, 0), (1000, 0), (2000, 0), (3000, 0)],
        patterns: [[0, 1, 2, 3], [3, 2, 1, 0]],
        runs: [0, 1, 0], layoverSeconds: layoverSeconds)
    }

    func begin(_ run: Int) -> Int {
      run == 0 ? 0 : end(run - 1) + layoverSeconds
    }

    func end(_ run: Int) -> Int {
      begin(run) + (patterns[runs[run]].count - 1) * 200
    }

    /// What is told at each position, by those up to it; the vehicle names runs as it is told to.
    func told(
      naming name: (_ run: Int) -> Int
    ) throws -> [(seconds: Int, status: VehicleStatus, update: TripUpdate?)] {
      let positions = positions(naming: name)
      return try positions.indices.map { index in
        let (status, update) = try told(of: positions[index], after: Array(positions[...index]))
        let seconds = positions[index].at.seconds - TripUpdateTests.start.seconds
        return (Int(seconds), status, update)
      }
    }

    func told(
      of position: Position, after positions: [Position]
    ) throws -> (status: VehicleStatus, update: TripUpdate?) {
      let network = try network()
      let zone = try #require(TimeZoneTable(name: "Europe/Kyiv"))
      let visit = StopVisitFinder.visits(positions: positions, network: network)
        .max { ($0.arrivedAt, $0.departedAt) < ($1.arrivedAt, $1.departedAt) }
      let status = VehicleStatusFinder(network: network, zone: zone)
        .status(of: position, visits: visit.map { [$0] } ?? [])
      let update = TripUpdateFinder(network: network, zone: zone).update(of: status, after: visit)
      return (status, update)
    }
  }
}

extension TripUpdateRunTests.Line {
  /// Positions each 20 seconds; between two runs under the name of the one to come.
  func positions(naming name: (_ run: Int) -> Int) -> [Position] {
    var positions: [Position] = []
    for (run, direction) in runs.enumerated() {
      func report(_ seconds: Int, _ from: Int, to: Int, share: Double, door: DoorState? = nil) {
        let (left, next) = (places[from], places[to])
        positions.append(
          Position(
            vehicle: "1", at: TripUpdateTests.start.adding(seconds: Int64(seconds)),
            coordinate: GridStreet.point(
              north: left.north + (next.north - left.north) * share,
              east: left.east + (next.east - left.east) * share),
            trip: "t\(name(run))", door: door))
      }
      let stops = patterns[direction]
      let begin = begin(run)
      let came = run == 0 ? -60 : end(run - 1)
      for seconds in stride(from: came, to: begin, by: 20) {
        report(seconds, stops[0], to: stops[0], share: 0, door: seconds == came ? .open : nil)
      }
      report(begin, stops[0], to: stops[0], share: 0, door: .closed)
      for (order, stop) in stops.enumerated().dropFirst() {
        let left = begin + (order - 1) * 200 + (order > 1 ? 20 : 0)
        let arrival = begin + order * 200
        for seconds in stride(from: left + 20, to: arrival, by: 20) {
          let share = Double(seconds - left) / Double(arrival - left)
          report(seconds, stops[order - 1], to: stop, share: share)
        }
        guard order + 1 < stops.count else { break }
        report(arrival, stop, to: stop, share: 0, door: .open)
        report(arrival + 20, stop, to: stop, share: 0, door: .closed)
      }
    }
    return positions
  }

  /// How far each stop of a pattern is along it.
  private func stopMetres(_ stops: [Int]) -> [Double] {
    var metres = 0.0
    return stops.indices.map { order in
      let (from, to) = (places[stops[max(order - 1, 0)]], places[stops[order]])
      let (north, east) = (to.north - from.north, to.east - from.east)
      metres += (north * north + east * east).squareRoot()
      return metres
    }
  }

  func network() throws -> Network {
    var content = NetworkContent(timeZoneName: "Europe/Kyiv")
    content.routes = [
      Route(id: "r", shortName: "1", longName: "", mode: .bus, operatorIndex: nil)
    ]
    content.stops = places.enumerated().map { index, place in
      Stop(
        id: "s\(index)", name: "",
        coordinate: GridStreet.point(north: place.north, east: place.east))
    }
    let first = try #require(Day("2026-01-01"))
    content.services = [
      Service(id: "all", weekdays: Set(Weekday.allCases), days: first...first.adding(days: 364))
    ]
    content.patterns = patterns.enumerated().map { direction, stops in
      Pattern(
        routeIndex: 0, direction: isOneWay ? 0 : direction, stopIndexes: stops.map(Int32.init),
        tripCount: runs.filter { $0 == direction }.count, shapeIndex: nil,
        stopMetres: stopMetres(stops))
    }
    for (run, direction) in runs.enumerated() {
      let stops = patterns[direction]
      let start = content.stopTimes.count
      content.stopTimes += stops.enumerated().map { order, stop in
        let arrival = Int32(28_800 + begin(run) + order * 200)
        let stays = order > 0 && order + 1 < stops.count
        return StopTime(
          arrivalSeconds: arrival, departureSeconds: stays ? arrival + 20 : arrival,
          stopIndex: Int32(stop), sequence: Int32(10 + order * 5))
      }
      content.trips.append(
        Trip(
          id: "t\(run)", routeIndex: 0, serviceIndex: 0, direction: isOneWay ? 0 : direction,
          headsign: "", shapeIndex: nil, patternIndex: direction, block: nil,
          stopTimes: start..<content.stopTimes.count))
    }
    return Network(content)
  }
}
