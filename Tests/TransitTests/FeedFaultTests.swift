import Basics
import Testing
import Transit

/// A spoilt feed, and the faults it must give.
struct SpoiltFeed: Sendable, CustomTestStringConvertible {
  var name: String
  var file: String
  /// Lines added to the file.
  var lines: String
  var faults: [String]

  var testDescription: String { name }
}

/// A bad row is named by file and line, and costs only itself.
struct FeedFaultTests {
  static let spoilt = [
    SpoiltFeed(
      name: "no trip", file: "stop_times.txt", lines: "t9,09:00:00,09:00:00,a,1,,",
      faults: ["stop_times.txt:18 unknown_trip"]),
    SpoiltFeed(
      name: "no stop", file: "stop_times.txt", lines: "t1,09:00:00,09:00:00,x,9,,",
      faults: ["stop_times.txt:18 unknown_stop"]),
    SpoiltFeed(
      name: "no sequence", file: "stop_times.txt", lines: "t1,09:00:00,09:00:00,a,nine,,",
      faults: ["stop_times.txt:18 bad_sequence"]),
    SpoiltFeed(
      name: "sequence below zero", file: "stop_times.txt", lines: "t1,09:00:00,09:00:00,a,-1,,",
      faults: ["stop_times.txt:18 bad_sequence"]),
    SpoiltFeed(
      name: "sequence twice", file: "stop_times.txt", lines: "t1,09:00:00,09:00:00,d,3,,",
      faults: ["stop_times.txt:18 duplicate_sequence"]),
    SpoiltFeed(
      name: "short row", file: "stop_times.txt", lines: "t1",
      faults: ["stop_times.txt:18 unknown_stop"]),
    SpoiltFeed(
      name: "open quote", file: "stop_times.txt", lines: "\"t1,09:00:00,09:00:00,a,7,,",
      faults: ["stop_times.txt:18 bad_record"]),
    SpoiltFeed(
      name: "text after a quote", file: "stop_times.txt", lines: "\"t1\"x,,,a,7,,",
      faults: ["stop_times.txt:18 bad_record"]),
    SpoiltFeed(
      name: "route without a known mode", file: "routes.txt", lines: "x,city,9,Moon,1700,",
      faults: ["routes.txt:5 route_type"]),
    SpoiltFeed(
      name: "route twice", file: "routes.txt", lines: "bus-1,city,1,Again,3,",
      faults: ["routes.txt:5 duplicate_id"]),
    SpoiltFeed(
      name: "route without an id", file: "routes.txt", lines: ",city,1,Again,3,",
      faults: ["routes.txt:5 empty_field"]),
    SpoiltFeed(
      name: "route with a control character in its id", file: "routes.txt",
      lines: "x\u{1},city,1,Again,3,", faults: ["routes.txt:5 bad_id"]),
    SpoiltFeed(
      name: "route with an endless id", file: "routes.txt",
      lines: "\(String(repeating: "x", count: 256)),city,1,Again,3,",
      faults: ["routes.txt:5 bad_id"]),
    SpoiltFeed(
      name: "stop with an endless id", file: "stops.txt",
      lines: "\(String(repeating: "x", count: 256)),,X,50,30,,,", faults: ["stops.txt:8 bad_id"]),
    SpoiltFeed(
      name: "stop without a place", file: "stops.txt", lines: "x,,X,,,,,",
      faults: ["stops.txt:8 bad_coordinate"]),
    SpoiltFeed(
      name: "stop with a comma for a point", file: "stops.txt", lines: "x,,X,\"50,0\",\"30,0\",,,",
      faults: ["stops.txt:8 bad_coordinate"]),
    SpoiltFeed(
      name: "stop at 0, 0", file: "stops.txt", lines: "x,,X,0,0,,,",
      faults: ["stops.txt:8 bad_coordinate"]),
    SpoiltFeed(
      name: "stop twice", file: "stops.txt", lines: "a,,Elsewhere,50.1,30.1,,,",
      faults: ["stops.txt:8 duplicate_id"]),
    SpoiltFeed(
      name: "service twice", file: "calendar.txt",
      lines: "wk,0,0,0,0,0,0,0,20260101,20260101", faults: ["calendar.txt:4 duplicate_id"]),
    SpoiltFeed(
      name: "no such date", file: "calendar_dates.txt", lines: "wk,20260230,1",
      faults: ["calendar_dates.txt:5 bad_date"]),
    SpoiltFeed(
      name: "date with dashes", file: "calendar_dates.txt", lines: "wk,2026-02-20,1",
      faults: ["calendar_dates.txt:5 bad_date"]),
    SpoiltFeed(
      name: "exception of no kind", file: "calendar_dates.txt", lines: "wk,20260220,3",
      faults: ["calendar_dates.txt:5 exception_type"]),
    SpoiltFeed(
      name: "exception twice", file: "calendar_dates.txt", lines: "wk,20261225,1",
      faults: ["calendar_dates.txt:5 duplicate_date"]),
    SpoiltFeed(
      name: "calendar that ends before it begins", file: "calendar.txt",
      lines: "x,1,1,1,1,1,1,1,20260102,20260101", faults: ["calendar.txt:4 bad_date"]),
    SpoiltFeed(
      name: "trip without a route", file: "trips.txt", lines: "x,wk,t9,,0,,",
      faults: ["trips.txt:8 unknown_route"]),
    SpoiltFeed(
      name: "trip without a service", file: "trips.txt", lines: "bus-1,x,t9,,0,,",
      faults: ["trips.txt:8 unknown_service"]),
    SpoiltFeed(
      name: "trip twice", file: "trips.txt", lines: "tram-7,we,t1,,0,,",
      faults: ["trips.txt:8 duplicate_id"]),
    SpoiltFeed(
      name: "trip without stops", file: "trips.txt", lines: "bus-1,wk,t9,,0,,",
      faults: ["trips.txt:8 few_stops"]),
    SpoiltFeed(
      name: "trip without a shape or direction", file: "trips.txt", lines: "bus-1,wk,t9,,2,,x",
      faults: [
        "trips.txt:8 direction_id", "trips.txt:8 unknown_shape", "trips.txt:8 few_stops",
      ]),
    SpoiltFeed(
      name: "point that is no number", file: "shapes.txt", lines: "s1,x,30.0,11",
      faults: ["shapes.txt:5 bad_coordinate"]),
    SpoiltFeed(
      name: "shape of one point", file: "shapes.txt", lines: "s2,50.0,30.0,1",
      faults: ["shapes.txt:- short_shape"]),
    SpoiltFeed(
      name: "headway of nothing", file: "frequencies.txt", lines: "t5,14:00:00,15:00:00,0,",
      faults: ["frequencies.txt:3 bad_frequency"]),
    SpoiltFeed(
      name: "headway of no trip", file: "frequencies.txt", lines: "x,14:00:00,15:00:00,60,",
      faults: ["frequencies.txt:3 unknown_trip"]),
    SpoiltFeed(
      name: "two time zones", file: "agency.txt", lines: "x,X,https://x.example,Europe/Riga",
      faults: ["agency.txt:3 time_zone"]),
  ]

