import Basics
import DatabaseSupport
import HTTPTypes
import Postgres
import Store
import Testing
import Transit
import Web

/// What planners are shown of a route.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct LoadTests {
  /// A line of two stops, the first of which has a name that a spreadsheet would work out.
  static func feed() -> [UInt8] {
    let files = [
      "agency.txt":
        "agency_id,agency_name,agency_url,agency_timezone\nt,Tram,https://t.example,Europe/Kyiv\n",
      "stops.txt":
        "stop_id,stop_name,stop_lat,stop_lon\na,\"=HYPERLINK(\"\"http://x.example\"\")\",49.23,28.46\n"
        + "b,Vokzal,49.24,28.47\n",
      "routes.txt": "route_id,agency_id,route_short_name,route_long_name,route_type\n"
        + "r1,t,1,Day line,3\nr2,t,2,Night line,3\n",
      "trips.txt": "route_id,service_id,trip_id\nr1,all,t1\nr2,all,t2\n",
      "calendar.txt":
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        + "all,1,1,1,1,1,1,1,20260101,20261231\n",
      "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        + "t1,08:00:00,08:00:00,a,1\nt1,08:05:00,08:05:00,b,2\n"
        + "t2,08:00:00,08:00:00,a,1\nt2,08:05:00,08:05:00,b,2\n",
    ]
    return ZipArchive.make(
      files: files.sorted { $0.key < $1.key }.map { ($0.key, Array($0.value.utf8)) })
  }

  /// A service on which seven people rode the day line, and one the night line.
  private static func withRides(_ body: @Sendable (TestService, String) async throws -> Void)
    async throws
  {
    try await TestService.with { service in
      let imported = await service.send(
        .post, "/v1/network", token: try await service.token(.admin),
        headers: [.contentType: "application/zip"], body: feed())
      try #require(imported.status.code < 300, "\(imported.text)")
      _ = try await service.pool.session { db in
        try await db.script(
          """
          insert into boarding (fare_day, lane, rider_id, tapped_at, device_id, epoch, seq, riders,
            route, direction, stop, stop_order, source, confidence)
          select '2026-11-21', 0, gen_random_uuid(), '2026-11-21T08:00Z', 'V-1', s, n, 1, route,
            0, 'a', 0, 'device', 1
          from (values (1, 'r1', 7), (2, 'r2', 1)) as b (n, route, riders),
            generate_series(1, riders) s;
          """)
      }
      try await body(service, try await service.token(.planner))
    }
  }

  @Test func aReportOfAnOperatorThatNobodyKnowsIsRefused() async throws {
    try await Self.withRides { service, _ in
      let token = try await service.token(.accountant)
      let refused = await service.send(
        .get, "/v1/reports/daily?date=2026-11-21&operator=NOPE", token: token)
      #expect(refused.status == .badRequest && refused.problemCode == "bad_parameter")
      #expect(refused.text.contains("there is no operator NOPE"), "\(refused.text)")
      let page = await service.send(
        .get, "/report?date=2026-11-21&operator=NOPE", token: token)
      #expect(page.status == .badRequest)
      // One that left the network has its figures of before.
      _ = try await service.pool.session { db in
        try await db.script(
          """
          insert into ride_sum
          values ('2026-11-21', '2026-11-21', 0, 'left', '', 'bus', 'adult', '', 'card', 'UAH', 'test-1',
            2, 2, 0, 0, 0, 0, 1600, 1600);
          """)
      }
      let left = await service.send(
        .get, "/v1/reports/daily?date=2026-11-21&operator=left", token: token)
      #expect(left.status == .ok, "\(left.text)")
    }
  }

  @Test func aDirectionIsNamedByItsLastStop() async throws {
    try await Self.withRides { service, token in
      let page = await service.send(
        .get, "/routes?route=r1&direction=0&date=2026-11-21&lang=uk", token: token)
      #expect(page.status == .ok, "\(page.text)")
      #expect(
        page.text.contains(#"<option value="0" selected>0: Vokzal</option>"#), "\(page.text)")
      // No trip goes the other way, so nothing is known of it.
      #expect(page.text.contains(#"<option value="1">1</option>"#))
      #expect(page.text.contains("<h2>1 (0: Vokzal): "))
      // A table that is wider than a telephone scrolls by itself.
      #expect(page.text.contains(#"<div class="wide"><table id="load">"#))
    }
  }

  @Test func theListOfRoutesShowsNoGroupThatIsTooSmall() async throws {
    try await Self.withRides { service, token in
      let page = await service.send(.get, "/routes?date=2026-11-21", token: token)
      #expect(page.status == .ok)
      #expect(page.text.contains("Night line (&lt;5)"), "\(page.text)")
      // Seven to the nearest five: what the list says more of later is no single rider.
      #expect(page.text.contains("Day line (5)"))
      #expect(!page.text.contains("Of no known route"))
      _ = try await service.pool.session { db in
        try await db.script(
          """
          update boarding set route = 'gone' where route = 'r2';
          insert into boarding (fare_day, lane, rider_id, tapped_at, device_id, epoch, seq, riders,
            route, direction, stop, stop_order, source, confidence)
          select fare_day, lane, gen_random_uuid(), tapped_at, device_id, s, seq, riders, route,
            direction, stop, stop_order, source, confidence
          from boarding, generate_series(2, 6) s where route = 'gone';
          """)
      }
      let later = await service.send(.get, "/routes?date=2026-11-21&lang=en", token: token)
      #expect(
        later.text.contains("<dt>Of no known route (all routes)</dt><dd><strong>5</strong>"),
        "\(later.text)")
    }
  }

  @Test func theListOfRoutesTellsNoNumberOfTheRouteWhoseLoadIsShown() async throws {
    try await Self.withRides { service, token in
      for route in ["r1", "1"] {
        let page = await service.send(
          .get, "/routes?route=\(route)&direction=0&date=2026-11-21", token: token)
        #expect(page.status == .ok)
        #expect(page.text.contains("Day line</option>"), "\(page.text)")
        #expect(page.text.contains("Night line (&lt;5)</option>"), "\(page.text)")
      }
    }
  }

  @Test func routesAsJSONTellWhatIsInNone() async throws {
    try await Self.withRides { service, token in
      let path = "/v1/ridership/routes"
      let answer = await service.send(.get, "\(path)?date=2026-11-21", token: token)
      #expect(
        answer.text.hasPrefix(
          #"{"boardings_without_route":0,"all_have_routes":true,"smallest_group_shown":5,"#
            + #""feed":1,"days_by_other_feeds":0,"routes":["#),
        "\(answer.text)")
      #expect(
        answer.text.contains(
          #""route":"r1","route_name":"1","mode":"bus","operator":"t","boardings":5"#))
      #expect(
        answer.text.contains(
          #""route":"r2","route_name":"2","mode":"bus","operator":"t","boardings":null"#))
      let missing = await service.send(.get, path, token: token)
      #expect(missing.status == .badRequest && missing.problemCode == "bad_parameter")
    }
  }

  @Test func aLoadAsCSVHoldsNoFormulaAndSaysWhatIsMissing() async throws {
    try await Self.withRides { service, token in
      let answer = await service.send(
        .get, "/v1/ridership/route-load?route=r1&date=2026-11-21&direction=0&format=csv",
        token: token)
      let lines = answer.text.split(separator: "\n").map(String.init)
      #expect(
        lines == [
          "order,stop,name,boardings,alightings,load",
          "0,a,\"'=HYPERLINK(\"\"http://x.example\"\")\",5,0,0", "1,b,Vokzal,0,0,0",
          "about,boardings,5,,,", "about,boardings_without_alighting,5,,,",
          "about,boardings_without_stop,0,,,", "about,boardings_off_line,0,,,",
          "about,boardings_without_direction,0,,,",
          "about,boardings_without_route,0,,,",
          "about,rounded,true,,,",
          "about,feed,1,,,", "about,days_by_other_feeds,0,,,",
          "about,days_still_worked_out,0,,,",
          "about,complete,true,,,", "about,taps_unsorted,0,,,", "about,taps_set_aside,0,,,",
          "about,taps_quarantined,0,,,",
          "about,tap_numbers_missing,0,,,",
        ], "\(answer.text)")
    }
  }
}
