import Basics
import Foundation
import Testing
import Tracking

/// What Kvytok writes is read by the readers that others use.
@Suite struct StandardReaderTests {
  static let python = ProcessInfo.processInfo.environment["KVYTOK_PYTHON"]
  static var isThere: Bool {
    python.map { FileManager.default.isExecutableFile(atPath: $0) } ?? false
  }

  @Test(.enabled(if: StandardReaderTests.isThere, "`make test` installs the reader"))
  func theVehiclePositionsAreReadByTheBindingsOfTheField() async throws {
    let now = Instant(seconds: 1_795_428_000)
    var tram = VehicleStatus(
      vehicle: "1603", at: now, coordinate: Coordinate(latitude: 56.951, longitude: 24.113))
    tram.route = "riga_trol_15"
    tram.direction = 1
    let bytes = VehiclePositionsFeed.encode(VehiclePositionsFeed.message([tram], at: now))
    let folder = try TemporaryFolder.make("feed")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("vehicle-positions.pb")
    try Data(bytes).write(to: file)
    let script = """
      import sys
      from google.transit import gtfs_realtime_pb2
      feed = gtfs_realtime_pb2.FeedMessage()
      feed.ParseFromString(open(sys.argv[1], 'rb').read())
      vehicle = feed.entity[0].vehicle
      print(feed.header.gtfs_realtime_version, feed.header.timestamp, len(feed.entity),
        vehicle.vehicle.id, vehicle.trip.route_id, round(vehicle.position.latitude, 3))
      """
    let read = try await RunningProgram(
      URL(fileURLWithPath: try #require(Self.python)), ["-c", script, file.path]
    ).end()
    #expect(read.exitCode == 0, "\(read.errors)")
    #expect(read.output == "2.0 1795428000 1 1603 riga_trol_15 56.951\n")
  }
}
