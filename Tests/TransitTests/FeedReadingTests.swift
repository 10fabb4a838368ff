import Basics
import Testing
import Transit

/// What a feed without a fault becomes.
struct FeedReadingTests {
  @Test func aWholeFeedHasNoFault() throws {
    let reading = try SmallFeed().read()
    #expect(reading.places == [])
    #expect(reading.faultCount == 0)
    #expect(reading.network.timeZoneName == "Europe/Kyiv")
    #expect(reading.network.routes.map(\.id) == ["bus-1", "trol-1", "tram-7"])
    #expect(reading.network.routes.map(\.mode) == [.bus, .trolleybus, .tram])
    #expect(reading.network.stops.map(\.id) == ["a", "b", "c", "d", "e", "st"])
    #expect(reading.network.trips.map(\.id) == ["t3", "t1", "t3b", "t2", "t4", "t5"])
    #expect(reading.rowCounts.map(\.file).contains("stop_times.txt"))
    #expect(reading.rowCounts.first { $0.file == "stop_times.txt" }?.count == 16)
  }

  @Test func routesAreReadWithoutStopsAndTrips() throws {
    let whole = try SmallFeed().read().network
    // What is wrong with the trips does not matter.
    let routes = try FeedReader.readRoutes(zip: SmallFeed().with("stop_times.txt", nil).zip())
    #expect(routes.routes == whole.routes && routes.operators == whole.operators)
    #expect(routes.operatorID(ofRoute: 0) == "city" && routes.stops.isEmpty)
  }

  @Test func timesPassMidnight() throws {
    let network = try SmallFeed().read().network
    let trip = try #require(network.tripIndex(id: "t2"))
    let calls = network.stopTimes(ofTrip: trip)
    #expect(calls.map(\.arrivalSeconds) == [86_100, 86_400, 87_000])
    #expect(calls.map(\.departureSeconds) == [86_100, 86_420, 87_000])
    #expect(calls.map(\.sequence) == [10, 20, 30])
    #expect(calls.map { network.stops[Int($0.stopIndex)].id } == ["c", "b", "a"])
  }

