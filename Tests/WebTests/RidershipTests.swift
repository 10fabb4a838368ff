import DatabaseSupport
import HTTPTypes
import Postgres
import Store
import Testing
import Web

/// Rides by pair of stops, and boardings and alightings by stop, over HTTP.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct RidershipTests {
  /// A service on which seven people rode the day line from one end to the other, six got off nobody knows
  /// where, and three rode the night line.
  private static func withRides(_ body: @Sendable (TestService, String) async throws -> Void)
    async throws
  {
    try await TestService.with { service in
      let imported = await service.send(
        .post, "/v1/network", token: try await service.token(.admin),
        headers: [.contentType: "application/zip"], body: LoadTests.feed())
      try #require(imported.status.code < 300, "\(imported.text)")
      _ = try await service.pool.session { db in
        try await db.script(
          """
          insert into boarding (fare_day, lane, rider_id, tapped_at, device_id, epoch, seq, riders,
            route, direction, stop, stop_order, source, confidence, off_stop, off_stop_order,
            off_source, off_confidence)
          select '2026-11-21', 0, gen_random_uuid(), '2026-11-21T08:00Z', 'V-1', s, n, 1, route,
            0, 'a', 0, 'device', 1, off_stop, case when off_stop = 'b' then 1 end, 'tap_off', 1
          from (values (1, 'r1', 7, 'b'), (2, 'r1', 6, null), (3, 'r2', 3, 'b'))
            as b (n, route, riders, off_stop), generate_series(1, riders) s;
          """)
      }
      try await body(service, try await service.token(.planner))
    }
  }

  /// What every CSV of the rides ends with, without a start and an end.
  private static let about = [
    ("boardings", "15"), ("boardings_without_alighting", "5"), ("boardings_without_stop", "0"),
    ("boardings_off_line", "0"), ("boardings_without_direction", "0"),
    ("boardings_without_route", "0"), ("feeds", "1"), ("days_by_other_feeds", "0"),
    ("days_still_worked_out", "0"), ("complete", "true"),
    ("taps_unsorted", "0"), ("taps_set_aside", "0"), ("taps_quarantined", "0"),
    ("tap_numbers_missing", "0"),
  ]

  @Test func pairsAsCSVSayWhatTheyLeaveOut() async throws {
    try await Self.withRides { service, token in
      let answer = await service.send(
        .get, "/v1/ridership/od?route=r1&date=2026-11-21&format=csv", token: token)
      let about = [("riders", "5"), ("riders_in_small_pairs", "0")] + Self.about
      var lines = [
        "stop,name,to_stop,to_name,riders",
        "a,\"'=HYPERLINK(\"\"http://x.example\"\")\",b,Vokzal,5",
      ]
      for (name, value) in about { lines.append("about,\(name),,,\(value)") }
      #expect(answer.text.split(separator: "\n").map(String.init) == lines, "\(answer.text)")
    }
  }

  @Test func stopsAsCSVHaveTheirSumsAndHours() async throws {
    try await Self.withRides { service, token in
      let answer = await service.send(
        .get, "/v1/ridership/stops?route=r1&date=2026-11-21&format=csv", token: token)
      let named = "a,\"'=HYPERLINK(\"\"http://x.example\"\")\""
      var lines = [
        "stop,name,hour,boardings,alightings,boardings_without_alighting",
        "\(named),all,15,0,5", "\(named),10,15,0,", "b,Vokzal,all,0,5,0", "b,Vokzal,10,0,5,",
      ]
      for (name, value) in Self.about { lines.append("about,\(name),,\(value),,") }
      #expect(answer.text.split(separator: "\n").map(String.init) == lines, "\(answer.text)")
    }
  }

  @Test func theLoadPageLeadsToBoth() async throws {
    try await Self.withRides { service, token in
      let page = await service.send(
        .get, "/routes?route=r1&direction=0&date=2026-11-21&from=10&to=11&lang=en", token: token)
      let query = "?route=r1&amp;date=2026-11-21&amp;direction=0&amp;hours=10-11&amp;format=csv"
      for path in ["od", "stops"] {
        #expect(page.text.contains("\"/v1/ridership/\(path)\(query)\""), "\(page.text)")
        let link = "/v1/ridership/\(path)" + query.replacing("&amp;", with: "&")
        #expect(await service.send(.get, link, token: token).status == .ok)
      }
    }
  }

  @Test func aPairOfAFewRidersIsNotListed() async throws {
    try await Self.withRides { service, token in
      let night = await service.send(
        .get, "/v1/ridership/od?route=r2&date=2026-11-21", token: token)
      #expect(night.status == .ok && night.text.contains(#""pairs":[]"#), "\(night.text)")
      #expect(night.text.contains(#""riders_in_small_pairs":5"#), "\(night.text)")
      let all = await service.send(
        .get, "/v1/ridership/od?date=2026-11-20&to=2026-11-22&hours=10-11", token: token)
      #expect(
        all.text.contains(#""to_stop":"b","to_name":"Vokzal","riders":10"#), "\(all.text)")
      let stops = await service.send(
        .get, "/v1/ridership/stops?route=r2&date=2026-11-21", token: token)
      #expect(stops.text.contains(#""boardings":null"#), "\(stops.text)")
    }
  }

  @Test func aDayBeforeAnythingHasNothing() async throws {
    try await Self.withRides { service, token in
      for path in ["od", "stops"] {
        let answer = await service.send(
          .get, "/v1/ridership/\(path)?date=1900-01-01", token: token)
        #expect(answer.status == .ok, "\(answer.text)")
        #expect(answer.text.contains(#""boardings":0"#), "\(answer.text)")
      }
    }
  }

  @Test func whatCannotBeMeantIsRefused() async throws {
    let bad: [(String, HTTPResponse.Status, String)] = [
      ("", .badRequest, "bad_parameter"), ("?date=21.11.2026", .badRequest, "bad_parameter"),
      ("?date=2026-11-21&to=2026-11-20", .badRequest, "bad_parameter"),
      ("?date=2026-11-01&to=2026-12-02", .badRequest, "bad_parameter"),
      ("?date=2026-11-21&hours=9-7", .badRequest, "bad_parameter"),
      ("?date=2026-11-21&hours=7-25", .badRequest, "bad_parameter"),
      ("?date=2026-11-21&direction=2", .badRequest, "bad_parameter"),
      ("?date=2026-11-21&format=xlsx", .badRequest, "bad_parameter"),
      ("?date=2026-11-21&route=r9", .notFound, "route_unknown"),
      ("?date=2026-11-21&route=r1&direction=1", .notFound, "direction_unknown"),
    ]
    try await Self.withRides { service, token in
      for path in ["od", "stops"] {
        for (query, status, code) in bad {
          let answer = await service.send(.get, "/v1/ridership/\(path)\(query)", token: token)
          #expect(answer.status == status, "\(query): \(answer.text)")
          #expect(answer.problemCode == code, "\(query): \(answer.text)")
        }
        let longest = await service.send(
          .get, "/v1/ridership/\(path)?date=2026-11-01&to=2026-12-01", token: token)
        #expect(longest.status == .ok, "\(longest.text)")
      }
    }
  }
}