  @Test(arguments: spoilt)
  func aBadRowCostsItselfOnly(_ feed: SpoiltFeed) throws {
    let whole = try SmallFeed().read().network
    let reading = try SmallFeed().adding(feed.file, feed.lines).read()
    #expect(reading.places == feed.faults)
    #expect(reading.faultCount == feed.faults.count)
    #expect(reading.faults.allSatisfy { !$0.isFatal && !$0.message.isEmpty })
    // Everything else is as it would be without the row.
    var content = reading.network.content
    content.operators.removeAll { $0.id == "x" }
    #expect(content == whole.content)
  }

  @Test func aTripWhoseRouteWasLeftOutIsOneFault() throws {
    let reading = try SmallFeed().replacing("routes.txt", "Ring,900,", "Ring,9000,").read()
    #expect(
      reading.places == [
        "routes.txt:4 route_type", "trips.txt:7 unknown_route", "frequencies.txt:2 unknown_trip",
      ])
    #expect(reading.network.trips.count == 5)
  }

  @Test func aTimeThatGoesBackIsTakenFromTheDistance() throws {
    let reading = try SmallFeed().replacing(
      "stop_times.txt", "8:05:00,8:05:10", "07:05:00,07:05:10"
    )
    .read()
    #expect(reading.places == ["stop_times.txt:3 time_goes_back"])
    let network = reading.network
    let calls = network.stopTimes(ofTrip: try #require(network.tripIndex(id: "t1")))
    #expect(calls.map(\.arrivalSeconds) == [28_800, 29_115, 29_400])
  }

  @Test(arguments: ["08:05", "8.05.00", "08:60:00", "08:05:60", "-8:05:00", "1000:00:00", "x"])
  func aTimeThatIsNoneIsTakenFromTheDistance(_ text: String) throws {
    let reading = try SmallFeed().replacing("stop_times.txt", "8:05:00,8:05:10", text + ",").read()
    #expect(reading.places == ["stop_times.txt:3 bad_time"])
    let network = reading.network
    let calls = network.stopTimes(ofTrip: try #require(network.tripIndex(id: "t1")))
    #expect(calls.map(\.arrivalSeconds) == [28_800, 29_115, 29_400])
  }

  @Test func aTripWithoutATimeAtItsEndIsLeftOut() throws {
    let reading = try SmallFeed()
      .replacing("stop_times.txt", "08:10:00,08:10:00", ",").read()
    #expect(reading.places == ["trips.txt:2 no_time"])
    #expect(reading.network.tripIndex(id: "t1") == nil)
  }

  @Test func anotherEncodingLosesLettersAndNotRows() throws {
    var files = SmallFeed().files.map { ($0.key, Array($0.value.utf8)) }
    for index in files.indices where files[index].0 == "stops.txt" {
      // "Bridge" becomes windows-1257 "Br\u{12B}dge": a lone byte EE.
      files[index].1 = SmallFeed.bytes(files[index].1, replacing: "Bridge,", with: [66, 0xEE, 44])
    }
    let reading = try FeedReader.read(zip: ZipArchive.make(files: files))
    #expect(reading.places == ["stops.txt:3 not_utf8"])
    #expect(reading.network.stops[1].name == "B\u{FFFD}")
    #expect(reading.network.trips.count == 6)
  }

  @Test func aRequiredFileInUTF16IsNamed() throws {
    let text = SmallFeed().files["routes.txt", default: ""]
    var bytes: [UInt8] = [0xFF, 0xFE]
    for unit in text.utf16 { bytes += [UInt8(unit & 0xFF), UInt8(unit >> 8)] }
    let feed = SmallFeed().with("routes.txt", nil)
    var files = feed.files.map { ($0.key, Array($0.value.utf8)) }
    files.append(("routes.txt", bytes))
    let fault = #expect(throws: FeedFault.self) {
      try FeedReader.read(zip: ZipArchive.make(files: files))
    }
    #expect(fault?.file == "routes.txt")
    #expect(fault?.message.contains("UTF-8") == true)
  }

  /// No table keeps a zero byte: taps of such a route would never become rides.
  @Test func aZeroByteAnywhereInAFileIsNamed() {
    let feed = SmallFeed().adding("routes.txt", "15\0,city,15,Fifteen,3,")
    let fault = #expect(throws: FeedFault.self) { try feed.read() }
    #expect(fault?.file == "routes.txt")
  }

  @Test(arguments: ["agency.txt", "routes.txt", "stops.txt", "trips.txt", "stop_times.txt"])
  func aMissingFileIsNamed(_ file: String) {
    let fault = #expect(throws: FeedFault.self) { try SmallFeed().with(file, nil).read() }
    #expect(fault?.isFatal == true)
    #expect(fault?.description.contains(file) == true)
  }

  @Test(arguments: ["agency.txt", "routes.txt", "stops.txt", "trips.txt", "stop_times.txt"])
  func aFileWithoutItsColumnsIsNamed(_ file: String) {
    for text in ["", "\n\n", "foo,bar\n1,2\n", "\"never closed\n1,2\n"] {
      let fault = #expect(throws: FeedFault.self) { try SmallFeed().with(file, text).read() }
      #expect(fault?.isFatal == true)
      #expect(fault?.file == file)
    }
  }

  @Test func aFeedWithoutCalendarsIsRefused() {
    let feed = SmallFeed().with("calendar.txt", nil).with("calendar_dates.txt", nil)
    let fault = #expect(throws: FeedFault.self) { try feed.read() }
    #expect(fault?.code == "missing_file")
  }

  @Test func anUnknownTimeZoneIsRefused() {
    let fault = #expect(throws: FeedFault.self) {
      try SmallFeed().replacing("agency.txt", "Europe/Kyiv", "Europe/Atlantis").read()
    }
    #expect(fault?.code == "time_zone")
  }

  @Test func aFeedWithoutOneGoodTripIsRefusedWithItsFirstFault() {
    let fault = #expect(throws: FeedFault.self) {
      try SmallFeed().replacing("stop_times.txt", ",08:", ",x").with(
        "trips.txt", "route_id,service_id,trip_id\nnone,wk,t1"
      ).read()
    }
    #expect(fault?.code == "no_trips")
    #expect(fault?.message.contains("trips.txt:2") == true)
  }

  @Test func aTripOfAThousandStopsIsNone() throws {
    let calls = (0...1000).map { index in
      let clock = clockText(seconds: 30_000 + index * 60)
      return "t9,\(clock),\(clock),\(index % 2 == 0 ? "a" : "b"),\(index),,"
    }
    let feed = SmallFeed().adding("trips.txt", "bus-1,wk,t9,,0,,")
    let long = try feed.adding("stop_times.txt", calls.joined(separator: "\n")).read()
    #expect(long.places == ["trips.txt:8 many_stops"])
    #expect(try long.network.content == SmallFeed().read().network.content)
    let lines = calls.dropLast().joined(separator: "\n")
    #expect(try feed.adding("stop_times.txt", lines).read().network.trips.count == 7)
  }

  @Test func aShapeOfTooManyPointsIsNotFollowed() throws {
    let points = (0...100_000).map { "s2,50.0,30.\(padded($0, 6)),\($0)" }
    let reading = try SmallFeed().adding("shapes.txt", points.joined(separator: "\n")).read()
    #expect(reading.places == ["shapes.txt:- long_shape"])
    #expect(try reading.network.content == SmallFeed().read().network.content)
  }

  @Test func faultsAreBoundedInNumberAndAllCounted() throws {
    let lines = (0..<500).map { "t\($0)x,09:00:00,09:00:00,a,1,," }.joined(separator: "\n")
    let reading = try SmallFeed().adding("stop_times.txt", lines).read()
    #expect(reading.faultCount == 500)
    #expect(reading.faults.count == 20)
    #expect(
      reading.faultCounts.map { "\($0.file) \($0.code) \($0.count)" }
        == ["stop_times.txt unknown_trip 500"])
  }
}

extension SmallFeed {
  /// Bytes with the first place of a text replaced by other bytes.
  static func bytes(_ bytes: [UInt8], replacing text: String, with other: [UInt8]) -> [UInt8] {
    let pattern = Array(text.utf8)
    guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: pattern) }) else {
      return bytes
    }
    return Array(bytes[..<start]) + other + Array(bytes[(start + pattern.count)...])
  }
}
