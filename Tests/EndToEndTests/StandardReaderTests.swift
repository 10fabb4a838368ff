import Basics
import Charging
import Foundation
import Programs
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
    let read = try await RunningProgram.start(
      URL(fileURLWithPath: try #require(Self.python)), ["-c", script, file.path]
    ).end()
    #expect(read.exitCode == 0, "\(read.errors)")
    #expect(read.output == "2.0 1795428000 1 1603 riga_trol_15 56.951\n")
  }

  @Test(.enabled(if: StandardReaderTests.isThere, "`make test` installs the reader"))
  func aPaymentFileIsValidByTheSchemaOfTheStandard() async throws {
    let payer = BankAccount(name: "Kvytok", iban: "DE89370400440532013000", bic: nil)
    let names = [String(repeating: "я", count: 140), "КП \"Трамвай & Ко\" <Рига>"]
    let order = try PaymentOrder(
      messageID: String(repeating: "M", count: 35), createdAt: Instant(seconds: 1_795_428_000),
      executionDay: Day(number: 20_780), debtor: payer,
      currency: try #require(Currency("UAH")),
      transfers: names.enumerated().map { index, name in
        PaymentOrder.Transfer(
          endToEndID: "KVYTOK-P\(index)",
          creditor: BankAccount(
            name: name, iban: "UA903052992990004149123456789",
            bic: index == 0 ? nil : "PBANUA2X"),
          minor: index == 0 ? 1 : 99_999_999_999_99, remittance: "Fares up to 2026-11-24")
      })
    let folder = try TemporaryFolder.make("payment")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("pain.xml")
    try Data(order.xml.utf8).write(to: file)
    let broken = folder.appendingPathComponent("broken.xml")
    try Data(order.xml.replacingOccurrences(of: "<CtrlSum>", with: "<CtrlSum>x").utf8)
      .write(to: broken)
    let script = """
      import os, sys, sepaxml, xmlschema
      folder = os.path.join(os.path.dirname(sepaxml.__file__), 'schemas')
      schema = xmlschema.XMLSchema(os.path.join(folder, 'pain.001.001.09.xsd'))
      print([schema.is_valid(path) for path in sys.argv[1:]])
      """
    let read = try await RunningProgram.start(
      URL(fileURLWithPath: try #require(Self.python)), ["-c", script, file.path, broken.path]
    ).end()
    #expect(read.exitCode == 0, "\(read.errors)")
    #expect(read.output == "[True, False]\n")
  }
}