  @Test func boardingAndAlightingAreTold() throws {
    let network = try SmallFeed().read().network
    let calls = network.stopTimes(ofTrip: try #require(network.tripIndex(id: "t1")))
    #expect(calls.map(\.isBoarding) == [true, true, false])
    #expect(calls.map(\.isAlighting) == [false, true, true])
  }

  @Test func stopsHaveZonesAndStations() throws {
    let network = try SmallFeed().read().network
    #expect(network.stops.map(\.zone) == ["z1", "z1", "z2", "z2", nil, nil])
    #expect(network.stops.map(\.kind) == [.stop, .stop, .stop, .stop, .stop, .station])
    #expect(network.stops.map(\.parentIndex) == [nil, 5, nil, nil, nil, nil])
    #expect(network.trips.map(\.block) == ["b2", "b1", "b2", "b1", nil, nil])
    #expect(network.routes.map(\.color) == ["FF8800", nil, nil])
  }

  @Test func calendarsHaveExceptions() throws {
    let network = try SmallFeed().read().network
    let days: [(String, String, Bool)] = [
      ("wk", "2026-11-20", true),  // Friday
      ("wk", "2026-11-21", false),  // Saturday
      ("we", "2026-11-21", true),
      ("wk", "2026-12-25", false),  // a Friday taken out
      ("wk", "2026-12-26", true),  // a Saturday added
      ("wk", "2025-12-31", false),  // the day before it begins
      ("wk", "2026-01-01", true),
      ("wk", "2026-12-31", true),
      ("wk", "2027-01-01", false),
      ("fair", "2026-08-15", true),
      ("fair", "2026-08-16", false),
    ]
    for (id, text, expected) in days {
      let service = try #require(network.services.firstIndex { $0.id == id })
      let day = try #require(Day(text))
      #expect(network.isActive(service: service, on: day) == expected, "\(id) on \(text)")
    }
    let fair = try #require(Day("2026-08-15"))
    #expect(network.trips(on: fair).map { network.trips[$0].id } == ["t4", "t5"])
    #expect(network.validDays?.lowerBound.description == "2026-01-01")
    #expect(network.validDays?.upperBound.description == "2026-12-31")
    let edges = try ["2025-12-31", "2026-01-01", "2026-12-31", "2027-01-01"].map {
      try #require(Day($0))
    }
    #expect(edges.map(network.holds(on:)) == [false, true, true, false])
  }

  @Test func oneOfTheTwoCalendarsIsEnough() throws {
    let dates = SmallFeed().with("calendar.txt", nil).with(
      "calendar_dates.txt",
      "service_id,date,exception_type\nwk,20261120,1\nwe,20261121,1\nfair,20260815,1")
    #expect(try dates.read().network.services.map(\.id) == ["fair", "we", "wk"])
    let rules = SmallFeed().with("calendar_dates.txt", nil).adding(
      "calendar.txt", "fair,1,1,1,1,1,1,1,20260815,20260815")
    #expect(try rules.read().places == [])
  }

  @Test func aTripMayRepeatAtAHeadway() throws {
    let network = try SmallFeed().read().network
    let trip = try #require(network.tripIndex(id: "t5"))
    let frequency = try #require(network.frequencies(ofTrip: trip).first)
    #expect(Array(frequency.departuresSeconds) == [43_200, 44_400, 45_600])
    #expect(frequency.isExact)
    #expect(network.frequencies(ofTrip: 0).isEmpty)
  }

  @Test func optionalFilesAndColumnsMayBeMissing() throws {
    var feed = SmallFeed()
    feed.files["shapes.txt"] = nil
    feed.files["frequencies.txt"] = nil
    feed.files["routes.txt"] = "route_id,route_type\nbus-1,3\ntrol-1,11\ntram-7,0"
    feed.files["stops.txt"] = """
      stop_id,stop_name,stop_lat,stop_lon
      a,A,50.0,30.00
      b,B,50.0,30.01
      c,C,50.0,30.02
      d,D,50.0,30.03
      e,E,50.0,30.04
      """
    feed.files["trips.txt"] = """
      trip_id,route_id,service_id
      t1,bus-1,wk
      t2,bus-1,wk
      t3,bus-1,wk
      t3b,bus-1,wk
      t4,trol-1,we
      t5,tram-7,fair
      """
    let reading = try feed.read()
    #expect(Set(reading.faults.map(\.code)) == ["no_name"])
    let network = reading.network
    #expect(network.routes.allSatisfy { $0.operatorIndex == 0 })
    #expect(network.routes.map(\.name) == ["bus-1", "trol-1", "tram-7"])
    #expect(network.operatorID(ofRoute: 0) == "city")
    // No direction is given: t2 drives c-b-a against the a-b-c that most trips drive.
    let directions = ["t1", "t2", "t3", "t3b"].map { id in
      network.tripIndex(id: id).map { network.trips[$0].direction }
    }
    #expect(directions == [0, 1, 0, 0])
  }

  @Test func signsOfOtherSystemsAreUnderstood() throws {
    var feed = SmallFeed()
    for (name, text) in feed.files {
      feed.files[name] = "\u{FEFF}" + text.replacing("\n", with: "\r\n") + "\r\n\r\n"
    }
    #expect(try feed.read().network.content == SmallFeed().read().network.content)
    for (name, text) in SmallFeed().files { feed.files[name] = text.replacing("\n", with: "\r") }
    #expect(try feed.read().network.content == SmallFeed().read().network.content)
    for (name, text) in SmallFeed().files {
      feed.files[name] = text.replacing(",", with: " , ").replacing("\n", with: "  \n")
    }
    #expect(try feed.read().network.content == SmallFeed().read().network.content)
  }

  @Test func aQuotedNameMayHoldAnything() throws {
    let feed = SmallFeed().replacing(
      "stops.txt", "a,001,Harbour,", "a,001,\"Harbour, \"\"old\"\"\nport\",")
    let reading = try feed.adding("stops.txt", "f,,F,91.0,30.0,,,").read()
    #expect(reading.network.stops[0].name == "Harbour, \"old\"\nport")
    // The line end inside the quotes counts: the bad row stands on line 9.
    #expect(reading.places == ["stops.txt:9 bad_coordinate"])
  }

  @Test func idsMayHoldQuotes() throws {
    let feed = SmallFeed()
      .replacing("trips.txt", "wk,t1,", "wk,\"t\"\"1\",")
      .replacing("stop_times.txt", "t1,", "\"t\"\"1\",")
    let reading = try feed.read()
    #expect(reading.places == [])
    #expect(reading.network.tripIndex(id: "t\"1") != nil)
  }

  @Test func missingTimesLieAlongTheWay() throws {
    let feed = SmallFeed().with(
      "stop_times.txt",
      """
      trip_id,arrival_time,departure_time,stop_id,stop_sequence
      t1,08:00:00,08:00:00,a,1
      t1,,,b,2
      t1,,,d,3
      t1,08:08:00,08:08:00,e,4
      """)
    let network = try feed.replacing("trips.txt", "b1,s1", "b1,").read().network
    let calls = network.stopTimes(ofTrip: try #require(network.tripIndex(id: "t1")))
    // a-b is a quarter of the way, a-d three quarters.
    #expect(calls.map(\.arrivalSeconds) == [28_800, 28_920, 29_160, 29_280])
    #expect(calls.map(\.isTimepoint) == [true, false, false, true])
  }

  @Test func timesThatAreApproximateAreNoTimepoints() throws {
    let feed = SmallFeed().with(
      "stop_times.txt",
      """
      trip_id,arrival_time,departure_time,stop_id,stop_sequence,timepoint
      t1,08:00:00,08:00:00,a,1,1
      t1,08:03:00,08:03:00,b,2,0
      t1,08:06:00,08:06:00,d,3,
      t1,08:08:00,08:08:00,e,4,1
      """)
    let network = try feed.replacing("trips.txt", "b1,s1", "b1,").read().network
    let calls = network.stopTimes(ofTrip: try #require(network.tripIndex(id: "t1")))
    #expect(calls.map(\.arrivalSeconds) == [28_800, 28_980, 29_160, 29_280])
    #expect(calls.map(\.isTimepoint) == [true, false, true, true])
  }

  @Test func feedInfoIsKept() throws {
    let feed = SmallFeed().with(
      "feed_info.txt",
      "feed_publisher_name,feed_publisher_url,feed_lang,feed_start_date,feed_end_date,feed_version\n"
        + "City,https://example.org,uk,20260101,20261231,v7")
    let info = try #require(try feed.read().network.info)
    #expect(info.publisher == "City")
    #expect(info.version == "v7")
    #expect(info.endDay == Day("2026-12-31"))
  }

  @Test func filesThatAreNotReadAreNamed() throws {
    let feed = SmallFeed().with("fare_rules.txt", "fare_id\n").with("readme.md", "hello")
    #expect(try feed.read().unreadFiles == ["fare_rules.txt", "readme.md"])
  }

  @Test(
    arguments: [
      (0, Mode.tram), (1, .metro), (2, .rail), (3, .bus), (4, .ferry), (5, .cableCar),
      (6, .cableCar), (7, .funicular), (11, .trolleybus), (12, .monorail), (106, .rail),
      (109, .rail), (200, .bus), (300, .rail), (401, .metro), (402, .metro), (405, .monorail),
      (500, .metro), (600, .metro), (700, .bus), (704, .bus), (800, .trolleybus), (900, .tram),
      (906, .tram), (1000, .ferry), (1200, .ferry), (1300, .cableCar), (1400, .funicular),
      (1501, .bus),
    ] as [(Int, Mode)])
  func basicAndExtendedRouteTypesHaveModes(_ type: Int, _ mode: Mode) {
    #expect(Mode(gtfsRouteType: type) == mode)
  }

  @Test(arguments: [-1, 8, 10, 13, 99, 799, 1100, 1500, 1700])
  func whatNoTariffKnowsHasNoMode(_ type: Int) {
    #expect(Mode(gtfsRouteType: type) == nil)
  }
}
