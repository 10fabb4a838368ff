import Basics
import Testing
import Tracking

@Suite struct PositionReportTests {
  private let full = """
    {"device": "V-1", "sent_at": "2018-11-23T06:42:40+02:00", "firmware": {"major": 3},
     "positions": [
      {"at": "2018-11-23T06:42:31Z", "vehicle": "1603", "lat": 56.90014, "lon": 24.21653,
       "speed_mps": 0, "bearing": 38.5, "trip": null, "route": "15", "door": "open",
       "passengers": 12},
      {"at": "2018-11-23T06:42:33.5Z", "vehicle": "1603", "lat": -1e-3, "lon": 24}]}
    """

  @Test func aReportIsReadWithAllItsFields() throws {
    let report = try PositionReportJSON.decode(Array(full.utf8))
    #expect(report.device == "V-1")
    #expect(report.sentAt == Instant(iso8601: "2018-11-23T04:42:40Z"))
    #expect(report.positions.count == 2)
    let first = report.positions[0]
    #expect(first.coordinate == Coordinate(latitude: 56.90014, longitude: 24.21653))
    #expect(first.speedMetresPerSecond == 0)
    #expect(first.bearingDegrees == 38.5)
    #expect(first.trip == nil)
    #expect(first.route == "15")
    #expect(first.door == .open)
    #expect(first.passengers == 12)
    #expect(report.positions[1].coordinate.latitude == -0.001)
    #expect(report.positions[1].door == nil)
  }

  @Test func whatIsWrittenIsReadBackTheSame() throws {
    let report = try PositionReportJSON.decode(Array(full.utf8))
    #expect(try PositionReportJSON.decode(PositionReportJSON.encode(report)) == report)
  }

  @Test(arguments: [
    ("", ""), ("[]", ""), ("{", ""), ("{\"device\": 7}", "/device"),
    ("{\"device\": \"\"}", "/device"),
    ("{\"device\": \"a\", \"device\": \"b\"}", "/device"),
    ("{\"device\": \"a\"}", "/sent_at"),
    ("{\"device\": \"a\", \"sent_at\": \"today\"}", "/sent_at"),
    ("{\"device\": \"a\", \"sent_at\": \"2018-11-23T06:42:40Z\"}", "/positions"),
    ("{\"positions\": [{}]}", "/positions/0/at"),
    ("{\"positions\": [{\"at\": \"2018-11-23T06:42:40Z\", \"lat\": \"x\"}]}", "/positions/0/lat"),
    ("{\"positions\": [{\"lat\": 1e999}]}", "/positions/0/lat"),
    ("{\"positions\": [{\"lat\": 01}]}", "/positions/0/lat"),
    ("{\"positions\": [{\"door\": \"ajar\"}]}", "/positions/0/door"),
    ("{\"positions\": [{\"passengers\": 1.5}]}", "/positions/0/passengers"),
    ("{\"positions\": [{\"a/b~\": tru}]}", "/positions/0/a~1b~0"),
  ])
  func aMalformedReportIsRefusedWithItsPlace(body: String, pointer: String) throws {
    let fault = #expect(throws: PositionReportFault.self) {
      try PositionReportJSON.decode(Array(body.utf8))
    }
    #expect(fault?.kind == .malformed)
    #expect(fault?.pointer == pointer)
    #expect(fault?.message.isEmpty == false)
  }

  @Test func aReportCutOffAnywhereIsRefused() throws {
    let bytes = Array(full.utf8)
    for count in 0..<bytes.count {
      #expect(throws: PositionReportFault.self) {
        try PositionReportJSON.decode(Array(bytes[..<count]))
      }
    }
  }

  @Test func damagedReportsAreRefusedOrReadAndNeverTrap() {
    let bytes = Array(full.utf8)
    var chance = SeededGenerator(seed: 12)
    var refused = 0
    for _ in 0..<2000 {
      var damaged = bytes
      damaged[chance.integer(in: 0...(damaged.count - 1))] = UInt8(chance.integer(in: 0...255))
      do {
        let report = try PositionReportJSON.decode(damaged)
        #expect(report.positions.count <= 2)
      } catch {
        refused += 1
      }
    }
    #expect(refused > 1000)
  }

  @Test func tooManyPositionsOrBytesAreTooLarge() throws {
    let position = Position(
      vehicle: "1", at: Instant(seconds: 1_543_000_000),
      coordinate: Coordinate(latitude: 56.9, longitude: 24.1))
    func body(_ count: Int) -> [UInt8] {
      PositionReportJSON.encode(
        PositionReport(
          device: "d", sentAt: position.at,
          positions: Array(repeating: position, count: count)))
    }
    #expect(try PositionReportJSON.decode(body(1000)).positions.count == 1000)
    let tooMany = #expect(throws: PositionReportFault.self) {
      try PositionReportJSON.decode(body(1001))
    }
    #expect(tooMany?.kind == .tooLarge)
    let tooLong = #expect(throws: PositionReportFault.self) {
      try PositionReportJSON.decode(Array(repeating: 0x20, count: 1 << 21))
    }
    #expect(tooLong?.kind == .tooLarge)
  }

  @Test func impossiblePositionsAreNamedAndTheOthersKept() throws {
    let now = Instant(seconds: 1_543_000_000)
    func position(_ latitude: Double, _ longitude: Double, after: Int64 = 0) -> Position {
      Position(
        vehicle: "1", at: now.adding(seconds: after),
        coordinate: Coordinate(latitude: latitude, longitude: longitude))
    }
    var fast = position(56, 24)
    fast.speedMetresPerSecond = 300
    let report = PositionReport(
      device: "d", sentAt: now,
      positions: [
        position(56, 24), position(91, 24), position(0, 0), position(56, -181),
        position(56, 24, after: 301), position(56, 24, after: 300),
        position(56, 24, after: -86_401), fast, position(56, 24, after: -86_400),
      ])
    let admitted = PositionAdmission.admit(report, receivedAt: now, pastSecondsMax: 86_400)
    #expect(
      admitted.accepted == [report.positions[0], report.positions[5], report.positions[8]])
    #expect(
      admitted.rejected.map(\.code) == [
        "impossible_coordinate", "impossible_coordinate", "impossible_coordinate",
        "position_in_future", "position_too_old", "impossible_value",
      ])
    #expect(admitted.rejected.map(\.index) == [1, 2, 3, 4, 6, 7])
  }
}
