import Basics
import Testing
import Tracking
import Transit

/// Whether a run is told as begun, by where its vehicle is and by the stop that it was seen at last.
@Suite struct TripUpdateBeginningTests {
  private typealias Line = TripUpdateRunTests.Line

  /// A visit to a stop; times in seconds after 08:00.
  private struct Visit {
    var direction: Int
    var stop: Int
    var order: Int
    var seconds: ClosedRange<Int64>
  }

  /// What is told of a vehicle that names a run, some metres to the north and east, some seconds after 08:00.
  private static func told(
    _ line: Line, run: Int, north: Double, east: Double = 0, speed: Double? = nil,
    at seconds: Int64, after visit: Visit
  ) throws -> (status: VehicleStatus, update: TripUpdate?) {
    let network = try line.network()
    let zone = try #require(TimeZoneTable(name: "Europe/Kyiv"))
    let start = TripUpdateTests.start
    let position = Position(
      vehicle: "1", at: start.adding(seconds: seconds),
      coordinate: GridStreet.point(north: north, east: east), speedMetresPerSecond: speed,
      trip: "t\(run)")
    let visit = StopVisit(
      vehicle: "1", route: "r", direction: visit.direction, stop: "s\(visit.stop)",
      stopOrder: visit.order, arrivedAt: start.adding(seconds: visit.seconds.lowerBound),
      departedAt: start.adding(seconds: visit.seconds.upperBound), distanceMetres: 3,
      doorsOpened: true)
    let status = VehicleStatusFinder(network: network, zone: zone)
      .status(of: position, visits: [visit])
    return (
      status, TripUpdateFinder(network: network, zone: zone).update(of: status, after: visit)
    )
  }

  /// The next run begins at 900; until 640 the vehicle was at the terminus, and is 300 m away now.
  @Test func aVehicleThatMayBeParkedDrivesNoRunYet() throws {
    let line = Line.thereAndBack(layoverSeconds: 300)
    func told(
      north: Double, east: Double = 0, speed: Double? = nil, at seconds: Int64
    ) throws -> String? {
      try Self.told(
        line, run: 1, north: north, east: east, speed: speed, at: seconds,
        after: Visit(direction: 0, stop: 3, order: 3, seconds: 600...640)
      ).update?.trip
    }
    for seconds in [800, 840, 900, 960] as [Int64] {
      #expect(try told(north: 2900, east: 300, at: seconds) == nil, "\(seconds)")
    }
    // On its line, a minute before its time.
    #expect(try told(north: 2700, speed: 0, at: 840) == nil)
    #expect(try told(north: 2700, speed: 1, at: 840) == nil)
    #expect(try told(north: 2700, speed: 5, at: 840) == "t1")
    #expect(try told(north: 2700, at: 840) == "t1")
    // Stuck on the way.
    #expect(try told(north: 2700, speed: 0, at: 960) == "t1")
    #expect(try told(north: 2700, east: 140, at: 960) == "t1")
  }

  /// The second stop is 100 m from the first.
  @Test func whoStandsAtASecondStopNearTheFirstWaitsThereNoMore() throws {
    let line = Line(
      places: [(0, 0), (100, 0), (1100, 0), (2100, 0)], patterns: [[0, 1, 2, 3], [3, 2, 1, 0]],
      runs: [1, 0], layoverSeconds: 300)
    let end = Visit(direction: 1, stop: 0, order: 3, seconds: 600...640)
    let begun = Visit(direction: 0, stop: 0, order: 0, seconds: 600...910)
    // Its run begins at 900, and calls at the second stop at 1100.
    let after = try Self.told(line, run: 1, north: 100, at: 1160, after: end)
    #expect(after.update?.delaySeconds == 60 && after.status.stop == "s1")
    #expect(after.update?.calls.map(\.stop) == ["s1", "s2", "s3"])
    let seen = try Self.told(line, run: 1, north: 100, at: 1160, after: begun)
    #expect(seen.update?.delaySeconds == 60 && seen.status.stop == "s1")
    #expect(seen.update?.calls.map(\.stop) == ["s0", "s1", "s2", "s3"])
    #expect(seen.update?.calls.first?.departure?.isObserved == true)
    for visit in [end, begun] {
      let waiting = try Self.told(line, run: 1, north: 40, at: 920, after: visit)
      #expect(waiting.update?.delaySeconds == 20)
      #expect(waiting.update?.calls.map(\.stop) == ["s0", "s1", "s2", "s3"])
    }
  }

  /// A figure of eight, and short runs around its first half alone.
  private static func figureOfEight(runs: [Int], layoverSeconds: Int) -> Line {
    Line(
      places: [(0, 0), (1000, 0), (500, 866), (-1000, 0), (-1000, -1000), (0, -1000)],
      patterns: [[0, 1, 2, 0, 3, 4, 5, 0], [0, 1, 2, 0]], runs: runs,
      layoverSeconds: layoverSeconds, isOneWay: true)
  }

  @Test func whereItsLineCrossesItselfALongRunIsOnItsWay() throws {
    let line = Self.figureOfEight(runs: [0, 1], layoverSeconds: 300)
    let crossing = Visit(direction: 0, stop: 0, order: 3, seconds: 600...620)
    for (seconds, north) in [(620, 0), (640, -111)] as [(Int64, Double)] {
      let (status, update) = try Self.told(line, run: 0, north: north, at: seconds, after: crossing)
      #expect(status.trip == "t0" && status.stop == (north == 0 ? "s0" : "s3"), "\(seconds)")
      #expect(update?.calls.map(\.sequence) == [25, 30, 35, 40, 45], "\(seconds)")
      #expect(update?.delaySeconds == 0, "\(seconds)")
    }
  }

  /// The short run comes to its end at 600, and the vehicle drives the long one next.
  @Test(arguments: [60, 300])
  func whereItsLineCrossesItselfALongRunAfterAShortOneWaitsForItsTime(
    layoverSeconds: Int
  ) throws {
    let line = Self.figureOfEight(runs: [1, 0], layoverSeconds: layoverSeconds)
    let begin = Int64(600 + layoverSeconds)
    for (seconds, delay) in [(620, 0), (begin - 10, 0), (begin + 20, 20)] as [(Int64, Int)] {
      let end = Visit(direction: 0, stop: 0, order: 3, seconds: 600...min(seconds, 640))
      let (status, update) = try Self.told(line, run: 1, north: 0, at: seconds, after: end)
      #expect(status.trip == "t1" && status.progress == .stoppedAt, "\(seconds)")
      #expect(status.stop == "s0" && status.stopSequence == 10, "\(seconds)")
      #expect(update?.calls.map(\.sequence) == Array(stride(from: 10, through: 45, by: 5)))
      #expect(update?.delaySeconds == delay, "\(seconds)")
    }
    // Half of the way to the second stop, of which no visit tells yet.
    let end = Visit(direction: 0, stop: 0, order: 3, seconds: 600...begin)
    let left = try Self.told(line, run: 1, north: 500, at: begin + 100, after: end)
    #expect(left.status.stop == "s1" && left.status.stopSequence == 15)
    #expect(left.update?.calls.map(\.sequence) == Array(stride(from: 15, through: 45, by: 5)))
    #expect(left.update?.delaySeconds == 0)
  }
}
