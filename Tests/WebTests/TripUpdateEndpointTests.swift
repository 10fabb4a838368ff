import Basics
import DatabaseSupport
import HTTPTypes
import Postgres
import Store
import Testing
import Tracking
import Transit
import Web

/// What the public is told about runs.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct TripUpdateEndpointTests {
  /// A line of three stops to the north, driven from 09:55 in Kyiv.
  private static func feed() -> [UInt8] {
    let files = [
      "agency.txt":
        "agency_id,agency_name,agency_url,agency_timezone\nt,Tram,https://t.example,Europe/Kyiv\n",
      "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\n"
        + "a,Port,49.23,28.46\nb,Vokzal,49.24,28.46\nc,Rynok,49.25,28.46\n",
      "routes.txt": "route_id,agency_id,route_short_name,route_long_name,route_type\nr1,t,1,,0\n",
      "trips.txt": "route_id,service_id,trip_id,direction_id\nr1,all,t1,0\n",
      "calendar.txt":
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        + "all,1,1,1,1,1,1,1,20260101,20261231\n",
      "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        + "t1,09:55:00,09:55:00,a,1\nt1,10:00:00,10:00:30,b,2\nt1,10:05:00,10:05:00,c,3\n",
    ]
    return ZipArchive.make(
      files: files.sorted { $0.key < $1.key }.map { ($0.key, Array($0.value.utf8)) })
  }

  /// One vehicle half way to the second stop, one not heard of for two minutes, one that names no trip.
  private static let script = """
    insert into vehicle_now (vehicle, at, latitude, longitude, trip, route, received_at) values
      ('1603', '2026-11-22T07:59:50Z', 49.235, 28.46, 't1', null, '2026-11-22T07:59:51Z'),
      ('1604', '2026-11-22T07:58:00Z', 49.235, 28.46, 't1', null, '2026-11-22T07:58:01Z'),
      ('1605', '2026-11-22T07:59:50Z', 49.235, 28.46, null, '1', '2026-11-22T07:59:51Z');
    insert into stop_visit (service_day, vehicle, arrived_at, departed_at, route, direction, stop,
      stop_order, distance_m, doors_opened)
    select date '2026-11-22', vehicle, timestamptz '2026-11-22T07:54:00Z',
      timestamptz '2026-11-22T07:56:30Z', 'r1', 0, 'a', 0, 5, true from vehicle_now;
    """

  private static func withVehicles(
    _ body: @Sendable (TestService) async throws -> Void
  ) async throws {
    try await TestService.with { service in
      let imported = await service.send(
        .post, "/v1/network", token: try await service.token(.admin),
        headers: [.contentType: "application/zip"], body: feed())
      try #require(imported.status.code < 300, "\(imported.text)")
      _ = try await service.pool.session { db in try await db.script(script) }
      try await body(service)
    }
  }

  @Test func anybodyReadsWhenAVehicleComes() async throws {
    try await Self.withVehicles { service in
      let answer = await service.send(.get, "/gtfs-realtime/trip-updates.pb")
      #expect(answer.status == .ok && answer.contentType == "application/x-protobuf")
      let message = try TripUpdatesFeed.decode(answer.body)
      #expect(message.version == "2.0" && message.at == TestService.now)
      let update = try #require(message.updates.first, "\(answer.body)")
      #expect(message.updates.count == 1)
      #expect(update.vehicle == "1603" && update.label == "1603")
      #expect(update.trip == "t1" && update.route == "r1" && update.direction == 0)
      #expect(update.startDay == Day("2026-11-22") && update.startSeconds == 35_700)
      #expect(update.at == TestService.now.adding(seconds: -10))
      // Half of the way is to be driven at 09:57:30.
      #expect(update.delaySeconds == 140)
      #expect(update.calls.map(\.sequence) == [1, 2, 3])
      #expect(update.calls.map(\.stop) == ["a", "b", "c"])
      let arrivals = update.calls.map { $0.arrival.map(\.at.description) }
      #expect(arrivals == [nil, "2026-11-22T08:02:20Z", "2026-11-22T08:07:20Z"])
      let departures = update.calls.map { $0.departure.map(\.at.description) }
      #expect(departures == ["2026-11-22T07:56:30Z", "2026-11-22T08:02:50Z", nil])
      #expect(update.calls[0].departure?.isObserved == true)
      #expect(update.calls[1].departure?.isObserved == false)
    }
  }

  @Test func theJSONIsTheSameMessage() async throws {
    try await Self.withVehicles { service in
      let told = await service.send(.get, "/gtfs-realtime/trip-updates.json")
      #expect(told.status == .ok && told.contentType == "application/json")
      let bytes = await service.send(.get, "/gtfs-realtime/trip-updates.pb").body
      let again = TripUpdatesFeed.encodeJSON(try TripUpdatesFeed.decode(bytes))
      #expect(told.text == String(decoding: again, as: UTF8.self))
      #expect(told.member("trip_id") == "t1" && told.member("start_time") == "09:55:00")
    }
  }

  @Test func aVehicleOfWhichNothingIsHeardAnyMoreIsForetoldNothing() async throws {
    try await Self.withVehicles { service in
      service.clock.set(TestService.now.adding(seconds: 81))
      for kind in ["trip-updates", "vehicle-positions"] {
        let answer = await service.send(.get, "/gtfs-realtime/\(kind).json")
        #expect(answer.status == .ok && answer.member("trip_id") == nil, "\(answer.text)")
      }
    }
  }

  @Test func withoutANetworkTheMessageIsEmpty() async throws {
    try await TestService.with { service in
      let answer = await service.send(.get, "/gtfs-realtime/trip-updates.pb")
      let message = try TripUpdatesFeed.decode(answer.body)
      #expect(answer.status == .ok && message.updates == [])
    }
  }
}
